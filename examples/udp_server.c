/*
 * udp_server: returns each datagram to its sender.
 *
 *	udp_server [address:port]	the default is 127.0.0.1:0
 *
 * The server prints "listening on ADDRESS:PORT" and runs until SIGINT or
 * SIGTERM.  To send datagrams, use "nc -u" or "socat - UDP:ADDRESS:PORT".
 *
 * A datagram socket differs from a stream:
 *
 * - An event may stand for many datagrams: receive until EAGAIN.  A datagram
 *   shorter than the buffer may be followed by another, and a datagram of 0
 *   bytes is not end of file.
 * - Datagrams that cannot be sent at once are queued, up to a limit.  Only
 *   while the queue has datagrams is MIO_WRITABLE in the interest; otherwise
 *   each sent datagram would cause an event.  With a full queue nothing is
 *   received; datagrams that the kernel cannot store are then lost, which is
 *   permitted for datagrams.
 * - An error may belong to an earlier datagram whose receiver was closed.
 *   Such an error does not affect the socket, which continues.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

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

#define BURST		256		/* datagrams before other events */
#define QUEUE		16		/* answers in the queue */

enum { TOKEN_SOCKET, TOKEN_SIGNAL };

struct datagram {
	struct sockaddr_storage addr;	/* the sender, and so the receiver */
	mio_socklen	 addrlen;
	size_t		 size;
	char		 buf[65536];	/* no datagram is longer */
};

struct server {
	struct mio_poller *poller;
	struct mio_source source;
	unsigned int	 interest;
	size_t		 head;		/* index of the oldest datagram */
	size_t		 count;		/* datagrams in the ring buffer */
	struct datagram	 queue[QUEUE];
};

static struct mio_waker *signal_waker;

static void
warning(const char *what)
{
	fprintf(stderr, "udp_server: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* Returns whether to retry: EINTR, or the error of an earlier datagram. */
static int
is_passing(void)
{
	return errno == ECONNREFUSED || errno == ECONNRESET ||
	    errno == EHOSTUNREACH || errno == ENETUNREACH || errno == EINTR;
}

/* Receives one datagram.  Returns 0 if there is none, or no room for one. */
static int
receive(struct server *server)
{
	size_t tail = (server->head + server->count) % QUEUE;
	struct datagram *datagram = &server->queue[tail];
	mio_ssize n;

	if (server->count == QUEUE)
		return 0;
	do {
		datagram->addrlen = sizeof(datagram->addr);
		n = mio_udp_recv_from(&server->source, datagram->buf,
		    sizeof(datagram->buf), (struct sockaddr *)&datagram->addr,
		    &datagram->addrlen);
	} while (n == -1 && is_passing());
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n == -1)
		fatal("mio_udp_recv_from");
	datagram->size = (size_t)n;
	server->count++;
	return 1;
}

/*
 * Sends the oldest datagram, and drops one that cannot be sent.  Returns 0 if
 * the datagram has to wait.
 */
static int
answer(struct server *server)
{
	struct datagram *datagram = &server->queue[server->head];
	mio_ssize n;

	do {
		n = mio_udp_send_to(&server->source, datagram->buf,
		    datagram->size, (struct sockaddr *)&datagram->addr,
		    datagram->addrlen);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n == -1)
		warning("mio_udp_send_to");
	server->head = (server->head + 1) % QUEUE;
	server->count--;
	return 1;
}

/* Sends the datagrams in the queue.  Returns 0 if some have to wait. */
static int
answer_all(struct server *server)
{
	while (server->count > 0) {
		if (!answer(server))
			return 0;
	}
	return 1;
}

/* Reregisters, so that the next poll reports directions that are ready. */
static void
want(struct server *server, unsigned int interest)
{
	if (mio_reregister(server->poller, &server->source, TOKEN_SOCKET,
	    interest) == -1)
		fatal("mio_reregister");
	server->interest = interest;
}

static void
change_interest(struct server *server, unsigned int interest)
{
	if (server->interest != interest)
		want(server, interest);
}

/*
 * Answers until there is nothing to receive or no room to send; mio_poll()
 * reports when this state changes.  After BURST datagrams the socket is
 * reregistered, and reported again along with signals.
 */
static void
run(struct server *server)
{
	int i;

	for (i = 0; i < BURST; i++) {
		if (!answer_all(server)) {
			while (receive(server))
				;
			change_interest(server, MIO_READABLE | MIO_WRITABLE);
			return;
		}
		change_interest(server, MIO_READABLE);
		if (!receive(server))
			return;
	}
	want(server, MIO_READABLE | MIO_WRITABLE);
}

/* Serves until a signal arrives. */
static void
serve(struct server *server)
{
	struct mio_event events[2];
	int i, n, stop = 0;

	while (!stop) {
		n = mio_poll(server->poller, events, 2, MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_SIGNAL)
				stop = 1;
			else
				run(server);
		}
	}
}

static void
bind_to(struct server *server, const char *where)
{
	struct sockaddr_storage storage;
	struct sockaddr *addr = (struct sockaddr *)&storage;
	mio_socklen addrlen = sizeof(storage);
	char text[128];

	if (mio_addr_parse(where, addr, &addrlen) == -1)
		fatal(where);
	if (mio_udp_bind(&server->source, addr, addrlen, 0) == -1)
		fatal(where);

	/* With port 0 the system has chosen the port. */
	addrlen = sizeof(storage);
	if (mio_source_local_addr(&server->source, addr, &addrlen) == -1)
		fatal("mio_source_local_addr");
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	server->interest = MIO_READABLE;
	if (mio_register(server->poller, &server->source, TOKEN_SOCKET,
	    server->interest) == -1)
		fatal("mio_register");
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
	static struct server server;	/* too large for a stack */

	if (argc > 2) {
		fprintf(stderr, "usage: udp_server [address:port]\n");
		return 1;
	}
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	signal_waker = mio_waker_new(server.poller, TOKEN_SIGNAL);
	if (signal_waker == NULL)
		fatal("mio_waker_new");
	set_signals(on_signal);

	bind_to(&server, argc == 2 ? argv[1] : "127.0.0.1:0");
	serve(&server);

	/*
	 * The waker is not freed: on Windows the thread of the handler may
	 * still be in mio_waker_wake().
	 */
	set_signals(SIG_IGN);
	if (mio_source_close(&server.source) == -1)
		warning("close");
	mio_poller_free(server.poller);
	return 0;
}
