/*
 * Wakers.
 *
 * A waker is idle, pending (on the poller's stack, and the channel has been
 * signalled), owed (pending, but the signal failed) or dead (freed while
 * pending).  Only the wake that finds it idle pushes it, so a waker is never
 * on the stack twice, and a wake of a pending one costs one exchange.
 *
 * The exchange comes first and unconditionally.  A wake that only looked and
 * saw "pending" could return while the waiter, which had already read the
 * program's data, is about to make the waker idle: nobody would come back.
 * An exchange orders the wake before the waiter's own exchange, so that what
 * the program wrote before waking is seen after the event.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>

#include "internal.h"
#include "poller.h"

enum {
	WAKER_IDLE,
	WAKER_PENDING,
	WAKER_OWED,
	WAKER_DEAD
};

struct mio_waker {
	int			 state;
	mio_token		 token;
	struct mio_poller	*poller;
	struct mio_waker	*next;	/* on the stack, or kept */
	/* Threads that wake by wakers made one after another aren't slowed. */
	char			 pad[MIO_CACHE_LINE];
};

static int
waker_check(struct mio_poller *poller)
{
	if (poller == NULL)
		return -EINVAL;
	return mio_poller_check(poller);
}

struct mio_waker *
mio_waker_new(struct mio_poller *poller, mio_token token)
{
	struct mio_waker *waker;
	int error;

	if ((error = waker_check(poller)) < 0) {
		errno = -error;
		return NULL;
	}
	if ((waker = calloc(1, sizeof(*waker))) == NULL)
		return NULL;
	waker->token = token;
	waker->poller = poller;
	mio_poller_hold_channel(poller);
	/* From now on the channel can be signalled for wakers since freed. */
	atomic_put_relaxed(&poller->resumes, 1);
	return waker;
}

/* A push never meets the ABA problem: nobody pops, the waiter takes all. */
static void
push(struct mio_poller *poller, struct mio_waker *waker)
{
	struct mio_waker *head = atomic_get_relaxed(&poller->pending);

	do {
		waker->next = head;
	} while (!atomic_cas(&poller->pending, &head, waker));
}

static int
signal_channel(struct mio_waker *waker)
{
	int pending = WAKER_PENDING;
	int error;

	if ((error = mio_channel_signal(waker->poller)) == 0)
		return 0;
	/* Unless it was delivered meanwhile, the next wake tries again. */
	(void)atomic_cas(&waker->state, &pending, WAKER_OWED);
	return error;
}

/*
 * What a wake does beyond its exchange, which alone may touch errno.  These
 * are apart because an exchange waits for all that was stored before it, saved
 * registers too.
 */
static MIO_COLD int
refuse(int error)
{
	return mio_result(error);
}

static MIO_APART int
tell(struct mio_waker *waker, int was)
{
	int saved = errno;
	int error;

	if (was == WAKER_IDLE)
		push(waker->poller, waker);
	if ((error = signal_channel(waker)) < 0)
		return mio_result(error);
	errno = saved;
	return 0;
}

int
mio_waker_wake(struct mio_waker *waker)
{
	int error, was;

	if (waker == NULL)
		return refuse(-EINVAL);
	if ((error = mio_poller_check(waker->poller)) < 0)
		return refuse(error);
	was = atomic_swap(&waker->state, WAKER_PENDING);
	return was == WAKER_IDLE || was == WAKER_OWED ? tell(waker, was) : 0;
}

void
mio_waker_free(struct mio_waker *waker)
{
	struct mio_poller *poller;
	int saved = errno;

	if (waker == NULL)
		return;
	poller = waker->poller;
	/* One that is on the stack is freed by whoever takes it off. */
	if (atomic_swap(&waker->state, WAKER_DEAD) == WAKER_IDLE)
		free(waker);
	mio_poller_drop_channel(poller);
	errno = saved;
}

/* Turns the stack into a list with the oldest wake first. */
static struct mio_waker *
reverse(struct mio_waker *stack)
{
	struct mio_waker *list = NULL;

	while (stack != NULL) {
		struct mio_waker *next = stack->next;

		stack->next = list;
		list = stack;
		stack = next;
	}
	return list;
}

static struct mio_waker *
append(struct mio_waker *list, struct mio_waker *more)
{
	struct mio_waker *last;

	if (list == NULL)
		return more;
	for (last = list; last->next != NULL; last = last->next)
		continue;
	last->next = more;
	return list;
}

/*
 * Takes a waker off the list: an event, or nothing for a dead one.  Its
 * fields are read before the exchange, because after it the waker may be
 * pushed again, or freed, by another thread.
 */
static int
deliver(struct mio_waker *waker, struct mio_event *event)
{
	mio_token token = waker->token;

	if (atomic_swap(&waker->state, WAKER_IDLE) == WAKER_DEAD) {
		free(waker);
		return 0;
	}
	event->token = token;
	event->readiness = MIO_READABLE;
	event->native = 0;
	return 1;
}

/* Puts back what didn't fit.  Another waiter may be doing the same. */
static void
keep(struct mio_poller *poller, struct mio_waker *list)
{
	struct mio_waker *none;

	do {
		list = append(atomic_swap(&poller->rest, NULL), list);
		none = NULL;
	} while (!atomic_cas(&poller->rest, &none, list));
}

static int
deliver_all(struct mio_poller *poller, struct mio_waker *list,
    struct mio_event *events, int room)
{
	int n = 0;

	while (list != NULL && n < room) {
		struct mio_waker *next = list->next;

		n += deliver(list, &events[n]);
		list = next;
	}
	if (list != NULL)
		keep(poller, list);
	return n;
}

int
mio_wakers_take(struct mio_poller *poller, struct mio_event *events, int room)
{
	struct mio_waker *rest = atomic_swap(&poller->rest, NULL);
	struct mio_waker *fresh = atomic_swap(&poller->pending, NULL);

	return deliver_all(poller, append(rest, reverse(fresh)), events, room);
}

int
mio_wakers_kept(struct mio_poller *poller, struct mio_event *events, int room)
{
	return deliver_all(poller, atomic_swap(&poller->rest, NULL), events,
	    room);
}

static void
free_dead(struct mio_waker *list)
{
	while (list != NULL) {
		struct mio_waker *next = list->next;

		/* A live waker would still hold the poller's memory. */
		assert(list->state == WAKER_DEAD);
		free(list);
		list = next;
	}
}

void
mio_wakers_destroy(struct mio_poller *poller)
{
	free_dead(poller->pending);
	free_dead(poller->rest);
}
