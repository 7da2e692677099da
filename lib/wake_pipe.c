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

#include <unistd.h>

#include "internal.h"
#include "compat_cancel.h"
#include "sock.h"

const bool mio_channel_edges = false;

int
mio_channel_open(struct mio_poller *poller)
{
	return mio_sock_pipe(poller->wake_fd);
}

static int
add_one(struct mio_poller *poller)
{
	return write(poller->wake_fd[1], "", 1) < 0 ? -errno : 0;
}

static void
empty(struct mio_poller *poller)
{
	char buf[256];
	ssize_t n;

	do {
		n = read(poller->wake_fd[0], buf, sizeof(buf));
	} while (n == (ssize_t)sizeof(buf));
	/* EAGAIN: another thread has read it, which is as good. */
	if (n < 0)
		assert(errno == EAGAIN);
}

int
mio_channel_signal(struct mio_poller *poller)
{
	int state = cancel_off();
	int error = add_one(poller);

	/*
	 * Full, so readable: but perhaps since before the waiter last looked,
	 * and then without a new edge.  Make room, then signal.
	 */
	if (error == -EAGAIN) {
		empty(poller);
		error = add_one(poller);
	}
	cancel_restore(state);
	return error;
}

void
mio_channel_drain(struct mio_poller *poller)
{
	int saved = errno;
	int state = cancel_off();

	empty(poller);
	cancel_restore(state);
	errno = saved;
}

void
mio_channel_close(struct mio_poller *poller)
{
	(void)close(poller->wake_fd[0]);	/* nothing buffered to lose */
	(void)close(poller->wake_fd[1]);
}
