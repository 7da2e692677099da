/*
 * The loop on libmio.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>

#include <mio.h>

#include "server.h"

struct client {
	struct conn	  conn;
	struct mio_source source;
};

const char loop_name[] = "mio";

static struct mio_poller *poller;

static struct client *
client_of(struct conn *conn)
{
	return (struct client *)conn;
}

ssize_t
loop_read(struct conn *conn, void *buf, size_t size)
{
	return mio_source_read(&client_of(conn)->source, buf, size);
}

ssize_t
loop_write(struct conn *conn, const void *buf, size_t size)
{
	return mio_source_write(&client_of(conn)->source, buf, size);
}

int
loop_shutdown(struct conn *conn)
{
	return mio_tcp_shutdown(&client_of(conn)->source, MIO_SHUT_WR);
}

int
loop_rearm(struct conn *conn)
{
	return mio_reregister(poller, &client_of(conn)->source,
	    (mio_token)conn, MIO_READABLE | MIO_WRITABLE);
}

static void
accept_clients(const struct mio_source *listener)
{
	struct mio_source stream;
	struct client *client;

	while (mio_tcp_accept(listener, &stream, NULL, NULL, 0) == 0) {
		client = conn_new(sizeof(*client));
		client->source = stream;
		if (mio_tcp_set_nodelay(&client->source, 1) == -1 ||
		    mio_register(poller, &client->source, (mio_token)client,
		    MIO_READABLE | MIO_WRITABLE) == -1)
			fatal("mio_register");
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		fatal("mio_tcp_accept");
}

static void
client_event(struct client *client, const struct mio_event *event)
{
	unsigned int ready = 0;

	if (mio_event_is_readable(event))
		ready |= READABLE;
	if (mio_event_is_writable(event))
		ready |= WRITABLE;
	if (conn_event(&client->conn, ready, mio_event_is_read_closed(event)))
		return;
	if (mio_source_close(&client->source) == -1)
		warning("close");
	free(client);
}

/* The token of the listener is 0, which is not the address of a client. */
void
loop(int fd)
{
	struct mio_event events[NEVENTS];
	struct mio_source listener;
	int i, n;

	if ((poller = mio_poller_new()) == NULL ||
	    mio_source_from_fd(&listener, fd) == -1 ||
	    mio_register(poller, &listener, 0, MIO_READABLE) == -1)
		fatal("libmio");
	while ((n = mio_poll(poller, events, NEVENTS, MIO_FOREVER)) != -1 ||
	    errno == EINTR) {
		for (i = 0; i < n; i++) {
			if (events[i].token == 0)
				accept_clients(&listener);
			else
				client_event((struct client *)events[i].token,
				    &events[i]);
		}
	}
	fatal("mio_poll");
}
