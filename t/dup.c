/*
 * EPOLL-4 and POLL-2: checks what happens when duplicated or inherited
 * descriptors are closed with mio_source_close(), after deregistering, or with
 * close(2) directly.
 */
#include "config.h"

#ifndef _WIN32
#include <sys/wait.h>
#endif

#include <errno.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static int
dup_of(const struct mio_source *source)
{
	int fd = dup(mio_source_fd(source));

	need(fd >= 0);
	return fd;
}

static void
closed_by_us(struct mio_poller *poller)
{
	struct mio_source a, b;
	int copy;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	copy = dup_of(&a);
	put_text(&b, "x");
	close_source(&a);
	is(quiet(poller), 0,
	    "dup'd, then closed by mio_source_close: silence");
	put_text(&b, "y");
	is(quiet(poller), 0, "dup'd, then closed: silence for new data too");
	need(close(copy) == 0);
	close_source(&b);
}

static void
deregistered(struct mio_poller *poller)
{
	struct mio_source a, b;
	int copy;

	unix_pair(&a, &b);
	reg(poller, &a, 2, MIO_READABLE);
	copy = dup_of(&a);
	dereg(poller, &a);
	need(close(mio_source_release(&a)) == 0);
	put_text(&b, "x");
	is(quiet(poller), 0, "dup'd, deregistered, closed: silence");
	need(close(copy) == 0);
	close_source(&b);
}

/*
 * The known bug itself: the behaviour depends on the selector, and is
 * documented.
 */
static void
duplicated_closed_directly(struct mio_poller *poller)
{
	struct mio_source a, b;
	int copy, fd;

	unix_pair(&a, &b);
	reg(poller, &a, 3, MIO_READABLE);
	copy = dup_of(&a);
	need(close(mio_source_fd(&a)) == 0);
	put_text(&b, "x");
	if (on_selector("epoll")) {
		ok(comes(poller, 3, MIO_READABLE),
		    "dup'd, then close(2): an event, as documented");
		fails(mio_deregister(poller, &a), EBADF,
		    "deregistering fails with EBADF");
	} else {
		is(quiet(poller), 0,
		    "dup'd, then close(2): silence, as documented");
		ok(mio_deregister(poller, &a) == 0 || errno == EBADF,
		    "and it is deregistered");
	}
	fails(mio_deregister(poller, &a), ENOENT,
	    "unregistered in either case");
	fd = mio_source_release(&a);
	ok(fd >= 0, "and released");
	close_source(&b);
	need(close(copy) == 0);
	is(quiet(poller), 0, "all copies closed: silence");
}

/* Without a copy, the kernel or libmio drops the registration. */
static void
closed_directly(struct mio_poller *poller)
{
	struct mio_source a, b, c, d;
	int result;

	unix_pair(&a, &b);
	unix_pair(&c, &d);
	reg(poller, &a, 4, MIO_READABLE);
	reg(poller, &c, 5, MIO_READABLE);
	need(close(mio_source_fd(&a)) == 0);
	is(spins(poller), 0, "closed with close(2): silence");
	put_text(&d, "x");
	ok(comes(poller, 5, MIO_READABLE),
	    "and other sources still have events");
	result = mio_deregister(poller, &a);
	ok(result == 0 || errno == EBADF || errno == ENOENT,
	    "deregistering succeeds, or fails as documented");
	fails(mio_reregister(poller, &a, 4, MIO_READABLE), ENOENT,
	    "it is deregistered");
	fails(mio_source_close(&a), EBADF, "mio_source_close fails with EBADF");
	fails(mio_source_fd(&a), EBADF, "and empties the source");
	close_source(&b);
	close_source(&c);
	close_source(&d);
}

/* The same for a pipe that had no reader when it was registered. */
static void
broken_closed_directly(struct mio_poller *poller)
{
	struct mio_source a, b;

	pipe_pair(&a, &b);
	close_source(&a);
	reg(poller, &b, 6, MIO_WRITABLE | MIO_LEVEL);
	ok(wait_token(poller, 6, MIO_WRITABLE) & MIO_WRITABLE,
	    "a broken pipe: writable");
	need(close(mio_source_fd(&b)) == 0);
	is(quiet(poller), 0, "closed with close(2): silence");
	(void)mio_deregister(poller, &b);	/* as above */
	need(mio_source_release(&b) >= 0);
}

/* close(2) without a deregistration, then mio_source_close(). */
static void
close_after_close(struct mio_poller *poller)
{
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 6, MIO_READABLE);
	need(close(mio_source_fd(&a)) == 0);
	fails(mio_source_close(&a), EBADF,
	    "closed with close(2), then mio_source_close: EBADF");
	is(quiet(poller), 0, "and silence");
	close_source(&b);
}

/*
 * The same with mio_source_release(), which succeeds, and so leaves errno
 * alone.
 */
static void
release_after_close(struct mio_poller *poller)
{
	struct mio_source a, b;
	mio_fd fd;

	unix_pair(&a, &b);
	reg(poller, &a, 6, MIO_READABLE);
	fd = mio_source_fd(&a);
	need(close(fd) == 0);
	errno = 0;
	is(mio_source_release(&a), fd, "closed with close(2), then released");
	is(errno, 0, "errno is left alone");
	is(quiet(poller), 0, "and silence");
	close_source(&b);
}

/* Each copy may be a source by itself. */
static void
two_copies(struct mio_poller *poller)
{
	struct mio_event events[4];
	struct mio_source a, b, copy;

	unix_pair(&a, &b);
	need(mio_source_from_fd(&copy, dup_of(&a)) == 0);
	reg(poller, &a, 7, MIO_READABLE);
	reg(poller, &copy, 8, MIO_READABLE);
	put_text(&b, "x");
	is(poll_now(poller, events, 4), 2, "two copies: two events");
	is(events[0].token + events[1].token, 15, "of both tokens");
	close_source(&a);
	drain(&copy);
	put_text(&b, "y");
	is(poll_now(poller, events, 4), 1, "one closed: one event");
	is(events[0].token, 8, "of the other");
	close_source(&copy);
	close_source(&b);
}

/* A child holds copies of all descriptors while the parent closes its own. */
static void
inherited(struct mio_poller *poller)
{
#ifdef _WIN32
	(void)poller;
	tap_skip(4, "Windows: there is no fork");
#else
	struct mio_source a, b;
	int hold[2], status;
	char byte;
	pid_t pid;

	unix_pair(&a, &b);
	need(pipe(hold) == 0);
	reg(poller, &a, 9, MIO_READABLE);
	need((pid = fork()) >= 0);
	if (pid == 0) {
		(void)close(hold[1]);
		/* Wait until the parent closes its end. */
		_exit(read(hold[0], &byte, 1) != 0);
	}
	close_source(&a);
	put_text(&b, "x");
	is(quiet(poller), 0, "inherited, then closed: silence");
	close_source(&b);
	unix_pair(&a, &b);
	reg(poller, &a, 10, MIO_READABLE);
	put_text(&b, "x");
	ok(comes(poller, 10, MIO_READABLE), "and the poller works");
	need(close(hold[1]) == 0);
	need(waitpid(pid, &status, 0) == pid);
	is(status, 0, "the child kept its copy open until then");
	is(quiet(poller), 0, "the end of the child is no event");
	need(close(hold[0]) == 0);
	close_source(&a);
	close_source(&b);
#endif
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	closed_by_us(poller);
	deregistered(poller);
	duplicated_closed_directly(poller);
	closed_directly(poller);
	broken_closed_directly(poller);
	close_after_close(poller);
	release_after_close(poller);
	two_copies(poller);
	inherited(poller);
	mio_poller_free(poller);
	return tap_done();
}
