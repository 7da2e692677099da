/*
 * Tells the fake kqueue of each read and write, as they happen.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * A kernel's objects speak up in the call that changes them.  Without this,
 * the fake finds out when kevent is called next, and misses what was undone
 * by then: a byte written to a pipe and read again is an event for its writer
 * (pipeselwakeup), and a one-shot READ comes although there is nothing left.
 *
 * Linked in with the linker's --wrap for each of these, that is, not where
 * t/lib/wrap.c is.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <unistd.h>

#include "fake_kqueue.h"

/* Where a 32-bit system's times are 64 bits, headers give other symbols. */
#if defined __GLIBC__ && defined __USE_TIME_BITS64 && __TIMESIZE == 32
#define __real_recvmsg	__real___recvmsg64
#define __wrap_recvmsg	__wrap___recvmsg64
#define __real_sendmsg	__real___sendmsg64
#define __wrap_sendmsg	__wrap___sendmsg64
#endif

#define TELL(type, name, parameters, arguments)				\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type __wrap_##name parameters					\
	{								\
		type result = __real_##name arguments;			\
									\
		if (result >= 0)					\
			fake_kqueue_look();				\
		return result;						\
	}

TELL(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n))
TELL(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n))
TELL(ssize_t, recv, (int s, void *buf, size_t n, int f), (s, buf, n, f))
TELL(ssize_t, recvfrom, (int s, void *buf, size_t n, int f,
    struct sockaddr *a, socklen_t *l), (s, buf, n, f, a, l))
TELL(ssize_t, recvmsg, (int s, struct msghdr *m, int f), (s, m, f))
TELL(ssize_t, send, (int s, const void *buf, size_t n, int f), (s, buf, n, f))
TELL(ssize_t, sendmsg, (int s, const struct msghdr *m, int f), (s, m, f))
TELL(ssize_t, sendto, (int s, const void *buf, size_t n, int f,
    const struct sockaddr *a, socklen_t l), (s, buf, n, f, a, l))
TELL(int, shutdown, (int s, int how), (s, how))
TELL(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n))
TELL(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
