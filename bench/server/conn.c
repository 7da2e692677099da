/*
 * Reads and writes a connection on edge-triggered readiness: an event sets what
 * is ready, and only EAGAIN or a short read clears it.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "server.h"

enum step {
	STEP_MORE,			/* made progress; take another step */
	STEP_WAIT,			/* nothing to do until an event */
	STEP_OVER			/* the connection has ended */
};

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
		return STEP_OVER;	/* normal: a peer may close */
	default:
		warning(direction == READABLE ? "read" : "write");
		return STEP_OVER;
	}
}

/*
 * A short read has drained the stream, unless the event reported that the end
 * of file may have come with the data.
 */
static enum step
conn_read(struct conn *conn)
{
	size_t room = IN_MAX - conn->in_len;
	ssize_t n = loop_read(conn, conn->in + conn->in_len, room);

	if (n == -1)
		return conn_failed(conn, READABLE);
	if (n == 0)
		return STEP_OVER;
	if ((size_t)n < room && !conn->hint)
		conn->ready &= ~READABLE;
	/* Ignore what a client sends after its last request. */
	conn->in_len = conn->ending ? 0 : conn->in_len + (size_t)n;
	return STEP_MORE;
}

static enum step
conn_write(struct conn *conn)
{
	ssize_t n = loop_write(conn, conn->out, conn->out_len);

	if (n == -1)
		return conn_failed(conn, WRITABLE);
	conn->out += n;
	conn->out_len -= (size_t)n;
	return STEP_MORE;
}

/* Answers all that it can, then writes, then reads. */
static enum step
conn_step(struct conn *conn)
{
	if (conn->out_len == 0 && conn->in_len > 0)
		protocol(conn);
	if (conn->out_len > 0) {
		if ((conn->ready & WRITABLE) == 0)
			return STEP_WAIT;
		return conn_write(conn);
	}
	if (conn->ending && !conn->shut) {
		conn->shut = 1;
		if (loop_shutdown(conn) == -1)
			return STEP_OVER;
	}
	if ((conn->ready & READABLE) != 0)
		return conn_read(conn);
	return STEP_WAIT;
}

int
conn_event(struct conn *conn, unsigned int ready, int closed)
{
	enum step step;
	int turns = 0;

	conn->ready |= ready;
	conn->hint |= closed;
	do {
		step = conn_step(conn);
	} while (step == STEP_MORE && ++turns < TURNS);

	if (step == STEP_MORE && loop_rearm(conn) == -1)
		step = STEP_OVER;
	return step != STEP_OVER;
}
