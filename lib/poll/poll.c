/*
 * poll(2), where nothing better exists: AIX, Cygwin, Haiku, the Hurd.
 *
 * poll(2) is level-triggered and has no registrations, so this selector keeps
 * a record for each source and makes the edges itself (record.h).  A record is
 * armed for some directions, and only those are passed to poll(2):
 *
 *  - A direction that was reported is disarmed until an operation returns
 *    EAGAIN or the source is reregistered.  Level mode is never disarmed.
 *  - poll(2) cannot mask an error or a hang-up while the descriptor is in the
 *    array.  After one was reported, the descriptor is left out of the array
 *    (POLL-1) until a direction is re-armed.
 *
 * The array belongs to the thread inside poll(2).  A thread that adds or
 * removes a slot first wakes the waiter by the waker channel and waits until
 * the waiter has left poll(2).  A thread that changes a slot only queues the
 * record and wakes the waiter.  Deregistering always waits: the kernel holds a
 * reference on the descriptors that it polls, and a peer would not notice a
 * close(2) before the wait ends.
 *
 * What it relies on: negative descriptors are skipped (POSIX).  A descriptor
 * that was closed with close(2) directly (POLLNVAL) becomes silent, as on
 * epoll.  There is no descriptor for mio_poller_fd(3) to return.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>

#include "compat/cancel.h"
#include "compat/mutex.h"
#include "internal.h"
#include "poll_set.h"
#include "timeout.h"
#include "unlocked_wait.h"

struct poll_poller {
	struct mio_poller	 poller;
	pthread_mutex_t		 lock;		/* never held across poll(2) */
	pthread_cond_t		 left;		/* the waiter left poll(2) */
	pthread_cond_t		 settled;	/* changers is 0 */
	bool			 busy;		/* there is a waiter */
	bool			 inside;	/* the waiter is in poll(2) */
	bool			 woken;		/* and was signalled there */
	bool			 coarse;	/* ppoll(2) is refused */
	int64_t			 timeout;	/* of the wait in progress */
	unsigned int		 changers;	/* threads in lock_array */
	struct mio_record	*changed;	/* to update after poll(2) */
	struct poll_set		 set;
};

const size_t mio_sel_size = sizeof(struct poll_poller);
const char mio_sel_name[] = "poll";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;

static struct poll_poller *
self(const struct mio_poller *poller)
{
	return (struct poll_poller *)(uintptr_t)poller;
}

static int
init_locks(struct poll_poller *pp)
{
	int error;

	if ((error = pthread_mutex_init(&pp->lock, NULL)) != 0)
		return -error;
	if ((error = pthread_cond_init(&pp->left, NULL)) != 0)
		goto no_left;
	if ((error = pthread_cond_init(&pp->settled, NULL)) != 0)
		goto no_settled;
	return 0;

no_settled:
	(void)pthread_cond_destroy(&pp->left);	/* unused: can't be busy */
no_left:
	(void)pthread_mutex_destroy(&pp->lock);	/* unused: can't be busy */
	return -error;
}

int
mio_sel_open(struct mio_poller *poller)
{
	struct poll_poller *pp = self(poller);
	int error;

	error = mio_poll_set_open(&pp->set, poller->channel_fd[0]);
	if (error < 0)
		return error;
	if ((error = init_locks(pp)) < 0) {
		mio_poll_set_destroy(&pp->set);
		return error;
	}
	/* A woken waiter leaves poll(2) with nothing to report. */
	poller->resumes = 1;
	return 0;
}

#define mio_sel_destroy mio_sel_destroy
void
mio_sel_destroy(struct mio_poller *poller)
{
	struct poll_poller *pp = self(poller);

	mio_poll_set_destroy(&pp->set);
	/*
	 * In a forked child the locks may be held by a thread that does not
	 * exist, and destroying them is undefined.  They own nothing to leak.
	 */
	if (poller->birth != mio_generation)
		return;
	(void)pthread_cond_destroy(&pp->settled);
	(void)pthread_cond_destroy(&pp->left);
	(void)pthread_mutex_destroy(&pp->lock);
}

/* Makes the thread inside poll(2), if any, leave it; one signal is enough. */
static int
wake_waiter(struct poll_poller *pp)
{
	int error;

	if (!pp->inside || pp->woken)
		return 0;
	if ((error = mio_channel_signal(&pp->poller)) == 0)
		pp->woken = true;
	return error;
}

/*
 * Not a cancellation point, because the caller is counted in the poller's
 * state and holds the lock.
 */
static void
wait_for_cond(struct poll_poller *pp, pthread_cond_t *cond)
{
	int state = cancel_off();
	int error = pthread_cond_wait(cond, &pp->lock);

	cancel_restore(state);
	assert(error == 0);
	(void)error;
}

/*
 * Locks the poller, with no thread in poll(2) and none able to enter it.  If
 * the waiter cannot be woken, returns the error, with the lock held.
 */
static int
lock_array(struct poll_poller *pp)
{
	int error = 0;

	mutex_lock(&pp->lock);
	pp->changers++;
	while (pp->inside && (error = wake_waiter(pp)) == 0)
		wait_for_cond(pp, &pp->left);
	if (--pp->changers == 0)
		(void)pthread_cond_signal(&pp->settled);	/* can't fail */
	return error;
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct poll_poller *pp = self(poller);
	struct mio_record *record;
	int error;

	if ((error = mio_check_file(source)) < 0)
		return error;
	if ((error = lock_array(pp)) < 0 ||
	    (error = mio_poll_set_add(&pp->set, &record)) < 0)
		goto out;
	record->poller = poller;
	record->fd = source->fd;
	mio_record_set(record, token, interest);
	mio_poll_set_update(&pp->set, record);
	mio_record_tie(record, source);
out:
	mutex_unlock(&pp->lock);
	return error;
}

/* Updates a record's slot, now or when the waiter leaves poll(2). */
static void
update_or_queue(struct poll_poller *pp, struct mio_record *record)
{
	if (pp->inside)
		mio_record_list(&pp->changed, record);
	else
		mio_poll_set_update(&pp->set, record);
}

static void
update_changed(struct poll_poller *pp)
{
	struct mio_record *record;

	while ((record = pp->changed) != NULL) {
		mio_record_unlist(record);
		mio_poll_set_update(&pp->set, record);
	}
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct poll_poller *pp = self(poller);
	struct mio_record *record = source->reg;
	int error;

	mutex_lock(&pp->lock);
	/* A change that the waiter would not see must not be made. */
	if ((error = wake_waiter(pp)) == 0) {
		mio_record_set(record, token, interest);
		update_or_queue(pp, record);
	}
	mutex_unlock(&pp->lock);
	return error;
}

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	struct poll_poller *pp = self(poller);
	struct mio_record *record = source->reg;
	int error;

	if ((error = lock_array(pp)) == 0) {
		assert(pp->changed == NULL);
		mio_poll_set_remove(&pp->set, record);
	} else {
		/* The waiter has the slot, which is lost but must be silent. */
		record->armed = 0;
		record->interest = 0;
		update_or_queue(pp, record);
	}
	mutex_unlock(&pp->lock);
	return mio_result(error);
}

#define mio_sel_rearm mio_sel_rearm
void
mio_sel_rearm(const struct mio_source *source, unsigned int directions)
{
	struct mio_record *record = source->reg;
	struct poll_poller *pp = self(record->poller);

	if (mio_poller_check(&pp->poller) < 0)
		return;
	mutex_lock(&pp->lock);
	/*
	 * The operation itself has not failed.  If the waiter cannot be woken,
	 * it updates the slot when it next leaves poll(2).
	 */
	if (mio_record_tied(record, source) &&
	    mio_record_rearm(record, directions)) {
		update_or_queue(pp, record);
		(void)wake_waiter(pp);
	}
	mutex_unlock(&pp->lock);
}

/* The thread has left poll(2), or was cancelled there. */
static void
leave(void *arg)
{
	struct poll_poller *pp = arg;

	pp->busy = false;
	pp->inside = false;
	pp->woken = false;
	update_changed(pp);
	if (pp->changers > 0)
		(void)pthread_cond_broadcast(&pp->left);	/* can't fail */
}

#ifdef HAVE_PPOLL
/*
 * Waits with a timeout in nanoseconds.  If ppoll(2) fails and poll(2) succeeds
 * with the same arguments, a sandbox forbids the former, whatever its error,
 * and it is given up.  Only the waiter uses coarse.
 */
static MIO_NOINLINE int
wait_fine(struct poll_poller *pp)
{
	int ready, saved = errno;
	struct timespec ts;

	mio_timespec(&ts, pp->timeout);
	ready = ppoll(pp->set.fds, pp->set.count, &ts, NULL);
	if (ready >= 0 || errno == EINTR)
		return ready;
	errno = saved;
	ready = poll(pp->set.fds, pp->set.count, mio_msec(pp->timeout));
	pp->coarse = ready >= 0;
	return ready;
}
#endif

static int
wait_raw(struct poll_poller *pp)
{
#ifdef HAVE_PPOLL
	if (pp->timeout > 0 && pp->timeout % MIO_MSEC(1) != 0 && !pp->coarse)
		return wait_fine(pp);
#endif
	return poll(pp->set.fds, pp->set.count, mio_msec(pp->timeout));
}

/* The array does not change while a thread is inside. */
static int
wait_unlocked(void *arg)
{
	int ready = wait_raw(arg);

	return ready < 0 ? -errno : ready;
}

/* Stores what poll(2) found as events: sources, and then wakers. */
static int
collect(struct poll_poller *pp, int ready, struct mio_event *events,
    int nevents, int room, bool pending)
{
	bool woken = pp->set.fds[0].revents != 0;
	int n;

	if (woken && (n = mio_channel_drain(&pp->poller)) < 0)
		return n;
	n = mio_poll_set_collect(&pp->set, woken ? ready - 1 : ready, events,
	    room);
	if (woken || pending)
		n += mio_wakers_take(&pp->poller, &events[n], nevents - n);
	return n > 0 ? n : MIO_RESUME;
}

static int
wait_locked(struct poll_poller *pp, struct mio_event *events, int nevents,
    int64_t timeout)
{
	bool pending;
	int n, room = nevents;

	if (pp->busy)
		return -EBUSY;
	if ((pending = mio_wakers_pending(&pp->poller)))
		room = mio_source_room(&pp->poller, nevents);
	if (room == 0)
		return mio_wakers_take_only(&pp->poller, events, nevents);
	pp->busy = true;
	while (pp->changers > 0)
		wait_for_cond(pp, &pp->settled);
	pp->inside = true;
	pp->timeout = pending ? 0 : timeout;
	n = mio_unlocked_wait(&pp->lock, wait_unlocked, leave, pp);
	if (n < 0 || (n == 0 && !pending))
		return n;
	return collect(pp, n, events, nevents, room, pending);
}

int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	struct poll_poller *pp = self(poller);
	int n;

	mutex_lock(&pp->lock);
	n = wait_locked(pp, events, nevents, timeout);
	mutex_unlock(&pp->lock);
	return n;
}

#include "verbs.c"
