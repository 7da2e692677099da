/*
 * unix_chat: sends each line of a client to all other clients.
 *
 *	unix_chat path
 *
 * The server listens at a socket file with that path and prints "listening on
 * PATH".  To connect, run "nc -U PATH" or "socat - UNIX:PATH" several times.
 * At SIGINT or SIGTERM the server removes the file and exits.
 *
 * In addition to tcp_echo.c this program shows:
 *
 * - Stale socket files.  A socket file remains after the program that created
 *   it exits.  If a socket file exists at the path, the server connects to the
 *   file.  If the connection is refused, the file is stale, and the server
 *   removes it.  The umask, or better the mode of the directory, determines
 *   which users may connect.
 * - Slow clients.  A client that does not read must not delay the others.  Its
 *   unread lines are kept, up to a limit; then the client is dropped.
 * - Closing other clients.  The event of one client may end another client
 *   that has an event in the same array.  So a client is closed at once, which
 *   keeps later polls from reporting it, but freed only after all events of
 *   the array have been handled.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mio.h>

#define NEVENTS		64
#define TURNS		16		/* reads per event */
#define LINE		1024		/* a longer line is sent in parts */
#define UNREAD		(256 * 1024)	/* kept for a client that is slow */
#define RETRY		MIO_MSEC(100)

/* The token of a client is its address, which is none of these. */
#define TOKEN_LISTENER	((mio_token)0)
#define TOKEN_SIGNAL	((mio_token)1)

struct client {
	struct mio_source source;
	struct client	*next;
	unsigned long	 number;
	int		 gone;		/* closed, to be freed */
	int		 deaf;		/* cannot be written to any more */
	size_t		 len;		/* bytes of an incomplete line */
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
	char		 line[LINE];
	char		 out[UNREAD];
};

struct chat {
	struct mio_poller *poller;
	struct mio_source listener;
	struct client	*clients;
	unsigned long	 accepted;
	int		 full;		/* accept failed; retry later */
};

static struct mio_waker *signal_waker;

static void
warning(const char *what)
{
	fprintf(stderr, "unix_chat: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

static void
client_close(struct client *client, const char *why)
{
	printf("client %lu %s\n", client->number, why);
	if (mio_source_close(&client->source) == -1)
		warning("close");
	client->gone = 1;
}

/*
 * Writes the kept lines until EAGAIN; an event continues this.  A client that
 * cannot be written to has closed its end, but its last lines may still be
 * unread, so client_read() closes the client.
 */
static void
client_flush(struct client *client)
{
	mio_ssize n;

	while (!client->deaf && client->head < client->tail) {
		n = mio_source_write(&client->source,
		    client->out + client->head, client->tail - client->head);
		if (n >= 0)
			client->head += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			client->deaf = 1;
	}
	client->head = client->tail = 0;
}

/* Writes at once, because most clients have no kept lines. */
static void
client_send(struct client *client, const char *text, size_t size)
{
	if (sizeof(client->out) - client->tail < size) {
		memmove(client->out, client->out + client->head,
		    client->tail - client->head);
		client->tail -= client->head;
		client->head = 0;
	}
	if (sizeof(client->out) - client->tail < size) {
		client_close(client, "doesn't read, and is dropped");
		return;
	}
	memcpy(client->out + client->tail, text, size);
	client->tail += size;
	client_flush(client);
}

static void
broadcast(struct chat *chat, const struct client *from, const char *text,
    size_t size)
{
	struct client *client;

	for (client = chat->clients; client != NULL; client = client->next) {
		if (client != from && !client->gone && !client->deaf)
			client_send(client, text, size);
	}
}

/* Appends a character to the line, and sends the line if it is complete. */
static void
client_char(struct chat *chat, struct client *client, char c)
{
	char text[LINE + 32];
	int size;

	if (c != '\n')
		client->line[client->len++] = c;
	if (c != '\n' && client->len < sizeof(client->line))
		return;
	size = snprintf(text, 32, "%lu: ", client->number);
	memcpy(text + size, client->line, client->len);
	size += (int)client->len;
	text[size++] = '\n';
	client->len = 0;
	broadcast(chat, client, text, (size_t)size);
}

/* Reregisters the client after TURNS reads, which continue later. */
static void
client_read(struct chat *chat, struct client *client)
{
	char buf[4096];
	mio_ssize i, n;
	int turns;

	for (turns = 0; turns < TURNS; turns++) {
		n = mio_source_read(&client->source, buf, sizeof(buf));
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			client_close(client, "left");
			return;
		}
		for (i = 0; i < n; i++)
			client_char(chat, client, buf[i]);
	}
	if (mio_reregister(chat->poller, &client->source, (mio_token)client,
	    MIO_READABLE | MIO_WRITABLE) == -1)
		client_close(client, "can't be served");
}

static void
client_event(struct chat *chat, const struct mio_event *event)
{
	struct client *client = (struct client *)event->token;

	if (client->gone)
		return;			/* dropped by an earlier event */
	if (mio_event_is_writable(event))
		client_flush(client);
	if (mio_event_is_readable(event))
		client_read(chat, client);
}

/* Takes over a connected stream.  A source may be moved by assignment. */
static void
client_new(struct chat *chat, struct mio_source *stream)
{
	struct client *client;

	if ((client = malloc(sizeof(*client))) == NULL) {
		warning("malloc");
		if (mio_source_close(stream) == -1)
			warning("close");
		return;
	}
	client->source = *stream;
	client->number = ++chat->accepted;
	client->gone = client->deaf = 0;
	client->len = client->head = client->tail = 0;
	client->next = chat->clients;
	chat->clients = client;
	if (mio_register(chat->poller, &client->source, (mio_token)client,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_register");
		client_close(client, "can't be served");
	} else {
		printf("client %lu came\n", client->number);
	}
}

/* Accepts until EAGAIN, or retries later, as tcp_echo.c does. */
static void
accept_clients(struct chat *chat)
{
	struct mio_source stream;
	int was_full = chat->full;

	chat->full = 0;
	for (;;) {
		if (mio_unix_accept(&chat->listener, &stream, NULL, NULL,
		    0) == 0) {
			client_new(chat, &stream);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (!was_full)
			warning("accept");
		chat->full = 1;
		return;
	}
}

/* Frees closed clients; with "all", closes and frees all clients. */
static void
sweep(struct chat *chat, int all)
{
	struct client **link = &chat->clients;
	struct client *client;

	while ((client = *link) != NULL) {
		if (all && !client->gone)
			client_close(client, "is sent home");
		if (client->gone) {
			*link = client->next;
			free(client);
		} else {
			link = &client->next;
		}
	}
}

static void
serve(struct chat *chat)
{
	struct mio_event events[NEVENTS];
	int i, n, stop = 0;

	while (!stop) {
		n = mio_poll(chat->poller, events, NEVENTS,
		    chat->full ? RETRY : MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_LISTENER)
				accept_clients(chat);
			else if (events[i].token == TOKEN_SIGNAL)
				stop = 1;
			else
				client_event(chat, &events[i]);
		}
		if (chat->full)
			accept_clients(chat);
		sweep(chat, 0);
	}
}

/* A file that is not a socket also refuses connections, and must stay. */
static int
is_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		return 1;
	errno = EADDRINUSE;
	return 0;
}

/*
 * A process listens at the path if a connection succeeds, or fails because the
 * queue is full.  Two programs that find the same stale file at once may still
 * remove each other's file; a directory for each program prevents that.
 */
static int
is_stale(const char *path)
{
	struct mio_source probe;

	if (!is_socket(path))
		return 0;
	if (mio_unix_connect(&probe, path, 0) == 0) {
		if (mio_source_close(&probe) == -1)
			warning("close");
		errno = EADDRINUSE;
		return 0;
	}
	return errno == ECONNREFUSED;
}

static void
listen_at(struct chat *chat, const char *path)
{
	int error = mio_unix_listen(&chat->listener, path, 0, 0);

	if (error == -1 && errno == EADDRINUSE && is_stale(path)) {
		if (unlink(path) == -1)
			fatal(path);
		error = mio_unix_listen(&chat->listener, path, 0, 0);
	}
	if (error == -1)
		fatal(path);
	if (mio_register(chat->poller, &chat->listener, TOKEN_LISTENER,
	    MIO_READABLE) == -1)
		fatal("mio_register");
	printf("listening on %s\n", path);
}

/* Exits at once if the wake fails, because nothing else can end serve(). */
static void
on_signal(int signo)
{
	if (mio_waker_wake(signal_waker) == -1)
		_exit(128 + signo);
}

static void
set_signals(void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) == -1 ||
	    sigaction(SIGTERM, &action, NULL) == -1)
		fatal("sigaction");
}

int
main(int argc, char *argv[])
{
	struct chat chat = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: unix_chat path\n");
		return 1;
	}
	/* Buffer by lines, also if the output is a file or a pipe. */
	if (setvbuf(stdout, NULL, _IOLBF, 0) != 0)
		fatal("setvbuf");
	if ((chat.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	if ((signal_waker = mio_waker_new(chat.poller, TOKEN_SIGNAL)) == NULL)
		fatal("mio_waker_new");
	set_signals(on_signal);

	listen_at(&chat, argv[1]);
	serve(&chat);

	/* The handler must not run once the waker is gone. */
	set_signals(SIG_IGN);
	if (unlink(argv[1]) == -1)
		warning(argv[1]);
	sweep(&chat, 1);
	if (mio_source_close(&chat.listener) == -1)
		warning("close");
	mio_waker_free(signal_waker);
	mio_poller_free(chat.poller);
	return 0;
}
