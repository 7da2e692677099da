/*
 * A handler for fork(2), where there is one.
 */
#ifndef COMPAT_FORK_H
#define COMPAT_FORK_H

#ifdef _WIN32
static inline int
on_fork_child(void (*child)(void))
{
	(void)child;
	return 0;
}
#else
#include <pthread.h>

/*
 * Calls child in each forked child.  Once this has succeeded, later calls have
 * no effect.  Returns 0 or an errno value, not negated.
 */
static inline int
on_fork_child(void (*child)(void))
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static int installed;
	int error = 0;

	(void)pthread_mutex_lock(&mutex);	/* can't fail: valid mutex */
	if (!installed && (error = pthread_atfork(NULL, NULL, child)) == 0)
		installed = 1;
	(void)pthread_mutex_unlock(&mutex);
	return error;
}
#endif

#endif /* COMPAT_FORK_H */
