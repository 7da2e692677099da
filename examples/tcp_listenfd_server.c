/*
 * tcp_listenfd_server: an echo server that is started on demand.
 *
 *	systemd-socket-activate -l 127.0.0.1:9000 ./tcp_listenfd_server
 *
 * The server prints "listening on ADDRESS:PORT" for each socket that it
 * inherits.
 *
 * The parent process has bound the sockets and already listens on them.  So no
 * connection is lost while the server is restarted, and the server needs no
 * privilege for a low port.  sd_listen_fds(3) describes the protocol: the
 * descriptors begin at 3, LISTEN_FDS is their number, and LISTEN_PID is the
 * process that may use them, because other processes inherit the environment
 * as well.
 *
 * A socket that was created elsewhere is a source like any other.  The program
 * only has to make such a socket non-blocking and close-on-exec.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mio.h>

#define FIRST_FD	3
#define MAX_LISTENERS	16
#define NEVENTS		128
#define TURNS		16		/* reads and writes per event */
#define RETRY		MIO_MSEC(100)

struct client {
	struct mio_source source;
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
	char		 buf[4096];
};

/* The token of a listener is its index; no client has so low an address. */
struct server {
	struct mio_poller *poller;
	struct mio_source listeners[MAX_LISTENERS];
	unsigned int	 count;
	int		 full;		/* accept failed; retry later */
};

static void
warning(const char *what)
{
	fprintf(stderr, "tcp_listenfd_server: %s: %s\n", what,
	    mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

static void
no_listeners(const char *why)
{
	fprintf(stderr, "tcp_listenfd_server: %s\n"
	    "The program that starts it passes the sockets.  Try:\n"
	    "  systemd-socket-activate -l 127.0.0.1:9000 "
	    "./tcp_listenfd_server\n", why);
	exit(1);
}

/*
 * A call of mio_poll() reports a registration at most once, so no later event
 * of the same array refers to this client.
 */
static void
client_free(struct client *client)
{
	if (mio_source_close(&client->source) == -1)
		warning("close");
	free(client);
}

/* Writes if there are bytes to write, and otherwise reads. */
static mio_ssize
client_step(struct client *client)
{
	mio_ssize n;

	if (client->head < client->tail) {
		n = mio_source_write(&client->source,
		    client->buf + client->head, client->tail - client->head);
		client->head += n > 0 ? (size_t)n : 0;
		return n;
	}
	n = mio_source_read(&client->source, client->buf, sizeof(client->buf));
	client->head = 0;
	client->tail = n > 0 ? (size_t)n : 0;
	return n;
}

/*
 * Reads and writes until EAGAIN, because the next event follows only then.
 * After TURNS steps the client is reregistered: the next mio_poll() then
 * reports the directions that are still ready, along with other sources.
 */
static void
client_event(struct server *server, struct client *client)
{
	mio_ssize n;
	int turns;

	for (turns = 0; turns < TURNS; turns++) {
		n = client_step(client);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == 0 || (n == -1 && errno != EINTR)) {
			client_free(client);
			return;
		}
	}
	if (mio_reregister(server->poller, &client->source, (mio_token)client,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_reregister");
		client_free(client);
	}
}

/* Takes over a connected stream.  A source may be moved by assignment. */
static void
client_new(struct server *server, struct mio_source *stream)
{
	struct client *client;

	if ((client = calloc(1, sizeof(*client))) == NULL) {
		warning("calloc");
		if (mio_source_close(stream) == -1)
			warning("close");
		return;
	}
	client->source = *stream;
	if (mio_register(server->poller, &client->source, (mio_token)client,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_register");
		client_free(client);
	}
}

/*
 * Accepts until EAGAIN, because the next event follows only then.  When no
 * descriptors or no memory is left, clients stay in the queue and no event
 * reports them again; serve() then retries after a timeout.
 */
static void
accept_clients(struct server *server, const struct mio_source *listener)
{
	struct mio_source stream;

	for (;;) {
		if (mio_tcp_accept(listener, &stream, NULL, NULL, 0) == 0) {
			client_new(server, &stream);
			continue;
		}
		if (errno == EAGAIN)
			return;
		/* The waiting client gave up; try the next one. */
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (!server->full)
			warning("accept");
		server->full = 1;
		return;
	}
}

static void
accept_again(struct server *server)
{
	unsigned int i;

	server->full = 0;
	for (i = 0; i < server->count; i++)
		accept_clients(server, &server->listeners[i]);
}

static void
serve(struct server *server)
{
	struct mio_event events[NEVENTS];
	int i, n;

	for (;;) {
		n = mio_poll(server->poller, events, NEVENTS,
		    server->full ? RETRY : MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			mio_token token = events[i].token;

			if (token < server->count)
				accept_clients(server,
				    &server->listeners[token]);
			else
				client_event(server, (struct client *)token);
		}
		if (server->full)
			accept_again(server);
	}
}

/* Returns the value of a variable of decimal digits, or -1. */
static long
env_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long value;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	value = strtol(text, &end, 10);
	return *end == '\0' && errno == 0 ? value : -1;
}

/* Returns the number of inherited descriptors and removes the variables. */
static unsigned int
listen_fds(void)
{
	long pid = env_number("LISTEN_PID");
	long count = env_number("LISTEN_FDS");

	if (pid != (long)getpid())
		no_listeners("LISTEN_PID doesn't name this process");
	if (count < 1 || count > MAX_LISTENERS)
		no_listeners("LISTEN_FDS is not a number from 1 to 16");
	if (unsetenv("LISTEN_PID") == -1 || unsetenv("LISTEN_FDS") == -1 ||
	    unsetenv("LISTEN_FDNAMES") == -1)
		fatal("unsetenv");
	return (unsigned int)count;
}

/* Returns whether fd is a listening stream socket of IPv4 or IPv6. */
static int
is_listener(int fd, sa_family_t family)
{
	int type = 0, listens = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == -1)
		return 0;
	return type == SOCK_STREAM && listens &&
	    (family == AF_INET || family == AF_INET6);
}

static void
add_listener(struct server *server, unsigned int i)
{
	struct mio_source *listener = &server->listeners[i];
	int fd = FIRST_FD + (int)i;
	struct sockaddr_storage storage;
	struct sockaddr *addr = (struct sockaddr *)&storage;
	mio_socklen addrlen = sizeof(storage);
	char text[128];

	if (mio_source_from_fd(listener, fd) == -1)
		fatal("mio_source_from_fd");
	if (mio_source_local_addr(listener, addr, &addrlen) == -1 ||
	    !is_listener(fd, addr->sa_family)) {
		fprintf(stderr, "tcp_listenfd_server: descriptor %d is not a "
		    "listening TCP socket\n", fd);
		exit(1);
	}
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		fatal("fcntl");
	if (mio_source_set_nonblocking(listener, 1) == -1)
		fatal("mio_source_set_nonblocking");
	if (mio_register(server->poller, listener, i, MIO_READABLE) == -1)
		fatal("mio_register");
	if (printf("listening on %s\n", text) < 0 || fflush(stdout) == EOF)
		fatal("standard output");
}

int
main(void)
{
	struct server server = { 0 };
	unsigned int i;

	server.count = listen_fds();
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	for (i = 0; i < server.count; i++)
		add_listener(&server, i);
	serve(&server);			/* until a signal ends the program */
}
