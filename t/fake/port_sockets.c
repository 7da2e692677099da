/*
 * What illumos' sockets report to an event port, where that is not what poll(2)
 * returns.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * A port asks a socket for its state only when the socket is associated.  Later
 * it is woken, with bits that name a change, and poll(2) on illumos looks at
 * the state after a wake, but a port does not.  Each function below names its
 * source below illumos' usr/src/uts/common.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "io.h"
#include "port_fake.h"
#include "port_impl.h"

#define IN_BITS		(POLLIN | POLLRDNORM)
#define IN_AND_OUT	(IN_BITS | POLLOUT | POLLWRNORM)
#define RDHUP		EPOLLRDHUP

/*
 * The socket's domain, or AF_UNSPEC.  By number, past t/lib/wrap.c.
 */
int
fp_domain(int fd)
{
	int domain = AF_UNSPEC, saved = errno;
	socklen_t len = sizeof(domain);

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain,
	    &len) < 0)
		domain = AF_UNSPEC;
	errno = saved;
	return domain;
}

bool
fp_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int saved = errno;
	bool connected = syscall(SYS_getpeername, fd, &peer, &len) >= 0;

	errno = saved;
	return connected;
}

static bool
is_inet(int domain)
{
	return domain == AF_INET || domain == AF_INET6;
}

/* The host has no RDBAND: urgent data is PRI. */
int
fp_host_bits(int events)
{
	return (events & POLLRDBAND) != 0 ? events | POLLPRI : events;
}

/*
 * What a socket answers that is asked for these events.  sockcommon_sops.c
 * so_poll(): if there is an error, nothing but IN and OUT, unless neither is
 * asked for; urgent data is PRI and RDBAND.  streamio.c strpoll(): no RDHUP.
 */
static int
state(int domain, int bits, int events)
{
	if (domain == AF_UNIX && (fp_quirks & PORT_FAKE_UNIXERR) != 0)
		return bits & ~RDHUP;
	if (!is_inet(domain))
		return bits;
	if ((fp_quirks & PORT_FAKE_SOERROR) != 0 && (bits & POLLERR) != 0)
		bits = (events & IN_AND_OUT) != 0 ? IN_AND_OUT :
		    bits & ~POLLERR;
	if ((fp_quirks & PORT_FAKE_BAND) != 0 && (bits & POLLPRI) != 0)
		bits |= POLLRDBAND;
	return bits;
}

/*
 * socknotify.c: so_notify_disconnected() wakes with IN, RDHUP and HUP, or, if
 * the connection was not made, with IN and OUT; so_notify_oobsig() and
 * so_notify_oobdata() wake with RDBAND alone.
 */
static int
inet_wake(const struct slot *slot, int bits)
{
	if ((fp_quirks & PORT_FAKE_SOERROR) != 0 && (bits & POLLERR) != 0)
		return slot->connected ? IN_BITS | RDHUP | POLLHUP :
		    IN_AND_OUT;
	if ((fp_quirks & PORT_FAKE_BAND) != 0 && (bits & POLLPRI) != 0)
		bits = (bits & ~POLLPRI) | POLLRDBAND;
	return bits;
}

/*
 * sockstr.c: when the peer closes, its T_OPTDATA_IND (SO_UNIX_CLOSE) wakes with
 * ERR, by strsetwerror(), before its T_ORDREL_IND wakes with IN, by strseteof(),
 * which has no RDHUP.
 */
static int
unix_wake(int bits)
{
	if ((fp_quirks & PORT_FAKE_UNIXERR) == 0)
		return bits;
	return (bits & POLLHUP) != 0 ? POLLERR : bits & ~RDHUP;
}

/* The bits of an event for which the host reports these; 0: there is none. */
int
fp_socket_bits(const struct slot *slot, int bits, bool wake)
{
	if (!wake)
		bits = state(slot->domain, bits, slot->events);
	else if (slot->domain == AF_UNIX)
		bits = unix_wake(bits);
	else if (is_inet(slot->domain))
		bits = inet_wake(slot, bits);
	return bits & (slot->events | POLLERR | POLLHUP);
}

/* poll(2) returns a socket's state. */
int
fake_io_polled(struct pollfd *fds, unsigned long count, int n)
{
	unsigned long i;

	if ((fp_quirks & (PORT_FAKE_UNIXERR | PORT_FAKE_SOERROR |
	    PORT_FAKE_BAND)) == 0)
		return n;
	n = 0;
	for (i = 0; i < count; i++) {
		int bits = fds[i].revents;

		if ((bits & (POLLERR | POLLPRI | RDHUP)) != 0)
			bits = state(fp_domain(fds[i].fd), bits,
			    fds[i].events) & (fds[i].events | POLLERR |
			    POLLHUP | POLLNVAL);
		fds[i].revents = (short)bits;
		n += bits != 0;
	}
	return n;
}

void
fake_io_done(void)
{
	if ((fp_quirks & PORT_FAKE_CALLS) != 0)
		fp_look_at_all();
}

void
fake_io_shutdown(int fd, int how)
{
	(void)fd;
	(void)how;
}

/* socktpi.c sotpi_shutdown(): strsetwerror() wakes the caller's own pollers. */
void
fake_io_is_shut(int fd, int how, int done)
{
	if (done && how != SHUT_RD && (fp_quirks & PORT_FAKE_UNIXERR) != 0 &&
	    fp_domain(fd) == AF_UNIX)
		port_fake_wake(fd, POLLERR);
	if (done)
		fake_io_done();
}

void
fake_io_read(int fd, long n)
{
	(void)fd;
	(void)n;
}

void
fake_io_written(int fd, long n, size_t all)
{
	(void)fd;
	(void)n;
	(void)all;
}

void
fake_io_accepted(int fd)
{
	(void)fd;
}
