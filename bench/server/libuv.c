/*
 * libuv, by its streams: it is written for uv_tcp_t, and its users use that.
 * It reads into the connection's buffer by itself.  A write is first tried at
 * once, with one system call, as in the other servers.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>

#include <uv.h>

#include "server.h"

struct client {
	struct conn	conn;
	uv_tcp_t	tcp;
	uv_write_t	write;
	uv_shutdown_t	shutdown;
};

const char loop_name[] = "libuv";

static void serve(struct client *client);

static void
check(int status, const char *what)
{
	if (status >= 0)
		return;
	errno = -status;
	fatal(what);
}

static uv_stream_t *
stream_of(struct client *client)
{
	return (uv_stream_t *)&client->tcp;
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
end(struct client *client)
{
	uv_handle_t *handle = (uv_handle_t *)&client->tcp;

	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

/* Nothing is read while something waits to be written, so there is room. */
static void
on_room(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)hint;
	buf->base = client->conn.in + client->conn.in_len;
	buf->len = IN_MAX - client->conn.in_len;
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;

	(void)buf;
	if (n < 0) {
		errno = (int)-n;
		if (n != UV_EOF && n != UV_ECONNRESET)
			warning("read");
		end(client);
	} else if (!client->conn.ending) {
		client->conn.in_len += (size_t)n;
		serve(client);
	}
}

static void
on_written(uv_write_t *write, int status)
{
	struct client *client = write->data;

	if (status == UV_ECANCELED)
		return;
	client->conn.out_len = 0;
	if (status < 0) {
		end(client);
		return;
	}
	check(uv_read_start(stream_of(client), on_room, on_read),
	    "uv_read_start");
	serve(client);
}

static void
on_shutdown(uv_shutdown_t *shutdown, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		end(shutdown->handle->data);
}

/* libuv writes the part that cannot be written at once. */
static int
try_write(struct client *client)
{
	struct conn *conn = &client->conn;
	uv_buf_t buf;
	int n;

	buf = uv_buf_init((char *)(uintptr_t)conn->out,
	    (unsigned int)conn->out_len);
	n = uv_try_write(stream_of(client), &buf, 1);
	if (n < 0 && n != UV_EAGAIN) {
		end(client);
		return 0;
	}
	if (n > 0) {
		conn->out += n;
		conn->out_len -= (size_t)n;
	}
	if (conn->out_len == 0)
		return 1;
	buf = uv_buf_init((char *)(uintptr_t)conn->out,
	    (unsigned int)conn->out_len);
	check(uv_read_stop(stream_of(client)), "uv_read_stop");
	check(uv_write(&client->write, stream_of(client), &buf, 1,
	    on_written), "uv_write");
	return 0;
}

/* The steps of conn.c that libuv does not take itself. */
static void
serve(struct client *client)
{
	struct conn *conn = &client->conn;

	while (conn->in_len > 0) {
		protocol(conn);
		if (conn->out_len == 0)
			break;
		if (!try_write(client))
			return;
	}
	if (conn->ending && !conn->shut) {
		conn->shut = 1;
		check(uv_shutdown(&client->shutdown, stream_of(client),
		    on_shutdown), "uv_shutdown");
	}
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct client *client;

	check(status, "accept");
	client = conn_new(sizeof(*client));
	check(uv_tcp_init(listener->loop, &client->tcp), "uv_tcp_init");
	client->tcp.data = client->write.data = client;
	check(uv_accept(listener, stream_of(client)), "uv_accept");
	check(uv_tcp_nodelay(&client->tcp, 1), "uv_tcp_nodelay");
	check(uv_read_start(stream_of(client), on_room, on_read),
	    "uv_read_start");
}

void
loop(int fd)
{
	uv_loop_t *uv = uv_default_loop();
	uv_tcp_t listener;

	check(uv_tcp_init(uv, &listener), "uv_tcp_init");
	check(uv_tcp_open(&listener, fd), "uv_tcp_open");
	check(uv_listen((uv_stream_t *)&listener, 4096, on_connection),
	    "uv_listen");
	check(uv_run(uv, UV_RUN_DEFAULT), "uv_run");
}
