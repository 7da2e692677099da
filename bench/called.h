/*
 * System calls, or with BENCH_CALLED those of a shared library that does
 * nothing else (called.c): the least cost of a library that is not compiled
 * into its program.
 */
#ifndef CALLED_H
#define CALLED_H

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <stdint.h>

#ifdef BENCH_CALLED
int	called_ctl(int, int, int, uint32_t, uint64_t);
int	called_wait(int, struct epoll_event *, int, int);
ssize_t	called_recv(int, void *, size_t);
ssize_t	called_send(int, const void *, size_t);
#else
static inline int
called_ctl(int epfd, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event;

	event.events = events;
	event.data.u64 = data;
	return epoll_ctl(epfd, op, fd, &event);
}

static inline int
called_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
	return epoll_wait(epfd, events, n, timeout);
}

static inline ssize_t
called_recv(int fd, void *buf, size_t size)
{
	return recv(fd, buf, size, 0);
}

static inline ssize_t
called_send(int fd, const void *buf, size_t size)
{
	return send(fd, buf, size, MSG_NOSIGNAL);
}
#endif

#endif /* CALLED_H */
