/*
 * A timeout's nanoseconds in the units of system calls, rounded up and clamped.
 * A clamped wait ends early, as mio_poll(3) documents.
 */
#ifndef TIMEOUT_H
#define TIMEOUT_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds for poll(2) and epoll_wait(2); -1 is infinite. */
static inline int
mio_msec(int64_t ns)
{
	int64_t ms;

	if (ns < 0)
		return -1;
	ms = ns / 1000000 + (ns % 1000000 != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/*
 * A timespec for a finite wait, clamped to half of a 32-bit time_t: some
 * kernels add it to the current time and refuse an overflow.
 */
static inline void
mio_timespec(struct timespec *ts, int64_t ns)
{
	const int64_t most = INT32_MAX / 2;

	ts->tv_sec = (time_t)(ns / 1000000000 < most ? ns / 1000000000 : most);
	ts->tv_nsec = (long)(ns % 1000000000);
}

#endif /* TIMEOUT_H */
