/*
 * Named pipes: reads and writes that are done in the background, made to look
 * like a descriptor that is ready or not.
 *
 * A pipe reads ahead: while it is registered an operation is with the kernel
 * or what it has brought is waiting to be taken, which makes the pipe
 * readable.  So a peer that goes is noticed, whatever was asked for.  A write
 * copies, and the pipe is writable again when the kernel is done with that.
 * What waits for a client is an operation too.
 *
 *  - An operation is over when its packet has been taken from the port; what
 *    happened before is no news, and its memory is the kernel's.
 *  - A handle belongs to the first port that it is given to, for ever.  So a
 *    pipe has an owner from its first registration on, whose lock guards it,
 *    and whose memory it holds.
 *  - Before that, and when the owner has been freed, operations have an event
 *    each.  A read or a wait for a client that was begun like that is taken
 *    back at the first registration, and begun anew.  A write can't be: what
 *    of it has been read isn't told.
 *  - What is taken back by a disconnect or a close is forgotten by the pipe
 *    at once, and its packet finds nobody (AFD-15).  A write that is under
 *    way at a close is let be, and the handle is closed after it.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "afd_bits.h"
#include "poller.h"
#include "readiness.h"
#include "source.h"
#include "win_error.h"
#include "npipe.h"
#include "completion_port.h"

MIO_ASSERT(record_first, offsetof(struct win_pipe, record) == 0);

/* An owner once found is not lost any more. */
static SRWLOCK *
lock_of(struct win_pipe *pipe)
{
	struct afd_poller *owner = atomic_get(&pipe->owner);

	return owner != NULL ? &owner->lock : &pipe->lock;
}

/* It may be found while this waits for the pipe's own lock. */
struct win_pipe *
mio_pipe_lock(const struct mio_source *source)
{
	struct win_pipe *pipe = source->reg;
	SRWLOCK *lock;

	for (;;) {
		lock = lock_of(pipe);
		AcquireSRWLockExclusive(lock);
		if (lock == lock_of(pipe))
			return pipe;
		ReleaseSRWLockExclusive(lock);
	}
}

void
mio_pipe_unlock(struct win_pipe *pipe)
{
	ReleaseSRWLockExclusive(lock_of(pipe));
}

/* Do its operations end with a packet? */
bool
mio_pipe_has_port(const struct win_pipe *pipe)
{
	return pipe->owner != NULL &&
	    mio_poller_check(&pipe->owner->poller) == 0;
}

/* In the bits of a record's "armed": what is true now. */
static unsigned int
state(const struct win_pipe *pipe)
{
	unsigned int now = 0;

	if (pipe->end != 0 || (pipe->in != NULL && !pipe->in->busy))
		now |= MIO_READABLE;
	if (pipe->linked && pipe->out == NULL)
		now |= MIO_WRITABLE;
	if (pipe->end != 0 || pipe->failed != 0)
		now |= MIO_ARM_HANGUP;
	return now;
}

int
mio_pipe_report(struct mio_record *record, struct mio_event *event)
{
	struct win_pipe *pipe = (struct win_pipe *)record;
	unsigned int got = mio_record_take(record, state(pipe));
	bool hangup = (got & MIO_ARM_HANGUP) != 0;
	bool error = hangup && (pipe->end < 0 ||
	    (pipe->failed != 0 && pipe->failed != -EPIPE));

	if (got == 0)
		return 0;
	event->token = record->token;
	event->native = ((got & MIO_READABLE) != 0 ? AFD_RECEIVE : 0) |
	    ((got & MIO_WRITABLE) != 0 ? AFD_SEND : 0) |
	    (hangup ? AFD_DISCONNECT : 0) | (error ? AFD_ABORT : 0);
	event->readiness = MIO_READINESS(got & MIO_READABLE, false,
	    got & MIO_WRITABLE, error, hangup, false);
	return 1;
}

int
mio_pipe_get(struct win_pipe *pipe, struct pipe_io **slot)
{
	int error = mio_io_get(mio_pipe_has_port(pipe) ? &pipe->owner->ios :
	    &pipe->own, slot);

	if (error < 0)
		*slot = NULL;
	else
		(*slot)->pipe = pipe;
	return error;
}

void
mio_pipe_put(struct pipe_io **slot)
{
	mio_io_put(*slot);
	*slot = NULL;
}

/* A read met this: is it the end? */
static void
read_failed(struct win_pipe *pipe, DWORD code)
{
	switch (code) {
	case ERROR_BROKEN_PIPE:
	case ERROR_PIPE_NOT_CONNECTED:
	case ERROR_NO_DATA:
		pipe->end = PIPE_END;
		break;
	case ERROR_OPERATION_ABORTED:
		/* The thread that began it is gone: it is begun anew. */
		break;
	default:
		pipe->end = mio_win_error(code);
	}
}

/* What the system is short of now, it may have later. */
static bool
passes(DWORD code)
{
	return code == ERROR_NO_SYSTEM_RESOURCES ||
	    code == ERROR_NOT_ENOUGH_MEMORY || code == ERROR_OUTOFMEMORY ||
	    code == ERROR_NOT_ENOUGH_QUOTA || code == ERROR_WORKING_SET_QUOTA;
}

/* Has it read ahead.  An error: it couldn't, and should be tried again. */
int
mio_pipe_read_ahead(struct win_pipe *pipe)
{
	DWORD code;
	int error;

	if (!pipe->linked || pipe->in != NULL || pipe->end != 0)
		return 0;
	if ((error = mio_pipe_get(pipe, &pipe->in)) < 0)
		return error;
	if ((code = mio_io_read(pipe->in, pipe->handle)) == 0)
		return 0;
	mio_pipe_put(&pipe->in);
	if (passes(code))
		return mio_win_error(code);
	read_failed(pipe, code);
	return 0;
}

/* An empty message is one; of a stream it is nothing. */
static void
read_over(struct win_pipe *pipe)
{
	DWORD code = mio_io_over(pipe->in);

	if (code == 0 && (pipe->in->tail > 0 || !mio_pipe_streams(pipe)))
		return;
	mio_pipe_put(&pipe->in);
	if (code != 0)
		read_failed(pipe, code);
}

static void
write_over(struct win_pipe *pipe)
{
	DWORD code = mio_io_over(pipe->out);

	mio_pipe_put(&pipe->out);
	if (code != 0)
		pipe->failed = mio_win_error(code);
}

/* A client is there, and all that it does is news. */
void
mio_pipe_joined(struct win_pipe *pipe)
{
	struct mio_record *record = &pipe->record;

	pipe->linked = true;
	if (record->interest != 0 && (record->interest & MIO_ONESHOT) == 0)
		mio_record_set(record, record->token, record->interest);
}

/* A client may have come, written and gone already. */
bool
mio_pipe_came(DWORD code)
{
	return code == 0 || code == ERROR_PIPE_CONNECTED ||
	    code == ERROR_NO_DATA;
}

static void
link_over(struct win_pipe *pipe)
{
	DWORD code = mio_io_over(pipe->link);

	mio_pipe_put(&pipe->link);
	if (mio_pipe_came(code))
		mio_pipe_joined(pipe);
	else if (code != ERROR_OPERATION_ABORTED)
		pipe->failed = mio_win_error(code);
}

static void
io_over(struct win_pipe *pipe, const struct pipe_io *io)
{
	if (io == pipe->in)
		read_over(pipe);
	else if (io == pipe->out)
		write_over(pipe);
	else
		link_over(pipe);
}

int
mio_pipe_due(struct mio_record *record)
{
	struct win_pipe *pipe = (struct win_pipe *)record;
	struct afd_poller *ap = pipe->owner;
	int error;

	if (record->interest == 0)
		return 0;
	mio_record_unlist(record);
	error = mio_pipe_read_ahead(pipe);
	if ((state(pipe) & record->armed) != 0)
		mio_record_list(&ap->fresh, record);
	else if (error < 0)
		mio_record_list(&ap->due, record);
	return error;
}

/* The same, on a thread that the waiter doesn't know of. */
int
mio_pipe_tell(struct win_pipe *pipe)
{
	(void)mio_pipe_due(&pipe->record);	/* the next wait tries again */
	if (!pipe->record.listed || !pipe->owner->waiting)
		return 0;
	return mio_channel_signal(&pipe->owner->poller);
}

void
mio_pipe_packet(OVERLAPPED *overlapped)
{
	struct pipe_io *io = CONTAINING_RECORD(overlapped, struct pipe_io,
	    overlapped);
	struct win_pipe *pipe = io->pipe;

	if (pipe != NULL) {
		io_over(pipe, io);
		/* What fails is due, and so tried again. */
		(void)mio_pipe_due(&pipe->record);
		return;
	}
	(void)mio_io_over(io);		/* its pipe has gone on */
	if (io->last)
		(void)CloseHandle(io->handle);
	io->last = false;
	mio_io_put(io);
}

static void
look_at(struct win_pipe *pipe, struct pipe_io *io)
{
	if (io != NULL && io->busy && io->event != NULL && mio_io_is_over(io))
		io_over(pipe, io);
}

/* Learns what is over by now. */
void
mio_pipe_look(struct win_pipe *pipe)
{
	if (mio_pipe_has_port(pipe)) {
		mio_afd_collect(pipe->owner);
		return;
	}
	look_at(pipe, pipe->link);
	look_at(pipe, pipe->out);
	look_at(pipe, pipe->in);
}

static void
take_back(struct win_pipe *pipe, struct pipe_io *io)
{
	if (io == NULL || !io->busy)
		return;
	mio_io_cancel(io);
	mio_io_wait(io);
	io_over(pipe, io);
}

/*
 * Gives the handle to the poller's port, for ever.  What was begun without
 * one is taken back, and begun anew.
 */
static int
tie(struct win_pipe *pipe, struct afd_poller *ap)
{
	bool linking;
	int error;

	mio_pipe_look(pipe);
	if (pipe->out != NULL)
		return -EBUSY;
	if (CreateIoCompletionPort(pipe->handle, mio_port(&ap->poller),
	    MIO_KEY_PIPE, 0) == NULL)
		return mio_win_error(GetLastError());
	linking = pipe->link != NULL;
	take_back(pipe, pipe->link);
	take_back(pipe, pipe->in);
	mio_poller_hold(&ap->poller);
	atomic_put(&pipe->owner, ap);
	if (!linking || pipe->linked || pipe->failed != 0)
		return 0;
	if ((error = mio_pipe_begin_link(pipe)) < 0 && error != -EAGAIN)
		pipe->failed = error;
	return 0;
}

static void
forget(struct win_pipe *pipe)
{
	mio_record_unlist(&pipe->record);
	pipe->record.interest = 0;
	pipe->record.armed = 0;
	pipe->record.generation = (pipe->record.generation + 1) & 0xffff;
}

static int
add(struct win_pipe *pipe, struct afd_poller *ap, mio_token token,
    unsigned int interest)
{
	int error;

	if (pipe->owner == NULL && (error = tie(pipe, ap)) < 0)
		return error;
	if (pipe->owner != ap)
		return -EXDEV;
	pipe->record.poller = &ap->poller;
	mio_record_set(&pipe->record, token, interest);
	if ((error = mio_pipe_tell(pipe)) < 0)
		forget(pipe);
	return error;
}

int
mio_pipe_add(struct afd_poller *ap, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct win_pipe *pipe = source->reg;
	int error;

	AcquireSRWLockExclusive(&ap->lock);
	/* There may be some who know of no owner yet. */
	AcquireSRWLockExclusive(&pipe->lock);
	if ((error = add(pipe, ap, token, interest)) == 0)
		mio_record_tie(&pipe->record, source);
	ReleaseSRWLockExclusive(&pipe->lock);
	ReleaseSRWLockExclusive(&ap->lock);
	return error;
}

int
mio_pipe_mod(struct mio_source *source, mio_token token,
    unsigned int interest)
{
	struct win_pipe *pipe = mio_pipe_lock(source);
	int error;

	mio_record_set(&pipe->record, token, interest);
	error = mio_pipe_tell(pipe);
	mio_pipe_unlock(pipe);
	return error;
}

/* What it has with the kernel goes on. */
void
mio_pipe_del(const struct mio_source *source)
{
	struct win_pipe *pipe = mio_pipe_lock(source);

	forget(pipe);
	mio_pipe_unlock(pipe);
}

void
mio_pipe_blocked(const struct mio_source *source, unsigned int directions)
{
	struct win_pipe *pipe = mio_pipe_lock(source);

	if (mio_record_tied(&pipe->record, source))
		mio_pipe_done(pipe, directions, -EAGAIN, 0);
	mio_pipe_unlock(pipe);
}

/* Tells the selector what an operation has learnt. */
void
mio_pipe_done(struct win_pipe *pipe, unsigned int directions, mio_ssize n,
    size_t wanted)
{
	if (pipe->record.interest == 0)
		return;
	if (n == -EAGAIN || (n > 0 && (size_t)n < wanted))
		(void)mio_record_rearm(&pipe->record, directions);
	/* If it can't be told now, the waiter's next packet does. */
	(void)mio_pipe_tell(pipe);
}
