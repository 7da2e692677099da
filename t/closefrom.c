/*
 * A program that closes all descriptors, as closefrom(3) does, also closes
 * those of a poller.  Calls on the poller must fail with EBADF: they must
 * neither abort nor loop, even if other files have the numbers by then.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#define FDS	64	/* more than the test opens */

static struct mio_poller *poller;
static struct mio_waker *waker;
static struct mio_source source;

static void
close_all_but(int kept)
{
	int fd;

	for (fd = 3; fd < FDS; fd++) {
		if (fd != kept)
			(void)close(fd);	/* most are not open */
	}
}

static void
close_all(void)
{
	close_all_but(-1);
}

static void
open_all(void)
{
	struct mio_source peer;

	poller = new_poller();
	waker = mio_waker_new(poller, 1);
	need(waker != NULL);
	unix_pair(&source, &peer);
	reg(poller, &source, 2, MIO_READABLE);
}

/* Frees the memory.  Descriptors that are closed already do no harm. */
static void
free_all(void)
{
	need(mio_source_release(&source) >= 0);
	mio_waker_free(waker);
	mio_poller_free(poller);
}

/* A kernel may report a file that is no selector in its own way. */
static bool
fails_so(int result)
{
	return result < 0 && (errno == EBADF || errno == EINVAL);
}

static void
closed(void)
{
	struct mio_event events[4];
	int i;

	open_all();
	close_all();
	for (i = 0; i < 2; i++) {
		fails(mio_waker_wake(waker), EBADF, "closed: a wake");
		fails(mio_poll(poller, events, 4, 0), EBADF,
		    "closed: mio_poll without a wait");
		fails(mio_poll(poller, events, 4, MIO_MSEC(10)), EBADF,
		    "closed: a finite wait");
		fails(mio_poll(poller, events, 1, MIO_FOREVER), EBADF,
		    "closed: an infinite wait");
	}
	is(mio_poller_set_spin(poller, MIO_MSEC(1)), 0, "spinning");
	fails(mio_poll(poller, events, 4, MIO_FOREVER), EBADF,
	    "closed: a wait that spins");
	free_all();
}

/* Woken, so that the wait looks at the channel in any case. */
static void
woken(void)
{
	struct mio_event events[4];

	open_all();
	is(mio_waker_wake(waker), 0, "a wake");
	close_all();
	fails(mio_poll(poller, events, 4, MIO_FOREVER), EBADF,
	    "closed with a wake pending: an infinite wait");
	free_all();
}

/*
 * A selector with a descriptor of its own still works if only the channel is
 * closed.
 */
static void
no_channel(void)
{
	struct mio_event events[4];
	int fd;

	open_all();
	if ((fd = mio_poller_fd(poller)) < 0)
		close_all();
	else
		close_all_but(fd);
	if (mio_waker_wake(waker) < 0)
		is(errno, EBADF, "the channel is closed: a wake");
	else
		ok(fd >= 0, "the selector needs no other descriptor to wake");
	if (fd < 0)
		fails(mio_poll(poller, events, 4, 0), EBADF,
		    "and mio_poll");
	else
		ok(mio_poll(poller, events, 4, 0) >= 0, "mio_poll still works");
	free_all();
	close_all();
}

/* Gives all numbers to a file that is always ready, and can only be read. */
static void
reused(const char *path, const char *what)
{
	struct mio_event events[4];

	open_all();
	close_all();
	while (open(path, O_RDONLY) < FDS - 1)
		continue;
	fails(mio_waker_wake(waker), EBADF, "%s: a wake", what);
	ok(fails_so(mio_poll(poller, events, 4, MIO_MSEC(10))),
	    "%s: a finite wait", what);
	ok(fails_so(mio_poll(poller, events, 4, MIO_FOREVER)),
	    "%s: an infinite wait", what);
	free_all();
	close_all();
}

int
main(void)
{
	tap_start();
	closed();
	woken();
	no_channel();
	reused("/dev/null", "an empty file has the numbers");
	reused("/", "a directory has the numbers");
	return tap_done();
}
