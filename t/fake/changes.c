/*
 * The fake's changelist: what is refused, where the error goes, and what is
 * done of the rest.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include "kq.h"

#define NOBODY	999		/* a number that is closed */

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
	    "also for deletion, where it isn't ENOENT");
	kev.ident = (uintptr_t)INT_MAX + 1;
	fails(kevent(kq, &kev, 1, NULL, 0, NULL), EBADF,
	    "more than an int holds: EBADF");
	fails(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0), ENOENT,
	    "deletion of what isn't there: ENOENT");
	fails(make(kq, pair[0], EVFILT_READ, EV_ENABLE, 0, 0), ENOENT,
	    "and so is enabling it");
	fails(make(kq, pair[0], 100, EV_ADD, 0, 0), EINVAL,
	    "an unknown filter: EINVAL");
	fails(make(kq, pair[0], EVFILT_AIO, EV_ADD, 0, 0),
	    BY(EPERM, EINVAL, EINVAL, EPERM, EPERM, EPERM),
	    "EVFILT_AIO isn't for programs to add");
	fails(make(kq, kq, EVFILT_READ, EV_ADD, 0, 0), EINVAL,
	    "a kqueue in itself: EINVAL");
#ifdef EVFILT_EXCEPT
	fails(make(kq, pair[0], EVFILT_EXCEPT, EV_ADD, 0, 0), EINVAL,
	    "EVFILT_EXCEPT on a pipe: EINVAL");
#endif
	is(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_ENABLE | EV_DISABLE, 0,
	    0), BY(-1, 0, 0, 0, 0, 0), "EV_ENABLE with EV_DISABLE");
	if (BY(1, 0, 0, 0, 0, 0))
		is(errno, EINVAL, "is EINVAL");
	else
		need(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
	is(fake_kqueue_notes(kq), 0, "nothing was added");
}

static void
filter_zero(int kq, const int *pair)
{
	int result = make(kq, pair[0], 0, EV_ADD, 0, 0);

	is(result, BY(0, 0, 0, -1, -1, -1), "filter 0");
	is(fake_kqueue_notes(kq), BY(0, 1, 1, 0, 0, 0),
	    "is passed over, or is EVFILT_READ, or unknown");
	if (fake_kqueue_notes(kq) == 1)
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
	need(fake_kqueue_notes(kq) == 0);
}

static void
without_room(int kq, const int *pair)
{
	struct kevent changes[3];

	three(changes, pair, 0);
	fails(kevent(kq, changes, 3, NULL, 0, NULL), EBADF,
	    "no eventlist: kevent says the error");
	is(fake_kqueue_notes(kq), 1, "and does nothing after it");
	clean(kq, pair);
}

static void
with_room(int kq, const int *pair)
{
	struct kevent changes[3], events[4];

	three(changes, pair, 0);
	is(kevent(kq, changes, 3, events, 4, NULL), 1,
	    "with an eventlist: the error is in it, and there is no waiting");
	is(events[0].flags & EV_ERROR, EV_ERROR, "EV_ERROR");
	is(events[0].flags == EV_ERROR, BY(1, 1, 1, 1, 0, 1),
	    "alone, but on Darwin");
	is(events[0].data, EBADF, "data is the errno");
	is(events[0].ident, NOBODY, "ident is the change's");
	is(udata(&events[0]), 2, "and so is udata");
	is(fake_kqueue_notes(kq), 2, "the other changes are done");
	is(ask(kq, events, 4), 1, "what was ready comes at the next call");
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
	is(events[0].data, EBADF, "although the first was written");
	is(events[1].data, -7, "and nothing beyond");
	is(fake_kqueue_notes(kq), 1, "what follows isn't done");
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
	is(fake_kqueue_notes(kq), 2, "all that can be done is done");
	clean(kq, pair);
	changes[1] = change(pair[1], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 2);
	is(kevent(kq, changes, 3, events, 1, NULL), BY(0, 0, 0, 0, 1, 0),
	    "too little room for receipts: 0, but on Darwin");
	is(fake_kqueue_notes(kq), BY(2, 2, 2, 2, 3, 2),
	    "and what follows isn't done, but on Darwin");
	(void)make(kq, pair[1], EVFILT_READ, EV_DELETE, 0, 0);
	clean(kq, pair);
}

static void
no_receipts(int kq, const int *pair)
{
	struct kevent changes[3], events[4];

	is(fake_kqueue_quirk("receipt", 0), 1, "EV_RECEIPT is known");
	three(changes, pair, EV_RECEIPT);
	is(kevent(kq, changes, 1, events, 4, &none), 0,
	    "where it isn't, kevent waits");
	is(kevent(kq, changes, 3, events, 4, &none), 1,
	    "and errors are all that is told");
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
		is(fake_kqueue_notes(kq), BY(1, 1, 1, 0, 0, 1),
		    "timespec %d: found after the changes, or before", i);
		is(kevent(kq, &kev, 1, NULL, 0, &bad[i]),
		    BY(0, 0, 0, -1, -1, 0),
		    "timespec %d: with no wait it isn't looked at, or is", i);
		clean(kq, pair);
	}
}

static void
counts(int kq, const int *pair)
{
	struct kevent events[4];
	struct kevent kev = change(pair[1], EVFILT_WRITE, EV_ADD, 0, 1);

	is(kevent(kq, &kev, 1, events, 4, NULL), 1,
	    "a change is done before the wait, which finds it");
	is(kevent(kq, NULL, 0, events, 0, NULL), 0,
	    "no room: no wait, whatever the timeout");
#if !defined FAKE_KQUEUE_NETBSD && !defined FAKE_KQUEUE_NETBSD10
	is(kevent(kq, NULL, 0, events, -1, &none), BY(-1, 0, 0, 0, 0, 0),
	    "negative room: FreeBSD's EINVAL, or none");
	is(kevent(kq, NULL, -1, events, 4, &none), BY(-1, 0, 0, 1, 1, 1),
	    "negative number of changes: FreeBSD's EINVAL, or none");
#else
	is(kevent(kq, NULL, 0, events, INT_MAX, &none), 0,
	    "very much room: NetBSD finds nothing");
#endif
	errno = ETXTBSY;
	is(ask(kq, events, 4), 1, "an event");
	is(errno, ETXTBSY, "success leaves errno alone");
	clean(kq, pair);
}

static void
flags(int kq, const int *pair)
{
	struct kevent event;

	is(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_EOF | EV_ERROR, 0, 0),
	    0, "the system's own flags in a change");
	is(ask(kq, &event, 1), 1, "an event");
	is(event.flags & EV_SYSFLAGS, 0, "are dropped");
	is((event.flags & EV_ADD) != 0, BY(0, 1, 1, 1, 1, 1),
	    "EV_ADD shows in the event, but on FreeBSD");
	is(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_DELETE, 0, 0), 0,
	    "EV_ADD with EV_DELETE");
	is(fake_kqueue_notes(kq), BY(0, 1, 0, 1, 0, 1),
	    "of an existing note: one or the other counts");
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
