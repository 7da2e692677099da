/*
 * Checks pipes: their data and edges, and what each end reports when the other
 * is closed.
 */
#include "config.h"

#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

static void
new_pipe(struct mio_source *reader, struct mio_source *writer)
{
	need(mio_pipe_new(reader, writer, 0) == 0);
}

static void
carries(void)
{
	char one[] = "one", two[] = "two", buf[8], rest[8];
	struct iovec out[2] = { { one, 3 }, { two, 3 } };
	struct iovec in[2] = { { buf, 4 }, { rest, 8 } };
	struct mio_source reader, writer;

	is(mio_pipe_new(&reader, &writer, 0), 0, "mio_pipe_new");
	reg(poller, &reader, 1, MIO_READABLE);
	reg(poller, &writer, 2, MIO_WRITABLE);
	ok(comes(poller, 2, MIO_WRITABLE), "the writer is writable");
	is(quiet(poller), 0, "the reader isn't readable");
	is(mio_source_writev(&writer, out, 2), 6, "writev");
	ok(comes(poller, 1, MIO_READABLE), "the reader is readable");
	is(mio_source_readv(&reader, in, 2), 6, "readv");
	ok(memcmp(buf, "onet", 4) == 0 && memcmp(rest, "wo", 2) == 0,
	    "the data is what was written");
	fails(mio_source_read(&reader, buf, sizeof(buf)), EAGAIN, "drained");
	if (pipes_go_both_ways()) {
		is(mio_source_write(&reader, "x", 1), 1,
		    "the reader can be written here");
		is(mio_source_read(&writer, buf, 1), 1,
		    "and the writer can be read");
	} else {
		fails(mio_source_write(&reader, "x", 1), EBADF,
		    "the reader can't be written");
		fails(mio_source_read(&writer, buf, 1), EBADF,
		    "the writer can't be read");
	}
	close_source(&reader);
	close_source(&writer);
}

/*
 * A oneshot source stays silent after its event, even if the other end closes.
 */
static void
oneshot_ends(void)
{
	struct mio_source reader, writer;
	struct mio_event event;

	new_pipe(&reader, &writer);
	reg(poller, &writer, 1, MIO_WRITABLE | MIO_ONESHOT);
	ok(wait_token(poller, 1, MIO_WRITABLE) & MIO_WRITABLE,
	    "oneshot: writable");
	close_source(&reader);
	is(quiet(poller), 0, "oneshot: silent when the reader closes");
	rereg(poller, &writer, 2,
	    MIO_READABLE | MIO_WRITABLE | MIO_ONESHOT);
	is(mio_poll(poller, &event, 1, PATIENCE), 1, "oneshot: one event");
	is(quiet(poller), 0, "oneshot: and no other for end of file");
	close_source(&writer);
}

static void
edges(void)
{
	struct mio_source reader, writer;
	size_t n;

	new_pipe(&reader, &writer);
	reg(poller, &reader, 1, MIO_READABLE);
	reg(poller, &writer, 2, MIO_WRITABLE);
	need(comes(poller, 2, MIO_WRITABLE));
	n = fill(&writer);
	ok(n > 0, "filled with %zu bytes", n);
	ok(comes(poller, 1, MIO_READABLE), "full: readable");
	is(quiet(poller), 0, "full: silence");
	is(drain(&reader), n, "drained of as many");
	ok(comes(poller, 2, MIO_WRITABLE), "drained: writable again");
	is(quiet(poller), 0, "drained: silence");
	put_text(&writer, "x");
	ok(comes(poller, 1, MIO_READABLE), "then a byte: readable again");
	close_source(&reader);
	close_source(&writer);
}

static void
writer_closes(void)
{
	struct mio_source reader, writer;
	char buf[8];

	new_pipe(&reader, &writer);
	reg(poller, &reader, 1, MIO_READABLE);
	put_text(&writer, "last");
	close_source(&writer);
	ok(comes(poller, 1, MIO_READABLE), "closed: the reader is readable");
	is(mio_source_read(&reader, buf, sizeof(buf)), 4,
	    "the data is read first");
	is(mio_source_read(&reader, buf, sizeof(buf)), 0, "then end of file");
	ok(spins(poller) <= 2, "after end of file: no spinning");
	is(mio_source_read(&reader, buf, sizeof(buf)), 0, "still end of file");
	close_source(&reader);
}

/* Reads of 0 raise no events: a loop that reads once an event would spin. */
static int
events_at_end(const struct mio_source *reader)
{
	struct mio_event event;
	char byte;
	int i, n = 0;

	for (i = 0; i < 10; i++) {
		need(mio_source_read(reader, &byte, 1) == 0);
		n += poll_now(poller, &event, 1);
	}
	return n;
}

static void
end_comes_once(void)
{
	struct mio_source reader, writer;

	new_pipe(&reader, &writer);
	reg(poller, &reader, 1, MIO_READABLE);
	close_source(&writer);
	ok(comes(poller, 1, MIO_READABLE), "closed without data: readable");
	is(events_at_end(&reader), 0, "reads of 0: no events");
	rereg(poller, &reader, 2, MIO_READABLE);
	ok(comes(poller, 2, MIO_READABLE), "reregistered: the end again");
	is(events_at_end(&reader), 0, "and no events of reads");
	rereg(poller, &reader, 3, MIO_READABLE | MIO_LEVEL);
	ok(comes(poller, 3, MIO_READABLE), "level: the end");
	ok(comes(poller, 3, MIO_READABLE), "level: the end each time");
	rereg(poller, &reader, 4, MIO_READABLE | MIO_ONESHOT);
	ok(comes(poller, 4, MIO_READABLE), "oneshot: the end");
	is(events_at_end(&reader), 0, "oneshot: once");
	dereg(poller, &reader);
	close_source(&reader);
}

static void
reader_closes(void)
{
	struct mio_source reader, writer;

	new_pipe(&reader, &writer);
	reg(poller, &writer, 2, MIO_WRITABLE);
	need(comes(poller, 2, MIO_WRITABLE));
	(void)fill(&writer);
	is(quiet(poller), 0, "a full pipe isn't writable");
	close_source(&reader);
	ok(comes(poller, 2, MIO_WRITABLE), "closed: the writer is writable");
	fails(mio_source_write(&writer, "x", 1), EPIPE, "no more writes");
	ok(spins(poller) <= 2, "after EPIPE: no spinning");
	is(mio_deregister(poller, &writer), 0,
	    "deregistered after the reader closed");
	close_source(&writer);
}

/* A pipe has no urgent data, but MIO_PRIORITY must not be refused for it. */
static void
urgent(void)
{
	unsigned int interest = MIO_READABLE | MIO_PRIORITY;
	struct mio_source reader, writer;

	new_pipe(&reader, &writer);
	if (mio_register(poller, &reader, 1, interest) == 0) {
		put_text(&writer, "x");
		is(wait_token(poller, 1, MIO_READABLE), MIO_READABLE,
		    "registered for priority as well: readable");
	} else
		is(errno, ENOTSUP, "this selector doesn't support priority");
	close_source(&reader);
	close_source(&writer);
}

/* A child's standard descriptors need blocking mode. */
static void
blocking(void)
{
	struct mio_source reader, writer;
	int fd;

	new_pipe(&reader, &writer);
	fd = mio_source_fd(&reader);
	ok(fcntl(fd, F_GETFL) & O_NONBLOCK, "non-blocking");
	is(mio_source_set_nonblocking(&reader, 0), 0, "made blocking");
	is(fcntl(fd, F_GETFL) & O_NONBLOCK, 0, "is blocking");
	ok(fcntl(mio_source_fd(&writer), F_GETFL) & O_NONBLOCK,
	    "the other end is still non-blocking");
	close_source(&reader);
	close_source(&writer);
}

/* Ends that are released and adopted again. */
static void
raw(void)
{
	struct mio_source reader, writer;
	char byte;

	new_pipe(&reader, &writer);
	need(mio_source_from_fd(&reader, mio_source_release(&reader)) == 0);
	reg(poller, &reader, 1, MIO_READABLE);
	put_text(&writer, "x");
	ok(comes(poller, 1, MIO_READABLE), "an adopted reader");
	is(drain(&reader), 1, "reads");
	need(read(mio_source_fd(&reader), &byte, 1) < 0 && errno == EAGAIN);
	is(mio_source_would_block(&reader, MIO_READABLE), 0, "would_block");
	put_text(&writer, "y");
	ok(comes(poller, 1, MIO_READABLE),
	    "after would_block: a new event");
	close_source(&reader);
	close_source(&writer);
}

static void
misuse(void)
{
	struct mio_source a, b;

	fails(mio_pipe_new(NULL, &b, 0), EINVAL, "no reader");
	fails(mio_pipe_new(&a, NULL, 0), EINVAL, "no writer");
	fails(mio_pipe_new(&a, &a, 0), EINVAL, "one source for both");
	fails(mio_pipe_new(&a, &b, 1), EINVAL, "an unknown flag");
	fails(mio_source_close(&a), EBADF, "which leaves the reader empty");
	fails(mio_source_close(&b), EBADF, "and the writer");
	new_pipe(&a, &b);
	fails(mio_source_take_error(&a), ENOTSOCK,
	    "a pipe has no pending error");
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	tap_start();
	/*
	 * A write to a pipe without a reader raises SIGPIPE: see
	 * mio_pipe_new(3).
	 */
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	poller = new_poller();
	carries();
	edges();
	oneshot_ends();
	writer_closes();
	end_comes_once();
	reader_closes();
	urgent();
	blocking();
	raw();
	misuse();
	mio_poller_free(poller);
	return tap_done();
}
