/*
 * Contract 12: cancelling a thread inside mio_poll() loses no event, and
 * leaves the poller usable.
 *
 * The kernel hands out an edge once.  A C library that cancels a thread whose
 * system call has already succeeded (glibc 2.36 does: its bug 12683) discards
 * that edge, and no library can get it back.  So if an edge is lost on epoll,
 * the test checks whether the C library loses the result of a read(2) in the
 * same way, and if it does, the assertion is skipped.
 */
#include "config.h"

#ifdef HAVE_PTHREAD_SETCANCELSTATE

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "compat/atomic.h"
#include "lib/tap.h"
#include "lib/util.h"

struct waiter {
	struct mio_poller	*poller;
	unsigned int		 there;
	unsigned int		 ended;
	int			 n;
	struct mio_event	 event;
};

static void
has_ended(void *arg)
{
	struct waiter *waiter = arg;

	atomic_put(&waiter->ended, 1);
}

static void *
wait_for_ever(void *arg)
{
	struct waiter *waiter = arg;
	struct mio_event event = { 0, 0, 0 };
	int n;

	atomic_put(&waiter->there, 1);
	pthread_cleanup_push(has_ended, waiter);
	n = mio_poll(waiter->poller, &event, 1, MIO_FOREVER);
	waiter->n = n;
	waiter->event = event;
	pthread_cleanup_pop(1);
	return NULL;
}

static pthread_t
start_waiter(struct waiter *waiter, struct mio_poller *poller)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->poller = poller;
	return start_thread(wait_for_ever, waiter);
}

/*
 * Waits a little, so that the cancellation comes before, during or after the
 * system call.
 */
static void
linger(const struct waiter *waiter, int i)
{
	volatile int spin;

	while (!atomic_get(&waiter->there))
		sched_yield();
	for (spin = 0; spin < i % 50 * 400; spin++)
		continue;
}

static int
rounds(void)
{
	return 1000 / tap_slow() + 10;
}

/*
 * Where the system call is no cancellation point, a cancellation just before it
 * is acted on when the wait ends: mio_poll(3).
 */
static bool
may_be_late(void)
{
#if defined KEVENT_IS_NOT_CANCELLED || defined HAVE_PORT_CREATE
	return on_selector("kqueue") || on_selector("port");
#else
	return false;
#endif
}

static bool
ends_soon(struct waiter *waiter)
{
	long long end = msec() + (may_be_late() ? 20 : 5000) * tap_slow();

	while (!atomic_get(&waiter->ended) && msec() < end)
		sched_yield();
	return atomic_get(&waiter->ended);
}

static void
idle(struct mio_poller *poller)
{
	int i, wrong = 0, alive = 0, late = 0;
	bool cancelled, soon;
	struct mio_source a, b;
	struct waiter waiter;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	for (i = 0; i < rounds(); i++) {
		pthread_t thread = start_waiter(&waiter, poller);

		linger(&waiter, i);
		need(pthread_cancel(thread) == 0);
		if (!(soon = ends_soon(&waiter))) {
			late++;
			put_text(&b, "x");
		}
		cancelled = join_thread(thread) == PTHREAD_CANCELED;
		alive += soon && !cancelled;
		if (soon)
			put_text(&b, "x");
		wrong += cancelled ? wait_token(poller, 1, MIO_READABLE) !=
		    MIO_READABLE : waiter.n != 1;
		wrong += drain(&a) != 1;
	}
	tap_diag("cancelled late: %d of %d", late, i);
	ok(may_be_late() ? late < i : late == 0,
	    "a wait ends when it is cancelled");
	is(alive, 0, "cancelled in an idle wait");
	is(wrong, 0, "cancelled in an idle wait: the poller works");
	close_source(&a);
	close_source(&b);
}

/* The event meets the cancellation; one of the two threads must see it. */
struct race {
	struct mio_poller	*poller;
	struct mio_source	 a, b;
	struct mio_waker	*waker;
	unsigned int		 interest;
};

static void
provoke(struct race *race)
{
	if (race->waker != NULL)
		need(mio_waker_wake(race->waker) == 0);
	else
		put_text(&race->b, "x");
}

static bool
one_race(struct race *race, int i)
{
	struct mio_event event = { 0, 0, 0 };
	struct waiter waiter;
	pthread_t thread = start_waiter(&waiter, race->poller);
	bool seen;

	linger(&waiter, i);
	provoke(race);
	if (i % 3 == 1)
		sched_yield();
	need(pthread_cancel(thread) == 0);
	/*
	 * A thread that returned from mio_poll() has seen the event.  It may
	 * still be cancelled afterwards: with a sanitizer, when it ends.
	 */
	if (join_thread(thread) != PTHREAD_CANCELED || waiter.n != 0)
		seen = waiter.n == 1 && waiter.event.token == 2;
	else
		seen = mio_poll(race->poller, &event, 1,
		    MIO_MSEC(1000) * tap_slow()) == 1 && event.token == 2;
	if (race->waker == NULL)
		need(drain(&race->a) == 1);
	return seen;
}

static int
races(struct mio_poller *poller, unsigned int interest)
{
	struct race race;
	int i, lost = 0;

	memset(&race, 0, sizeof(race));
	race.poller = poller;
	if (interest == 0) {
		need((race.waker = mio_waker_new(poller, 2)) != NULL);
	} else {
		unix_pair(&race.a, &race.b);
		reg(poller, &race.a, 2, interest);
	}
	for (i = 0; i < rounds() && lost == 0; i++)
		lost += !one_race(&race, i);
	mio_waker_free(race.waker);
	if (interest != 0) {
		close_source(&race.a);
		close_source(&race.b);
	}
	return lost;
}

struct reader {
	int		fd;
	unsigned int	there;
	ssize_t		n;
};

static void *
read_byte(void *arg)
{
	struct reader *reader = arg;
	char byte;

	atomic_put(&reader->there, 1);
	reader->n = read(reader->fd, &byte, 1);
	return NULL;
}

/* A cancelled read(2) must not consume the byte. */
static bool
libc_loses_byte(struct mio_source *a, struct mio_source *b)
{
	struct reader reader = { mio_source_fd(a), 0, 0 };
	pthread_t thread = start_thread(read_byte, &reader);

	while (!atomic_get(&reader.there))
		sched_yield();
	sched_yield();
	put_text(b, "x");
	need(pthread_cancel(thread) == 0);
	if (join_thread(thread) != PTHREAD_CANCELED)
		return false;
	need(mio_source_set_nonblocking(a, 1) == 0);
	if (drain(a) == 0)
		return true;
	need(mio_source_set_nonblocking(a, 0) == 0);
	return false;
}

static bool
libc_loses(void)
{
	long long end = msec() + 25000 * tap_slow();
	struct mio_source a, b;
	bool lost = false;

	unix_pair(&a, &b);
	need(mio_source_set_nonblocking(&a, 0) == 0);
	while (!lost && msec() < end)
		lost = libc_loses_byte(&a, &b);
	close_source(&a);
	close_source(&b);
	return lost;
}

static void
edges(struct mio_poller *poller)
{
	int lost = races(poller, MIO_READABLE);

	if (lost > 0 && on_selector("epoll") && libc_loses())
		tap_skip(1, "this C library cancels system calls that have "
		    "done their work, and with them edges");
	else
		is(lost, 0, "cancelled while an edge came: nothing is lost");
}

struct registrar {
	struct mio_poller	*poller;
	struct mio_source	*source;
	int			 changes;
};

/* Changes registrations while a cancellation is pending. */
static void *
change(void *arg)
{
	struct registrar *registrar = arg;
	struct mio_poller *poller = registrar->poller;
	struct mio_source *source = registrar->source;

	need(pthread_cancel(pthread_self()) == 0);
	reg(poller, source, 1, MIO_READABLE);
	registrar->changes++;
	rereg(poller, source, 1, MIO_READABLE | MIO_WRITABLE);
	registrar->changes++;
	dereg(poller, source);
	registrar->changes++;
	pthread_testcancel();
	return NULL;
}

static void
changes(struct mio_poller *poller)
{
	struct mio_source a, b;
	struct registrar registrar = { poller, &a, 0 };

	unix_pair(&a, &b);
	ok(join_thread(start_thread(change, &registrar)) == PTHREAD_CANCELED,
	    "a thread that changes registrations is cancelled");
	is(registrar.changes, 3, "but in none of the changes");
	close_source(&a);
	close_source(&b);
}

/* Closes a source while a cancellation is pending. */
static void *
close_it(void *arg)
{
	need(pthread_cancel(pthread_self()) == 0);
	(void)mio_source_close(arg);
	pthread_testcancel();
	return NULL;
}

/*
 * Whether a cancelled close(2) has closed the descriptor is unspecified, so a
 * cleanup handler must not find it in the source.
 */
static void
closing(void)
{
	struct mio_source a, b;
	mio_fd fd;

	unix_pair(&a, &b);
	fd = mio_source_fd(&a);
	ok(join_thread(start_thread(close_it, &a)) == PTHREAD_CANCELED,
	    "a thread that closes a source is cancelled");
	fails(mio_source_fd(&a), EBADF, "and the source is empty");
	(void)close(fd);	/* it may be closed already */
	close_source(&b);
}

static void *
wait_in_poll(void *arg)
{
	(void)poll(NULL, 0, -1);
	return arg;
}

/* Some emulators crash at any cancellation, with or without libmio. */
static bool
cancel_works(void)
{
	int status;
	pid_t pid;

	need((pid = fork()) >= 0);
	if (pid == 0) {
		pthread_t thread = start_thread(wait_in_poll, NULL);

		sleep_msec(20);
		need(pthread_cancel(thread) == 0);
		_exit(join_thread(thread) != PTHREAD_CANCELED);
	}
	need(waitpid(pid, &status, 0) == pid);
	return status == 0;
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	if (!cancel_works())
		return tap_skip_all("cancelling a thread in poll(2) kills the "
		    "process: an emulator's defect");
	poller = new_poller();
	idle(poller);
	is(races(poller, MIO_READABLE | MIO_LEVEL), 0,
	    "cancelled while a level event came: nothing is lost");
	is(races(poller, 0), 0,
	    "cancelled while a wake came: nothing is lost");
	edges(poller);
	changes(poller);
	closing();
	mio_poller_free(poller);
	return tap_done();
}

#else

#include "lib/tap.h"

int
main(void)
{
	return tap_skip_all("this system has no thread cancellation");
}

#endif
