/*
 * tls_echo: an echo server that speaks TLS, by OpenSSL.
 *
 *	tls_echo certificate key [address:port]
 *
 * Both files are PEM; the default address is 127.0.0.1:0.  It prints
 * "listening on ADDRESS:PORT".  Talk to it with "openssl s_client -connect".
 *
 * How to use a library that reads and writes the descriptor itself:
 *
 * - It works on mio_source_fd(), and when it says that it would block,
 *   mio_source_would_block() passes that on: some selectors learn there what
 *   to report next.
 * - Either direction may be what it waits for: a write may have to read first,
 *   to finish a handshake.  So any event makes us try again what we were at.
 * - It has a buffer of its own.  An event says what the socket holds, not what
 *   the library does, so a connection that isn't done but has to let others
 *   go first is kept in a list, and not left to mio_poll().
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* for compilers held to -std=c99 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <mio.h>

#define NEVENTS		256
#define TURNS		16		/* reads and writes before others */
#define RETRY		MIO_MSEC(100)

/* A connection's token is its address, which is never this. */
#define TOKEN_LISTENER	((mio_token)0)

struct conn {
	struct mio_source source;
	struct conn	*next_busy;
	int		 busy;		/* in the list of those not done */
	int		 eof;		/* the peer has said goodbye */
	SSL		*ssl;
	int		 head;		/* buf[head] to buf[tail - 1] is */
	int		 tail;		/* still to be written */
	char		 buf[16384];	/* what a TLS record holds at most */
};

struct server {
	struct mio_poller *poller;
	struct mio_source listener;
	SSL_CTX		*tls;
	struct conn	*busy;
	int		 full;		/* accept failed; clients may wait */
};

enum step {
	STEP_MORE,			/* something was done; go on */
	STEP_WAIT,			/* nothing to do until an event */
	STEP_OVER			/* the connection has ended */
};

static void
warning(const char *what)
{
	fprintf(stderr, "tls_echo: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

static void
tls_fatal(const char *what)
{
	fprintf(stderr, "tls_echo: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* After an operation that didn't succeed. */
static enum step
conn_failed(struct conn *conn, int result)
{
	unsigned int direction;

	switch (SSL_get_error(conn->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		direction = MIO_READABLE;
		break;
	case SSL_ERROR_WANT_WRITE:
		direction = MIO_WRITABLE;
		break;
	case SSL_ERROR_ZERO_RETURN:
		conn->eof = 1;
		return STEP_MORE;
	default:
		return STEP_OVER;	/* reset, cut off, or not TLS */
	}
	if (mio_source_would_block(&conn->source, direction) == -1) {
		warning("mio_source_would_block");
		return STEP_OVER;
	}
	return STEP_WAIT;
}

static enum step
conn_write(struct conn *conn)
{
	int n = SSL_write(conn->ssl, conn->buf + conn->head,
	    conn->tail - conn->head);

	if (n <= 0)
		return conn_failed(conn, n);
	conn->head += n;
	if (conn->head == conn->tail)
		conn->head = conn->tail = 0;
	return STEP_MORE;
}

static enum step
conn_read(struct conn *conn)
{
	int n = SSL_read(conn->ssl, conn->buf, sizeof(conn->buf));

	if (n <= 0)
		return conn_failed(conn, n);
	conn->tail = n;
	return STEP_MORE;
}

/* Says goodbye, as the peer has done. */
static enum step
conn_shutdown(struct conn *conn)
{
	int n = SSL_shutdown(conn->ssl);

	return n >= 0 ? STEP_OVER : conn_failed(conn, n);
}

/* The first read does the handshake. */
static enum step
conn_step(struct conn *conn)
{
	ERR_clear_error();		/* or an old one would be taken for new */
	if (conn->head < conn->tail)
		return conn_write(conn);
	if (conn->eof)
		return conn_shutdown(conn);
	return conn_read(conn);
}

/* Who is in the list of the busy isn't freed: see conn_run(). */
static void
conn_free(struct conn *conn)
{
	SSL_free(conn->ssl);
	if (mio_source_close(&conn->source) == -1)
		warning("close");
	free(conn);
}

static void
conn_run(struct server *server, struct conn *conn)
{
	enum step step;
	int turns = 0;

	/* Its turn comes when the list is worked off. */
	if (conn->busy)
		return;
	do {
		step = conn_step(conn);
	} while (step == STEP_MORE && ++turns < TURNS);

	if (step == STEP_OVER) {
		conn_free(conn);
	} else if (step == STEP_MORE) {
		conn->busy = 1;
		conn->next_busy = server->busy;
		server->busy = conn;
	}
}

static void
run_busy(struct server *server)
{
	struct conn *conn, *list = server->busy;

	server->busy = NULL;
	while ((conn = list) != NULL) {
		list = conn->next_busy;
		conn->busy = 0;
		conn_run(server, conn);
	}
}

/* Takes over a connected stream.  A source may be moved by assignment. */
static void
conn_new(struct server *server, struct mio_source *stream)
{
	struct conn *conn = malloc(sizeof(*conn));
	SSL *ssl = SSL_new(server->tls);

	if (conn == NULL || ssl == NULL ||
	    SSL_set_fd(ssl, mio_source_fd(stream)) != 1) {
		fprintf(stderr, "tls_echo: no memory for a connection\n");
		SSL_free(ssl);
		free(conn);
		if (mio_source_close(stream) == -1)
			warning("close");
		return;
	}
	SSL_set_accept_state(ssl);
	conn->source = *stream;
	conn->ssl = ssl;
	conn->busy = conn->eof = 0;
	conn->head = conn->tail = 0;
	if (mio_register(server->poller, &conn->source, (mio_token)conn,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_register");
		conn_free(conn);
	}
}

/* As in tcp_echo.c: until EAGAIN, and again later if there is no room. */
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
	int64_t timeout;
	int i, n;

	for (;;) {
		timeout = server->busy != NULL ? 0 :
		    server->full ? RETRY : MIO_FOREVER;
		n = mio_poll(server->poller, events, NEVENTS, timeout);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_LISTENER)
				accept_clients(server);
			else
				conn_run(server,
				    (struct conn *)events[i].token);
		}
		if (server->full)
			accept_clients(server);
		run_busy(server);
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

static SSL_CTX *
tls_new(const char *certificate, const char *key)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls,
	    certificate) != 1)
		tls_fatal(certificate);
	if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		tls_fatal(key);
	/* What was written in part needn't be offered again from its place. */
	(void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return tls;
}

int
main(int argc, char *argv[])
{
	struct server server = { 0 };

	if (argc != 3 && argc != 4) {
		fprintf(stderr,
		    "usage: tls_echo certificate key [address:port]\n");
		return 1;
	}
	/* mio_source_write() raises none, but OpenSSL writes by itself. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		fatal("signal");
	server.tls = tls_new(argv[1], argv[2]);
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	listen_on(&server, argc == 4 ? argv[3] : "127.0.0.1:0");
	serve(&server);			/* until a signal ends the program */
}
