/*
 * Reference counting.  Only the core uses this header; selectors get it through
 * verbs.c.
 */
#ifndef POLLER_H
#define POLLER_H

#include "internal.h"

void	mio_poller_destroy(struct mio_poller *);

/* References on a poller's memory. */
static inline void
mio_poller_hold(struct mio_poller *poller)
{
	count_up(&poller->memory);
}

static inline void
mio_poller_drop(struct mio_poller *poller)
{
	if (count_down(&poller->memory) == 0)
		mio_poller_destroy(poller);
}

/* References on a poller's waker channel, each with one on the memory. */
void	mio_poller_hold_channel(struct mio_poller *);
void	mio_poller_drop_channel(struct mio_poller *);

/*
 * Ends the registration of a registered source, in any state of its poller.
 * If it is closing, its descriptor is closed next.  Errors of the system are
 * ignored, and errno is unchanged.
 */
void	mio_unregister(struct mio_source *, bool closing);

#endif /* POLLER_H */
