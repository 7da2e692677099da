/*
 * The lock of the selectors that need one.  Locking a valid mutex cannot fail,
 * so an error is a bug in the library.
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
