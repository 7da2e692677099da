/*
 * The waker channel over eventfd(2).
 *
 * On Linux each write is an edge for epoll even if the counter is never read,
 * so a delivered wake costs no read.  Where epoll is emulated on event ports
 * (illumos), an undrained descriptor stays silent, and the channel is drained.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/eventfd.h>

#include <unistd.h>

#include "channel.h"

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
	poller->channel_fd[0] = poller->channel_fd[1] = fd;
	return 0;
}

static int
put(const struct mio_poller *poller)
{
	const uint64_t one = 1;

	if (write(poller->channel_fd[1], &one, sizeof(one)) < 0)
		return -errno;
	return 0;
}

static int
empty(const struct mio_poller *poller)
{
	uint64_t count;

	return channel_emptied(read(poller->channel_fd[0], &count,
	    sizeof(count)));
}

/* The counter is full at 2^64 - 2, which only a large written value reaches. */
int
mio_channel_signal(struct mio_poller *poller)
{
	return channel_signal(poller, put, empty);
}

int
mio_channel_drain(struct mio_poller *poller)
{
	return channel_drain(poller, empty);
}

void
mio_channel_close(struct mio_poller *poller)
{
	(void)close(poller->channel_fd[0]);	/* no buffered data to lose */
}
