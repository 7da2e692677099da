/*
 * The waker channel over a pipe, where there is no eventfd(2).
 *
 * The pipe must be drained: a full pipe would refuse a wake, and Linux 5.5 to
 * 5.13 have no new edge for a write to a pipe that is not empty.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "channel.h"
#include "self_pipe.h"
#include "sock.h"

const bool mio_channel_edges = false;

int
mio_channel_open(struct mio_poller *poller)
{
	return mio_sock_pipe(poller->channel_fd);
}

int
mio_channel_signal(struct mio_poller *poller)
{
	return channel_signal(poller, self_pipe_put, self_pipe_empty);
}

int
mio_channel_drain(struct mio_poller *poller)
{
	return channel_drain(poller, self_pipe_empty);
}

void
mio_channel_close(struct mio_poller *poller)
{
	self_pipe_close(poller);
}
