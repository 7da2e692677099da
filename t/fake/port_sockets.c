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
#include <unistd.h>

#include "io.h"
#include "port_fake.h"
#include "port_impl.h"

#define IN_AND_OUT	(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM)

/* The socket's domain, or AF_UNSPEC. */
int
fp_domain(int fd)
{
	int domain = AF_UNSPEC, saved = errno;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		domain = AF_UNSPEC;
	errno = saved;
	return domain;
}

/* The host has no RDBAND: urgent data is PRI. */
int
fp_host_bits(int events)
{
	return (events & POLLRDBAND) != 0 ? events | POLLPRI : events;
}

/* sockcommon_sops.c so_poll(): an error is IN and OUT; urgent data is both. */
static int
inet_state(int bits)
{
	if ((fp_quirks & PORT_FAKE_SOERROR) != 0 && (bits & POLLERR) != 0)
		bits = (bits & ~POLLERR) | IN_AND_OUT;
	if ((fp_quirks & PORT_FAKE_BAND) != 0 && (bits & POLLPRI) != 0)
		bits |= POLLRDBAND;
	return bits;
}

/*
 * socknotify.c: so_notify_error() and so_notify_disconnected() wake with IN and
 * OUT, so_notify_oobsig() and so_notify_oobdata() with RDBAND alone.
 */
static int
inet_wake(int bits)
{
	if ((fp_quirks & PORT_FAKE_SOERROR) != 0 && (bits & POLLERR) != 0)
		bits = (bits & ~(POLLERR | POLLHUP)) | IN_AND_OUT;
	if ((fp_quirks & PORT_FAKE_BAND) != 0 && (bits & POLLPRI) != 0)
		bits = (bits & ~POLLPRI) | POLLRDBAND;
	return bits;
}

/*
 * socktpi.c: when the peer closes, T_DISCON_IND wakes with ERR by
 * strsetwerror(), before it wakes with IN and with OUT.
 */
static int
unix_wake(int bits)
{
	if ((fp_quirks & PORT_FAKE_UNIXERR) != 0 && (bits & POLLHUP) != 0)
		return POLLERR;
	return bits;
}

/* The bits of an event for which the host reports these; 0: there is none. */
int
fp_socket_bits(const struct slot *slot, int bits, bool wake)
{
	if (slot->domain == AF_UNIX && wake)
		bits = unix_wake(bits);
	else if (slot->domain == AF_INET || slot->domain == AF_INET6)
		bits = wake ? inet_wake(bits) : inet_state(bits);
	return bits & (slot->events | POLLERR | POLLHUP);
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
		fp_fire_fd(fd, POLLERR);
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
