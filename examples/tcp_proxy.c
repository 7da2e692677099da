/*
 * tcp_proxy: passes connections on to another address.
 *
 *	tcp_proxy address:port target:port
 *
 * It listens on the first address, prints "listening on ADDRESS:PORT", and
 * connects each client to the second.  SIGINT or SIGTERM ends it.
 *
 * What it shows beyond tcp_echo.c:
 *
 * - Back-pressure both ways.  While one side doesn't take what is in its
 *   buffer, nothing is read from the other; memory stays as it is.
 * - A half-close is carried through: the end of what one side sends is the
 *   end of what the other receives, and the way back stays open.
 * - A connection in progress is like any other, but for one question at its
 *   first event: did it succeed?
 * - A reset ends both connections; what could be passed on by then has been.
 * - A client takes two descriptors.  If there is only one left, it waits.
 * - Two sources that end together.  An event of the second may wait in the
 *   same array, so they are closed at once, but freed after it.
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

/* A side's token is its address, which is none of these. */
#define TOKEN_LISTENER	((mio_token)0)
#define TOKEN_SIGNAL	((mio_token)1)

/* One end of a relay, and what is to be written to it. */
struct side {
	struct mio_source source;
	struct relay	*relay;
	struct side	*peer;
	unsigned int	 ready;		/* MIO_READABLE, MIO_WRITABLE */
	int		 connecting;
	int		 eof;		/* it sends no more */
	int		 shut;		/* nothing more is sent to it */
	int		 error;		/* it has been reset, or the like */
	size_t		 head;		/* buf[head] to buf[tail - 1] is */
	size_t		 tail;		/* still to be written */
	char		 buf[65536];
};

struct relay {
	struct side	 client;
	struct side	 target;
	struct relay	*next;
	struct relay	**link;		/* what points to this one */
};

struct proxy {
	struct mio_poller *poller;
	struct mio_source listener;
	struct mio_source waiting;	/* accepted; no room to connect it */
	int		 is_waiting;
	struct sockaddr_storage target;
	mio_socklen	 target_len;
	struct relay	*relays;
	struct relay	*closed;	/* to be freed after this batch */
	int		 full;		/* no room; clients may wait */
};

enum step {
	STEP_MORE,			/* something was done; ask again */
	STEP_WAIT,			/* nothing to do until an event */
	STEP_OVER			/* the relay has ended */
};

static struct mio_waker *signal_waker;

static void
warning(const char *what)
{
	fprintf(stderr, "tcp_proxy: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* After a failed read or write.  A peer that resets ends both connections. */
static enum step
side_failed(struct side *side, unsigned int direction)
{
	if (errno == EAGAIN)
		side->ready &= ~direction;
	return errno == EAGAIN || errno == EINTR ? STEP_MORE : STEP_OVER;
}

/* Reads into the peer's buffer. */
static enum step
side_read(struct side *side)
{
	struct side *peer = side->peer;
	mio_ssize n;

	n = mio_source_read(&side->source, peer->buf + peer->tail,
	    sizeof(peer->buf) - peer->tail);
	if (n == -1)
		return side_failed(side, MIO_READABLE);
	if (n == 0)
		side->eof = 1;
	peer->tail += (size_t)n;
	return STEP_MORE;
}

static enum step
side_write(struct side *side)
{
	mio_ssize n;

	n = mio_source_write(&side->source, side->buf + side->head,
	    side->tail - side->head);
	if (n == -1)
		return side_failed(side, MIO_WRITABLE);
	side->head += (size_t)n;
	if (side->head == side->tail)
		side->head = side->tail = 0;
	return STEP_MORE;
}

/* One read, write or shutdown from this side to its peer, if any is due. */
static enum step
side_step(struct side *side)
{
	struct side *peer = side->peer;
	int pending = peer->head < peer->tail;
	int room = peer->tail < sizeof(peer->buf);

	if (pending && (peer->ready & MIO_WRITABLE) != 0)
		return side_write(peer);
	if (!side->eof && room && (side->ready & MIO_READABLE) != 0)
		return side_read(side);
	if (side->eof && !pending && !peer->shut && !peer->connecting) {
		peer->shut = 1;
		return mio_tcp_shutdown(&peer->source, MIO_SHUT_WR) == 0 ?
		    STEP_MORE : STEP_OVER;
	}
	return side->error ? STEP_OVER : STEP_WAIT;
}

static enum step
relay_step(struct relay *relay)
{
	enum step there = side_step(&relay->client);
	enum step back;

	if (there == STEP_OVER)
		return STEP_OVER;
	back = side_step(&relay->target);
	if (relay->client.shut && relay->target.shut)
		return STEP_OVER;
	return back == STEP_WAIT ? there : back;
}

static void
relay_close(struct proxy *proxy, struct relay *relay)
{
	if (mio_source_close(&relay->client.source) == -1)
		warning("close");
	if (mio_source_close(&relay->target.source) == -1)
		warning("close");
	if ((*relay->link = relay->next) != NULL)
		relay->next->link = relay->link;
	relay->next = proxy->closed;
	proxy->closed = relay;
	relay->link = NULL;
}

/* The first time for a side to be registered, or the next. */
static int
side_register(struct proxy *proxy, struct side *side,
    int (*how)(struct mio_poller *, struct mio_source *, mio_token,
    unsigned int))
{
	return how(proxy->poller, &side->source, (mio_token)side,
	    MIO_READABLE | MIO_WRITABLE);
}

/* As in tcp_echo.c: who has had enough turns is registered anew. */
static void
relay_run(struct proxy *proxy, struct relay *relay)
{
	enum step step;
	int turns = 0;

	do {
		step = relay_step(relay);
	} while (step == STEP_MORE && ++turns < TURNS);

	if (step == STEP_MORE &&
	    (side_register(proxy, &relay->client, mio_reregister) == -1 ||
	    side_register(proxy, &relay->target, mio_reregister) == -1)) {
		warning("mio_reregister");
		step = STEP_OVER;
	}
	if (step == STEP_OVER)
		relay_close(proxy, relay);
}

static void
side_event(struct proxy *proxy, const struct mio_event *event)
{
	struct side *side = (struct side *)event->token;

	if (side->relay->link == NULL)
		return;			/* ended by an earlier event */
	side->ready |= event->readiness & (MIO_READABLE | MIO_WRITABLE);
	if (mio_event_is_error(event))
		side->error = 1;
	if (side->connecting && (side->ready & MIO_WRITABLE) != 0) {
		side->connecting = 0;
		if (mio_source_take_error(&side->source) == -1) {
			warning("connect");
			relay_close(proxy, side->relay);
			return;
		}
	}
	relay_run(proxy, side->relay);
}

/* All but the buffers, which would cost time. */
static void
side_init(struct side *side, struct relay *relay, struct side *peer)
{
	side->relay = relay;
	side->peer = peer;
	side->ready = 0;
	side->connecting = side->eof = side->shut = side->error = 0;
	side->head = side->tail = 0;
}

/* Connects the client that has been accepted with the target. */
static int
relay_new(struct proxy *proxy)
{
	struct relay *relay;
	int error;

	if ((relay = malloc(sizeof(*relay))) == NULL)
		return -1;
	side_init(&relay->client, relay, &relay->target);
	side_init(&relay->target, relay, &relay->client);
	if (mio_tcp_connect(&relay->target.source,
	    (struct sockaddr *)&proxy->target, proxy->target_len, 0) == -1) {
		error = errno;
		free(relay);
		errno = error;
		return -1;
	}
	relay->target.connecting = 1;
	relay->client.source = proxy->waiting;
	if ((relay->next = proxy->relays) != NULL)
		relay->next->link = &relay->next;
	relay->link = &proxy->relays;
	proxy->relays = relay;
	if (side_register(proxy, &relay->client, mio_register) == -1 ||
	    side_register(proxy, &relay->target, mio_register) == -1) {
		warning("mio_register");
		relay_close(proxy, relay);
	}
	return 0;
}

/* Is it one that ends when other connections do? */
static int
is_shortage(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM;
}

/* One client more, or the one that waits; -1 if there is none, or no room. */
static int
accept_client(struct proxy *proxy)
{
	if (!proxy->is_waiting && mio_tcp_accept(&proxy->listener,
	    &proxy->waiting, NULL, NULL, 0) == -1)
		return -1;
	proxy->is_waiting = 0;
	if (relay_new(proxy) == 0)
		return 0;
	if (is_shortage()) {
		proxy->is_waiting = 1;
		return -1;
	}
	warning("connect");
	if (mio_source_close(&proxy->waiting) == -1)
		warning("close");
	return 0;
}

/* As in tcp_echo.c: until EAGAIN, and again later if there is no room. */
static void
accept_clients(struct proxy *proxy)
{
	int was_full = proxy->full;

	proxy->full = 0;
	for (;;) {
		if (accept_client(proxy) == 0)
			continue;
		if (errno == EAGAIN)
			return;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (!was_full)
			warning("accept");
		proxy->full = 1;
		return;
	}
}

static void
sweep(struct proxy *proxy)
{
	struct relay *relay;

	while ((relay = proxy->closed) != NULL) {
		proxy->closed = relay->next;
		free(relay);
	}
}

/* Serves until a signal comes. */
static void
serve(struct proxy *proxy)
{
	struct mio_event events[NEVENTS];
	int i, n, stop = 0;

	while (!stop) {
		n = mio_poll(proxy->poller, events, NEVENTS,
		    proxy->full ? RETRY : MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_LISTENER)
				accept_clients(proxy);
			else if (events[i].token == TOKEN_SIGNAL)
				stop = 1;
			else
				side_event(proxy, &events[i]);
		}
		if (proxy->full)
			accept_clients(proxy);
		sweep(proxy);
	}
}

static void
listen_on(struct proxy *proxy, const char *where)
{
	struct sockaddr_storage storage;
	struct sockaddr *addr = (struct sockaddr *)&storage;
	mio_socklen addrlen = sizeof(storage);
	char text[128];

	if (mio_addr_parse(where, addr, &addrlen) == -1)
		fatal(where);
	if (mio_tcp_listen(&proxy->listener, addr, addrlen, 0, 0) == -1)
		fatal(where);

	/* The port may have been 0: ask which one it became. */
	addrlen = sizeof(storage);
	if (mio_source_local_addr(&proxy->listener, addr, &addrlen) == -1)
		fatal("mio_source_local_addr");
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	if (mio_register(proxy->poller, &proxy->listener, TOKEN_LISTENER,
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
	struct proxy proxy = { 0 };

	if (argc != 3) {
		fprintf(stderr,
		    "usage: tcp_proxy address:port target:port\n");
		return 1;
	}
	proxy.target_len = sizeof(proxy.target);
	if (mio_addr_parse(argv[2], (struct sockaddr *)&proxy.target,
	    &proxy.target_len) == -1)
		fatal(argv[2]);
	if ((proxy.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	if ((signal_waker = mio_waker_new(proxy.poller, TOKEN_SIGNAL)) == NULL)
		fatal("mio_waker_new");
	set_signals(on_signal);

	listen_on(&proxy, argv[1]);
	serve(&proxy);

	/*
	 * Nothing is left to be woken.  The waker stays: on Windows the
	 * handler's thread may not have returned from it yet.
	 */
	set_signals(SIG_IGN);
	while (proxy.relays != NULL)
		relay_close(&proxy, proxy.relays);
	sweep(&proxy);
	if (proxy.is_waiting && mio_source_close(&proxy.waiting) == -1)
		warning("close");
	if (mio_source_close(&proxy.listener) == -1)
		warning("close");
	mio_poller_free(proxy.poller);
	return 0;
}
