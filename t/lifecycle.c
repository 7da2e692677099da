/*
 * LIFE-1: checks sources, wakers and pollers that are freed in any order,
 * moved sources, stale copies, and the errors of misuse.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

static void
registration_misuse(struct mio_poller *poller)
{
	struct mio_poller *other = new_poller();
	struct mio_source a, b;

	unix_pair(&a, &b);
	fails(mio_reregister(poller, &a, 1, BOTH), ENOENT,
	    "reregister of the unregistered: ENOENT");
	fails(mio_deregister(poller, &a), ENOENT,
	    "deregister of the unregistered: ENOENT");
	reg(poller, &a, 1, BOTH);
	fails(mio_register(poller, &a, 1, BOTH), EEXIST,
	    "double register: EEXIST");
	fails(mio_register(other, &a, 1, BOTH), EXDEV,
	    "register with a second poller: EXDEV");
	fails(mio_reregister(other, &a, 1, BOTH), EXDEV,
	    "reregister with a foreign poller: EXDEV");
	fails(mio_deregister(other, &a), EXDEV,
	    "deregister with a foreign poller: EXDEV");
	ok(comes(poller, 1, MIO_WRITABLE),
	    "and the registration is unchanged");
	is(quiet(other), 0, "the other poller has no event");
	dereg(poller, &a);
	fails(mio_deregister(poller, &a), ENOENT,
	    "double deregister: ENOENT");
	reg(other, &a, 2, BOTH);
	ok(comes(other, 2, MIO_WRITABLE),
	    "then registered with the other poller");
	close_source(&a);
	close_source(&b);
	mio_poller_free(other);
}

static void
arguments(struct mio_poller *poller)
{
	struct mio_event event;
	struct mio_source a, b, empty = { 0 };
	unsigned int bit;

	unix_pair(&a, &b);
	fails(mio_register(NULL, &a, 1, BOTH), EINVAL, "no poller");
	fails(mio_register(poller, NULL, 1, BOTH), EINVAL, "no source");
	fails(mio_register(poller, &empty, 1, BOTH), EBADF, "an empty source");
	fails(mio_register(poller, &a, 1, 0), EINVAL, "no interest");
	fails(mio_register(poller, &a, 1, MIO_LEVEL), EINVAL, "only a mode");
	fails(mio_register(poller, &a, 1, MIO_READABLE | MIO_ERROR), EINVAL,
	    "MIO_ERROR is not an interest");
	for (bit = 0x800; bit != 0; bit <<= 1) {
		if (mio_register(poller, &a, 1, MIO_READABLE | bit) != -1 ||
		    errno != EINVAL)
			break;
	}
	is(bit, 0, "unknown bits: EINVAL");
	fails(mio_register(poller, &a, (mio_token)poller, BOTH), EINVAL,
	    "a token that is reserved for the poller");
	fails(mio_reregister(NULL, &a, 1, BOTH), EINVAL, "no poller");
	fails(mio_reregister(poller, NULL, 1, BOTH), EINVAL, "no source");
	fails(mio_reregister(poller, &empty, 1, BOTH), EBADF, "empty");
	fails(mio_deregister(poller, NULL), EINVAL, "no source");
	fails(mio_deregister(poller, &empty), EBADF, "empty");
	reg(poller, &a, 1, MIO_READABLE);
	fails(mio_reregister(poller, &a, 1, 0), EINVAL, "no interest");
	fails(mio_reregister(poller, &a, 1, 0x8000), EINVAL, "unknown");
	fails(mio_poll(NULL, &event, 1, 0), EINVAL, "poll: no poller");
	fails(mio_poll(poller, NULL, 1, 0), EINVAL, "poll: no events");
	fails(mio_poll(poller, &event, 0, 0), EINVAL, "poll: no room");
	fails(mio_poll(poller, &event, -1, 0), EINVAL, "poll: negative room");
	errno = 66;
	rereg(poller, &a, UINTPTR_MAX, MIO_WRITABLE);
	is(mio_poll(poller, &event, 1, MIO_FOREVER), 1,
	    "the largest token: an event");
	ok(event.token == UINTPTR_MAX, "the largest token: reported");
	dereg(poller, &a);
	is(mio_poll(poller, &event, 1, 0), 0, "no event");
	is(errno, 66, "success leaves errno alone");
	close_source(&a);
	close_source(&b);
}

static void
files(struct mio_poller *poller, const char *self)
{
	struct mio_source source;
	int i;

	need(mio_source_from_fd(&source, open(self, O_RDONLY)) == 0);
	fails(mio_register(poller, &source, 1, MIO_READABLE), EPERM,
	    "a regular file: EPERM");
	close_source(&source);
	need(mio_source_from_fd(&source, open("/", O_RDONLY)) == 0);
	fails(mio_register(poller, &source, 1, MIO_READABLE), EPERM,
	    "a directory: EPERM");
	i = mio_source_release(&source);
	need(close(i) == 0);
	need(mio_source_from_fd(&source, i) == 0);
	fails(mio_register(poller, &source, 1, MIO_READABLE), EBADF,
	    "a descriptor that isn't open: EBADF");
	fails(mio_source_from_fd(&source, -1), EBADF, "a negative descriptor");
	fails(mio_source_fd(&source), EBADF, "which leaves the source empty");
}

static void
closing(struct mio_poller *poller)
{
	struct mio_source a, b;
	int fd;

	unix_pair(&a, &b);
	reg(poller, &a, 1, BOTH);
	is(mio_source_close(&a), 0, "close of a registered source");
	fails(mio_source_close(&a), EBADF, "double close: EBADF");
	fails(mio_register(poller, &a, 1, BOTH), EBADF, "closed: EBADF");
	is(quiet(poller), 0, "closed: no event");
	reg(poller, &b, 2, BOTH);
	fd = mio_source_fd(&b);
	is(mio_source_release(&b), fd, "release returns the descriptor");
	is(quiet(poller), 0, "released: no event");
	fails(mio_source_release(&b), EBADF, "double release: EBADF");
	ok(fcntl(fd, F_GETFD) >= 0, "and it is open");
	need(close(fd) == 0);
}

/*
 * LIFE-1: while handling the first event, the program closes the source of the
 * second.
 */
static void
closed_in_batch(struct mio_poller *poller)
{
	struct mio_event events[4];
	struct mio_source sources[2];
	mio_token first, second;

	unix_pair(&sources[0], &sources[1]);
	reg(poller, &sources[0], 0, MIO_WRITABLE);
	reg(poller, &sources[1], 1, MIO_WRITABLE);
	need(poll_now(poller, events, 4) == 2);
	first = events[0].token;
	second = 1 - first;
	close_source(&sources[second]);
	is(events[1].token, second,
	    "closed earlier in the same batch: its event is still there");
	fails(mio_source_write(&sources[second], "x", 1), EBADF,
	    "but writing to the empty source fails with EBADF");
	close_source(&sources[first]);
}

static void
handles(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_event event;
	struct mio_source a, b;

	unix_pair(&a, &b);
	ok(mio_poller_ref(poller) == poller, "ref is the same poller");
	mio_poller_free(poller);
	reg(poller, &a, 1, MIO_WRITABLE);
	is(mio_poll(poller, &event, 1, MIO_FOREVER), 1,
	    "one of two handles freed: it works");
	close_source(&a);
	close_source(&b);
	errno = 33;
	mio_poller_free(poller);
	mio_poller_free(NULL);
	is(errno, 33, "free keeps errno");
	errno = 0;
	ok(mio_poller_ref(NULL) == NULL && errno == EINVAL, "ref of NULL");
}

/*
 * Calls with a poller whose last handle is freed; a registered source still
 * holds the poller's memory.
 */
static void
closed_calls(struct mio_poller *poller, struct mio_source *source)
{
	struct mio_source a, b;
	struct mio_event event;

	unix_pair(&a, &b);
	fails(mio_poll(poller, &event, 1, 0), EBADF, "closed poller: poll");
	fails(mio_register(poller, &a, 1, BOTH), EBADF,
	    "closed poller: register");
	fails(mio_reregister(poller, source, 1, BOTH), EBADF,
	    "closed poller: reregister");
	fails(mio_poller_fd(poller), EBADF, "closed poller: poller_fd");
	fails(mio_poller_set_spin(poller, 0), EBADF, "closed poller: set_spin");
	errno = 0;
	ok(mio_poller_ref(poller) == NULL && errno == EBADF,
	    "closed poller: ref");
	errno = 0;
	ok(mio_waker_new(poller, 1) == NULL && errno == EBADF,
	    "closed poller: waker_new");
	is(mio_source_would_block(source, MIO_READABLE), 0,
	    "closed poller: would_block succeeds");
	close_source(&a);
	close_source(&b);
}

static void
poller_freed_first(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = mio_waker_new(poller, 9);
	struct mio_source a, b;
	int fds = count_fds();

	need(waker != NULL);
	unix_pair(&a, &b);
	reg(poller, &a, 1, BOTH);
	reg(poller, &b, 2, BOTH);
	mio_poller_free(poller);
	closed_calls(poller, &a);
	fails(mio_waker_wake(waker), EBADF, "closed poller: wake");
	put_text(&a, "x");
	is(drain(&b), 1, "closed poller: its sources can read and write");
	is(mio_deregister(poller, &a), 0, "closed poller: deregister succeeds");
	fails(mio_deregister(poller, &a), ENOENT,
	    "closed poller: deregister only once");
	is(mio_source_close(&b), 0, "closed poller: close succeeds");
	mio_waker_free(waker);
	poller = new_poller();
	reg(poller, &a, 3, BOTH);
	ok(comes(poller, 3, BOTH), "registered with a new poller");
	mio_poller_free(poller);
	close_source(&a);
	if (!ok(count_fds() < fds, "and all descriptors are closed"))
		tap_diag("%d of %d", count_fds(), fds);
}

static void
moving(struct mio_poller *poller)
{
	struct mio_source a, b, moved;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	memcpy(&moved, &a, sizeof(moved));
	memset(&a, 0, sizeof(a));
	put_text(&b, "x");
	ok(comes(poller, 1, MIO_READABLE), "a moved source: readable");
	is(drain(&moved), 1, "a moved source: read");
	put_text(&b, "y");
	ok(comes(poller, 1, MIO_READABLE), "a moved source: and re-armed");
	rereg(poller, &moved, 2, BOTH);
	ok(wait_token(poller, 2, BOTH) & MIO_WRITABLE,
	    "a moved source: reregistered");
	fails(mio_deregister(poller, &a), EBADF, "the old structure is empty");
	is(mio_deregister(poller, &moved), 0, "a moved source: deregistered");
	close_source(&moved);
	close_source(&b);
}

/*
 * Records are recycled through a list.  A stale copy of a source that was
 * deregistered must not re-arm the source that uses its record now.
 */
static void
stale_copy(struct mio_poller *poller)
{
	struct mio_source a, b, c, d, stale;

	unix_pair(&a, &b);
	unix_pair(&c, &d);
	reg(poller, &a, 1, MIO_READABLE);
	stale = a;
	dereg(poller, &a);
	put_text(&d, "x");
	reg(poller, &c, 2, MIO_READABLE);
	ok(comes(poller, 2, MIO_READABLE), "an event");
	is(mio_source_would_block(&stale, MIO_READABLE), 0, "a stale copy");
	is(quiet(poller), 0, "a stale copy re-arms nothing");
	close_source(&a);
	close_source(&b);
	close_source(&c);
	close_source(&d);
}

#define SOURCES	150	/* more than one chunk of records */

/* Closes sources before and after their poller, alternately. */
static void
one_life(int round)
{
	static struct mio_source sources[SOURCES];
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = mio_waker_new(poller, 1);
	struct mio_source a, b;
	int i;

	need(waker != NULL);
	unix_pair(&a, &b);
	for (i = 0; i < SOURCES; i++) {
		need(mio_source_from_fd(&sources[i], dup(mio_source_fd(&a))) ==
		    0);
		reg(poller, &sources[i], (mio_token)i, BOTH);
	}
	ok(comes(poller, SOURCES - 1, MIO_WRITABLE),
	    "the last of many sources");
	need(mio_waker_wake(waker) == 0);
	for (i = 0; i < SOURCES; i += round % 3 + 1)
		close_source(&sources[i]);
	if (round % 2 == 0)
		mio_waker_free(waker);
	mio_poller_free(poller);
	for (i = 0; i < SOURCES; i++) {
		if (i % (round % 3 + 1) != 0)
			close_source(&sources[i]);
	}
	if (round % 2 != 0)
		mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
}

static void
many_lives(void)
{
	int i, fds = count_fds();

	for (i = 0; i < 12; i++)
		one_life(i);
	is(count_fds(), fds,
	    "many pollers with sources: the descriptor count stays");
	for (i = 0; i < 1000 / tap_slow(); i++) {
		struct mio_poller *poller = new_poller();

		mio_waker_free(mio_waker_new(poller, 1));
		mio_poller_free(poller);
	}
	is(count_fds(), fds, "many pollers: the descriptor count stays");
}

int
main(int argc, char **argv)
{
	struct mio_poller *poller;
	int fds;

	(void)argc;
	tap_start();
	fds = count_fds();
	poller = new_poller();
	registration_misuse(poller);
	arguments(poller);
	files(poller, argv[0]);
	closing(poller);
	closed_in_batch(poller);
	moving(poller);
	stale_copy(poller);
	mio_poller_free(poller);
	handles();
	poller_freed_first();
	many_lives();
	is(count_fds(), fds, "no descriptor is left");
	return tap_done();
}
