/*
 * Checks which numeric addresses are parsed and which are refused, and that
 * those parsed are formatted as the same text.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <net/if.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

static void
parsed(void)
{
	static const char *const texts[] = {
		"127.0.0.1:13265", "0.0.0.0:0", "255.255.255.255:65535",
		"[::1]:80", "[::]:0", "[fe80::1%7]:80",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
		"[::ffff:1.2.3.4]:9"
	};
	struct sockaddr_storage addr;
	mio_socklen len;
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		len = sizeof(addr);
		is(mio_addr_parse(texts[i], (struct sockaddr *)&addr, &len), 0,
		    "parses %s", texts[i]);
		is(mio_addr_format((struct sockaddr *)&addr, len, text,
		    sizeof(text)), (int)strlen(texts[i]), "its length");
		is_str(text, texts[i], "is formatted as the same text");
	}
	len = sizeof(addr);
	is(mio_addr_parse("1.2.3.4:00080", (struct sockaddr *)&addr, &len), 0,
	    "a port of five digits");
	is(ntohs(((struct sockaddr_in *)&addr)->sin_port), 80, "is decimal");
}

static void
refused(void)
{
	static const char *const texts[] = {
		"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:99999999999", "127.0.0.1:000080", "127.0.0.1:+80",
		"127.0.0.1:-1", "127.0.0.1: 80", "127.0.0.1 :80",
		" 127.0.0.1:80", "127.0.0.1:80 ", "127.0.0.1:80x",
		"127.0.0.1:0x50", "127.1:80", "1.2.3:80", "1.2.3.4.5:80",
		"0x7f.0.0.1:80", "256.0.0.1:80", "1.2.3.4:80:80", ":80",
		"localhost:80", "::1:80", "[::1]", "[::1]:", "[::1]80",
		"[::1:80", "::1]:80", "[]:80", "[::1]:80]", "[::1%]:80",
		"[fe80::1%4294967296]:80", "[fe80::1%12345678901]:80",
		"[fe80::1%no such if]:80",
		"[127.0.0.1]:80", "[::1]:65536", "[ ::1]:80", "[::g]:80",
		"[1:2:3:4:5:6:7:8:9]:80"
	};
	struct sockaddr_storage addr, before;
	char text[4096];
	mio_socklen len;
	size_t i;

	memset(&before, 0x5a, sizeof(before));
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		addr = before;
		len = sizeof(addr);
		fails(mio_addr_parse(texts[i], (struct sockaddr *)&addr, &len),
		    EINVAL, "refuses \"%s\"", texts[i]);
		ok(len == sizeof(addr) && memcmp(&addr, &before,
		    sizeof(addr)) == 0, "and leaves address and length alone");
	}
	memset(text, '1', sizeof(text));
	memcpy(text + sizeof(text) - 4, ":80", 4);
	len = sizeof(addr);
	fails(mio_addr_parse(text, (struct sockaddr *)&addr, &len), EINVAL,
	    "refuses over-long input");
	text[0] = '[';
	memcpy(text + sizeof(text) - 5, "]:80", 5);
	fails(mio_addr_parse(text, (struct sockaddr *)&addr, &len), EINVAL,
	    "refuses over-long input in brackets");
}

static void
room(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(struct sockaddr_in) - 1;
	char text[8];

	fails(mio_addr_parse("1.2.3.4:5", sa, &len), ENOSPC,
	    "no room for IPv4");
	is(len, sizeof(struct sockaddr_in) - 1, "the length is left alone");
	len = sizeof(struct sockaddr_in6) - 1;
	fails(mio_addr_parse("[::1]:5", sa, &len), ENOSPC, "nor for IPv6");
	len = sizeof(addr);
	need(mio_addr_parse("1.2.3.4:5", sa, &len) == 0);
	is(mio_addr_format(sa, len, text, sizeof(text)), 9,
	    "a truncated text: returns the full length");
	is_str(text, "1.2.3.4", "and ends with a NUL");
	is(mio_addr_format(sa, len, NULL, 0), 9,
	    "without a buffer: returns the length");
	fails(mio_addr_format(sa, len, NULL, 1), EINVAL, "a null buffer");
	fails(mio_addr_format(sa, sizeof(struct sockaddr_in) - 1, text,
	    sizeof(text)), EINVAL, "an address that is too short");
	fails(mio_addr_format(sa, 0, text, sizeof(text)), EINVAL,
	    "an address of no length");
	sa->sa_family = AF_INET6;
	fails(mio_addr_format(sa, sizeof(struct sockaddr_in6) - 1, text,
	    sizeof(text)), EINVAL, "an IPv6 address that is too short");
	sa->sa_family = AF_UNSPEC;
	fails(mio_addr_format(sa, len, text, sizeof(text)), EAFNOSUPPORT,
	    "a family without numeric addresses");
	fails(mio_addr_parse(NULL, sa, &len), EINVAL, "null text");
	fails(mio_addr_parse("1.2.3.4:5", NULL, &len), EINVAL, "null address");
	fails(mio_addr_parse("1.2.3.4:5", sa, NULL), EINVAL, "null length");
	fails(mio_addr_format(NULL, len, text, sizeof(text)), EINVAL,
	    "format: null address");
}

/* SOCK-6: the scope survives, by number and by name. */
static void
scopes(void)
{
	struct sockaddr_storage addr;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&addr;
	mio_socklen len = sizeof(addr);
	char name[IF_NAMESIZE], text[128];

	need(mio_addr_parse("[fe80::1%5]:80", (struct sockaddr *)&addr, &len)
	    == 0);
	is(sin6->sin6_scope_id, 5, "a scope by number");
	if (if_indextoname(1, name) == NULL) {
		tap_skip(2, "no interface has the number 1");
		return;
	}
	(void)snprintf(text, sizeof(text), "[fe80::1%%%s]:80", name);
	len = sizeof(addr);
	is(mio_addr_parse(text, (struct sockaddr *)&addr, &len), 0,
	    "a scope by name: %s", text);
	is(sin6->sin6_scope_id, 1, "is the interface's number");
}

int
main(void)
{
	tap_start();
	parsed();
	refused();
	room();
	scopes();
	return tap_done();
}
