/*
 * What the waker channels over a descriptor share.  Neither a signal nor a
 * drain is a cancellation point.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

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
    void (*empty)(const struct mio_poller *))
{
	int state = cancel_off();
	int error = put(poller);

	if (error == -EAGAIN) {
		empty(poller);
		error = put(poller);
	}
	cancel_restore(state);
	return error;
}

static inline void
channel_drain(const struct mio_poller *poller,
    void (*empty)(const struct mio_poller *))
{
	int saved = errno;
	int state = cancel_off();

	empty(poller);
	cancel_restore(state);
	errno = saved;
}

#endif /* CHANNEL_H */
