/*
 * A monotonic clock for deadlines: nanoseconds since some time in the past.
 * 292 years fit.
 */
#ifndef COMPAT_CLOCK_H
#define COMPAT_CLOCK_H

#include <assert.h>
#include <stdint.h>

#ifdef _WIN32
#include <windows.h>

/* Seconds and the rest apart: all ticks times 1e9 would overflow in days. */
static inline int64_t
clock_now(void)
{
	LARGE_INTEGER frequency, ticks;
	int64_t rest;

	/* Neither fails on Windows XP and later. */
	(void)QueryPerformanceFrequency(&frequency);
	(void)QueryPerformanceCounter(&ticks);
	rest = ticks.QuadPart % frequency.QuadPart;
	return ticks.QuadPart / frequency.QuadPart * 1000000000 +
	    rest * 1000000000 / frequency.QuadPart;
}
#else
#include <time.h>

static inline int64_t
clock_now(void)
{
	struct timespec ts;
	int error = clock_gettime(CLOCK_MONOTONIC, &ts);

	/* It fails only without a monotonic clock, which configure requires. */
	assert(error == 0);
	(void)error;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}
#endif

#endif /* COMPAT_CLOCK_H */
