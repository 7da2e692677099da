/*
 * Contract 10 and SOCK-2: a write to a socket whose peer has closed fails with
 * EPIPE, and raises no signal.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

enum way { WRITE, WRITEV };

static mio_ssize
put(const struct mio_source *source, enum way way)
{
	static char text[] = "farewell";
	struct mio_iovec iov[2];

	if (way == WRITE)
		return mio_source_write(source, text, 8);
	iov[0].iov_base = text;
	iov[0].iov_len = 4;
	iov[1].iov_base = text + 4;
	iov[1].iov_len = 4;
	return mio_source_writev(source, iov, 2);
}

/* Writes until EPIPE: the first writes may succeed, or fail with ECONNRESET. */
static void
gone(struct mio_source *source, enum way way, const char *words)
{
	long long end = msec() + 10000 * tap_slow();
	mio_ssize n;

	while (((n = put(source, way)) >= 0 || errno == ECONNRESET) &&
	    msec() < end)
		sleep_msec(1);
	fails(n, EPIPE, "%s by %s: EPIPE", words,
	    way == WRITE ? "write" : "writev");
	close_source(source);
}

static void
made(enum way way)
{
	struct mio_source a, b;

	tcp_pair(&a, &b);
	close_source(&b);
	gone(&a, way, "libmio's stream, the peer closed,");
	tcp_pair(&a, &b);
	reset(&b);
	gone(&a, way, "libmio's stream, the peer reset,");
	tcp_pair(&a, &b);
	need(mio_tcp_shutdown(&a, MIO_SHUT_WR) == 0);
	gone(&a, way, "libmio's stream, shut down,");
	close_source(&b);
}

static void
foreign(enum way way)
{
	struct mio_source a, b, c;

	unix_pair(&a, &b);
	close_source(&b);
	gone(&a, way, "a foreign socket, the peer closed,");
	tcp_pair(&a, &b);
	need(mio_source_from_fd(&c, mio_source_release(&a)) == 0);
	close_source(&b);
	gone(&c, way, "a foreign TCP socket, the peer closed,");
}

/* A foreign descriptor that is no socket can be written, too. */
static void
no_socket(enum way way)
{
	struct mio_source reader, writer;
	char buf[16];

	pipe_pair(&reader, &writer);
	errno = 55;
	is(put(&writer, way), 8, "a foreign pipe is written");
	is(errno, 55, "and errno is left alone");
	is(mio_source_read(&reader, buf, sizeof(buf)), 8, "and read");
	close_source(&reader);
	close_source(&writer);
}

int
main(void)
{
	sigset_t pending;
	enum way way;

	tap_start();
	/* The parent process, such as make(1), may ignore SIGPIPE. */
	need(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	for (way = WRITE; way <= WRITEV; way++) {
		made(way);
		foreign(way);
		no_socket(way);
	}
	need(sigpending(&pending) == 0);
	is(sigismember(&pending, SIGPIPE), 0,
	    "writes to closed sockets raise no SIGPIPE");
	return tap_done();
}
