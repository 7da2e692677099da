/*
 * A wait outside of a selector's lock, in which a thread may be cancelled.
 * Only selectors with a lock include this header.
 */
#ifndef UNLOCKED_WAIT_H
#define UNLOCKED_WAIT_H

#include <pthread.h>

#include "compat/mutex.h"

struct mio_unlocked_wait {
	pthread_mutex_t	*lock;
	void		(*leave)(void *);
	void		*arg;
};

static void
mio_wait_cancelled(void *arg)
{
	struct mio_unlocked_wait *w = arg;

	mutex_lock(w->lock);
	w->leave(w->arg);
	mutex_unlock(w->lock);
}

/*
 * Unlocks, calls sys_wait, and locks again.  sys_wait makes the system call
 * and returns a count or a negated errno.  leave undoes what marks the thread
 * as waiting.  leave is called with the lock held, after the system call and
 * also if the thread is cancelled in it.  A static function, so that the
 * compiler can inline the two callbacks.
 */
static int
mio_unlocked_wait(pthread_mutex_t *lock, int (*sys_wait)(void *),
    void (*leave)(void *), void *arg)
{
	struct mio_unlocked_wait w = { lock, leave, arg };
	int n;

	mutex_unlock(lock);
	pthread_cleanup_push(mio_wait_cancelled, &w);
	n = sys_wait(arg);
	pthread_cleanup_pop(0);
	mutex_lock(lock);
	leave(arg);
	return n;
}

#endif /* UNLOCKED_WAIT_H */
