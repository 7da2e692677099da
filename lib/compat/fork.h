/*
 * Being told of fork(2), where there is one.
 */
#ifndef COMPAT_FORK_H
#define COMPAT_FORK_H

#ifdef _WIN32
static inline int
fork_tells(void (*child)(void))
{
	(void)child;
	return 0;
}
#else
#include <pthread.h>

/* Calls child in each forked child; the first call counts.  0, or an errno. */
static inline int
fork_tells(void (*child)(void))
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static int told;
	int error = 0;

	(void)pthread_mutex_lock(&mutex);	/* can't fail: it is ours */
	if (!told && (error = pthread_atfork(NULL, NULL, child)) == 0)
		told = 1;
	(void)pthread_mutex_unlock(&mutex);
	return error;
}
#endif

#endif /* COMPAT_FORK_H */
