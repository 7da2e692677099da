/*
 * Checks Unix datagram sockets: senders' addresses, edges with a full queue,
 * truncated, empty and refused datagrams.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

static void
bind_at(struct mio_source *source, const char *path)
{
	need(mio_unix_dgram_bind(source, path, 0) == 0);
}

static void
close_at(struct mio_source *source, const char *path)
{
	close_source(source);
	need(unlink(path) == 0);
}

/* Receives a datagram; returns its length, and its sender as text. */
static mio_ssize
receive(struct mio_source *source, char *buf, size_t size, const char **from)
{
	static struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);
	mio_ssize n;

	n = mio_unix_dgram_recv_from(source, buf, size,
	    (struct sockaddr *)&addr, &len);
	/* The address of a sender without a name may lack a family. */
	if (n >= 0)
		*from = (size_t)len < sizeof(addr.ss_family) ? "(unnamed)" :
		    text_of(&addr, len);
	return n;
}

static void
unconnected(void)
{
	struct mio_source a, b, unnamed;
	const char *from = "";
	char buf[32];

	is(mio_unix_dgram_bind(&a, "a", 0), 0, "bind");
	bind_at(&b, "b");
	is(mio_unix_dgram_unbound(&unnamed, 0), 0, "unbound");
	reg(poller, &b, 2, MIO_READABLE);
	is(mio_unix_dgram_send_to(&a, "hello", 5, "b"), 5, "send_to");
	ok(comes(poller, 2, MIO_READABLE), "the other is readable");
	is(receive(&b, buf, sizeof(buf), &from), 5, "recv_from");
	is_str(from, "a", "returns the sender");
	is(receive(&b, buf, sizeof(buf), &from), -1,
	    "there is no other datagram");
	is(mio_unix_dgram_send_to(&unnamed, "psst", 4, "b"), 4,
	    "sent without a name");
	ok(comes(poller, 2, MIO_READABLE), "a new event");
	is(receive(&b, buf, sizeof(buf), &from), 4, "arrives");
	is_str(from, "(unnamed)", "without a name");
	is(mio_unix_dgram_recv(&b, buf, sizeof(buf)), -1, "drained");
	ok(mio_unix_dgram_send(&unnamed, "x", 1) < 0 &&
	    (errno == ENOTCONN || errno == EDESTADDRREQ),
	    "send needs a connection");
	fails(mio_unix_dgram_send_to(&a, "x", 1, "c"), ENOENT, "no such file");
	close_source(&b);
	fails(mio_unix_dgram_send_to(&a, "x", 1, "b"), ECONNREFUSED,
	    "a stale file refuses");
	fails(mio_unix_dgram_bind(&b, "b", 0), EADDRINUSE,
	    "a stale file: bind fails");
	fails(mio_source_fd(&b), EBADF, "which leaves the source empty");
	need(unlink("b") == 0);
	close_at(&a, "a");
	close_source(&unnamed);
}

static void
connected(void)
{
	struct mio_source a, b, c;
	struct sockaddr_storage addr;
	const char *from = "";
	mio_socklen len;
	char buf[32];

	bind_at(&a, "a");
	bind_at(&b, "b");
	bind_at(&c, "c");
	reg(poller, &b, 2, MIO_READABLE);
	reg(poller, &c, 3, MIO_READABLE);
	is(mio_unix_dgram_connect(&a, "b"), 0, "connect");
	len = sizeof(addr);
	is(mio_source_peer_addr(&a, (struct sockaddr *)&addr, &len), 0,
	    "peer_addr");
	is_str(text_of(&addr, len), "b", "is the peer's");
	(void)local_addr(&a, &addr, &len);
	is_str(text_of(&addr, len), "a", "local_addr is its own");
	is(mio_source_take_error(&a), 0, "no error");
	is(mio_unix_dgram_send(&a, "one", 3), 3, "send");
	ok(comes(poller, 2, MIO_READABLE), "the peer is readable");
	is(receive(&b, buf, sizeof(buf), &from), 3, "and receives it");
	is_str(from, "a", "from a");
	is(mio_unix_dgram_connect(&a, "c"), 0, "connected to another peer");
	is(mio_source_write(&a, "two", 3), 3, "write sends too");
	ok(comes(poller, 3, MIO_READABLE), "the new peer is readable");
	is(mio_source_read(&c, buf, sizeof(buf)), 3, "read receives too");
	is(quiet(poller), 0, "the old peer gets nothing");
	fails(mio_unix_dgram_connect(&a, "nowhere"), ENOENT, "no such file");
	close_at(&a, "a");
	close_at(&b, "b");
	close_at(&c, "c");
}

/* The functions that take addresses, for names that are not paths. */
static void
by_address(void)
{
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);
	struct mio_source a, b;
	const char *from = "";
	char buf[8];

	need(mio_unix_addr("d", (struct sockaddr *)&addr, &len) == 0);
	is(mio_unix_dgram_bind_addr(&b, (struct sockaddr *)&addr, len, 0), 0,
	    "bind_addr");
	need(mio_unix_dgram_unbound(&a, 0) == 0);
	is(mio_unix_dgram_send_to_addr(&a, "x", 1, (struct sockaddr *)&addr,
	    len), 1, "send_to_addr");
	is(receive(&b, buf, sizeof(buf), &from), 1, "arrives");
	is(mio_unix_dgram_connect_addr(&a, (struct sockaddr *)&addr, len), 0,
	    "connect_addr");
	is(mio_unix_dgram_send(&a, "yz", 2), 2, "send");
	is(mio_unix_dgram_recv(&b, buf, sizeof(buf)), 2, "arrives");
	addr.ss_family = AF_INET;
	fails(mio_unix_dgram_send_to_addr(&a, "x", 1,
	    (struct sockaddr *)&addr, len), EAFNOSUPPORT,
	    "send to another family");
	fails(mio_unix_dgram_connect_addr(&a, (struct sockaddr *)&addr, len),
	    EAFNOSUPPORT, "connect to another family");
	close_source(&a);
	close_at(&b, "d");
}

/* Sends until the peer's queue is full; returns the number of datagrams. */
static int
flood(struct mio_source *source)
{
	static const char buf[1000];
	int n = 0;

	while (mio_unix_dgram_send(source, buf, sizeof(buf)) ==
	    (mio_ssize)sizeof(buf))
		n++;
	/* BSD returns ENOBUFS, which doesn't mean EAGAIN. */
	need(errno == EAGAIN || errno == ENOBUFS);
	return n;
}

static int
receive_all(struct mio_source *source)
{
	char buf[2000];
	int n = 0;

	while (mio_unix_dgram_recv(source, buf, sizeof(buf)) == 1000)
		n++;
	need(errno == EAGAIN);
	return n;
}

static void
edges(void)
{
	struct mio_source a, b;
	char buf[8];
	int n, full;

	is(mio_unix_dgram_pair(&a, &b, 0), 0, "a pair");
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	reg(poller, &b, 2, MIO_READABLE);
	need(comes(poller, 1, MIO_WRITABLE));
	n = flood(&a);
	full = errno;
	ok(n > 0, "%d datagrams fill it", n);
	ok(comes(poller, 2, MIO_READABLE), "the peer is readable");
	is(quiet(poller), 0, "full: silence");
	is(receive_all(&b), n, "the peer receives all");
	if (full == EAGAIN)
		ok(comes(poller, 1, MIO_WRITABLE), "drained: writable again");
	else
		is(quiet(poller), 0, "drained: silence after ENOBUFS");
	is(quiet(poller), 0, "drained: silence");
	dereg(poller, &a);	/* b makes room, which would be an event for
				 * a */
	need(mio_unix_dgram_send(&a, "1", 1) == 1);
	need(mio_unix_dgram_send(&a, "2", 1) == 1);
	ok(comes(poller, 2, MIO_READABLE), "two datagrams: an event");
	is(mio_unix_dgram_recv(&b, buf, sizeof(buf)), 1, "one is read");
	is(quiet(poller), 0, "read in part: no second event for it");
	close_source(&a);
	close_source(&b);
}

/*
 * The recipe of the page for a receiver that is full: a connection.  A source
 * that is not connected would be writable at once, and again and again.
 */
static void
full_receiver(void)
{
	struct mio_source a, b;
	int n, refused = 0, turns = 0;

	bind_at(&b, "b");
	need(mio_unix_dgram_unbound(&a, 0) == 0);
	need(mio_unix_dgram_connect(&a, "b") == 0);
	reg(poller, &a, 1, MIO_WRITABLE);
	n = flood(&a);
	refused = errno;
	while (turns < 100 && quiet(poller) > 0) {
		n += flood(&a);
		turns++;
	}
	ok(turns <= 2, "connected, the receiver is full: silence");
	is(receive_all(&b), n, "the receiver receives all");
	if (refused == EAGAIN)
		ok(comes(poller, 1, MIO_WRITABLE),
		    "connected, the receiver has room: writable");
	else
		tap_skip(1, "no event follows ENOBUFS");
	close_at(&b, "b");
	close_source(&a);
}

/* A descriptor of the program, which it also uses itself, can be a source. */
static void
raw(void)
{
	struct mio_source a, b;
	char buf[8];

	need(mio_unix_dgram_pair(&a, &b, 0) == 0);
	need(mio_source_from_fd(&b, mio_source_release(&b)) == 0);
	reg(poller, &b, 2, MIO_READABLE);
	need(mio_unix_dgram_send(&a, "1", 1) == 1);
	ok(comes(poller, 2, MIO_READABLE), "adopted: an event");
	is(mio_unix_dgram_recv(&b, buf, sizeof(buf)), 1, "receives");
	need(recv(mio_source_fd(&b), buf, 1, 0) < 0 && errno == EAGAIN);
	is(mio_source_would_block(&b, MIO_READABLE), 0, "would_block");
	need(mio_unix_dgram_send(&a, "2", 1) == 1);
	ok(comes(poller, 2, MIO_READABLE),
	    "after would_block: a new event");
	close_source(&a);
	close_source(&b);
}

static void
odd_sizes(void)
{
	static char big[1 << 22];
	struct mio_source a, b;
	char buf[8] = "";

	need(mio_unix_dgram_pair(&a, &b, 0) == 0);
	reg(poller, &b, 2, MIO_READABLE);
	is(mio_unix_dgram_send(&a, "", 0), 0, "an empty datagram is sent");
	ok(comes(poller, 2, MIO_READABLE), "and is an event");
	is(mio_unix_dgram_recv(&b, buf, sizeof(buf)), 0, "of length 0");
	is(mio_unix_dgram_recv(&b, buf, sizeof(buf)), -1,
	    "it was one datagram");
	need(mio_unix_dgram_send(&a, "0123456789", 10) == 10);
	ok(comes(poller, 2, MIO_READABLE), "a new event");
	is(mio_unix_dgram_recv(&b, buf, 4), 4,
	    "a datagram too long for its buffer is truncated");
	fails(mio_unix_dgram_recv(&b, buf, sizeof(buf)), EAGAIN,
	    "its rest is lost");
	fails(mio_unix_dgram_send(&a, big, sizeof(big)), EMSGSIZE,
	    "more than a datagram holds");
	is(mio_unix_shutdown(&a, MIO_SHUT_WR), 0, "shutdown");
	fails(mio_unix_dgram_send(&a, "x", 1), EPIPE,
	    "after shutdown: EPIPE, no signal");
	close_source(&a);
	close_source(&b);
}

/* Only a kqueue reports that a socket's own end is shut down for writing. */
static void
own_shutdown(void)
{
	struct mio_source a, b;
	uint32_t bits;

	need(mio_unix_dgram_pair(&a, &b, 0) == 0);
	reg(poller, &a, 3, MIO_READABLE | MIO_WRITABLE);
	need(comes(poller, 3, MIO_WRITABLE));
	need(mio_unix_shutdown(&a, MIO_SHUT_WR) == 0);
	if (on_selector("kqueue"))
		ok(comes(poller, 3, MIO_WRITE_CLOSED),
		    "shut down for writing: write_closed");
	need(mio_unix_shutdown(&a, MIO_SHUT_RD) == 0);
	bits = wait_token(poller, 3, MIO_READ_CLOSED);
	ok((bits & MIO_READ_CLOSED) != 0, "and for reading: read_closed");
	ok(spins(poller) <= 2, "and no spinning");
	close_source(&a);
	close_source(&b);
}

static void
misuse(void)
{
	struct mio_source a, empty = { 0 };
	char buf[8];

	fails(mio_unix_dgram_bind(NULL, "s", 0), EINVAL, "bind: no source");
	fails(mio_unix_dgram_bind(&a, "", 0), EINVAL, "bind: no path");
	fails(mio_unix_dgram_bind_addr(NULL, NULL, 0, 0), EINVAL,
	    "bind: neither source nor address");
	fails(mio_unix_dgram_bind_addr(&a, NULL, 0, 0), EINVAL,
	    "bind: no address");
	fails(mio_unix_dgram_bind(&a, "s", 1), EINVAL, "an unknown flag");
	fails(mio_unix_dgram_unbound(NULL, 0), EINVAL, "unbound: no source");
	fails(mio_unix_dgram_unbound(&a, 1), EINVAL, "an unknown flag");
	fails(mio_unix_dgram_pair(&a, &a, 0), EINVAL, "one source for both");
	fails(mio_source_fd(&a), EBADF, "all leave the source empty");
	fails(mio_unix_dgram_connect(&empty, ""), EINVAL, "connect: no path");
	fails(mio_unix_dgram_connect(&empty, "s"), EBADF,
	    "connect of an empty source");
	fails(mio_unix_dgram_send_to(&empty, "x", 1, "s"), EBADF,
	    "send_to of an empty source");
	fails(mio_unix_dgram_recv(&empty, buf, 1), EBADF,
	    "recv of an empty source");
	if (mio_unix_dgram_unbound(&a, 0) < 0) {
		is(errno, EAFNOSUPPORT, "no Unix datagrams");
		tap_skip(2, "this system has no Unix datagrams");
		return;
	}
	fails(mio_unix_dgram_send_to(&a, "x", 1, NULL), EINVAL, "no path");
	fails(mio_unix_dgram_send_to(&a, "x", 1, ""), EINVAL,
	    "an empty path");
	fails(mio_unix_dgram_recv_from(&a, buf, 1,
	    (struct sockaddr *)(void *)buf, NULL), EINVAL,
	    "an address without a length");
	close_source(&a);
}

#define REST	65	/* the assertions above */

static void
refused(void)
{
	struct mio_source a, b;

	fails(mio_unix_dgram_bind(&a, "a", 0), EAFNOSUPPORT,
	    "bind, without Unix datagrams");
	ok(mio_unix_dgram_pair(&a, &b, 0) < 0, "a pair, without them");
	tap_skip(REST, "this system has no Unix datagrams");
}

int
main(void)
{
	tap_start();
	enter_tmpdir();
	poller = new_poller();
	if (has_unix(SOCK_DGRAM)) {
		unconnected();
		connected();
		by_address();
		edges();
		full_receiver();
		raw();
		odd_sizes();
		own_shutdown();
	} else
		refused();
	misuse();
	mio_poller_free(poller);
	leave_tmpdir();
	return tap_done();
}
