/*
 * epoll's calls, or with BENCH_CALLED functions that make them and look at the
 * result: the least that a library takes which isn't compiled into its program.
 */
#ifndef CALLED_H
#define CALLED_H

#include <sys/epoll.h>

#include <stdint.h>

#ifdef BENCH_CALLED
int	epoll_set(int, int, int, uint32_t, uint64_t);
int	epoll_get(int, struct epoll_event *, int, int);
#else
static inline int
epoll_set(int epfd, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event;

	event.events = events;
	event.data.u64 = data;
	return epoll_ctl(epfd, op, fd, &event);
}

static inline int
epoll_get(int epfd, struct epoll_event *events, int n, int timeout)
{
	return epoll_wait(epfd, events, n, timeout);
}
#endif

#endif /* CALLED_H */
