/*
 * tcp_server: one listener and many clients in one thread; the example to
 * read first.
 *
 *	tcp_server [address:port]	the default is 127.0.0.1:9000
 *
 * The server prints "listening on ADDRESS:PORT", and then the data that
 * clients send.  With port 0 the system chooses the port.  To connect, run
 * "nc 127.0.0.1 9000": the server greets each client and returns the data
 * that the client sends.
 *
 * The server either writes to a client or reads from it, and mio_reregister()
 * changes between the two.  mio_reregister() examines the source again and
 * reports a direction that has become ready in the meantime, so there is no
 * need to read until EAGAIN first.  Each change costs one system call;
 * tcp_echo.c needs none.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifdef _WIN32
#include <winsock2.h>
#else
#include <sys/types.h>
#include <sys/socket.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mio.h>

#define NEVENTS		128
#define RETRY		MIO_MSEC(100)

/* The token of a client is its address, which is never 0. */
#define TOKEN_LISTENER	((mio_token)0)

static const char greeting[] = "Hello world!\n";

struct client {
	struct mio_source source;
	unsigned long	 number;
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
	char		 buf[4096];
};

struct server {
	struct mio_poller *poller;
	struct mio_source listener;
	unsigned long	 clients;	/* accepted so far */
	int		 full;		/* accept failed; retry later */
};

static void
warning(const char *what)
{
	fprintf(stderr, "tcp_server: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* Keeps control characters that a client sends off the terminal. */
static void
print_message(const struct client *client)
{
	size_t i;

	printf("client %lu: ", client->number);
	for (i = client->head; i < client->tail; i++) {
		unsigned char c = (unsigned char)client->buf[i];

		if (c == '\n')
			printf("\\n");
		else if (c < ' ' || c > '~' || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	putchar('\n');
}

/*
 * A call of mio_poll() reports a registration at most once, so no later event
 * of the same array refers to this client.
 */
static void
client_free(struct client *client)
{
	printf("client %lu: gone\n", client->number);
	if (mio_source_close(&client->source) == -1)
		warning("close");
	free(client);
}

static void
client_want(struct server *server, struct client *client,
    unsigned int interest)
{
	if (mio_reregister(server->poller, &client->source, (mio_token)client,
	    interest) == -1) {
		warning("mio_reregister");
		client_free(client);
	}
}

static void
client_write(struct server *server, struct client *client)
{
	mio_ssize n;

	while (client->head < client->tail) {
		n = mio_source_write(&client->source,
		    client->buf + client->head, client->tail - client->head);
		if (n == -1) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return;		/* an event continues this */
			warning("write");
			client_free(client);
			return;
		}
		client->head += (size_t)n;
	}
	client_want(server, client, MIO_READABLE);
}

static void
client_read(struct server *server, struct client *client)
{
	mio_ssize n;

	do {
		n = mio_source_read(&client->source, client->buf,
		    sizeof(client->buf));
	} while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		if (n == -1)
			warning("read");
		client_free(client);
		return;
	}
	client->head = 0;
	client->tail = (size_t)n;
	print_message(client);
	client_want(server, client, MIO_WRITABLE);
}

/*
 * An event may report more than the interest, so the state of the client
 * decides between writing and reading.
 */
static void
client_event(struct server *server, struct client *client)
{
	if (client->head < client->tail)
		client_write(server, client);
	else
		client_read(server, client);
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
	client->number = ++server->clients;
	client->tail = sizeof(greeting) - 1;
	memcpy(client->buf, greeting, client->tail);
	printf("client %lu: connected\n", client->number);

	if (mio_register(server->poller, &client->source, (mio_token)client,
	    MIO_WRITABLE) == -1) {
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
accept_clients(struct server *server)
{
	struct mio_source stream;
	int was_full = server->full;

	server->full = 0;
	for (;;) {
		if (mio_tcp_accept(&server->listener, &stream, NULL, NULL,
		    0) == 0) {
			client_new(server, &stream);
			continue;
		}
		if (errno == EAGAIN)
			return;
		/* The waiting client gave up; try the next one. */
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (!was_full)
			warning("accept");
		server->full = 1;
		return;
	}
}

static void
serve(struct server *server)
{
	struct mio_event events[NEVENTS];
	int i, n;

	for (;;) {
		/* Print before waiting, also if the output is a pipe. */
		if (fflush(stdout) == EOF || ferror(stdout))
			fatal("standard output");
		n = mio_poll(server->poller, events, NEVENTS,
		    server->full ? RETRY : MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_LISTENER)
				accept_clients(server);
			else
				client_event(server,
				    (struct client *)events[i].token);
		}
		if (server->full)
			accept_clients(server);
	}
}

static void
listen_on(struct server *server, const char *where)
{
	struct sockaddr_storage storage;
	struct sockaddr *addr = (struct sockaddr *)&storage;
	mio_socklen addrlen = sizeof(storage);
	char text[128];

	if (mio_addr_parse(where, addr, &addrlen) == -1)
		fatal(where);
	if (mio_tcp_listen(&server->listener, addr, addrlen, 0, 0) == -1)
		fatal(where);

	/* With port 0 the system has chosen the port. */
	addrlen = sizeof(storage);
	if (mio_source_local_addr(&server->listener, addr, &addrlen) == -1)
		fatal("mio_source_local_addr");
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	if (mio_register(server->poller, &server->listener, TOKEN_LISTENER,
	    MIO_READABLE) == -1)
		fatal("mio_register");
	printf("listening on %s\n", text);
}

int
main(int argc, char *argv[])
{
	struct server server = { 0 };

	if (argc > 2) {
		fprintf(stderr, "usage: tcp_server [address:port]\n");
		return 1;
	}
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	listen_on(&server, argc == 2 ? argv[1] : "127.0.0.1:9000");
	serve(&server);			/* until a signal ends the program */
}
