/*
 * What TCP and UDP share.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include "inet.h"
#include "sock.h"
#include "source.h"

int
mio_inet_check(const struct sockaddr *addr, mio_socklen addrlen,
    unsigned int flags, unsigned int known)
{
	size_t size = socklen_size(addrlen);

	if (addr == NULL || (flags & ~known) != 0)
		return -EINVAL;
	if (size < offsetof(struct sockaddr, sa_data))
		return -EINVAL;
	switch (addr->sa_family) {
	case AF_INET:
		if (size < sizeof(struct sockaddr_in))
			return -EINVAL;
		return (flags & MIO_DUALSTACK) != 0 ? -EINVAL : 0;
	case AF_INET6:
		return size < sizeof(struct sockaddr_in6) ? -EINVAL : 0;
	default:
		return -EAFNOSUPPORT;
	}
}

/* Whether the system has no such option, or not for this socket. */
static bool
is_of_option(int error)
{
	return error == -EINVAL || error == -ENOPROTOOPT ||
	    error == -EOPNOTSUPP;
}

/*
 * IPV6_V6ONLY is always set explicitly, because the system or its administrator
 * chooses the default.  OpenBSD (EINVAL) and DragonFly (EOPNOTSUPP) have no
 * dual-stack sockets.
 */
static int
set_v6only(mio_fd fd, bool on)
{
	int error = mio_sock_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, on);

	return !on && is_of_option(error) ? -ENOTSUP : error;
}

static int
apply_flags(mio_fd fd, int family, unsigned int flags)
{
	int error = 0;

	if (family == AF_INET6)
		error = set_v6only(fd, (flags & MIO_DUALSTACK) == 0);
	if (error == 0 && (flags & MIO_REUSEPORT) != 0)
#ifdef SO_REUSEPORT
		error = mio_sock_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#else
		error = -ENOTSUP;
#endif
	return error;
}

int
mio_inet_open(const struct sockaddr *addr, int type, int protocol,
    unsigned int flags, mio_fd *fd)
{
	int error;

	error = mio_sock_open(addr->sa_family, type, protocol, fd);
	if (error < 0)
		return error;
	if ((error = apply_flags(*fd, addr->sa_family, flags)) < 0)
		(void)mio_sock_close(*fd);	/* return the first error */
	return error;
}

/* Any non-zero value means on: BSD returns the flag's bit. */
int
mio_inet_get_bool(const struct mio_source *source, int level, int name)
{
	int error, value;

	if ((error = mio_source_check(source)) == 0)
		error = mio_sock_get(source->fd, level, name, &value);
	return error < 0 ? error : value != 0;
}

int
mio_inet_set(const struct mio_source *source, int level, int name, int value)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	return mio_sock_set(source->fd, level, name, value);
}

/* AF_INET or AF_INET6. */
static int
family_of(const struct mio_source *source)
{
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
	} addr;
	mio_socklen len = sizeof(addr);
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	error = mio_sock_local(source->fd, &addr.sa, &len);
	return error < 0 ? error : addr.sa.sa_family;
}

/*
 * On the BSDs and macOS the limit of an IPv6 socket is -1 until it is set: the
 * kernel chooses it for each packet, by the interface.
 */
int
mio_inet_ttl(const struct mio_source *source)
{
	int family = family_of(source);
	int error, ttl;

	if (family < 0)
		return family;
	if (family == AF_INET6)
		error = mio_sock_get(source->fd, IPPROTO_IPV6,
		    IPV6_UNICAST_HOPS, &ttl);
	else
		error = mio_sock_get(source->fd, IPPROTO_IP, IP_TTL, &ttl);
	if (error < 0)
		return error;
	return ttl < 0 ? 0 : ttl;
}

/*
 * Sets the limit of IPv6 and that of IPv4, or none.  FreeBSD and macOS (EINVAL)
 * and NetBSD (ENOPROTOOPT) refuse the option of IPv4 on an IPv6 socket: there
 * that of IPv6 is the limit of both.
 */
static int
set_both_hops(mio_fd fd, int ttl)
{
	int error, was, saved = errno;

	error = mio_sock_get(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &was);
	if (error == 0)
		error = mio_sock_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
	if (error < 0)
		return error;
	error = mio_sock_set(fd, IPPROTO_IP, IP_TTL, ttl);
	if (error == 0)
		return 0;
	if (is_of_option(error)) {
		errno = saved;
		return 0;
	}
	/* Return the first error. */
	(void)mio_sock_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, was);
	return error;
}

static int
set_hops(mio_fd fd, int ttl)
{
	int error, v6only;

	error = mio_sock_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only);
	if (error < 0)
		return error;
	if (v6only == 0)
		return set_both_hops(fd, ttl);
	return mio_sock_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
}

int
mio_inet_set_ttl(const struct mio_source *source, int ttl)
{
	int family = family_of(source);

	if (family < 0)
		return family;
	if (ttl < 1 || ttl > 255)
		return -EINVAL;
	if (family == AF_INET6)
		return set_hops(source->fd, ttl);
	return mio_sock_set(source->fd, IPPROTO_IP, IP_TTL, ttl);
}
