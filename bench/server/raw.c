/*
 * epoll(7) itself, edge-triggered, used as well as possible: one registration
 * for both directions, and no call that is not needed.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

struct client {
	struct conn	conn;
	int		fd;
};

const char loop_name[] = "raw";

static int epfd;

static struct client *
client_of(struct conn *conn)
{
	return (struct client *)conn;
}

ssize_t
loop_read(struct conn *conn, void *buf, size_t size)
{
	return recv(client_of(conn)->fd, buf, size, 0);
}

ssize_t
loop_write(struct conn *conn, const void *buf, size_t size)
{
	return send(client_of(conn)->fd, buf, size, MSG_NOSIGNAL);
}

int
loop_shutdown(struct conn *conn)
{
	return shutdown(client_of(conn)->fd, SHUT_WR);
}

static int
control(int op, int fd, uint32_t events, void *ptr)
{
	struct epoll_event event;

	event.events = events | EPOLLRDHUP | EPOLLET;
	event.data.ptr = ptr;
	return epoll_ctl(epfd, op, fd, &event);
}

int
loop_rearm(struct conn *conn)
{
	return control(EPOLL_CTL_MOD, client_of(conn)->fd, EPOLLIN | EPOLLOUT,
	    conn);
}

static void
accept_clients(int listener)
{
	struct client *client;
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		client = conn_new(sizeof(*client));
		client->fd = fd;
		nodelay(fd);
		if (control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT,
		    client) == -1)
			fatal("epoll_ctl");
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		fatal("accept");
}

static void
client_event(struct client *client, uint32_t events)
{
	unsigned int ready = 0;

	if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0)
		ready |= READABLE;
	if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
		ready |= WRITABLE;
	if (conn_event(&client->conn, ready,
	    (events & (EPOLLRDHUP | EPOLLHUP)) != 0))
		return;
	if (close(client->fd) == -1)
		warning("close");
	free(client);
}

void
loop(int listener)
{
	struct epoll_event events[NEVENTS];
	int i, n;

	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    control(EPOLL_CTL_ADD, listener, EPOLLIN, NULL) == -1)
		fatal("epoll");
	while ((n = epoll_wait(epfd, events, NEVENTS, -1)) != -1 ||
	    errno == EINTR) {
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				accept_clients(listener);
			else
				client_event(events[i].data.ptr,
				    events[i].events);
		}
	}
	fatal("epoll_wait");
}
