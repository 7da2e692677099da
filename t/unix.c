/*
 * Checks Unix stream sockets: listening, connecting, pairs, half-close and end
 * of file.
 */
#include "config.h"

#include <sys/types.h>
#ifndef _WIN32
#include <sys/resource.h>
#endif
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

static void
listen_at(struct mio_source *listener, const char *path)
{
	need(mio_unix_listen(listener, path, 16, 0) == 0);
}

static void
unlink_path(const char *path)
{
	need(unlink(path) == 0);
}

static void
connects(void)
{
	struct mio_source listener, client, server, other;
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);

	is(mio_unix_listen(&listener, "s", 16, 0), 0, "listen");
	reg(poller, &listener, 1, MIO_READABLE);
	is(quiet(poller), 0, "a listener without clients: silence");
	is(mio_source_take_error(&listener), 0, "and has no error");
	is(mio_unix_connect(&client, "s", 0), 0, "connect");
	reg(poller, &client, 2, MIO_READABLE | MIO_WRITABLE);
	ok(comes(poller, 2, MIO_WRITABLE), "connected is writable");
	is(mio_source_take_error(&client), 0, "has no error");
	is(mio_source_peer_addr(&client, (struct sockaddr *)&addr, &len), 0,
	    "and a peer");
	is_str(text_of(&addr, len), "s", "which is the listener");
	rereg(poller, &listener, 1, MIO_READABLE);
	ok(comes(poller, 1, MIO_READABLE), "the listener is readable");
	len = sizeof(addr);
	is(mio_unix_accept(&listener, &server, (struct sockaddr *)&addr, &len,
	    0), 0, "accept");
	is_str(text_of(&addr, len), "(unnamed)", "the client has no name");
	fails(mio_unix_accept(&listener, &other, NULL, NULL, 0), EAGAIN,
	    "there is no other client");
	fails(mio_source_fd(&other), EBADF, "which leaves the source empty");
	put_text(&server, "hello");
	ok(comes(poller, 2, MIO_READABLE), "the client is readable");
	is(drain(&client), 5, "and reads");
	close_source(&client);
	need(mio_unix_connect(&client, "s", 0) == 0);
	ok(comes(poller, 1, MIO_READABLE), "another client: a new event");
	close_source(&client);
	close_source(&server);
	close_source(&listener);
	unlink_path("s");
}

static void
ends(void)
{
	char half[] = "la", rest[] = "st", buf[8];
	struct iovec out[2] = { { half, 2 }, { rest, 2 } };
	struct iovec in = { buf, sizeof(buf) };
	struct mio_source a, b;
	uint32_t seen;

	is(mio_unix_pair(&a, &b, 0), 0, "a pair");
	reg(poller, &a, 1, MIO_READABLE);
	is(mio_source_writev(&b, out, 2), 4, "writev");
	is(mio_unix_shutdown(&b, MIO_SHUT_WR), 0, "shut for writing");
	seen = wait_token(poller, 1, MIO_READABLE);
	ok(seen & MIO_READABLE, "half-closed: readable");
	is(mio_source_readv(&a, &in, 1), 4, "the data is read first");
	is(mio_source_read(&a, buf, sizeof(buf)), 0, "then end of file");
	is(mio_source_write(&a, "on", 2), 2, "the other way is open");
	is(drain(&b), 2, "and works");
	ok(spins(poller) <= 2, "half-closed: no spinning");
	close_source(&b);
	fails(mio_source_write(&a, "x", 1), EPIPE, "closed: EPIPE, no signal");
	close_source(&a);
	fails(mio_unix_shutdown(&a, MIO_SHUT_WR), EBADF,
	    "shutdown of an empty source");
}

static void
edges(void)
{
	struct mio_source a, b;
	size_t n;

	need(mio_unix_pair(&a, &b, 0) == 0);
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	reg(poller, &b, 2, MIO_READABLE);
	need(comes(poller, 1, MIO_WRITABLE));
	n = fill(&a);
	ok(comes(poller, 2, MIO_READABLE), "full: the peer is readable");
	is(quiet(poller), 0, "full: silence");
	is(drain(&b), n, "the peer reads all");
	ok(comes(poller, 1, MIO_WRITABLE), "drained: writable again");
	close_source(&a);
	close_source(&b);
}

/* Reregistered from both directions to one: the other has no more events. */
static void
narrowed(void)
{
	struct mio_source a, b;

	need(mio_unix_pair(&a, &b, 0) == 0);
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	need(comes(poller, 1, MIO_WRITABLE));
	(void)fill(&a);
	rereg(poller, &a, 2, MIO_READABLE);
	(void)drain(&b);
	is(quiet(poller), 0,
	    "writable is no longer an interest: no event for it");
	put_text(&b, "x");
	ok(comes(poller, 2, MIO_READABLE), "readable still is: an event");
	is(mio_deregister(poller, &a), 0, "and both are deregistered");
	close_source(&a);
	close_source(&b);
}

/* A descriptor of the program can be a listener or a stream, too. */
static void
raw(void)
{
	struct mio_source listener, client, server;

	listen_at(&listener, "s");
	need(mio_source_from_fd(&listener, mio_source_release(&listener)) ==
	    0);
	reg(poller, &listener, 1, MIO_READABLE);
	need(mio_unix_connect(&client, "s", 0) == 0);
	ok(comes(poller, 1, MIO_READABLE), "an adopted listener");
	is(mio_unix_accept(&listener, &server, NULL, NULL, 0), 0, "accepts");
	need(mio_source_from_fd(&client, mio_source_release(&client)) == 0);
	reg(poller, &client, 2, MIO_READABLE);
	put_text(&server, "x");
	ok(comes(poller, 2, MIO_READABLE), "an adopted stream");
	is(drain(&client), 1, "reads");
	need(recv(mio_source_fd(&client), &server, 1, 0) < 0 &&
	    errno == EAGAIN);
	is(mio_source_would_block(&client, MIO_READABLE), 0, "would_block");
	put_text(&server, "y");
	ok(comes(poller, 2, MIO_READABLE),
	    "after would_block: a new event");
	close_source(&client);
	close_source(&server);
	close_source(&listener);
	unlink_path("s");
}

/*
 * A socket file remains when its socket is closed; removing it is up to the
 * caller.
 */
static void
files(void)
{
	struct mio_source listener, client;
	struct stat st;
	mode_t mask;

	fails(mio_unix_connect(&client, "s", 0), ENOENT, "no file");
	mask = umask(077);
	listen_at(&listener, "s");
	(void)umask(mask);
	need(stat("s", &st) == 0);
	is(st.st_mode & 077, 0, "the umask applies to the file");
	fails(mio_unix_listen(&client, "s", 16, 0), EADDRINUSE,
	    "another socket listens there");
	fails(mio_source_fd(&client), EBADF, "which leaves the source empty");
	close_source(&listener);
	is(stat("s", &st), 0, "the file stays after close");
	fails(mio_unix_connect(&client, "s", 0), ECONNREFUSED,
	    "a stale file refuses");
	fails(mio_unix_listen(&listener, "s", 16, 0), EADDRINUSE,
	    "listening fails while a stale file exists");
	unlink_path("s");
	is(mio_unix_listen(&listener, "s", 16, 0), 0,
	    "and works when the file is removed");
	close_source(&listener);
	unlink_path("s");
}

/* Enough to fill OpenBSD's queue, which takes 241 with a backlog of 1. */
#define MOST	1000

/* Raises the limit on descriptors, which is 128 on NetBSD. */
static void
allow_descriptors(void)
{
#ifdef RLIMIT_NOFILE
	const rlim_t n = MOST + 50;
	struct rlimit limit;

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < n) {
		limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ||
		    limit.rlim_max > n ? n : limit.rlim_max;
		need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	}
#endif
}

/*
 * SOCK-4: with a full queue, connect fails with EAGAIN on Linux and
 * ECONNREFUSED elsewhere, and no connection is pending.
 */
static void
full_queue(void)
{
	static struct mio_source clients[MOST];
	struct mio_source listener, server;
	int before, error, n = 0;

	allow_descriptors();
	need(mio_unix_listen(&listener, "s", 1, 0) == 0);
	while (n < MOST - 1 && mio_unix_connect(&clients[n], "s", 0) == 0)
		n++;
	error = errno;
	before = count_fds();
	ok(n > 0 && n < MOST - 1, "the queue takes %d connections", n);
	ok(error == EAGAIN || error == ECONNREFUSED,
	    "a full queue: %s", strerror(error));
	fails(mio_unix_connect(&clients[n], "s", 0), error, "and again");
	is(count_fds(), before, "a full queue: no descriptor is lost");
	fails(mio_source_fd(&clients[n]), EBADF, "the source is empty");
	need(mio_unix_accept(&listener, &server, NULL, NULL, 0) == 0);
	is(mio_unix_connect(&clients[n], "s", 0), 0,
	    "after an accept, connect works");
	for (; n >= 0; n--)
		close_source(&clients[n]);
	close_source(&server);
	close_source(&listener);
	unlink_path("s");
}

static void
misuse(void)
{
	struct sockaddr_storage addr;
	struct mio_source a, b;
	mio_socklen len;

	fails(mio_unix_listen(NULL, "s", 1, 0), EINVAL, "no listener");
	fails(mio_unix_listen(&a, NULL, 1, 0), EINVAL, "no path");
	fails(mio_unix_listen(&a, "", 1, 0), EINVAL, "an empty path");
	fails(mio_unix_listen(&a, "s", 1, MIO_REUSEPORT), EINVAL,
	    "listen: an unknown flag");
	fails(mio_unix_connect(NULL, "s", 0), EINVAL, "no stream");
	fails(mio_unix_connect(&a, "s", 1), EINVAL,
	    "connect: an unknown flag");
	fails(mio_unix_connect_addr(&a, NULL, 0, 0), EINVAL, "no address");
	fails(mio_unix_connect_addr(NULL, NULL, 0, 0), EINVAL,
	    "neither stream nor address");
	fails(mio_unix_listen_addr(NULL, NULL, 0, 1, 0), EINVAL,
	    "neither listener nor address");
	fails(mio_unix_pair(NULL, &b, 0), EINVAL, "pair: no first source");
	fails(mio_unix_pair(&a, NULL, 0), EINVAL, "pair: no second source");
	(void)addr_of("127.0.0.1:1", &addr, &len);
	fails(mio_unix_connect_addr(&a, (struct sockaddr *)&addr, len, 0),
	    EAFNOSUPPORT, "connect to another family");
	fails(mio_unix_listen_addr(&a, (struct sockaddr *)&addr, len, 1, 0),
	    EAFNOSUPPORT, "listen in another family");
	addr.ss_family = AF_UNIX;
	fails(mio_unix_listen_addr(&a, (struct sockaddr *)&addr, 1, 1, 0),
	    EINVAL, "a truncated address");
	fails(mio_unix_listen_addr(&a, (struct sockaddr *)&addr,
	    sizeof(struct sockaddr_un) + 1, 1, 0), EINVAL,
	    "an address that is too long");
	fails(mio_unix_pair(&a, NULL, 0), EINVAL,
	    "a pair without a second source");
	fails(mio_unix_pair(&a, &a, 0), EINVAL, "one source for both");
	fails(mio_unix_pair(&a, &b, 1), EINVAL, "pair: an unknown flag");
	fails(mio_source_fd(&a), EBADF, "all leave the source empty");
	if (mio_unix_pair(&a, &b, 0) < 0) {
		tap_skip(2, "no pairs of sockets: %s", mio_strerror(errno));
		return;
	}
	fails(mio_unix_shutdown(&a, 3), EINVAL,
	    "shutdown: an unknown direction");
	fails(mio_unix_accept(&a, &a, NULL, NULL, 0), EINVAL,
	    "accept into the listener");
	close_source(&a);
	close_source(&b);
}

#define REST	52	/* the assertions above */

static void
refused(void)
{
	struct mio_source a;

	fails(mio_unix_listen(&a, "s", 1, 0), EAFNOSUPPORT,
	    "listen, without Unix sockets");
	fails(mio_unix_connect(&a, "s", 0), EAFNOSUPPORT,
	    "connect, without Unix sockets");
	tap_skip(REST, "this system has no Unix sockets");
}

int
main(void)
{
	tap_start();
	enter_tmpdir();
	poller = new_poller();
	if (has_unix(SOCK_STREAM)) {
		connects();
		ends();
		edges();
		narrowed();
		raw();
		files();
		full_queue();
	} else
		refused();
	misuse();
	mio_poller_free(poller);
	leave_tmpdir();
	return tap_done();
}
