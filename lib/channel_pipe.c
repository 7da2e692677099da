/*
 * The waker channel over a pipe, where there is no eventfd(2).
 *
 * It has to be drained: a full pipe would refuse a wake, and Linux 5.5 to
 * 5.13 give no new edge for a write to a pipe that isn't empty.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "internal.h"
#include "compat/cancel.h"
#include "self_pipe.h"
#include "sock.h"

const bool mio_channel_edges = false;

int
mio_channel_open(struct mio_poller *poller)
{
	return mio_sock_pipe(poller->wake_fd);
}

int
mio_channel_signal(struct mio_poller *poller)
{
	int state = cancel_off();
	int error = self_pipe_put(poller);

	/*
	 * Full, so readable: but perhaps since before the waiter last looked,
	 * and then without a new edge.  Make room, then signal.
	 */
	if (error == -EAGAIN) {
		self_pipe_empty(poller);
		error = self_pipe_put(poller);
	}
	cancel_restore(state);
	return error;
}

void
mio_channel_drain(struct mio_poller *poller)
{
	int saved = errno;
	int state = cancel_off();

	self_pipe_empty(poller);
	cancel_restore(state);
	errno = saved;
}

void
mio_channel_close(struct mio_poller *poller)
{
	self_pipe_close(poller);
}
