/*
 * The calls on a named pipe.  A read takes what has been read ahead, and a
 * write submits a copy; see npipe.c.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "npipe.h"
#include "poller.h"
#include "source.h"
#include "win_error.h"

#define WRITE_MAX	65536		/* of a stream, by one call */

/* Recycles completed operations before the poller needs a new one. */
static void
recycle(struct npipe *pipe)
{
	if (mio_npipe_has_port(pipe) && pipe->owner->ios.free == NULL &&
	    pipe->owner->ios.pending > 0)
		mio_afd_collect(pipe->owner);
}

/* A client is connected from the start, a server once it has a client. */
static int
check_connected(struct npipe *pipe)
{
	recycle(pipe);
	if (pipe->awaiting)
		mio_npipe_collect(pipe);
	if (pipe->connected)
		return 0;
	return pipe->awaiting ? -EAGAIN : -ENOTCONN;
}

static size_t
scatter(struct npipe_io *io, const struct mio_iovec *iov, int iovcnt)
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
gather(struct npipe_io *io, const struct mio_iovec *iov, int iovcnt)
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
read_locked(struct npipe *pipe, const struct mio_iovec *iov, int iovcnt)
{
	mio_ssize n;
	int error;

	if ((pipe->flags & NPIPE_READS) == 0)
		return -EBADF;
	if ((error = check_connected(pipe)) < 0 ||
	    (error = mio_npipe_read_ahead(pipe)) < 0)
		return error;
	if (pipe->read != NULL && pipe->read->pending)
		mio_npipe_collect(pipe);
	if (pipe->read == NULL && pipe->eof != 0)
		return pipe->eof == NPIPE_EOF ? 0 : pipe->eof;
	if (pipe->read == NULL || pipe->read->pending)
		return -EAGAIN;
	n = (mio_ssize)scatter(pipe->read, iov, iovcnt);
	if (pipe->read->head == pipe->read->tail)
		mio_npipe_put(&pipe->read);
	return n;
}

static int
submit_write(struct npipe *pipe, const struct mio_iovec *iov, int iovcnt,
    size_t size)
{
	DWORD code;
	int error;

	if ((error = mio_npipe_get(pipe, &pipe->write)) < 0)
		return error;
	if ((error = mio_npipe_io_grow(pipe->write, size)) < 0)
		goto fail;
	pipe->write->tail = size;
	gather(pipe->write, iov, iovcnt);
	if ((code = mio_npipe_io_write(pipe->write, pipe->handle)) == 0)
		return 0;
	error = mio_win_error(code);
fail:
	mio_npipe_put(&pipe->write);
	return error;
}

/* The error of an earlier operation, which is returned once. */
static int
take_error(struct npipe *pipe)
{
	int error = pipe->error;

	pipe->error = 0;
	return error;
}

static mio_ssize
write_locked(struct npipe *pipe, const struct mio_iovec *iov, int iovcnt,
    size_t size)
{
	int error;

	if ((pipe->flags & NPIPE_WRITES) == 0)
		return -EBADF;
	if ((error = check_connected(pipe)) < 0)
		return error;
	if (pipe->write != NULL)
		mio_npipe_collect(pipe);
	if (pipe->write != NULL)
		return -EAGAIN;
	if ((error = take_error(pipe)) < 0)
		return error;
	if (mio_npipe_streams(pipe) && size > WRITE_MAX)
		size = WRITE_MAX;
	if (size == 0 && mio_npipe_streams(pipe))
		return 0;
	if ((error = submit_write(pipe, iov, iovcnt, size)) < 0)
		return error;
	return (mio_ssize)size;
}

static int
connect_locked(struct npipe *pipe)
{
	int error = check_connected(pipe);

	if (error != -ENOTCONN)
		return error;
	if ((error = take_error(pipe)) < 0)
		return error;
	pipe->awaiting = true;
	if ((error = mio_npipe_await_client(pipe)) < 0) {
		pipe->awaiting = false;
		return error;
	}
	return pipe->awaiting ? -EAGAIN : take_error(pipe);
}

static int
disconnect_locked(struct npipe *pipe)
{
	DWORD code;

	mio_npipe_abandon(&pipe->connect);
	mio_npipe_abandon(&pipe->read);
	mio_npipe_abandon(&pipe->write);
	pipe->connected = false;
	pipe->awaiting = false;
	pipe->eof = 0;
	pipe->error = 0;
	if (DisconnectNamedPipe(pipe->handle))
		return 0;
	code = GetLastError();
	/* There was no client: nothing to do. */
	return code == ERROR_PIPE_LISTENING ||
	    code == ERROR_PIPE_NOT_CONNECTED ? 0 : mio_win_error(code);
}

/* The number of bytes in a vector; -EINVAL if it is not valid. */
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
npipe_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	struct npipe *pipe;
	size_t size;
	mio_ssize n;

	if ((n = iov_total(iov, iovcnt, &size)) < 0 || size == 0)
		return n;
	pipe = mio_npipe_lock(source);
	n = read_locked(pipe, iov, iovcnt);
	mio_npipe_rearm(pipe, MIO_READABLE, n, size);
	mio_npipe_unlock(pipe);
	return n;
}

static mio_ssize
npipe_writev(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	struct npipe *pipe;
	size_t size;
	mio_ssize n;

	if ((n = iov_total(iov, iovcnt, &size)) < 0)
		return n;
	pipe = mio_npipe_lock(source);
	n = write_locked(pipe, iov, iovcnt, size);
	mio_npipe_rearm(pipe, MIO_WRITABLE, n, size);
	mio_npipe_unlock(pipe);
	return n;
}

static mio_ssize
npipe_read(const struct mio_source *source, void *buf, size_t size)
{
	struct mio_iovec iov = { buf, size };

	return npipe_readv(source, &iov, 1);
}

static mio_ssize
npipe_write(const struct mio_source *source, const void *buf, size_t size)
{
	struct mio_iovec iov = { (void *)(uintptr_t)buf, size };

	return npipe_writev(source, &iov, 1);
}

/* No call on a named pipe blocks. */
static int
npipe_set_nonblocking(const struct mio_source *source, int on)
{
	(void)source;
	return on ? 0 : -EOPNOTSUPP;
}

static int
npipe_take_error(const struct mio_source *source)
{
	struct npipe *pipe = mio_npipe_lock(source);
	int error;

	mio_npipe_collect(pipe);
	error = take_error(pipe);
	mio_npipe_unlock(pipe);
	return error;
}

/* Connecting and disconnecting require a named pipe. */
static int
check_named(const struct mio_source *source)
{
	int error = mio_source_check(source);

	return error == 0 && mio_kind(source) != MIO_KIND_NPIPE ? -EINVAL :
	    error;
}

static int
connect_server(const struct mio_source *source)
{
	struct npipe *pipe;
	int error;

	if ((error = check_named(source)) < 0)
		return error;
	pipe = mio_npipe_lock(source);
	error = -EINVAL;
	if ((pipe->flags & NPIPE_SERVER) != 0) {
		error = connect_locked(pipe);
		mio_npipe_rearm(pipe, MIO_WRITABLE, error, 0);
	}
	mio_npipe_unlock(pipe);
	return error;
}

int
mio_named_pipe_connect(const struct mio_source *pipe)
{
	return mio_result(connect_server(pipe));
}

static int
disconnect_server(const struct mio_source *source)
{
	struct npipe *pipe;
	int error;

	if ((error = check_named(source)) < 0)
		return error;
	pipe = mio_npipe_lock(source);
	error = (pipe->flags & NPIPE_SERVER) != 0 ? disconnect_locked(pipe) :
	    -EINVAL;
	mio_npipe_unlock(pipe);
	return error;
}

int
mio_named_pipe_disconnect(const struct mio_source *pipe)
{
	return mio_result(disconnect_server(pipe));
}

/* Fails if the program has closed the handle itself. */
static int
close_handle(HANDLE handle)
{
	return CloseHandle(handle) ? 0 : mio_win_error(GetLastError());
}

static int
close_locked(struct npipe *pipe)
{
	struct npipe_io *out = pipe->write;

	mio_npipe_abandon(&pipe->connect);
	mio_npipe_abandon(&pipe->read);
	if (out != NULL && out->pending && out->event == NULL) {
		out->pipe = NULL;
		out->last = true;
		return 0;
	}
	mio_npipe_abandon(&pipe->write);
	return close_handle(pipe->handle);
}

static int
npipe_close(const struct mio_source *source)
{
	struct npipe *pipe = mio_npipe_lock(source);
	struct afd_poller *owner = pipe->owner;
	int error = close_locked(pipe);

	mio_npipe_unlock(pipe);
	mio_npipe_ios_destroy(&pipe->own);
	free(pipe);
	if (owner != NULL)
		mio_poller_drop(&owner->poller);
	return error;
}

const struct mio_source_ops mio_npipe_ops = {
	npipe_read,
	npipe_readv,
	npipe_write,
	npipe_writev,
	npipe_set_nonblocking,
	npipe_take_error,
	npipe_close
};
