/*
 * libevent: one struct event a connection, edge-triggered for both directions,
 * and no bufferevents, because the benchmark compares readiness.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "server.h"

struct client {
	struct conn	conn;
	struct event	event;
	int		fd;
};

const char loop_name[] = "libevent";

static struct event_base *base;

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

/* libevent has no other way to make epoll report again. */
int
loop_rearm(struct conn *conn)
{
	struct event *event = &client_of(conn)->event;

	return event_del(event) == -1 ? -1 : event_add(event, NULL);
}

static void
client_event(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	unsigned int ready = 0;

	(void)fd;
	if ((what & (EV_READ | EV_CLOSED)) != 0)
		ready |= READABLE;
	if ((what & EV_WRITE) != 0)
		ready |= WRITABLE;
	if (conn_event(&client->conn, ready, (what & EV_CLOSED) != 0))
		return;
	if (event_del(&client->event) == -1)
		warning("event_del");
	if (close(client->fd) == -1)
		warning("close");
	free(client);
}

static void
accept_clients(evutil_socket_t listener, short what, void *arg)
{
	struct client *client;
	int fd;

	(void)what;
	(void)arg;
	while ((fd = accept4((int)listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		client = conn_new(sizeof(*client));
		client->fd = fd;
		nodelay(fd);
		if (event_assign(&client->event, base, fd, EV_READ | EV_WRITE |
		    EV_CLOSED | EV_ET | EV_PERSIST, client_event,
		    client) == -1 || event_add(&client->event, NULL) == -1)
			fatal("event_add");
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		fatal("accept");
}

/* No locks, since there is one thread, and no backend other than epoll. */
void
loop(int listener)
{
	struct event_config *config = event_config_new();
	struct event event;

	if (config == NULL ||
	    event_config_require_features(config, EV_FEATURE_ET |
	    EV_FEATURE_O1 | EV_FEATURE_EARLY_CLOSE) == -1 ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == -1 ||
	    (base = event_base_new_with_config(config)) == NULL ||
	    event_assign(&event, base, listener, EV_READ | EV_ET | EV_PERSIST,
	    accept_clients, NULL) == -1 || event_add(&event, NULL) == -1)
		fatal("libevent");
	event_config_free(config);
	if (event_base_dispatch(base) == -1)
		fatal("event_base_dispatch");
}
