/*
 * The operations that move data or shut down, and their effects in the model.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/uio.h>

#include <errno.h>
#include <unistd.h>

#include "model.h"
#include "ops.h"

#define STREAM_PIECE	16384	/* more than a buffer has room for */
#define DGRAM_PIECE	512
#define UDP_MOST	4	/* it never blocks */

static bool
is_stream(const struct end *end)
{
	return end->kind != KIND_UDP && end->kind != KIND_DGRAM;
}

/*
 * From now on the fill level of these TCP buffers depends on acknowledgements.
 */
static void
becomes_vague(struct walk *walk, const struct end *end)
{
	int i;

	for (i = 0; i < SLOTS && end->kind == KIND_TCP; i++) {
		if (walk->ends[i].connection == end->connection)
			walk->ends[i].vague = true;
	}
}

/*
 * After a short count the selector may check the source again, except for a
 * datagram; but foreign sources are taken for streams.  An error of a datagram
 * is such a reason as well.  The check finds end of file, too.
 */
static void
may_be_rechecked(struct end *end, unsigned int direction)
{
	end->activity |= direction;
	end->hangup = BOTH;
}

/* Applies the result of an operation on an end: n, or -1 and errno. */
static void
io_done(struct walk *walk, struct end *end, unsigned int direction,
    mio_ssize n, size_t wanted)
{
	int error = n < 0 ? errno : 0;

	if (direction == MIO_WRITABLE && (n < (mio_ssize)wanted ||
	    wanted > DGRAM_PIECE))
		becomes_vague(walk, end);
	if (!end->vague)
		note(walk, "%s: %ld %d", direction == MIO_READABLE ? "read" :
		    "write", (long)n, error);
	if (n > 0) {
		has_moved(walk, end, direction);
		has_stirred(walk, end, BOTH & ~direction);
		if ((is_stream(end) || end->foreign) &&
		    n < (mio_ssize)wanted)
			may_be_rechecked(end, direction);
		/* This counts as EAGAIN: mio_register(3), CAVEATS. */
		if (is_stream(end) && direction == MIO_WRITABLE &&
		    n < (mio_ssize)wanted) {
			got_eagain(end, direction);
			is_blocked(walk, end);
		}
	} else if (error == EAGAIN) {
		got_eagain(end, direction);
		if (direction == MIO_WRITABLE)
			is_blocked(walk, end);
		/* Linux notifies a pipe's reader even of a write that fails. */
		if (end->kind == KIND_PIPE)
			has_stirred(walk, end, BOTH & ~direction);
	} else if (error != 0 && error != EBADF && error != EPIPE) {
		has_moved(walk, end, BOTH);
		if (!is_stream(end)) {
			may_be_rechecked(end, direction);
			has_ended(walk, end, false);
		}
	}
}

static bool
is_connected(const struct end *end)
{
	return end->kind != KIND_NONE && end->kind != KIND_LISTENER;
}

static void
do_read(struct walk *walk, struct end *end, size_t size)
{
	char buf[STREAM_PIECE];
	mio_ssize n;

	n = mio_source_read(source(end), buf, size);
	io_done(walk, end, MIO_READABLE, n, size);
}

/*
 * Datagrams that will be refused are not sent on Windows: Wine's sockets
 * differ there.
 */
static bool
is_refused(const struct walk *walk, const struct end *end)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side != end->side)
			return false;
	}
	return end->kind == KIND_UDP && on_selector("afd");
}

static void
do_write(struct walk *walk, struct end *end, size_t size)
{
	static const char buf[STREAM_PIECE];
	mio_ssize n;

	if (is_refused(walk, end))
		return;
	if (!is_stream(end) && size > DGRAM_PIECE)
		size = DGRAM_PIECE;
	n = mio_source_write(source(end), buf, size);
	io_done(walk, end, MIO_WRITABLE, n, size);
}

static void
do_readv(struct walk *walk, struct end *end, size_t size)
{
	char buf[STREAM_PIECE];
	struct mio_iovec iov[2];
	mio_ssize n;

	iov[0].iov_base = buf;
	iov[0].iov_len = size / 2;
	iov[1].iov_base = buf + size / 2;
	iov[1].iov_len = size - size / 2;
	n = mio_source_readv(source(end), iov, 2);
	io_done(walk, end, MIO_READABLE, n, size);
}

static void
do_writev(struct walk *walk, struct end *end, size_t size)
{
	static char buf[STREAM_PIECE];
	struct mio_iovec iov[2];
	mio_ssize n;

	if (is_refused(walk, end))
		return;
	iov[0].iov_base = buf;
	iov[0].iov_len = size / 2;
	iov[1].iov_base = buf + size / 2;
	iov[1].iov_len = size - size / 2;
	n = mio_source_writev(source(end), iov, 2);
	io_done(walk, end, MIO_WRITABLE, n, size);
}

static void
call_would_block(struct walk *walk, struct end *end, unsigned int direction)
{
	if (mio_source_would_block(source(end), direction) != 0)
		fault(walk, FAULT_RESULT, "would_block: errno %d", errno);
}

/* Reads until EAGAIN, end of file or an error; raw: without the library. */
static void
drain_end(struct walk *walk, struct end *end, bool raw)
{
	char buf[STREAM_PIECE];
	mio_ssize n;

	do {
		n = raw ? read(mio_source_fd(source(end)), buf, sizeof(buf)) :
		    mio_source_read(source(end), buf, sizeof(buf));
		io_done(walk, end, MIO_READABLE, n, sizeof(buf));
	} while (n > 0);
	if (raw && n < 0 && errno == EAGAIN)
		call_would_block(walk, end, MIO_READABLE);
}

static void
fill_end(struct walk *walk, struct end *end, bool raw)
{
	static const char buf[STREAM_PIECE];
	size_t size = is_stream(end) ? STREAM_PIECE : DGRAM_PIECE;
	int most = end->kind == KIND_UDP ? UDP_MOST : 1000;
	mio_ssize n;

	if (is_refused(walk, end))
		return;
	do {
		n = raw ? write(mio_source_fd(source(end)), buf, size) :
		    mio_source_write(source(end), buf, size);
		io_done(walk, end, MIO_WRITABLE, n, size);
	} while (n > 0 && --most > 0);
	if (raw && n < 0 && errno == EAGAIN)
		call_would_block(walk, end, MIO_WRITABLE);
}

static void
do_take_error(struct walk *walk, struct end *end)
{
	int result = mio_source_take_error(source(end));

	if (!end->vague)
		note(walk, "error: %d", result < 0 ? errno : 0);
	if (result < 0) {
		has_moved(walk, end, BOTH);
		if (!is_stream(end))
			may_be_rechecked(end, MIO_READABLE);
	}
}

static void
is_shut(struct walk *walk, const struct end *end)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection)
			walk->ends[i].shut = true;
	}
}

/* Writes of this side fail with EPIPE from now on. */
static void
takes_no_more(struct walk *walk, const struct end *end, int side)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side == side)
			walk->ends[i].refuses = true;
	}
}

/* The other side's ends that are full now. */
static void
peers_are_blocked(struct walk *walk, const struct end *end)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side != end->side &&
		    (truth(&walk->ends[i]) & MIO_WRITABLE) == 0)
			walk->ends[i].blocked = true;
	}
}

static void
do_shutdown(struct walk *walk, struct end *end, int how)
{
	int result;

	if (how != MIO_SHUT_WR)
		peers_are_blocked(walk, end);
	if (end->kind == KIND_TCP)
		result = mio_tcp_shutdown(source(end), how);
	else if (end->kind == KIND_UNIX)
		result = mio_unix_shutdown(source(end), how);
	else
		return;
	if (!end->vague)
		note(walk, "shutdown: %d", result < 0 ? errno : 0);
	has_ended(walk, end, end->shut || how == MIO_SHUT_RDWR);
	is_shut(walk, end);
	if (how != MIO_SHUT_RD)
		takes_no_more(walk, end, end->side);
	if (how != MIO_SHUT_WR)
		takes_no_more(walk, end, !end->side);
}

void
step_of_data(struct walk *walk, struct end *end, const struct op *op)
{
	if (!is_connected(end))
		return;
	switch (op->code) {
	case OP_WRITE: case OP_WRITE_MUCH:
		do_write(walk, end, op->arg);
		break;
	case OP_WRITEV:
		do_writev(walk, end, op->arg);
		break;
	case OP_FILL: case OP_RAW_FILL:
		fill_end(walk, end, op->code == OP_RAW_FILL);
		break;
	case OP_READ: case OP_READ_MUCH:
		do_read(walk, end, op->arg);
		break;
	case OP_READV:
		do_readv(walk, end, op->arg);
		break;
	case OP_DRAIN: case OP_RAW_DRAIN:
		drain_end(walk, end, op->code == OP_RAW_DRAIN);
		break;
	case OP_TAKE_ERROR:
		do_take_error(walk, end);
		break;
	case OP_SHUTDOWN:
		do_shutdown(walk, end, op->arg);
		break;
	default:
		break;
	}
}
