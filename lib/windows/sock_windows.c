/*
 * Sockets by Winsock.
 *
 * We rely on these facts: SOCKETs are kernel handles, so that closing one is
 * enough, and no write to a socket raises anything like SIGPIPE.
 *
 * We work around these:
 *
 *  - Every child that is created with inheritance on inherits handles, those
 *    of accepted sockets too.  None of ours is inheritable (AFD-13).
 *  - A datagram to a closed port makes later calls of recvfrom fail.  This is
 *    switched off, as the error belongs to no datagram in particular (AFD-14).
 *  - SO_REUSEADDR lets any process take a port that is in use.  Listeners set
 *    SO_EXCLUSIVEADDRUSE, its opposite.
 *  - Reading a socket that was shut down for reading fails.  For libmio this
 *    is end of file.
 *  - A connection that is refused is tried again, and fails after 2 s.  For
 *    addresses of loopback this is switched off, where Windows can do that.
 *  - Before Windows 7 SP1 a socket cannot be made without being inheritable.
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
#ifndef SIO_TCP_INITIAL_RTO
#define SIO_TCP_INITIAL_RTO	_WSAIOW(IOC_VENDOR, 17)
#endif

/* The value of SIO_TCP_INITIAL_RTO, and the first build that supports it. */
struct initial_rto {
	USHORT	rtt;
	UCHAR	retransmissions;
};
#define UNSPECIFIED_RTT		0xffff
#define NO_RETRANSMISSION	0xfe	/* to an older build this is a number */
#define RTO_BUILD		16299

/* Unlike GetVersionEx(), it does not depend on the program's manifest. */
LONG NTAPI RtlGetVersion(OSVERSIONINFOW *);

/* Winsock counts bytes in an int; 2 GB are enough for one call. */
static int
clamp_to_int(size_t size)
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
	 * Two threads may both get here, which is fine, because Winsock
	 * counts its users.  It is never cleaned up, since other code may
	 * still use it.
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

static int
disinherit(SOCKET s)
{
	return SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0) ? 0 :
	    mio_win_error(GetLastError());
}

/* Applies the settings that all sockets have; closes the socket on failure. */
static int
finish(SOCKET s, int type, bool inheritable, mio_fd *made)
{
	int error = inheritable ? disinherit(s) : 0;

	if (error == 0)
		error = mio_sock_set_nonblocking(s, 1);
	if (error == 0 && type == SOCK_DGRAM) {
		error = ioctl_off(s, SIO_UDP_CONNRESET);
		/* A Windows without this option has no such error. */
		(void)ioctl_off(s, SIO_UDP_NETRESET);
	}
	if (error < 0) {
		(void)closesocket(s);	/* return the first error */
		return error;
	}
	*made = s;
	return 0;
}

int
mio_sock_open(int domain, int type, int protocol, mio_fd *made)
{
	bool inheritable = false;
	SOCKET s;
	int error;

	if ((error = start()) < 0)
		return error;
	s = WSASocketW(domain, type, protocol, NULL, 0,
	    WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
	/* Both are reported of systems that do not know the flag. */
	if (s == INVALID_SOCKET && (WSAGetLastError() == WSAEINVAL ||
	    WSAGetLastError() == WSAEPROTOTYPE)) {
		s = WSASocketW(domain, type, protocol, NULL, 0,
		    WSA_FLAG_OVERLAPPED);
		inheritable = true;
	}
	if (s == INVALID_SOCKET)
		return last_error();
	return finish(s, type, inheritable, made);
}

/* accept() does not copy the listener's inheritance flag: clear it at once. */
int
mio_sock_accept(mio_fd fd, struct sockaddr *addr, mio_socklen *addrlen,
    mio_fd *made)
{
	SOCKET s = accept(fd, addr, addrlen);

	if (s == INVALID_SOCKET)
		return last_error();
	return finish(s, SOCK_STREAM, true, made);
}

int
mio_sock_bind(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen)
{
	return bind(fd, addr, addrlen) != 0 ? last_error() : 0;
}

/*
 * On Windows connections in TIME_WAIT do not block a bind, and SO_REUSEADDR
 * would let other sockets bind to a port in use.
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

static bool
is_loopback(const struct sockaddr *addr)
{
	const struct sockaddr_in *in = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;

	if (addr->sa_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return addr->sa_family == AF_INET6 &&
	    (IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) &&
	    in6->sin6_addr.s6_addr[12] == 127));
}

static void
refuse_at_once(mio_fd fd)
{
	struct initial_rto rto = { UNSPECIFIED_RTT, NO_RETRANSMISSION };
	OSVERSIONINFOW version = { sizeof(version), 0, 0, 0, 0, { 0 } };
	DWORD bytes;

	if (RtlGetVersion(&version) < 0 || version.dwBuildNumber < RTO_BUILD)
		return;
	/* A datagram socket has no such option, and needs none. */
	(void)WSAIoctl(fd, SIO_TCP_INITIAL_RTO, &rto, sizeof(rto), NULL, 0,
	    &bytes, NULL, NULL);
}

/* A connection in progress is a success. */
int
mio_sock_connect(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen)
{
	int error;

	if (is_loopback(addr))
		refuse_at_once(fd);
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

/* A foreign descriptor may be a handle of another kind. */
int
mio_sock_close(mio_fd fd)
{
	if (closesocket(fd) == 0)
		return 0;
	if (WSAGetLastError() != WSAENOTSOCK)
		return last_error();
	return CloseHandle((HANDLE)fd) ? 0 : mio_win_error(GetLastError());
}

/* There is no cancellation. */
int
mio_sock_close_registered(mio_fd fd)
{
	return mio_sock_close(fd);
}

int
mio_sock_set_nonblocking(mio_fd fd, int on)
{
	u_long mode = on != 0;

	return ioctlsocket(fd, (long)FIONBIO, &mode) != 0 ? last_error() : 0;
}

/* Unlike POSIX's, getsockname() fails if the socket isn't bound yet. */
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
	int len = clamp_to_int(size);

	return getsockopt(fd, level, name, value, &len) != 0 ?
	    last_error() : 0;
}

int
mio_sock_set_raw(mio_fd fd, int level, int name, const void *value,
    size_t size)
{
	return setsockopt(fd, level, name, value, clamp_to_int(size)) != 0 ?
	    last_error() : 0;
}

/* Some options are a byte wide, and leave the rest of the value alone. */
int
mio_sock_get(mio_fd fd, int level, int name, int *value)
{
	int error;

	*value = 0;
	error = mio_sock_get_raw(fd, level, name, value, sizeof(*value));
	if (error == 0 && *value != 0 && level == SOL_SOCKET &&
	    name == SO_ERROR)
		*value = -mio_win_error((unsigned long)*value);
	return error;
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

/* The result of a failed receive; some errors are results elsewhere. */
static mio_ssize
not_received(mio_ssize room)
{
	switch (WSAGetLastError()) {
	case WSAEMSGSIZE:	/* the rest of the datagram is lost */
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
	int n = recvfrom(fd, buf, clamp_to_int(size), peek ? MSG_PEEK : 0, addr,
	    addr != NULL ? addrlen : NULL);

	return n >= 0 ? n : not_received(clamp_to_int(size));
}

mio_ssize
mio_sock_send(mio_fd fd, const void *buf, size_t size,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	int n = sendto(fd, buf, clamp_to_int(size), 0, addr, addrlen);

	return n < 0 ? last_error() : n;
}

/*
 * Winsock's vectors, which have other types in another order.  A call with
 * more than BUFFERS returns a short count, as with too many bytes.
 */
#define BUFFERS		64
#define IOVCNT_MAX	1024	/* IOV_MAX elsewhere */

static int
check_vector(const struct mio_iovec *iov, int iovcnt)
{
	if (iovcnt < 0 || iovcnt > IOVCNT_MAX)
		return -EINVAL;
	return iov == NULL && iovcnt > 0 ? -EFAULT : 0;
}

static DWORD
buffers(WSABUF *bufs, const struct mio_iovec *iov, int iovcnt)
{
	DWORD n = 0;

	for (; n < BUFFERS && n < (DWORD)iovcnt; n++) {
		bufs[n].buf = iov[n].iov_base;
		bufs[n].len = (ULONG)clamp_to_int(iov[n].iov_len);
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

/* Handles other than sockets fail here with ENOTSOCK. */
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

/* The error of other systems for a descriptor that is not a socket. */
static int
not_socket(mio_fd fd)
{
	DWORD flags;

	if (GetFileType((HANDLE)fd) == FILE_TYPE_DISK)
		return -EPERM;
	/* A handle of an event, for example, is not that of a file. */
	return GetHandleInformation((HANDLE)fd, &flags) ? -ENOTSOCK : -EBADF;
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

/* Anonymous pipes can't be waited for; use named ones. */
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
