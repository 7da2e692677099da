/*
 * Lifetimes, for the rest of the core; selectors need none of it, but for the
 * verbs that they include.
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

/* ... and on its waker channel, which includes the memory. */
void	mio_poller_hold_channel(struct mio_poller *);
void	mio_poller_drop_channel(struct mio_poller *);

/*
 * Ends the registration of a registered source, whatever its poller's state,
 * and whatever the system says: errno is left alone.
 */
void	mio_unregister(struct mio_source *);

#endif /* POLLER_H */
