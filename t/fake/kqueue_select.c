/*
 * The kqueue selector in states that only the fake can produce: an event lost
 * with a cancelled thread, completed asynchronous I/O, knotes that are left,
 * and too much room.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>

#include <errno.h>
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
 * Wakes, and takes the event away from the library, like a thread that is
 * cancelled between the kernel and the library.
 */
static void
lose_wake(struct mio_waker *waker)
{
	struct timespec none = { 0, 0 };
	int kq = mio_poller_fd(poller);
	struct kevent event;
	char byte;

	need(mio_waker_wake(waker) == 0);
	need(kevent(kq, NULL, 0, &event, 1, NULL) == 1);
	/* A byte in a pipe would be an event again. */
	if (event.filter == EVFILT_READ)
		need(read((int)event.ident, &byte, 1) == 1);
	need(kevent(kq, NULL, 0, &event, 1, &none) == 0);
}

static void
lost_event(void)
{
	struct mio_waker *waker = new_waker(5);

	lose_wake(waker);
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

/* A waker is pending, but another waiter has reported it. */
static void
taken_by_another(int64_t timeout, const char *wait)
{
	struct mio_waker *waker = new_waker(6);
	struct mio_source a, b;
	pthread_t thread;

	unix_pair(&a, &b);
	reg(poller, &a, 7, MIO_READABLE);
	lose_wake(waker);
	mio_waker_free(waker);
	thread = start_thread(write_later, &b);
	is(mio_poll(poller, events, 8, timeout), 1,
	    "the pending waker was reported: %s continues", wait);
	is(events[0].token, 7, "until there is an event");
	join_thread(thread);
	close_source(&a);
	close_source(&b);
}

/* Posts the event of a completed request, as the kernel does. */
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
	    "the accessors return it");
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
 * A request's ident is an address, which may be any number: it is never taken
 * for a descriptor, and requests with the same token are not merged.
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

/* Events that do not fit are returned by the next calls. */
static void
small_room(void)
{
	int i, n = 0;

	for (i = 0; i < 3; i++)
		complete(100 + i, EVFILT_AIO, (mio_token)i);
	for (i = 0; i < 3; i++)
		n += poll_now(poller, events, 1);
	is(n, 3, "three requests, one at a time");
	is(poll_now(poller, events, 1), 0, "and no other");
}

/* A deregistered source has no knotes left. */
static void
no_knotes(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_knotes(kq);
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	is(fake_kqueue_knotes(kq), before + 2, "two directions: two knotes");
	rereg(poller, &a, 1, MIO_WRITABLE | MIO_LEVEL);
	is(fake_kqueue_knotes(kq), before + 1, "one direction: one knote");
	dereg(poller, &a);
	is(fake_kqueue_knotes(kq), before, "deregistered: none");
	close_source(&a);
	close_source(&b);
	pipe_pair(&a, &b);
	close_source(&a);
	reg(poller, &b, 2, MIO_WRITABLE);
	is(mio_poll(poller, events, 8, PATIENCE), 1, "no reader: an event");
	is(events[0].token, 2, "no reader: its token");
	ok(mio_event_is_writable(&events[0]), "no reader: writable");
	dereg(poller, &b);
	is(fake_kqueue_knotes(kq), before, "a pipe without a reader: none");
	close_source(&b);
}

/*
 * A pipe's writer needs READ to detect that the reader closed; a FIFO's must
 * not have it.
 */
static void
fifo(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_knotes(kq);
	char dir[] = "/tmp/mio-fifo-XXXXXX", path[64];
	struct mio_source a, b;

	need(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/fifo", dir);
	need(mkfifo(path, 0600) == 0);
	need(mio_source_from_fd(&a, open(path, O_RDONLY | O_NONBLOCK)) == 0);
	need(mio_source_from_fd(&b, open(path, O_WRONLY | O_NONBLOCK)) == 0);
	need(unlink(path) == 0 && rmdir(dir) == 0);
	reg(poller, &b, 3, MIO_WRITABLE);
	is(fake_kqueue_knotes(kq), before + 1, "a FIFO's writer: one knote");
	dereg(poller, &b);
	is(fake_kqueue_knotes(kq), before, "a FIFO's writer: none");
	close_source(&a);
	close_source(&b);
	pipe_pair(&a, &b);
	reg(poller, &b, 4, MIO_WRITABLE);
	is(fake_kqueue_knotes(kq), before + 2, "a pipe's writer: two knotes");
	close_source(&a);
	close_source(&b);
}

/* OpenBSD reports the end of a pipe again after each read of 0. */
static void
end_of_pipe(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_knotes(kq);
	int notifies = fake_kqueue_quirk("pipe_read_notifies", 1);
	struct mio_source a, b;
	char byte;

	pipe_pair(&a, &b);
	reg(poller, &a, 5, MIO_READABLE);
	close_source(&b);
	is(mio_poll(poller, events, 8, PATIENCE), 1, "a pipe's end: an event");
	is(fake_kqueue_knotes(kq), before, "a pipe's end: no knote any more");
	is(mio_source_read(&a, &byte, 1), 0, "a pipe's end: a read of 0");
	is(poll_now(poller, events, 8), 0, "a pipe's end: no other event");
	rereg(poller, &a, 6, MIO_READABLE);
	is(mio_poll(poller, events, 8, PATIENCE), 1, "reregistered: an event");
	is(events[0].token, 6, "its token");
	close_source(&a);
	(void)fake_kqueue_quirk("pipe_read_notifies", notifies);
}

static void *
await_event(void *arg)
{
	struct mio_event event = { 0, 0, 0 };

	(void)mio_poll(arg, &event, 1, PATIENCE);
	return event.token == 5 ? arg : NULL;
}

/* The descriptor of an event is closed before mio_poll looks at it. */
static void
closed_meanwhile(void)
{
	need(fake_kqueue_post(mio_poller_fd(poller), 1000, EVFILT_READ,
	    EV_CLEAR | EV_ONESHOT | EV_EOF, 0, (void *)3) == 0);
	errno = ERANGE;
	is(mio_poll(poller, events, 8, 0), 1, "an event of a closed number");
	is(errno, ERANGE, "errno is unchanged");
}

static void *
close_cancelled(void *arg)
{
	need(pthread_cancel(pthread_self()) == 0);
	(void)mio_source_close(arg);
	pthread_testcancel();
	return NULL;
}

/* No source is left that could deregister the descriptor. */
static void
cancelled_close(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_knotes(kq);
	int cancels = fake_kqueue_quirk("close_cancels", 1);
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	ok(join_thread(start_thread(close_cancelled, &a)) == PTHREAD_CANCELED,
	    "a thread that closes a source is cancelled");
	is(fake_kqueue_knotes(kq), before, "but closes it");
	close_source(&b);
	(void)fake_kqueue_quirk("close_cancels", cancels);
}

/*
 * A thread waits for the oneshot of a pipe while another registers a source.
 */
static void
oneshot_beside_change(void)
{
	struct mio_source a, b, c, d;
	pthread_t thread;

	pipe_pair(&a, &b);
	unix_pair(&c, &d);
	(void)fill(&b);
	reg(poller, &b, 5, MIO_WRITABLE | MIO_ONESHOT);
	thread = start_thread(await_event, poller);
	sleep_msec(20);
	reg(poller, &c, 6, MIO_READABLE);
	need(drain(&a) > 0);
	ok(join_thread(thread) != NULL, "oneshot beside a change: an event");
	close_source(&a);
	is(quiet(poller), 0, "oneshot beside a change: no other");
	close_source(&b);
	close_source(&c);
	close_source(&d);
}

/* Darwin and DragonFly report the end of a full pipe by EVFILT_WRITE. */
static void
oneshot_end(void)
{
	int lost = fake_kqueue_quirk("pipe_full_eof_lost", 0);
	int both = fake_kqueue_quirk("pipe_both_ways", 0);
	int oneshot = fake_kqueue_quirk("pipe_eof_oneshot", 0);
	struct mio_source a, b;

	pipe_pair(&a, &b);
	(void)fill(&b);
	reg(poller, &b, 5, MIO_WRITABLE | MIO_ONESHOT);
	close_source(&a);
	is(mio_poll(poller, events, 1, PATIENCE), 1,
	    "the end of a oneshot pipe: an event");
	ok(mio_event_is_read_closed(&events[0]) &&
	    mio_event_is_write_closed(&events[0]),
	    "the end of a oneshot pipe: of both directions");
	is(poll_now(poller, events, 1), 0, "the end of a oneshot pipe: once");
	close_source(&b);
	(void)fake_kqueue_quirk("pipe_eof_oneshot", oneshot);
	(void)fake_kqueue_quirk("pipe_both_ways", both);
	(void)fake_kqueue_quirk("pipe_full_eof_lost", lost);
}

/* NetBSD 7 refuses to watch another kqueue for writing with EPERM. */
static void
other_kqueue(void)
{
	int eperm = fake_kqueue_quirk("kqueue_eperm", 1);
	struct mio_poller *inner = new_poller();
	struct mio_source source;

	adopt_fd(&source, mio_poller_fd(inner));
	reg(poller, &source, 1, MIO_READABLE);
	is(mio_reregister(poller, &source, 1, MIO_READABLE | MIO_WRITABLE), 0,
	    "another kqueue: reregistered for writing, too");
	dereg(poller, &source);
	mio_poller_free(inner);
	(void)fake_kqueue_quirk("kqueue_eperm", eperm);
}

/* A waiting thread can't know whether the event was that of the new knote. */
static void
end_after_change(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_knotes(kq);
	struct mio_source a, b;
	pthread_t thread;

	pipe_pair(&a, &b);
	reg(poller, &a, 4, MIO_READABLE);
	thread = start_thread(await_event, poller);
	sleep_msec(20);
	rereg(poller, &a, 5, MIO_READABLE);
	close_source(&b);
	ok(join_thread(thread) != NULL, "a pipe's end after a change: reported");
	/* Unless the thread began to wait after the change. */
	ok(fake_kqueue_knotes(kq) - before <= 1, "its knote may stay");
	close_source(&a);
	is(fake_kqueue_knotes(kq), before, "until it is closed");
}

/*
 * On NetBSD and OpenBSD, the reader of a full pipe closes without an event for
 * EVFILT_WRITE.
 */
static void
end_of_full_pipe(void)
{
	int lost = fake_kqueue_quirk("pipe_full_eof_lost", 1);
	int oneshot = fake_kqueue_quirk("pipe_eof_oneshot", 0);
	struct mio_source a, b;

	pipe_pair(&a, &b);
	reg(poller, &b, 5, MIO_WRITABLE);
	need(comes(poller, 5, MIO_WRITABLE));
	(void)fill(&b);
	is(quiet(poller), 0, "a full pipe: silence");
	close_source(&a);
	is(mio_poll(poller, events, 8, PATIENCE), 1,
	    "the reader of a full pipe closes: an event");
	is(events[0].readiness & (MIO_WRITABLE | MIO_WRITE_CLOSED),
	    MIO_WRITABLE | MIO_WRITE_CLOSED, "writable and closed");
	close_source(&b);
	(void)fake_kqueue_quirk("pipe_eof_oneshot", oneshot);
	(void)fake_kqueue_quirk("pipe_full_eof_lost", lost);
}

/* Another program may open a FIFO that has ended. */
static void
end_of_fifo(void)
{
	char dir[] = "/tmp/mio-fifo-XXXXXX", path[64];
	struct mio_source a, b;

	need(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/fifo", dir);
	need(mkfifo(path, 0600) == 0);
	adopt_fd(&a, open(path, O_RDONLY | O_NONBLOCK));
	adopt_fd(&b, open(path, O_WRONLY | O_NONBLOCK));
	reg(poller, &a, 7, MIO_READABLE);
	put_text(&b, "x");
	need(comes(poller, 7, MIO_READABLE) && drain(&a) == 1);
	close_source(&b);
	(void)quiet(poller);		/* not every system reports the end */
	adopt_fd(&b, open(path, O_WRONLY | O_NONBLOCK));
	put_text(&b, "y");
	ok(comes(poller, 7, MIO_READABLE),
	    "a FIFO that has ended and is opened again: readable");
	need(unlink(path) == 0 && rmdir(dir) == 0);
	close_source(&a);
	close_source(&b);
}

/*
 * The knote that reports a pipe without a reader is not removed by close(2).
 */
static void
broken_pipe(void)
{
	int kq = mio_poller_fd(poller), before = fake_kqueue_knotes(kq);
	struct mio_source a, b, old;

	pipe_pair(&a, &b);
	close_source(&a);
	reg(poller, &b, 8, MIO_WRITABLE | MIO_LEVEL);
	close_source(&b);
	is(fake_kqueue_knotes(kq), before, "no reader: none when closed");
	pipe_pair(&a, &old);
	close_source(&a);
	reg(poller, &old, 9, MIO_WRITABLE | MIO_LEVEL);
	need(close(mio_source_fd(&old)) == 0);
	pipe_pair(&a, &b);
	need(mio_source_fd(&a) == mio_source_fd(&old) ||
	    mio_source_fd(&b) == mio_source_fd(&old));
	reg(poller, &a, 10, MIO_READABLE);
	reg(poller, &b, 11, MIO_WRITABLE);
	is(mio_poll(poller, events, 8, PATIENCE), 1,
	    "another pipe has its descriptor: one event");
	is(events[0].token, 11, "of the other pipe");
	is(quiet(poller), 0, "and none of the old one");
	close_source(&a);
	close_source(&b);
	is(fake_kqueue_knotes(kq), before, "both are closed: no knotes");
	(void)mio_source_release(&old);
}

static void *
await_wake(void *arg)
{
	struct mio_event event;

	return mio_poll(arg, &event, 1, PATIENCE) == 1 ? arg : NULL;
}

/*
 * NetBSD before 10 puts a level-triggered knote back without a wakeup, after a
 * second waiter has found the queue empty.
 */
static void
wakes_of_two(void)
{
	int user = fake_kqueue_quirk("user", 0);
	int silent = fake_kqueue_quirk("requeue_silent", 1);
	struct mio_poller *two = new_poller();
	struct mio_waker *wakers[2];
	pthread_t threads[2];
	int i, woken = 0;

	for (i = 0; i < 2; i++) {
		need((wakers[i] = mio_waker_new(two, 1)) != NULL);
		threads[i] = start_thread(await_wake, two);
	}
	for (i = 0; i < 2; i++) {
		sleep_msec(50);
		need(mio_waker_wake(wakers[i]) == 0);
	}
	for (i = 0; i < 2; i++)
		woken += join_thread(threads[i]) != NULL;
	is(woken, 2, "two waiters, two wakes through a pipe: both are woken");
	for (i = 0; i < 2; i++)
		mio_waker_free(wakers[i]);
	mio_poller_free(two);
	(void)fake_kqueue_quirk("requeue_silent", silent);
	(void)fake_kqueue_quirk("user", user);
}

/* Some kernels return no event if there is too much room (KQ-10). */
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
	lost_event();
	taken_by_another(MIO_FOREVER, "an infinite wait");
	taken_by_another(PATIENCE, "a finite wait");
	aio();
	lio();
	beside_a_source();
	small_room();
	no_knotes();
	fifo();
	closed_meanwhile();
	cancelled_close();
	oneshot_beside_change();
	oneshot_end();
	other_kqueue();
	end_of_pipe();
	end_after_change();
	end_of_full_pipe();
	end_of_fifo();
	broken_pipe();
	wakes_of_two();
	much_room();
	mio_poller_free(poller);
	is(count_fds(), fds, "the descriptor count stays");
	return tap_done();
}
