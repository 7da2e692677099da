/*
 * Contract 12: registering, re-arming, deregistering, closing and waking from
 * other threads while one waits; and a second waiter.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "compat/atomic.h"
#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

struct scene {
	struct mio_poller	*poller;
	struct mio_waker	*waker;		/* its token is 99 */
	struct mio_source	 a, b;
	void			(*act)(struct scene *);
};

static void *
act_later(void *arg)
{
	struct scene *scene = arg;

	sleep_msec(10);
	scene->act(scene);
	return NULL;
}

/* The wait is infinite: if the action ends no wait, the test times out. */
static void
play(struct scene *scene, void (*act)(struct scene *), mio_token token,
    const char *words)
{
	struct mio_event event = { 0, 0, 0 };
	pthread_t thread;

	scene->act = act;
	thread = start_thread(act_later, scene);
	is(mio_poll(scene->poller, &event, 1, MIO_FOREVER), 1,
	    "%s during an infinite wait: an event", words);
	is(event.token, token, "%s during an infinite wait: its token", words);
	join_thread(thread);
}

static void
act_register(struct scene *scene)
{
	reg(scene->poller, &scene->a, 1, MIO_WRITABLE);
}

static void
act_reregister(struct scene *scene)
{
	rereg(scene->poller, &scene->a, 2, MIO_WRITABLE);
}

/* Adds a direction to the interest. */
static void
act_widen(struct scene *scene)
{
	put_text(&scene->b, "x");
	rereg(scene->poller, &scene->a, 3, MIO_READABLE);
}

static void
act_read_and_write(struct scene *scene)
{
	if (drain(&scene->a) != 1)
		tap_bail("the byte isn't there");
	put_text(&scene->b, "y");
}

static void
act_would_block(struct scene *scene)
{
	char byte;

	need(recv(mio_source_fd(&scene->a), &byte, 1, 0) == 1);
	need(recv(mio_source_fd(&scene->a), &byte, 1, 0) == -1);
	need(mio_source_would_block(&scene->a, MIO_READABLE) == 0);
	put_text(&scene->b, "z");
}

/*
 * After deregistering, data and close of the peer bring no event, but the wake
 * does.
 */
static void
act_deregister(struct scene *scene)
{
	dereg(scene->poller, &scene->a);
	drain(&scene->a);
	put_text(&scene->b, "x");
	sleep_msec(10);
	need(mio_waker_wake(scene->waker) == 0);
}

static void
act_close(struct scene *scene)
{
	close_source(&scene->a);
}

static void
changes(struct mio_poller *poller, struct mio_waker *waker)
{
	struct scene scene;

	scene.poller = poller;
	scene.waker = waker;
	unix_pair(&scene.a, &scene.b);
	play(&scene, act_register, 1, "registered");
	play(&scene, act_reregister, 2, "reregistered");
	play(&scene, act_widen, 3, "reregistered for another direction");
	play(&scene, act_read_and_write, 3, "read to EAGAIN");
	play(&scene, act_would_block, 3, "would_block called");
	play(&scene, act_deregister, 99, "deregistered");
	is(quiet(poller), 0, "and no other event");
	reg(poller, &scene.a, 4, MIO_READABLE);
	need(wait_token(poller, 4, MIO_READABLE) == MIO_READABLE);
	reg(poller, &scene.b, 5, MIO_READABLE);
	/* The kernel must not keep the socket open because of the waiter. */
	play(&scene, act_close, 5, "closed, end of file at the peer");
	close_source(&scene.b);
}

/*
 * Four threads register, deregister and wake while a fifth polls.  They go on
 * until the fifth has seen an event, since it may begin late on a busy
 * machine.
 */
#define CHURNERS	4

struct storm {
	struct mio_poller	*poller;
	unsigned int		 reported;
	unsigned int		 wakes[CHURNERS];	/* delivered */
};

struct churn {
	struct storm		*storm;
	struct mio_waker	*waker;		/* its token: 10 more */
	mio_token		 token;
};

static void
come_and_go(struct mio_poller *poller, const struct churn *my)
{
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, my->token, MIO_READABLE);
	reg(poller, &b, my->token, BOTH);
	put_text(&b, "x");
	need(mio_waker_wake(my->waker) == 0);
	rereg(poller, &b, my->token, MIO_READABLE);
	drain(&a);
	dereg(poller, &a);
	close_source(&b);
	close_source(&a);
}

static void *
churn(void *arg)
{
	const struct churn *my = arg;
	struct storm *storm = my->storm;
	long long end = msec() + 10000 * tap_slow();
	int i, rounds = 500 / tap_slow() + 5;

	for (i = 0; i < rounds ||
	    (atomic_get(&storm->reported) == 0 && msec() < end); i++)
		come_and_go(storm->poller, my);
	return NULL;
}

/*
 * Counts an event; returns whether it is that of the waker that ends the test.
 */
static bool
count_event(struct storm *storm, mio_token token)
{
	if (token == 99)
		return true;
	if (token >= 10) {
		need(token < 10 + CHURNERS);
		storm->wakes[token - 10]++;
	} else {
		need(token < CHURNERS);
		atomic_inc(&storm->reported);
	}
	return false;
}

static void *
poll_until_woken(void *arg)
{
	struct storm *storm = arg;
	struct mio_event events[3];
	bool woken = false;
	int i, n;

	while (!woken) {
		n = mio_poll(storm->poller, events, 3, MIO_FOREVER);
		need(n > 0);
		for (i = 0; i < n; i++)
			woken |= count_event(storm, events[i].token);
	}
	return NULL;
}

/*
 * Sources that are deregistered while the waiter is busy are cleaned up later.
 * On AFD the poller keeps a handle for each thirty-two sources.
 */
static void
nothing_left(int fds)
{
	if (on_selector("afd"))
		tap_skip(1, "the poller keeps handles until it is freed");
	else
		is(count_fds(), fds, "and no descriptor is left");
}

static void
storm(struct mio_poller *poller, struct mio_waker *waker)
{
	struct storm all = { poller, 0, { 0 } };
	struct churn churns[CHURNERS];
	pthread_t poll, threads[CHURNERS];
	int fds = count_fds(), i, woke = 0;

	poll = start_thread(poll_until_woken, &all);
	for (i = 0; i < CHURNERS; i++) {
		struct churn *my = &churns[i];

		my->storm = &all;
		my->token = (mio_token)i;
		need((my->waker = mio_waker_new(poller, my->token + 10)) !=
		    NULL);
		threads[i] = start_thread(churn, my);
	}
	for (i = 0; i < CHURNERS; i++)
		join_thread(threads[i]);
	need(mio_waker_wake(waker) == 0);
	join_thread(poll);
	for (i = 0; i < CHURNERS; i++) {
		mio_waker_free(churns[i].waker);
		woke += all.wakes[i] > 0;
	}
	ok(all.reported > 0, "four threads register and deregister: events");
	is(woke, CHURNERS, "and wake: each one's wakes");
	nothing_left(fds);
	is(quiet(poller), 0, "and no event either");
}

static void *
wait_for_end(void *arg)
{
	struct mio_poller *poller = arg;
	struct mio_event event;
	int n;

	/* Another thread's zero wait causes EBUSY for a moment. */
	while ((n = mio_poll(poller, &event, 1, MIO_FOREVER)) < 0 &&
	    errno == EBUSY)
		sched_yield();
	need(n == 1 && event.token == 99);
	return NULL;
}

/* On selectors whose wait has state, a second waiter gets EBUSY. */
static void
second_refused(struct mio_poller *poller, struct mio_waker *waker)
{
	pthread_t thread = start_thread(wait_for_end, poller);
	long long end = msec() + 10000 * tap_slow();
	struct mio_event event;
	int n, i, wrong = 0;

	while ((n = mio_poll(poller, &event, 1, 0)) == 0 && msec() < end)
		sched_yield();
	is(n, -1, "a second waiter is refused");
	is(mio_errno(), EBUSY, "a second waiter: EBUSY");
	for (i = 0; i < 100; i++)
		wrong += mio_poll(poller, &event, 1, MIO_FOREVER) != -1 ||
		    errno != EBUSY;
	is(wrong, 0, "each time, and without waiting");
	need(mio_waker_wake(waker) == 0);
	join_thread(thread);
	is(quiet(poller), 0, "the first waiter has taken the event");
}

struct crowd {
	struct mio_poller	*poller;
	unsigned int		 events;
	unsigned int		 gone;
};

static void *
wait_in_crowd(void *arg)
{
	struct crowd *crowd = arg;
	struct mio_event event;

	for (;;) {
		need(mio_poll(crowd->poller, &event, 1, MIO_FOREVER) == 1);
		if (event.token == 99)
			break;
		atomic_inc(&crowd->events);
	}
	atomic_inc(&crowd->gone);
	return NULL;
}

/* Waits until the count is reached, or the test times out. */
static void
until(const unsigned int *count, unsigned int value)
{
	while (atomic_get(count) < value)
		sched_yield();
}

/* On other selectors two threads may wait; each event goes to one of them. */
static void
second_welcome(struct mio_poller *poller, struct mio_waker *waker)
{
	struct mio_waker *other = mio_waker_new(poller, 7);
	struct crowd crowd = { poller, 0, 0 };
	pthread_t threads[2];
	struct mio_source a, b;
	unsigned int i;

	need(other != NULL);
	unix_pair(&a, &b);
	reg(poller, &a, 8, MIO_READABLE);
	threads[0] = start_thread(wait_in_crowd, &crowd);
	threads[1] = start_thread(wait_in_crowd, &crowd);
	for (i = 0; i < 500; i++) {
		put_text(&b, "x");
		until(&crowd.events, 2 * i + 1);
		need(drain(&a) == 1);
		need(mio_waker_wake(other) == 0);
		until(&crowd.events, 2 * i + 2);
	}
	is(atomic_get(&crowd.events), 1000,
	    "two waiters: each event comes once");
	need(mio_waker_wake(waker) == 0);
	until(&crowd.gone, 1);
	need(mio_waker_wake(waker) == 0);
	until(&crowd.gone, 2);
	join_thread(threads[0]);
	join_thread(threads[1]);
	is(quiet(poller), 0, "two waiters: and no other event");
	mio_waker_free(other);
	close_source(&a);
	close_source(&b);
}

/*
 * Two threads wait with room for one event each while two wakers are woken.
 * Each thread must get one, although one of them may take both from the kernel.
 */
#define PAIR_ROUNDS	500

struct pair {
	struct mio_poller	*poller;
	unsigned int		 round;		/* a wait of each thread */
	unsigned int		 over;		/* waits that have ended */
	unsigned int		 lost;
};

static void *
wait_in_rounds(void *arg)
{
	struct pair *pair = arg;
	struct mio_event event;
	unsigned int i;

	for (i = 1; i <= PAIR_ROUNDS; i++) {
		until(&pair->round, i);
		if (mio_poll(pair->poller, &event, 1, PATIENCE) != 1)
			atomic_inc(&pair->lost);
		atomic_inc(&pair->over);
	}
	return NULL;
}

static void
one_each(struct mio_poller *poller)
{
	struct mio_waker *one = mio_waker_new(poller, 1);
	struct mio_waker *two = mio_waker_new(poller, 2);
	struct pair pair = { poller, 0, 0, 0 };
	pthread_t threads[2];
	unsigned int i;

	need(one != NULL && two != NULL);
	threads[0] = start_thread(wait_in_rounds, &pair);
	threads[1] = start_thread(wait_in_rounds, &pair);
	for (i = 1; i <= PAIR_ROUNDS && atomic_get(&pair.lost) == 0; i++) {
		atomic_inc(&pair.round);
		if (i % 2 == 0)
			sched_yield();
		need(mio_waker_wake(one) == 0 && mio_waker_wake(two) == 0);
		until(&pair.over, 2 * i);
	}
	is(pair.lost, 0, "two waiters and two wakers: each waiter gets one");
	/* After a loss the threads have rounds left. */
	for (; i <= PAIR_ROUNDS; i++) {
		atomic_inc(&pair.round);
		need(mio_waker_wake(one) == 0);
		until(&pair.over, 2 * i - 1);
		need(mio_waker_wake(one) == 0);
		until(&pair.over, 2 * i);
	}
	join_thread(threads[0]);
	join_thread(threads[1]);
	is(quiet(poller), 0, "and no other event");
	mio_waker_free(one);
	mio_waker_free(two);
}

int
main(void)
{
	struct mio_poller *poller;
	struct mio_waker *waker;
	int fds;

	tap_start();
	/* Make a poller first: what the system opens for it stays open. */
	mio_poller_free(new_poller());
	fds = count_fds();
	poller = new_poller();
	need((waker = mio_waker_new(poller, 99)) != NULL);
	changes(poller, waker);
	storm(poller, waker);
	if (on_selector("epoll") || on_selector("kqueue")) {
		second_welcome(poller, waker);
		one_each(poller);
	} else {
		second_refused(poller, waker);
	}
	mio_waker_free(waker);
	mio_poller_free(poller);
	is(count_fds(), fds, "no descriptor is left when the poller is freed");
	return tap_done();
}
