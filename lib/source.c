/*
 * Sources: the operations that every descriptor has.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

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

/* Errors that a datagram may cause after it was sent. */
static bool
is_of_network(mio_ssize error)
{
	return error == -ECONNREFUSED || error == -EHOSTUNREACH ||
	    error == -ENETUNREACH || error == -ENOPROTOOPT ||
	    error == -EMSGSIZE;
}

/*
 * Whether a source may become ready again after this error.  The error of a
 * datagram socket may belong to an earlier datagram, and others may follow.
 * But a send also returns errors of its own, such as ENOBUFS, while the socket
 * is writable: re-arming would report that at once, and a program that sends
 * again would not wait any more.  A foreign descriptor may be a datagram socket
 * if the error is one that only the network reports.
 */
static bool
may_be_ready_after(const struct mio_source *source, unsigned int direction,
    mio_ssize error)
{
	switch (mio_kind(source)) {
	case MIO_KIND_DGRAM:
		if (direction == MIO_WRITABLE)
			return is_of_network(error);
		return error < 0 && error != -EINTR && error != -EPIPE;
	case MIO_KIND_FOREIGN:
		return is_of_network(error);
	default:
		return false;
	}
}

/*
 * Whether the next change must be reported after this result.  EAGAIN requires
 * a report.  A short count of a stream requires one too, because the stream is
 * drained or full.  The short count of a datagram means nothing.  A foreign
 * descriptor may be a stream or a datagram socket, and a short count re-arms
 * it: an event too many is better than an event too few.  End of file (0) does
 * not re-arm, because nothing more happens in that direction.
 */
static bool
needs_rearm(const struct mio_source *source, unsigned int direction,
    mio_ssize n, size_t wanted)
{
	if (n > 0)
		return (size_t)n < wanted &&
		    mio_kind(source) != MIO_KIND_DGRAM;
	return n == -EAGAIN || may_be_ready_after(source, direction, n);
}

static MIO_NOINLINE void
rearm(const struct mio_source *source, unsigned int direction, mio_ssize n,
    size_t wanted)
{
	if (mio_registered(source) &&
	    needs_rearm(source, direction, n, wanted))
		mio_sel_rearm(source, direction);
}

/* Re-arms a direction if the result of an operation requires it. */
static inline mio_ssize
rearm_after(const struct mio_source *source, unsigned int direction,
    mio_ssize n, size_t wanted)
{
	if (mio_sel_rearms)
		rearm(source, direction, n, wanted);
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
		(void)mio_sock_close(fd);	/* return the first error */
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
		return (int)rearm_after(listener, MIO_READABLE, error, 0);
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

/* One message, whose short count means nothing for the next message. */
static MIO_NOINLINE mio_ssize
do_send(const struct mio_source *source, const void *buf, size_t size,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	mio_ssize n;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	/* Sockets that the library made have SO_NOSIGPIPE already. */
	if (mio_kind(source) == MIO_KIND_FOREIGN &&
	    (error = mio_sock_nosigpipe(source->fd)) < 0)
		return error;
	n = mio_sock_send(source->fd, buf, size, addr, addrlen);
	/* With an address of its own, only this datagram can have failed. */
	if (addr != NULL && n != -EAGAIN)
		return n;
	return rearm_after(source, MIO_WRITABLE, n, 0);
}

static MIO_NOINLINE mio_ssize
do_recv(const struct mio_source *source, void *buf, size_t size,
    bool peek, struct sockaddr *addr, mio_socklen *addrlen)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (addr != NULL && addrlen == NULL)
		return -EINVAL;
	return rearm_after(source, MIO_READABLE,
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

	if ((error = mio_source_check(source)) == 0 &&
	    mio_kind(source) == MIO_KIND_NPIPE)
		error = -EOPNOTSUPP;	/* the pipe may belong to a port */
	if (error < 0)
		return (mio_fd)mio_result(error);
	fd = source->fd;
	/* Errors are ignored: close(2) may have ended the registration. */
	if (mio_registered(source))
		mio_unregister(source, false);
	mio_source_empty(source);
	return fd;
}

static int
fd_close(const struct mio_source *source)
{
	return mio_sock_close(source->fd);
}

static int
fd_set_nonblocking(const struct mio_source *source, int on)
{
	return mio_sock_set_nonblocking(source->fd, on);
}

static int
fd_take_error(const struct mio_source *source)
{
	int error, pending;

	error = mio_sock_get(source->fd, SOL_SOCKET, SO_ERROR, &pending);
	if (error == 0)
		error = -pending;
	/* Re-arm as for a read that returned this error. */
	if (mio_registered(source) &&
	    may_be_ready_after(source, MIO_READABLE, error))
		mio_sel_rearm(source, MIO_READABLE);
	return error;
}

/* Bytes in a vector, as far as they matter for detecting a short count. */
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
 * A socket's recv is a shorter path through the kernel than its read.  But
 * only a read of 0 bytes is sure to return 0.
 */
static inline bool
reads_by_recv(const struct mio_source *source, size_t size)
{
	return mio_kind(source) == MIO_KIND_STREAM && size > 0;
}

static mio_ssize
fd_read(const struct mio_source *source, void *buf, size_t size)
{
	mio_ssize n;

	if (reads_by_recv(source, size))
		n = mio_sock_recv(source->fd, buf, size, false, NULL, NULL);
	else
		n = mio_fd_read(source->fd, buf, size);
	return rearm_after(source, MIO_READABLE, n, size);
}

static mio_ssize
fd_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	mio_ssize n = mio_fd_readv(source->fd, iov, iovcnt);

	return rearm_after(source, MIO_READABLE, n,
	    n > 0 ? iov_size(iov, iovcnt) : 0);
}

/*
 * A foreign descriptor may be a socket: if it is not, send fails with
 * ENOTSOCK.  The result is not remembered, because the source is const.
 */
static mio_ssize
foreign_write(mio_fd fd, const void *buf, size_t size)
{
	int saved = errno;
	mio_ssize n;

	if ((n = mio_sock_nosigpipe(fd)) == 0)
		n = mio_sock_send(fd, buf, size, NULL, 0);
	if (n != -ENOTSOCK)
		return n;
	errno = saved;
	return mio_fd_write(fd, buf, size);
}

static mio_ssize
foreign_writev(mio_fd fd, const struct mio_iovec *iov, int iovcnt)
{
	int saved = errno;
	mio_ssize n;

	if ((n = mio_sock_nosigpipe(fd)) == 0)
		n = mio_sock_sendv(fd, iov, iovcnt);
	if (n != -ENOTSOCK)
		return n;
	errno = saved;
	return mio_fd_writev(fd, iov, iovcnt);
}

/* Sockets are written by send, which has a flag against SIGPIPE. */
static mio_ssize
fd_write(const struct mio_source *source, const void *buf, size_t size)
{
	mio_ssize n;

	switch (mio_kind(source)) {
	case MIO_KIND_FOREIGN:
		n = foreign_write(source->fd, buf, size);
		break;
	case MIO_KIND_PIPE:
		n = mio_fd_write(source->fd, buf, size);
		break;
	default:
		n = mio_sock_send(source->fd, buf, size, NULL, 0);
	}
	return rearm_after(source, MIO_WRITABLE, n, size);
}

static mio_ssize
fd_writev(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	mio_ssize n;

	switch (mio_kind(source)) {
	case MIO_KIND_FOREIGN:
		n = foreign_writev(source->fd, iov, iovcnt);
		break;
	case MIO_KIND_PIPE:
		n = mio_fd_writev(source->fd, iov, iovcnt);
		break;
	default:
		n = mio_sock_sendv(source->fd, iov, iovcnt);
	}
	return rearm_after(source, MIO_WRITABLE, n,
	    n > 0 ? iov_size(iov, iovcnt) : 0);
}

static const struct mio_source_ops fd_ops = {
	fd_read, fd_readv, fd_write, fd_writev, fd_set_nonblocking,
	fd_take_error, fd_close
};

/* A constant where every source is a descriptor, so that calls are direct. */
static inline const struct mio_source_ops *
ops_of(const struct mio_source *source)
{
#ifdef _WIN32
	if (mio_kind(source) == MIO_KIND_NPIPE)
		return &mio_npipe_ops;
#else
	(void)source;
#endif
	return &fd_ops;
}

int
mio_source_close(struct mio_source *source)
{
	struct mio_source was;
	bool registered;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	if ((registered = mio_registered(source)))
		mio_unregister(source, true);
	/* Empty first: close(2) is a cancellation point. */
	was = *source;
	mio_source_empty(source);
	if (mio_sel_closes && registered)
		return mio_result(mio_sock_close_registered(was.fd));
	return mio_result(ops_of(&was)->close(&was));
}

static MIO_NOINLINE mio_ssize
checked_read(const struct mio_source *source, void *buf, size_t size)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	return ops_of(source)->read(source, buf, size);
}

static MIO_NOINLINE mio_ssize
checked_write(const struct mio_source *source, const void *buf, size_t size)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	return ops_of(source)->write(source, buf, size);
}

mio_ssize
mio_source_read(const struct mio_source *source, void *buf, size_t size)
{
	if (MIO_UNLIKELY(!mio_source_plain(source)))
		return mio_io_result(checked_read(source, buf, size));
	if (MIO_UNLIKELY(!reads_by_recv(source, size)))
		return mio_plain_read(source->fd, buf, size);
	return mio_plain_recv(source->fd, buf, size);
}

/*
 * Without buffers some systems return 0, and others fail with EINVAL or
 * EMSGSIZE.  A write without buffers is a write of 0 bytes, which is a datagram
 * or a message, too.
 */
mio_ssize
mio_source_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	if (iovcnt == 0)
		return 0;
	return mio_io_result(ops_of(source)->readv(source, iov, iovcnt));
}

mio_ssize
mio_source_write(const struct mio_source *source, const void *buf, size_t size)
{
	if (MIO_UNLIKELY(!mio_source_plain(source) ||
	    mio_kind(source) == MIO_KIND_FOREIGN))
		return mio_io_result(checked_write(source, buf, size));
	if (MIO_UNLIKELY(mio_kind(source) == MIO_KIND_PIPE))
		return mio_plain_write(source->fd, buf, size);
	return mio_plain_send(source->fd, buf, size);
}

mio_ssize
mio_source_writev(const struct mio_source *source,
    const struct mio_iovec *iov, int iovcnt)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	if (iovcnt == 0)
		return mio_source_write(source, "", 0);
	return mio_io_result(ops_of(source)->writev(source, iov, iovcnt));
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
		mio_sel_rearm(source, directions);
	return 0;
}

int
mio_source_set_nonblocking(const struct mio_source *source, int on)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	return mio_result(ops_of(source)->set_nonblocking(source, on));
}

int
mio_source_take_error(const struct mio_source *source)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return mio_result(error);
	return mio_result(ops_of(source)->take_error(source));
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
