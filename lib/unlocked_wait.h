/*
 * A wait outside of a selector's lock, in which a thread may be cancelled.
 * Only selectors that have a lock use this.
 */
#ifndef UNLOCKED_WAIT_H
#define UNLOCKED_WAIT_H

#include "compat/mutex.h"

/*
 *   wait	Makes the system call, unlocked; a count or a negated errno.
 *   leave	Undoes what marks the thread as waiting.  Called with the lock
 *		held, after the wait and also if the thread is cancelled in it.
 */
struct mio_unlocked_wait {
	pthread_mutex_t	*lock;
	int		(*wait)(struct mio_unlocked_wait *);
	void		(*leave)(struct mio_unlocked_wait *);
};

/* Called with the lock held, and returns with it held; wait's result. */
int	mio_unlocked_wait(struct mio_unlocked_wait *);

#endif /* UNLOCKED_WAIT_H */
