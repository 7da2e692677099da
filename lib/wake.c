/*
 * Wakers.
 *
 * A waker is in one of four states:
 *
 *	idle		no wake is pending
 *	pending		on the stack or deferred, and the channel was signalled
 *	unsignalled	on the stack or deferred, but the signal failed
 *	closed		freed while it was on the stack or deferred
 *
 * Only a wake that finds the waker idle pushes it on the poller's stack, so a
 * waker is never there twice, and a wake of a pending waker costs one
 * exchange.
 *
 * The exchange comes first and is unconditional.  A wake that only loaded the
 * state and read "pending" could return while the waiter, which has already
 * read the program's data, is about to make the waker idle; the wake would be
 * lost.  An exchange orders the wake before the waiter's own exchange, so that
 * data which the program wrote before the wake is visible after the event.
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
	WAKER_UNSIGNALLED,
	WAKER_CLOSED
};

struct mio_waker {
	int			 state;
	mio_token		 token;
	struct mio_poller	*poller;
	struct mio_waker	*next;	/* on the stack, or deferred */
	/* Wakers allocated one after another do not share a cache line. */
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
	/* From now on a signal may be that of a waker that has been freed. */
	atomic_put_relaxed(&poller->resumes, 1);
	return waker;
}

/*
 * There is no ABA problem: no thread pops a single waker, because the waiter
 * takes the whole stack.
 */
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
	/* The next wake signals again, unless this one has been delivered. */
	(void)atomic_cas(&waker->state, &pending, WAKER_UNSIGNALLED);
	return error;
}

/*
 * The part of a wake after its exchange.  Only this part makes a system call,
 * and so it must restore errno when it succeeds.  Out of line, because an
 * exchange waits for all earlier stores, those of saved registers included.
 */
static MIO_NOINLINE int
push_and_signal(struct mio_waker *waker, int was)
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
		return mio_refuse(-EINVAL);
	if ((error = mio_poller_check(waker->poller)) < 0)
		return mio_refuse(error);
	was = atomic_swap(&waker->state, WAKER_PENDING);
	return was == WAKER_IDLE || was == WAKER_UNSIGNALLED ?
	    push_and_signal(waker, was) : 0;
}

void
mio_waker_free(struct mio_waker *waker)
{
	struct mio_poller *poller;
	int saved = errno;

	if (waker == NULL)
		return;
	poller = waker->poller;
	/* A waker on the stack is freed by the thread that takes it off. */
	if (atomic_swap(&waker->state, WAKER_CLOSED) == WAKER_IDLE)
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
 * Makes a waker idle and stores its event.  A closed waker is freed instead.
 * The token, and the caller's next, are read before the exchange, because
 * after it another thread may push the waker again, or free it.
 */
static int
deliver(struct mio_waker *waker, struct mio_event *event)
{
	mio_token token = waker->token;

	if (atomic_swap(&waker->state, WAKER_IDLE) == WAKER_CLOSED) {
		free(waker);
		return 0;
	}
	event->token = token;
	event->readiness = MIO_READABLE;
	event->native = 0;
	return 1;
}

/* Defers wakers that did not fit.  Another waiter may defer some, too. */
static void
defer(struct mio_poller *poller, struct mio_waker *list)
{
	struct mio_waker *none;

	do {
		list = append(atomic_swap(&poller->deferred, NULL), list);
		none = NULL;
	} while (!atomic_cas(&poller->deferred, &none, list));
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
		defer(poller, list);
	return n;
}

int
mio_wakers_take(struct mio_poller *poller, struct mio_event *events, int room)
{
	struct mio_waker *deferred = atomic_swap(&poller->deferred, NULL);
	struct mio_waker *pending = atomic_swap(&poller->pending, NULL);

	return deliver_all(poller, append(deferred, reverse(pending)), events,
	    room);
}

int
mio_wakers_take_deferred(struct mio_poller *poller, struct mio_event *events,
    int room)
{
	return deliver_all(poller, atomic_swap(&poller->deferred, NULL), events,
	    room);
}

static void
free_closed(struct mio_waker *list)
{
	while (list != NULL) {
		struct mio_waker *next = list->next;

		/* A waker that is not closed holds the poller's memory. */
		assert(list->state == WAKER_CLOSED);
		free(list);
		list = next;
	}
}

void
mio_wakers_destroy(struct mio_poller *poller)
{
	free_closed(poller->pending);
	free_closed(poller->deferred);
}
