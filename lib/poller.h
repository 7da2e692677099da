/*
 * What poller.c gives the rest of the core; selectors need none of it.
 */
#ifndef POLLER_H
#define POLLER_H

struct mio_poller;
struct mio_source;

/* References on a poller's memory. */
void	mio_poller_hold(struct mio_poller *);
void	mio_poller_drop(struct mio_poller *);

/* ... and on its waker channel, which includes the memory. */
void	mio_poller_hold_channel(struct mio_poller *);
void	mio_poller_drop_channel(struct mio_poller *);

/* Ends the registration of a registered source, whatever its poller's state. */
int	mio_unregister(struct mio_source *);

#endif /* POLLER_H */
