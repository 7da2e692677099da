/*
 * The knotes of a source: one for each direction.  Registering adds them,
 * reregistering changes them, and deregistering deletes them.  kqueue.c
 * handles their events.
 *
 * What it relies on:
 *
 *  - EV_ADD re-evaluates readiness, also if the knote exists, so a source that
 *    is ready yields an event (contract 1).
 *  - Changes and their receipts may be in the same array.
 *
 * What it works around:
 *
 *  - After the first change that fails, kevent(2) drops the later ones.  Each
 *    change therefore requests a receipt (KQ-1), in which EV_ERROR with data 0
 *    is success (KQ-2).  OpenBSD would then wait for events, so the timeout is
 *    zero (KQ-10).
 *  - EV_ADD does not change the mode of a knote that exists: a changed mode is
 *    EV_DELETE, then EV_ADD.  EV_ENABLE alone does not re-evaluate readiness
 *    on NetBSD (KQ-9), so no knote is ever disabled.
 *  - FreeBSD removes a pipe's EVFILT_WRITE knote when the reader closes, and
 *    deleting it fails with ENOENT (KQ-3).
 *  - A new EVFILT_WRITE knote for a pipe without a reader is refused with
 *    EPIPE, or with EBADF on NetBSD (KQ-2).  The source is ready nevertheless,
 *    because a write would fail at once.  A knote of another filter reports
 *    that: see add_broken_knote().
 *  - When the reader of a full pipe closes, EVFILT_WRITE stays silent on
 *    FreeBSD, NetBSD and OpenBSD.  EVFILT_READ of the write end reports it.  A
 *    pipe therefore has both knotes, and its hang-up is that of both
 *    directions, as on epoll.  A FIFO is different: EVFILT_READ of its write
 *    end is refused (OpenBSD), or reports the data that the reader has not
 *    read (NetBSD, macOS).
 *  - Some descriptors have no EVFILT_WRITE, for example another kqueue, and
 *    only sockets have EVFILT_EXCEPT.  EVFILT_READ alone is enough (KQ-4).
 *  - If kevent(2) is interrupted, the changes have been made (KQ-5).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "compat/cancel.h"
#include "compat/mutex.h"
#include "kqueue.h"
#include "sock.h"

#define MOST_CHANGES	8	/* of one source: two a filter, and two more */

/* In a source's priv: it has, or had, a knote that reports a broken pipe. */
#define BROKEN		(1u << 16)

/* The knote of each direction.  AIO and LIO requests add their own knotes. */
static const struct watch {
	unsigned int	interest;
	unsigned int	fflags;
	mio_kq_filter	filter;
} watches[] = {
	{ MIO_READABLE,	0,		EVFILT_READ },
	{ MIO_WRITABLE,	0,		EVFILT_WRITE },
#if defined EVFILT_EXCEPT && defined NOTE_OOB
	{ MIO_PRIORITY,	NOTE_OOB,	EVFILT_EXCEPT },
#endif
};

#define WATCHES		((int)(sizeof(watches) / sizeof(watches[0])))

/*
 * Not a cancellation point: FreeBSD's libthr may cancel a thread at each
 * kevent(2) that has room for events, and the core has counted the
 * registration by then.
 */
int
mio_kq_submit(const struct mio_poller *poller, struct kevent *changes, int n)
{
	struct timespec zero = { 0, 0 };
	int saved = errno;
	int i, receipts, state;

	for (i = 0; i < n; i++)
		changes[i].flags |= EV_RECEIPT;
	state = cancel_off();
	receipts = mio_kevent(poller, changes, (unsigned char)n, changes,
	    (unsigned char)n, &zero);
	cancel_restore(state);
	if (receipts < 0) {
		if (errno != EINTR)
			return -errno;
		errno = saved;
		receipts = 0;
	}
	for (i = receipts; i < n; i++)
		changes[i].data = 0;
	return 0;
}

/* All modes but level are EV_CLEAR, oneshot included. */
static unsigned int
flags_of(unsigned int interest)
{
	if ((interest & MIO_ONESHOT) != 0)
		return EV_ADD | EV_ENABLE | EV_CLEAR | EV_ONESHOT;
	if ((interest & MIO_LEVEL) != 0)
		return EV_ADD | EV_ENABLE;
	return EV_ADD | EV_ENABLE | EV_CLEAR;
}

/*
 * Ident of the knote for a broken pipe: fd + 1, so that it never equals the
 * channel's 0.
 */
static uintptr_t
broken_ident(int fd)
{
	return (uintptr_t)fd + 1;
}

/*
 * The filter that reports a pipe without a reader: EVFILT_USER, which reports
 * at once, or else a timer, which reports after a millisecond.
 */
static mio_kq_filter
broken_filter(const struct mio_poller *poller)
{
#ifdef EVFILT_USER
	if (mio_kqueue(poller)->user)
		return EVFILT_USER;
#else
	(void)poller;
#endif
	return EVFILT_TIMER;
}

static int
add_broken_knote(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	mio_kq_filter filter = broken_filter(poller);
	unsigned int flags = flags_of(interest);
	struct kevent changes[3];
	int error, fd = source->fd, n = 1;

	source->priv |= BROKEN;
	/* A stale event ends a wait without an event: mio_kq_stale(). */
	atomic_put_relaxed(&poller->resumes, 1);
	/* In edge mode the knote reports once. */
	if ((interest & MIO_LEVEL) == 0)
		flags |= EV_ONESHOT;
	mio_kq_change(&changes[0], broken_ident(fd), filter, flags, 0, token);
	changes[0].data = 1;		/* the timer's millisecond */
#ifdef EVFILT_USER
	if (filter == EVFILT_USER) {
		changes[0].data = 0;
		changes[0].flags &= (mio_kq_flags)~EV_CLEAR;
		mio_kq_change(&changes[n++], broken_ident(fd), filter, 0,
		    NOTE_TRIGGER, token);
	}
#endif
	/* EVFILT_READ would report a second event: mio_kq_disarm_pipe(). */
	if ((interest & MIO_ONESHOT) != 0)
		mio_kq_change(&changes[n++], (uintptr_t)fd, EVFILT_READ,
		    EV_DELETE, 0, 0);
	if ((error = mio_kq_submit(poller, changes, n)) == 0)
		error = (int)-changes[0].data;
	return error;
}

static unsigned int *
last_change(const struct mio_poller *poller, int fd)
{
	return &mio_kqueue(poller)->last[(unsigned int)fd % MIO_KQ_SLOTS];
}

/*
 * Deletes knotes of a descriptor, unless it was changed since then.  Keeps
 * errno.  Deleting a knote that does not exist is harmless.
 */
static void
delete_unless_changed(const struct mio_poller *poller, int fd,
    struct kevent *deletions, int n, unsigned int changes)
{
	struct kqueue_poller *kp = mio_kqueue(poller);
	int saved = errno;

	mutex_lock(&kp->lock);
	if ((int)(*last_change(poller, fd) - changes) <= 0)
		(void)mio_kq_submit(poller, deletions, n);
	mutex_unlock(&kp->lock);
	errno = saved;
}

bool
mio_kq_stale(const struct mio_poller *poller, const struct kevent *kev,
    unsigned int changes)
{
	struct kevent deletion;
	int fd = (int)kev->ident - 1, saved = errno;
	bool stale = mio_fd_check(fd) <= 0;

	errno = saved;
	if (stale) {
		mio_kq_change(&deletion, kev->ident, kev->filter, EV_DELETE, 0,
		    0);
		delete_unless_changed(poller, fd, &deletion, 1, changes);
	}
	return stale;
}

void
mio_kq_disarm_pipe(const struct mio_poller *poller, int fd, mio_kq_filter fired,
    unsigned int changes)
{
	struct kevent deletions[2];
	int n = 0;

	mio_kq_change(&deletions[n++], (uintptr_t)fd, fired == EVFILT_READ ?
	    EVFILT_WRITE : EVFILT_READ, EV_DELETE, 0, 0);
	if (fired == EVFILT_READ)
		mio_kq_change(&deletions[n++], broken_ident(fd),
		    broken_filter(poller), EV_DELETE, 0, 0);
	delete_unless_changed(poller, fd, deletions, n, changes);
}

/* Whether EVFILT_WRITE was refused because the pipe has no reader. */
static bool
is_broken(int fd, int64_t error)
{
	if (error == EPIPE)
		return true;
	return error == EBADF && fcntl(fd, F_GETFD) >= 0;
}

/* The directions with a knote: a pipe that is written has one for reading. */
static unsigned int
knote_interest(unsigned int interest, bool pipe)
{
	return pipe && (interest & MIO_WRITABLE) != 0 ?
	    interest | MIO_READABLE : interest;
}

/* Deleting a knote that does not exist is harmless. */
static bool
may_be_pipe(const struct mio_source *source)
{
	return mio_kind(source) == MIO_KIND_PIPE ||
	    mio_kind(source) == MIO_KIND_FOREIGN;
}

/*
 * Stores the deletions for a change of interest; returns how many.  broken: a
 * broken pipe's knote, too.
 */
static int
put_deletions(const struct mio_poller *poller, int fd, unsigned int was,
    unsigned int interest, bool broken, struct kevent *changes)
{
	bool other_mode = ((was ^ interest) & (MIO_LEVEL | MIO_ONESHOT)) != 0;
	int i, n = 0;

	for (i = 0; i < WATCHES; i++) {
		const struct watch *w = &watches[i];

		if ((was & w->interest) != 0 &&
		    ((interest & w->interest) == 0 || other_mode))
			mio_kq_change(&changes[n++], (uintptr_t)fd, w->filter,
			    EV_DELETE, w->fflags, 0);
	}
	if (broken)
		mio_kq_change(&changes[n++], broken_ident(fd),
		    broken_filter(poller), EV_DELETE, 0, 0);
	return n;
}

static int
put_additions(int fd, mio_token token, unsigned int interest,
    struct kevent *changes)
{
	int i, n = 0;

	for (i = 0; i < WATCHES; i++) {
		const struct watch *w = &watches[i];

		if ((interest & w->interest) != 0)
			mio_kq_change(&changes[n++], (uintptr_t)fd, w->filter,
			    flags_of(interest), w->fflags, token);
	}
	return n;
}

/*
 * The result of one addition: 0, or a negated errno.  The interest is the
 * program's.
 */
static int
check_receipt(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest, const struct kevent *receipt)
{
	if (receipt->data == 0)
		return 0;
	if (receipt->filter == EVFILT_WRITE &&
	    is_broken(source->fd, receipt->data))
		return add_broken_knote(poller, source, token, interest);
	if (receipt->filter != EVFILT_READ &&
	    (receipt->data == EINVAL || receipt->data == EPERM) &&
	    (interest & MIO_READABLE) != 0)
		return 0;
	return (int)-receipt->data;
}

/*
 * A FIFO has a limit of links, or no limit, because it is in a file system; for
 * a pipe, fpathconf(2) fails with EINVAL.  OpenBSD allows this call with
 * pledge("stdio"), and not fstatvfs(2), which also shows the difference.
 */
static bool
is_fifo(int fd)
{
	int saved = errno;
	bool fifo;

	errno = 0;
	(void)fpathconf(fd, _PC_LINK_MAX);	/* -1: no limit */
	fifo = errno == 0;
	errno = saved;
	return fifo;
}

void
mio_kq_end_pipe(const struct mio_poller *poller, int fd, unsigned int changes)
{
	struct kevent deletion;

	if (is_fifo(fd))
		return;
	mio_kq_change(&deletion, (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0);
	delete_unless_changed(poller, fd, &deletion, 1, changes);
}

static bool
has_both_knotes(const struct mio_source *source)
{
	return mio_kind(source) == MIO_KIND_PIPE || !is_fifo(source->fd);
}

/* Changes a source's knotes from one interest, or none, to another. */
static int
change_knotes(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int was, unsigned int interest, bool pipe)
{
	unsigned int knotes = knote_interest(interest,
	    pipe && has_both_knotes(source));
	struct kevent changes[MOST_CHANGES];
	int error, first, n;

	/*
	 * The pipe may have the descriptor of one that was closed with close(2)
	 * directly, whose knote would report it.
	 */
	n = first = put_deletions(poller, source->fd,
	    knote_interest(was, pipe), knotes,
	    was == 0 ? pipe : (source->priv & BROKEN) != 0, changes);
	n += put_additions(source->fd, token, knotes, changes + n);
	if (n == 0)
		return 0;
	if ((error = mio_kq_submit(poller, changes, n)) < 0)
		return error;
	source->priv &= ~BROKEN;
	for (; error == 0 && first < n; first++)
		error = check_receipt(poller, source, token, interest,
		    &changes[first]);
	return error;
}

static int
change(struct mio_poller *poller, struct mio_source *source, mio_token token,
    unsigned int was, unsigned int interest)
{
	struct kqueue_poller *kp = mio_kqueue(poller);
	int error, pipe, state;

	if ((pipe = mio_check_file(source)) < 0)
		return pipe;
	state = cancel_off();
	mutex_lock(&kp->lock);
	error = change_knotes(poller, source, token, was, interest, pipe > 0);
	/* Last: a wait that begins before this may report the old knotes. */
	*last_change(poller, source->fd) = kp->changes + 1;
	atomic_put(&kp->changes, kp->changes + 1);
	mutex_unlock(&kp->lock);
	cancel_restore(state);
	return error;
}

/*
 * Deletes the knotes that a source with this interest may have, and a broken
 * pipe's.  This is no change that a waiting thread must know: if the number is
 * registered again, that is one.
 */
static int
delete_knotes(const struct mio_poller *poller, const struct mio_source *source,
    unsigned int interest)
{
	struct kevent changes[MOST_CHANGES];
	int error, i, n;

	n = put_deletions(poller, source->fd,
	    knote_interest(interest, may_be_pipe(source)), 0,
	    (source->priv & BROKEN) != 0, changes);
	error = n > 0 ? mio_kq_submit(poller, changes, n) : 0;
	/* Missing: it was a oneshot, its pipe ended, or it broke (KQ-3). */
	for (i = 0; error == 0 && i < n; i++) {
		if (changes[i].data != 0 && changes[i].data != ENOENT)
			error = (int)-changes[i].data;
	}
	return error;
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	int error;

	if ((error = change(poller, source, token, 0, interest)) < 0) {
		(void)delete_knotes(poller, source, interest);
		source->priv &= ~BROKEN;
		return error;
	}
	source->reg = poller;
	return 0;
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	return change(poller, source, token, mio_interest(source), interest);
}

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	return mio_result(delete_knotes(poller, source, mio_interest(source)));
}

/*
 * close(2) removes a descriptor's own knotes, from each kqueue and also if a
 * duplicate is open.  A broken pipe's knote is deleted before that: afterwards
 * it could be another pipe's.
 */
int
mio_sel_closing(struct mio_poller *poller, const struct mio_source *source)
{
	return (source->priv & BROKEN) == 0 ? 0 :
	    mio_result(delete_knotes(poller, source, 0));
}
