/*
 * TCP.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include "inet.h"
#include "sock.h"
#include "source.h"

static int
bind_listen(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen,
    int backlog)
{
	int error;

	if ((error = mio_sock_claim(fd)) < 0)
		return error;
	if ((error = mio_sock_bind(fd, addr, addrlen)) < 0)
		return error;
	return mio_sock_listen(fd, backlog);
}

int
mio_tcp_listen(struct mio_source *listener, const struct sockaddr *addr,
    mio_socklen addrlen, int backlog, unsigned int flags)
{
	mio_fd fd;
	int error;

	if (listener == NULL)
		return mio_result(-EINVAL);
	mio_source_empty(listener);
	if ((error = mio_inet_check(addr, addrlen, flags,
	    MIO_REUSEPORT | MIO_DUALSTACK)) < 0)
		return mio_result(error);
	error = mio_inet_open(addr, SOCK_STREAM, IPPROTO_TCP, flags, &fd);
	if (error < 0)
		return mio_result(error);
	return mio_result(mio_source_adopt(listener, fd, MIO_KIND_LISTENER,
	    bind_listen(fd, addr, addrlen, backlog)));
}

int
mio_tcp_accept(const struct mio_source *listener, struct mio_source *stream,
    struct sockaddr *addr, mio_socklen *addrlen, unsigned int flags)
{
	return mio_result(mio_source_accept(listener, stream, addr, addrlen,
	    flags));
}

int
mio_tcp_connect(struct mio_source *stream, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	mio_fd fd;
	int error;

	if (stream == NULL)
		return mio_result(-EINVAL);
	mio_source_empty(stream);
	if ((error = mio_inet_check(addr, addrlen, flags, MIO_DUALSTACK)) < 0)
		return mio_result(error);
	error = mio_inet_open(addr, SOCK_STREAM, IPPROTO_TCP, flags, &fd);
	if (error < 0)
		return mio_result(error);
	return mio_result(mio_source_adopt(stream, fd, MIO_KIND_STREAM,
	    mio_sock_connect(fd, addr, addrlen)));
}

int
mio_tcp_shutdown(const struct mio_source *stream, int how)
{
	return mio_result(mio_source_shutdown(stream, how));
}

mio_ssize
mio_tcp_peek(const struct mio_source *stream, void *buf, size_t size)
{
	return mio_source_recv_from(stream, buf, size, true, NULL, NULL);
}

int
mio_tcp_nodelay(const struct mio_source *stream)
{
	return mio_result(mio_inet_get_bool(stream, IPPROTO_TCP, TCP_NODELAY));
}

int
mio_tcp_set_nodelay(const struct mio_source *stream, int on)
{
	return mio_result(mio_inet_set(stream, IPPROTO_TCP, TCP_NODELAY,
	    on != 0));
}

int
mio_tcp_ttl(const struct mio_source *source)
{
	return mio_result(mio_inet_ttl(source));
}

int
mio_tcp_set_ttl(const struct mio_source *source, int ttl)
{
	return mio_result(mio_inet_set_ttl(source, ttl));
}
