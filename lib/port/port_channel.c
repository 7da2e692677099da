/*
 * The waker channel over event ports: a packet by port_send(3C).
 *
 * The channel is the port itself.  This file opens and closes the port, because
 * a wake may run beside the last mio_poller_free and must not send to a
 * descriptor that has been closed and reused.
 *
 * The kernel queues packets, each in a slot that counts against the same limit
 * as the associations (PORT-5).  So there is one packet at a time:
 *
 *	NONE	no packet is queued
 *	SENDING	a thread is in port_send
 *	SENT	a packet is queued, or has been retrieved and not yet drained
 *
 * A wake that finds SENT has nothing to send: the waiter sets NONE before it
 * takes the pending wakers, and a wake marks its waker before it reads the
 * state.  A wake that finds SENDING sends a packet too, because the other
 * thread's packet may be refused and then nothing would report this wake.  Each
 * thread thus sends at most one packet more until the next wait.
 *
 * The waiter also increments a number above the state.  A thread that returns
 * late from port_send must not change the state of a later packet.
 *
 * It relies on port_send being async-signal-safe, as its manual page states.
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
	PACKET_STATES = 3	/* a mask of the state */
};

const bool mio_channel_edges = false;

int
mio_channel_open(struct mio_poller *poller)
{
	int error, port;

	if ((port = port_create()) < 0)
		return -errno;
	/* port_create has no flags. */
	if (fcntl(port, F_SETFD, FD_CLOEXEC) < 0) {
		error = -errno;
		(void)close(port);	/* return the first error */
		return error;
	}
	poller->channel_fd[0] = poller->channel_fd[1] = port;
	return 0;
}

int
mio_channel_signal(struct mio_poller *poller)
{
	unsigned int now = atomic_get(&poller->channel_state);
	unsigned int none = now & ~(unsigned int)PACKET_STATES;
	unsigned int sending = none | PACKET_SENDING;

	if (now == none)
		(void)atomic_cas(&poller->channel_state, &now, sending);
	if ((now & PACKET_STATES) == PACKET_SENT)
		return 0;
	if (port_send(poller->channel_fd[1], 0, poller) < 0) {
		(void)atomic_cas(&poller->channel_state, &sending, none);
		/* Closed by the program, and the number is another file's. */
		return errno == EBADFD ? -EBADF : -errno;
	}
	/* A packet that has been drained already keeps its new state. */
	(void)atomic_cas(&poller->channel_state, &sending, none | PACKET_SENT);
	return 0;
}

/* A packet has been retrieved: the next wake sends another. */
int
mio_channel_drain(struct mio_poller *poller)
{
	unsigned int now = atomic_get_relaxed(&poller->channel_state);

	(void)atomic_swap(&poller->channel_state, (now | PACKET_STATES) + 1);
	return 0;
}

void
mio_channel_close(struct mio_poller *poller)
{
	(void)close(poller->channel_fd[0]);	/* no buffered data to lose */
}
