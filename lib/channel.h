/*
 * What the waker channels over a descriptor share.  Neither a signal nor a
 * drain is a cancellation point.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/types.h>

#include "compat/cancel.h"
#include "internal.h"

/*
 * Signals by put.  A full channel may have been readable since before the
 * waiter last looked, so that another write is no edge.  A full channel is
 * therefore emptied first.
 */
static inline int
channel_signal(const struct mio_poller *poller,
    int (*put)(const struct mio_poller *),
    int (*empty)(const struct mio_poller *))
{
	int state = cancel_off();
	int error = put(poller);

	if (error == -EAGAIN && (error = empty(poller)) == 0)
		error = put(poller);
	cancel_restore(state);
	return error;
}

static inline int
channel_drain(const struct mio_poller *poller,
    int (*empty)(const struct mio_poller *))
{
	int saved = errno;
	int state = cancel_off();
	int error = empty(poller);

	cancel_restore(state);
	errno = saved;
	return error;
}

/*
 * The result of a read that empties the channel.  If another thread has emptied
 * it, the read fails with EAGAIN.  The channel has no end of file and no other
 * error: the program has closed the descriptor, as closefrom(3) does, and its
 * number may be that of another file.
 */
static inline int
channel_emptied(ssize_t n)
{
	return n > 0 || (n < 0 && errno == EAGAIN) ? 0 : -EBADF;
}

#endif /* CHANNEL_H */
