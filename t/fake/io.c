/*
 * Makes a fake look at its objects after each read and write.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * A kernel's objects notify a kqueue or an event port in the call that changes
 * them.  Without this file, the fakes notice a change only when they are called
 * next, and miss what was undone by then.  For example, a byte that is written
 * to a pipe and read again is an event for the pipe's writer on a kqueue
 * (pipeselwakeup), and a one-shot READ is delivered although nothing is left.
 *
 * It needs the linker's --wrap for each of these functions, and so can't be
 * linked together with t/lib/wrap.c.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <poll.h>
#include <unistd.h>

#include "io.h"

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
			fake_io_done();					\
		more;							\
		return result;						\
	}
#define LOOK(type, name, parameters, arguments)				\
	AFTER(type, name, parameters, arguments, (void)0)
#define READ(name, parameters, arguments)				\
	AFTER(ssize_t, name, parameters, arguments,			\
	    fake_io_read(fd, (long)result))
#define WRITE(name, parameters, arguments, all)				\
	AFTER(ssize_t, name, parameters, arguments,			\
	    fake_io_written(fd, (long)result, all))
#define ACCEPT(name, parameters, arguments)				\
	AFTER(int, name, parameters, arguments,				\
	    if (result >= 0) fake_io_accepted(fd))

READ(read, (int fd, void *buf, size_t n), (fd, buf, n))
READ(readv, (int fd, const struct iovec *v, int n), (fd, v, n))
LOOK(ssize_t, recv, (int s, void *buf, size_t n, int f), (s, buf, n, f))
LOOK(ssize_t, recvfrom, (int s, void *buf, size_t n, int f,
    struct sockaddr *a, socklen_t *l), (s, buf, n, f, a, l))
LOOK(ssize_t, recvmsg, (int s, struct msghdr *m, int f), (s, m, f))
WRITE(send, (int fd, const void *buf, size_t n, int f), (fd, buf, n, f), n)
WRITE(sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f), 0)
WRITE(sendto, (int fd, const void *buf, size_t n, int f,
    const struct sockaddr *a, socklen_t l), (fd, buf, n, f, a, l), n)
WRITE(write, (int fd, const void *buf, size_t n), (fd, buf, n), n)
WRITE(writev, (int fd, const struct iovec *v, int n), (fd, v, n), 0)
ACCEPT(accept, (int fd, struct sockaddr *a, socklen_t *l), (fd, a, l))
ACCEPT(accept4, (int fd, struct sockaddr *a, socklen_t *l, int f),
    (fd, a, l, f))

int	__real_poll(struct pollfd *, nfds_t, int);
int	__wrap_poll(struct pollfd *, nfds_t, int);

int
__wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int n = __real_poll(fds, count, timeout);

	return n > 0 ? fake_io_polled(fds, count, n) : n;
}

int	__real_shutdown(int, int);
int	__wrap_shutdown(int, int);

int
__wrap_shutdown(int s, int how)
{
	int result;

	fake_io_shutdown(s, how);
	result = __real_shutdown(s, how);
	fake_io_is_shut(s, how, result == 0);
	return result;
}
