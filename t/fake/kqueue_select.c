/*
 * The kqueue selector, where only the fake can lead it: an event that went
 * with a cancelled thread, asynchronous I/O that has completed, notes that are
 * left, and too much room.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake_kqueue.h"
#include "internal.h"
#include "../lib/tap.h"
#include "../lib/util.h"

static struct mio_poller *poller;
static struct mio_event events[8];

static struct mio_waker *
new_waker(mio_token token)
{
	struct mio_waker *waker = mio_waker_new(poller, token);

	need(waker != NULL);
	return waker;
}

/*
 * Takes the event of a wake along, and what tells of it, as a thread does
 * that is cancelled between the kernel and the library.
 */
static void
wake_in_vain(struct mio_waker *waker)
{
	struct timespec none = { 0, 0 };
	int kq = mio_poller_fd(poller);
	struct kevent event;
	char byte;

	need(mio_waker_wake(waker) == 0);
	need(kevent(kq, NULL, 0, &event, 1, NULL) == 1);
	/* A pipe's byte would be an event again. */
	if (event.filter == EVFILT_READ)
		need(read((int)event.ident, &byte, 1) == 1);
	need(kevent(kq, NULL, 0, &event, 1, &none) == 0);
}

static void
taken_along(void)
{
	struct mio_waker *waker = new_waker(5);

	wake_in_vain(waker);
	is(mio_poll(poller, events, 8, MIO_FOREVER), 1,
	    "a wake whose event is lost: the next wait has it");
	is(events[0].token, 5, "its token");
	is(quiet(poller), 0, "once");
	need(mio_waker_wake(waker) == 0);
	is(mio_poll(poller, events, 8, PATIENCE), 1, "and it can wake again");
	mio_waker_free(waker);
}

static void *
write_later(void *arg)
{
	sleep_msec(20);
	put_text(arg, "x");
	return NULL;
}

/* Pending, and nothing to report: as if another waiter had been faster. */
static void
taken_by_another(void)
{
	struct mio_waker *waker = new_waker(6);
	struct mio_source a, b;
	pthread_t thread;

	unix_pair(&a, &b);
	reg(poller, &a, 7, MIO_READABLE);
	wake_in_vain(waker);
	mio_waker_free(waker);
	thread = start_thread(write_later, &b);
	is(mio_poll(poller, events, 8, MIO_FOREVER), 1,
	    "nothing is left of what was pending: an infinite wait goes on");
	is(events[0].token, 7, "until there is an event");
	join_thread(thread);
	close_source(&a);
	close_source(&b);
}

/* What the kernel does when the request of this number is over. */
static void
complete(int request, int filter, mio_token token)
{
	need(fake_kqueue_post(mio_poller_fd(poller), (uintptr_t)request,
	    filter, EV_ONESHOT, 0, (void *)token) == 0);
}

static int
with(mio_token token, uint32_t readiness, int n)
{
	int i, found = 0;

	for (i = 0; i < n; i++)
		found += events[i].token == token &&
		    events[i].readiness == readiness;
	return found;
}

static void
aio(void)
{
	char text[64];

	complete(5, EVFILT_AIO, 7);
	is(mio_poll(poller, events, 8, MIO_FOREVER), 1, "a finished read");
	is(events[0].token, 7, "the token is the request's value");
	is(events[0].readiness, MIO_AIO, "it is AIO and nothing else");
	ok(mio_event_is_aio(&events[0]) && !mio_event_is_lio(&events[0]),
	    "the accessors say so");
	need(mio_event_format(&events[0], text, sizeof(text)) > 0);
	is_str(text, "token=7 aio native=AIO", "formatted");
	is(poll_now(poller, events, 8), 0, "once");
}

#ifdef EVFILT_LIO
static void
lio(void)
{
	complete(6, EVFILT_LIO, 8);
	is(mio_poll(poller, events, 8, MIO_FOREVER), 1, "a finished list");
	is(with(8, MIO_LIO, 1), 1, "its token; LIO and nothing else");
	is(poll_now(poller, events, 8), 0, "once");
}
#else
static void
lio(void)
{
	struct mio_source a, b;

	unix_pair(&a, &b);
	fails(mio_register(poller, &a, 1, MIO_LIO), ENOTSUP,
	    "no lists in this header: ENOTSUP");
	close_source(&a);
	close_source(&b);
}
#endif

/*
 * A request's number is an address of its own, which may be any number: it
 * is never taken for a descriptor, and requests of one token are not merged.
 */
static void
beside_a_source(void)
{
	struct mio_source a, b;
	int n;

	unix_pair(&a, &b);
	reg(poller, &a, 7, MIO_READABLE);
	put_text(&b, "x");
	complete(mio_source_fd(&a), EVFILT_AIO, 7);
	complete(mio_source_fd(&b), EVFILT_AIO, 7);
	n = poll_now(poller, events, 8);
	is(n, 3, "a source and two requests");
	is(with(7, MIO_READABLE, n), 1, "the source is readable");
	is(with(7, MIO_AIO, n), 2, "each request has its event");
	close_source(&a);
	close_source(&b);
}

/* More than fit are kept. */
static void
small_room(void)
{
	int i, n = 0;

	for (i = 0; i < 3; i++)
		complete(100 + i, EVFILT_AIO, (mio_token)i);
	for (i = 0; i < 3; i++)
		n += poll_now(poller, events, 1);
	is(n, 3, "three requests, one at a time");
	is(poll_now(poller, events, 1), 0, "and no more");
}

/* Deregistered, a source has no notes left, whatever it was. */
static void
no_notes(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_notes(kq);
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	is(fake_kqueue_notes(kq), before + 2, "two directions: two notes");
	rereg(poller, &a, 1, MIO_WRITABLE | MIO_LEVEL);
	is(fake_kqueue_notes(kq), before + 1, "one direction: one note");
	dereg(poller, &a);
	is(fake_kqueue_notes(kq), before, "deregistered: none");
	close_source(&a);
	close_source(&b);
	pipe_pair(&a, &b);
	close_source(&a);
	reg(poller, &b, 2, MIO_WRITABLE);
	is(mio_poll(poller, events, 8, PATIENCE), 1, "no reader: an event");
	is(events[0].token, 2, "no reader: its token");
	ok(mio_event_is_writable(&events[0]), "no reader: writable");
	dereg(poller, &b);
	is(fake_kqueue_notes(kq), before, "a pipe without a reader: none");
	close_source(&b);
}

/* A pipe's writer needs READ to hear of the end; a FIFO's must not have it. */
static void
fifo(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_notes(kq);
	char dir[] = "/tmp/mio-fifo-XXXXXX", path[64];
	struct mio_source a, b;

	need(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/fifo", dir);
	need(mkfifo(path, 0600) == 0);
	need(mio_source_from_fd(&a, open(path, O_RDONLY | O_NONBLOCK)) == 0);
	need(mio_source_from_fd(&b, open(path, O_WRONLY | O_NONBLOCK)) == 0);
	need(unlink(path) == 0 && rmdir(dir) == 0);
	reg(poller, &b, 3, MIO_WRITABLE);
	is(fake_kqueue_notes(kq), before + 1, "a FIFO's writer: one note");
	dereg(poller, &b);
	is(fake_kqueue_notes(kq), before, "a FIFO's writer: none");
	close_source(&a);
	close_source(&b);
	pipe_pair(&a, &b);
	reg(poller, &b, 4, MIO_WRITABLE);
	is(fake_kqueue_notes(kq), before + 2, "a pipe's writer: two notes");
	close_source(&a);
	close_source(&b);
}

/* Some kernels hear nothing where the room is too large (KQ-10). */
static void
much_room(void)
{
	int was = fake_kqueue_quirk("huge_hangs", 1);
	struct mio_source a, b;

	need(was >= 0);
	unix_pair(&a, &b);
	reg(poller, &a, 9, MIO_WRITABLE);
	is(mio_poll(poller, events, INT_MAX, PATIENCE), 1,
	    "room for INT_MAX events: one comes");
	is(events[0].token, 9, "its token");
	close_source(&a);
	close_source(&b);
	(void)fake_kqueue_quirk("huge_hangs", was);
}

int
main(void)
{
	int fds;

	tap_start();
	fds = count_fds();
	poller = new_poller();
	taken_along();
	taken_by_another();
	aio();
	lio();
	beside_a_source();
	small_room();
	no_notes();
	fifo();
	much_room();
	mio_poller_free(poller);
	is(count_fds(), fds, "the descriptor count stays");
	return tap_done();
}
