/*
 * Makes the fake kqueue look at its objects after each read and write.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * A kernel's objects notify their knotes in the call that changes them.
 * Without this file, the fake notices a change only when kevent is called
 * next, and misses what was undone by then.  For example, a byte that is
 * written to a pipe and read again is an event for the pipe's writer
 * (pipeselwakeup), and a one-shot READ is delivered although nothing is left.
 *
 * It needs the linker's --wrap for each of these functions, and so can't be
 * linked together with t/lib/wrap.c.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <unistd.h>

#include "fake_kqueue.h"

/* On 32-bit systems with 64-bit times, headers redirect to other symbols. */
#if defined __GLIBC__ && defined __USE_TIME_BITS64 && __TIMESIZE == 32
#define __real_recvmsg	__real___recvmsg64
#define __wrap_recvmsg	__wrap___recvmsg64
#define __real_sendmsg	__real___sendmsg64
#define __wrap_sendmsg	__wrap___sendmsg64
#endif

#define AFTER(type, name, parameters, arguments, more)			\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type __wrap_##name parameters					\
	{								\
		type result = __real_##name arguments;			\
									\
		if (result >= 0)					\
			fake_kqueue_look();				\
		more;							\
		return result;						\
	}
#define LOOK(type, name, parameters, arguments)				\
	AFTER(type, name, parameters, arguments, (void)0)
#define READ(type, name, parameters, arguments)				\
	AFTER(type, name, parameters, arguments,			\
	    fake_kqueue_read(fd, result > 0))

READ(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n))
READ(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n))
LOOK(ssize_t, recv, (int s, void *buf, size_t n, int f), (s, buf, n, f))
LOOK(ssize_t, recvfrom, (int s, void *buf, size_t n, int f,
    struct sockaddr *a, socklen_t *l), (s, buf, n, f, a, l))
LOOK(ssize_t, recvmsg, (int s, struct msghdr *m, int f), (s, m, f))
LOOK(ssize_t, send, (int s, const void *buf, size_t n, int f), (s, buf, n, f))
LOOK(ssize_t, sendmsg, (int s, const struct msghdr *m, int f), (s, m, f))
LOOK(ssize_t, sendto, (int s, const void *buf, size_t n, int f,
    const struct sockaddr *a, socklen_t l), (s, buf, n, f, a, l))
LOOK(int, shutdown, (int s, int how), (s, how))
LOOK(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n))
LOOK(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
