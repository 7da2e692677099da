/*
 * Contract 8 and TIME-1 to TIME-5: a finite wait lasts for its timeout,
 * rounded up and never down; an infinite one never returns 0.
 */
#include "config.h"

#ifndef _WIN32
#include <sys/wait.h>
#endif

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "compat/atomic.h"
#include "lib/tap.h"
#include "timeout.h"
#include "lib/util.h"

#define DAY_MS		(INT64_C(24) * 3600 * 1000)
#define LONG_MAX_MS	((int64_t)INT_MAX)

static int64_t
nsec(void)
{
	struct timespec ts;

	need(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
milliseconds(void)
{
	is(mio_msec(-1), -1, "for ever");
	is(mio_msec(INT64_MIN), -1, "any negative number is for ever");
	is(mio_msec(0), 0, "0 stays 0");
	is(mio_msec(1), 1, "1 ns rounds up");
	is(mio_msec(999000), 1, "999 us rounds up");
	is(mio_msec(999999), 1, "all but a millisecond rounds up");
	is(mio_msec(1000000), 1, "a millisecond is exact");
	is(mio_msec(1000001), 2, "a little more rounds up");
	is(mio_msec(MIO_MSEC(LONG_MAX_MS - 1)), INT_MAX - 1, "INT_MAX - 1 ms");
	is(mio_msec(MIO_MSEC(LONG_MAX_MS)), INT_MAX, "INT_MAX ms");
	is(mio_msec(MIO_MSEC(LONG_MAX_MS) - 1), INT_MAX,
	    "INT_MAX ms less 1 ns rounds up");
	is(mio_msec(MIO_MSEC(LONG_MAX_MS) + 1), INT_MAX,
	    "INT_MAX ms and 1 ns saturates");
	is(mio_msec(MIO_MSEC(LONG_MAX_MS + 1)), INT_MAX,
	    "INT_MAX + 1 ms does not go negative");
	ok(mio_msec(MIO_MSEC(UINT_MAX)) >= DAY_MS,
	    "UINT_MAX ms is finite, below Windows' INFINITE, a day at least");
	is(mio_msec(INT64_MAX), INT_MAX, "INT64_MAX ns saturates");
	is(mio_msec(INT64_MAX - 1), INT_MAX, "rounding does not overflow");
}

static bool
same_spec(int64_t ns, int64_t sec, long rest)
{
	struct timespec ts;

	mio_timespec(&ts, ns);
	return ts.tv_sec == (time_t)sec && ts.tv_nsec == rest;
}

static bool
long_spec(int64_t ns)
{
	struct timespec ts;

	mio_timespec(&ts, ns);
	return ts.tv_sec >= 24 * 3600 && (int64_t)ts.tv_sec <= INT32_MAX &&
	    ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000;
}

static void
timespecs(void)
{
	ok(same_spec(0, 0, 0), "timespec: 0");
	ok(same_spec(1, 0, 1), "timespec: 1 ns");
	ok(same_spec(999000, 0, 999000), "timespec: 999 us");
	ok(same_spec(999999999, 0, 999999999), "timespec: a second less 1 ns");
	ok(same_spec(1000000000, 1, 0), "timespec: a second");
	ok(same_spec(MIO_MSEC(LONG_MAX_MS) + 1, 2147483, 647000001),
	    "timespec: INT_MAX ms and 1 ns");
	ok(same_spec(MIO_MSEC(UINT_MAX), 4294967, 295000000),
	    "timespec: UINT_MAX ms");
	ok(long_spec(INT64_MAX), "timespec: INT64_MAX ns fits any time_t");
	ok(long_spec(INT64_MAX - 999999), "timespec: nearly INT64_MAX ns");
}

/* A wait without events is never shorter than its timeout. */
static void
finite_waits(struct mio_poller *poller, int64_t ns, const char *words)
{
	struct mio_event event;
	int64_t start = nsec();
	int n = mio_poll(poller, &event, 1, ns);
	int64_t took = nsec() - start;

	is(n, 0, "%s: no event", words);
	ok(took >= ns, "%s: not before the time is over", words);
}

/*
 * TIME-2: if waits below a millisecond became 0, the caller would loop busily.
 */
static void
no_busy_loop(struct mio_poller *poller)
{
	struct mio_event event;
	int64_t end = nsec() + MIO_MSEC(50);
	int polls = 0;

	while (nsec() < end) {
		need(mio_poll(poller, &event, 1, 999000) == 0);
		polls++;
	}
	ok(polls <= 51, "999 us: no busy loop");
	end = nsec() + MIO_MSEC(20);
	for (polls = 0; nsec() < end; polls++)
		need(mio_poll(poller, &event, 1, 100000) == 0);
	ok(polls <= 201, "100 us: no busy loop");
}

static void
shortest(struct mio_poller *poller)
{
	struct mio_event event;
	int64_t start = nsec();
	int i, wrong = 0;

	for (i = 0; i < 100; i++)
		wrong += mio_poll(poller, &event, 1, 0) != 0;
	is(wrong, 0, "a zero wait: no event");
	ok(nsec() - start < PATIENCE * tap_slow(), "and it does not wait");
}

/* Wakes a little after the other thread is about to poll. */
struct later {
	struct mio_waker	*waker;
	int			 ms;
};

static void *
wake_later(void *arg)
{
	const struct later *later = arg;

	sleep_msec(later->ms);
	need(mio_waker_wake(later->waker) == 0);
	return NULL;
}

/*
 * TIME-1, TIME-4: the wait neither fails, nor returns at once, nor lasts to
 * its end.
 */
static void
woken(struct mio_poller *poller, struct mio_waker *waker, int64_t ns,
    const char *words)
{
	struct later later = { waker, 20 };
	long long start = msec();
	struct mio_event event = { 0, 0, 0 };
	pthread_t thread = start_thread(wake_later, &later);

	is(mio_poll(poller, &event, 1, ns), 1, "%s: the event ends the wait",
	    words);
	is(event.token, 9, "%s: its token", words);
	ok(msec() - start < 10000 * tap_slow(), "%s: early", words);
	join_thread(thread);
}

static void
long_waits(struct mio_poller *poller, struct mio_waker *waker)
{
	woken(poller, waker, MIO_MSEC(20000) * tap_slow(), "a finite wait");
	woken(poller, waker, MIO_MSEC(20000) * tap_slow() + 1,
	    "a finite wait with nanoseconds");
	woken(poller, waker, MIO_MSEC(LONG_MAX_MS - 1), "INT_MAX - 1 ms");
	woken(poller, waker, MIO_MSEC(LONG_MAX_MS), "INT_MAX ms");
	woken(poller, waker, MIO_MSEC(LONG_MAX_MS + 1), "INT_MAX + 1 ms");
	woken(poller, waker, MIO_MSEC(LONG_MAX_MS) + 1, "INT_MAX ms and 1 ns");
	woken(poller, waker, MIO_MSEC(UINT_MAX), "UINT_MAX ms");
	woken(poller, waker, MIO_MSEC(UINT_MAX) - 1, "UINT_MAX ms less 1 ns");
	woken(poller, waker, INT64_MAX, "INT64_MAX ns");
	woken(poller, waker, INT64_MAX - 1, "INT64_MAX - 1 ns");
	woken(poller, waker, MIO_FOREVER, "for ever");
	woken(poller, waker, INT64_MIN, "the most negative");
}

/* Makes things that end a system call but are no events. */
static void
nothings(struct mio_poller *poller, struct mio_source *a)
{
	struct mio_waker *waker = mio_waker_new(poller, 100);

	need(waker != NULL);
	need(mio_waker_wake(waker) == 0);
	mio_waker_free(waker);
	reg(poller, a, 101, MIO_WRITABLE);
	dereg(poller, a);
}

static void
deregistered_before(struct mio_poller *poller, struct mio_waker *waker)
{
	struct later later = { waker, 50 };
	struct mio_event event = { 0, 0, 0 };
	struct mio_source a, b;
	pthread_t thread;

	unix_pair(&a, &b);
	nothings(poller, &a);
	finite_waits(poller, MIO_MSEC(30), "a freed waker's wake, a deregistered "
	    "event, a finite wait");
	nothings(poller, &a);
	thread = start_thread(wake_later, &later);
	is(mio_poll(poller, &event, 1, MIO_FOREVER), 1,
	    "a freed waker's wake, a deregistered event: an infinite wait "
	    "never returns 0");
	is(event.token, 9, "but the waker's event");
	join_thread(thread);
	close_source(&a);
	close_source(&b);
}

struct noise {
	struct mio_poller	*poller;
	struct mio_waker	*waker;	/* woken at the end; or NULL */
	struct mio_source	*never;	/* is never ready */
	unsigned int		 stop;
};

/*
 * The same during a wait: changes that wake the waiter, and wakers that are
 * freed.
 */
static void *
make_noise(void *arg)
{
	struct noise *noise = arg;
	int i;

	for (i = 0; i < 20 || (noise->waker == NULL &&
	    !atomic_get(&noise->stop)); i++) {
		struct mio_waker *brief = mio_waker_new(noise->poller, 100);

		need(brief != NULL);
		need(mio_waker_wake(brief) == 0);
		mio_waker_free(brief);
		reg(noise->poller, noise->never, 101, MIO_READABLE);
		need(mio_source_would_block(noise->never, MIO_READABLE) == 0);
		rereg(noise->poller, noise->never, 102, MIO_WRITABLE);
		dereg(noise->poller, noise->never);
		sleep_msec(1);
	}
	if (noise->waker != NULL)
		need(mio_waker_wake(noise->waker) == 0);
	return NULL;
}

/*
 * The event of a waker that is freed while its wake is delivered may still be
 * returned: events of token 100 are allowed, though rare.
 */
static int
poll_past_brief(struct mio_poller *poller, struct mio_event *event,
    int64_t end)
{
	int n;

	do {
		int64_t left = end < 0 ? MIO_FOREVER : end - nsec();

		n = mio_poll(poller, event, 1, end >= 0 && left < 0 ? 0 : left);
	} while (n == 1 && event->token == 100);
	return n;
}

static void
noisy(struct mio_poller *poller, struct mio_waker *waker)
{
	struct mio_source a, b;
	struct noise noise = { poller, waker, &a, 0 };
	struct mio_event event = { 0, 0, 0 };
	pthread_t thread;
	int64_t end;

	unix_pair(&a, &b);
	fill_up(&a);
	thread = start_thread(make_noise, &noise);
	is(poll_past_brief(poller, &event, -1), 1,
	    "changes and freed wakers: an infinite wait never returns 0");
	is(event.token, 9, "changes and freed wakers: the waker's event");
	join_thread(thread);
	noise.waker = NULL;
	thread = start_thread(make_noise, &noise);
	end = nsec() + MIO_MSEC(60);
	is(poll_past_brief(poller, &event, end), 0,
	    "changes and freed wakers: a finite wait");
	ok(nsec() >= end,
	    "changes and freed wakers: 0 only when the time is over");
	atomic_put(&noise.stop, 1);
	join_thread(thread);
	close_source(&a);
	close_source(&b);
}

static void *
change_often(void *arg)
{
	struct noise *noise = arg;
	unsigned int interest = MIO_READABLE;

	while (!atomic_get(&noise->stop)) {
		rereg(noise->poller, noise->never, 102, interest);
		interest ^= MIO_READABLE | MIO_WRITABLE;
		sleep_msec(1);
	}
	return NULL;
}

/* Changes go on until the wait has ended: each may resume it. */
static void
changed(struct mio_poller *poller)
{
	struct mio_source a, b;
	struct noise noise = { poller, NULL, &a, 0 };
	struct mio_event event;
	pthread_t thread;

	unix_pair(&a, &b);
	fill_up(&a);
	reg(poller, &a, 102, MIO_READABLE);
	thread = start_thread(change_often, &noise);
	is(mio_poll(poller, &event, 1, MIO_MSEC(400)), 0,
	    "changes without end: a finite wait ends");
	atomic_put(&noise.stop, 1);
	join_thread(thread);
	close_source(&a);
	close_source(&b);
}

/*
 * The first waker of a poller is made, woken and freed while a thread waits.
 * That wait began when the poller had no waker, and so nothing that would
 * resume it.
 */
struct first {
	struct mio_poller	*poller;
	struct mio_source	 a, b;
};

static void *
brief_then_source(void *arg)
{
	struct first *first = arg;
	struct mio_waker *brief;

	sleep_msec(20);
	need((brief = mio_waker_new(first->poller, 100)) != NULL);
	need(mio_waker_wake(brief) == 0);
	mio_waker_free(brief);
	sleep_msec(20);
	put_text(&first->b, "x");
	return NULL;
}

static void
first_waker(int64_t timeout, const char *words)
{
	struct mio_event event = { 0, 0, 0 };
	struct first first;
	pthread_t thread;
	int n;

	first.poller = new_poller();
	unix_pair(&first.a, &first.b);
	reg(first.poller, &first.a, 3, MIO_READABLE);
	thread = start_thread(brief_then_source, &first);
	do {
		n = mio_poll(first.poller, &event, 1, timeout);
	} while ((n == 1 && event.token == 100) || (n < 0 && errno == EINTR));
	is(n, 1, "%s: a first waker, made and freed, does not end it",
	    words);
	is(event.token, 3, "%s: the source's event does", words);
	join_thread(thread);
	close_source(&first.a);
	close_source(&first.b);
	mio_poller_free(first.poller);
}

#ifndef _WIN32
static void
on_signal(int sig)
{
	(void)sig;
}

struct signaller {
	pthread_t	target;
	unsigned int	stop;
};

static void *
signal_often(void *arg)
{
	struct signaller *signaller = arg;

	while (!atomic_get(&signaller->stop)) {
		need(pthread_kill(signaller->target, SIGUSR1) == 0);
		sleep_msec(5);
	}
	return NULL;
}

/* A signal interrupts a wait, even if its handler has SA_RESTART. */
static void
interrupted(struct mio_poller *poller, int flags, int64_t timeout,
    const char *words)
{
	struct signaller signaller = { pthread_self(), 0 };
	struct sigaction action;
	struct mio_event event;
	pthread_t thread;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = flags;
	need(sigaction(SIGUSR1, &action, NULL) == 0);
	thread = start_thread(signal_often, &signaller);
	fails(mio_poll(poller, &event, 1, timeout), EINTR,
	    "EINTR is returned: %s", words);
	atomic_put(&signaller.stop, 1);
	join_thread(thread);
}

/*
 * Waits as the page advises, until the parent writes.  Exits with the number of
 * interruptions.
 */
static void
wait_in_child(int started, int fd)
{
	struct mio_poller *poller = mio_poller_new();
	struct mio_source source;
	struct mio_event event;
	int interruptions = 0, n;

	if (poller == NULL || mio_source_from_fd(&source, fd) == -1 ||
	    mio_register(poller, &source, 1, MIO_READABLE) == -1 ||
	    write(started, "x", 1) != 1)
		_exit(100);
	while ((n = mio_poll(poller, &event, 1, PATIENCE * tap_slow())) == -1 &&
	    errno == EINTR && interruptions < 50)
		interruptions++;
	_exit(n == 1 ? interruptions : 101);
}

/* A process that catches no signal is stopped and continued. */
static void
stopped(void)
{
	int started[2], fds[2], status;
	char byte;
	pid_t pid;

	need(signal(SIGUSR1, SIG_DFL) != SIG_ERR);
	need(pipe(started) == 0 && pipe(fds) == 0);
	need((pid = fork()) >= 0);
	if (pid == 0)
		wait_in_child(started[1], fds[0]);
	need(read(started[0], &byte, 1) == 1);
	sleep_msec(20);
	need(kill(pid, SIGSTOP) == 0);
	need(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	need(kill(pid, SIGCONT) == 0);
	sleep_msec(20);
	need(write(fds[1], "x", 1) == 1);
	need(waitpid(pid, &status, 0) == pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) < 100,
	    "stopped and continued: the event comes");
	tap_diag("EINTR without a handler: %d", WEXITSTATUS(status));
	(void)close(started[0]);
	(void)close(started[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
}
#endif

static void
interruptions(struct mio_poller *poller)
{
#ifdef _WIN32
	(void)poller;
	tap_skip(5, "Windows: no signal interrupts a wait");
#else
	interrupted(poller, 0, MIO_FOREVER, "an infinite wait");
	interrupted(poller, SA_RESTART, MIO_FOREVER, "with SA_RESTART");
	interrupted(poller, 0, PATIENCE * tap_slow(), "a finite wait");
	interrupted(poller, 0, PATIENCE * tap_slow() + 1,
	    "a finite wait with nanoseconds");
	stopped();
#endif
}

int
main(void)
{
	struct mio_poller *poller;
	struct mio_waker *waker;

	tap_start();
	milliseconds();
	timespecs();
	poller = new_poller();
	finite_waits(poller, 1, "1 ns, no waker");
	finite_waits(poller, 1500000, "1.5 ms, no waker");
	need((waker = mio_waker_new(poller, 9)) != NULL);
	finite_waits(poller, 1, "1 ns");
	finite_waits(poller, 999000, "999 us");
	finite_waits(poller, 1000000, "1 ms");
	finite_waits(poller, 1500000, "1.5 ms");
	finite_waits(poller, MIO_MSEC(30), "30 ms");
	no_busy_loop(poller);
	shortest(poller);
	long_waits(poller, waker);
	deregistered_before(poller, waker);
	noisy(poller, waker);
	changed(poller);
	first_waker(MIO_FOREVER, "an infinite wait");
	first_waker(PATIENCE * 6, "a finite wait");
	interruptions(poller);
	mio_waker_free(waker);
	mio_poller_free(poller);
	return tap_done();
}
