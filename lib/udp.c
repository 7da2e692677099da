/*
 * UDP.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include "inet.h"
#include "sock.h"
#include "source.h"

/* The names of RFC 3493 and of 4.4BSD. */
#ifndef IPV6_JOIN_GROUP
#define IPV6_JOIN_GROUP		IPV6_ADD_MEMBERSHIP
#define IPV6_LEAVE_GROUP	IPV6_DROP_MEMBERSHIP
#endif

int
mio_udp_bind(struct mio_source *source, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	mio_fd fd;
	int error;

	if (source == NULL)
		return mio_result(-EINVAL);
	mio_source_empty(source);
	if ((error = mio_inet_check(addr, addrlen, flags,
	    MIO_REUSEPORT | MIO_DUALSTACK)) < 0)
		return mio_result(error);
	error = mio_inet_open(addr, SOCK_DGRAM, IPPROTO_UDP, flags, &fd);
	if (error < 0)
		return mio_result(error);
	return mio_result(mio_source_adopt(source, fd, MIO_KIND_DGRAM,
	    mio_sock_bind(fd, addr, addrlen)));
}

int
mio_udp_connect(const struct mio_source *source, const struct sockaddr *addr,
    mio_socklen addrlen)
{
	int error;

	if ((error = mio_source_check(source)) == 0 &&
	    (error = mio_inet_check(addr, addrlen, 0, 0)) == 0)
		error = mio_sock_connect(source->fd, addr, addrlen);
	return mio_result(error);
}

mio_ssize
mio_udp_send(const struct mio_source *source, const void *buf, size_t size)
{
	return mio_source_send(source, buf, size);
}

mio_ssize
mio_udp_send_to(const struct mio_source *source, const void *buf, size_t size,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	int error;

	if ((error = mio_inet_check(addr, addrlen, 0, 0)) < 0)
		return mio_result(error);
	return mio_source_send_to(source, buf, size, addr, addrlen);
}

mio_ssize
mio_udp_recv(const struct mio_source *source, void *buf, size_t size)
{
	return mio_source_recv(source, buf, size);
}

mio_ssize
mio_udp_recv_from(const struct mio_source *source, void *buf, size_t size,
    struct sockaddr *addr, mio_socklen *addrlen)
{
	return mio_source_recv_from(source, buf, size, false, addr, addrlen);
}

mio_ssize
mio_udp_peek(const struct mio_source *source, void *buf, size_t size)
{
	return mio_source_recv_from(source, buf, size, true, NULL, NULL);
}

mio_ssize
mio_udp_peek_from(const struct mio_source *source, void *buf, size_t size,
    struct sockaddr *addr, mio_socklen *addrlen)
{
	return mio_source_recv_from(source, buf, size, true, addr, addrlen);
}

int
mio_udp_broadcast(const struct mio_source *source)
{
	return mio_result(mio_inet_get_bool(source, SOL_SOCKET, SO_BROADCAST));
}

int
mio_udp_set_broadcast(const struct mio_source *source, int on)
{
	return mio_result(mio_inet_set(source, SOL_SOCKET, SO_BROADCAST,
	    on != 0));
}

int
mio_udp_ttl(const struct mio_source *source)
{
	return mio_result(mio_inet_ttl(source));
}

int
mio_udp_set_ttl(const struct mio_source *source, int ttl)
{
	return mio_result(mio_inet_set_ttl(source, ttl));
}

int
mio_udp_only_v6(const struct mio_source *source)
{
	return mio_result(mio_inet_get_bool(source, IPPROTO_IPV6,
	    IPV6_V6ONLY));
}

/*
 * The two IPv4 options are a byte on 4.4BSD.  Every system accepts a byte, and
 * some refuse an int.
 */
static int
get_byte(const struct mio_source *source, int name)
{
	unsigned char value;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	error = mio_sock_get_raw(source->fd, IPPROTO_IP, name, &value,
	    sizeof(value));
	return error < 0 ? error : value;
}

static int
set_byte(const struct mio_source *source, int name, int value)
{
	unsigned char byte = (unsigned char)value;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (value < 0 || value > 255)
		return -EINVAL;
	return mio_sock_set_raw(source->fd, IPPROTO_IP, name, &byte,
	    sizeof(byte));
}

int
mio_udp_multicast_loop_v4(const struct mio_source *source)
{
	int value = get_byte(source, IP_MULTICAST_LOOP);

	return mio_result(value > 0 ? 1 : value);
}

int
mio_udp_set_multicast_loop_v4(const struct mio_source *source, int on)
{
	return mio_result(set_byte(source, IP_MULTICAST_LOOP, on != 0));
}

int
mio_udp_multicast_ttl_v4(const struct mio_source *source)
{
	return mio_result(get_byte(source, IP_MULTICAST_TTL));
}

int
mio_udp_set_multicast_ttl_v4(const struct mio_source *source, int ttl)
{
	return mio_result(set_byte(source, IP_MULTICAST_TTL, ttl));
}

int
mio_udp_multicast_loop_v6(const struct mio_source *source)
{
	return mio_result(mio_inet_get_bool(source, IPPROTO_IPV6,
	    IPV6_MULTICAST_LOOP));
}

int
mio_udp_set_multicast_loop_v6(const struct mio_source *source, int on)
{
	return mio_result(mio_inet_set(source, IPPROTO_IPV6,
	    IPV6_MULTICAST_LOOP, on != 0));
}

static int
member_v4(const struct mio_source *source, int name,
    const struct in_addr *group, const struct in_addr *interface_addr)
{
	struct ip_mreq mreq;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (group == NULL)
		return -EINVAL;
	mreq.imr_multiaddr = *group;
	mreq.imr_interface.s_addr = htonl(INADDR_ANY);
	if (interface_addr != NULL)
		mreq.imr_interface = *interface_addr;
	return mio_sock_set_raw(source->fd, IPPROTO_IP, name, &mreq,
	    sizeof(mreq));
}

int
mio_udp_join_multicast_v4(const struct mio_source *source,
    const struct in_addr *group, const struct in_addr *interface_addr)
{
	return mio_result(member_v4(source, IP_ADD_MEMBERSHIP, group,
	    interface_addr));
}

int
mio_udp_leave_multicast_v4(const struct mio_source *source,
    const struct in_addr *group, const struct in_addr *interface_addr)
{
	return mio_result(member_v4(source, IP_DROP_MEMBERSHIP, group,
	    interface_addr));
}

static int
member_v6(const struct mio_source *source, int name,
    const struct in6_addr *group, unsigned int interface_index)
{
	struct ipv6_mreq mreq;
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	if (group == NULL)
		return -EINVAL;
	mreq.ipv6mr_multiaddr = *group;
	mreq.ipv6mr_interface = interface_index;
	return mio_sock_set_raw(source->fd, IPPROTO_IPV6, name, &mreq,
	    sizeof(mreq));
}

int
mio_udp_join_multicast_v6(const struct mio_source *source,
    const struct in6_addr *group, unsigned int interface_index)
{
	return mio_result(member_v6(source, IPV6_JOIN_GROUP, group,
	    interface_index));
}

int
mio_udp_leave_multicast_v6(const struct mio_source *source,
    const struct in6_addr *group, unsigned int interface_index)
{
	return mio_result(member_v6(source, IPV6_LEAVE_GROUP, group,
	    interface_index));
}
