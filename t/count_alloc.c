/*
 * Checks that registering, polling, I/O, waking, connecting and accepting
 * allocate no memory once the poller is warm.
 */
#include "config.h"

#include <sys/uio.h>

#include <stdlib.h>

#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

#define PAIRS	100

static struct mio_source left[PAIRS], right[PAIRS];
static struct mio_event events[2 * PAIRS];

/* Registers, writes, polls, reads, reregisters, wakes and deregisters. */
static void
work(struct mio_poller *poller, struct mio_waker *waker)
{
	char buf[64] = "";
	struct iovec iov = { buf, sizeof(buf) };
	int i;

	for (i = 0; i < PAIRS; i++) {
		reg(poller, &left[i], (mio_token)i, MIO_READABLE);
		need(mio_source_write(&right[i], "hello", 5) == 5);
	}
	need(mio_waker_wake(waker) == 0);
	for (i = 0; i <= PAIRS;)
		i += mio_poll(poller, events, 2 * PAIRS, PATIENCE);
	for (i = 0; i < PAIRS; i++) {
		need(mio_source_readv(&left[i], &iov, 1) == 5);
		need(mio_source_read(&left[i], buf, sizeof(buf)) == -1);
		need(mio_source_writev(&left[i], &iov, 1) > 0);
		rereg(poller, &left[i], 1, MIO_READABLE | MIO_WRITABLE);
	}
	need(mio_poll(poller, events, 2 * PAIRS, PATIENCE) > 0);
	for (i = 0; i < PAIRS; i++) {
		(void)drain(&right[i]);
		dereg(poller, &left[i]);
	}
}

static void
connect_and_close(struct mio_poller *poller)
{
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	close_source(&a);
	close_source(&b);
}

/* Three wakers at a time, of which two are freed before they are reported. */
static void
make_wakers(struct mio_poller *poller)
{
	struct mio_waker *wakers[3];
	int i;

	for (i = 0; i < 3; i++) {
		need((wakers[i] = mio_waker_new(poller, 1)) != NULL);
		need(mio_waker_wake(wakers[i]) == 0);
	}
	mio_waker_free(wakers[0]);
	mio_waker_free(wakers[2]);
	need(mio_poll(poller, events, 2 * PAIRS, PATIENCE) == 1);
	mio_waker_free(wakers[1]);
}

int
main(void)
{
	struct mio_poller *poller;
	struct mio_waker *waker;
	void *volatile p;
	int i;

	tap_start();
	poller = new_poller();
	need((waker = mio_waker_new(poller, 1000)) != NULL);
	for (i = 0; i < PAIRS; i++)
		tcp_pair(&left[i], &right[i]);
	work(poller, waker);
	connect_and_close(poller);
	make_wakers(poller);

	wrap_reset();
	p = malloc(1);
	free(p);
	is(wrap_allocations(), 1, "an allocation is counted");
	wrap_reset();
	for (i = 0; i < 10; i++)
		work(poller, waker);
	is(wrap_allocations(), 0,
	    "none in register, reregister, deregister, poll, I/O, wake");
	for (i = 0; i < 10; i++)
		connect_and_close(poller);
	is(wrap_allocations(), 0, "none in connect, accept, close");
	for (i = 0; i < 10; i++)
		make_wakers(poller);
	is(wrap_allocations(), 0, "none for a waker after one was freed");
	for (i = 0; i < PAIRS; i++) {
		close_source(&left[i]);
		close_source(&right[i]);
	}
	mio_waker_free(waker);
	mio_poller_free(poller);
	return tap_done();
}
