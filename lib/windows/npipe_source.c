/*
 * Named pipes as sources of the selector.
 *
 *  - A handle belongs permanently to the first port that it is associated
 *    with.  The first registration therefore gives the pipe an owner, the
 *    poller.  The owner's lock guards the pipe, and the pipe holds a reference
 *    to the owner's memory.
 *  - Before that, and after the owner has been freed, operations have an event
 *    each.  The first registration cancels a pending read or wait for a
 *    client, and submits it again.  A pending write cannot be repeated,
 *    because the kernel does not report how much of it the peer has read;
 *    registering then fails with EBUSY.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "npipe.h"
#include "poller.h"
#include "readiness.h"
#include "win_error.h"

/* A waiter is woken, because this thread's changes don't end its wait. */
static int
submit_and_wake(struct npipe *pipe)
{
	(void)mio_npipe_submit(&pipe->common);	/* the next wait retries */
	if (!pipe->common.record.listed || !pipe->owner->waiting)
		return 0;
	return mio_channel_signal(&pipe->owner->poller);
}

/*
 * Associates the handle with the poller's port, for ever.  Operations that are
 * pending with an event are cancelled; the caller submits them again.
 */
static int
associate(struct npipe *pipe, struct afd_poller *ap)
{
	mio_npipe_collect(pipe);
	if (pipe->write != NULL)
		return -EBUSY;
	if (CreateIoCompletionPort(pipe->handle, mio_port(&ap->poller),
	    MIO_KEY_COMPLETION, 0) == NULL)
		return mio_win_error(GetLastError());
	mio_npipe_cancel(pipe, pipe->connect);
	mio_npipe_cancel(pipe, pipe->read);
	mio_poller_hold(&ap->poller);
	atomic_put(&pipe->owner, ap);
	return 0;
}

/* Pending operations continue. */
static void
npipe_del(struct afd_record *ar)
{
	struct mio_record *record = &ar->record;

	mio_record_unlist(record);
	record->interest = 0;
	record->armed = 0;
	record->generation = (record->generation + 1) & 0xffff;
}

static int
add_locked(struct npipe *pipe, struct afd_poller *ap, mio_token token,
    unsigned int interest)
{
	int error;

	if (pipe->owner == NULL && (error = associate(pipe, ap)) < 0)
		return error;
	if (pipe->owner != ap)
		return -EXDEV;
	pipe->common.record.poller = &ap->poller;
	mio_record_set(&pipe->common.record, token, interest);
	if ((error = submit_and_wake(pipe)) < 0)
		npipe_del(&pipe->common);
	return error;
}

static int
npipe_add(struct afd_poller *ap, struct mio_source *source, mio_token token,
    unsigned int interest)
{
	struct npipe *pipe = source->reg;
	int error;

	AcquireSRWLockExclusive(&ap->lock);
	/* Other threads may still use the pipe's own lock. */
	AcquireSRWLockExclusive(&pipe->lock);
	if ((error = add_locked(pipe, ap, token, interest)) == 0)
		mio_record_tie(&pipe->common.record, source);
	ReleaseSRWLockExclusive(&pipe->lock);
	ReleaseSRWLockExclusive(&ap->lock);
	return error;
}

static int
npipe_mod(struct afd_record *ar)
{
	return submit_and_wake((struct npipe *)ar);
}

void
mio_npipe_rearm(struct npipe *pipe, unsigned int directions, mio_ssize n,
    size_t wanted)
{
	if (pipe->common.record.interest == 0)
		return;
	if (n == -EAGAIN || (n > 0 && (size_t)n < wanted))
		(void)mio_record_rearm(&pipe->common.record, directions);
	/* If the wake fails, the waiter's next packet reports the pipe. */
	(void)submit_and_wake(pipe);
}

static void
npipe_rearm(struct afd_record *ar, unsigned int directions)
{
	mio_npipe_rearm((struct npipe *)ar, directions, -EAGAIN, 0);
}

static int
npipe_report(struct afd_record *ar, struct mio_event *event)
{
	struct npipe *pipe = (struct npipe *)ar;
	unsigned int got = mio_record_take(&ar->record,
	    mio_npipe_readiness(pipe));
	bool hangup = (got & MIO_ARM_HANGUP) != 0;
	bool error = hangup && (pipe->eof < 0 ||
	    (pipe->error != 0 && pipe->error != -EPIPE));

	if (got == 0)
		return 0;
	event->token = ar->record.token;
	event->native = ((got & MIO_READABLE) != 0 ? AFD_RECEIVE : 0) |
	    ((got & MIO_WRITABLE) != 0 ? AFD_SEND : 0) |
	    (hangup ? AFD_DISCONNECT : 0) | (error ? AFD_ABORT : 0);
	event->readiness = MIO_READINESS(got & MIO_READABLE, false,
	    got & MIO_WRITABLE, error, hangup, false);
	return 1;
}

/* A pipe outlives a closed poller: del and forget are the same. */
const struct afd_kind mio_npipe_kind = {
	npipe_add,
	npipe_mod,
	npipe_del,
	npipe_del,
	npipe_rearm,
	mio_npipe_submit,
	npipe_report
};
