/*
 * What is done with a named pipe.  A read takes what has come, and a write
 * leaves a copy with the kernel; npipe_source.c has the rest of the story.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "poller.h"
#include "source.h"
#include "win_error.h"
#include "npipe.h"

#define WRITE_MOST	65536		/* copied by one write of a stream */

/* Before an operation: has the poller memory for it that isn't in use? */
static void
tidy(struct win_pipe *pipe)
{
	if (mio_pipe_has_port(pipe) && pipe->owner->ios.free == NULL &&
	    pipe->owner->ios.out > 0)
		mio_afd_collect(pipe->owner);
}

/* A client's pipe is linked from the start; a server's is from its connect. */
static int
check_linked(struct win_pipe *pipe)
{
	tidy(pipe);
	if (pipe->link != NULL)
		mio_pipe_look(pipe);
	if (pipe->linked)
		return 0;
	return pipe->link != NULL ? -EAGAIN : -ENOTCONN;
}

static size_t
scatter(struct pipe_io *io, const struct mio_iovec *iov, int iovcnt)
{
	size_t n, sum = 0;
	int i;

	for (i = 0; i < iovcnt && io->head < io->tail; i++) {
		n = io->tail - io->head;
		if (n > iov[i].iov_len)
			n = iov[i].iov_len;
		if (n > 0)
			memcpy(iov[i].iov_base, io->buf + io->head, n);
		io->head += n;
		sum += n;
	}
	return sum;
}

static void
gather(struct pipe_io *io, const struct mio_iovec *iov, int iovcnt)
{
	size_t n;
	int i;

	for (i = 0; i < iovcnt && io->head < io->tail; i++) {
		n = io->tail - io->head;
		if (n > iov[i].iov_len)
			n = iov[i].iov_len;
		if (n > 0)
			memcpy(io->buf + io->head, iov[i].iov_base, n);
		io->head += n;
	}
}

static mio_ssize
pipe_read(struct win_pipe *pipe, const struct mio_iovec *iov, int iovcnt)
{
	mio_ssize n;
	int error;

	if ((error = check_linked(pipe)) < 0 ||
	    (error = mio_pipe_read_ahead(pipe)) < 0)
		return error;
	if (pipe->in != NULL && pipe->in->busy)
		mio_pipe_look(pipe);
	if (pipe->in == NULL && pipe->end != 0)
		return pipe->end == PIPE_END ? 0 : pipe->end;
	if (pipe->in == NULL || pipe->in->busy)
		return -EAGAIN;
	n = (mio_ssize)scatter(pipe->in, iov, iovcnt);
	if (pipe->in->head == pipe->in->tail)
		mio_pipe_put(&pipe->in);
	return n;
}

static int
begin_write(struct win_pipe *pipe, const struct mio_iovec *iov, int iovcnt,
    size_t size)
{
	DWORD code;
	int error;

	if ((error = mio_pipe_get(pipe, &pipe->out)) < 0)
		return error;
	if ((error = mio_io_grow(pipe->out, size)) < 0)
		goto fail;
	pipe->out->tail = size;
	gather(pipe->out, iov, iovcnt);
	if ((code = mio_io_write(pipe->out, pipe->handle)) == 0)
		return 0;
	error = mio_win_error(code);
fail:
	mio_pipe_put(&pipe->out);
	return error;
}

/* What an earlier operation met, once. */
static int
take_failed(struct win_pipe *pipe)
{
	int error = pipe->failed;

	pipe->failed = 0;
	return error;
}

static mio_ssize
pipe_write(struct win_pipe *pipe, const struct mio_iovec *iov, int iovcnt,
    size_t size)
{
	int error;

	if ((error = check_linked(pipe)) < 0)
		return error;
	if (pipe->out != NULL)
		mio_pipe_look(pipe);
	if (pipe->out != NULL)
		return -EAGAIN;
	if ((error = take_failed(pipe)) < 0)
		return error;
	if (mio_pipe_streams(pipe) && size > WRITE_MOST)
		size = WRITE_MOST;
	if (size == 0 && mio_pipe_streams(pipe))
		return 0;
	if ((error = begin_write(pipe, iov, iovcnt, size)) < 0)
		return error;
	return (mio_ssize)size;
}

int
mio_pipe_begin_link(struct win_pipe *pipe)
{
	DWORD code;
	int error;

	if ((error = mio_pipe_get(pipe, &pipe->link)) < 0)
		return error;
	if ((code = mio_io_connect(pipe->link, pipe->handle)) == 0)
		return -EAGAIN;
	mio_pipe_put(&pipe->link);
	if (!mio_pipe_came(code))
		return mio_win_error(code);
	mio_pipe_joined(pipe);
	return 0;
}

static int
pipe_link(struct win_pipe *pipe)
{
	int error = check_linked(pipe);

	if (error != -ENOTCONN)
		return error;
	if ((error = take_failed(pipe)) < 0)
		return error;
	return mio_pipe_begin_link(pipe);
}

/* The pipe has nothing to do with it any more. */
static void
abandon(struct pipe_io **slot)
{
	struct pipe_io *io = *slot;

	*slot = NULL;
	if (io == NULL)
		return;
	if (io->busy)
		mio_io_cancel(io);
	if (io->busy && io->event == NULL) {
		io->pipe = NULL;
		return;
	}
	if (io->busy) {
		mio_io_wait(io);
		(void)mio_io_over(io);	/* nobody's result */
	}
	mio_io_put(io);
}

static int
pipe_unlink(struct win_pipe *pipe)
{
	DWORD code;

	abandon(&pipe->link);
	abandon(&pipe->in);
	abandon(&pipe->out);
	pipe->linked = false;
	pipe->end = 0;
	pipe->failed = 0;
	if (DisconnectNamedPipe(pipe->handle))
		return 0;
	code = GetLastError();
	/* There was no client to begin with. */
	return code == ERROR_PIPE_LISTENING ||
	    code == ERROR_PIPE_NOT_CONNECTED ? 0 : mio_win_error(code);
}

/* Bytes in a vector, or why it is none. */
static int
iov_total(const struct mio_iovec *iov, int iovcnt, size_t *total)
{
	int i;

	if (iovcnt < 0)
		return -EINVAL;
	for (*total = 0, i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > INT32_MAX - *total)
			return -EINVAL;
		*total += iov[i].iov_len;
	}
	return 0;
}

static mio_ssize
mio_named_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	struct win_pipe *pipe;
	size_t size;
	mio_ssize n;

	if ((n = iov_total(iov, iovcnt, &size)) < 0 || size == 0)
		return n;
	pipe = mio_pipe_lock(source);
	n = pipe_read(pipe, iov, iovcnt);
	mio_pipe_done(pipe, MIO_READABLE, n, size);
	mio_pipe_unlock(pipe);
	return n;
}

static mio_ssize
mio_named_writev(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	struct win_pipe *pipe;
	size_t size;
	mio_ssize n;

	if ((n = iov_total(iov, iovcnt, &size)) < 0)
		return n;
	pipe = mio_pipe_lock(source);
	n = pipe_write(pipe, iov, iovcnt, size);
	mio_pipe_done(pipe, MIO_WRITABLE, n, size);
	mio_pipe_unlock(pipe);
	return n;
}

static int
mio_named_take_error(const struct mio_source *source)
{
	struct win_pipe *pipe = mio_pipe_lock(source);
	int error;

	mio_pipe_look(pipe);
	error = take_failed(pipe);
	mio_pipe_unlock(pipe);
	return error;
}

int
mio_pipe_connect(const struct mio_source *source)
{
	struct win_pipe *pipe = mio_pipe_lock(source);
	int error = -EINVAL;

	if ((pipe->flags & PIPE_SERVER) != 0) {
		error = pipe_link(pipe);
		mio_pipe_done(pipe, MIO_WRITABLE, error, 0);
	}
	mio_pipe_unlock(pipe);
	return error;
}

int
mio_pipe_disconnect(const struct mio_source *source)
{
	struct win_pipe *pipe = mio_pipe_lock(source);
	int error = -EINVAL;

	if ((pipe->flags & PIPE_SERVER) != 0)
		error = pipe_unlink(pipe);
	mio_pipe_unlock(pipe);
	return error;
}

/* A handle that somebody else closed is one less to close. */
static int
close_handle(HANDLE handle)
{
	return CloseHandle(handle) ? 0 : mio_win_error(GetLastError());
}

static int
pipe_close(struct win_pipe *pipe)
{
	struct pipe_io *out = pipe->out;

	abandon(&pipe->link);
	abandon(&pipe->in);
	if (out != NULL && out->busy && out->event == NULL) {
		out->pipe = NULL;
		out->last = true;
		return 0;
	}
	abandon(&pipe->out);
	return close_handle(pipe->handle);
}

static int
mio_named_close(const struct mio_source *source)
{
	struct win_pipe *pipe = mio_pipe_lock(source);
	struct afd_poller *owner = pipe->owner;
	int error = pipe_close(pipe);

	mio_pipe_unlock(pipe);
	mio_ios_destroy(&pipe->own);
	free(pipe);
	if (owner != NULL)
		mio_poller_drop(&owner->poller);
	return error;
}

int
mio_pipe_adopt(struct mio_source *source, HANDLE handle, unsigned int flags)
{
	struct win_pipe *pipe = calloc(1, sizeof(*pipe));

	if (pipe == NULL)
		return -ENOMEM;
	InitializeSRWLock(&pipe->lock);
	pipe->kind = AFD_PIPE;
	pipe->own.events = true;
	pipe->handle = handle;
	pipe->flags = flags;
	pipe->linked = (flags & PIPE_SERVER) == 0;
	mio_source_init(source, (mio_fd)handle, MIO_KIND_NPIPE);
	source->reg = pipe;
	return 0;
}

static mio_ssize
npipe_read(const struct mio_source *source, void *buf, size_t size)
{
	struct mio_iovec iov = { buf, size };

	return mio_named_readv(source, &iov, 1);
}

static mio_ssize
npipe_write(const struct mio_source *source, const void *buf, size_t size)
{
	struct mio_iovec iov = { (void *)(uintptr_t)buf, size };

	return mio_named_writev(source, &iov, 1);
}

static int
npipe_set_nonblocking(const struct mio_source *source, int on)
{
	(void)source;
	return on ? 0 : -EOPNOTSUPP;
}

const struct mio_source_ops mio_npipe_ops = {
	npipe_read, mio_named_readv, npipe_write, mio_named_writev,
	npipe_set_nonblocking, mio_named_take_error, mio_named_close
};
