/*
 * Checks which numeric addresses are parsed and which are refused, and that
 * those parsed are formatted as the same text.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <net/if.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

#ifndef _WIN32
/*
 * The C library's parsers differ: inet_pton() of NetBSD accepts a blank after
 * the address, some if_nametoindex() cut a long name, and on Linux a name ends
 * before a colon.  These accept more than any of them, in place of the system's.
 */
int
inet_pton(int family, const char *text, void *addr)
{
	(void)text;
	memset(addr, 0, family == AF_INET ? 4 : 16);
	return 1;
}

unsigned int
if_nametoindex(const char *name)
{
	struct if_nameindex *list = if_nameindex(), *entry;
	unsigned int index = 0;

	need(list != NULL);
	for (entry = list; index == 0 && entry->if_index != 0; entry++) {
		if (strncmp(name, entry->if_name, strlen(entry->if_name)) == 0)
			index = entry->if_index;
	}
	if_freenameindex(list);
	return index;
}
#endif

static void
parsed(void)
{
	static const char *const texts[] = {
		"127.0.0.1:13265", "0.0.0.0:0", "255.255.255.255:65535",
		"[::1]:80", "[::]:0", "[fe80::1%7]:80",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
		"[::ffff:1.2.3.4]:9", "1.2.3.0:80", "10.20.30.40:80",
		"[1:2:3:4:5:6:7:8]:80", "[1::8]:80", "[2001:db8::]:80",
		"[abcd:ef01:2345:6789::1]:80", "[1:0:3::6:7:8]:80"
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

/* Other ways to write an address, and the bytes in hexadecimal. */
static void
written(void)
{
	static const struct {
		const char	*text;
		const char	*bytes;
	} table[] = {
		{ "[ABCD:ef::]:1",	"abcd00ef000000000000000000000000" },
		{ "[0001:02::]:1",	"00010002000000000000000000000000" },
		{ "[1:2:3:4:5:6:7::]:1", "00010002000300040005000600070000" },
		{ "[::2:3:4:5:6:7:8]:1", "00000002000300040005000600070008" },
		{ "[1::3:4:5:6:7:8]:1",	"00010000000300040005000600070008" },
		{ "[0:0:0:0:0:0:0:1]:1", "00000000000000000000000000000001" },
		{ "[1:2:3:4:5:6:1.2.3.4]:1",
		    "00010002000300040005000601020304" },
		{ "[64:ff9b::255.0.10.99]:1",
		    "0064ff9b0000000000000000ff000a63" },
		{ "[::1.2.3.4%7]:1",	"00000000000000000000000001020304" }
	};
	struct sockaddr_in6 sin6;
	mio_socklen len;
	char text[33];
	size_t i;
	int b;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		len = sizeof(sin6);
		need(mio_addr_parse(table[i].text, (struct sockaddr *)&sin6,
		    &len) == 0);
		for (b = 0; b < 16; b++)
			(void)snprintf(text + 2 * b, 3, "%02x",
			    (unsigned int)sin6.sin6_addr.s6_addr[b]);
		is_str(text, table[i].bytes, "%s", table[i].text);
	}
}

/* The text without control characters, in a static buffer. */
static const char *
printable(const char *text)
{
	static char buf[128];
	size_t i;

	for (i = 0; text[i] != '\0' && i < sizeof(buf) - 1; i++)
		buf[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
	buf[i] = '\0';
	return buf;
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
		"[1:2:3:4:5:6:7:8:9]:80", "[1:2:3:4:5:6:7:8:9:a]:80",
		"127.0.0.1\t:80", "127.0.0.1\n:80", "127.0.0.1x:80",
		"01.2.3.4:80", "1.2.3.04:80", "1.2.3.00:80", "1..3.4:80",
		"1.2.3.:80", ".2.3.4:80", "+1.2.3.4:80", "1.2.3.1000:80",
		"1.2.-3.4:80", "1. 2.3.4:80", "1,2.3.4:80",
		"[::1 ]:80", "[::1\t]:80", "[::1x]:80", "[:::]:80",
		"[:1]:80", "[1:]:80", "[:]:80", "[1::2::3]:80", "[::2:]:80",
		"[:1::]:80", "[1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:]:80",
		"[1:2:3:4:5:6:7:8::]:80", "[1:2:3:4:5:6:7::8]:80",
		"[::12345]:80", "[::00001]:80", "[::0x1]:80", "[::+1]:80",
		"[::1.2.3]:80", "[::1.2.3.4.5]:80", "[1.2.3.4::]:80",
		"[::01.2.3.4]:80", "[::1.2.3.4 ]:80", "[::1.2.3.4:5]:80",
		"[1:2:3:4:5:6:7:1.2.3.4]:80", "[1:2:3:4:5:1.2.3.4]:80",
		"[1:2:3:4:5:6::1.2.3.4]:80", "[::G]:80", "[::@]:80",
		"[::1\200]:80", "[fe80::1%lo:]:80", "[fe80::1%lo0:x]:80",
		"[fe80::1%lo ]:80", "[fe80::1% lo]:80", "[fe80::1%lo/x]:80",
		"[fe80::1%lo\177]:80", "[fe80::1%lo0\n]:80",
		"[fe80::1%-1]:80", "[fe80::1%0x1]:80", "[%lo]:80"
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
		    EINVAL, "refuses \"%s\"", printable(texts[i]));
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
		tap_skip(3, "no interface has the number 1");
		return;
	}
	(void)snprintf(text, sizeof(text), "[fe80::1%%%s]:80", name);
	len = sizeof(addr);
	is(mio_addr_parse(text, (struct sockaddr *)&addr, &len), 0,
	    "a scope by name: %s", text);
	is(sin6->sin6_scope_id, 1, "is the interface's number");
	memset(name + strlen(name), 'x', sizeof(name) - strlen(name));
	(void)snprintf(text, sizeof(text), "[fe80::1%%%.*s]:80",
	    (int)sizeof(name), name);
	fails(mio_addr_parse(text, (struct sockaddr *)&addr, &len), EINVAL,
	    "a name that is too long: %s", text);
}

int
main(void)
{
	tap_start();
	parsed();
	written();
	refused();
	room();
	scopes();
	return tap_done();
}
