/*
 * SOCK-7: checks that Unix addresses are passed to the kernel and returned
 * unchanged (paths and abstract names of each length, one byte too long,
 * unnamed ones), and that they are formatted as text.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#define OFFSET	offsetof(struct sockaddr_un, sun_path)
#define ROOM	(sizeof(struct sockaddr_un) - OFFSET)

union unix_addr {
	struct sockaddr sa;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

/* Makes a name of this length that no other one begins with. */
static void
make_name(char *name, size_t len)
{
	memset(name, 'a', len);
	name[0] = 'n';
	name[len - 1] = 'z';
	name[len] = '\0';
}

/*
 * Listens at a path; do the listener's and the peer's address have that path?
 */
static bool
path_returns(const char *path)
{
	struct mio_source listener, client;
	union unix_addr addr;
	mio_socklen len = sizeof(addr);
	bool same;

	need(mio_unix_listen(&listener, path, 4, 0) == 0);
	need(mio_unix_connect(&client, path, 0) == 0);
	(void)local_addr(&listener, &addr.storage, &len);
	same = strcmp(text_of(&addr.storage, len), path) == 0 &&
	    strlen(addr.un.sun_path) == strlen(path);
	len = sizeof(addr);
	need(mio_source_peer_addr(&client, &addr.sa, &len) == 0);
	same = same && strcmp(text_of(&addr.storage, len), path) == 0;
	close_source(&client);
	close_source(&listener);
	need(unlink(path) == 0);
	return same;
}

static void
paths(void)
{
	char path[ROOM + 2];
	struct mio_source source;
	size_t len;
	int wrong = 0;

	for (len = 1; len < ROOM && has_unix(SOCK_STREAM); len++) {
		make_name(path, len);
		if (!path_returns(path)) {
			tap_diag("length %zu", len);
			wrong++;
		}
	}
	if (len < ROOM)
		tap_skip(1, "this system has no Unix sockets");
	else
		is(wrong, 0,
		    "paths of 1 to %zu bytes are returned unchanged", ROOM - 1);
	make_name(path, ROOM);
	fails(mio_unix_listen(&source, path, 4, 0), ENAMETOOLONG,
	    "listen: one byte too long");
	fails(mio_unix_connect(&source, path, 0), ENAMETOOLONG,
	    "connect: one byte too long");
	fails(mio_unix_dgram_bind(&source, path, 0), ENAMETOOLONG,
	    "bind: one byte too long");
	make_name(path, ROOM + 1);
	fails(mio_unix_listen(&source, path, 4, 0), ENAMETOOLONG,
	    "two bytes too long");
}

static void
path_addr(void)
{
	union unix_addr addr;
	mio_socklen len = sizeof(addr);
	struct mio_source source;
	char path[ROOM + 1];

	is(mio_unix_addr("p", &addr.sa, &len), 0, "an address of a path");
	is(len, OFFSET + 2, "its length counts the NUL");
	is(addr.un.sun_family, AF_UNIX, "its family");
	is_str(addr.un.sun_path, "p", "its path");
	if (has_unix(SOCK_STREAM)) {
		is(mio_unix_listen_addr(&source, &addr.sa, len, 4, 0), 0,
		    "listen there");
		close_source(&source);
		need(unlink("p") == 0);
	} else
		fails(mio_unix_listen_addr(&source, &addr.sa, len, 4, 0),
		    EAFNOSUPPORT, "listen there");
	len = OFFSET + 1;
	fails(mio_unix_addr("p", &addr.sa, &len), ENOSPC,
	    "no room for an address");
	is(len, OFFSET + 1, "the length is left alone");
	len = sizeof(addr);
	fails(mio_unix_addr("", &addr.sa, &len), EINVAL, "an empty path");
	fails(mio_unix_addr(NULL, &addr.sa, &len), EINVAL, "no path");
	fails(mio_unix_addr("p", NULL, &len), EINVAL, "no address");
	fails(mio_unix_addr("p", &addr.sa, NULL), EINVAL, "no length");
	make_name(path, ROOM);
	fails(mio_unix_addr(path, &addr.sa, &len), ENAMETOOLONG,
	    "a path too long");
}

/* A path may fill sun_path without a NUL, and the kernel's length counts. */
static void
unterminated(void)
{
	union unix_addr addr;
	struct mio_source source;
	mio_socklen len = sizeof(addr.un);
	char path[ROOM + 1];

	make_name(path, ROOM);
	memset(&addr, 0, sizeof(addr));
	addr.un.sun_family = AF_UNIX;
	memcpy(addr.un.sun_path, path, ROOM);
	if (mio_unix_listen_addr(&source, &addr.sa, len, 4, 0) < 0) {
		tap_skip(1, "no path without a NUL: %s", strerror(errno));
		return;
	}
	(void)local_addr(&source, &addr.storage, &len);
	is_str(text_of(&addr.storage, len), path, "a path without a NUL");
	close_source(&source);
	need(unlink(path) == 0);
}

/* Binds to an abstract name; does the socket's address have that name? */
static bool
abstract_returns(const char *name, size_t size)
{
	struct mio_source listener, client, server;
	union unix_addr addr, got;
	mio_socklen len = sizeof(addr), got_len = sizeof(got);
	bool same;

	need(mio_unix_addr_abstract(name, size, &addr.sa, &len) == 0);
	need((size_t)len == OFFSET + 1 + size);
	need(mio_unix_listen_addr(&listener, &addr.sa, len, 4, 0) == 0);
	need(mio_unix_connect_addr(&client, &addr.sa, len, 0) == 0);
	need(mio_source_peer_addr(&client, &got.sa, &got_len) == 0);
	same = got_len == len && memcmp(&got, &addr, len) == 0;
	need(mio_unix_accept(&listener, &server, NULL, NULL, 0) == 0);
	close_source(&server);
	close_source(&client);
	close_source(&listener);
	return same;
}

static bool
has_abstract(void)
{
	union unix_addr addr;
	mio_socklen len = sizeof(addr);
	struct mio_source source;

	need(mio_unix_addr_abstract("mio-test-probe", 14, &addr.sa, &len) ==
	    0);
	if (mio_unix_listen_addr(&source, &addr.sa, len, 1, 0) < 0)
		return false;
	close_source(&source);
	return true;
}

/* All processes share these names, so those here contain the process id. */
static void
abstract(void)
{
	char name[ROOM];
	union unix_addr addr;
	mio_socklen len = sizeof(addr);
	size_t size;
	int wrong = 0;

	memset(name, 'a', sizeof(name));
	for (size = 16; size < ROOM; size++) {
		need(snprintf(name, 16, "mio%012d", (int)getpid()) == 15);
		name[15] = '\0';
		if (!abstract_returns(name, size)) {
			tap_diag("size %zu", size);
			wrong++;
		}
	}
	is(wrong, 0, "abstract names to %zu bytes, with NULs, are returned",
	    ROOM - 1);
	fails(mio_unix_addr_abstract(name, ROOM, &addr.sa, &len),
	    ENAMETOOLONG, "an abstract name too long");
	fails(mio_unix_addr_abstract(NULL, 1, &addr.sa, &len), EINVAL,
	    "no abstract name");
	is(mio_unix_addr_abstract(NULL, 0, &addr.sa, &len), 0,
	    "an abstract name of no bytes");
	is(len, OFFSET + 1, "its length counts the NUL");
	len = sizeof(addr);
	len = OFFSET + 1;
	fails(mio_unix_addr_abstract("x", 1, &addr.sa, &len), ENOSPC,
	    "no room for an abstract name");
}

/*
 * Other programs may use short names, so these are formatted only, not bound.
 */
static void
reads_as(const char *bytes, size_t size, const char *text)
{
	union unix_addr addr;
	mio_socklen len = sizeof(addr);

	need(mio_unix_addr_abstract(bytes, size, &addr.sa, &len) == 0);
	is_str(text_of(&addr.storage, len), text, "abstract, %zu bytes", size);
}

static void
path_reads_as(const char *path, const char *text)
{
	union unix_addr addr;
	mio_socklen len = sizeof(addr);

	need(mio_unix_addr(path, &addr.sa, &len) == 0);
	is_str(text_of(&addr.storage, len), text, "a path, %zu bytes",
	    strlen(path));
}

static void
texts(void)
{
	union unix_addr addr;
	mio_socklen len = sizeof(addr);
	char buf[8] = "unset";

	path_reads_as("/run/x.sock", "/run/x.sock");
	path_reads_as("a b@", "a b@");
	path_reads_as("\n\\\x7f\xff", "\\x0a\\x5c\\x7f\\xff");
	need(mio_unix_addr("/run/x.sock", &addr.sa, &len) == 0);
	is(mio_addr_format(&addr.sa, len, buf, sizeof(buf)), 11,
	    "a truncated path: the full length is returned");
	is_str(buf, "/run/x.", "a truncated path: its text");
	is(mio_addr_format(&addr.sa, len, NULL, 0), 11,
	    "without a buffer: the full length");
	is(mio_addr_format(&addr.sa, len, buf, 1), 11,
	    "room for a NUL only: the full length");
	is_str(buf, "", "room for a NUL only: empty");
	/* Darwin pads a path with NULs. */
	is_str(text_of(&addr.storage, len + 7), "/run/x.sock",
	    "padded with NULs");
	is_str(text_of(&addr.storage, OFFSET), "(unnamed)",
	    "an address without a name");
	/* Linux returns this length for a path without room for its NUL. */
	memset((char *)&addr + OFFSET, 'p', sizeof(addr) - OFFSET);
	is(mio_addr_format(&addr.sa, sizeof(addr.un) + 1, NULL, 0), ROOM,
	    "a length past the end is limited");
}

static void
unnamed(void)
{
	struct mio_source a, b;
	union unix_addr addr;
	mio_socklen len = sizeof(addr);

	if (mio_unix_pair(&a, &b, 0) < 0) {
		tap_skip(4, "no pairs of sockets: %s", mio_strerror(errno));
		return;
	}
	is(mio_source_local_addr(&a, &addr.sa, &len), 0, "a pair's address");
	is_str(text_of(&addr.storage, len), "(unnamed)", "is unnamed");
	len = sizeof(addr);
	is(mio_source_peer_addr(&a, &addr.sa, &len), 0, "the peer's address");
	is_str(text_of(&addr.storage, len), "(unnamed)", "is unnamed, too");
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	tap_start();
	enter_tmpdir();
	paths();
	path_addr();
	unterminated();
	texts();
	unnamed();
	if (has_abstract()) {
		abstract();
		reads_as("", 0, "@");
		reads_as("x", 1, "@x");
		reads_as("\0y\0", 3, "@\\x00y\\x00");
	} else {
		tap_skip(1, "this system has no abstract names");
	}
	leave_tmpdir();
	return tap_done();
}
