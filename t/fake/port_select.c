/*
 * The event ports selector in states that only the fake can produce: a port at
 * its limit, events returned with an error, stale events.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include <port.h>

#include "internal.h"
#include "port_fake.h"
#include "../lib/tap.h"
#include "../lib/util.h"

#define MANY	50

static struct mio_event events[MANY];

static unsigned int
slots(const struct mio_poller *poller)
{
	return port_fake_slots(poller->channel_fd[0]);
}

static struct mio_waker *
new_waker(struct mio_poller *poller, mio_token token)
{
	struct mio_waker *waker = mio_waker_new(poller, token);

	need(waker != NULL);
	return waker;
}

static struct mio_poller *
small_poller(unsigned int limit)
{
	struct mio_poller *poller;

	port_fake_limit(limit);
	poller = new_poller();
	port_fake_limit(0);
	return poller;
}

/* Registrations and wakes share one limit. */
static void
full(void)
{
	struct mio_poller *poller = small_poller(3);
	struct mio_waker *waker = new_waker(poller, 9);
	struct mio_source a, b, c, d;

	unix_pair(&a, &b);
	unix_pair(&c, &d);
	reg(poller, &a, 1, MIO_READABLE);
	reg(poller, &b, 2, MIO_READABLE);
	reg(poller, &c, 3, MIO_READABLE);
	fails(mio_register(poller, &d, 4, MIO_READABLE), ENOSPC,
	    "a full port: register fails with ENOSPC");
	fails(mio_waker_wake(waker), EAGAIN,
	    "a full port: wake fails with EAGAIN");
	fails(mio_waker_wake(waker), EAGAIN, "and fails again");
	is(poll_now(poller, events, 4), 1,
	    "the next poll returns the wake nevertheless");
	is(events[0].token, 9, "with its token");
	is(poll_now(poller, events, 4), 0, "once");
	fails(mio_waker_wake(waker), EAGAIN, "refused again");
	rereg(poller, &a, 5, MIO_READABLE | MIO_WRITABLE);
	ok(wait_token(poller, 5, MIO_WRITABLE), "reregistering works");
	fails(mio_waker_wake(waker), EAGAIN, "an event frees no slot");
	dereg(poller, &a);
	is(mio_waker_wake(waker), 0, "deregistering does: a wake succeeds");
	ok(wait_token(poller, 9, MIO_READABLE), "and its event");
	mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
	close_source(&c);
	close_source(&d);
	mio_poller_free(poller);
}

/* One packet is queued for any number of wakes and wakers. */
static void
one_packet(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *wakers[MANY];
	int failed = 0, most = 0, seen = 0;
	int i, n;

	for (i = 0; i < MANY; i++)
		wakers[i] = new_waker(poller, (mio_token)i);
	for (i = 0; i < 100000; i++)
		failed += mio_waker_wake(wakers[i % MANY]) != 0;
	is(failed, 0, "100,000 wakes of 50 wakers without a poll");
	is(slots(poller), 1, "PORT-5: all wakes are one packet");
	is(poll_now(poller, events, MANY), MANY, "and 50 events");
	is(slots(poller), 0, "which empty the queue");
	for (i = 0; i < 1000; i++) {
		failed += mio_waker_wake(wakers[0]) != 0;
		failed += mio_waker_wake(wakers[1]) != 0;
		while ((n = poll_now(poller, events, 1)) > 0)
			seen += n;
		if ((int)slots(poller) > most)
			most = (int)slots(poller);
	}
	is(seen, 2000, "two wakes at a time, room for one: each is reported");
	is(most, 0, "and no packet is left");
	for (i = 0; i < MANY; i++)
		mio_waker_free(wakers[i]);
	mio_poller_free(poller);
}

/*
 * The packet may be queued behind sources that are always ready.  A poll
 * returns all pending wakers without it, and no second packet is sent
 * meanwhile.
 */
static void
packet_behind(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = new_waker(poller, 9);
	struct mio_source a, b;
	unsigned int most = 0;
	int i, k, woken = 0;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_WRITABLE | MIO_LEVEL);
	reg(poller, &b, 2, MIO_WRITABLE | MIO_LEVEL);
	for (i = 0; i < 1000; i++) {
		need(mio_waker_wake(waker) == 0);
		for (k = 0; k < 2; k++) {
			need(poll_now(poller, events, 1) == 1);
			woken += events[0].token == 9;
		}
		if (slots(poller) > most)
			most = slots(poller);
	}
	ok(woken >= 990, "a waker among busy sources: %d of 1,000", woken);
	ok(most <= 3, "and %u slots at most", most);
	mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

static void
take_byte(const struct mio_source *source)
{
	char c;

	need(read(mio_source_fd(source), &c, 1) == 1);
}

/* The reason for an event vanishes while it is queued. */
static void
stale_event(unsigned int mode)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | mode);
	put_text(&b, "x");
	port_fake_look(poller->channel_fd[0]);
	take_byte(&a);
	need(mio_source_would_block(&a, MIO_READABLE) == 0);
	is(poll_now(poller, events, 4), 0,
	    "would_block called: an earlier event isn't reported");
	put_text(&b, "x");
	is(poll_now(poller, events, 4), 1, "a later event is");
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

/*
 * A level source that is due has no more events when its descriptor is closed
 * with close(2).
 */
static void
closed_directly(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b, c, d;

	unix_pair(&a, &b);
	unix_pair(&c, &d);
	reg(poller, &a, 1, MIO_READABLE | MIO_LEVEL);
	reg(poller, &c, 2, MIO_READABLE | MIO_LEVEL);
	put_text(&b, "x");
	put_text(&d, "x");
	is(poll_now(poller, events, 4), 2, "two level sources");
	need(close(mio_source_fd(&a)) == 0);
	is(poll_now(poller, events, 4), 1,
	    "one is closed with close(2): one event");
	is(events[0].token, 2, "of the other");
	dereg(poller, &c);
	is(mio_poll(poller, events, 4, 0), 0, "and no error is returned");
	is(mio_deregister(poller, &a), 0, "the closed one can be deregistered");
	need(mio_source_release(&a) >= 0);
	close_source(&b);
	close_source(&c);
	close_source(&d);
	mio_poller_free(poller);
}

/*
 * Forges events of earlier associations, as a waiter has one that it retrieved
 * before another thread's call.
 */
static int
forge(struct mio_poller *poller, const struct mio_source *source,
    uintptr_t rounds)
{
	uintptr_t index, round;
	int n = 0;

	/* Also numbers of records that never existed: they are ignored, too. */
	for (index = 0; index < 70; index++) {
		for (round = 0; round < rounds; round++) {
			need(port_associate(poller->channel_fd[0],
			    PORT_SOURCE_FD,
			    (uintptr_t)mio_source_fd(source), POLLIN,
			    (void *)(index << 16 | round)) == 0);
			n += poll_now(poller, events, 4);
		}
	}
	return n;
}

static void
stale_associations(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b, c, d;

	unix_pair(&a, &b);
	unix_pair(&c, &d);
	put_text(&d, "x");
	reg(poller, &a, 1, MIO_READABLE);
	rereg(poller, &a, 1, MIO_READABLE);
	is(forge(poller, &c, 2), 0,
	    "PORT-4: an event of an earlier association is ignored");
	put_text(&b, "x");
	is(poll_now(poller, events, 4), 1,
	    "an event of the current one is reported");
	is(events[0].token, 1, "with its token");
	dereg(poller, &a);
	is(forge(poller, &c, 8), 0,
	    "PORT-4: an event of a deregistered source is ignored");
	close_source(&a);
	close_source(&b);
	close_source(&c);
	close_source(&d);
	mio_poller_free(poller);
}

/* Busy sources, a small array, and a source that becomes ready once. */
static void
starving(void)
{
	struct mio_source busy[MANY], a, b;
	struct mio_poller *poller = new_poller();
	int fds[2], i, polls = 0, seen = 0;

	for (i = 0; i < MANY; i++) {
		need(pipe(fds) == 0 && close(fds[0]) == 0);
		need(mio_source_from_fd(&busy[i], fds[1]) == 0);
		reg(poller, &busy[i], 1, MIO_WRITABLE | MIO_LEVEL);
	}
	unix_pair(&a, &b);
	reg(poller, &a, 2, MIO_READABLE);
	need(poll_now(poller, events, 4) == 4);
	put_text(&b, "x");
	for (; polls < 2 * MANY && seen == 0; polls++) {
		need(poll_now(poller, events, 4) == 4);
		for (i = 0; i < 4; i++)
			seen += events[i].token == 2;
	}
	ok(seen > 0, "PORT-2: 50 busy sources and a quiet one: %d polls",
	    polls);
	for (i = 0; i < MANY; i++)
		close_source(&busy[i]);
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

/* Events returned together with an error, and errors without events. */
static void
hammer(unsigned int quirks, const char *name)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = new_waker(poller, 9);
	struct mio_source a, b;
	int i, lost = 0, empty = 0;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	port_fake_quirks(quirks);
	for (i = 0; i < 1000; i++) {
		put_text(&b, "x");
		lost += mio_poll(poller, events, 4, i % 2 * MIO_MSEC(1)) != 1;
		lost += events[0].token != 1;
		lost += drain(&a) != 1;
		empty += poll_now(poller, events, 4);
		lost += mio_waker_wake(waker) != 0;
		lost += poll_now(poller, events, 4) != 1;
	}
	is(lost, 0, "PORT-3: %s: no event is lost", name);
	is(empty, 0, "PORT-3: %s: no event is invented", name);
	is(mio_poll(poller, events, 4, MIO_MSEC(1)), 0, "%s: time is over",
	    name);
	port_fake_quirks(0);
	mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

static void *
wait_for_ever(void *arg)
{
	struct mio_event event;

	while (mio_poll(arg, &event, 1, MIO_FOREVER) < 0 && errno == EINTR)
		continue;
	return NULL;
}

/* A cancelled thread's wait is merely interrupted. */
static void
cancelled(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = new_waker(poller, 9);
	pthread_t thread;

	port_fake_quirks(PORT_FAKE_SLICES);
	thread = start_thread(wait_for_ever, poller);
	sleep_msec(30);
	need(pthread_cancel(thread) == 0);
	ok(join_thread(thread) == PTHREAD_CANCELED, "an interrupted wait is a "
	    "cancellation point");
	port_fake_quirks(0);
	need(mio_waker_wake(waker) == 0);
	is(mio_poll(poller, events, 4, PATIENCE), 1, "the poller is usable");
	mio_waker_free(waker);
	mio_poller_free(poller);
}

static void *
end_alert(void *port)
{
	sleep_msec(20);
	need(port_alert(*(int *)port, PORT_ALERT_SET, 0, NULL) == 0);
	return NULL;
}

/* The program has put its port into alert mode. */
static void
alerted(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;
	int port = mio_poller_fd(poller);
	pthread_t thread;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_WRITABLE);
	need(port_alert(port, PORT_ALERT_SET, 1, NULL) == 0);
	thread = start_thread(end_alert, &port);
	is(mio_poll(poller, events, 4, PATIENCE), 1,
	    "an event of the program's own is skipped");
	is(events[0].token, 1, "and a source's is returned");
	join_thread(thread);
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

/* The only event, or 0. */
static uint32_t
only_event(struct mio_poller *poller)
{
	return mio_poll(poller, events, 4, MIO_MSEC(100)) == 1 ?
	    events[0].readiness : 0;
}

/* An illumos Unix socket wakes a port with an error that it does not have. */
static void
false_errors(unsigned int mode)
{
	const uint32_t closed = MIO_READABLE | MIO_WRITABLE | MIO_READ_CLOSED |
	    MIO_WRITE_CLOSED;
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | mode);
	need(mio_unix_shutdown(&a, MIO_SHUT_WR) == 0);
	is(poll_now(poller, events, 4), 0,
	    "PORT-6: a Unix socket shuts down its writing: no event");
	put_text(&b, "x");
	is(only_event(poller), MIO_READABLE, "PORT-6: its peer writes");
	is(drain(&a), 1, "PORT-6: the byte");
	close_source(&b);
	is(only_event(poller), closed,
	    "PORT-6: the peer closes: closed, without an error");
	close_source(&a);
	mio_poller_free(poller);
}

/* Where only the end of a stream is awaited, it comes as IN after the error. */
static void
end_after_error(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;
	char c;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	put_text(&b, "x");
	is(only_event(poller), MIO_READABLE, "PORT-6: data");
	need(mio_source_read(&a, &c, 1) == 1);
	need(poll_now(poller, events, 4) == 0);
	port_fake_wake(mio_source_fd(&a), POLLERR);
	is(poll_now(poller, events, 4), 0,
	    "PORT-6: read exactly, and a false error: no event");
	need(mio_unix_shutdown(&b, MIO_SHUT_WR) == 0);
	is(only_event(poller), MIO_READABLE, "PORT-6: then the end: readable");
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

/* The hang-up of a reset, which poll(2) does not return beside IN. */
static void
reset_once(unsigned int mode)
{
	const uint32_t closed = MIO_READABLE | MIO_WRITABLE | MIO_READ_CLOSED |
	    MIO_WRITE_CLOSED;
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | mode);
	need(poll_now(poller, events, 4) == 0);
	reset(&b);
	is(only_event(poller), closed, "a reset: closed, in one event");
	is(poll_now(poller, events, 4), 0, "and no other event");
	close_source(&a);
	mio_poller_free(poller);
}

static void
urgent(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_PRIORITY);
	need(send(mio_source_fd(&b), "!", 1, MSG_OOB) == 1);
	is(only_event(poller), MIO_PRIORITY, "PORT-7: urgent data: priority");
	is(poll_now(poller, events, 4), 0, "PORT-7: once");
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

/* As mio_poller_fd(3) says. */
static void
closed_duplicate(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = new_waker(poller, 9);
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	need(close(dup(mio_poller_fd(poller))) == 0);
	put_text(&b, "x");
	is(poll_now(poller, events, 4), 0,
	    "PORT-8: a duplicate of the port is closed: a source is silent");
	need(mio_waker_wake(waker) == 0);
	is(poll_now(poller, events, 4), 1, "PORT-8: a waker isn't");
	rereg(poller, &a, 2, MIO_READABLE);
	is(poll_now(poller, events, 4), 1, "PORT-8: nor a reregistered source");
	mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

/* close(2) ends an association, also if an event is queued or retrieved. */
static void
closing(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b, c, d;
	int copy;

	unix_pair(&a, &b);
	unix_pair(&c, &d);
	reg(poller, &a, 1, MIO_READABLE);
	reg(poller, &c, 2, MIO_READABLE | MIO_WRITABLE);
	need((copy = dup(mio_source_fd(&a))) >= 0);
	need(poll_now(poller, events, 4) == 1);
	put_text(&b, "x");
	port_fake_look(poller->channel_fd[0]);
	is(slots(poller), 2, "PORT-11: two sources");
	close_source(&a);
	close_source(&c);
	is(slots(poller), 0, "PORT-11: closed: no slot is left");
	need(close(copy) == 0);
	unix_pair(&c, &a);
	put_text(&c, "x");
	put_text(&a, "x");
	is(poll_now(poller, events, 4), 0,
	    "PORT-11: nor an event, though their numbers are used again");
	close_source(&a);
	close_source(&c);
	close_source(&b);
	close_source(&d);
	mio_poller_free(poller);
}

int
main(void)
{
	tap_start();
	full();
	one_packet();
	packet_behind();
	stale_event(0);
	stale_event(MIO_LEVEL);
	stale_event(MIO_ONESHOT);
	closed_directly();
	stale_associations();
	starving();
	hammer(PORT_FAKE_LATE, "with ETIME");
	hammer(PORT_FAKE_EINTR, "with EINTR");
	hammer(PORT_FAKE_UNTOUCHED, "nget untouched");
	hammer(PORT_FAKE_ETIME, "ETIME at once");
	hammer(PORT_FAKE_UNTOUCHED | PORT_FAKE_ETIME | PORT_FAKE_LATE, "all");
	cancelled();
	alerted();
	closed_duplicate();
	closing();
	port_fake_quirks(PORT_FAKE_ILLUMOS);
	false_errors(0);
	false_errors(MIO_LEVEL);
	end_after_error();
	reset_once(0);
	reset_once(MIO_ONESHOT);
	urgent();
	return tap_done();
}
