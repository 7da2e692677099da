/*
 * The fake kqueue's wait, and kevent(2) itself.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/select.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "compat/cancel.h"
#include "kqueue_fake.h"
#include "fake_kqueue.h"
#include "sleep.h"

#define SLICE	(5 * NSEC / 1000)	/* how often a restless kqueue looks */

struct sleeper {
	struct sleeper	*next;
	struct kqueue	*kq;
	const sigset_t	*mask;
	pthread_t	 thread;
	unsigned int	 wakeups;	/* when it fell asleep */
	bool		 cancelled;
};
static struct sleeper *sleepers;

static void
wake_up(struct kqueue *kq)
{
	if (--kq->waiters == 0 && kq->fd < 0)
		fake_free_kqueue(kq);
}

/* A sleeper woke up.  The last one leaves a queue that others can see. */
static void
awake(struct sleeper *sleeper)
{
	struct sleeper **link = &sleepers;
	struct kqueue *kq = sleeper->kq;

	while (*link != sleeper)
		link = &(*link)->next;
	*link = sleeper->next;
	kq->dozing--;
	if (sleeper->wakeups != kq->wakeups && kq->woken > 0)
		kq->woken--;
	if (kq->dozing == 0 && kq->count > 0)
		fake_light(kq);
}

/* Called when the thread is cancelled in its wait. */
static void
cancelled(void *arg)
{
	struct sleeper *sleeper = arg;

	(void)pthread_mutex_lock(&fake_lock);
	awake(sleeper);
	wake_up(sleeper->kq);
	fake_leave(sleeper->mask);
}

/* How long to sleep, if so many nanoseconds are left. */
static int64_t
nap_of(const struct kqueue *kq, int64_t left)
{
	bool often = kq->restless || !quirk(cancellation_point);

	return often && left > SLICE ? SLICE : left;
}

/* Does this signal have a handler? */
static bool
is_caught(int sig)
{
	struct sigaction action;

	return sigaction(sig, NULL, &action) == 0 &&
	    action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL;
}

/*
 * The wakeup may have no effect, repeatedly.  So a signal that arrived
 * meanwhile is handled now, and ends the wait with EINTR.  The C library's own
 * signals, below SIGRTMIN, are left out: a cancellation is acted on at the
 * next cancellation point, and musl keeps its signal pending until then.
 */
static int
handle_signal(const sigset_t *mask)
{
	sigset_t pending, blocked;
	int i;

	if (sigpending(&pending) != 0)
		return 0;
	for (i = 1; i <= SIGRTMAX; i++) {
		if (i > SIGSYS && i < SIGRTMIN)
			continue;
		if (sigismember(&pending, i) == 1 &&
		    sigismember(mask, i) == 0 && is_caught(i)) {
			(void)pthread_sigmask(SIG_SETMASK, mask, &blocked);
			(void)pthread_sigmask(SIG_SETMASK, &blocked, NULL);
			return EINTR;
		}
	}
	return 0;
}

/*
 * Sleeps until one of the epolls has an event, or for a while.  Signals are
 * unblocked only here, so that none is missed before: EINTR (kqueue(2)).  The
 * epoll that is waited for contains the others, and takes no event from them.
 */
static int
doze(struct kqueue *kq, int64_t left, const sigset_t *mask)
{
	struct sleeper sleeper = { sleepers, kq, mask, pthread_self(),
	    kq->wakeups, false };
	int error;

	sleepers = &sleeper;
	kq->dozing++;
	(void)pthread_mutex_unlock(&fake_lock);
	pthread_cleanup_push(cancelled, &sleeper);
	error = fake_sleep(kq->waiter, nap_of(kq, left), mask);
	if (error == 0)
		error = handle_signal(mask);
	pthread_cleanup_pop(0);
	(void)pthread_mutex_lock(&fake_lock);
	awake(&sleeper);
	if (sleeper.cancelled)
		error = EINTR;
	return -error;
}

/* The same where the wait is no cancellation point. */
static int
doze_uncancelled(struct kqueue *kq, int64_t left, const sigset_t *mask)
{
	int error, state = cancel_off();

	error = doze(kq, left, mask);
	cancel_restore(state);
	return error;
}

static bool
bad_timeout(const struct timespec *timeout)
{
	return timeout != NULL && (timeout->tv_sec < 0 ||
	    timeout->tv_nsec < 0 || timeout->tv_nsec >= NSEC);
}

static int64_t
deadline_of(const struct timespec *timeout)
{
	if (timeout == NULL || timeout->tv_sec > 1000000000)
		return EVER;
	return fake_now() + (int64_t)timeout->tv_sec * NSEC +
	    timeout->tv_nsec;
}

/*
 * Does the waiter look at the queue?  Where it sleeps until a wakeup, what else
 * ended its sleep is the fake's own matter.
 */
static bool
wakes(struct kqueue *kq, unsigned int *wakeups)
{
	if (!quirk(requeue_silent))
		return true;
	if (*wakeups == kq->wakeups) {
		if (kq->woken == 0)
			fake_dim(kq);
		return false;
	}
	*wakeups = kq->wakeups;
	return true;
}

static int
wait_for(struct kqueue *kq, struct kevent *events, count_type room,
    const struct timespec *timeout, const sigset_t *mask)
{
	int64_t deadline = deadline_of(timeout), left = EVER;
	unsigned int wakeups = kq->wakeups - 1;
	int n = 0;

	for (;; fake_look_at(kq)) {
		if (kq->fd < 0 && quirk(close_wakes)) {
			n = -EBADF;
			break;
		}
		if (wakes(kq, &wakeups) &&
		    (n = fake_scan(kq, events, room)) != 0)
			break;
		if (deadline != EVER &&
		    (left = deadline - fake_now()) <= 0)
			break;
		n = quirk(cancellation_point) ? doze(kq, left, mask) :
		    doze_uncancelled(kq, left, mask);
		if (n < 0)
			break;
	}
	return n;
}

/* Waits for the timeout, without events. */
static int
wait_without_events(const struct timespec *timeout, const sigset_t *mask)
{
	int result;

	(void)pthread_mutex_unlock(&fake_lock);
	result = pselect(0, NULL, NULL, NULL, timeout, mask);
	if (result < 0)
		result = -errno;
	(void)pthread_mutex_lock(&fake_lock);
	return result;
}

static int
wait_events(struct kqueue *kq, struct fake_list *out,
    const struct timespec *timeout, const sigset_t *mask)
{
	count_type room = out->room;
	int n;

	if (room == 0)
		return 0;
#ifdef FAKE_KQUEUE_FREEBSD
	if (room < 0)
		return -EINVAL;
#endif
	if (NEGATIVE(room))
		return 0;
	if (bad_timeout(timeout))
		return -EINVAL;
	if (quirk(huge_hangs) && room > INT_MAX / (int)sizeof(struct kevent))
		return wait_without_events(timeout, mask);
	kq->waiters++;
	n = wait_for(kq, out->events, room, timeout, mask);
	wake_up(kq);
	return n;
}

static int
do_kevent(int fd, const struct kevent *changes, count_type nchanges,
    struct fake_list *out, const struct timespec *timeout, const sigset_t *mask)
{
	struct kqueue *kq = fake_find(fd);
	int error;

	if (kq == NULL)
		return -EBADF;
	if (quirk(timeout_first) && bad_timeout(timeout))
		return -EINVAL;
	fake_look_at(kq);
	error = fake_apply(kq, changes, nchanges, out);
	if (error != 0 || out->stop || out->written > 0)
		return error != 0 ? error : out->written;
	return wait_events(kq, out, timeout, mask);
}

int
kevent(int fd, const struct kevent *changes, count_type nchanges,
    struct kevent *events, count_type nevents, const struct timespec *timeout)
{
	struct fake_list out = { events, nevents, 0, false };
	int result, saved = errno;
	sigset_t mask;

	/*
	 * FreeBSD's libthr: a cancellation point if there is room for events.
	 */
	if (nevents != 0 && quirk(cancellation_point))
		pthread_testcancel();
	fake_enter(&mask);
	result = do_kevent(fd, changes, nchanges, &out, timeout, &mask);
	fake_leave(&mask);
	errno = result < 0 ? -result : saved;
	return result < 0 ? -1 : result;
}

#ifndef LINKED_STATICALLY
/*
 * Where kevent(2) is no cancellation point, the signal of a cancellation
 * interrupts the system call like any other signal.
 */
int
pthread_cancel(pthread_t thread)
{
	int (*cancel)(pthread_t) = NULL;
	void *next = dlsym(RTLD_NEXT, "pthread_cancel");
	struct sleeper *sleeper;
	sigset_t mask;
	int error;

	memcpy(&cancel, &next, sizeof(cancel));
	/* First: a thread that gets EINTR tests whether it was cancelled. */
	error = cancel(thread);
	fake_enter(&mask);
	for (sleeper = sleepers; sleeper != NULL; sleeper = sleeper->next)
		sleeper->cancelled |= !quirk(cancellation_point) &&
		    pthread_equal(sleeper->thread, thread) != 0;
	fake_leave(&mask);
	return error;
}
#endif
