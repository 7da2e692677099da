/*
 * Checks foreign descriptors, mio_source_release(), blocking mode, and
 * mio_source_would_block().
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

static void
pipes(void)
{
	struct mio_source reader, writer;
	char buf[8];

	pipe_pair(&reader, &writer);
	reg(poller, &reader, 1, MIO_READABLE);
	reg(poller, &writer, 2, MIO_WRITABLE);
	ok(comes(poller, 2, MIO_WRITABLE), "a pipe is writable");
	is(mio_source_write(&writer, "abc", 3), 3, "write");
	ok(comes(poller, 1, MIO_READABLE), "a pipe is readable");
	is(mio_source_read(&reader, buf, sizeof(buf)), 3, "read");
	close_source(&reader);
	close_source(&writer);
}

/* The sequence that every selector has to support: event, EAGAIN, event. */
static void
would_block(void)
{
	struct mio_source a, b, foreign;
	char buf[8];
	int i;

	tcp_pair(&a, &b);
	need(mio_source_from_fd(&foreign, mio_source_release(&a)) == 0);
	reg(poller, &foreign, 3, MIO_READABLE);
	for (i = 0; i < 3; i++) {
		put_text(&b, "x");
		ok(comes(poller, 3, MIO_READABLE), "round %d: event", i);
		need(recv(mio_source_fd(&foreign), buf, 1, 0) == 1);
		need(recv(mio_source_fd(&foreign), buf, 1, 0) == -1 &&
		    errno == EAGAIN);
		is(mio_source_would_block(&foreign, MIO_READABLE), 0,
		    "round %d: would_block", i);
		is(quiet(poller), 0, "round %d: quiet", i);
	}
	is(mio_source_would_block(&foreign, MIO_READABLE | MIO_WRITABLE |
	    MIO_PRIORITY), 0, "all directions");
	is(quiet(poller), 0, "no event without interest");
	dereg(poller, &foreign);
	is(mio_source_would_block(&foreign, MIO_READABLE), 0,
	    "would_block of a source that isn't registered");
	close_source(&foreign);
	close_source(&b);
}

static void
releases(void)
{
	struct mio_source a, b, moved;
	int fd;

	tcp_pair(&a, &b);
	reg(poller, &a, 4, MIO_READABLE);
	moved = a;
	memset(&a, 0, sizeof(a));
	put_text(&b, "x");
	ok(comes(poller, 4, MIO_READABLE), "a source that was moved");
	is(drain(&moved), 1, "still works");
	fd = mio_source_release(&moved);
	ok(fd >= 0, "release");
	fails(mio_source_fd(&moved), EBADF, "which leaves the source empty");
	put_text(&b, "y");
	is(quiet(poller), 0, "and deregistered");
	need(mio_source_from_fd(&a, fd) == 0);
	reg(poller, &a, 5, MIO_READABLE);
	ok(comes(poller, 5, MIO_READABLE), "the descriptor is still open");
	close_source(&a);
	close_source(&b);
}

static void
nonblocking(void)
{
	struct mio_source a, b;
	int fds[2];

	need(pipe(fds) == 0);
	need(mio_source_from_fd(&a, fds[0]) == 0);
	need(mio_source_from_fd(&b, fds[1]) == 0);
	is(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0, "from_fd changes no mode");
	is(mio_source_set_nonblocking(&a, 1), 0, "set");
	ok(fcntl(fds[0], F_GETFL) & O_NONBLOCK, "is set");
	is(mio_source_set_nonblocking(&a, 1), 0, "set again");
	is(mio_source_set_nonblocking(&a, 0), 0, "clear");
	is(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0, "is cleared");
	close_source(&a);
	close_source(&b);
}

/* A terminal that isn't one of ours: the slave end of a pseudo-terminal. */
static void
terminal(void)
{
#ifdef _WIN32
	tap_skip(2, "Windows: no pseudo-terminals");
#else
	struct mio_source master;
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;

	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 ||
	    (slave = open(ptsname(fd), O_RDWR | O_NOCTTY)) < 0) {
		tap_skip(2, "no pseudo-terminals: %s", strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	need(mio_source_from_fd(&master, fd) == 0);
	need(mio_source_set_nonblocking(&master, 1) == 0);
	reg(poller, &master, 6, MIO_READABLE);
	is(quiet(poller), 0, "a terminal is quiet");
	need(write(slave, "x", 1) == 1);
	ok(comes(poller, 6, MIO_READABLE), "and readable");
	(void)close(slave);
	close_source(&master);
#endif
}

int
main(void)
{
	tap_start();
	poller = new_poller();
	pipes();
	would_block();
	releases();
	nonblocking();
	terminal();
	mio_poller_free(poller);
	return tap_done();
}
