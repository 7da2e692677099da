/*
 * Sockets and descriptors on POSIX systems.
 *
 * SOCK_CLOEXEC, SOCK_NONBLOCK, accept4() and pipe2() are used where configure
 * found them.  Elsewhere, and where a sandbox forbids accept4() (seccomp on
 * Android's x86), fcntl(2) sets the flags afterwards.  A fork(2) between the
 * two calls can then leak the descriptor into the child, which is unavoidable.
 * The other three need no such replacement: Linux got them in the release that
 * has epoll_create1(2) and eventfd2(2), without which there is no poller.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compat/cancel.h"
#include "internal.h"
#include "sock_io.h"

MIO_ASSERT(socklen, sizeof(socklen_t) == sizeof(mio_socklen));

#if defined SOCK_CLOEXEC && !defined FORCE_FCNTL
#define ATOMIC_FLAGS	(SOCK_CLOEXEC | SOCK_NONBLOCK)
#else
#define ATOMIC_FLAGS	0
#endif

static int
set_flags(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return mio_sock_set_nonblocking(fd, 1);
}

/* Sets the flags of a new socket unless it has them; closes it on an error. */
static int
finish(int fd, bool flagged, int *made)
{
	int error = 0;

	if (!flagged)
		error = set_flags(fd);
	if (error == 0)
		error = mio_sock_nosigpipe(fd);
	if (error < 0) {
		(void)close(fd);	/* return the first error */
		return error;
	}
	*made = fd;
	return 0;
}

int
mio_sock_open(int domain, int type, int protocol, int *made)
{
	int fd = socket(domain, type | ATOMIC_FLAGS, protocol);

	if (fd < 0)
		return -errno;
	return finish(fd, ATOMIC_FLAGS != 0, made);
}

/*
 * A connection that is reset just after accept() is treated like one that was
 * reset before it: ECONNABORTED.
 */
static int
accepted(int conn, bool flagged, int *made)
{
	int error = finish(conn, flagged, made);

	return error == -EPIPE ? -ECONNABORTED : error;
}

static int
accept_plain(int fd, struct sockaddr *addr, mio_socklen *addrlen, int *made)
{
	int conn = accept(fd, addr, addrlen);

	if (conn < 0)
		return error_of(errno);
	return accepted(conn, false, made);
}

#ifdef HAVE_ACCEPT4
/*
 * Whether an error of accept4() is none of its own.  After any other error
 * accept() is called: accept4() may be missing (ENOSYS) or forbidden, with
 * whatever error the sandbox chose, and otherwise accept() returns the error.
 */
static bool
is_of_accept(int error)
{
	switch (error) {
	case EAGAIN:
	case EBADF:
	case ECONNABORTED:
	case EFAULT:
	case EINTR:
	case EINVAL:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case ENOTSOCK:
		return true;
	default:
		return false;
	}
}
#endif

int
mio_sock_accept(int fd, struct sockaddr *addr, mio_socklen *addrlen, int *made)
{
#ifdef HAVE_ACCEPT4
	int saved = errno;
	int conn = accept4(fd, addr, addrlen, ATOMIC_FLAGS);

	if (conn >= 0)
		return accepted(conn, true, made);
	if (is_of_accept(errno))
		return error_of(errno);
	errno = saved;
#endif
	return accept_plain(fd, addr, addrlen, made);
}

int
mio_sock_bind(int fd, const struct sockaddr *addr, mio_socklen addrlen)
{
	return bind(fd, addr, addrlen) < 0 ? -errno : 0;
}

/* Connections in TIME_WAIT must not prevent a restart of the server. */
int
mio_sock_claim(mio_fd fd)
{
	return mio_sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

int
mio_sock_listen(int fd, int backlog)
{
	if (backlog <= 0)
		backlog = SOMAXCONN;
	return listen(fd, backlog) < 0 ? -errno : 0;
}

/*
 * A connection in progress is a success, also if a signal interrupted the
 * call: by POSIX the connection continues.  EAGAIN is an error: a Unix socket
 * has started nothing, and TCP has no ports left.
 */
int
mio_sock_connect(int fd, const struct sockaddr *addr, mio_socklen addrlen)
{
	int saved = errno;

	if (connect(fd, addr, addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return error_of(errno);
	errno = saved;
	return 0;
}

int
mio_sock_shutdown(int fd, int how)
{
	static const int hows[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };

	if (how < MIO_SHUT_RD || how > MIO_SHUT_RDWR)
		return -EINVAL;
	return shutdown(fd, hows[how]) < 0 ? -errno : 0;
}

int
mio_sock_pipe(int fds[2])
{
#ifdef HAVE_PIPE2
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
#else
	int error;

	if (pipe(fds) < 0)
		return -errno;
	if ((error = set_flags(fds[0])) < 0 ||
	    (error = set_flags(fds[1])) < 0) {
		/* Return the first error. */
		(void)close(fds[0]);
		(void)close(fds[1]);
	}
	return error;
#endif
}

/* The descriptor is closed whatever close(2) returns, so EINTR is ignored. */
int
mio_sock_close(int fd)
{
	return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

/*
 * Some C libraries act on a cancellation before they make the system call.  The
 * descriptor would stay registered then, and no source would be left to
 * deregister it.
 */
int
mio_sock_close_registered(int fd)
{
	int error, state = cancel_off();

	error = mio_sock_close(fd);
	cancel_restore(state);
	return error;
}

int
mio_sock_set_nonblocking(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);
	int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;

	if (flags < 0)
		return -errno;
	if (flags != wanted && fcntl(fd, F_SETFL, wanted) < 0)
		return -errno;
	return 0;
}

int
mio_sock_local(int fd, struct sockaddr *addr, mio_socklen *addrlen)
{
	return getsockname(fd, addr, addrlen) < 0 ? -errno : 0;
}

int
mio_sock_peer(int fd, struct sockaddr *addr, mio_socklen *addrlen)
{
	return getpeername(fd, addr, addrlen) < 0 ? -errno : 0;
}

int
mio_sock_pair(int domain, int type, int fds[2])
{
	int error;

	if (socketpair(domain, type | ATOMIC_FLAGS, 0, fds) < 0)
		return -errno;
	if ((error = finish(fds[0], ATOMIC_FLAGS != 0, &fds[0])) < 0) {
		(void)close(fds[1]);	/* return the first error */
		return error;
	}
	if ((error = finish(fds[1], ATOMIC_FLAGS != 0, &fds[1])) < 0) {
		(void)close(fds[0]);	/* likewise */
		return error;
	}
	return 0;
}

int
mio_sock_get_raw(int fd, int level, int name, void *value, size_t size)
{
	socklen_t len = (socklen_t)size;

	return getsockopt(fd, level, name, value, &len) < 0 ? -errno : 0;
}

int
mio_sock_set_raw(int fd, int level, int name, const void *value, size_t size)
{
	return setsockopt(fd, level, name, value, (socklen_t)size) < 0 ?
	    -errno : 0;
}

int
mio_sock_get(int fd, int level, int name, int *value)
{
	return mio_sock_get_raw(fd, level, name, value, sizeof(*value));
}

int
mio_sock_set(int fd, int level, int name, int value)
{
	return mio_sock_set_raw(fd, level, name, &value, sizeof(value));
}

int
mio_fd_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return -EPERM;
	return S_ISFIFO(st.st_mode) ? 1 : 0;
}

const char *
mio_sock_strerror(int error)
{
	return strerror(error);
}
