/*
 * Waits and wakes that the kernel refuses.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "tap.h"
#include "util.h"
#include "wrap.h"

static struct mio_event events[4];

static const char *
wait_call(void)
{
	return on_selector("epoll") ? "epoll_wait" : "poll";
}

/* Errors of a wait are returned, and the next wait works. */
static void
waits(struct mio_poller *poller)
{
	static const int errors[] = { EINTR, ENOMEM, EINVAL };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		wrap_fail(wait_call(), 1, 1, errors[i]);
		fails(mio_poll(poller, events, 4, 0), errors[i],
		    "a wait fails with %s", strerror(errors[i]));
		is(wrap_heal(), 1, "it was made to");
		is(mio_poll(poller, events, 4, 0), 0, "the next one works");
	}
}

/* epoll_pwait2 missing, or forbidden: milliseconds from then on. */
static void
coarse(int error)
{
	struct mio_poller *poller = new_poller();
	long long before;

	wrap_reset();
	wrap_fail("epoll_pwait2", 1, -1, error);
	errno = 4711;
	before = msec();
	is(mio_poll(poller, events, 4, MIO_MSEC(1) + 1), 0,
	    "a wait without epoll_pwait2 (%s)", strerror(error));
	is(errno, 4711, "leaves errno alone");
	ok(msec() - before >= 1, "and is not too short");
	need(mio_poll(poller, events, 4, MIO_MSEC(1) + 1) == 0);
	ok(wrap_heal() <= 1, "it is not asked for again");
	mio_poller_free(poller);
}

/* A signal that fails is owed, and a later wake pays. */
static void
owed(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 8);

	need(waker != NULL);
	wrap_fail("write", 1, 2, ENOSPC);
	fails(mio_waker_wake(waker), ENOSPC, "a wake that the kernel refuses");
	fails(mio_waker_wake(waker), ENOSPC, "and the next, which tries again");
	is(wrap_heal(), 2, "both have tried");
	is(mio_waker_wake(waker), 0, "the third is let through");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "and delivered");
	is(events[0].token, 8, "once");
	is(quiet(poller), 0, "no more");
	is(mio_waker_wake(waker), 0, "a wake after that");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "is a new event");
	mio_waker_free(waker);
}

/* A channel that is full makes room. */
static void
full(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 9);

	need(waker != NULL);
	wrap_fail("write", 1, 1, EAGAIN);
	is(mio_waker_wake(waker), 0, "a wake through a full channel");
	is(wrap_heal(), 1, "it was full");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "is delivered");
	mio_waker_free(waker);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	waits(poller);
	coarse(ENOSYS);
	coarse(EPERM);
	owed(poller);
	full(poller);
	mio_poller_free(poller);
	return tap_done();
}
