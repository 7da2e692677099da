/*
 * Reads and writes.  The POSIX ones are a system call and a test of its result,
 * and are inline.  Those of Winsock are functions in sock_windows.c.
 */
#ifndef SOCK_IO_H
#define SOCK_IO_H

#include "internal.h"
#include "sock.h"

#ifdef _WIN32
/* Sets the option against SIGPIPE if send has no flag; maybe -ENOTSOCK. */
int	mio_sock_nosigpipe(mio_fd);

/* The address may be null. */
mio_ssize mio_sock_recv(mio_fd, void *, size_t, bool, struct sockaddr *,
	    mio_socklen *);
mio_ssize mio_sock_send(mio_fd, const void *, size_t, const struct sockaddr *,
	    mio_socklen);
mio_ssize mio_sock_sendv(mio_fd, const struct mio_iovec *, int);

/* These work on any descriptor. */
mio_ssize mio_fd_read(mio_fd, void *, size_t);
mio_ssize mio_fd_readv(mio_fd, const struct mio_iovec *, int);
mio_ssize mio_fd_write(mio_fd, const void *, size_t);
mio_ssize mio_fd_writev(mio_fd, const struct mio_iovec *, int);
#else
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "compat/sigpipe.h"

/* POSIX lets EWOULDBLOCK differ from EAGAIN.  Callers get EAGAIN. */
static inline int
error_of(int error)
{
#if EWOULDBLOCK != EAGAIN
	if (error == EWOULDBLOCK)
		return -EAGAIN;
#endif
	return -error;
}

/*
 * Darwin refuses each option with EINVAL once a socket is shut down in both
 * directions.  A write would have failed with EPIPE.
 */
static inline int
mio_sock_nosigpipe(int fd)
{
#ifdef NOSIGPIPE_OPTION
	int error = mio_sock_set(fd, SOL_SOCKET, NOSIGPIPE_OPTION, 1);

	return error == -EINVAL ? -EPIPE : error;
#else
	(void)fd;
	return 0;
#endif
}

static inline mio_ssize
mio_sock_recv(int fd, void *buf, size_t size, bool peek,
    struct sockaddr *addr, mio_socklen *addrlen)
{
	ssize_t n = recvfrom(fd, buf, size, peek ? MSG_PEEK : 0, addr,
	    addr != NULL ? addrlen : NULL);

	return n < 0 ? error_of(errno) : n;
}

static inline mio_ssize
mio_sock_send(int fd, const void *buf, size_t size,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	ssize_t n = sendto(fd, buf, size, NOSIGPIPE_FLAG, addr, addrlen);

	return n < 0 ? error_of(errno) : n;
}

static inline mio_ssize
mio_sock_sendv(int fd, const struct iovec *iov, int iovcnt)
{
	struct msghdr msg = { 0 };
	ssize_t n;

	/* The limits of writev(2); the type of msg_iovlen varies. */
	if (iovcnt < 0 || iovcnt > IOV_MAX)
		return -EINVAL;
	msg.msg_iov = (struct iovec *)(uintptr_t)iov;
	msg.msg_iovlen = (__typeof__(msg.msg_iovlen))iovcnt;
	n = sendmsg(fd, &msg, NOSIGPIPE_FLAG);
	return n < 0 ? error_of(errno) : n;
}

static inline mio_ssize
mio_fd_readv(int fd, const struct iovec *iov, int iovcnt)
{
	ssize_t n = readv(fd, iov, iovcnt);

	return n < 0 ? error_of(errno) : n;
}

static inline mio_ssize
mio_fd_writev(int fd, const struct iovec *iov, int iovcnt)
{
	ssize_t n = writev(fd, iov, iovcnt);

	return n < 0 ? error_of(errno) : n;
}

static inline mio_ssize
mio_fd_write(int fd, const void *buf, size_t size)
{
	ssize_t n = write(fd, buf, size);

	return n < 0 ? error_of(errno) : n;
}

static inline mio_ssize
mio_fd_read(int fd, void *buf, size_t size)
{
	ssize_t n = read(fd, buf, size);

	return n < 0 ? error_of(errno) : n;
}
#endif

/* mio_result() for a count of bytes. */
static inline mio_ssize
mio_io_result(mio_ssize n)
{
	return n < 0 ? mio_result((int)n) : n;
}

/*
 * The most common calls, with a public function's result: -1 with errno set.
 * The C library's functions have the same result, and a public function that
 * ends in one of them tail-calls the C library.  No return of the library then
 * follows the system call.  A return just after a system call costs ten times
 * as much as any other.
 */
#if defined(_WIN32) || EWOULDBLOCK != EAGAIN
#define PLAIN(call, otherwise)	mio_io_result(otherwise)
#else
#define PLAIN(call, otherwise)	(call)
#endif

static inline mio_ssize
mio_plain_recv(mio_fd fd, void *buf, size_t size)
{
	return PLAIN(recv(fd, buf, size, 0),
	    mio_sock_recv(fd, buf, size, false, NULL, NULL));
}

static inline mio_ssize
mio_plain_send(mio_fd fd, const void *buf, size_t size)
{
	return PLAIN(send(fd, buf, size, NOSIGPIPE_FLAG),
	    mio_sock_send(fd, buf, size, NULL, 0));
}

static inline mio_ssize
mio_plain_read(mio_fd fd, void *buf, size_t size)
{
	return PLAIN(read(fd, buf, size), mio_fd_read(fd, buf, size));
}

static inline mio_ssize
mio_plain_write(mio_fd fd, const void *buf, size_t size)
{
	return PLAIN(write(fd, buf, size), mio_fd_write(fd, buf, size));
}

#endif /* SOCK_IO_H */
