/*
 * See called.h.  What follows the system call keeps these from being jumps.
 */
#include "config.h"

#include <errno.h>

#include "called.h"

int
epoll_set(int epfd, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event;

	event.events = events;
	event.data.u64 = data;
	return epoll_ctl(epfd, op, fd, &event) < 0 ? -errno : 0;
}

int
epoll_get(int epfd, struct epoll_event *events, int n, int timeout)
{
	int ready = epoll_wait(epfd, events, n, timeout);

	return ready < 0 ? -errno : ready;
}
