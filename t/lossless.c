/*
 * Contract 9 under load: ten million wakes from four threads, none of which
 * may be lost.  Each thread writes a number before each wake; after each burst
 * it waits until the polling thread has seen the last number.  On a busy
 * machine the test ends early, with fewer wakes.
 */
#include "config.h"

#include <sched.h>
#include <string.h>

#include "internal.h"
#include "lib/tap.h"
#include "lib/util.h"

#define THREADS	4
#define BURST	200u	/* at most */
#define ENOUGH	40000LL	/* milliseconds */
#define STOP	((mio_token)THREADS)

struct waking {
	struct mio_waker	*waker;
	unsigned int		 wakes;		/* to be made */
	unsigned int		 written;
	unsigned int		 seen;
	bool			 lost;
};

static struct waking waking[THREADS];

/*
 * Bursts of all lengths, so that deliveries come at different points of them.
 */
static void *
wake_often(void *arg)
{
	struct waking *w = arg;
	long long now = msec(), last = now + ENOUGH * tap_slow();
	unsigned int burst = 1, i, value = 0;

	for (; value < w->wakes && now < last; burst = burst % BURST + 1) {
		long long end = now + 10000LL * tap_slow();

		for (i = 0; i < burst && value < w->wakes; i++) {
			atomic_put_relaxed(&w->written, ++value);
			need(mio_waker_wake(w->waker) == 0);
		}
		while (atomic_get(&w->seen) != value) {
			if ((now = msec()) > end) {
				w->lost = true;
				return NULL;
			}
			sched_yield();
		}
		now = msec();
	}
	return NULL;
}

static void *
take_all(void *arg)
{
	struct mio_event events[2];	/* fewer than there are wakers */
	int i, n;

	for (;;) {
		need((n = mio_poll(arg, events, 2, MIO_FOREVER)) > 0);
		for (i = 0; i < n; i++) {
			struct waking *w;

			if (events[i].token == STOP)
				return NULL;
			w = &waking[events[i].token];
			atomic_put(&w->seen, atomic_get_relaxed(&w->written));
		}
	}
}

/*
 * Fewer wakes on the fakes, which take a lock or several system calls where
 * kernels take none, and on Windows.
 */
static unsigned int
wakes(void)
{
	unsigned int all = 10000000;

	if (on_selector("kqueue") || on_selector("port") || on_selector("afd"))
		all /= 10;
	return all / (unsigned int)tap_slow();
}

int
main(void)
{
	struct mio_poller *poller;
	struct mio_waker *stop;
	pthread_t threads[THREADS], taker;
	unsigned int i, lost = 0, sum = 0, given = 0, all = wakes();

	tap_start();
	poller = new_poller();
	need((stop = mio_waker_new(poller, STOP)) != NULL);
	for (i = 0; i < THREADS; i++) {
		waking[i].wakes = all / THREADS;
		need((waking[i].waker = mio_waker_new(poller, i)) != NULL);
	}
	taker = start_thread(take_all, poller);
	for (i = 0; i < THREADS; i++)
		threads[i] = start_thread(wake_often, &waking[i]);
	for (i = 0; i < THREADS; i++) {
		join_thread(threads[i]);
		lost += waking[i].lost;
		sum += atomic_get_relaxed(&waking[i].seen);
		given += atomic_get_relaxed(&waking[i].written);
	}
	need(mio_waker_wake(stop) == 0);
	join_thread(taker);
	is(lost, 0, "%u threads: no wake is lost", THREADS);
	is(sum, given, "%u wakes of %u, and the last of each thread seen",
	    given, all);
	for (i = 0; i < THREADS; i++)
		mio_waker_free(waking[i].waker);
	mio_waker_free(stop);
	mio_poller_free(poller);
	return tap_done();
}
