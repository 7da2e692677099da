/*
 * Named pipes: reads and writes that the kernel carries out in the
 * background, made to look like a descriptor that is ready or not.
 *
 * A pipe reads ahead: while it is registered, either a read is pending, or
 * data that it has read waits for the program, which makes the pipe readable.
 * So a peer that closes is noticed, whatever the interest.  A write submits a
 * copy, and the pipe is writable again when that has completed.  Waiting for a
 * client is an operation, too.
 *
 * A pipe of one direction has one end that only reads, and is never writable,
 * and one that only writes.  Nothing is pending at the latter between writes,
 * so a write is what notices that its peer has closed.
 *
 *  - An operation has completed when its packet has been taken from the port,
 *    and not before: until then its memory is the kernel's.
 *  - A disconnect or a close abandons the operations that it cancels: it does
 *    not wait for their packets, which then belong to no pipe (AFD-15).  A
 *    write that is pending at a close is not cancelled, and the handle is
 *    closed after it.  Operations with an event are cancelled and waited for
 *    instead.
 *  - Windows cancels an operation with an event when the thread that submitted
 *    it ends.  A read or a wait for a client is then submitted again.  A write
 *    cannot be (npipe_source.c), and its error is reported.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "npipe.h"
#include "win_error.h"

MIO_ASSERT(first, offsetof(struct npipe, common.record) == 0);

/* A pipe gets an owner once, and keeps it. */
static SRWLOCK *
lock_of(struct npipe *pipe)
{
	struct afd_poller *owner = atomic_get(&pipe->owner);

	return owner != NULL ? &owner->lock : &pipe->lock;
}

/* Retries: the pipe may get its owner during a wait for its own lock. */
struct npipe *
mio_npipe_lock(const struct mio_source *source)
{
	struct npipe *pipe = source->reg;
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
mio_npipe_unlock(struct npipe *pipe)
{
	ReleaseSRWLockExclusive(lock_of(pipe));
}

bool
mio_npipe_has_port(const struct npipe *pipe)
{
	return pipe->owner != NULL &&
	    mio_poller_check(&pipe->owner->poller) == 0;
}

unsigned int
mio_npipe_readiness(const struct npipe *pipe)
{
	unsigned int now = 0;

	if (pipe->eof != 0 || (pipe->read != NULL && !pipe->read->pending))
		now |= MIO_READABLE;
	if ((pipe->flags & NPIPE_WRITES) != 0 && pipe->connected &&
	    pipe->write == NULL)
		now |= MIO_WRITABLE;
	if (pipe->eof != 0 || pipe->error != 0)
		now |= MIO_ARM_HANGUP;
	return now;
}

void
mio_npipe_put(struct npipe_io **slot)
{
	mio_npipe_io_put(*slot);
	*slot = NULL;
}

/* Stores the error of a read: end of file, an error, or nothing if aborted. */
static void
read_failed(struct npipe *pipe, DWORD code)
{
	switch (code) {
	case ERROR_BROKEN_PIPE:
	case ERROR_PIPE_NOT_CONNECTED:
	case ERROR_NO_DATA:
		pipe->eof = NPIPE_EOF;
		break;
	case ERROR_OPERATION_ABORTED:
		/* The thread that submitted it has ended: submit it again. */
		break;
	default:
		pipe->eof = mio_win_error(code);
	}
}

/* An empty message is a result; an empty read of a stream is not. */
static void
read_completed(struct npipe *pipe)
{
	DWORD code = mio_npipe_io_finish(pipe->read);

	if (code == 0 && (pipe->read->tail > 0 || !mio_npipe_streams(pipe)))
		return;
	mio_npipe_put(&pipe->read);
	if (code != 0)
		read_failed(pipe, code);
}

static void
write_completed(struct npipe *pipe)
{
	DWORD code = mio_npipe_io_finish(pipe->write);

	mio_npipe_put(&pipe->write);
	if (code != 0)
		pipe->error = mio_win_error(code);
}

/* A client may have connected, written and closed already. */
static bool
has_client(DWORD code)
{
	return code == 0 || code == ERROR_PIPE_CONNECTED ||
	    code == ERROR_NO_DATA;
}

/* A new client re-arms all directions, except those of a oneshot. */
static void
set_connected(struct npipe *pipe)
{
	struct mio_record *record = &pipe->common.record;

	pipe->connected = true;
	if (record->interest != 0 && (record->interest & MIO_ONESHOT) == 0)
		mio_record_set(record, record->token, record->interest);
}

static void
connect_ended(struct npipe *pipe, DWORD code)
{
	/* The thread that submitted it has ended: submit it again. */
	if (code == ERROR_OPERATION_ABORTED)
		return;
	pipe->awaiting = false;
	if (has_client(code))
		set_connected(pipe);
	else
		pipe->error = mio_win_error(code);
}

static void
connect_completed(struct npipe *pipe)
{
	DWORD code = mio_npipe_io_finish(pipe->connect);

	mio_npipe_put(&pipe->connect);
	connect_ended(pipe, code);
}

static void
completed(struct npipe *pipe, const struct npipe_io *io)
{
	if (io == pipe->read)
		read_completed(pipe);
	else if (io == pipe->write)
		write_completed(pipe);
	else
		connect_completed(pipe);
}

/* An abandoned operation has completed. */
static void
abandoned_completed(struct npipe_io *io)
{
	(void)mio_npipe_io_finish(io);	/* no call can return the error */
	if (io->last)
		(void)CloseHandle(io->handle);
	io->last = false;
	mio_npipe_io_put(io);
}

static void
packet_taken(struct completion *completion)
{
	struct npipe_io *io = CONTAINING_RECORD(completion, struct npipe_io,
	    completion);
	struct npipe *pipe = io->pipe;

	if (pipe == NULL) {
		abandoned_completed(io);
		return;
	}
	completed(pipe, io);
	/* If submitting fails, the next wait tries again. */
	(void)mio_npipe_submit(&pipe->common);
}

int
mio_npipe_get(struct npipe *pipe, struct npipe_io **slot)
{
	int error = mio_npipe_io_get(mio_npipe_has_port(pipe) ?
	    &pipe->owner->ios : &pipe->own, slot);

	if (error < 0) {
		*slot = NULL;
		return error;
	}
	(*slot)->pipe = pipe;
	(*slot)->completion.complete = packet_taken;
	return 0;
}

/* Transient resource shortages: worth retrying. */
static bool
is_transient(DWORD code)
{
	return code == ERROR_NO_SYSTEM_RESOURCES ||
	    code == ERROR_NOT_ENOUGH_MEMORY || code == ERROR_OUTOFMEMORY ||
	    code == ERROR_NOT_ENOUGH_QUOTA || code == ERROR_WORKING_SET_QUOTA;
}

int
mio_npipe_read_ahead(struct npipe *pipe)
{
	DWORD code;
	int error;

	if ((pipe->flags & NPIPE_READS) == 0 || !pipe->connected ||
	    pipe->read != NULL || pipe->eof != 0)
		return 0;
	if ((error = mio_npipe_get(pipe, &pipe->read)) < 0)
		return error;
	if ((code = mio_npipe_io_read(pipe->read, pipe->handle)) == 0)
		return 0;
	mio_npipe_put(&pipe->read);
	if (is_transient(code))
		return mio_win_error(code);
	read_failed(pipe, code);
	return 0;
}

int
mio_npipe_await_client(struct npipe *pipe)
{
	DWORD code;
	int error;

	if (!pipe->awaiting || pipe->connect != NULL)
		return 0;
	if ((error = mio_npipe_get(pipe, &pipe->connect)) < 0)
		return error;
	if ((code = mio_npipe_io_connect(pipe->connect, pipe->handle)) == 0)
		return 0;
	mio_npipe_put(&pipe->connect);
	if (is_transient(code))
		return mio_win_error(code);
	connect_ended(pipe, code);
	return 0;
}

/*
 * Waits for a client, or reads ahead.  Lists the record as completed if the
 * pipe is ready, or as to be submitted if submitting failed.
 */
int
mio_npipe_submit(struct afd_record *ar)
{
	struct npipe *pipe = (struct npipe *)ar;
	struct mio_record *record = &ar->record;
	int error;

	error = mio_npipe_await_client(pipe);
	if (record->interest == 0)
		return error;
	mio_record_unlist(record);
	if (error == 0)
		error = mio_npipe_read_ahead(pipe);
	if ((mio_npipe_readiness(pipe) & record->armed) != 0)
		mio_record_list(&pipe->owner->completed, record);
	else if (error < 0)
		mio_record_list(&pipe->owner->to_submit, record);
	return error;
}

static void
collect_event(struct npipe *pipe, struct npipe_io *io)
{
	if (io != NULL && io->pending && io->event != NULL &&
	    mio_npipe_io_completed(io))
		completed(pipe, io);
}

void
mio_npipe_collect(struct npipe *pipe)
{
	if (mio_npipe_has_port(pipe))
		mio_afd_collect(pipe->owner);
	else {
		collect_event(pipe, pipe->connect);
		collect_event(pipe, pipe->write);
		collect_event(pipe, pipe->read);
	}
	/* If submitting fails, the next call tries again. */
	(void)mio_npipe_await_client(pipe);
}

void
mio_npipe_cancel(struct npipe *pipe, struct npipe_io *io)
{
	if (io == NULL || !io->pending)
		return;
	mio_npipe_io_cancel(io);
	mio_npipe_io_wait(io);
	completed(pipe, io);
}

void
mio_npipe_abandon(struct npipe_io **slot)
{
	struct npipe_io *io = *slot;

	*slot = NULL;
	if (io == NULL)
		return;
	if (io->pending)
		mio_npipe_io_cancel(io);
	if (io->pending && io->event == NULL) {
		io->pipe = NULL;
		return;
	}
	if (io->pending) {
		mio_npipe_io_wait(io);
		(void)mio_npipe_io_finish(io);	/* cancelled */
	}
	mio_npipe_io_put(io);
}
