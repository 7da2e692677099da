/*
 * The servers that the benchmark compares: one protocol, one connection, and
 * a loop for each library.
 *
 * Except for the library, the servers have the same source, compiled with the
 * same flags: http.c and echo.c make the answers, conn.c decides when to read
 * and to write, and server.c starts.  A loop (raw.c, mio.c, libevent.c,
 * rust_mio.c) waits, and reads and writes with its library.  libuv reads by
 * itself, so libuv.c takes the place of conn.c, with the same protocols.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <sys/types.h>

#include <stddef.h>

#define NEVENTS		512		/* if the caller chooses the number */
#define TURNS		16		/* reads and writes before others */
#define IN_MAX		65536
#define OUT_MAX		16384

#define READABLE	0x1u
#define WRITABLE	0x2u

/*
 * A connection, which is the first member of a loop's own structure.  Nothing
 * is read while something waits to be written.  The buffers follow that
 * structure, so that the members used each time are in one or two cache lines.
 */
struct conn {
	unsigned int	 ready;		/* READABLE, WRITABLE */
	int		 hint;		/* end of file may come with data */
	int		 ending;	/* takes no more requests */
	int		 shut;		/* our direction is shut down */
	size_t		 in_len;
	const char	*out;		/* out_len bytes still to be written */
	size_t		 out_len;
	char		*in;
	char		*answers;
};

/*
 * Parses the bytes in conn->in: sets out and out_len if there is an answer, and
 * removes from "in" what was parsed.
 */
typedef void take_fn(struct conn *conn);

extern take_fn *protocol;

take_fn http_take;
take_fn echo_take;

/* Allocates a loop's structure of this size, with buffers behind it. */
void *conn_new(size_t size);

/*
 * Handles an event.  Returns 1 if the connection continues, and 0 if it has
 * ended and the loop must free it.
 */
int conn_event(struct conn *conn, unsigned int ready, int closed);

/* The calls of a loop for conn.c, like read(2) and so on, with errno. */
ssize_t loop_read(struct conn *conn, void *buf, size_t size);
ssize_t loop_write(struct conn *conn, const void *buf, size_t size);
int loop_shutdown(struct conn *conn);
int loop_rearm(struct conn *conn);	/* reports readiness again */

/* Serves until a signal ends the process; the listener is non-blocking. */
void loop(int listener);
extern const char loop_name[];

void warning(const char *what);
void fatal(const char *what);
void nodelay(int fd);

#endif
