/*
 * Wakers.
 *
 * The wakers of a poller are on MIO_WAKER_GROUPS lists, the groups.
 * poller->pending has one bit for each group that may have a waker to report.
 *
 * A waker is in one of three states:
 *
 *	idle		there is no wake to report
 *	pending		there is one, and the channel was signalled after the
 *			bit of the waker's group had been set
 *	unsignalled	there is one, and a signal is under way or was refused
 *
 * A wake that finds the waker pending costs one exchange.  Every other wake
 * makes the waker unsignalled, sets the bit, signals the channel, and makes the
 * waker pending.  A wake that finds it unsignalled does this, too: the signal
 * of the other thread may be refused, and then nothing would report this wake.
 * It may even run in a signal handler on top of the other wake.  A wake
 * therefore needs no step of another wake, and each step may be repeated.
 *
 * The exchange is never left out.  A wake that only loaded the state could load
 * it before the program's earlier stores become visible.  It could thus read
 * "pending" although a waiter has made the waker idle and does not see these
 * stores; the wake would be lost.  An exchange orders the wake, and the stores
 * before it, before the waiter's own exchange.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>

#include "internal.h"
#include "poller.h"

/*
 * The state is in the two lowest bits, both of which are 0 if the waker is
 * idle.  Above them is a number, a new one each time the waker becomes
 * unsignalled.  A thread that returns late from its signal must not make the
 * waker pending for a later wake, and a waiter must not report a waker that was
 * freed and made again with the token of the old one.
 */
#define WAKER_PENDING		1u
#define WAKER_UNSIGNALLED	2u
#define WAKER_WOKEN		3u	/* either of them */
#define WAKER_NUMBER		4u	/* the unit of the number */

/* The memory of a waker is not returned before that of its poller. */
struct mio_waker {
	unsigned int		 state;
	unsigned int		 bit;		/* its group's */
	mio_token		 token;
	struct mio_poller	*poller;
	struct mio_waker	*next;		/* in its group */
	struct mio_waker	*unused;	/* the next one, once freed */
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

/* Adds a list of freed wakers to the poller's. */
static void
put_unused(struct mio_poller *poller, struct mio_waker *list)
{
	struct mio_waker *head = NULL, *last = list;

	if (list == NULL || atomic_cas(&poller->unused, &head, list))
		return;
	while (last->unused != NULL)
		last = last->unused;
	do {
		last->unused = head;
	} while (!atomic_cas(&poller->unused, &head, list));
}

/* Takes a freed waker.  There is no ABA problem: it takes the whole list. */
static struct mio_waker *
take_unused(struct mio_poller *poller)
{
	struct mio_waker *waker = atomic_swap(&poller->unused, NULL);

	if (waker != NULL) {
		put_unused(poller, waker->unused);
		waker->unused = NULL;
	}
	return waker;
}

/* Allocates a waker.  The groups take turns. */
static struct mio_waker *
add_waker(struct mio_poller *poller)
{
	struct mio_waker *waker = calloc(1, sizeof(*waker)), *none = NULL;
	struct mio_waker_group *group;
	unsigned int i;

	if (waker == NULL)
		return NULL;
	i = atomic_inc(&poller->wakers) % MIO_WAKER_GROUPS;
	group = &poller->groups[i];
	waker->poller = poller;
	waker->bit = 1u << i;
	waker->next = atomic_get_relaxed(&group->wakers);
	while (!atomic_cas(&group->wakers, &waker->next, waker))
		continue;
	(void)atomic_cas(&group->first, &none, waker);
	return waker;
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
	if ((waker = take_unused(poller)) == NULL &&
	    (waker = add_waker(poller)) == NULL)
		return NULL;
	atomic_put_relaxed(&waker->token, token);
	mio_poller_hold_channel(poller);
	/* From now on a signal may be that of a waker that has been freed. */
	atomic_put_relaxed(&poller->resumes, 1);
	return waker;
}

static unsigned int
idle(unsigned int state)
{
	return state & ~WAKER_WOKEN;
}

static unsigned int
unsignalled(unsigned int state)
{
	return idle(state) + WAKER_NUMBER + WAKER_UNSIGNALLED;
}

/* The state after the signal of a waker in an unsignalled state. */
static unsigned int
pending(unsigned int state)
{
	return state - WAKER_UNSIGNALLED + WAKER_PENDING;
}

/*
 * The rest of a wake that found the waker in state was.  Only this part makes a
 * system call, and so it must restore errno when it succeeds.
 */
static MIO_NOINLINE int
signal_wake(struct mio_waker *waker, unsigned int was)
{
	struct mio_poller *poller = waker->poller;
	int error, saved = errno;
	unsigned int now;

	do {
		now = (was & WAKER_WOKEN) != 0 ? was : unsignalled(was);
	} while (!atomic_cas(&waker->state, &was, now));
	if ((now & WAKER_PENDING) != 0)
		return 0;
	atomic_or(&poller->pending, waker->bit);
	if ((error = mio_channel_signal(poller)) < 0)
		return mio_result(error);
	/* Unless the wake has been reported already. */
	(void)atomic_cas(&waker->state, &now, pending(now));
	errno = saved;
	return 0;
}

int
mio_waker_wake(struct mio_waker *waker)
{
	unsigned int was;
	int error;

	if (waker == NULL)
		return mio_refuse(-EINVAL);
	if ((error = mio_poller_check(waker->poller)) < 0)
		return mio_refuse(error);
	was = atomic_get_swap(&waker->state);
	return (was & WAKER_PENDING) != 0 ? 0 : signal_wake(waker, was);
}

void
mio_waker_free(struct mio_waker *waker)
{
	struct mio_poller *poller;
	int saved = errno;

	if (waker == NULL)
		return;
	poller = waker->poller;
	(void)atomic_and(&waker->state, ~WAKER_WOKEN);
	put_unused(poller, waker);
	mio_poller_drop_channel(poller);
	errno = saved;
}

/*
 * Makes a waker in this state idle and stores its event.  The state's number
 * shows that the token belongs to it.  If the state is no longer this one,
 * stores the new one and returns false.
 */
static bool
deliver(struct mio_waker *waker, unsigned int *state, struct mio_event *event)
{
	event->token = atomic_get_relaxed(&waker->token);
	if (!atomic_cas(&waker->state, state, idle(*state)))
		return false;
	event->readiness = MIO_READABLE;
	event->native = 0;
	return true;
}

/*
 * Reports the wakers of a group, beginning with the one for which there was no
 * room the last time.  Returns false if there is no room for one.
 */
static bool
take_group(struct mio_waker_group *group, struct mio_event *events, int room,
    int *n)
{
	struct mio_waker *first = atomic_get(&group->first);
	struct mio_waker *waker = first;
	unsigned int state;

	do {
		state = atomic_get(&waker->state);
		while ((state & WAKER_WOKEN) != 0) {
			if (*n == room) {
				atomic_put(&group->first, waker);
				return false;
			}
			if (deliver(waker, &state, &events[*n])) {
				++*n;
				break;
			}
		}
		if ((waker = waker->next) == NULL)
			waker = atomic_get(&group->wakers);
	} while (waker != first);
	return true;
}

/* A set of groups, each of which has its number reduced by this one. */
static unsigned int
rotate(unsigned int set, unsigned int by)
{
	return set >> by % MIO_WAKER_GROUPS | set << -by % MIO_WAKER_GROUPS;
}

/*
 * Takes groups of a set until there is no room, and returns the rest.  The next
 * call begins with the group that was not reached, so that each has its turn.
 */
static unsigned int
take_groups(struct mio_poller *poller, unsigned int set,
    struct mio_event *events, int room, int *n)
{
	unsigned int from = atomic_get_relaxed(&poller->first_group);
	unsigned int left = rotate(set, from);

	for (; left != 0; left &= left - 1) {
		unsigned int i = (from + lowest_bit(left)) % MIO_WAKER_GROUPS;
		int before = *n;

		if (!take_group(&poller->groups[i], events, room, n)) {
			atomic_put_relaxed(&poller->first_group,
			    (i + (*n > before)) % MIO_WAKER_GROUPS);
			break;
		}
	}
	return rotate(left, -from);
}

/*
 * Makes the woken wakers of these groups unsignalled, with another number: this
 * thread has taken the signal of the channel, which may be one that its sender
 * is about to count.
 */
static void
unsignal_groups(struct mio_poller *poller, unsigned int set)
{
	struct mio_waker *waker;
	unsigned int state;

	for (; set != 0; set &= set - 1) {
		waker = atomic_get(&poller->groups[lowest_bit(set)].wakers);
		for (; waker != NULL; waker = waker->next) {
			state = atomic_get_relaxed(&waker->state);
			if ((state & WAKER_WOKEN) != 0)
				(void)atomic_cas(&waker->state, &state,
				    unsignalled(state));
		}
	}
}

/*
 * Leaves wakers to another wait.  The channel is signalled, because another
 * thread may be waiting, or the program may be watching the descriptor of
 * mio_poller_fd.  If the channel refuses the signal, the next wait that begins
 * takes the wakers, and a later wake signals again.
 */
static MIO_COLD void
defer(struct mio_poller *poller, unsigned int set)
{
	int saved = errno;

	unsignal_groups(poller, set);
	atomic_or(&poller->pending, set);
	(void)mio_channel_signal(poller);
	errno = saved;
}

int
mio_wakers_take(struct mio_poller *poller, struct mio_event *events, int room)
{
	unsigned int left, set;
	int n = 0;

	set = atomic_swap(&poller->pending, 0);
	left = take_groups(poller, set, events, room, &n);
	atomic_put_relaxed(&poller->overdue, left != 0 && n == 0);
	if (MIO_UNLIKELY(left != 0))
		defer(poller, left);
	return n;
}

int
mio_wakers_take_only(struct mio_poller *poller, struct mio_event *events,
    int room)
{
	int n = mio_wakers_take(poller, events, room);

	return n > 0 ? n : MIO_RESUME;
}

void
mio_wakers_destroy(struct mio_poller *poller)
{
	unsigned int i;

	for (i = 0; i < MIO_WAKER_GROUPS; i++) {
		struct mio_waker *waker = poller->groups[i].wakers;

		while (waker != NULL) {
			struct mio_waker *next = waker->next;

			free(waker);
			waker = next;
		}
	}
}
