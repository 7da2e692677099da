/*
 * Contract 3 and 11: EAGAIN in one direction brings no event for the other,
 * and re-arms its own direction, whether libmio or the program made the system
 * call.
 */
#include "config.h"

#include <errno.h>

#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

static int
read_raw(const struct mio_source *source)
{
	char buf[64];

	return (int)recv(mio_source_fd(source), buf, sizeof(buf), 0);
}

/* Checks that events come, and not only that none come, after EAGAIN. */
static void
read_side(struct mio_poller *poller)
{
	struct mio_event events[8];
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, BOTH);
	ok(comes(poller, 1, MIO_WRITABLE), "writable when registered");
	is(drain(&a), 0, "nothing to read");
	is(poll_now(poller, events, 8), 0,
	    "a read that returns EAGAIN brings no event");
	is(quiet(poller), 0, "nor a moment later");
	put_text(&b, "hello");
	ok(comes(poller, 1, MIO_READABLE), "the peer writes: readable");
	is(drain(&a), 5, "read");
	is(quiet(poller), 0, "read to EAGAIN: no event");
	close_source(&a);
	close_source(&b);
}

/*
 * PORT-1: an event for one direction leaves the other one armed, without any
 * call.
 */
static void
untouched(struct mio_poller *poller)
{
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, BOTH);
	ok(comes(poller, 1, MIO_WRITABLE), "writable when registered");
	put_text(&b, "hello");
	ok(comes(poller, 1, MIO_READABLE),
	    "writable was reported, nothing was called: readable");
	close_source(&a);
	close_source(&b);
}

/* AFD-2's livelock: a writable event for each read. */
static void
many_reads(struct mio_poller *poller)
{
	int i, extra = 0, missed = 0;
	struct mio_event events[8];
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 2, BOTH);
	wait_token(poller, 2, MIO_WRITABLE);
	drain(&a);
	for (i = 0; i < 100; i++) {
		put_text(&b, "x");
		if ((wait_token(poller, 2, MIO_READABLE) & MIO_READABLE) == 0)
			missed++;
		if (drain(&a) != 1)
			missed++;
		extra += poll_now(poller, events, 8);
	}
	is(missed, 0, "100 reads to EAGAIN: readable each time");
	is(extra, 0, "100 reads to EAGAIN: no event after any");
	close_source(&a);
	close_source(&b);
}

static void
write_side(struct mio_poller *poller)
{
	struct mio_event events[8];
	struct mio_source a, b;

	unix_pair(&a, &b);
	put_text(&b, "unread");
	reg(poller, &a, 3, BOTH);
	ok((wait_token(poller, 3, BOTH) & BOTH) == BOTH,
	    "readable and writable when registered");
	ok(fill_up(&a) > 0, "written to EAGAIN");
	is(poll_now(poller, events, 8), 0,
	    "a write that returns EAGAIN brings no event");
	is(quiet(poller), 0, "nor a moment later, though there is data");
	need(drain(&b) > 0);
	ok(comes(poller, 3, MIO_WRITABLE), "the peer reads: writable");
	close_source(&a);
	close_source(&b);
}

static void
would_block_reading(struct mio_poller *poller)
{
	struct mio_source a, b;
	int i;

	unix_pair(&a, &b);
	reg(poller, &a, 4, BOTH);
	wait_token(poller, 4, MIO_WRITABLE);
	for (i = 0; i < 3; i++) {
		fails(read_raw(&a), EAGAIN, "a raw recv returns EAGAIN");
		is(mio_source_would_block(&a, MIO_READABLE), 0,
		    "would_block succeeds");
		is(quiet(poller), 0, "would_block called: no event");
		put_text(&b, "x");
		ok(comes(poller, 4, MIO_READABLE),
		    "would_block called: the next change is reported");
		is(read_raw(&a), 1, "a raw recv");
	}
	close_source(&a);
	close_source(&b);
}

/* Writes without libmio, which therefore gets no EAGAIN; returns the errno. */
static int
fill_raw(const struct mio_source *source)
{
	char byte = 0;
	int error;

	do {
		while (send(mio_source_fd(source), &byte, 1, 0) == 1)
			continue;
		error = errno;
	} while (makes_room(mio_source_fd(source)));
	return error;
}

static void
would_block_writing(struct mio_poller *poller)
{
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 5, BOTH);
	wait_token(poller, 5, MIO_WRITABLE);
	is(fill_raw(&a), EAGAIN, "a raw send returns EAGAIN");
	is(mio_source_would_block(&a, MIO_WRITABLE), 0, "would_block succeeds");
	is(quiet(poller), 0, "full: no event");
	drain(&b);
	ok(comes(poller, 5, MIO_WRITABLE),
	    "would_block called for writing: writable comes");
	close_source(&a);
	close_source(&b);
}

/*
 * A write of more than the buffers hold.  Winsock may take all of it, as under
 * Wine 10; then no write is ever short.
 */
static void
short_write(struct mio_poller *poller, struct mio_source *a,
    struct mio_source *b, bool vector)
{
	static char big[4 << 20];
	struct mio_iovec iov[2] = { { big, 3 }, { big + 3, sizeof(big) - 3 } };
	const char *what = vector ? "writev" : "write";
	mio_ssize n;

	n = vector ? mio_source_writev(a, iov, 2) :
	    mio_source_write(a, big, sizeof(big));
	if (n == (mio_ssize)sizeof(big) && on_selector("afd")) {
		tap_skip(2, "this system takes all of a %s", what);
		drain_bytes(b, sizeof(big));
		rereg(poller, a, 7, BOTH);
		need(comes(poller, 7, MIO_WRITABLE));
		return;
	}
	ok(n > 0 && n < (mio_ssize)sizeof(big), "a short %s", what);
	drain(b);
	ok(comes(poller, 7, MIO_WRITABLE),
	    "a short %s: the next change is reported", what);
}

/* A short count on a stream means the same as EAGAIN. */
static void
short_counts(struct mio_poller *poller)
{
	char buf[103];
	struct mio_iovec iov[2] = { { buf, 3 }, { buf + 3, 100 } };
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 7, BOTH);
	wait_token(poller, 7, MIO_WRITABLE);
	drain(&a);
	put_text(&b, "hello");
	wait_token(poller, 7, MIO_READABLE);
	is(mio_source_readv(&a, iov, 2), 5, "a short readv");
	put_text(&b, "x");
	ok(comes(poller, 7, MIO_READABLE),
	    "a short readv: the next change is reported");
	short_write(poller, &a, &b, false);
	short_write(poller, &a, &b, true);
	close_source(&a);
	close_source(&b);
}

static void
peeking(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[8];

	tcp_pair(&a, &b);
	reg(poller, &a, 8, MIO_READABLE);
	put_text(&b, "four");
	wait_token(poller, 8, MIO_READABLE);
	is(mio_tcp_peek(&a, buf, sizeof(buf)), 4, "a peek");
	is(mio_source_read(&a, buf, 4), 4, "a read that is not short");
	fails(mio_tcp_peek(&a, buf, sizeof(buf)), EAGAIN,
	    "a peek returns EAGAIN");
	put_text(&b, "x");
	ok(comes(poller, 8, MIO_READABLE),
	    "a peek returned EAGAIN: the next change is reported");
	close_source(&a);
	close_source(&b);
}

static void
accepting(struct mio_poller *poller)
{
	struct mio_source listener, clients[3], stream;
	struct sockaddr_storage addr;
	mio_socklen len;
	int i;

	listen_loopback(&listener, &addr, &len);
	reg(poller, &listener, 9, MIO_READABLE);
	for (i = 0; i < 3; i++) {
		need(mio_tcp_connect(&clients[i], (struct sockaddr *)&addr,
		    len, 0) == 0);
		ok(comes(poller, 9, MIO_READABLE),
		    "a connection: the listener is readable");
		is(mio_tcp_accept(&listener, &stream, NULL, NULL, 0), 0,
		    "accepted");
		close_source(&stream);
		fails(mio_tcp_accept(&listener, &stream, NULL, NULL, 0),
		    EAGAIN, "an accept returns EAGAIN");
		is(quiet(poller), 0, "and no event comes");
	}
	for (i = 0; i < 3; i++)
		close_source(&clients[i]);
	close_source(&listener);
}

static void
misuse(struct mio_poller *poller)
{
	struct mio_source a, b, empty = { 0 };

	unix_pair(&a, &b);
	is(mio_source_would_block(&a, MIO_READABLE), 0,
	    "would_block before registering is no error");
	reg(poller, &a, 6, MIO_READABLE);
	fails(mio_source_would_block(&a, 0), EINVAL, "no direction");
	fails(mio_source_would_block(&a, MIO_ERROR), EINVAL, "no direction");
	fails(mio_source_would_block(&a, MIO_READABLE | 0x4000), EINVAL,
	    "an unknown bit");
	fails(mio_source_would_block(&empty, MIO_READABLE), EBADF,
	    "an empty source");
	fails(mio_source_would_block(NULL, MIO_READABLE), EINVAL, "no source");
	is(mio_source_would_block(&a, MIO_WRITABLE), 0,
	    "a direction that is not an interest");
	is(quiet(poller), 0, "brings no event");
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	read_side(poller);
	untouched(poller);
	many_reads(poller);
	write_side(poller);
	would_block_reading(poller);
	would_block_writing(poller);
	short_counts(poller);
	peeking(poller);
	accepting(poller);
	misuse(poller);
	mio_poller_free(poller);
	return tap_done();
}
