/*
 * The servers that the benchmark compares: one protocol, one connection, and
 * a loop for each library.
 *
 * What a request costs besides the library is the same source, compiled with
 * the same flags for each: http.c and echo.c say what to answer, conn.c when to
 * read and to write, server.c how to begin.  A loop (raw.c, mio.c, libevent.c,
 * rust_mio.c) waits, and reads and writes as its library has it.  libuv
 * (libuv.c) reads by itself, so it stands beside conn.c on the same protocols.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <sys/types.h>

#include <stddef.h>

#define NEVENTS		512		/* where the caller says how many */
#define TURNS		16		/* reads and writes before others */
#define IN_MAX		65536
#define OUT_MAX		16384

#define READABLE	0x1u
#define WRITABLE	0x2u

/*
 * A connection, which begins a loop's own structure.  Nothing is read while
 * something waits to be written.  The buffers come behind that structure, so
 * what is looked at each time is in a cache line or two.
 */
struct conn {
	unsigned int	 ready;		/* READABLE, WRITABLE */
	int		 hint;		/* the end may come with data */
	int		 ending;	/* takes no more requests */
	int		 shut;		/* our side has been ended */
	size_t		 in_len;
	const char	*out;		/* out_len bytes still to be written */
	size_t		 out_len;
	char		*in;
	char		*answers;
};

/*
 * Looks at the bytes in conn->in: sets out and out_len if there is something
 * to say, and takes away from in what was understood.
 */
typedef void take_fn(struct conn *conn);

extern take_fn *protocol;

take_fn http_take;
take_fn echo_take;

/* Allocates a loop's structure of this size, with buffers behind it. */
void *conn_new(size_t size);

/*
 * Works off an event.  1: the connection goes on; 0: it has ended, and the
 * loop frees it.
 */
int conn_event(struct conn *conn, unsigned int ready, int closed);

/* What a loop does for conn.c: as read(2) and its kin, errno included. */
ssize_t loop_read(struct conn *conn, void *buf, size_t size);
ssize_t loop_write(struct conn *conn, const void *buf, size_t size);
int loop_shutdown(struct conn *conn);
int loop_rearm(struct conn *conn);	/* reports anew what is ready */

/* Serves, until a signal ends the process; the listener doesn't block. */
void loop(int listener);
extern const char loop_name[];

void warning(const char *what);
void fatal(const char *what);
void nodelay(int fd);

#endif
