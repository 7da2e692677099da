/*
 * Checks waits, wakes and changes of a registration that the kernel refuses;
 * and a wait that begins in the middle of a wake.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#ifndef _WIN32
#include <poll.h>
#endif
#ifdef HAVE_MALLINFO2
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

static struct mio_event events[4];

static const char *
wait_call(void)
{
	if (on_selector("afd"))
		return "GetQueuedCompletionStatusEx";
	if (on_selector("port"))
		return "port_getn";
	if (on_selector("kqueue"))
		return "kevent";
	return on_selector("epoll") ? "epoll_wait" : "poll";
}

/* The call that a wake makes: a kqueue may lack EVFILT_USER. */
static const char *
signal_call(struct mio_poller *poller)
{
	struct mio_waker *waker;
	int changes;

	if (on_selector("afd"))
		return "PostQueuedCompletionStatus";
	if (!on_selector("kqueue"))
		return on_selector("port") ? "port_send" : "write";
	need((waker = mio_waker_new(poller, 7)) != NULL);
	wrap_reset();
	need(mio_waker_wake(waker) == 0);
	changes = wrap_count("kevent");
	need(mio_poll(poller, events, 4, PATIENCE) == 1);
	mio_waker_free(waker);
	return changes > 0 ? "kevent" : "write";
}

/* Errors of a wait are returned, and the next wait works. */
static void
waits(struct mio_poller *poller)
{
	static const int errors[] = { EINTR, ENOMEM, EINVAL };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		wrap_fail(wait_call(), 1, 1, errors[i]);
		fails(mio_poll(poller, events, 4, 0), errors[i],
		    "a wait fails with %s", strerror(errors[i]));
		is(wrap_heal(), 1, "it failed once");
		is(mio_poll(poller, events, 4, 0), 0, "the next one works");
	}
}

/*
 * The kernel ends a wait without a limit, although nothing has happened, again
 * and again: the wait is resumed and reports the event of a source.
 */
static void
zero_forever(int64_t spin_ns, const char *words)
{
	struct mio_poller *poller = new_poller();
	struct mio_source a, b;

	unix_pair(&a, &b);
	need(mio_poller_set_spin(poller, spin_ns) == 0);
	reg(poller, &a, 1, MIO_READABLE);
	put_text(&b, "x");
	wrap_fail(wait_call(), 1, 5, WRAP_ZERO);
	is(mio_poll(poller, events, 4, MIO_FOREVER), 1,
	    "%s: an infinite wait never returns 0, even if the kernel does",
	    words);
	is(wrap_heal(), 5, "%s: the kernel has returned 0", words);
	is(events[0].token, 1, "%s: the event is the source's", words);
	wrap_fail(wait_call(), 1, 1, WRAP_ZERO);
	is(mio_poll(poller, events, 4, 0), 0, "%s: a zero wait returns 0",
	    words);
	is(wrap_heal(), 1, "%s: and makes one call", words);
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
}

#define FRACTION	(MIO_MSEC(1) + 1)	/* no whole milliseconds */

/* The newer call, for timeouts that are no whole milliseconds. */
static const char *
fine_call(void)
{
	return on_selector("poll") ? "ppoll" : "epoll_pwait2";
}

/* That call missing, or forbidden: waits have millisecond resolution. */
static void
coarse(int error)
{
	struct mio_poller *poller = new_poller();
	long long before;

	wrap_reset();
	wrap_fail(fine_call(), 1, -1, error);
	errno = 4711;
	before = msec();
	is(mio_poll(poller, events, 4, FRACTION), 0, "a wait without %s (%s)",
	    fine_call(), strerror(error));
	is(errno, 4711, "leaves errno alone");
	ok(msec() - before >= 1, "and is not too short");
	need(mio_poll(poller, events, 4, FRACTION) == 0);
	ok(wrap_heal() <= 1, "%s is not tried again", fine_call());
	mio_poller_free(poller);
}

#ifdef _WIN32
static void
not_an_epoll(struct mio_poller *poller)
{
	(void)poller;
}
#else
/* A wait on another file, which both calls refuse. */
static void
not_an_epoll(struct mio_poller *poller)
{
	int epfd = mio_poller_fd(poller), saved = dup(epfd);
	int other = open("/dev/null", O_RDONLY);

	need(saved >= 0 && other >= 0 && dup2(other, epfd) == epfd);
	fails(mio_poll(poller, events, 4, FRACTION), EINVAL,
	    "another file under the poller's number: EINVAL");
	need(dup2(saved, epfd) == epfd);
	(void)close(saved);
	(void)close(other);
}
#endif

/*
 * An interrupted wait is no reason to give up the newer call, and neither are
 * arguments that the older call refuses as well.
 */
static void
still_fine(void)
{
	struct mio_poller *poller = new_poller();

	wrap_reset();
	wrap_fail(fine_call(), 1, 1, EINTR);
	(void)mio_poll(poller, events, 4, FRACTION);
	if (wrap_heal() == 0) {
		tap_skip(2, "no newer call here");
	} else {
		if (on_selector("epoll"))
			not_an_epoll(poller);
		else
			tap_skip(1, "no descriptor to replace");
		wrap_reset();
		need(mio_poll(poller, events, 4, FRACTION) == 0);
		is(wrap_count(fine_call()), 1, "%s is tried again",
		    fine_call());
	}
	mio_poller_free(poller);
}

/* Event ports check a hang-up by poll(2), which may fail. */
static void
unchecked(struct mio_poller *poller)
{
	struct mio_source a, b;

	if (!on_selector("port")) {
		tap_skip(6, "this selector does not check hang-ups");
		return;
	}
	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	close_source(&b);
	wrap_fail("poll", 1, 1, ENOMEM);
	errno = 4711;
	is(mio_poll(poller, events, 4, PATIENCE), 1,
	    "a hang-up that can't be checked is reported");
	is(errno, 4711, "and leaves errno alone");
	is(wrap_heal(), 1, "the check has failed");
	ok(mio_event_is_write_closed(&events[0]), "the hint is write_closed");
	rereg(poller, &a, 1, MIO_READABLE);
	wrap_reset();
	wrap_fail("poll", 1, 1, EINTR);
	is(mio_poll(poller, events, 4, PATIENCE), 1,
	    "and one whose check is interrupted");
	is(wrap_count("poll"), 2, "which is made again");
	(void)wrap_heal();
	close_source(&a);
}

/*
 * A signal that fails leaves the waker unsignalled; a later wake signals
 * again.
 */
static void
unsignalled(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 8);
	const char *call = signal_call(poller);

	need(waker != NULL);
	wrap_fail(call, 1, 2, ENOSPC);
	fails(mio_waker_wake(waker), ENOSPC, "a wake that the kernel refuses");
	fails(mio_waker_wake(waker), ENOSPC, "and the next, which tries again");
	is(wrap_heal(), 2, "both have called the kernel");
	is(mio_poll(poller, events, 4, MIO_FOREVER), 1,
	    "the next wait reports them");
	is(events[0].token, 8, "with the token");
	wrap_fail(call, 1, 2, ENOSPC);
	need(mio_waker_wake(waker) < 0 && mio_waker_wake(waker) < 0);
	wrap_heal();
	is(mio_waker_wake(waker), 0, "a third wake succeeds");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "and is delivered");
	is(events[0].token, 8, "with its token");
	is(quiet(poller), 0, "once");
	is(mio_waker_wake(waker), 0, "a wake after that");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "is a new event");
	mio_waker_free(waker);
}

static void *
await_one(void *poller)
{
	struct mio_event event;

	return mio_poll(poller, &event, 1, PATIENCE) == 1 ? poller : NULL;
}

static int second_wake;

static void
wake_again(void *waker)
{
	second_wake = mio_waker_wake(waker);
}

/*
 * A wake of the same waker in the middle of one whose signal is refused, as of
 * another thread or a signal handler.  A wait is in progress, because one that
 * begins later finds the waker in any case.
 */
static void
overtaken(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 11);
	const char *call = signal_call(poller);
	pthread_t thread;
	void *woken;

	need(waker != NULL);
	thread = start_thread(await_one, poller);
	sleep_msec(50);
	wrap_reset();
	wrap_before(call, wake_again, waker);
	wrap_fail(call, 1, 1, ENOSPC);
	fails(mio_waker_wake(waker), ENOSPC, "a wake that the kernel refuses");
	is(wrap_heal(), 1, "it was refused");
	is(second_wake, 0, "a wake in the middle of it succeeds");
	need(pthread_join(thread, &woken) == 0);
	ok(woken == poller, "and ends a wait");
	is(quiet(poller), 0, "with one event");
	mio_waker_free(waker);
}

/*
 * Two wakers that are not signalled, and a wait that has room for one of them:
 * the other one ends the wait of another thread.
 */
static void
left_over(struct mio_poller *poller)
{
	struct mio_waker *one = mio_waker_new(poller, 12);
	struct mio_waker *two = mio_waker_new(poller, 13);
	const char *call = signal_call(poller);
	pthread_t thread;
	void *woken;

	need(one != NULL && two != NULL);
	if (!on_selector("epoll") && !on_selector("kqueue")) {
		tap_skip(3, "a second waiter gets EBUSY");
	} else {
		thread = start_thread(await_one, poller);
		sleep_msec(50);
		wrap_fail(call, 1, 2, ENOSPC);
		need(mio_waker_wake(one) < 0 && mio_waker_wake(two) < 0);
		is(wrap_heal(), 2, "two wakes that the kernel refuses");
		is(mio_poll(poller, events, 1, 0), 1, "a wait with room for "
		    "one of their events");
		need(pthread_join(thread, &woken) == 0);
		ok(woken == poller, "the other event ends another thread's "
		    "wait");
	}
	mio_waker_free(one);
	mio_waker_free(two);
}

#ifndef _WIN32
/*
 * A waker for which there is no room, and the channel refuses to be signalled
 * again: a later wake of that waker must signal, although the waker is pending.
 */
static void
left_over_refused(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *wakers[2];
	const char *call = signal_call(poller);
	struct pollfd pfd = { mio_poller_fd(poller), POLLIN, 0 };
	int i;

	for (i = 0; i < 2; i++) {
		wakers[i] = mio_waker_new(poller, (mio_token)i);
		need(wakers[i] != NULL && mio_waker_wake(wakers[i]) == 0);
	}
	/* On kqueue the wait is the same call. */
	wrap_fail(call, strcmp(call, "kevent") == 0 ? 2 : 1, 1, ENOSPC);
	need(mio_poll(poller, events, 1, 0) == 1 && events[0].token < 2);
	is(wrap_heal(), 1, "the signal for a waker left over is refused");
	/* The knote of a pipe stays queued until the next kevent(2). */
	need(poll(&pfd, 1, 0) == 0 || (on_selector("kqueue") &&
	    strcmp(call, "write") == 0));
	is(mio_waker_wake(wakers[1 - events[0].token]), 0,
	    "a later wake of this waker");
	is(poll(&pfd, 1, 0), 1, "makes the poller's descriptor readable");
	is(mio_poll(poller, events, 4, 0), 1, "and causes one event");
	for (i = 0; i < 2; i++)
		mio_waker_free(wakers[i]);
	mio_poller_free(poller);
}
#endif

/* A wake drains a channel that is full. */
static void
full(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 9);

	need(waker != NULL);
	wrap_fail("write", 1, 1, EAGAIN);
	is(mio_waker_wake(waker), 0, "a wake through a full channel");
	is(wrap_heal(), 1, "it was full");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "is delivered");
	mio_waker_free(waker);
}

static int between_events;

static void
wait_between(void *poller)
{
	between_events = mio_poll(poller, events, 4, 0);
}

/*
 * Another thread's wait begins between the two halves of a wake, when the
 * waker is pending and not yet signalled.  The wake is delivered once.  On
 * epoll it is delivered at once, and the signal then ends one more system call
 * without an event, which is why bench_counts.sh may find one more.
 */
static void
between(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 10);
	int n;

	need(waker != NULL);
	/* Under valgrind the first such wait makes a call more. */
	need(mio_poll(poller, events, 4, FRACTION) == 0);
	between_events = -1;
	wrap_before(signal_call(poller), wait_between, poller);
	is(mio_waker_wake(waker), 0, "a wake with a wait between its halves");
	need(between_events >= 0);
	wrap_reset();
	n = between_events == 1 ? quiet(poller) :
	    mio_poll(poller, events, 4, PATIENCE);
	is(between_events + n, 1, "one event in all");
	is(events[0].token, 10, "with its token");
	if (on_selector("epoll")) {
		is(between_events, 1, "it is returned by that wait");
		is(wrap_count("epoll_wait") + wrap_count("epoll_pwait2"), 2,
		    "the signal ends a system call, but no wait");
	}
	is(quiet(poller), 0, "only once");
	is(mio_waker_wake(waker), 0, "a wake after that");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "is a new event");
	mio_waker_free(waker);
}

/* The call that registers a source with the kernel. */
static const char *
change_call(void)
{
	if (on_selector("port"))
		return "port_associate";
	return on_selector("kqueue") ? "kevent" : "epoll_ctl";
}

/* A registration that the kernel refuses to change stays as it was. */
static void
unchanged(struct mio_poller *poller)
{
	const char *call = change_call();
	struct mio_source a, b;

	unix_pair(&a, &b);
	wrap_fail(call, 1, 1, ENOMEM);
	fails(mio_register(poller, &a, 1, MIO_READABLE), ENOMEM,
	    "a registration that the kernel refuses");
	is(wrap_heal(), 1, "it was refused");
	fails(mio_deregister(poller, &a), ENOENT, "it is not registered");
	reg(poller, &a, 1, MIO_READABLE);
	wrap_fail(call, 1, 1, ENOMEM);
	fails(mio_reregister(poller, &a, 2, MIO_READABLE | MIO_WRITABLE),
	    ENOMEM, "a reregistration that the kernel refuses");
	is(wrap_heal(), 1, "it was refused");
	put_text(&b, "x");
	is(mio_poll(poller, events, 4, PATIENCE), 1,
	    "the old registration: an event");
	is(events[0].token, 1, "with the old token");
	dereg(poller, &a);
	close_source(&a);
	close_source(&b);
}

#ifdef HAVE_MALLINFO2
/*
 * Does mallinfo2 count allocations?  Sanitizers and valgrind replace malloc,
 * and check for leaks themselves.
 */
static bool
mallinfo_works(void)
{
	size_t before = mallinfo2().uordblks;
	void *volatile p = malloc(10000);
	bool counted = mallinfo2().uordblks >= before + 10000;

	free(p);
	return counted;
}

/*
 * Makes and frees a poller, with a registration that is refused and one that
 * ends.
 */
static void
life(struct mio_source *source)
{
	struct mio_poller *poller = new_poller();

	if (!on_selector("poll")) {
		wrap_fail(change_call(), 1, 1, ENOMEM);
		need(mio_register(poller, source, 1, MIO_READABLE) == -1);
		need(wrap_heal() == 1);
	}
	reg(poller, source, 1, MIO_READABLE);
	dereg(poller, source);
	mio_poller_free(poller);
}
#endif

/* Neither of these registrations holds its poller's memory. */
static void
not_held(void)
{
#ifdef HAVE_MALLINFO2
	struct mio_source a, b;
	size_t before;
	int i;

	if (!mallinfo_works()) {
		tap_skip(1, "mallinfo2 doesn't count this malloc");
		return;
	}
	unix_pair(&a, &b);
	life(&a);
	before = mallinfo2().uordblks;
	for (i = 0; i < 1000; i++)
		life(&a);
	/* Malloc counts the free chunks that it caches as in use. */
	ok(mallinfo2().uordblks < before + 8192,
	    "1,000 pollers and their registrations leave nothing");
	close_source(&a);
	close_source(&b);
#else
	tap_skip(1, "no mallinfo2");
#endif
}

/* A kqueue has made the change even if a signal interrupts the call. */
static void
interrupted(struct mio_poller *poller)
{
	struct mio_source a, b;

	unix_pair(&a, &b);
	wrap_fail("kevent", 1, 1, EINTR);
	errno = 0;
	is(mio_register(poller, &a, 1, MIO_READABLE), 0,
	    "an interrupted change has been made");
	is(errno, 0, "errno is left alone");
	is(wrap_heal(), 1, "it was interrupted");
	is(mio_deregister(poller, &a), 0, "and can be undone");
	close_source(&a);
	close_source(&b);
}

/*
 * A kqueue that refuses EVFILT_USER: a pipe wakes the waiter.  An interruption
 * is no refusal.
 */
static void
no_user_knote(int error)
{
	struct mio_poller *poller;
	struct mio_waker *waker;

	wrap_fail("kevent", 1, 1, error);
	errno = 4711;
	poller = new_poller();
	is(errno, 4711, "EVFILT_USER: %s: errno is left alone",
	    strerror(error));
	is(wrap_heal(), 1, "EVFILT_USER: it failed");
	need((waker = mio_waker_new(poller, 11)) != NULL);
	wrap_reset();
	is(mio_waker_wake(waker), 0, "EVFILT_USER: a wake");
	is(wrap_count("write"), error == EINTR ? 0 : 1,
	    "EVFILT_USER: by a pipe if it was refused");
	is(mio_poll(poller, events, 4, PATIENCE), 1,
	    "EVFILT_USER: is delivered");
	is(events[0].token, 11, "EVFILT_USER: with its token");
	mio_waker_free(waker);
	mio_poller_free(poller);
}

/*
 * If re-arming a source fails, events of other sources are returned first;
 * without any, the wait fails with that error, and the next wait tries again.
 * This is about associations of event ports and poll requests of AFD (AFD-8).
 */
static void
not_rearmed(struct mio_poller *poller)
{
	const char *call = on_selector("port") ? "port_associate" :
	    "DeviceIoControl";
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_LEVEL);
	reg(poller, &b, 2, MIO_READABLE);
	put_text(&b, "x");
	is(poll_now(poller, events, 4), 1, "level: an event");
	wrap_fail(call, 1, 2, ENOMEM);
	put_text(&a, "x");
	is(poll_now(poller, events, 4), 1,
	    "not re-armed: other sources have their events");
	is(events[0].token, 2, "with their token");
	need(drain(&b) == 1);
	wrap_heal();
	need(mio_poll(poller, events, 4, 0) == 1);
	wrap_fail(call, 1, -1, ENOMEM);
	fails(mio_poll(poller, events, 4, MIO_FOREVER), ENOMEM,
	    "not re-armed, and no event: the wait fails");
	ok(wrap_heal() > 0, "it was refused");
	is(poll_now(poller, events, 4), 1, "re-armed: an event");
	is(events[0].token, 1, "with its token");
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	waits(poller);
	zero_forever(0, "plain");
	zero_forever(1, "spinning");
	coarse(ENOSYS);
	coarse(EPERM);
	coarse(EOPNOTSUPP);
	coarse(EACCES);
	if (on_selector("epoll") || on_selector("poll"))
		still_fine();
	unchecked(poller);
	unsignalled(poller);
	overtaken(poller);
	left_over(poller);
#ifndef _WIN32
	if (!on_selector("poll"))
		left_over_refused();
#endif
	between(poller);
	if (strcmp(signal_call(poller), "kevent") == 0)
		tap_skip(3, "an EVFILT_USER knote is never full");
	else if (on_selector("port") || on_selector("afd"))
		tap_skip(3, "a full port can't be drained by a wake");
	else
		full(poller);
	if (on_selector("poll"))
		tap_skip(7, "poll(2) has no call for changes");
	else if (on_selector("afd"))
		tap_skip(7, "on AFD the next wait makes the change");
	else
		unchanged(poller);
	not_held();
	if (on_selector("port") || on_selector("afd"))
		not_rearmed(poller);
	if (on_selector("kqueue"))
		interrupted(poller);
	if (strcmp(signal_call(poller), "kevent") == 0) {
		no_user_knote(EINVAL);
		no_user_knote(EOPNOTSUPP);
		no_user_knote(EACCES);
		no_user_knote(EINTR);
	}
	mio_poller_free(poller);
	return tap_done();
}
