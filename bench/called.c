/*
 * See called.h.  The code after a wait and the event on the stack of a change
 * keep the compiler from making tail calls of these two.
 */
#include "config.h"

#include <errno.h>

#include "called.h"

int
called_ctl(int epfd, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event;

	event.events = events;
	event.data.u64 = data;
	return epoll_ctl(epfd, op, fd, &event);
}

int
called_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
	int ready = epoll_wait(epfd, events, n, timeout);

	return ready < 0 ? -errno : ready;
}

ssize_t
called_recv(int fd, void *buf, size_t size)
{
	return recv(fd, buf, size, 0);
}

ssize_t
called_send(int fd, const void *buf, size_t size)
{
	return send(fd, buf, size, MSG_NOSIGNAL);
}
