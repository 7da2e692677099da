/*
 * Contract 9, WAKE-1 and POLL-3: wakes from threads and signal handlers are
 * coalesced, survive a full channel and more wakers than room, and the last
 * wake is never lost.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "lib/tap.h"
#include "lib/util.h"

#define COUNT	40	/* some wakers share a group */

static struct mio_waker *
new_waker(struct mio_poller *poller, mio_token token)
{
	struct mio_waker *waker = mio_waker_new(poller, token);

	need(waker != NULL);
	return waker;
}

static void
wake(struct mio_waker *waker)
{
	need(mio_waker_wake(waker) == 0);
}

static void
basics(struct mio_poller *poller)
{
	struct mio_waker *waker = new_waker(poller, 5);
	struct mio_event events[4];
	int i, wrong = 0;

	is(poll_now(poller, events, 4), 0, "not woken: no event");
	for (i = 0; i < 100; i++)
		wake(waker);
	is(poll_now(poller, events, 4), 1, "100 wakes: one event");
	is(events[0].token, 5, "its token");
	is(events[0].readiness, MIO_READABLE, "is readable");
	is(events[0].native, 0, "without native bits");
	is(quiet(poller), 0, "delivered: no other event");
	for (i = 0; i < 1000; i++) {
		wake(waker);
		wrong += poll_now(poller, events, 4) != 1;
		wrong += poll_now(poller, events, 4) != 0;
	}
	is(wrong, 0, "a wake after delivery gives a new event, 1,000 times");
	mio_waker_free(waker);
}

static void
misuse(struct mio_poller *poller)
{
	struct mio_poller *closed = new_poller();
	struct mio_waker *waker = new_waker(closed, 6);

	errno = 0;
	ok(mio_waker_new(NULL, 1) == NULL && errno == EINVAL, "no poller");
	fails(mio_waker_wake(NULL), EINVAL, "no waker");
	errno = 77;
	mio_waker_free(NULL);
	wake(waker);
	is(errno, 77, "success leaves errno alone");
	mio_poller_free(closed);
	fails(mio_waker_wake(waker), EBADF, "a wake of a closed poller");
	mio_waker_free(waker);
	is(quiet(poller), 0, "is no event of another poller");
}

/*
 * Polls with this much room until no event comes; each waker's token must come
 * once.
 */
static void
collect(struct mio_poller *poller, int room, int wakers)
{
	struct mio_event events[COUNT];
	int seen[COUNT] = { 0 };
	int i, n, over = 0, wrong = 0;

	while ((n = mio_poll(poller, events, room, 0)) > 0) {
		over += n > room;
		for (i = 0; i < n; i++) {
			need(events[i].token < COUNT);
			seen[events[i].token]++;
		}
	}
	need(n == 0);
	for (i = 0; i < COUNT; i++)
		wrong += seen[i] != (i < wakers);
	is(over, 0, "capacity %d: no more events than room", room);
	is(wrong, 0, "capacity %d: N wakers, N tokens, each once", room);
}

static void
many(struct mio_poller *poller)
{
	static const int rooms[] = { 1, 2, 3, 7, COUNT };
	struct mio_waker *wakers[COUNT];
	unsigned int k;
	int i;

	for (i = 0; i < COUNT; i++)
		wakers[i] = new_waker(poller, (mio_token)i);
	for (k = 0; k < sizeof(rooms) / sizeof(rooms[0]); k++) {
		for (i = 0; i < COUNT; i++)
			wake(wakers[i]);
		collect(poller, rooms[k], COUNT);
	}
	wake(wakers[0]);
	wake(wakers[1]);
	collect(poller, COUNT, 2);
	for (i = 0; i < COUNT; i++)
		mio_waker_free(wakers[i]);
}

/* Polls for one event at a time until none comes, and counts each token. */
static void
count_each(struct mio_poller *poller, int *seen, int tokens)
{
	struct mio_event event;

	memset(seen, 0, (size_t)tokens * sizeof(*seen));
	while (poll_now(poller, &event, 1) > 0) {
		need(event.token < (mio_token)tokens);
		seen[event.token]++;
	}
}

static bool
each_once(const int *seen, int tokens)
{
	int i;

	for (i = 0; i < tokens; i++) {
		if (seen[i] != 1)
			return false;
	}
	return true;
}

/*
 * Wakers for which there was no room are deferred, while sources have events
 * and new wakes come.
 */
static void
deferred(struct mio_poller *poller)
{
	struct mio_waker *wakers[4];
	struct mio_event event;
	struct mio_source a, b;
	int seen[5], i;

	unix_pair(&a, &b);
	reg(poller, &a, 4, MIO_WRITABLE);
	for (i = 0; i < 4; i++)
		wake(wakers[i] = new_waker(poller, (mio_token)i));
	count_each(poller, seen, 5);
	ok(each_once(seen, 5), "capacity 1: wakers and a source share it");
	for (i = 0; i < 4; i++)
		wake(wakers[i]);
	need(poll_now(poller, &event, 1) == 1 && event.token < 4);
	for (i = 0; i < 4; i++)
		wake(wakers[i]);
	count_each(poller, seen, 4);
	ok(each_once(seen, 4),
	    "deferred wakers coalesce, a delivered one is new");
	for (i = 0; i < 4; i++)
		wake(wakers[i]);
	for (i = 0; i < 4; i++)
		is(mio_poll(poller, &event, 1, MIO_FOREVER), 1,
		    "deferred wakers: the next wait does not sleep");
	is(quiet(poller), 0, "then no other event");
	for (i = 0; i < 4; i++)
		mio_waker_free(wakers[i]);
	close_source(&a);
	close_source(&b);
}

/*
 * Wakers that are woken before each wait, and sources that are always ready,
 * share an array for a few events.
 */
#define POLLS	600

struct crowd {
	struct mio_waker	*wakers[COUNT];
	struct mio_source	 ends[COUNT][2];
	int			 seen[2 * COUNT];	/* wakers' first */
};

/* A source that was reported is drained, and ready again. */
static void
poll_crowd(struct mio_poller *poller, struct crowd *crowd, int wakers, int room)
{
	struct mio_event events[COUNT];
	int i, n;

	for (i = 0; i < wakers; i++)
		wake(crowd->wakers[i]);
	n = mio_poll(poller, events, room, 0);
	need(n >= 0 && n <= room);
	for (i = 0; i < n; i++) {
		int k = (int)events[i].token;

		crowd->seen[k]++;
		if (k >= wakers) {
			need(drain(&crowd->ends[k - wakers][0]) == 1);
			put_text(&crowd->ends[k - wakers][1], "x");
		}
	}
}

/* Each one must get an eighth of an even share at least. */
static void
share(struct mio_poller *poller, int wakers, int sources, int room,
    unsigned int mode)
{
	int polls = POLLS;		/* fewer would not be a turn each */
	int even = polls * room / (wakers + sources);
	int i, least = polls;
	struct crowd crowd;

	memset(&crowd, 0, sizeof(crowd));
	for (i = 0; i < wakers; i++)
		crowd.wakers[i] = new_waker(poller, (mio_token)i);
	for (i = 0; i < sources; i++) {
		unix_pair(&crowd.ends[i][0], &crowd.ends[i][1]);
		reg(poller, &crowd.ends[i][0], (mio_token)(wakers + i),
		    MIO_READABLE | mode);
		put_text(&crowd.ends[i][1], "x");
	}
	for (i = 0; i < polls; i++)
		poll_crowd(poller, &crowd, wakers, room);
	for (i = 0; i < wakers + sources; i++) {
		if (crowd.seen[i] < least)
			least = crowd.seen[i];
	}
	ok(least > even / 8, "%d wakers and %d sources%s share room for %d: "
	    "each %d times at least in %d polls", wakers, sources,
	    mode == MIO_LEVEL ? " (level)" : "", room, least, polls);
	for (i = 0; i < wakers; i++)
		mio_waker_free(crowd.wakers[i]);
	for (i = 0; i < sources; i++) {
		close_source(&crowd.ends[i][0]);
		close_source(&crowd.ends[i][1]);
	}
}

static void
fair(struct mio_poller *poller)
{
	int room;

	for (room = 1; room <= 3; room++) {
		share(poller, 1, 1, room, MIO_LEVEL);
		share(poller, 1, 1, room, 0);
		share(poller, 1, 8, room, MIO_LEVEL);
		share(poller, 8, 1, room, 0);
		share(poller, 8, 8, room, MIO_LEVEL);
		share(poller, 8, 8, room, 0);
		share(poller, COUNT, 2, room, MIO_LEVEL);
	}
}

/*
 * A waker for which an array had no room is freed: the next wait, which keeps a
 * place for it, returns the source.
 */
static void
freed_overdue(struct mio_poller *poller)
{
	struct mio_waker *waker = new_waker(poller, 1);
	struct mio_source a, b;
	struct mio_event event;
	int i = 0;

	unix_pair(&a, &b);
	reg(poller, &a, 2, MIO_WRITABLE | MIO_LEVEL);
	/* Where the channel is a source like others, the waker may be first. */
	do {
		wake(waker);
		need(mio_poll(poller, &event, 1, 0) == 1);
	} while (event.token == 1 && i++ < 10);
	is(event.token, 2, "room for one: an event of the source");
	mio_waker_free(waker);
	is(mio_poll(poller, &event, 1, PATIENCE), 1,
	    "the waker is freed: an event");
	is(event.token, 2, "of the source again");
	close_source(&a);
	close_source(&b);
}

static void
freed(struct mio_poller *poller)
{
	struct mio_waker *wakers[4];
	struct mio_event event;
	int i, one, other;

	for (i = 0; i < 4; i++)
		wake(wakers[i] = new_waker(poller, (mio_token)i));
	mio_waker_free(wakers[0]);
	mio_waker_free(wakers[3]);
	is(poll_now(poller, &event, 1), 1, "two of four freed: an event");
	one = event.token == 2 ? 2 : 1;
	other = 3 - one;
	is(event.token, one, "of one that is not freed");
	mio_waker_free(wakers[other]);
	is(quiet(poller), 0, "a waker freed while pending is not reported");
	wake(wakers[one]);
	is(poll_now(poller, &event, 1), 1, "the others still work");
	mio_waker_free(wakers[one]);
	wake(wakers[0] = new_waker(poller, 9));
	mio_waker_free(wakers[0]);
	wakers[0] = new_waker(poller, 10);
	is(quiet(poller), 0, "a waker made of one freed while pending: silent");
	wake(wakers[0]);
	is(poll_now(poller, &event, 1), 1, "until it is woken");
	is(event.token, 10, "with its own token");
	mio_waker_free(wakers[0]);
}

/* An event is returned although a freed waker was pending before it. */
static void
freed_before_event(struct mio_poller *poller)
{
	struct mio_waker *waker = new_waker(poller, 1);
	struct mio_event event = { 0, 0, 0 };
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 2, MIO_READABLE);
	wake(waker);
	put_text(&b, "x");
	mio_waker_free(waker);
	is(poll_now(poller, &event, 1), 1, "freed while pending, capacity 1: "
	    "an event at once");
	is(event.token, 2, "of the source that is ready");
	is(quiet(poller), 0, "and no other event");
	close_source(&a);
	close_source(&b);
}

struct remote {
	struct mio_waker	*waker;
	int			 error;
};

static void *
wake_remote(void *arg)
{
	struct remote *remote = arg;

	sleep_msec(20);
	errno = 1234;
	if (mio_waker_wake(remote->waker) < 0 || errno != 1234)
		remote->error = errno;
	return NULL;
}

static void
from_thread(struct mio_poller *poller)
{
	struct remote remote = { new_waker(poller, 7), 0 };
	struct mio_event event = { 0, 0, 0 };
	pthread_t thread = start_thread(wake_remote, &remote);

	is(mio_poll(poller, &event, 1, MIO_FOREVER), 1,
	    "a wake from a thread ends an infinite wait");
	is(event.token, 7, "with its token");
	join_thread(thread);
	is(remote.error, 0, "the wake leaves errno alone");
	mio_waker_free(remote.waker);
}

static struct mio_waker *handler_waker;
static volatile sig_atomic_t handled, handler_failed;

static void
on_signal(int sig)
{
	(void)sig;
	if (mio_waker_wake(handler_waker) < 0)
		handler_failed = 1;
	handled++;
}

static void *
signal_remote(void *arg)
{
	sleep_msec(20);
	need(pthread_kill(*(pthread_t *)arg, SIGUSR1) == 0);
	return NULL;
}

static void
from_handler(struct mio_poller *poller)
{
	pthread_t self = pthread_self(), thread;
	struct mio_event event = { 0, 0, 0 };
	struct sigaction action;
	int i, n, wrong = 0;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	need(sigaction(SIGUSR1, &action, NULL) == 0);
	handler_waker = new_waker(poller, 8);
	errno = 1234;
	need(raise(SIGUSR1) == 0);
	is(errno, 1234, "a wake in a signal handler leaves errno alone");
	is(poll_now(poller, &event, 1), 1, "a wake in a signal handler: an "
	    "event");
	is(event.token, 8, "with its token");
	thread = start_thread(signal_remote, &self);
	while ((n = mio_poll(poller, &event, 1, MIO_FOREVER)) < 0 &&
	    errno == EINTR)
		continue;
	is(n, 1, "a wake in a handler that interrupts an infinite wait");
	join_thread(thread);
	for (i = 0; i < 1000; i++) {
		need(raise(SIGUSR1) == 0 && raise(SIGUSR1) == 0);
		wrong += poll_now(poller, &event, 1) != 1;
		wrong += poll_now(poller, &event, 1) != 0;
	}
	is(wrong, 0, "1,000 wakes from a handler: one event each, then none");
	is(handled, 2002, "each signal was handled");
	is(handler_failed, 0, "and no wake failed");
	mio_waker_free(handler_waker);
}

/* The channel's descriptor: an eventfd, or a pipe's write end. */
static void
fill_channel(const struct mio_poller *poller)
{
	int fd = poller->channel_fd[1];
	uint64_t count;

	/*
	 * An eventfd is read and then filled with one write; a pipe takes
	 * many.
	 */
	if (read(poller->channel_fd[0], &count, sizeof(count)) < 0)
		need(errno == EAGAIN);
	count = UINT64_MAX - 1;
	if (write(fd, &count, sizeof(count)) < 0)
		need(errno == EAGAIN);
	count = 1;
	while (write(fd, &count, sizeof(count)) > 0)
		continue;
	need(errno == EAGAIN);
	/* The last bytes of a pipe; writing one byte to an eventfd fails. */
	while (write(fd, &count, 1) > 0)
		continue;
}

static bool
has_channel(const struct mio_poller *poller)
{
	/* A full port refuses wakes: see t/fake/port_select.c. */
	return poller->channel_fd[1] > STDERR_FILENO && !on_selector("port");
}

static void
full_channel(struct mio_poller *poller)
{
	struct mio_waker *waker = new_waker(poller, 10);
	struct mio_event events[4];
	int i, wrong = 0;

	if (!has_channel(poller)) {
		tap_skip(5, "this selector has no waker channel to fill");
		mio_waker_free(waker);
		return;
	}
	fill_channel(poller);
	is(mio_waker_wake(waker), 0, "a full channel: a wake");
	is(mio_poll(poller, events, 4, MIO_FOREVER), 1,
	    "a full channel: its event");
	is(quiet(poller), 0, "and no other event");
	for (i = 0; i < 10; i++) {
		fill_channel(poller);
		/*
		 * The edge was seen, so what is in the channel causes no new
		 * one.
		 */
		wrong += poll_now(poller, events, 4) != 0;
		fill_channel(poller);
		wrong += poll_now(poller, events, 4) != 0;
		wake(waker);
		wrong += mio_poll(poller, events, 4, MIO_FOREVER) != 1;
	}
	is(wrong, 0, "filled, polled, filled, woken: an event each time");
	is(quiet(poller), 0, "only one event");
	mio_waker_free(waker);
}

/*
 * A stress test.  Each producer writes a number, wakes, and waits until the
 * consumer has seen the number; in bursts, so that wakes coincide with
 * deliveries.  A lost wake is a number that is not seen.
 */
#define PRODUCERS	3

struct producer {
	struct mio_waker	*waker;
	unsigned int		 rounds;
	unsigned int		 written;	/* by the producer */
	unsigned int		 seen;		/* by the consumer */
	unsigned int		 lost;
	unsigned int		 wakes;
};

struct stress {
	struct mio_poller	*poller;
	struct producer		 producers[PRODUCERS];
};

/* Returns false if the consumer doesn't see the value in time. */
static bool
seen_soon(struct producer *producer, unsigned int value)
{
	long long end = msec() + 20000 * tap_slow();

	while (atomic_get(&producer->seen) != value) {
		if (msec() > end)
			return false;
		sched_yield();
	}
	return true;
}

static void *
produce(void *arg)
{
	struct producer *producer = arg;
	unsigned int i, k, value = 0;

	for (i = 1; i <= producer->rounds; i++) {
		for (k = 0; k <= i % 16; k++) {
			atomic_put_relaxed(&producer->written, ++value);
			wake(producer->waker);
		}
		producer->wakes += k;
		if (!seen_soon(producer, value)) {
			producer->lost++;
			return NULL;
		}
	}
	return NULL;
}

/* Polls until the token PRODUCERS comes. */
static void *
consume(void *arg)
{
	struct stress *stress = arg;
	struct mio_event events[2];
	struct producer *producer;
	int i, n;

	for (;;) {
		n = mio_poll(stress->poller, events, 2, MIO_FOREVER);
		need(n > 0);
		for (i = 0; i < n; i++) {
			if (events[i].token == PRODUCERS)
				return NULL;
			producer = &stress->producers[events[i].token];
			atomic_put(&producer->seen,
			    atomic_get_relaxed(&producer->written));
		}
	}
}

static void
lossless(struct mio_poller *poller)
{
	struct mio_waker *stop = new_waker(poller, PRODUCERS);
	pthread_t threads[PRODUCERS], consumer;
	unsigned int lost = 0, wakes = 0;
	struct stress stress;
	int i;

	memset(&stress, 0, sizeof(stress));
	stress.poller = poller;
	for (i = 0; i < PRODUCERS; i++) {
		stress.producers[i].rounds = 20000 / (unsigned int)tap_slow();
		stress.producers[i].waker = new_waker(poller, (mio_token)i);
	}
	consumer = start_thread(consume, &stress);
	for (i = 0; i < PRODUCERS; i++)
		threads[i] = start_thread(produce, &stress.producers[i]);
	for (i = 0; i < PRODUCERS; i++) {
		join_thread(threads[i]);
		lost += stress.producers[i].lost;
		wakes += stress.producers[i].wakes;
	}
	wake(stop);
	join_thread(consumer);
	tap_diag("%u wakes", wakes);
	is(lost, 0, "several threads, several wakers: the last wake is never "
	    "lost");
	for (i = 0; i < PRODUCERS; i++)
		mio_waker_free(stress.producers[i].waker);
	mio_waker_free(stop);
}

/*
 * Data that is not atomic: a wake publishes it, and the wake's event makes it
 * visible.  Replies go back in the same way.
 */
struct letter {
	struct mio_poller	*poller;
	struct mio_waker	*reply;		/* on the other's poller */
	unsigned int		 rounds;
	unsigned int		 text[16];
};

static void *
reply_to_letters(void *arg)
{
	struct letter *letter = arg;
	struct mio_event event;
	unsigned int i, k;

	for (i = 0; i < letter->rounds; i++) {
		need(mio_poll(letter->poller, &event, 1, MIO_FOREVER) == 1);
		for (k = 0; k < 16; k++)
			letter->text[k]++;
		wake(letter->reply);
	}
	return NULL;
}

static void
publishes(struct mio_poller *poller)
{
	struct mio_poller *other = new_poller();
	struct mio_waker *send = new_waker(other, 1);
	struct letter letter = { other, new_waker(poller, 2), 2000, { 0 } };
	struct mio_event event;
	unsigned int i, wrong = 0;
	pthread_t thread;

	thread = start_thread(reply_to_letters, &letter);
	for (i = 0; i < letter.rounds; i++) {
		letter.text[i % 16] += 2;
		wake(send);
		need(mio_poll(poller, &event, 1, MIO_FOREVER) == 1);
		letter.text[i % 16] -= 2;
		wrong += letter.text[i % 16] != i + 1 ||
		    letter.text[(i + 7) % 16] != i + 1;
	}
	join_thread(thread);
	is(wrong, 0, "data written before a wake is seen after its event");
	mio_waker_free(send);
	mio_waker_free(letter.reply);
	mio_poller_free(other);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	basics(poller);
	misuse(poller);
	many(poller);
	deferred(poller);
	freed(poller);
	freed_overdue(poller);
	freed_before_event(poller);
	fair(poller);
	from_thread(poller);
	from_handler(poller);
	full_channel(poller);
	lossless(poller);
	publishes(poller);
	mio_poller_free(poller);
	return tap_done();
}
