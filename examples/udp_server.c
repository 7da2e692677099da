/*
 * udp_server: sends every datagram back to where it came from.
 *
 *	udp_server [address:port]	the default is 127.0.0.1:0
 *
 * It prints "listening on ADDRESS:PORT"; SIGINT or SIGTERM ends it.  Talk to
 * it with "nc -u" or "socat - UDP:ADDRESS:PORT".
 *
 * What differs from a stream:
 *
 * - An event may stand for many datagrams: receive until EAGAIN.  A datagram
 *   shorter than the buffer means nothing, and one of 0 bytes is no end.
 * - What can't be sent at once is kept, up to a limit, and only meanwhile is
 *   there an interest in MIO_WRITABLE: else each datagram sent would be an
 *   event.  With the queue full nothing is received; what the kernel can't
 *   keep then is lost, as datagrams may be.
 * - An error may be an earlier datagram's: the receiver had gone.  It says
 *   nothing about this socket, which goes on.
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

#define BURST		256		/* datagrams before signals are seen */
#define QUEUE		16		/* answers kept */

enum { TOKEN_SOCKET, TOKEN_SIGNAL };

struct datagram {
	struct sockaddr_storage addr;	/* who sent it, and gets it back */
	mio_socklen	 addrlen;
	size_t		 size;
	char		 buf[65536];	/* none is longer */
};

struct server {
	struct mio_poller *poller;
	struct mio_source source;
	unsigned int	 interest;
	size_t		 head;		/* the oldest one kept, of so many; */
	size_t		 count;		/* the others follow, round about */
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

/* Is this an earlier datagram's failure, or one that only delays? */
static int
is_passing(void)
{
	return errno == ECONNREFUSED || errno == ECONNRESET ||
	    errno == EHOSTUNREACH || errno == ENETUNREACH || errno == EINTR;
}

/* Receives one datagram; 0 if there is none, or no room for it. */
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

/* Sends the oldest one; 0 if it has to wait.  What can't be sent is lost. */
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

/* Sends what is kept; 0 if there is more. */
static int
answer_all(struct server *server)
{
	while (server->count > 0) {
		if (!answer(server))
			return 0;
	}
	return 1;
}

/* Registers anew: what is ready by now is reported by the next poll. */
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
 * Answers until there is nothing to receive, or no room to send; mio_poll()
 * reports when that changes.  With more than a burst to do, the socket is
 * registered anew, and reported again along with the signals.
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

/* Serves until a signal comes. */
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

	/* The port may have been 0: ask which one it became. */
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
	static struct server server;	/* large for a stack */

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
	 * Nothing is left to be woken.  The waker stays: on Windows the
	 * handler's thread may not have returned from it yet.
	 */
	set_signals(SIG_IGN);
	if (mio_source_close(&server.source) == -1)
		warning("close");
	mio_poller_free(server.poller);
	return 0;
}
