/*
 * mio_poller_set_spin(): events come while it spins and after it, a finite
 * wait is not shorter, and an infinite one never returns 0.  A waker that a
 * signal's handler wakes ends the spin.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static void
finite_wait(struct mio_poller *poller, int ms)
{
	long long start = msec();
	struct mio_event event;

	is(mio_poll(poller, &event, 1, MIO_MSEC(ms)), 0,
	    "%d ms: no event", ms);
	ok(msec() - start >= ms, "%d ms: not before the time is over", ms);
}

struct writer {
	struct mio_source	*source;
	struct mio_waker	*waker;
	int			 ms;
};

static void *
write_later(void *arg)
{
	const struct writer *writer = arg;

	sleep_msec(writer->ms);
	if (writer->source != NULL)
		put_text(writer->source, "x");
	else
		need(mio_waker_wake(writer->waker) == 0);
	return NULL;
}

/* An event comes while it spins, or after it has gone to sleep. */
static void
event_comes(struct mio_poller *poller, struct writer writer,
    int64_t timeout, mio_token token, const char *words)
{
	pthread_t thread = start_thread(write_later, &writer);
	struct mio_event event = { 0, 0, 0 };

	is(mio_poll(poller, &event, 1, timeout), 1, "%s: an event", words);
	is(event.token, token, "%s: its token", words);
	join_thread(thread);
}

static void
spinning(struct mio_poller *poller, int64_t spin)
{
	struct mio_waker *waker = mio_waker_new(poller, 2);
	struct writer writer = { NULL, NULL, 20 };
	struct mio_event event;
	struct mio_source a, b;

	need(waker != NULL);
	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	is(mio_poller_set_spin(poller, spin), 0, "spin for %lld ns",
	    (long long)spin);
	is(poll_now(poller, &event, 1), 0, "a zero wait: no event");
	finite_wait(poller, 1);
	finite_wait(poller, 30);
	put_text(&b, "x");
	is(mio_poll(poller, &event, 1, MIO_FOREVER), 1, "a pending event");
	need(drain(&a) == 1);
	writer.source = &b;
	event_comes(poller, writer, MIO_FOREVER, 1, "for ever, a source");
	need(drain(&a) == 1);
	event_comes(poller, writer, PATIENCE * tap_slow(), 1,
	    "a finite wait, a source");
	need(drain(&a) == 1);
	writer.source = NULL;
	writer.waker = waker;
	event_comes(poller, writer, MIO_FOREVER, 2, "for ever, a waker");
	need(mio_waker_wake(waker) == 0);
	mio_waker_free(waker);
	finite_wait(poller, 5);
	close_source(&a);
	close_source(&b);
}

#ifdef _WIN32
static void
signalled(struct mio_poller *poller)
{
	(void)poller;
	tap_skip(3, "Windows: no signal interrupts a wait");
}
#else
static struct mio_waker *of_handler;

static void
on_signal(int sig)
{
	(void)sig;
	if (mio_waker_wake(of_handler) == -1)
		_exit(1);
}

static void *
signal_later(void *thread)
{
	sleep_msec(20);
	need(pthread_kill(*(pthread_t *)thread, SIGUSR1) == 0);
	return NULL;
}

/* The recipe of the page: a wait that spins would not return EINTR. */
static void
signalled(struct mio_poller *poller)
{
	struct mio_event event = { 0, 0, 0 };
	pthread_t thread, self = pthread_self();
	long long before = msec();
	int n;

	need((of_handler = mio_waker_new(poller, 3)) != NULL);
	need(signal(SIGUSR1, on_signal) != SIG_ERR);
	need(mio_poller_set_spin(poller, MIO_MSEC(4000)) == 0);
	thread = start_thread(signal_later, &self);
	do {
		n = mio_poll(poller, &event, 1, MIO_FOREVER);
	} while (n < 0 && errno == EINTR);
	is(n, 1, "a handler that wakes a waker: an event");
	is(event.token, 3, "with the waker's token");
	ok(msec() - before < 4000, "before the end of the spin");
	join_thread(thread);
	mio_waker_free(of_handler);
}
#endif

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	fails(mio_poller_set_spin(poller, -1), EINVAL, "negative: EINVAL");
	fails(mio_poller_set_spin(poller, INT64_MIN), EINVAL,
	    "the most negative: EINVAL");
	fails(mio_poller_set_spin(NULL, 0), EINVAL, "no poller");
	/*
	 * One look, shorter than the wait, longer than the wait, and clamped to the
	 * maximum.
	 */
	spinning(poller, 1);
	spinning(poller, 10000);
	spinning(poller, MIO_MSEC(10));
	spinning(poller, MIO_MSEC(100));
	spinning(poller, INT64_MAX);
	spinning(poller, 0);
	signalled(poller);
	mio_poller_free(poller);
	return tap_done();
}
