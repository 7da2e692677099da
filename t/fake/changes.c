/*
 * The fake's changelist: which changes are refused, where the error is
 * returned, and which of the other changes are made.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include "kq.h"

#define NOBODY	999		/* a closed descriptor */

static void
no_kqueue(void)
{
	struct kevent event;
	int pair[2];

	new_pipe(pair);
	fails(kevent(NOBODY, NULL, 0, &event, 1, &none), EBADF,
	    "a closed number: EBADF");
	fails(kevent(-1, NULL, 0, &event, 1, &none), EBADF, "-1: EBADF");
	fails(kevent(pair[0], NULL, 0, &event, 1, &none), EBADF,
	    "a pipe: EBADF");
	close_both(pair);
}

static void
refusals(int kq, const int *pair)
{
	struct kevent kev = change(0, EVFILT_READ, EV_ADD, 0, 0);

	fails(make(kq, NOBODY, EVFILT_READ, EV_ADD, 0, 0), EBADF,
	    "a closed descriptor: EBADF");
	fails(make(kq, NOBODY, EVFILT_READ, EV_DELETE, 0, 0),
	    BY(EBADF, EBADF, EBADF, EBADF, ENOENT, EBADF),
	    "for deletion: EBADF or ENOENT");
	kev.ident = (uintptr_t)INT_MAX + 1;
	fails(kevent(kq, &kev, 1, NULL, 0, NULL), EBADF,
	    "more than INT_MAX: EBADF");
	fails(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0), ENOENT,
	    "deletion of a knote that doesn't exist: ENOENT");
	fails(make(kq, pair[0], EVFILT_READ, EV_ENABLE, 0, 0), ENOENT,
	    "enabling it: ENOENT");
	fails(make(kq, pair[0], 100, EV_ADD, 0, 0), EINVAL,
	    "an unknown filter: EINVAL");
	fails(make(kq, pair[0], EVFILT_AIO, EV_ADD, 0, 0),
	    BY(EPERM, EINVAL, EINVAL, EPERM, EPERM, EPERM),
	    "EVFILT_AIO can't be added by programs");
	fails(make(kq, kq, EVFILT_READ, EV_ADD, 0, 0), EINVAL,
	    "a kqueue in itself: EINVAL");
#ifdef EVFILT_EXCEPT
	fails(make(kq, pair[0], EVFILT_EXCEPT, EV_ADD, 0, 0), EINVAL,
	    "EVFILT_EXCEPT on a pipe: EINVAL");
#endif
	is(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_ENABLE | EV_DISABLE, 0,
	    0), BY(-1, 0, 0, 0, 0, 0), "EV_ENABLE with EV_DISABLE");
	if (BY(1, 0, 0, 0, 0, 0))
		is(errno, EINVAL, "fails with EINVAL");
	else
		need(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
	is(fake_kqueue_knotes(kq), 0, "nothing was added");
}

static void
filter_zero(int kq, const int *pair)
{
	int result = make(kq, pair[0], 0, EV_ADD, 0, 0);

	is(result, BY(0, 0, 0, -1, -1, -1), "filter 0");
	is(fake_kqueue_knotes(kq), BY(0, 1, 1, 0, 0, 0),
	    "is skipped, or is EVFILT_READ, or unknown");
	if (fake_kqueue_knotes(kq) == 1)
		need(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
}

/* Three changes, of which the second fails. */
static void
three(struct kevent *changes, const int *pair, unsigned int flags)
{
	changes[0] = change(pair[0], EVFILT_READ, EV_ADD | flags, 0, 1);
	changes[1] = change(NOBODY, EVFILT_READ, EV_ADD | flags, 0, 2);
	changes[2] = change(pair[1], EVFILT_WRITE, EV_ADD | flags, 0, 3);
}

static void
clean(int kq, const int *pair)
{
	(void)make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0);
	(void)make(kq, pair[1], EVFILT_WRITE, EV_DELETE, 0, 0);
	need(fake_kqueue_knotes(kq) == 0);
}

static void
without_room(int kq, const int *pair)
{
	struct kevent changes[3];

	three(changes, pair, 0);
	fails(kevent(kq, changes, 3, NULL, 0, NULL), EBADF,
	    "no eventlist: kevent fails with the error");
	is(fake_kqueue_knotes(kq), 1, "and makes no change after it");
	clean(kq, pair);
}

static void
with_room(int kq, const int *pair)
{
	struct kevent changes[3], events[4];

	three(changes, pair, 0);
	is(kevent(kq, changes, 3, events, 4, NULL), 1,
	    "with an eventlist: the error is in it, and no wait");
	is(events[0].flags & EV_ERROR, EV_ERROR, "EV_ERROR");
	is(events[0].flags == EV_ERROR, BY(1, 1, 1, 1, 0, 1),
	    "alone, except on Darwin");
	is(events[0].data, EBADF, "data is the errno");
	is(events[0].ident, NOBODY, "ident is the change's");
	is(udata(&events[0]), 2, "and so is udata");
	is(fake_kqueue_knotes(kq), 2, "the other changes are made");
	is(now(kq, events, 4), 1,
	    "the next call returns an event that was pending");
	is(udata(&events[0]), 3, "it is the writer");
	clean(kq, pair);
}

static void
too_little_room(int kq, const int *pair)
{
	struct kevent changes[4], events[2];

	three(changes, pair, 0);
	changes[3] = changes[2];
	changes[2] = change(NOBODY, EVFILT_WRITE, EV_ADD, 0, 4);
	events[1].data = -7;
	fails(kevent(kq, changes, 4, events, 1, NULL), EBADF,
	    "room for one of two errors: the second is kevent's");
	is(events[0].data, EBADF, "although the first was stored");
	is(events[1].data, -7, "and nothing beyond");
	is(fake_kqueue_knotes(kq), 1, "the changes after it aren't made");
	clean(kq, pair);
}

static void
receipts(int kq, const int *pair)
{
	struct kevent changes[3], events[4];
	int i;

	three(changes, pair, EV_RECEIPT);
	is(kevent(kq, changes, 3, events, 4, NULL), 3, "three receipts");
	for (i = 0; i < 3; i++) {
		is(events[i].flags & EV_ERROR, EV_ERROR, "%d: EV_ERROR", i);
		is(events[i].data, i == 1 ? EBADF : 0, "%d: its data", i);
		is(udata(&events[i]), i + 1, "%d: its udata", i);
	}
	is((events[0].flags & EV_RECEIPT) != 0, BY(0, 0, 0, 0, 1, 0),
	    "Darwin's receipts keep the change's flags");
	is(fake_kqueue_knotes(kq), 2, "all valid changes are made");
	clean(kq, pair);
	changes[1] = change(pair[1], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 2);
	is(kevent(kq, changes, 3, events, 1, NULL), BY(0, 0, 0, 0, 1, 0),
	    "too little room for receipts: 0, except on Darwin");
	is(fake_kqueue_knotes(kq), BY(2, 2, 2, 2, 3, 2),
	    "the changes after it aren't made, except on Darwin");
	(void)make(kq, pair[1], EVFILT_READ, EV_DELETE, 0, 0);
	clean(kq, pair);
}

static void
no_receipts(int kq, const int *pair)
{
	struct kevent changes[3], events[4];

	is(fake_kqueue_quirk("receipt", 0), 1, "EV_RECEIPT is supported");
	three(changes, pair, EV_RECEIPT);
	is(kevent(kq, changes, 1, events, 4, &none), 0,
	    "EV_RECEIPT isn't supported: kevent waits");
	is(kevent(kq, changes, 3, events, 4, &none), 1,
	    "and returns errors only");
	need(fake_kqueue_quirk("receipt", 1) == 0);
	clean(kq, pair);
}

static void
bad_times(int kq, const int *pair)
{
	static const struct timespec bad[] = {
		{ 0, -1 }, { 0, 1000000000 }, { -1, 0 }
	};
	struct kevent kev = change(pair[1], EVFILT_WRITE, EV_ADD, 0, 1);
	struct kevent event;
	int i;

	for (i = 0; i < 3; i++) {
		fails(kevent(kq, &kev, 1, &event, 1, &bad[i]), EINVAL,
		    "timespec %d: EINVAL", i);
		is(fake_kqueue_knotes(kq), BY(1, 1, 1, 0, 0, 1),
		    "timespec %d: detected after the changes, or before", i);
		is(kevent(kq, &kev, 1, NULL, 0, &bad[i]),
		    BY(0, 0, 0, -1, -1, 0),
		    "timespec %d: without a wait it is valid, or not", i);
		clean(kq, pair);
	}
}

static void
counts(int kq, const int *pair)
{
	struct kevent events[4];
	struct kevent kev = change(pair[1], EVFILT_WRITE, EV_ADD, 0, 1);

	is(kevent(kq, &kev, 1, events, 4, NULL), 1,
	    "a change is made before the wait, which returns it");
	is(kevent(kq, NULL, 0, events, 0, NULL), 0,
	    "no room: no wait, with any timeout");
#if !defined FAKE_KQUEUE_NETBSD && !defined FAKE_KQUEUE_NETBSD10
	is(kevent(kq, NULL, 0, events, -1, &none), BY(-1, 0, 0, 0, 0, 0),
	    "negative room: FreeBSD's EINVAL, or none");
	is(kevent(kq, NULL, -1, events, 4, &none), BY(-1, 0, 0, 1, 1, 1),
	    "negative number of changes: FreeBSD's EINVAL, or none");
#else
	is(kevent(kq, NULL, 0, events, INT_MAX, &none), 0,
	    "room for INT_MAX events: NetBSD returns none");
#endif
	errno = ETXTBSY;
	is(now(kq, events, 4), 1, "an event");
	is(errno, ETXTBSY, "success leaves errno alone");
	clean(kq, pair);
}

static void
flags(int kq, const int *pair)
{
	struct kevent event;

	is(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_EOF | EV_ERROR, 0, 0),
	    0, "the system's own flags in a change");
	is(now(kq, &event, 1), 1, "an event");
	is(event.flags & EV_SYSFLAGS, 0, "are dropped");
	is((event.flags & EV_ADD) != 0, BY(0, 1, 1, 1, 1, 1),
	    "the event has EV_ADD, except on FreeBSD");
	is(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_DELETE, 0, 0), 0,
	    "EV_ADD with EV_DELETE");
	is(fake_kqueue_knotes(kq), BY(0, 1, 0, 1, 0, 1),
	    "of an existing knote: one or the other applies");
	clean(kq, pair);
}

int
main(void)
{
	int kq, pair[2];

	tap_start();
	tap_diag("%s", fake_kqueue_variant);
	no_kqueue();
	kq = new_kqueue();
	new_pipe(pair);
	refusals(kq, pair);
	filter_zero(kq, pair);
	without_room(kq, pair);
	with_room(kq, pair);
	too_little_room(kq, pair);
	receipts(kq, pair);
	no_receipts(kq, pair);
	bad_times(kq, pair);
	counts(kq, pair);
	flags(kq, pair);
	close_both(pair);
	need(close(kq) == 0);
	return tap_done();
}
