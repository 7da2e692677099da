/*
 * The waker channel over event ports: a packet by port_send(3C).
 *
 * The channel is the port itself.  It is opened here and closed here, because
 * a wake may run beside the last mio_poller_free and must not send to a
 * descriptor that is somebody else's by then.
 *
 * Packets are queued, each in a slot that counts against the same limit as
 * the associations (PORT-5), so there is one at a time:
 *
 *	NONE	no packet on its way
 *	SENDING	a thread is in port_send
 *	SENT	a packet is in the queue, or is about to be answered
 *
 * Who finds SENT has nothing to do: the waiter makes it NONE before it takes
 * the stack of wakers, and the push came before.  Who finds SENDING sends too:
 * the other's packet may yet be refused, and nobody would come back to this
 * wake.  That is one packet more a thread, at most, until the next wait.
 *
 * The state has a number above it, which the waiter counts up: a thread that
 * comes late out of port_send must not say of the next packet what it knows
 * of its own.
 *
 * It relies on port_send being async-signal-safe, as its page says.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <fcntl.h>
#include <port.h>
#include <unistd.h>

#include "internal.h"

enum {
	PACKET_NONE,
	PACKET_SENDING,
	PACKET_SENT,
	PACKET_STATES = 3	/* the bits of these */
};

const bool mio_channel_edges = false;

int
mio_channel_open(struct mio_poller *poller)
{
	int error, port;

	if ((port = port_create()) < 0)
		return -errno;
	/* No way to have it from the beginning. */
	if (fcntl(port, F_SETFD, FD_CLOEXEC) < 0) {
		error = -errno;
		(void)close(port);	/* the first error is told */
		return error;
	}
	poller->wake_fd[0] = poller->wake_fd[1] = port;
	return 0;
}

int
mio_channel_signal(struct mio_poller *poller)
{
	unsigned int now = atomic_get(&poller->wake_state);
	unsigned int none = now & ~(unsigned int)PACKET_STATES;
	unsigned int sending = none | PACKET_SENDING;

	if (now == none)
		(void)atomic_cas(&poller->wake_state, &now, sending);
	if ((now & PACKET_STATES) == PACKET_SENT)
		return 0;
	if (port_send(poller->wake_fd[1], 0, poller) < 0) {
		(void)atomic_cas(&poller->wake_state, &sending, none);
		return -errno;
	}
	/* Unless it has been answered already. */
	(void)atomic_cas(&poller->wake_state, &sending, none | PACKET_SENT);
	return 0;
}

/* A packet has been retrieved: a wake from now on sends another. */
void
mio_channel_drain(struct mio_poller *poller)
{
	unsigned int now = atomic_get_relaxed(&poller->wake_state);

	(void)atomic_swap(&poller->wake_state, (now | PACKET_STATES) + 1);
}

void
mio_channel_close(struct mio_poller *poller)
{
	(void)close(poller->wake_fd[0]);	/* nothing buffered to lose */
}
