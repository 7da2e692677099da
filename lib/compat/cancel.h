/*
 * Thread cancellation.  mio_poll(3) is a cancellation point only where it
 * waits.  A thread that was cancelled in a later system call would lose the
 * events that it has collected, and a wake that was cancelled before its signal
 * would never arrive.
 *
 * POSIX.1-2024 makes pthread_setcancelstate() async-signal-safe.  It has always
 * been so where a thread's state is one word.  Android has no cancellation.
 */
#ifndef COMPAT_CANCEL_H
#define COMPAT_CANCEL_H

#ifdef HAVE_PTHREAD_SETCANCELSTATE
#include <pthread.h>

static inline int
cancel_off(void)
{
	int state = PTHREAD_CANCEL_ENABLE;

	/* It fails only for an invalid state. */
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
