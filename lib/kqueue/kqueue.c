/*
 * kqueue(2): FreeBSD, DragonFly, NetBSD, OpenBSD, macOS, iOS.
 *
 * No state but the descriptor: the token travels in a note's udata, the
 * source's reg is the poller, and no lock is ours.  A source has a note for
 * each direction, so events of one source are merged, batch by batch
 * (contract 5).
 *
 * What it relies on:
 *
 *  - Notes go with close(2) of their descriptor, also if a dup is open.
 *
 * What it works around, beside what knotes.c does:
 *
 *  - EVFILT_WRITE with EV_EOF also tells of one's own shutdown (KQ-6).
 *  - The end of a pipe is told by one of its two filters: look_at_pipe().
 *  - NetBSD hangs on a large count of events: 128 at most (KQ-10).
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
const bool mio_sel_learns = false;

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

int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	*fd = mio_kqueue(poller)->kq;
	return 0;
}

int
mio_sel_open(struct mio_poller *poller)
{
	struct kevent kev;
	int error;

	if (mio_kqueue(poller)->user)
		return 0;
	/* Level-triggered: a byte that nobody has read is a wake. */
	mio_kq_change(&kev, (uintptr_t)poller->wake_fd[0], EVFILT_READ, EV_ADD,
	    0, (mio_token)poller);
	if ((error = mio_kq_submit(poller, &kev, 1)) < 0)
		return error;
	return (int)-kev.data;
}

/* The channel closes the kqueue: wakes may still need it. */
void
mio_sel_close(struct mio_poller *poller)
{
	(void)poller;
}

void
mio_sel_destroy(struct mio_poller *poller)
{
	(void)poller;
}

void
mio_sel_forget(struct mio_poller *poller, const struct mio_source *source)
{
	(void)poller;
	(void)source;
}

/* The kernel has edges of its own. */
void
mio_sel_blocked(const struct mio_source *source, unsigned int directions)
{
	(void)source;
	(void)directions;
}

/* What a kernel's event means. */
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
		/* EV_EOF says no more than that. */
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

/* The descriptor that an event is about, or -1: none of a source's. */
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
	    fd_of(kev) == (mio_kqueue(poller)->user ? -1 : poller->wake_fd[0]);
}

/*
 * Where the event of each descriptor is, in a table that is never more than
 * half full: an open hash of 8-bit numbers.
 */
struct seen {
	uint8_t		place[2 * BATCH];	/* the event's number and one */
	intptr_t	fds[BATCH];
};

/* The event of this descriptor in the batch, or NULL and room for it. */
static struct mio_event *
find(struct seen *seen, intptr_t fd, struct mio_event *events, int n)
{
	size_t i = (size_t)fd % (2 * BATCH);

	for (; seen->place[i] != 0; i = (i + 1) % (2 * BATCH)) {
		if (seen->fds[seen->place[i] - 1] == fd)
			return &events[seen->place[i] - 1];
	}
	seen->place[i] = (uint8_t)(n + 1);
	seen->fds[n] = fd;
	return NULL;
}

/*
 * The end of a pipe is the end of both directions, whichever note tells.  As
 * both may, a oneshot is over with the first.  (EV_ONESHOT beside the end in
 * EVFILT_WRITE says nothing: on FreeBSD every such note has it, KQ-3.)
 */
static void
look_at_pipe(const struct mio_poller *poller, const struct kevent *kev,
    struct mio_event *event)
{
	bool end = (event->readiness & MIO_READ_CLOSED) != 0;
	bool spent = (kev->flags & EV_ONESHOT) != 0 && (end ||
	    event->readiness == MIO_WRITABLE);

	if ((!end && !spent) || mio_fd_check((int)kev->ident) <= 0)
		return;
	if (end)
		event->readiness |= MIO_WRITABLE | MIO_WRITE_CLOSED;
	if (spent)
		mio_kq_spend(poller, (int)kev->ident, kev->filter);
}

/* Adds what the kernel reports to the events; whether a wake was with it. */
static bool
collect(const struct mio_poller *poller, const struct kevent *raw, int ready,
    struct mio_event *events, int *n)
{
	struct mio_event *known, event;
	bool woken = false;
	struct seen seen;
	int i;

	memset(seen.place, 0, sizeof(seen.place));
	for (i = 0; i < ready; i++) {
		intptr_t fd = fd_of(&raw[i]);

		if (is_channel(poller, &raw[i])) {
			woken = true;
			continue;
		}
		translate(&raw[i], &event);
		if (event.readiness == 0 ||
		    ((event.native & NATIVE_BROKEN) != 0 &&
		    mio_kq_outlived(poller, &raw[i])))
			continue;
		look_at_pipe(poller, &raw[i], &event);
		/* Requests of asynchronous I/O are each their own. */
		known = fd < 0 ? NULL : find(&seen, fd, events, *n);
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
 * Wakers that are pending when a wait begins are taken whether or not their
 * event comes, as on epoll: a cancelled thread may have taken it along.
 */
int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	struct kevent raw[BATCH];
	struct timespec ts;
	bool owed;
	int n, ready;

	if ((n = mio_wakers_rest(poller, events, nevents)) > 0)
		return n;
	if ((owed = atomic_get_relaxed(&poller->pending) != NULL))
		timeout = 0;
	if (timeout >= 0)
		mio_timespec(&ts, timeout);
	ready = mio_kevent(poller, NULL, 0, raw,
	    (unsigned char)(nevents < BATCH ? nevents : BATCH),
	    timeout < 0 ? NULL : &ts);
	if (ready < 0)
		return -errno;
	if (collect(poller, raw, ready, events, &n) || owed) {
		mio_channel_drain(poller);
		n += mio_wakers_take(poller, &events[n], nevents - n);
	}
	/* What was pending, another thread may have taken. */
	return n > 0 || (ready == 0 && !owed) ? n : MIO_RESUME;
}

#include "verbs.c"
