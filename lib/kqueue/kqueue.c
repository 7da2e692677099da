/*
 * kqueue(2): FreeBSD, DragonFly, NetBSD, OpenBSD, macOS, iOS.
 *
 * The only state is the descriptor: a knote's udata holds the token, and the
 * source's reg is the poller.  A lock is held while knotes are changed, and not
 * during a wait.  A source has a knote for each direction, so the events of one
 * source are merged within a batch (contract 5).
 *
 * What it relies on:
 *
 *  - close(2) removes the knotes of its descriptor, even if a duplicate of the
 *    descriptor is open.
 *
 * What it works around, beside what knotes.c works around:
 *
 *  - EVFILT_WRITE with EV_EOF also reports the program's own shutdown (KQ-6).
 *  - One of a pipe's two filters reports a hang-up: merge_pipe_ends().
 *  - NetBSD hangs if the count of events is large: 128 at most (KQ-10).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <string.h>

#include "kqueue.h"
#include "sock.h"
#include "timeout.h"

#define BATCH		128	/* events at a time */

/* mio_event.native: the flags of kevent(2), and these for the filter. */
#define NATIVE_READ	0x00010000u
#define NATIVE_WRITE	0x00020000u
#define NATIVE_EXCEPT	0x00040000u
#define NATIVE_AIO	0x00080000u
#define NATIVE_LIO	0x00100000u
#define NATIVE_BROKEN	0x00200000u

#if defined EVFILT_EXCEPT && defined NOTE_OOB
#define PRIORITIES	MIO_PRIORITY
#else
#define PRIORITIES	0u
#endif
#ifdef EVFILT_AIO
#define AIOS		MIO_AIO
#else
#define AIOS		0u
#endif
#ifdef EVFILT_LIO
#define LIOS		MIO_LIO
#else
#define LIOS		0u
#endif

const size_t mio_sel_size = sizeof(struct kqueue_poller);
const char mio_sel_name[] = "kqueue";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | PRIORITIES | AIOS | LIOS;

const struct mio_bit_name mio_sel_native[] = {
	{ NATIVE_READ,		"READ" },
	{ NATIVE_WRITE,		"WRITE" },
	{ NATIVE_EXCEPT,	"EXCEPT" },
	{ NATIVE_AIO,		"AIO" },
	{ NATIVE_LIO,		"LIO" },
	{ NATIVE_BROKEN,	"BROKEN" },
	{ EV_EOF,		"EOF" },
	{ 0,			NULL }
};

#define mio_sel_closing mio_sel_closing	/* knotes.c */
#define mio_sel_fd mio_sel_fd
int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	*fd = mio_kqueue(poller)->kq;
	return 0;
}

/*
 * Edge-triggered, because each byte is an edge, and because NetBSD before 10
 * wakes only one of two waiting threads for a knote that is level-triggered,
 * and the other one never again.
 */
static int
add_channel(struct mio_poller *poller)
{
	struct kevent kev;
	int error;

	mio_kq_change(&kev, (uintptr_t)poller->channel_fd[0], EVFILT_READ,
	    EV_ADD | EV_CLEAR, 0, (mio_token)poller);
	if ((error = mio_kq_submit(poller, &kev, 1)) < 0)
		return error;
	return (int)-kev.data;
}

int
mio_sel_open(struct mio_poller *poller)
{
	struct kqueue_poller *kp = mio_kqueue(poller);
	int error;

	if ((error = pthread_mutex_init(&kp->lock, NULL)) != 0)
		return -error;
	if (!kp->user && (error = add_channel(poller)) < 0)
		(void)pthread_mutex_destroy(&kp->lock);	/* unused: not busy */
	return error;
}

#define mio_sel_destroy mio_sel_destroy
void
mio_sel_destroy(struct mio_poller *poller)
{
	/* In a forked child a thread that does not exist may hold the lock. */
	if (poller->birth == mio_generation)
		(void)pthread_mutex_destroy(&mio_kqueue(poller)->lock);
}

/* Converts a kevent to an event. */
static void
translate(const struct kevent *kev, struct mio_event *event)
{
	bool eof = (kev->flags & EV_EOF) != 0;

	event->token = (mio_token)kev->udata;
	event->native = kev->flags & EV_EOF;
	event->readiness = eof && kev->fflags != 0 ? MIO_ERROR : 0;
	switch (kev->filter) {
	case EVFILT_READ:
		event->native |= NATIVE_READ;
		event->readiness |= MIO_READABLE |
		    (eof ? MIO_READ_CLOSED : 0);
		break;
	case EVFILT_WRITE:
		event->native |= NATIVE_WRITE;
		event->readiness |= MIO_WRITABLE |
		    (eof ? MIO_WRITE_CLOSED : 0);
		break;
#if defined EVFILT_EXCEPT && defined NOTE_OOB
	case EVFILT_EXCEPT:
		event->native |= NATIVE_EXCEPT;
		event->readiness = (kev->fflags & NOTE_OOB) != 0 ?
		    MIO_PRIORITY : 0;
		break;
#endif
#ifdef EVFILT_AIO
	case EVFILT_AIO:
		/* EV_EOF adds no information here. */
		event->native = NATIVE_AIO;
		event->readiness = MIO_AIO;
		break;
#endif
#ifdef EVFILT_LIO
	case EVFILT_LIO:
		event->native = NATIVE_LIO;
		event->readiness = MIO_LIO;
		break;
#endif
	default:
		event->native |= NATIVE_BROKEN;
		event->readiness = MIO_WRITABLE | MIO_WRITE_CLOSED;
		break;
	}
}

/* The event's descriptor, or -1: the channel, and asynchronous I/O. */
static intptr_t
fd_of(const struct kevent *kev)
{
	switch (kev->filter) {
	case EVFILT_READ:
	case EVFILT_WRITE:
#if defined EVFILT_EXCEPT && defined NOTE_OOB
	case EVFILT_EXCEPT:
#endif
		return (intptr_t)kev->ident;
#ifdef EVFILT_USER
	case EVFILT_USER:
#endif
	case EVFILT_TIMER:
		return (intptr_t)kev->ident - 1;
	default:
		return -1;
	}
}

static bool
is_channel(const struct mio_poller *poller, const struct kevent *kev)
{
	return (mio_token)kev->udata == (mio_token)poller &&
	    fd_of(kev) == (mio_kqueue(poller)->user ? -1 :
	    poller->channel_fd[0]);
}

/*
 * Finds the event of a descriptor in a batch.  cells is an open hash that is
 * never more than half full.
 */
struct seen {
	uint8_t		cells[2 * BATCH];	/* an event's index + 1 */
	intptr_t	fds[BATCH];
};

/* The descriptor's event in the batch; or enters event n, and returns NULL. */
static struct mio_event *
find_or_add(struct seen *seen, intptr_t fd, struct mio_event *events, int n)
{
	size_t i = (size_t)fd % (2 * BATCH);

	for (; seen->cells[i] != 0; i = (i + 1) % (2 * BATCH)) {
		if (seen->fds[seen->cells[i] - 1] == fd)
			return &events[seen->cells[i] - 1];
	}
	seen->cells[i] = (uint8_t)(n + 1);
	seen->fds[n] = fd;
	return NULL;
}

/*
 * A pipe's hang-up is that of both directions, whichever knote reports it.
 * Both knotes may report it, so the first event disarms the other knotes of a
 * oneshot.  A oneshot has EV_CLEAR as well.  FreeBSD sets EV_ONESHOT beside
 * EV_EOF in every EVFILT_WRITE (KQ-3): an edge-triggered pipe is then taken for
 * a oneshot, and its end is not reported again by EVFILT_READ.
 */
static void
merge_pipe_ends(const struct mio_poller *poller, const struct kevent *kev,
    struct mio_event *event, unsigned int changes)
{
	const unsigned int flags = EV_CLEAR | EV_ONESHOT;
	bool hangup = (event->readiness & MIO_READ_CLOSED) != 0;
	bool oneshot = (kev->flags & flags) == flags &&
	    (hangup || kev->filter == EVFILT_WRITE);
	int pipe, saved = errno;

	if (!hangup && !oneshot)
		return;
	pipe = mio_fd_check((int)kev->ident);
	errno = saved;
	if (pipe <= 0)
		return;
	if ((kev->flags & EV_EOF) != 0)
		event->readiness |= MIO_READABLE | MIO_WRITABLE |
		    MIO_READ_CLOSED | MIO_WRITE_CLOSED;
	if (oneshot)
		mio_kq_disarm_pipe(poller, (int)kev->ident, kev->filter,
		    changes);
	else if ((kev->flags & EV_CLEAR) != 0)
		mio_kq_end_pipe(poller, (int)kev->ident, changes);
}

/*
 * Converts a batch of kevents, and merges those of one descriptor.  Returns
 * whether the channel was among them.
 */
static bool
collect(const struct mio_poller *poller, const struct kevent *raw, int ready,
    struct mio_event *events, int *n, unsigned int changes)
{
	struct mio_event *known, event;
	bool woken = false;
	struct seen seen;
	int i;

	memset(seen.cells, 0, sizeof(seen.cells));
	for (i = 0; i < ready; i++) {
		intptr_t fd = fd_of(&raw[i]);

		if (is_channel(poller, &raw[i])) {
			woken = true;
			continue;
		}
		translate(&raw[i], &event);
		if (event.readiness == 0 ||
		    ((event.native & NATIVE_BROKEN) != 0 &&
		    mio_kq_stale(poller, &raw[i], changes)))
			continue;
		merge_pipe_ends(poller, &raw[i], &event, changes);
		/* Requests of asynchronous I/O are never merged. */
		known = fd < 0 ? NULL : find_or_add(&seen, fd, events, *n);
		if (known != NULL) {
			known->readiness |= event.readiness;
			known->native |= event.native;
		} else {
			events[(*n)++] = event;
		}
	}
	return woken;
}

/*
 * Where kevent(2) is no cancellation point, a thread that is cancelled in it
 * gets EINTR.  A cancellation between this test and the call ends no wait
 * (mio_poll(3)).
 */
static void
test_cancellation(void)
{
#ifdef KEVENT_IS_NOT_CANCELLED
	pthread_testcancel();
#endif
}

static int
wait_raw(struct mio_poller *poller, struct kevent *raw, int room,
    int64_t timeout)
{
	struct timespec ts;
	int ready;

	if (timeout >= 0)
		mio_timespec(&ts, timeout);
	test_cancellation();
	ready = mio_kevent(poller, NULL, 0, raw,
	    (unsigned char)(room < BATCH ? room : BATCH),
	    timeout < 0 ? NULL : &ts);
	if (ready >= 0)
		return ready;
	if (errno == EINTR)
		test_cancellation();
	return -errno;
}

int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	bool pending = mio_wakers_pending(poller);
	int room = pending ? mio_source_room(poller, nevents) : nevents;
	unsigned int changes = mio_kq_changes(poller);
	struct kevent raw[BATCH];
	int n = 0, ready, error = 0;

	if (room == 0)
		return mio_wakers_take_only(poller, events, nevents);
	ready = wait_raw(poller, raw, room, pending ? 0 : timeout);
	if (ready < 0)
		return ready;
	if (collect(poller, raw, ready, events, &n, changes) || pending) {
		error = mio_channel_drain(poller);
		n += mio_wakers_take(poller, &events[n], nevents - n);
	}
	if (n == 0 && error < 0)
		return error;
	/* Another thread may have taken the pending wakers. */
	return n > 0 || (ready == 0 && !pending) ? n : MIO_RESUME;
}

#include "verbs.c"
