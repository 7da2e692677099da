/*
 * tcp_proxy: forwards connections to another address.
 *
 *	tcp_proxy address:port target:port
 *
 * The proxy listens on the first address, prints "listening on ADDRESS:PORT",
 * and connects each client to the second address.  The proxy runs until SIGINT
 * or SIGTERM.
 *
 * In addition to tcp_echo.c this program shows:
 *
 * - Back-pressure in both directions.  While one side does not read the bytes
 *   in its buffer, nothing is read from the other side; memory does not grow.
 * - Half-closes.  When one side shuts down writing, the proxy shuts down
 *   writing to the other side, and the opposite direction stays open.
 * - Completing a connection.  A connection in progress is like any other,
 *   except that its first event is followed by the steps of mio_tcp_listen(3).
 * - Resets.  A reset ends both connections, after the bytes that can still be
 *   forwarded.
 * - A shortage of descriptors.  A client needs two descriptors.  If only one
 *   is left, the accepted client waits.
 * - Two sources that end together.  The array may hold an event of the second
 *   source, so both are closed at once, but freed after all events of the
 *   array have been handled.
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

#define NEVENTS		256
#define TURNS		16		/* reads and writes per event */
#define RETRY		MIO_MSEC(100)

/* The token of a side is its address, which is none of these. */
#define TOKEN_LISTENER	((mio_token)0)
#define TOKEN_SIGNAL	((mio_token)1)

/* One end of a relay, and the bytes that must be written to this end. */
struct side {
	struct mio_source source;
	struct relay	*relay;
	struct side	*peer;
	unsigned int	 ready;		/* MIO_READABLE, MIO_WRITABLE */
	int		 connecting;
	int		 eof;		/* end of file has been read */
	int		 shut;		/* writing has been shut down */
	int		 error;		/* an event has reported an error */
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
	char		 buf[65536];
};

struct relay {
	struct side	 client;
	struct side	 target;
	struct relay	*next;
	struct relay	**link;		/* the pointer to this structure */
};

struct proxy {
	struct mio_poller *poller;
	struct mio_source listener;
	struct mio_source waiting;	/* accepted, but not connected */
	int		 is_waiting;
	struct sockaddr_storage target;
	mio_socklen	 target_len;
	struct relay	*relays;
	struct relay	*closed;	/* to be freed after this array */
	int		 full;		/* accept failed; retry later */
};

enum step {
	STEP_MORE,			/* something was done; step again */
	STEP_WAIT,			/* wait for an event */
	STEP_OVER			/* close the relay */
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

/* Handles a failed read or write.  A reset ends both connections. */
static enum step
side_failed(struct side *side, unsigned int direction)
{
	if (errno == EAGAIN)
		side->ready &= ~direction;
	return errno == EAGAIN || errno == EINTR ? STEP_MORE : STEP_OVER;
}

/* Reads from this side into the buffer of its peer. */
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

/* Does one read, write or shutdown in the direction of this side's peer. */
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

/* Registers or reregisters a side, for both directions. */
static int
side_register(struct proxy *proxy, struct side *side,
    int (*how)(struct mio_poller *, struct mio_source *, mio_token,
    unsigned int))
{
	return how(proxy->poller, &side->source, (mio_token)side,
	    MIO_READABLE | MIO_WRITABLE);
}

/* Continues later after TURNS steps, as tcp_echo.c does. */
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

/*
 * Completes a connection by the steps of mio_tcp_listen(3).  If the event came
 * too early, the side stays "connecting" and requests the next event.
 */
static int
side_connected(struct side *side)
{
	struct sockaddr_storage addr;
	mio_socklen addrlen = sizeof(addr);

	if (mio_source_take_error(&side->source) == -1)
		return -1;
	if (mio_source_peer_addr(&side->source, (struct sockaddr *)&addr,
	    &addrlen) == 0) {
		side->connecting = 0;
		return 0;
	}
	if (errno != ENOTCONN || side->error)
		return -1;
	side->ready = 0;
	return mio_source_would_block(&side->source,
	    MIO_READABLE | MIO_WRITABLE);
}

static void
side_event(struct proxy *proxy, const struct mio_event *event)
{
	struct side *side = (struct side *)event->token;

	if (side->relay->link == NULL)
		return;			/* closed by an earlier event */
	side->ready |= event->readiness & (MIO_READABLE | MIO_WRITABLE);
	if (mio_event_is_error(event))
		side->error = 1;
	if (side->connecting && (side->ready & MIO_WRITABLE) != 0 &&
	    side_connected(side) == -1) {
		warning("connect");
		relay_close(proxy, side->relay);
		return;
	}
	relay_run(proxy, side->relay);
}

/* Initializes a side.  The buffer is not cleared, which would cost time. */
static void
side_init(struct side *side, struct relay *relay, struct side *peer)
{
	side->relay = relay;
	side->peer = peer;
	side->ready = 0;
	side->connecting = side->eof = side->shut = side->error = 0;
	side->head = side->tail = 0;
}

/* Connects the accepted client with the target. */
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

/* Returns whether the error may disappear when other connections end. */
static int
is_shortage(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM;
}

/* Serves another client, or the one that waits.  Returns -1 on failure. */
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

/* Accepts until EAGAIN, or retries later, as tcp_echo.c does. */
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

/* Serves until a signal arrives. */
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

	/* With port 0 the system has chosen the port. */
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
	 * The waker is not freed: on Windows the thread of the handler may
	 * still be in mio_waker_wake().
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
