/*
 * Contract 1 and 2: a source that is ready when it is registered or
 * reregistered has an event at the next poll; without activity no other one
 * comes; after EAGAIN or a short count the next change is reported.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

static void
ready_at_registration(struct mio_poller *poller)
{
	struct mio_source a, b;

	tcp_pair(&a, &b);
	put_text(&b, "x");
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	ok((wait_token(poller, 1, MIO_READABLE | MIO_WRITABLE) &
	    (MIO_READABLE | MIO_WRITABLE)) == (MIO_READABLE | MIO_WRITABLE),
	    "ready when registered: an event");
	is(quiet(poller), 0, "no activity: no other event");
	rereg(poller, &a, 2, MIO_READABLE | MIO_WRITABLE);
	ok((wait_token(poller, 2, MIO_READABLE | MIO_WRITABLE) &
	    (MIO_READABLE | MIO_WRITABLE)) == (MIO_READABLE | MIO_WRITABLE),
	    "ready when reregistered: an event, with the new token");
	is(quiet(poller), 0, "and no other event");
	dereg(poller, &a);
	close_source(&a);
	close_source(&b);
}

static void
edges(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[16];
	int i;

	tcp_pair(&a, &b);
	reg(poller, &a, 3, MIO_READABLE);
	is(quiet(poller), 0, "nothing to read: no event");
	for (i = 0; i < 3; i++) {
		put_text(&b, "hello");
		ok(comes(poller, 3, MIO_READABLE), "round %d: readable", i);
		is(drain(&a), 5, "round %d: drained", i);
		is(quiet(poller), 0, "round %d: quiet after EAGAIN", i);
	}
	put_text(&b, "short");
	ok(comes(poller, 3, MIO_READABLE), "readable");
	is(mio_source_read(&a, buf, sizeof(buf)), 5, "a short read");
	put_text(&b, "more");
	ok(comes(poller, 3, MIO_READABLE), "a short read counts as drained");
	is(drain(&a), 4, "drained");
	close_source(&a);
	close_source(&b);
}

/* The data was read, although no call returned EAGAIN. */
static void
read_meanwhile(struct mio_poller *poller)
{
	struct mio_source a, b;
	char byte;

	tcp_pair(&a, &b);
	reg(poller, &a, 5, MIO_READABLE);
	is(quiet(poller), 0, "nothing to read");
	put_text(&b, "x");
	sleep_msec(20);
	is(mio_source_read(&a, &byte, 1), 1, "read without polling");
	rereg(poller, &a, 5, MIO_READABLE);
	is(quiet(poller), 0, "reregistered, not readable: no event");
	put_text(&b, "y");
	ok(comes(poller, 5, MIO_READABLE), "new data is an event");
	close_source(&a);
	close_source(&b);
}

static void
writable_edge(struct mio_poller *poller)
{
	struct mio_source a, b;
	size_t filled;

	tcp_pair(&a, &b);
	reg(poller, &a, 4, MIO_WRITABLE);
	ok(comes(poller, 4, MIO_WRITABLE), "writable when registered");
	is(quiet(poller), 0, "once");
	filled = fill_up(&a);
	ok(filled > 0, "filled the buffer: %zu bytes", filled);
	is(quiet(poller), 0, "full: no event");
	while (filled > 0) {
		size_t n = drain(&b);

		need(n <= filled);
		filled -= n;
		if (n == 0)
			sleep_msec(1);
	}
	ok(comes(poller, 4, MIO_WRITABLE), "drained: writable again");
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	ready_at_registration(poller);
	edges(poller);
	read_meanwhile(poller);
	writable_edge(poller);
	mio_poller_free(poller);
	return tap_done();
}
