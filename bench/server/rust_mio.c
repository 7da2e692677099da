/*
 * Rust's mio: bench/rust/src/server.rs does the work, with the streams of that
 * library.  It returns errors as negative numbers.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "server.h"

struct rust_server;

struct rust_server *rust_server_open(int listener, size_t nevents);
ptrdiff_t rust_server_accept(struct rust_server *server);
ptrdiff_t rust_server_add(struct rust_server *server, int fd, size_t token);
ptrdiff_t rust_server_rearm(struct rust_server *server, int fd, size_t token);
ptrdiff_t rust_server_close(struct rust_server *server, int fd);
ptrdiff_t rust_server_read(int fd, void *buf, size_t size);
ptrdiff_t rust_server_write(int fd, const void *buf, size_t size);
ptrdiff_t rust_server_shutdown(int fd);
void rust_server_wait(struct rust_server *server,
    void (*handler)(size_t token, unsigned int ready, int closed));

struct client {
	struct conn	conn;
	int		fd;
};

const char loop_name[] = "rust_mio";

static struct rust_server *server;

static struct client *
client_of(struct conn *conn)
{
	return (struct client *)conn;
}

static ptrdiff_t
result(ptrdiff_t n)
{
	if (n >= 0)
		return n;
	errno = (int)-n;
	return -1;
}

ssize_t
loop_read(struct conn *conn, void *buf, size_t size)
{
	return result(rust_server_read(client_of(conn)->fd, buf, size));
}

ssize_t
loop_write(struct conn *conn, const void *buf, size_t size)
{
	return result(rust_server_write(client_of(conn)->fd, buf, size));
}

int
loop_shutdown(struct conn *conn)
{
	return (int)result(rust_server_shutdown(client_of(conn)->fd));
}

int
loop_rearm(struct conn *conn)
{
	return (int)result(rust_server_rearm(server, client_of(conn)->fd,
	    (size_t)conn));
}

static void
accept_clients(void)
{
	struct client *client;
	ptrdiff_t fd;

	while ((fd = result(rust_server_accept(server))) != -1) {
		client = conn_new(sizeof(*client));
		client->fd = (int)fd;
		if (result(rust_server_add(server, client->fd,
		    (size_t)client)) == -1)
			fatal("register");
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		fatal("accept");
}

/* The token of the listener is 0, which is not the address of a client. */
static void
on_event(size_t token, unsigned int ready, int closed)
{
	struct client *client = (struct client *)token;

	if (client == NULL) {
		accept_clients();
		return;
	}
	if (conn_event(&client->conn, ready, closed))
		return;
	if (result(rust_server_close(server, client->fd)) == -1)
		warning("close");
	free(client);
}

void
loop(int listener)
{
	if ((server = rust_server_open(listener, NEVENTS)) == NULL)
		fatal("Rust's mio");
	for (;;)
		rust_server_wait(server, on_event);
}
