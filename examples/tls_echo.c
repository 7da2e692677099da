/*
 * tls_echo: an echo server for TLS, with OpenSSL.
 *
 *	tls_echo certificate key [address:port]
 *
 * Both files are PEM; the default address is 127.0.0.1:0.  The server prints
 * "listening on ADDRESS:PORT".  To connect, run "openssl s_client -connect".
 *
 * The program shows how to use a library that does I/O on the descriptor:
 *
 * - The library reads and writes mio_source_fd().  When the library would
 *   block, the program calls mio_source_would_block(), because some selectors
 *   report the next event only after that call.
 * - The library may wait for either direction: a write may have to read first
 *   to finish a handshake.  So the program repeats its operation at any event.
 * - The library has a buffer of its own.  Events report the state of the
 *   socket, not of this buffer.  A connection that is not finished, but lets
 *   others go first, is therefore kept in a list instead of being left to
 *   mio_poll().
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

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
#define TURNS		16		/* reads and writes per event */
#define RETRY		MIO_MSEC(100)

/* The token of a connection is its address, which is never 0. */
#define TOKEN_LISTENER	((mio_token)0)

struct conn {
	struct mio_source source;
	struct conn	*next_busy;
	int		 busy;		/* in the list of busy connections */
	int		 eof;		/* the peer has closed its TLS side */
	SSL		*ssl;
	int		 head;		/* index of the first byte to write */
	int		 tail;		/* index after the last byte to write */
	char		 buf[16384];	/* the size of the largest TLS record */
};

struct server {
	struct mio_poller *poller;
	struct mio_source listener;
	SSL_CTX		*tls;
	struct conn	*busy;
	int		 full;		/* accept failed; retry later */
};

enum step {
	STEP_MORE,			/* something was done; step again */
	STEP_WAIT,			/* wait for an event */
	STEP_OVER			/* close the connection */
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

/* Handles the failure of an operation. */
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

/* Closes TLS, as the peer has done. */
static enum step
conn_shutdown(struct conn *conn)
{
	int n = SSL_shutdown(conn->ssl);

	return n >= 0 ? STEP_OVER : conn_failed(conn, n);
}

/* Does one operation.  The first read performs the handshake. */
static enum step
conn_step(struct conn *conn)
{
	ERR_clear_error();		/* old errors confuse SSL_get_error() */
	if (conn->head < conn->tail)
		return conn_write(conn);
	if (conn->eof)
		return conn_shutdown(conn);
	return conn_read(conn);
}

/* Frees a connection that is not in the busy list; see conn_run(). */
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

	/* run_busy() runs the connections in the list. */
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

/* Accepts until EAGAIN, or retries later, as tcp_echo.c does. */
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

	/* With port 0 the system has chosen the port. */
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
	/* Permit partial writes, and retries from another buffer. */
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
	/* mio_source_write() raises no SIGPIPE, but OpenSSL's own writes do. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		fatal("signal");
	server.tls = tls_new(argv[1], argv[2]);
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	listen_on(&server, argc == 4 ? argv[3] : "127.0.0.1:0");
	serve(&server);			/* until a signal ends the program */
}
