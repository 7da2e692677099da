/*
 * poll(2), where nothing better exists: AIX, Cygwin, Haiku, the Hurd.
 *
 * poll(2) is level-triggered and knows no registration, so this selector
 * keeps a record a source and makes the edges itself.  A record is armed for
 * some directions, and only those are asked for:
 *
 *  - What is reported is disarmed, and stays so until an operation says
 *    would-block, or the source is reregistered.  Level never disarms.
 *  - An error or a hang-up can't be masked while the descriptor is in the
 *    array, so once reported it takes the descriptor out (POLL-1), until a
 *    direction is armed again.
 *
 * The array belongs to the thread inside poll(2).  Who changes it from
 * outside kicks that thread by the waker channel and waits until it has
 * left; who only arms a direction leaves a note and kicks.  Deregistering has
 * to wait in any case: the kernel holds a reference on what it polls, and a
 * peer would not learn of a close(2) before the wait ends.
 *
 * What it relies on: negative descriptors are skipped (POSIX).  A descriptor
 * that was closed behind our back (POLLNVAL) goes quiet, as on epoll.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>

#include "compat/mutex.h"
#include "internal.h"
#include "compat/cancel.h"
#include "poll_set.h"
#include "timeout.h"

struct poll_poller {
	struct mio_poller	 poller;
	pthread_mutex_t		 lock;		/* never held across poll(2) */
	pthread_cond_t		 left;		/* nobody is inside poll(2) */
	pthread_cond_t		 settled;	/* nobody wants the array */
	bool			 busy;		/* a thread in mio_sel_wait */
	bool			 inside;	/* ... and in poll(2) */
	bool			 kicked;	/* ... and will come out */
	unsigned int		 changers;	/* threads that wait for it */
	struct mio_record	*noted;		/* changed while inside */
	struct poll_set		 set;
};

const size_t mio_sel_size = sizeof(struct poll_poller);
const char mio_sel_name[] = "poll";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;
const bool mio_sel_learns = true;

static struct poll_poller *
self(const struct mio_poller *poller)
{
	return (struct poll_poller *)(uintptr_t)poller;
}

/* There is no descriptor that stands for the set. */
int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	(void)poller;
	(void)fd;
	return -ENOTSUP;
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

	if ((error = mio_poll_set_open(&pp->set, poller->wake_fd[0])) < 0)
		return error;
	if ((error = init_locks(pp)) < 0) {
		mio_poll_set_destroy(&pp->set);
		return error;
	}
	/* A kick ends poll(2) with nothing to report. */
	poller->resumes = 1;
	return 0;
}

/* The only descriptors are the channel's. */
void
mio_sel_close(struct mio_poller *poller)
{
	(void)poller;
}

void
mio_sel_destroy(struct mio_poller *poller)
{
	struct poll_poller *pp = self(poller);

	mio_poll_set_destroy(&pp->set);
	/*
	 * In a forked child the locks may be held by a thread that isn't
	 * there, and destroying them is undefined: they own nothing to leak.
	 */
	if (poller->birth != mio_generation)
		return;
	(void)pthread_cond_destroy(&pp->settled);
	(void)pthread_cond_destroy(&pp->left);
	(void)pthread_mutex_destroy(&pp->lock);
}

/* Makes the thread inside poll(2) come out; one kick is enough for that. */
static int
kick(struct poll_poller *pp)
{
	int error;

	if (!pp->inside || pp->kicked)
		return 0;
	if ((error = mio_channel_signal(&pp->poller)) == 0)
		pp->kicked = true;
	return error;
}

/* No cancellation here: the lock is held, and promises are half kept. */
static void
wait_for(struct poll_poller *pp, pthread_cond_t *cond)
{
	int state = cancel_off();
	int error = pthread_cond_wait(cond, &pp->lock);

	cancel_restore(state);
	assert(error == 0);
	(void)error;
}

/*
 * Locks, with no thread inside poll(2) and none going in.  On an error the
 * kick has failed, and the thread is still there.
 */
static int
lock_array(struct poll_poller *pp)
{
	int error = 0;

	mutex_lock(&pp->lock);
	pp->changers++;
	while (pp->inside && (error = kick(pp)) == 0)
		wait_for(pp, &pp->left);
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
	mio_poll_set_place(&pp->set, record);
	mio_record_tie(record, source);
out:
	mutex_unlock(&pp->lock);
	return error;
}

/* Brings the array up to date with a record, now or when poll(2) is left. */
static int
note(struct poll_poller *pp, struct mio_record *record)
{
	if (!pp->inside) {
		mio_poll_set_place(&pp->set, record);
		return 0;
	}
	mio_record_list(&pp->noted, record);
	return kick(pp);
}

static void
place_noted(struct poll_poller *pp)
{
	struct mio_record *record;

	while ((record = pp->noted) != NULL) {
		mio_record_unlist(record);
		mio_poll_set_place(&pp->set, record);
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
	mio_record_set(record, token, interest);
	error = note(pp, record);
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
		assert(pp->noted == NULL);
		mio_poll_set_remove(&pp->set, record);
	} else {
		/* Without a kick the place is lost, but it must be silent. */
		record->armed = 0;
		record->interest = 0;
		(void)note(pp, record);		/* the same error again */
	}
	mutex_unlock(&pp->lock);
	return mio_result(error);
}

/* The record goes with the poller's memory. */
void
mio_sel_forget(struct mio_poller *poller, const struct mio_source *source)
{
	(void)poller;
	(void)source;
}

void
mio_sel_blocked(const struct mio_source *source, unsigned int directions)
{
	struct mio_record *record = source->reg;
	struct poll_poller *pp = self(record->poller);

	if (mio_poller_check(&pp->poller) < 0)
		return;
	mutex_lock(&pp->lock);
	/*
	 * If the kick fails, the waiter takes the note up when it next leaves;
	 * the operation itself has not failed.
	 */
	if (mio_record_tied(record, source) &&
	    mio_record_arm(record, directions))
		(void)note(pp, record);
	mutex_unlock(&pp->lock);
}

/* The thread has left poll(2), or was cancelled there. */
static void
leave(void *arg)
{
	struct poll_poller *pp = arg;

	mutex_lock(&pp->lock);
	pp->inside = false;
	pp->kicked = false;
	place_noted(pp);
	(void)pthread_cond_broadcast(&pp->left);	/* can't fail */
}

static void
leave_cancelled(void *arg)
{
	struct poll_poller *pp = arg;

	leave(pp);
	pp->busy = false;
	mutex_unlock(&pp->lock);
}

static int
wait_raw(struct pollfd *fds, nfds_t count, int64_t timeout)
{
#ifdef HAVE_PPOLL
	struct timespec ts;

	if (timeout > 0 && timeout % MIO_MSEC(1) != 0) {
		mio_timespec(&ts, timeout);
		return ppoll(fds, count, &ts, NULL);
	}
#endif
	return poll(fds, count, mio_msec(timeout));
}

/* poll(2) itself, unlocked; 0 or more, or a negated errno. */
static int
wait_unlocked(struct poll_poller *pp, int64_t timeout)
{
	struct pollfd *fds = pp->set.fds;
	nfds_t count = pp->set.count;
	int ready;

	pp->inside = true;
	mutex_unlock(&pp->lock);
	pthread_cleanup_push(leave_cancelled, pp);
	ready = wait_raw(fds, count, timeout);
	if (ready < 0)
		ready = -errno;
	pthread_cleanup_pop(0);
	leave(pp);
	return ready;
}

/* What poll(2) saw, as events; wakers first. */
static int
answer(struct poll_poller *pp, int ready, struct mio_event *events,
    int nevents)
{
	int n = 0;

	if (ready <= 0)
		return ready;
	if (pp->set.fds[0].revents != 0) {
		mio_channel_drain(&pp->poller);
		n = mio_wakers_take(&pp->poller, events, nevents);
		ready--;
	}
	n += mio_poll_set_collect(&pp->set, ready, &events[n], nevents - n);
	return n > 0 ? n : MIO_RESUME;
}

static int
wait_locked(struct poll_poller *pp, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n;

	if (pp->busy)
		return -EBUSY;
	if ((n = mio_wakers_rest(&pp->poller, events, nevents)) > 0)
		return n;
	pp->busy = true;
	while (pp->changers > 0)
		wait_for(pp, &pp->settled);
	n = wait_unlocked(pp, timeout);
	pp->busy = false;
	return answer(pp, n, events, nevents);
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
