/*
 * tcp_echo: a fast echo server in one thread.
 *
 *	tcp_echo [address:port]		the default is 127.0.0.1:0
 *
 * The server prints "listening on ADDRESS:PORT" and runs until SIGINT or
 * SIGTERM.  With [::] it accepts IPv4 clients, too.
 *
 * A server with edge-triggered events must do the following:
 *
 * - Register each connection once, for both directions, and remember which
 *   direction is ready.  An event sets a direction; only EAGAIN clears it.
 * - Apply back-pressure: when the buffer is full, because the peer does not
 *   read, read nothing more from the peer.
 * - Be fair: after some reads and writes a busy connection lets the other
 *   connections go first.
 * - Send all bytes to a peer that has shut down writing.
 * - Keep serving when no descriptors are left, and accept again later.
 * - Handle signals as events, with a waker.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mio.h>

#define NEVENTS		256
#define TURNS		16		/* reads and writes per event */
#define RETRY		MIO_MSEC(100)

/*
 * The token of a listener is its index.  That of a connection is its address,
 * which is none of these.
 */
#define LISTENERS	2
#define TOKEN_SIGNAL	((mio_token)LISTENERS)

struct conn {
	struct mio_source source;
	struct conn	*next;
	struct conn	**link;		/* the pointer to this structure */
	unsigned int	 ready;		/* MIO_READABLE, MIO_WRITABLE */
	int		 eof;		/* the peer sends no more */
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
	char		 buf[65536];
};

struct server {
	struct mio_poller *poller;
	struct mio_source listeners[LISTENERS];
	unsigned int	 nlisteners;
	struct conn	*conns;
	int		 full;		/* accept failed; retry later */
};

enum step {
	STEP_MORE,			/* something was done; step again */
	STEP_WAIT,			/* wait for an event */
	STEP_OVER			/* close the connection */
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

/* Handles a failed read or write. */
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
		return STEP_OVER;	/* peers may do this; no warning */
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

/* Does one read or write.  Writing comes first, because it makes room. */
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
 * A call of mio_poll() reports a registration at most once, so no later event
 * of the same array refers to this connection.
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
 * Reads and writes while a direction is ready.  After TURNS steps the
 * connection is reregistered: the next mio_poll() then reports the directions
 * that are still ready, along with other sources.
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
 * The buffer is not cleared, because that would only cost time.
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

	/* Small answers must not wait for the peer's acknowledgement. */
	if (mio_tcp_set_nodelay(&conn->source, 1) == -1)
		warning("nodelay");
	if (mio_register(server->poller, &conn->source, (mio_token)conn,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_register");
		conn_free(conn);
	}
}

/*
 * Accepts until EAGAIN, because the next event follows only then.  When no
 * descriptors or no memory is left, clients stay in the queue and no event
 * reports them again; serve() then retries after a timeout.
 */
static void
accept_from(struct server *server, struct mio_source *listener, int was_full)
{
	struct mio_source stream;

	for (;;) {
		if (mio_tcp_accept(listener, &stream, NULL, NULL, 0) == 0) {
			conn_new(server, &stream);
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
accept_clients(struct server *server)
{
	int was_full = server->full;
	unsigned int i;

	server->full = 0;
	for (i = 0; i < server->nlisteners && !server->full; i++)
		accept_from(server, &server->listeners[i], was_full);
}

static void
conn_event(struct server *server, const struct mio_event *event)
{
	struct conn *conn = (struct conn *)event->token;

	conn->ready |= event->readiness & (MIO_READABLE | MIO_WRITABLE);
	conn_run(server, conn);
}

/* Serves until a signal arrives. */
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
			if (events[i].token < server->nlisteners)
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

static int
add_listener(struct server *server, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	struct mio_source *listener = &server->listeners[server->nlisteners];

	if (mio_tcp_listen(listener, addr, addrlen, 0, flags) == -1)
		return -1;
	if (mio_register(server->poller, listener, server->nlisteners,
	    MIO_READABLE) == -1)
		fatal("mio_register");
	server->nlisteners++;
	return 0;
}

/* Listens on all addresses of IPv4, and the port of the first listener. */
static void
add_v4(struct server *server)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;
	mio_socklen len = sizeof(sin6);

	if (mio_source_local_addr(&server->listeners[0],
	    (struct sockaddr *)&sin6, &len) == -1)
		fatal("mio_source_local_addr");
	len = sizeof(sin);
	if (mio_addr_parse("0.0.0.0:0", (struct sockaddr *)&sin, &len) == -1)
		fatal("mio_addr_parse");
	sin.sin_port = sin6.sin6_port;
	if (add_listener(server, (struct sockaddr *)&sin, len, 0) == -1)
		fatal("0.0.0.0");
}

static unsigned int
flags_for(const struct sockaddr *addr)
{
	if (addr->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(
	    &((const struct sockaddr_in6 *)addr)->sin6_addr))
		return MIO_DUALSTACK;
	return 0;
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
	if (add_listener(server, addr, addrlen, flags_for(addr)) == -1) {
		/* Some systems have no dual-stack sockets. */
		if (errno != ENOTSUP ||
		    add_listener(server, addr, addrlen, 0) == -1)
			fatal(where);
		add_v4(server);
	}

	/* With port 0 the system has chosen the port. */
	addrlen = sizeof(storage);
	if (mio_source_local_addr(&server->listeners[0], addr, &addrlen) == -1)
		fatal("mio_source_local_addr");
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	if (printf("listening on %s\n", text) < 0 || fflush(stdout) == EOF)
		fatal("standard output");
}

/* Exits at once if the wake fails, because nothing else can end serve(). */
static void
on_signal(int signo)
{
	if (mio_waker_wake(signal_waker) == -1)
		_Exit(128 + signo);
}

/* Windows has only Ctrl-C, and calls the handler in a separate thread. */
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
	 * The waker is not freed: on Windows the thread of the handler may
	 * still be in mio_waker_wake().
	 */
	set_signals(SIG_IGN);
	while (server.conns != NULL)
		conn_free(server.conns);
	while (server.nlisteners > 0) {
		if (mio_source_close(&server.listeners[--server.nlisteners]) ==
		    -1)
			warning("close");
	}
	mio_poller_free(server.poller);
	return 0;
}
