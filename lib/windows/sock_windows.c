/*
 * Sockets by Winsock.
 *
 * What it relies on: SOCKETs are kernel handles, so closing one is enough,
 * and no write to a socket raises anything like SIGPIPE.
 *
 * What it works around:
 *
 *  - Handles are inherited by every child that is made with inheritance on,
 *    accepted sockets too: none of ours is (AFD-13).
 *  - A datagram to a closed port makes later calls of recvfrom fail; this is
 *    switched off, as the error belongs to no datagram in particular (AFD-14).
 *  - SO_REUSEADDR lets anybody take a port that is in use: listeners ask for
 *    the opposite.
 *  - Reading a socket that was shut down for it is the end, and no error.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include <mswsock.h>
#include <windows.h>

#include "internal.h"
#include "sock_io.h"
#include "win_error.h"

MIO_ASSERT(socklen, sizeof(socklen_t) == sizeof(mio_socklen));
MIO_ASSERT(fd, sizeof(SOCKET) == sizeof(mio_fd));

#ifndef WSA_FLAG_NO_HANDLE_INHERIT
#define WSA_FLAG_NO_HANDLE_INHERIT	0x80
#endif
#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET	_WSAIOW(IOC_VENDOR, 12)
#endif
#ifndef SIO_UDP_NETRESET
#define SIO_UDP_NETRESET	_WSAIOW(IOC_VENDOR, 15)
#endif

/* A count of bytes goes through int, and 2 GB are enough for one call. */
static int
most(size_t size)
{
	return size > INT32_MAX ? INT32_MAX : (int)size;
}

static int
last_error(void)
{
	return mio_win_error((unsigned long)WSAGetLastError());
}

static int
start(void)
{
	static LONG started;
	WSADATA data;
	int error;

	if (InterlockedCompareExchange(&started, 0, 0) != 0)
		return 0;
	/*
	 * Two threads may both get here, and Winsock counts; it is never
	 * cleaned up, since nobody knows who else uses it.
	 */
	if ((error = WSAStartup(MAKEWORD(2, 2), &data)) != 0)
		return mio_win_error((unsigned long)error);
	(void)InterlockedExchange(&started, 1);
	return 0;
}

static int
ioctl_off(SOCKET s, DWORD code)
{
	BOOL off = FALSE;
	DWORD bytes;

	return WSAIoctl(s, code, &off, sizeof(off), NULL, 0, &bytes, NULL,
	    NULL) != 0 ? last_error() : 0;
}

/* Makes a new socket what ours are; closes it if that fails. */
static int
finish(SOCKET s, int type, mio_fd *made)
{
	int error = mio_sock_set_nonblocking(s, 1);

	if (error == 0 && type == SOCK_DGRAM) {
		error = ioctl_off(s, SIO_UDP_CONNRESET);
		/* Not in every Windows; there no such error comes either. */
		(void)ioctl_off(s, SIO_UDP_NETRESET);
	}
	if (error < 0) {
		(void)closesocket(s);	/* the first error is the one to tell */
		return error;
	}
	*made = s;
	return 0;
}

int
mio_sock_open(int domain, int type, int protocol, mio_fd *made)
{
	SOCKET s;
	int error;

	if ((error = start()) < 0)
		return error;
	s = WSASocketW(domain, type, protocol, NULL, 0,
	    WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
	if (s == INVALID_SOCKET)
		return last_error();
	return finish(s, type, made);
}

/* Windows inherits accepted sockets' flags from nobody: set them at once. */
int
mio_sock_accept(mio_fd fd, struct sockaddr *addr, mio_socklen *addrlen,
    mio_fd *made)
{
	SOCKET s = accept(fd, addr, addrlen);

	if (s == INVALID_SOCKET)
		return last_error();
	if (!SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0)) {
		int error = mio_win_error(GetLastError());

		(void)closesocket(s);	/* the first error is the one to tell */
		return error;
	}
	return finish(s, SOCK_STREAM, made);
}

int
mio_sock_bind(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen)
{
	return bind(fd, addr, addrlen) != 0 ? last_error() : 0;
}

/*
 * Connections in TIME_WAIT keep nobody out here, and SO_REUSEADDR would let
 * anybody in beside this one.
 */
int
mio_sock_claim(mio_fd fd)
{
	return mio_sock_set(fd, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
}

int
mio_sock_listen(mio_fd fd, int backlog)
{
	if (backlog <= 0)
		backlog = SOMAXCONN;
	return listen(fd, backlog) != 0 ? last_error() : 0;
}

/* A connection in progress is a success. */
int
mio_sock_connect(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen)
{
	int error;

	if (connect(fd, addr, addrlen) == 0)
		return 0;
	error = last_error();
	return error == -EAGAIN || error == -EINPROGRESS ? 0 : error;
}

int
mio_sock_shutdown(mio_fd fd, int how)
{
	static const int hows[] = { SD_RECEIVE, SD_SEND, SD_BOTH };

	if (how < MIO_SHUT_RD || how > MIO_SHUT_RDWR)
		return -EINVAL;
	return shutdown(fd, hows[how]) != 0 ? last_error() : 0;
}

/* What was taken for a socket may be a handle of another kind. */
int
mio_sock_close(mio_fd fd)
{
	if (closesocket(fd) == 0)
		return 0;
	if (WSAGetLastError() != WSAENOTSOCK)
		return last_error();
	return CloseHandle((HANDLE)fd) ? 0 : mio_win_error(GetLastError());
}

int
mio_sock_set_nonblocking(mio_fd fd, int on)
{
	u_long mode = on != 0;

	return ioctlsocket(fd, (long)FIONBIO, &mode) != 0 ? last_error() : 0;
}

/* Unlike POSIX's, it refuses a socket that isn't bound yet. */
int
mio_sock_local(mio_fd fd, struct sockaddr *addr, mio_socklen *addrlen)
{
	return getsockname(fd, addr, addrlen) != 0 ? last_error() : 0;
}

int
mio_sock_peer(mio_fd fd, struct sockaddr *addr, mio_socklen *addrlen)
{
	return getpeername(fd, addr, addrlen) != 0 ? last_error() : 0;
}

int
mio_sock_get_raw(mio_fd fd, int level, int name, void *value, size_t size)
{
	int len = most(size);

	return getsockopt(fd, level, name, value, &len) != 0 ?
	    last_error() : 0;
}

int
mio_sock_set_raw(mio_fd fd, int level, int name, const void *value,
    size_t size)
{
	return setsockopt(fd, level, name, value, most(size)) != 0 ?
	    last_error() : 0;
}

/* Some options are a byte wide, and leave the rest as it was. */
int
mio_sock_get(mio_fd fd, int level, int name)
{
	int value = 0;
	int error = mio_sock_get_raw(fd, level, name, &value, sizeof(value));

	if (error < 0)
		return error;
	if (level == SOL_SOCKET && name == SO_ERROR)
		return value == 0 ? 0 : -mio_win_error((unsigned long)value);
	return value;
}

int
mio_sock_set(mio_fd fd, int level, int name, int value)
{
	return mio_sock_set_raw(fd, level, name, &value, sizeof(value));
}

/* There is no SIGPIPE. */
int
mio_sock_nosigpipe(mio_fd fd)
{
	(void)fd;
	return 0;
}

/* An error of receiving, or what is none on other systems. */
static mio_ssize
not_received(mio_ssize room)
{
	switch (WSAGetLastError()) {
	case WSAEMSGSIZE:	/* what didn't fit is lost */
		return room;
	case WSAESHUTDOWN:
		return 0;
	default:
		return last_error();
	}
}

mio_ssize
mio_sock_recv(mio_fd fd, void *buf, size_t size, bool peek,
    struct sockaddr *addr, mio_socklen *addrlen)
{
	int n = recvfrom(fd, buf, most(size), peek ? MSG_PEEK : 0, addr,
	    addr != NULL ? addrlen : NULL);

	return n >= 0 ? n : not_received(most(size));
}

mio_ssize
mio_sock_send(mio_fd fd, const void *buf, size_t size,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	int n = sendto(fd, buf, most(size), 0, addr, addrlen);

	return n < 0 ? last_error() : n;
}

/*
 * Buffers, as Winsock has them: other types, in another order.  As many as a
 * call takes; who has more gets a short count, as for too many bytes.
 */
#define BUFFERS		64
#define BUFFERS_MOST	1024	/* IOV_MAX elsewhere */

static int
check_vector(const struct mio_iovec *iov, int iovcnt)
{
	if (iovcnt < 0 || iovcnt > BUFFERS_MOST)
		return -EINVAL;
	return iov == NULL && iovcnt > 0 ? -EFAULT : 0;
}

static DWORD
buffers(WSABUF *bufs, const struct mio_iovec *iov, int iovcnt)
{
	DWORD n = 0;

	for (; n < BUFFERS && n < (DWORD)iovcnt; n++) {
		bufs[n].buf = iov[n].iov_base;
		bufs[n].len = (ULONG)most(iov[n].iov_len);
		if (bufs[n].len < iov[n].iov_len)
			return n + 1;
	}
	return n;
}

mio_ssize
mio_sock_sendv(mio_fd fd, const struct mio_iovec *iov, int iovcnt)
{
	WSABUF bufs[BUFFERS];
	DWORD sent;
	int error;

	if ((error = check_vector(iov, iovcnt)) < 0)
		return error;
	if (WSASend(fd, bufs, buffers(bufs, iov, iovcnt), &sent, 0, NULL,
	    NULL) != 0)
		return last_error();
	return (mio_ssize)sent;
}

static mio_ssize
room_in(const WSABUF *bufs, DWORD n)
{
	mio_ssize room = 0;

	while (n-- > 0)
		room += (mio_ssize)bufs[n].len;
	return room;
}

mio_ssize
mio_fd_readv(mio_fd fd, const struct mio_iovec *iov, int iovcnt)
{
	DWORD n, received = 0, flags = 0;
	WSABUF bufs[BUFFERS];
	int error;

	if ((error = check_vector(iov, iovcnt)) < 0)
		return error;
	n = buffers(bufs, iov, iovcnt);
	if (WSARecv(fd, bufs, n, &received, &flags, NULL, NULL) == 0)
		return (mio_ssize)received;
	return not_received(room_in(bufs, n));
}

/* What can be registered here is a socket. */
mio_ssize
mio_fd_read(mio_fd fd, void *buf, size_t size)
{
	return mio_sock_recv(fd, buf, size, false, NULL, NULL);
}

mio_ssize
mio_fd_write(mio_fd fd, const void *buf, size_t size)
{
	return mio_sock_send(fd, buf, size, NULL, 0);
}

mio_ssize
mio_fd_writev(mio_fd fd, const struct mio_iovec *iov, int iovcnt)
{
	return mio_sock_sendv(fd, iov, iovcnt);
}

/* What is no socket: as other systems call it. */
static int
not_socket(mio_fd fd)
{
	switch (GetFileType((HANDLE)fd)) {
	case FILE_TYPE_DISK:
		return -EPERM;
	case FILE_TYPE_UNKNOWN:
		return GetLastError() == ERROR_INVALID_HANDLE ? -EBADF :
		    -ENOTSOCK;
	default:
		return -ENOTSOCK;
	}
}

int
mio_fd_check(mio_fd fd)
{
	int type, len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, (char *)&type, &len) == 0)
		return 0;
	return WSAGetLastError() == WSAENOTSOCK ? not_socket(fd) :
	    last_error();
}

/* Anonymous pipes can't be waited for; there are named ones. */
int
mio_sock_pipe(mio_fd fds[2])
{
	(void)fds;
	return -EOPNOTSUPP;
}

int
mio_sock_pair(int domain, int type, mio_fd fds[2])
{
	(void)domain;
	(void)type;
	(void)fds;
	return -EOPNOTSUPP;
}
