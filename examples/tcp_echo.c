/*
 * tcp_echo: a fast echo server in one thread.
 *
 *	tcp_echo [address:port]		the default is 127.0.0.1:0
 *
 * It prints "listening on ADDRESS:PORT"; SIGINT or SIGTERM ends it.
 *
 * What a server on edge-triggered events has to do:
 *
 * - Each connection is registered once, for both directions, and remembers
 *   which of them is ready.  An event sets that; only EAGAIN clears it.
 * - Back-pressure: when the buffer is full, because the peer doesn't read,
 *   nothing more is read from the peer either.
 * - No connection keeps the others waiting: after some turns a busy one goes
 *   to the end of the line.
 * - A peer that has shut down its sending side still gets all its bytes.
 * - Out of descriptors, it goes on serving and accepts again later.
 * - Signals arrive as events, through a waker.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* for compilers held to -std=c99 */

#ifdef _WIN32
#include <winsock2.h>
#else
#include <sys/types.h>
#include <sys/socket.h>
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mio.h>

#define NEVENTS		256
#define TURNS		16		/* reads and writes before others */
#define RETRY		MIO_MSEC(100)

/* A connection's token is its address, which is none of these. */
#define TOKEN_LISTENER	((mio_token)0)
#define TOKEN_SIGNAL	((mio_token)1)

struct conn {
	struct mio_source source;
	struct conn	*next;
	struct conn	**link;		/* what points to this one */
	unsigned int	 ready;		/* MIO_READABLE, MIO_WRITABLE */
	int		 eof;		/* the peer sends no more */
	size_t		 head;		/* buf[head] to buf[tail - 1] is */
	size_t		 tail;		/* still to be written */
	char		 buf[65536];
};

struct server {
	struct mio_poller *poller;
	struct mio_source listener;
	struct conn	*conns;
	int		 full;		/* accept failed; clients may wait */
};

enum step {
	STEP_MORE,			/* something was done; ask again */
	STEP_WAIT,			/* nothing to do until an event */
	STEP_OVER			/* the connection has ended */
};

static struct mio_waker *signal_waker;

static void
warning(const char *what)
{
	fprintf(stderr, "tcp_echo: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* After a failed read or write. */
static enum step
conn_failed(struct conn *conn, unsigned int direction)
{
	switch (errno) {
	case EAGAIN:
		conn->ready &= ~direction;
		return STEP_MORE;
	case EINTR:
		return STEP_MORE;
	case ECONNRESET:
	case EPIPE:
		return STEP_OVER;	/* the peer's right, and daily life */
	default:
		warning(direction == MIO_READABLE ? "read" : "write");
		return STEP_OVER;
	}
}

static enum step
conn_read(struct conn *conn)
{
	mio_ssize n;

	n = mio_source_read(&conn->source, conn->buf + conn->tail,
	    sizeof(conn->buf) - conn->tail);
	if (n == -1)
		return conn_failed(conn, MIO_READABLE);
	if (n == 0)
		conn->eof = 1;
	conn->tail += (size_t)n;
	return STEP_MORE;
}

static enum step
conn_write(struct conn *conn)
{
	mio_ssize n;

	n = mio_source_write(&conn->source, conn->buf + conn->head,
	    conn->tail - conn->head);
	if (n == -1)
		return conn_failed(conn, MIO_WRITABLE);
	conn->head += (size_t)n;
	if (conn->head == conn->tail)
		conn->head = conn->tail = 0;
	return STEP_MORE;
}

/* One read or one write, if any is due; writing makes room, so it is first. */
static enum step
conn_step(struct conn *conn)
{
	int pending = conn->head < conn->tail;
	int room = conn->tail < sizeof(conn->buf);

	if (pending && (conn->ready & MIO_WRITABLE) != 0)
		return conn_write(conn);
	if (!pending && conn->eof)
		return STEP_OVER;
	if (!conn->eof && room && (conn->ready & MIO_READABLE) != 0)
		return conn_read(conn);
	return STEP_WAIT;
}

/*
 * A registration is reported at most once in a call of mio_poll(), so no
 * later event of the same array can lead to this connection.
 */
static void
conn_free(struct conn *conn)
{
	if ((*conn->link = conn->next) != NULL)
		conn->next->link = conn->link;
	if (mio_source_close(&conn->source) == -1)
		warning("close");
	free(conn);
}

/*
 * Works off what is ready.  Who has had enough turns is registered anew: the
 * next mio_poll() then reports what is still ready, along with the others.
 */
static void
conn_run(struct server *server, struct conn *conn)
{
	enum step step;
	int turns = 0;

	do {
		step = conn_step(conn);
	} while (step == STEP_MORE && ++turns < TURNS);

	if (step == STEP_MORE && mio_reregister(server->poller, &conn->source,
	    (mio_token)conn, MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_reregister");
		step = STEP_OVER;
	}
	if (step == STEP_OVER)
		conn_free(conn);
}

/*
 * Takes over a connected stream.  A source may be moved by assignment.
 * Clearing the buffer as well would only cost time.
 */
static void
conn_new(struct server *server, struct mio_source *stream)
{
	struct conn *conn;

	if ((conn = malloc(sizeof(*conn))) == NULL) {
		warning("malloc");
		if (mio_source_close(stream) == -1)
			warning("close");
		return;
	}
	conn->source = *stream;
	conn->ready = 0;
	conn->eof = 0;
	conn->head = conn->tail = 0;
	if ((conn->next = server->conns) != NULL)
		conn->next->link = &conn->next;
	conn->link = &server->conns;
	server->conns = conn;

	/* Without this, small answers wait for the peer's acknowledgement. */
	if (mio_tcp_set_nodelay(&conn->source, 1) == -1)
		warning("nodelay");
	if (mio_register(server->poller, &conn->source, (mio_token)conn,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_register");
		conn_free(conn);
	}
}

/*
 * Accepts until EAGAIN, because the next event comes only after it.  Out of
 * descriptors or memory, clients stay in the queue and no event will tell of
 * them again: serve() asks from time to time.
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
			conn_new(server, &stream);
			continue;
		}
		if (errno == EAGAIN)
			return;
		/* A client that gave up while it waited; try the next. */
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (!was_full)
			warning("accept");
		server->full = 1;
		return;
	}
}

static void
conn_event(struct server *server, const struct mio_event *event)
{
	struct conn *conn = (struct conn *)event->token;

	conn->ready |= event->readiness & (MIO_READABLE | MIO_WRITABLE);
	conn_run(server, conn);
}

/* Serves until a signal comes. */
static void
serve(struct server *server)
{
	struct mio_event events[NEVENTS];
	int i, n, stop = 0;

	while (!stop) {
		n = mio_poll(server->poller, events, NEVENTS,
		    server->full ? RETRY : MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_LISTENER)
				accept_clients(server);
			else if (events[i].token == TOKEN_SIGNAL)
				stop = 1;
			else
				conn_event(server, &events[i]);
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

	/* The port may have been 0: ask which one it became. */
	addrlen = sizeof(storage);
	if (mio_source_local_addr(&server->listener, addr, &addrlen) == -1)
		fatal("mio_source_local_addr");
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	if (mio_register(server->poller, &server->listener, TOKEN_LISTENER,
	    MIO_READABLE) == -1)
		fatal("mio_register");
	if (printf("listening on %s\n", text) < 0 || fflush(stdout) == EOF)
		fatal("standard output");
}

/* If the kernel refuses the wake, ending at once is all that is left. */
static void
on_signal(int signo)
{
	if (mio_waker_wake(signal_waker) == -1)
		_Exit(128 + signo);
}

/* Windows has Ctrl-C alone, and calls the handler on a thread of its own. */
static void
set_signals(void (*handler)(int))
{
#ifdef _WIN32
	if (signal(SIGINT, handler) == SIG_ERR)
		fatal("signal");
#else
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) == -1 ||
	    sigaction(SIGTERM, &action, NULL) == -1)
		fatal("sigaction");
#endif
}

int
main(int argc, char *argv[])
{
	struct server server = { 0 };

	if (argc > 2) {
		fprintf(stderr, "usage: tcp_echo [address:port]\n");
		return 1;
	}
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	signal_waker = mio_waker_new(server.poller, TOKEN_SIGNAL);
	if (signal_waker == NULL)
		fatal("mio_waker_new");
	set_signals(on_signal);

	listen_on(&server, argc == 2 ? argv[1] : "127.0.0.1:0");
	serve(&server);

	/*
	 * Nothing is left to be woken.  The waker stays: on Windows the
	 * handler's thread may not have returned from it yet.
	 */
	set_signals(SIG_IGN);
	while (server.conns != NULL)
		conn_free(server.conns);
	if (mio_source_close(&server.listener) == -1)
		warning("close");
	mio_poller_free(server.poller);
	return 0;
}
