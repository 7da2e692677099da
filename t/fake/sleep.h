/*
 * How the fakes sleep: ppoll(2) with the kernel's own types, called past
 * wrappers and interceptors.  epoll_pwait(2) would return EINTR for any
 * pending signal; ppoll(2) continues after signals that no handler caught.
 * The fakes block all signals while they work, and the kernel keeps a blocked
 * signal pending even if it is ignored.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef SLEEP_H
#define SLEEP_H

#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define NSEC	1000000000LL
#define EVER	INT64_MAX

/*
 * Sleeps until the descriptor is readable, or the nanoseconds are over.
 * Returns 0, or an errno value.  A cancellation point.
 */
static inline int
fake_sleep(int fd, int64_t ns, const sigset_t *mask)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
#ifdef SYS_ppoll_time64
	struct { int64_t sec, nsec; } ts;
	long number = SYS_ppoll_time64;
#else
	struct { long sec, nsec; } ts;
	long number = SYS_ppoll;
#endif
	int old;
	long n;

	ts.sec = ns / NSEC;
	ts.nsec = ns % NSEC;
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	n = syscall(number, &pfd, 1, ns == EVER ? NULL : &ts, mask, 8);
	(void)pthread_setcanceltype(old, &old);
	return n < 0 ? errno : 0;
}

/* Lets other threads run for a moment.  Not a cancellation point. */
static inline void
fake_pause(void)
{
#ifdef SYS_ppoll_time64
	struct { int64_t sec, nsec; } ts = { 0, 100000 };

	(void)syscall(SYS_ppoll_time64, NULL, 0, &ts, NULL, 8);
#else
	struct { long sec, nsec; } ts = { 0, 100000 };

	(void)syscall(SYS_ppoll, NULL, 0, &ts, NULL, 8);
#endif
}

#endif /* SLEEP_H */
