/*
 * The waker channel over eventfd(2).
 *
 * Each write is an edge for epoll even if nobody reads, so there is nothing
 * to drain and a delivered wake costs no read.  Not where epoll is emulated
 * on event ports (illumos): there an undrained descriptor stays silent.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/eventfd.h>

#include <unistd.h>

#include "internal.h"
#include "compat/cancel.h"

#ifdef HAVE_PORT_CREATE
const bool mio_channel_edges = false;
#else
const bool mio_channel_edges = true;
#endif

int
mio_channel_open(struct mio_poller *poller)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	poller->wake_fd[0] = poller->wake_fd[1] = fd;
	return 0;
}

static int
add_one(struct mio_poller *poller)
{
	const uint64_t one = 1;

	if (write(poller->wake_fd[1], &one, sizeof(one)) < 0)
		return -errno;
	return 0;
}

static void
empty(struct mio_poller *poller)
{
	uint64_t count;

	/* EAGAIN: another thread has read it, which is as good. */
	if (read(poller->wake_fd[0], &count, sizeof(count)) < 0)
		assert(errno == EAGAIN);
}

int
mio_channel_signal(struct mio_poller *poller)
{
	int state = cancel_off();
	int error = add_one(poller);

	/* Full, after 2^64 - 2 of somebody else's: make room, then signal. */
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
}
