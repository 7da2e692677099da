/*
 * Sources: what can be done with any descriptor.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/npipe.h"
#include "compat/socket.h"
#include "internal.h"
#include "poller.h"
#include "sock_io.h"
#include "source.h"

void
mio_source_init(struct mio_source *source, mio_fd fd, enum mio_kind kind)
{
	source->fd = fd;
	source->priv = kind;
	source->reg = NULL;
}

void
mio_source_empty(struct mio_source *source)
{
	mio_source_init(source, 0, MIO_KIND_EMPTY);
}

/*
 * An error of a datagram socket may be an earlier datagram's, after which
 * others come.  A foreign descriptor may be such a socket, if the error is
 * one that only the network tells.
 */
static bool
outlives(const struct mio_source *source, mio_ssize error)
{
	switch (mio_kind(source)) {
	case MIO_KIND_DGRAM:
		return error < 0 && error != -EINTR && error != -EPIPE;
	case MIO_KIND_FOREIGN:
		return error == -ECONNREFUSED || error == -EHOSTUNREACH ||
		    error == -ENETUNREACH || error == -ENOPROTOOPT ||
		    error == -EMSGSIZE;
	default:
		return false;
	}
}

/*
 * Does this result mean that the next change is news?  Would-block does, and
 * so does a short count, which is the same on a stream.  On a datagram socket
 * it means nothing; a foreign descriptor may be one, and then an event too
 * many is the price of none too few.  The end of a file (0) tells nothing:
 * no more will happen in that direction.
 */
static bool
is_drained(const struct mio_source *source, mio_ssize n, size_t wanted)
{
	if (n > 0)
		return (size_t)n < wanted &&
		    mio_kind(source) != MIO_KIND_DGRAM;
	return n == -EAGAIN || outlives(source, n);
}

static MIO_APART void
learn(const struct mio_source *source, unsigned int direction, mio_ssize n,
    size_t wanted)
{
	if (mio_registered(source) && is_drained(source, n, wanted))
		mio_sel_blocked(source, direction);
}

/* Tells a selector that wants to know what an operation has learnt. */
static inline mio_ssize
done(const struct mio_source *source, unsigned int direction, mio_ssize n,
    size_t wanted)
{
	if (mio_sel_learns)
		learn(source, direction, n, wanted);
	return n;
}

int
mio_check_file(const struct mio_source *source)
{
	switch (mio_kind(source)) {
	case MIO_KIND_FOREIGN:
		return mio_fd_check(source->fd);
	case MIO_KIND_PIPE:
		return 1;
	default:
		return 0;
	}
}

int
mio_source_adopt(struct mio_source *source, mio_fd fd, enum mio_kind kind,
    int result)
{
	if (result < 0) {
		(void)mio_sock_close(fd);	/* the first error is told */
		return result;
	}
	mio_source_init(source, fd, kind);
	return 0;
}

int
mio_source_accept(const struct mio_source *listener,
    struct mio_source *stream, struct sockaddr *addr, mio_socklen *addrlen,
    unsigned int flags)
{
	mio_fd fd;
	int error;

	if (stream == NULL || stream == listener)
		return -EINVAL;
	mio_source_empty(stream);
	if ((error = mio_source_check(listener)) < 0)
		return error;
	if (flags != 0 || (addr != NULL && addrlen == NULL))
		return -EINVAL;
	error = mio_sock_accept(listener->fd, addr,
	    addr != NULL ? addrlen : NULL, &fd);
	if (error < 0)
		return (int)done(listener, MIO_READABLE, error, 0);
	mio_source_init(stream, fd, MIO_KIND_STREAM);
	return 0;
}

int
mio_source_shutdown(const struct mio_source *source, int how)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	return mio_sock_shutdown(source->fd, how);
}

/* One message: a short count of it says nothing about the next. */
static MIO_APART mio_ssize
do_send(const struct mio_source *source, const void *buf, size_t size,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	/* Others have had it from the start. */
	if (mio_kind(source) == MIO_KIND_FOREIGN &&
	    (error = mio_sock_nosigpipe(source->fd)) < 0)
		return error;
	return done(source, MIO_WRITABLE,
	    mio_sock_send(source->fd, buf, size, addr, addrlen), 0);
}

static MIO_APART mio_ssize
do_recv(const struct mio_source *source, void *buf, size_t size,
    bool peek, struct sockaddr *addr, mio_socklen *addrlen)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (addr != NULL && addrlen == NULL)
		return -EINVAL;
	return done(source, MIO_READABLE,
	    mio_sock_recv(source->fd, buf, size, peek, addr, addrlen), 0);
}

mio_ssize
mio_source_send_to(const struct mio_source *source, const void *buf,
    size_t size, const struct sockaddr *addr, mio_socklen addrlen)
{
	return mio_io_result(do_send(source, buf, size, addr, addrlen));
}

mio_ssize
mio_source_recv_from(const struct mio_source *source, void *buf, size_t size,
    bool peek, struct sockaddr *addr, mio_socklen *addrlen)
{
	return mio_io_result(do_recv(source, buf, size, peek, addr, addrlen));
}

mio_ssize
mio_source_send(const struct mio_source *source, const void *buf, size_t size)
{
	if (mio_source_plain(source) && mio_kind(source) != MIO_KIND_FOREIGN)
		return mio_plain_send(source->fd, buf, size);
	return mio_source_send_to(source, buf, size, NULL, 0);
}

mio_ssize
mio_source_recv(const struct mio_source *source, void *buf, size_t size)
{
	if (mio_source_plain(source))
		return mio_plain_recv(source->fd, buf, size);
	return mio_source_recv_from(source, buf, size, false, NULL, NULL);
}

int
mio_source_from_fd(struct mio_source *source, mio_fd fd)
{
	if (source == NULL)
		return mio_result(-EINVAL);
	mio_source_empty(source);
	if (!mio_fd_valid(fd))
		return mio_result(-EBADF);
	mio_source_init(source, fd, MIO_KIND_FOREIGN);
	return 0;
}

mio_fd
mio_source_fd(const struct mio_source *source)
{
	int error = mio_source_check(source);

	return error < 0 ? (mio_fd)mio_result(error) : source->fd;
}

mio_fd
mio_source_release(struct mio_source *source)
{
	mio_fd fd;
	int error;

	if ((error = mio_source_check(source)) == 0 && mio_is_named(source))
		error = -EOPNOTSUPP;	/* it may be tied to a poller */
	if (error < 0)
		return (mio_fd)mio_result(error);
	fd = source->fd;
	/* The kernel may have forgotten it before; it is the caller's now. */
	if (mio_registered(source))
		mio_unregister(source);
	mio_source_empty(source);
	return fd;
}

static int
close_named(struct mio_source *source)
{
	int error;

	if (mio_registered(source))
		mio_unregister(source);
	error = mio_named_close(source);
	mio_source_empty(source);
	return error;
}

int
mio_source_close(struct mio_source *source)
{
	mio_fd fd;

	if (source != NULL && mio_is_named(source))
		return mio_result(close_named(source));
	fd = mio_source_release(source);
	if (!mio_fd_valid(fd))
		return -1;
	return mio_result(mio_sock_close(fd));
}

/* Bytes in a vector, as far as they matter for telling a short count. */
static size_t
iov_size(const struct mio_iovec *iov, int iovcnt)
{
	size_t size = 0;
	int i;

	for (i = 0; i < iovcnt; i++)
		size += iov[i].iov_len;
	return size;
}

/*
 * A socket's recv is a shorter way through the kernel than its read; of
 * nothing, though, only read is sure to be nothing.
 */
static inline bool
reads_by_recv(const struct mio_source *source, size_t size)
{
	return mio_kind(source) == MIO_KIND_STREAM && size > 0;
}

static mio_ssize
any_read(const struct mio_source *source, void *buf, size_t size)
{
	if (reads_by_recv(source, size))
		return mio_sock_recv(source->fd, buf, size, false, NULL, NULL);
	return mio_fd_read(source->fd, buf, size);
}

static MIO_APART mio_ssize
do_read(const struct mio_source *source, void *buf, size_t size)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (mio_is_named(source)) {
		struct mio_iovec iov = { buf, size };

		return mio_named_readv(source, &iov, 1);
	}
	return done(source, MIO_READABLE,
	    any_read(source, buf, size), size);
}

static mio_ssize
do_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	mio_ssize n;

	if ((n = mio_source_check(source)) < 0)
		return n;
	if (mio_is_named(source))
		return mio_named_readv(source, iov, iovcnt);
	n = mio_fd_readv(source->fd, iov, iovcnt);
	return done(source, MIO_READABLE, n,
	    n > 0 ? iov_size(iov, iovcnt) : 0);
}

/*
 * Sockets are written by send, which can be told not to raise SIGPIPE.  Of a
 * foreign descriptor nothing is known, and nothing is remembered, because
 * the source is const here: send tells.
 */
static mio_ssize
any_write(const struct mio_source *source, const void *buf, size_t size)
{
	int saved = errno;
	mio_ssize n;

	if (mio_kind(source) == MIO_KIND_PIPE)
		return mio_fd_write(source->fd, buf, size);
	if (mio_kind(source) != MIO_KIND_FOREIGN)
		return mio_sock_send(source->fd, buf, size, NULL, 0);
	if ((n = mio_sock_nosigpipe(source->fd)) == 0)
		n = mio_sock_send(source->fd, buf, size, NULL, 0);
	if (n != -ENOTSOCK)
		return n;
	errno = saved;
	return mio_fd_write(source->fd, buf, size);
}

static mio_ssize
any_writev(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	int saved = errno;
	mio_ssize n;

	if (mio_kind(source) == MIO_KIND_PIPE)
		return mio_fd_writev(source->fd, iov, iovcnt);
	if (mio_kind(source) != MIO_KIND_FOREIGN)
		return mio_sock_sendv(source->fd, iov, iovcnt);
	if ((n = mio_sock_nosigpipe(source->fd)) == 0)
		n = mio_sock_sendv(source->fd, iov, iovcnt);
	if (n != -ENOTSOCK)
		return n;
	errno = saved;
	return mio_fd_writev(source->fd, iov, iovcnt);
}

static MIO_APART mio_ssize
do_write(const struct mio_source *source, const void *buf, size_t size)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (mio_is_named(source)) {
		struct mio_iovec iov = { (void *)(uintptr_t)buf, size };

		return mio_named_writev(source, &iov, 1);
	}
	return done(source, MIO_WRITABLE,
	    any_write(source, buf, size), size);
}

static mio_ssize
do_writev(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	mio_ssize n;

	if ((n = mio_source_check(source)) < 0)
		return n;
	if (mio_is_named(source))
		return mio_named_writev(source, iov, iovcnt);
	n = any_writev(source, iov, iovcnt);
	return done(source, MIO_WRITABLE, n,
	    n > 0 ? iov_size(iov, iovcnt) : 0);
}

mio_ssize
mio_source_read(const struct mio_source *source, void *buf, size_t size)
{
	if (MIO_RARE(!mio_source_plain(source)))
		return mio_io_result(do_read(source, buf, size));
	if (MIO_RARE(!reads_by_recv(source, size)))
		return mio_plain_read(source->fd, buf, size);
	return mio_plain_recv(source->fd, buf, size);
}

mio_ssize
mio_source_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	return mio_io_result(do_readv(source, iov, iovcnt));
}

mio_ssize
mio_source_write(const struct mio_source *source, const void *buf, size_t size)
{
	if (MIO_RARE(!mio_source_plain(source) ||
	    mio_kind(source) == MIO_KIND_FOREIGN))
		return mio_io_result(do_write(source, buf, size));
	if (MIO_RARE(mio_kind(source) == MIO_KIND_PIPE))
		return mio_plain_write(source->fd, buf, size);
	return mio_plain_send(source->fd, buf, size);
}

mio_ssize
mio_source_writev(const struct mio_source *source,
    const struct mio_iovec *iov, int iovcnt)
{
	return mio_io_result(do_writev(source, iov, iovcnt));
}

int
mio_source_would_block(const struct mio_source *source,
    unsigned int directions)
{
	const unsigned int all = MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	if (directions == 0 || (directions & ~all) != 0)
		return mio_result(-EINVAL);
	if (mio_registered(source))
		mio_sel_blocked(source, directions);
	return 0;
}

int
mio_source_set_nonblocking(const struct mio_source *source, int on)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	if (mio_is_named(source))
		return on ? 0 : mio_result(-EOPNOTSUPP);
	return mio_result(mio_sock_set_nonblocking(source->fd, on));
}

int
mio_source_take_error(const struct mio_source *source)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	if (mio_is_named(source))
		return mio_result(mio_named_take_error(source));
	error = mio_sock_get(source->fd, SOL_SOCKET, SO_ERROR);
	if (error > 0)
		error = -error;
	/* What a read would have learnt, had it met the error first. */
	if (mio_registered(source) && outlives(source, error))
		mio_sel_blocked(source, MIO_READABLE);
	return mio_result(error);
}

int
mio_source_local_addr(const struct mio_source *source, struct sockaddr *addr,
    mio_socklen *addrlen)
{
	int error;

	if ((error = mio_source_check(source)) == 0)
		error = mio_sock_local(source->fd, addr, addrlen);
	return mio_result(error);
}

int
mio_source_peer_addr(const struct mio_source *source, struct sockaddr *addr,
    mio_socklen *addrlen)
{
	int error;

	if ((error = mio_source_check(source)) == 0)
		error = mio_sock_peer(source->fd, addr, addrlen);
	return mio_result(error);
}
