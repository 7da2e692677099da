/*
 * Thread cancellation.  mio_poll(3) is a cancellation point where it waits
 * and nowhere else: cancelled in a later system call, it would take with it
 * the events that it had already collected, and a wake cancelled between
 * its push and its signal would never arrive.
 *
 * POSIX.1-2024 makes pthread_setcancelstate() async-signal-safe, as it has
 * always been where a thread's state is a word of its own.  Android has no
 * cancellation at all.
 */
#ifndef COMPAT_CANCEL_H
#define COMPAT_CANCEL_H

#ifdef HAVE_PTHREAD_SETCANCELSTATE
#include <pthread.h>

static inline int
cancel_off(void)
{
	int state = PTHREAD_CANCEL_ENABLE;

	/* It can only fail for a state that doesn't exist. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

static inline void
cancel_restore(int state)
{
	int old;

	(void)pthread_setcancelstate(state, &old);	/* as above */
}
#else
static inline int
cancel_off(void)
{
	return 0;
}

static inline void
cancel_restore(int state)
{
	(void)state;
}
#endif

#endif /* COMPAT_CANCEL_H */
