/*
 * TCP.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "internal.h"
#include "sock.h"
#include "source.h"

/*
 * What the flags ask of a new socket.  IPV6_V6ONLY is always set, because
 * its default is the system's, or the administrator's.
 */
static int
apply_flags(mio_fd fd, int family, unsigned int flags)
{
	int error = 0;

	if (family == AF_INET6)
		error = mio_sock_set(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    (flags & MIO_DUALSTACK) == 0);
	if (error == 0 && (flags & MIO_REUSEPORT) != 0)
#ifdef SO_REUSEPORT
		error = mio_sock_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#else
		error = -ENOTSUP;
#endif
	return error;
}

static int
check_addr(const struct sockaddr *addr, mio_socklen addrlen,
    unsigned int flags, unsigned int known)
{
	if (addr == NULL || (flags & ~known) != 0)
		return -EINVAL;
	if (addrlen < offsetof(struct sockaddr, sa_data))
		return -EINVAL;
	switch (addr->sa_family) {
	case AF_INET:
		if (addrlen < sizeof(struct sockaddr_in))
			return -EINVAL;
		return (flags & MIO_DUALSTACK) != 0 ? -EINVAL : 0;
	case AF_INET6:
		return addrlen < sizeof(struct sockaddr_in6) ? -EINVAL : 0;
	default:
		return -EAFNOSUPPORT;
	}
}

/* A stream socket for this address, with what the flags ask for. */
static int
open_stream(const struct sockaddr *addr, unsigned int flags)
{
	int fd = mio_sock_open(addr->sa_family, SOCK_STREAM, IPPROTO_TCP);
	int error;

	if (fd < 0)
		return fd;
	if ((error = apply_flags(fd, addr->sa_family, flags)) < 0) {
		(void)mio_sock_close(fd);	/* the first error is told */
		return error;
	}
	return fd;
}

static int
bind_listen(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen,
    int backlog)
{
	int error;

	/* Connections in TIME_WAIT must not keep a restarted server out. */
	if ((error = mio_sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) < 0)
		return error;
	if ((error = mio_sock_bind(fd, addr, addrlen)) < 0)
		return error;
	return mio_sock_listen(fd, backlog > 0 ? backlog : SOMAXCONN);
}

static int
do_listen(struct mio_source *listener, const struct sockaddr *addr,
    mio_socklen addrlen, int backlog, unsigned int flags)
{
	int error, fd;

	if ((error = check_addr(addr, addrlen, flags,
	    MIO_REUSEPORT | MIO_DUALSTACK)) < 0)
		return error;
	if ((fd = open_stream(addr, flags)) < 0)
		return fd;
	if ((error = bind_listen(fd, addr, addrlen, backlog)) < 0) {
		(void)mio_sock_close(fd);	/* the first error is told */
		return error;
	}
	mio_source_init(listener, fd, MIO_KIND_LISTENER);
	return 0;
}

int
mio_tcp_listen(struct mio_source *listener, const struct sockaddr *addr,
    mio_socklen addrlen, int backlog, unsigned int flags)
{
	if (listener == NULL)
		return mio_result(-EINVAL);
	mio_source_empty(listener);
	return mio_result(do_listen(listener, addr, addrlen, backlog, flags));
}

static int
do_accept(const struct mio_source *listener, struct mio_source *stream,
    struct sockaddr *addr, mio_socklen *addrlen, unsigned int flags)
{
	int error, fd;

	if ((error = mio_source_check(listener)) < 0)
		return error;
	if (flags != 0 || (addr != NULL && addrlen == NULL))
		return -EINVAL;
	fd = mio_sock_accept(listener->fd, addr, addr != NULL ? addrlen : NULL);
	if (fd < 0)
		return (int)mio_source_done(listener, MIO_READABLE, fd, 0);
	mio_source_init(stream, fd, MIO_KIND_STREAM);
	return 0;
}

int
mio_tcp_accept(const struct mio_source *listener, struct mio_source *stream,
    struct sockaddr *addr, mio_socklen *addrlen, unsigned int flags)
{
	if (stream == NULL || stream == listener)
		return mio_result(-EINVAL);
	mio_source_empty(stream);
	return mio_result(do_accept(listener, stream, addr, addrlen, flags));
}

static int
do_connect(struct mio_source *stream, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	int error, fd;

	if ((error = check_addr(addr, addrlen, flags, MIO_DUALSTACK)) < 0)
		return error;
	if ((fd = open_stream(addr, flags)) < 0)
		return fd;
	if ((error = mio_sock_connect(fd, addr, addrlen)) < 0) {
		(void)mio_sock_close(fd);	/* the first error is told */
		return error;
	}
	mio_source_init(stream, fd, MIO_KIND_STREAM);
	return 0;
}

int
mio_tcp_connect(struct mio_source *stream, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	if (stream == NULL)
		return mio_result(-EINVAL);
	mio_source_empty(stream);
	return mio_result(do_connect(stream, addr, addrlen, flags));
}

int
mio_tcp_shutdown(const struct mio_source *stream, int how)
{
	int error;

	if ((error = mio_source_check(stream)) == 0)
		error = mio_sock_shutdown(stream->fd, how);
	return mio_result(error);
}

mio_ssize
mio_tcp_peek(const struct mio_source *stream, void *buf, size_t size)
{
	mio_ssize n;

	if ((n = mio_source_check(stream)) < 0)
		return mio_source_result(n);
	/* A short peek leaves the data there, so only would-block counts. */
	n = mio_sock_peek(stream->fd, buf, size);
	return mio_source_result(mio_source_done(stream, MIO_READABLE, n, 0));
}

int
mio_tcp_nodelay(const struct mio_source *stream)
{
	int value;

	if ((value = mio_source_check(stream)) < 0)
		return mio_result(value);
	/* Any non-zero value means on; BSD reports the flag's own bit. */
	value = mio_sock_get(stream->fd, IPPROTO_TCP, TCP_NODELAY);
	return mio_result(value > 0 ? 1 : value);
}

int
mio_tcp_set_nodelay(const struct mio_source *stream, int on)
{
	int error;

	if ((error = mio_source_check(stream)) == 0)
		error = mio_sock_set(stream->fd, IPPROTO_TCP, TCP_NODELAY,
		    on != 0);
	return mio_result(error);
}

/* AF_INET or AF_INET6. */
static int
family_of(mio_fd fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
	} addr;
	mio_socklen len = sizeof(addr);
	int error = mio_sock_local(fd, &addr.sa, &len);

	return error < 0 ? error : addr.sa.sa_family;
}

static int
get_ttl(const struct mio_source *source)
{
	int error, family;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if ((family = family_of(source->fd)) < 0)
		return family;
	if (family == AF_INET6)
		return mio_sock_get(source->fd, IPPROTO_IPV6,
		    IPV6_UNICAST_HOPS);
	return mio_sock_get(source->fd, IPPROTO_IP, IP_TTL);
}

int
mio_tcp_ttl(const struct mio_source *source)
{
	return mio_result(get_ttl(source));
}

/* An IPv6 socket that takes IPv4 as well has a limit for each. */
static int
set_hops(mio_fd fd, int ttl)
{
	int error;

	error = mio_sock_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
	if (error < 0)
		return error;
	if ((error = mio_sock_get(fd, IPPROTO_IPV6, IPV6_V6ONLY)) < 0)
		return error;
	return error > 0 ? 0 : mio_sock_set(fd, IPPROTO_IP, IP_TTL, ttl);
}

static int
set_ttl(const struct mio_source *source, int ttl)
{
	int error, family;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (ttl < 1 || ttl > 255)
		return -EINVAL;
	if ((family = family_of(source->fd)) < 0)
		return family;
	if (family == AF_INET6)
		return set_hops(source->fd, ttl);
	return mio_sock_set(source->fd, IPPROTO_IP, IP_TTL, ttl);
}

int
mio_tcp_set_ttl(const struct mio_source *source, int ttl)
{
	return mio_result(set_ttl(source, ttl));
}
