/*
 * A waker channel that is a pipe: each signal is a byte.
 */
#ifndef SELF_PIPE_H
#define SELF_PIPE_H

#include <unistd.h>

#include "channel.h"

static inline int
self_pipe_put(const struct mio_poller *poller)
{
	return write(poller->channel_fd[1], "", 1) < 0 ? -errno : 0;
}

static inline int
self_pipe_empty(const struct mio_poller *poller)
{
	char buf[256];
	ssize_t n;

	do {
		n = read(poller->channel_fd[0], buf, sizeof(buf));
	} while (n == (ssize_t)sizeof(buf));
	return channel_emptied(n);
}

static inline void
self_pipe_close(const struct mio_poller *poller)
{
	(void)close(poller->channel_fd[0]);	/* no buffered data to lose */
	(void)close(poller->channel_fd[1]);
}

#endif /* SELF_PIPE_H */
