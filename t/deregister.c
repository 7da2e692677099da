/*
 * Contract 4: a deregistered source is not reported by any poll that begins
 * afterwards, neither through a reused descriptor, nor while another thread
 * polls.
 */
#include "config.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "compat/atomic.h"
#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

static void
ready_and_gone(struct mio_poller *poller)
{
	struct mio_event events[8];
	struct mio_source a, b;

	unix_pair(&a, &b);
	put_text(&b, "x");
	reg(poller, &a, 1, BOTH);
	dereg(poller, &a);
	is(poll_now(poller, events, 8), 0,
	    "deregistered while an event was pending: no event");
	put_text(&b, "y");
	is(quiet(poller), 0, "nor for later data");
	reg(poller, &a, 2, BOTH);
	is(poll_now(poller, events, 8), 1, "registered again: one event");
	is(events[0].token, 2, "with the new token");
	close_source(&a);
	is(quiet(poller), 0, "closed: no event");
	close_source(&b);
}

/*
 * The kernel uses the lowest free number, so the next descriptor is the same.
 */
static void
reused(struct mio_poller *poller)
{
	int i, wrong = 0, same = 0;
	struct mio_event events[8];
	struct mio_source a, b;
	mio_fd fd;

	unix_pair(&a, &b);
	for (i = 0; i < 100; i++) {
		reg(poller, &a, (mio_token)(100 + i), BOTH);
		put_text(&b, "x");
		fd = mio_source_fd(&a);
		close_source(&a);
		close_source(&b);
		unix_pair(&a, &b);
		same += mio_source_fd(&a) == fd;
		wrong += poll_now(poller, events, 8) != 0;
		reg(poller, &a, (mio_token)(1000 + i), MIO_READABLE);
		wrong += poll_now(poller, events, 8) != 0;
		dereg(poller, &a);
	}
	is(same, 100, "the descriptor was reused each time");
	is(wrong, 0, "a reused descriptor gets no old event");
	close_source(&a);
	close_source(&b);
}

/*
 * A library closes its descriptor, and the number is used again.  The page
 * requires the program to release the source first.
 */
static void
released_first(struct mio_poller *poller)
{
	struct mio_source old, a, b;
	struct mio_event events[8];
	mio_fd fd;

	unix_pair(&old, &b);
	reg(poller, &old, 50, MIO_READABLE);
	fd = mio_source_release(&old);
	need(mio_source_from_fd(&a, fd) == 0);
	close_source(&a);		/* the library's */
	close_source(&b);
	unix_pair(&a, &b);
	is(mio_source_fd(&a), fd, "released, closed: the number is used again");
	put_text(&b, "x");
	is(poll_now(poller, events, 8), 0, "released: no event");
	reg(poller, &a, 51, MIO_READABLE);
	is(mio_source_close(&old), -1, "released: the old source is empty");
	ok(comes(poller, 51, MIO_READABLE), "released: the new source's event");
	close_source(&a);
	close_source(&b);
}

/*
 * LIFE-1: the array belongs to the caller, and libmio doesn't change it later.
 */
static void
returned(struct mio_poller *poller)
{
	struct mio_event events[8], before[8];
	struct mio_source a, b;
	int n;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_WRITABLE);
	reg(poller, &b, 2, MIO_WRITABLE);
	n = poll_now(poller, events, 8);
	is(n, 2, "two events in one batch");
	memcpy(before, events, sizeof(before));
	close_source(&a);
	close_source(&b);
	ok(memcmp(events, before, (size_t)n * sizeof(events[0])) == 0,
	    "an array already returned is not edited by a close");
	is(quiet(poller), 0, "and the next poll has nothing");
}

/*
 * One thread polls all the time; each registration has a token of its own,
 * and "gone" is the newest one that is deregistered.
 */
struct race {
	struct mio_poller	*poller;
	unsigned int		 gone;
	unsigned int		 stop;
	unsigned int		 late;
	unsigned int		 seen;
};

static void *
poll_all_the_time(void *arg)
{
	struct race *race = arg;
	struct mio_event events[4];
	unsigned int gone;
	int i, n;

	while (!atomic_get(&race->stop)) {
		gone = atomic_get(&race->gone);
		n = mio_poll(race->poller, events, 4, MIO_FOREVER);
		need(n > 0);
		for (i = 0; i < n; i++) {
			race->late += events[i].token <= gone &&
			    events[i].token != 0;
			atomic_inc(&race->seen);
		}
	}
	return NULL;
}

/*
 * An event is pending each time; sometimes it is reported before the
 * deregistration.
 */
static void
change(struct race *race, struct mio_source *source, unsigned int token)
{
	unsigned int seen = atomic_get(&race->seen);
	long long end = msec() + 10000 * tap_slow();

	reg(race->poller, source, token, BOTH);
	if (token % 3 == 0)
		rereg(race->poller, source, token, BOTH);
	while (token % 4 == 0 && atomic_get(&race->seen) == seen)
		need(sched_yield() == 0 && msec() < end);
	dereg(race->poller, source);
	atomic_put(&race->gone, token);
}

static void
concurrent(struct mio_poller *poller)
{
	unsigned int rounds = 2000 / (unsigned int)tap_slow() + 10, i;
	struct race race = { poller, 0, 0, 0, 0 };
	struct mio_waker *waker = mio_waker_new(poller, 0);
	struct mio_source a, b;
	pthread_t thread;

	need(waker != NULL);
	unix_pair(&a, &b);
	put_text(&b, "x");
	thread = start_thread(poll_all_the_time, &race);
	for (i = 1; i <= rounds; i++)
		change(&race, &a, i);
	atomic_put(&race.stop, 1);
	need(mio_waker_wake(waker) == 0);
	join_thread(thread);
	tap_diag("%u rounds, %u events", rounds, race.seen);
	ok(race.seen > rounds / 8, "a thread polled while another registered");
	is(race.late, 0, "no poll begun after deregister reports the token");
	mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
}

/*
 * The recipe for tokens that are pointers: deregister, wake, and free on the
 * polling thread.  A poll that is still running may report the pointer, which
 * must then still be valid.
 */
struct connection {
	struct mio_source	 source;
	struct connection	*next_freed;
	int			 magic;
};

struct recipe {
	struct mio_poller	*poller;
	struct mio_waker	*waker;
	struct connection	*to_free;	/* handed over, to be freed */
	unsigned int		 freed;
	unsigned int		 bad;
	unsigned int		 stop;
};

#define ALIVE	0x600d

static void
free_handed_over(struct recipe *recipe)
{
	struct connection *conn = atomic_swap(&recipe->to_free, NULL);

	while (conn != NULL) {
		struct connection *next = conn->next_freed;

		conn->magic = 0;
		atomic_inc(&recipe->freed);
		conn = next;
	}
}

static void *
poll_and_free(void *arg)
{
	struct recipe *recipe = arg;
	struct mio_event events[4];
	int i, n;

	while (!atomic_get(&recipe->stop)) {
		n = mio_poll(recipe->poller, events, 4, MIO_FOREVER);
		need(n > 0);
		for (i = 0; i < n; i++) {
			const struct connection *conn =
			    (const void *)events[i].token;

			recipe->bad += conn != NULL && conn->magic != ALIVE;
		}
		free_handed_over(recipe);
	}
	free_handed_over(recipe);
	return NULL;
}

#define CONNECTIONS	200

static void
pointer_tokens(struct mio_poller *poller)
{
	static struct connection conns[CONNECTIONS];
	struct recipe recipe = { poller, NULL, NULL, 0, 0, 0 };
	struct mio_source a, b;
	pthread_t thread;
	int i;

	need((recipe.waker = mio_waker_new(poller, 0)) != NULL);
	unix_pair(&a, &b);
	put_text(&b, "x");
	thread = start_thread(poll_and_free, &recipe);
	for (i = 0; i < CONNECTIONS; i++) {
		struct connection *conn = &conns[i], *head = NULL;

		conn->magic = ALIVE;
		need(mio_source_from_fd(&conn->source, mio_source_fd(&a)) ==
		    0);
		reg(poller, &conn->source, (mio_token)conn, BOTH);
		dereg(poller, &conn->source);
		head = atomic_get(&recipe.to_free);
		do {
			conn->next_freed = head;
		} while (!atomic_cas(&recipe.to_free, &head, conn));
		need(mio_waker_wake(recipe.waker) == 0);
	}
	atomic_put(&recipe.stop, 1);
	need(mio_waker_wake(recipe.waker) == 0);
	join_thread(thread);
	is(recipe.bad, 0, "deregister, wake, free on the polling thread: no "
	    "event for freed memory");
	is(recipe.freed, CONNECTIONS, "and all are freed");
	mio_waker_free(recipe.waker);
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	ready_and_gone(poller);
	reused(poller);
	released_first(poller);
	returned(poller);
	concurrent(poller);
	pointer_tokens(poller);
	mio_poller_free(poller);
	return tap_done();
}
