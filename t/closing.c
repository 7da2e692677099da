/*
 * Contract 6 and 7: when the peer closes, half-closes or resets, one event
 * comes; buffered data stays readable first; and the hints are those of the
 * table in mio_event(3).
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "readiness.h"
#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

/* The hint for end of file, on selectors whose kernel has a bit for it. */
static uint32_t
end_hint(void)
{
#ifndef POLLRDHUP
	if (on_selector("poll") || on_selector("port"))
		return 0;
#endif
	if (on_selector("afd"))
		return 0;
	return MIO_READ_CLOSED;
}

/* Reads, and retries for a while: the event may come before the data. */
static mio_ssize
read_soon(const struct mio_source *source, char *buf, size_t size)
{
	long long end = msec() + 10000 * tap_slow();
	mio_ssize n;

	while ((n = mio_source_read(source, buf, size)) < 0 &&
	    errno == EAGAIN && msec() < end)
		sleep_msec(1);
	return n;
}

static void
peer_closes(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[16];
	uint32_t seen;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, BOTH);
	wait_token(poller, 1, MIO_WRITABLE);
	drain(&a);
	put_text(&b, "last");
	close_source(&b);
	seen = wait_token(poller, 1, MIO_READABLE | end_hint());
	ok(seen & MIO_READABLE, "the peer closed: readable");
	if (end_hint() != 0)
		ok(seen & end_hint(), "the peer closed: the hint read_closed");
	else
		tap_skip(1, "no hint before the data has been read");
	/*
	 * Read exactly what is there: a short read re-arms readable, and the
	 * end of file would be reported again.
	 */
	is(read_soon(&a, buf, 4), 4, "buffered data is read first");
	is(read_soon(&a, buf, sizeof(buf)), 0, "then end of file");
	/* AFD may report end of file only after the data has been read. */
	ok(spins(poller) <= (on_selector("afd") ? 1 : 0),
	    "the peer closed: one event, then silence");
	rereg(poller, &a, 2, MIO_READABLE);
	ok(comes(poller, 2, MIO_READABLE), "reregistered: readable again");
	is(spins(poller), 0, "and silence again");
	close_source(&a);
}

/* Data that is not read must not make the poller spin either. */
static void
unread(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[16];

	tcp_pair(&a, &b);
	put_text(&b, "last");
	close_source(&b);
	reg(poller, &a, 3, BOTH);
	ok(wait_token(poller, 3, BOTH | MIO_READ_CLOSED) & MIO_READABLE,
	    "closed before registering: readable");
	is(spins(poller), 0, "nothing read: silence as well");
	is(read_soon(&a, buf, sizeof(buf)), 4, "the data is there");
	ok(spins(poller) <= 1, "a short read: at most one more event");
	is(read_soon(&a, buf, sizeof(buf)), 0, "then end of file");
	is(spins(poller), 0, "and silence");
	close_source(&a);
}

/* EPOLL-1: a half-closed socket that is taken for hung up keeps a CPU busy. */
static void
half_close(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[16];
	uint32_t seen;

	tcp_pair(&a, &b);
	reg(poller, &a, 4, BOTH);
	wait_token(poller, 4, MIO_WRITABLE);
	drain(&a);
	need(mio_tcp_shutdown(&b, MIO_SHUT_WR) == 0);
	seen = wait_token(poller, 4, MIO_READABLE | end_hint());
	ok(seen & MIO_READABLE, "half-closed: readable");
	if (end_hint() != 0)
		ok(seen & end_hint(), "half-closed: the hint read_closed");
	else
		tap_skip(1, "this system has no bit for it");
	is(seen & (MIO_WRITE_CLOSED | MIO_ERROR), 0,
	    "half-closed: neither write_closed nor error");
	is(read_soon(&a, buf, sizeof(buf)), 0, "half-closed: end of file");
	is(spins(poller), 0, "half-closed: one event, then silence");
	put_text(&a, "still");
	is(read_soon(&b, buf, sizeof(buf)), 5,
	    "half-closed: writing still works");
	drain_bytes(&b, fill(&a));
	ok(comes(poller, 4, MIO_WRITABLE),
	    "half-closed: writable comes, too");
	close_source(&a);
	close_source(&b);
}

/*
 * The peer closes after its data was reported, and the program has not read
 * until EAGAIN.  The close is an event of its own, once.
 */
struct way {
	const char	*text;
	void		(*make)(struct mio_source *, struct mio_source *);
	void		(*end)(struct mio_source *);
	unsigned int	 interest;
	bool		 unread;	/* the data is not read at all */
	bool		 half;		/* no hang-up: needs a bit of its own */
};

static void
shut_down(struct mio_source *source)
{
	need(shutdown(mio_source_fd(source), MIO_SHUT_WR) == 0);
}

static const struct way ways[] = {
	{ "TCP, half-closed", tcp_pair, shut_down, MIO_READABLE, false, true },
	{ "TCP, half-closed, also writable", tcp_pair, shut_down, BOTH, false,
	    true },
	{ "TCP, half-closed, exclusive", tcp_pair, shut_down,
	    MIO_READABLE | MIO_EXCLUSIVE, false, true },
	{ "TCP, closed", tcp_pair, close_source, MIO_READABLE, false, true },
	{ "TCP, reset", tcp_pair, reset, MIO_READABLE, false, false },
	{ "Unix, half-closed", unix_pair, shut_down, BOTH, false, true },
	{ "Unix, closed", unix_pair, close_source, BOTH, false, false },
	{ "a pipe, closed", pipe_pair, close_source, MIO_READABLE, false,
	    false },
	{ "TCP, half-closed, unread", tcp_pair, shut_down, BOTH, true, true },
	{ "TCP, closed, unread", tcp_pair, close_source, MIO_READABLE, true,
	    true },
	{ "Unix, half-closed, unread", unix_pair, shut_down, MIO_READABLE,
	    true, true },
	{ "Unix, closed, unread", unix_pair, close_source, MIO_READABLE, true,
	    false },
	{ "a pipe, closed, unread", pipe_pair, close_source, MIO_READABLE,
	    true, false }
};

/* The reason why this system does not report a way, or NULL. */
static const char *
unreported(const struct way *way)
{
	if (on_selector("afd") && way->make == pipe_pair)
		return "Windows: unnamed pipes can't be waited for";
	if (on_selector("afd") && way->unread)
		return "AFD may report it only after the data has been read";
	if (on_illumos() && way->half && way->make == unix_pair)
		return "illumos reports it after the data has been read";
#ifndef POLLRDHUP
	if (way->half && (on_selector("poll") || on_selector("port")))
		return "this system has no bit for it";
#endif
	return NULL;
}

static void
undrained(struct mio_poller *poller, const struct way *way, mio_token token)
{
	bool open = way->end == shut_down;
	struct mio_source a, b;
	char buf[8];

	way->make(&a, &b);
	reg(poller, &a, token, way->interest);
	if ((way->interest & MIO_WRITABLE) != 0)
		wait_token(poller, token, MIO_WRITABLE);
	put_text(&b, "data");
	ok(comes(poller, token, MIO_READABLE), "%s: data", way->text);
	if (!way->unread)
		is(read_soon(&a, buf, 4), 4, "%s: read exactly", way->text);
	is(quiet(poller), 0, "%s: silence", way->text);
	way->end(&b);
	ok(comes(poller, token, MIO_READABLE),
	    "%s, not drained: readable", way->text);
	/* A kqueue reports the end of a pipe by two filters. */
	ok(spins(poller) <= (on_selector("kqueue") ? 1 : 0),
	    "%s, not drained: once", way->text);
	/* Winsock's poll, and so fill_up(), takes a half-close for room. */
	if (open && (way->interest & MIO_WRITABLE) != 0 &&
	    !on_selector("afd")) {
		fill_up(&a);
		is(spins(poller), 0, "%s: a write does not re-arm it",
		    way->text);
	}
	close_source(&a);
	if (open)
		close_source(&b);
}

static void
all_undrained(struct mio_poller *poller)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *reason = unreported(&ways[i]);

		if (reason != NULL)
			tap_skip(1, "%s: %s", ways[i].text, reason);
		else
			undrained(poller, &ways[i], (mio_token)(100 + i));
	}
}

/* Like the data, the hint comes once; the modes keep their rules. */
static void
undrained_modes(struct mio_poller *poller)
{
	struct mio_source a, b;
	uint32_t seen;

	tcp_pair(&a, &b);
	reg(poller, &a, 15, MIO_READABLE | MIO_ONESHOT);
	put_text(&b, "data");
	ok(comes(poller, 15, MIO_READABLE), "oneshot: data");
	shut_down(&b);
	is(quiet(poller), 0, "oneshot, not drained: the close is silent");
	close_source(&a);
	close_source(&b);
	if (end_hint() == 0) {
		tap_skip(2, "no hint before the data has been read");
		return;
	}
	tcp_pair(&a, &b);
	reg(poller, &a, 16, MIO_READABLE);
	put_text(&b, "data");
	wait_token(poller, 16, MIO_READABLE);
	shut_down(&b);
	seen = wait_token(poller, 16, end_hint());
	ok(seen & end_hint(), "not drained: the hint read_closed");
	is(seen & (MIO_WRITE_CLOSED | MIO_ERROR), 0,
	    "not drained: neither write_closed nor error");
	close_source(&a);
	close_source(&b);
}

static void
own_half_close(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[16];

	tcp_pair(&a, &b);
	reg(poller, &a, 5, MIO_READABLE);
	need(mio_tcp_shutdown(&a, MIO_SHUT_WR) == 0);
	spins(poller);
	put_text(&b, "answer");
	ok(comes(poller, 5, MIO_READABLE),
	    "a local half-close: the peer's data is readable");
	is(read_soon(&a, buf, sizeof(buf)), 6, "and read");
	close_source(&b);
	ok(comes(poller, 5, MIO_READABLE), "closed from both sides: readable");
	is(read_soon(&a, buf, sizeof(buf)), 0, "end of file");
	is(spins(poller), 0, "closed from both sides: silence");
	close_source(&a);
}

/*
 * Whether a hint indicates that the connection is broken.  On illumos it comes
 * in a second event (mio_event(3)).
 */
static bool
broken_hint(struct mio_poller *poller, mio_token token, uint32_t seen)
{
	const uint32_t hints = MIO_ERROR | MIO_READ_CLOSED | MIO_WRITE_CLOSED;

	if (on_illumos() && (seen & hints) == 0)
		seen = wait_token(poller, token, MIO_WRITE_CLOSED);
	return (seen & hints) != 0;
}

static void
reset_by_peer(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[16];
	uint32_t seen;

	tcp_pair(&a, &b);
	reg(poller, &a, 6, BOTH);
	wait_token(poller, 6, MIO_WRITABLE);
	drain(&a);
	reset(&b);
	seen = wait_token(poller, 6, MIO_READABLE);
	ok(seen & MIO_READABLE,
	    "reset after writable was consumed: readable");
	ok(broken_hint(poller, 6, seen), "reset: a hint indicates it");
	is(spins(poller), 0, "reset: one event, then silence");
	/* Wine returns end of file instead. */
	if (on_selector("afd") && read_soon(&a, buf, sizeof(buf)) == 0)
		tap_skip(1, "this system reports a reset as end of file");
	else
		fails(read_soon(&a, buf, sizeof(buf)), ECONNRESET,
		    "a read fails with ECONNRESET");
	if (on_selector("afd"))
		tap_skip(1, "Winsock doesn't clear an error when it is read");
	else
		is(read_soon(&a, buf, sizeof(buf)), 0, "only once");
	is(spins(poller), 0, "reset and read: silence");
	close_source(&a);
	tcp_pair(&a, &b);
	reset(&b);
	await_readable(&a);
	reg(poller, &a, 7, MIO_WRITABLE);
	ok(comes(poller, 7, MIO_WRITABLE),
	    "reset, only writable as interest: writable");
	ok(spins(poller) <= (on_illumos() ? 1 : 0), "and silence");
	close_source(&a);
}

static void
refused(struct mio_poller *poller)
{
	struct sockaddr_storage addr;
	struct mio_source a;
	mio_socklen len;
	uint32_t seen;

	refusing_addr(&addr, &len);
	if (mio_tcp_connect(&a, (struct sockaddr *)&addr, len, 0) < 0) {
		is(mio_errno(), ECONNREFUSED, "refused at once");
		return;
	}
	reg(poller, &a, 8, BOTH);
	seen = wait_token(poller, 8, MIO_WRITABLE);
	ok(seen & MIO_WRITABLE, "refused: writable");
	ok(broken_hint(poller, 8, seen), "refused: a hint indicates it");
	is(spins(poller), 0, "refused: one event, then silence");
	fails(mio_source_take_error(&a), ECONNREFUSED,
	    "refused: take_error returns ECONNREFUSED");
	if (on_selector("afd"))
		tap_skip(1, "Winsock doesn't clear an error when it is read");
	else
		is(mio_source_take_error(&a), 0, "only once");
	is(spins(poller), 0, "refused, and the error taken: silence");
	close_source(&a);
}

static void
reader_closes(struct mio_poller *poller)
{
	struct mio_source reader, writer;
	uint32_t seen;
	char byte = 0;

	if (on_selector("afd")) {
		tap_skip(8, "Windows: unnamed pipes can't be waited for");
		return;
	}
	pipe_pair(&reader, &writer);
	reg(poller, &writer, 9, MIO_WRITABLE);
	wait_token(poller, 9, MIO_WRITABLE);
	fill(&writer);
	is(quiet(poller), 0, "a full pipe: nothing");
	close_source(&reader);
	seen = wait_token(poller, 9, MIO_WRITABLE);
	ok(seen & MIO_WRITABLE, "a pipe's reader closed: writable");
	ok(seen & (MIO_ERROR | MIO_WRITE_CLOSED),
	    "a pipe's reader closed: a hint indicates it");
	is(spins(poller), 0, "a pipe's reader closed: one event, then silence");
	fails(mio_source_write(&writer, &byte, 1), EPIPE,
	    "a write fails with EPIPE");
	is(spins(poller), 0, "and silence");
	rereg(poller, &writer, 10, MIO_WRITABLE);
	ok(comes(poller, 10, MIO_WRITABLE), "reregistered: writable again");
	close_source(&writer);
	pipe_pair(&reader, &writer);
	close_source(&reader);
	reg(poller, &writer, 11, MIO_WRITABLE);
	seen = wait_token(poller, 11, MIO_WRITABLE);
	ok(seen & MIO_WRITABLE, "registered after the reader closed: writable");
	/* Linux reports OUT with ERR. */
	ok(seen & MIO_WRITE_CLOSED,
	    "registered after the reader closed: the hint write_closed");
	close_source(&writer);
}

static void
writer_closes(struct mio_poller *poller)
{
	struct mio_source reader, writer;
	char buf[16];
	uint32_t seen;

	if (on_selector("afd")) {
		tap_skip(5, "Windows: unnamed pipes can't be waited for");
		return;
	}
	pipe_pair(&reader, &writer);
	reg(poller, &reader, 12, MIO_READABLE);
	put_text(&writer, "last");
	close_source(&writer);
	seen = wait_token(poller, 12, MIO_READABLE | MIO_READ_CLOSED);
	ok(seen & MIO_READABLE, "a pipe's writer closed: readable");
	ok(seen & MIO_READ_CLOSED,
	    "a pipe's writer closed: the hint read_closed");
	is(read_soon(&reader, buf, 4), 4, "the data is read first");
	is(read_soon(&reader, buf, sizeof(buf)), 0, "then end of file");
	/*
	 * A kqueue reports end of file again when the last data of a pipe is
	 * read.
	 */
	ok(spins(poller) <= (on_selector("kqueue") ? 1 : 0),
	    "a pipe's writer closed: silence");
	close_source(&reader);
}

/*
 * The exception in the table: Linux reports OUT and HUP for a TCP socket that
 * was never connected.  If it is connected later, that must still be reported.
 */
static void
unconnected(struct mio_poller *poller)
{
	struct mio_source listener, a;
	struct sockaddr_storage addr;
	mio_socklen len;
	int result;

	listen_loopback(&listener, &addr, &len);
	need(mio_source_from_fd(&a, socket(AF_INET, SOCK_STREAM, 0)) == 0);
	need(mio_source_set_nonblocking(&a, 1) == 0);
	reg(poller, &a, 13, BOTH);
#ifdef __linux__
	if (!on_selector("kqueue"))
		ok((wait_token(poller, 13, BOTH) & (BOTH | MIO_READ_CLOSED)) ==
		    (BOTH | MIO_READ_CLOSED),
		    "an unconnected TCP socket: Linux's OUT and HUP");
#endif
	/* Drop what comes first; only repeated events are wrong. */
	quiet(poller);
	is(spins(poller), 0, "an unconnected TCP socket: silence");
	result = connect(mio_source_fd(&a), (struct sockaddr *)&addr, len);
	need(result == 0 || errno == EINPROGRESS);
	need(mio_source_would_block(&a, MIO_WRITABLE) == 0);
	ok(comes(poller, 13, MIO_WRITABLE),
	    "connected later, after would_block: writable");
	is(mio_source_take_error(&a), 0, "and no error");
	close_source(&a);
	close_source(&listener);
}

/*
 * Registered, then connected, without a poll in between: the connection is
 * reported, and so is what the peer sends.  The page advises to reregister.
 */
static void
connected_later(struct mio_poller *poller, bool advised, const char *what)
{
	struct mio_source listener, a, b;
	struct sockaddr_storage addr;
	mio_socklen len;
	int result;

	listen_loopback(&listener, &addr, &len);
	need(mio_source_from_fd(&a, socket(AF_INET, SOCK_STREAM, 0)) == 0);
	need(mio_source_set_nonblocking(&a, 1) == 0);
	reg(poller, &a, 13, BOTH);
	result = connect(mio_source_fd(&a), (struct sockaddr *)&addr, len);
	need(result == 0 || errno == EINPROGRESS);
	if (advised)
		rereg(poller, &a, 13, BOTH);
	accept_soon(&listener, &b);
	is(wait_token(poller, 13, MIO_WRITABLE), MIO_WRITABLE,
	    "%s: writable, and no more", what);
	is(mio_source_take_error(&a), 0, "%s: no error", what);
	put_text(&b, "x");
	ok(comes(poller, 13, MIO_READABLE), "%s: readable", what);
	is(drain(&a), 1, "%s: the byte", what);
	close_source(&a);
	close_source(&b);
	close_source(&listener);
}

/* Waits for one event, up to PATIENCE. */
static struct mio_event
next_event(struct mio_poller *poller)
{
	struct mio_event event = { 0, 0, 0 };

	need(mio_poll(poller, &event, 1, PATIENCE * tap_slow()) == 1);
	return event;
}

static void
urgent(struct mio_poller *poller)
{
	struct mio_event event;
	struct mio_source a, b;
	char text[128];

	tcp_pair(&a, &b);
	if (mio_register(poller, &a, 14, MIO_READABLE | MIO_PRIORITY) < 0) {
		is(mio_errno(), ENOTSUP,
		    "this selector doesn't support priority");
		close_source(&a);
		close_source(&b);
		return;
	}
	need(send(mio_source_fd(&b), "!", 1, MSG_OOB) == 1);
	event = next_event(poller);
	is(event.token, 14, "an urgent byte: an event");
	ok(mio_event_is_priority(&event), "an urgent byte: priority");
	ok(!mio_event_is_readable(&event),
	    "an urgent byte alone is not readable");
	ok(mio_event_format(&event, text, sizeof(text)) > 0 &&
	    strstr(text, "priority") != NULL, "and printed: %s", text);
	is(spins(poller), 0, "an urgent byte: one event");
	put_text(&b, "x");
	ok(comes(poller, 14, MIO_READABLE), "data behind it: readable");
	close_source(&a);
	close_source(&b);
}

enum { IN = 1, PRI = 2, OUT = 4, ERR = 8, HUP = 16, RDHUP = 32 };

/* The rules, one after the other, as mio_event(3) has them. */
static uint32_t
expected(int mask)
{
	uint32_t bits = 0;

	if (mask & (IN | RDHUP | HUP | ERR))
		bits |= MIO_READABLE;
	if (mask & (OUT | HUP | ERR))
		bits |= MIO_WRITABLE;
	if (mask & PRI)
		bits |= MIO_PRIORITY;
	if (mask & ERR)
		bits |= MIO_ERROR;
	if (mask & (HUP | RDHUP))
		bits |= MIO_READ_CLOSED;
	if ((mask & HUP) || (mask & (OUT | ERR)) == (OUT | ERR) || mask == ERR)
		bits |= MIO_WRITE_CLOSED;
	return bits;
}

static void
table(void)
{
	int mask, wrong = 0;

	for (mask = 0; mask < 64; mask++) {
		uint32_t got = MIO_READINESS(mask & IN, mask & PRI,
		    mask & OUT, mask & ERR, mask & HUP, mask & RDHUP);

		if (got == expected(mask))
			continue;
		wrong++;
		tap_diag("mask %#x: %#x, want %#x", (unsigned int)mask,
		    (unsigned int)got, (unsigned int)expected(mask));
	}
	is(wrong, 0, "read_closed and write_closed for each raw mask");
	is(MIO_READINESS(0, 1, 0, 0, 0, 0), MIO_PRIORITY,
	    "PRI alone is priority and nothing else");
	is(MIO_READINESS(0, 0, 0, 0, 0, 1) & MIO_WRITABLE, 0,
	    "RDHUP alone leaves writing alone");
}

/*
 * Does the text have the length that was returned, and is it truncated
 * correctly?
 */
static bool
prints(const struct mio_event *event)
{
	char text[256], cut[16];
	int len = mio_event_format(event, text, sizeof(text));
	size_t size;

	if (len <= 0 || strlen(text) != (size_t)len ||
	    mio_event_format(event, NULL, 0) != len)
		return false;
	for (size = 1; size <= sizeof(cut); size++) {
		memset(cut, 'x', sizeof(cut));
		if (mio_event_format(event, cut, size) != len ||
		    strlen(cut) != size - 1 || memcmp(text, cut, size - 1) != 0)
			return false;
	}
	return true;
}

static void
formats(void)
{
	struct mio_event event = { 5, 0, 0 };
	char text[256];
	int wrong = 0, bit;

	for (event.readiness = 0; event.readiness < 0x1000; event.readiness++)
		wrong += !prints(&event);
	is(wrong, 0, "every mask of readiness is printed");
	event.readiness = MIO_PRIORITY;
	for (event.native = 0; event.native < 0x4000; event.native++)
		wrong += !prints(&event);
	for (bit = 0; bit < 32; bit++) {
		event.native = UINT32_C(1) << bit;
		wrong += !prints(&event);
	}
	is(wrong, 0, "every mask of the kernel's is printed");
	event.readiness = MIO_READABLE | MIO_READ_CLOSED;
	event.native = 0;
	need(mio_event_format(&event, text, sizeof(text)) > 0);
	is_str(text, "token=5 readable|read_closed native=none", "as text");
	event.readiness = event.native = UINT32_MAX;
	event.token = UINTPTR_MAX;
	ok(prints(&event), "all bits of all fields are printed");
	fails(mio_event_format(NULL, text, sizeof(text)), EINVAL, "no event");
	fails(mio_event_format(&event, NULL, 1), EINVAL, "no buffer");
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	poller = new_poller();
	peer_closes(poller);
	unread(poller);
	half_close(poller);
	all_undrained(poller);
	undrained_modes(poller);
	own_half_close(poller);
	reset_by_peer(poller);
	refused(poller);
	reader_closes(poller);
	writer_closes(poller);
	unconnected(poller);
	connected_later(poller, true, "connected and reregistered");
	connected_later(poller, false, "PORT-9: connected");
	urgent(poller);
	table();
	formats();
	mio_poller_free(poller);
	return tap_done();
}
