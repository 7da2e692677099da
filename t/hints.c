/*
 * Checks the table of hints in mio_event(3) against what each selector
 * reports.
 *
 * Hints are not part of the contract, and the table covers the kernels that it
 * names only.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>

#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)
#define CLOSED	(MIO_READ_CLOSED | MIO_WRITE_CLOSED)
#define HINTS	(MIO_PRIORITY | MIO_ERROR | CLOSED)

static struct mio_poller *poller;

/* Collects hints until all expected ones have come, and those that follow. */
static uint32_t
hints(uint32_t expected)
{
	long long end = msec() + 5000 * tap_slow();
	struct mio_event event;
	uint32_t seen = 0;
	int quiet_polls = 0;

	while (quiet_polls < 3 && msec() < end) {
		if (mio_poll(poller, &event, 1, MIO_MSEC(10)) == 1)
			seen |= event.readiness & HINTS;
		else if ((seen & expected) == expected)
			quiet_polls++;
	}
	return seen;
}

/* Whether the page has a column for this selector on this system. */
static bool
has_column(void)
{
#ifdef __linux__
	return !on_illumos();
#else
	return on_selector("kqueue") || on_selector("afd");
#endif
}

/* A row of the page's table, with its three columns. */
static void
row(const char *what, uint32_t others, uint32_t kqueue, uint32_t afd)
{
	uint32_t expected = on_selector("kqueue") ? kqueue :
	    on_selector("afd") ? afd : others;

	if (has_column())
		is(hints(expected), expected, "%s", what);
	else
		tap_skip(1, "%s: the page has no hints of this system's "
		    "poll(2)", what);
}

static void
watch(struct mio_source *source, unsigned int interest)
{
	reg(poller, source, 1, interest);
	(void)quiet(poller);
}

static void
tcp(struct mio_source *a, struct mio_source *b)
{
	tcp_pair(a, b);
	watch(a, BOTH);
}

static void
shut_down(void)
{
	struct mio_source a, b;

	tcp(&a, &b);
	need(mio_tcp_shutdown(&b, MIO_SHUT_WR) == 0);
	row("the peer shuts down its writing", MIO_READ_CLOSED,
	    MIO_READ_CLOSED, MIO_READ_CLOSED);
	need(mio_tcp_shutdown(&a, MIO_SHUT_WR) == 0);
	row("then this end shuts down its writing", CLOSED, CLOSED, 0);
	close_source(&a);
	close_source(&b);

	tcp(&a, &b);
	need(mio_tcp_shutdown(&a, MIO_SHUT_WR) == 0);
	row("this end shuts down its writing", 0, MIO_WRITE_CLOSED, 0);
	close_source(&a);
	close_source(&b);
}

/* TCP whose peer closes with a byte unread. */
static void
close_unread(struct mio_source *a, struct mio_source *b)
{
	put_text(a, "x");
	await_readable(b);
	close_source(b);
}

/* Whether that resets the connection.  BSD sends the end of file instead. */
static bool
resets_unread(void)
{
	struct mio_source a, b;
	ssize_t n;
	char byte;

	tcp_pair(&a, &b);
	close_unread(&a, &b);
	await_readable(&a);
	n = recv(mio_source_fd(&a), &byte, 1, 0);
	need(n == 0 || errno == ECONNRESET);
	close_source(&a);
	return n < 0;
}

static void
closed(void)
{
	uint32_t unread = MIO_ERROR | CLOSED;
	struct mio_source a, b;

	if (!on_selector("afd") && !resets_unread())
		unread = MIO_READ_CLOSED;

	tcp(&a, &b);
	close_source(&b);
	row("the peer closes", MIO_READ_CLOSED, MIO_READ_CLOSED,
	    MIO_READ_CLOSED);
	close_source(&a);

	tcp(&a, &b);
	close_unread(&a, &b);
	row("the peer closes, data unread", unread, unread, unread);
	close_source(&a);

	if (!has_unix(SOCK_STREAM)) {
		tap_skip(1, "this system has no Unix sockets");
		return;
	}
	unix_pair(&a, &b);
	watch(&a, BOTH);
	close_source(&b);
	row("a Unix socket's peer closes", CLOSED, CLOSED, MIO_READ_CLOSED);
	close_source(&a);
}

static void
resets(void)
{
	struct sockaddr_storage addr;
	struct mio_source a, b;
	mio_socklen len;

	tcp(&a, &b);
	reset(&b);
	row("the peer resets the connection", MIO_ERROR | CLOSED,
	    MIO_ERROR | CLOSED, MIO_ERROR | CLOSED);
	close_source(&a);

	refusing_addr(&addr, &len);
	need(mio_tcp_connect(&a, (struct sockaddr *)&addr, len, 0) == 0);
	reg(poller, &a, 1, BOTH);
	row("connection refused", MIO_ERROR | CLOSED, MIO_ERROR | CLOSED,
	    MIO_ERROR | CLOSED);
	close_source(&a);
}

static void
pipes(void)
{
	struct mio_source reader, writer;

	if (on_selector("afd")) {
		tap_skip(2, "Windows: unnamed pipes can't be waited for");
		return;
	}
	pipe_pair(&reader, &writer);
	watch(&reader, MIO_READABLE);
	close_source(&writer);
	row("a pipe's last writer closes", CLOSED, CLOSED, 0);
	close_source(&reader);

	pipe_pair(&reader, &writer);
	watch(&writer, MIO_WRITABLE);
	close_source(&reader);
	row("a pipe's last reader closes", MIO_ERROR | MIO_WRITE_CLOSED,
	    CLOSED, 0);
	close_source(&writer);
}

static void
datagram(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *any;
	struct mio_source a, holder;
	mio_socklen len;

	any = addr_of("127.0.0.1:0", &addr, &len);
	need(mio_udp_bind(&a, any, len, 0) == 0);
	refusing_udp(&holder, &addr, &len);
	need(mio_udp_connect(&a, (struct sockaddr *)&addr, len) == 0);
	watch(&a, BOTH);
	need(mio_udp_send(&a, "x", 1) == 1);
	row("a datagram to a closed port", MIO_ERROR | MIO_WRITE_CLOSED, 0,
	    0);
	close_source(&a);
	close_source(&holder);
}

static void
urgent(void)
{
	struct mio_source a, b;

	tcp_pair(&a, &b);
	if (mio_register(poller, &a, 1, BOTH | MIO_PRIORITY) != 0) {
		is(mio_errno(), ENOTSUP, "urgent data: ENOTSUP, or a hint");
	} else {
		(void)quiet(poller);
		need(send(mio_source_fd(&b), "!", 1, MSG_OOB) == 1);
		row("urgent data comes", MIO_PRIORITY, MIO_PRIORITY,
		    MIO_PRIORITY);
	}
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	tap_start();
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	poller = new_poller();
	shut_down();
	closed();
	resets();
	pipes();
	datagram();
	urgent();
	mio_poller_free(poller);
	return tap_done();
}
