/*
 * The one kind of lock that selectors need.  Locking a mutex of our own can
 * only fail by a mistake of ours.
 */
#ifndef COMPAT_MUTEX_H
#define COMPAT_MUTEX_H

#include <assert.h>
#include <pthread.h>

static inline void
mutex_lock(pthread_mutex_t *mutex)
{
	int error = pthread_mutex_lock(mutex);

	assert(error == 0);
	(void)error;
}

static inline void
mutex_unlock(pthread_mutex_t *mutex)
{
	int error = pthread_mutex_unlock(mutex);

	assert(error == 0);
	(void)error;
}

#endif /* COMPAT_MUTEX_H */
