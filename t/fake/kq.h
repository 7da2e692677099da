/*
 * Helpers for the tests of the fake kqueue itself.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * Each test spells out what a system does, by the variant's name, and does not
 * query the fake: see BY below.
 */
#ifndef KQ_H
#define KQ_H

#include <sys/types.h>
#include <sys/event.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "fake_kqueue.h"

/* BY(freebsd, netbsd before 10, netbsd 10, openbsd, darwin, dragonfly) */
#if defined FAKE_KQUEUE_NETBSD
#define BY(f, n, n10, o, d, df)	(n)
#elif defined FAKE_KQUEUE_NETBSD10
#define BY(f, n, n10, o, d, df)	(n10)
#elif defined FAKE_KQUEUE_OPENBSD
#define BY(f, n, n10, o, d, df)	(o)
#elif defined FAKE_KQUEUE_DARWIN
#define BY(f, n, n10, o, d, df)	(d)
#elif defined FAKE_KQUEUE_DRAGONFLY
#define BY(f, n, n10, o, d, df)	(df)
#else
#define BY(f, n, n10, o, d, df)	(f)
#endif

#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
typedef size_t count;
typedef uint32_t filter;
#else
typedef int count;
typedef short filter;
#endif
typedef __typeof__(((struct kevent *)0)->flags) flagset;

static const struct timespec none = { 0, 0 };

static inline struct kevent
change(int ident, int what, unsigned int flags, unsigned int fflags,
    unsigned long udata)
{
	struct kevent kev;

	memset(&kev, 0, sizeof(kev));
	kev.ident = (uintptr_t)ident;
	kev.filter = (filter)what;
	kev.flags = (flagset)flags;
	kev.fflags = fflags;
	kev.udata = (__typeof__(kev.udata))udata;
	return kev;
}

static inline unsigned long
udata(const struct kevent *event)
{
	return (unsigned long)event->udata;
}

/* Applies one change, without an eventlist. */
static inline int
make(int kq, int ident, int what, unsigned int flags, unsigned int fflags,
    unsigned long data)
{
	struct kevent kev = change(ident, what, flags, fflags, data);

	return kevent(kq, &kev, 1, NULL, 0, NULL);
}

/* Returns the events that are there now. */
static inline int
now(int kq, struct kevent *events, int room)
{
	return kevent(kq, NULL, 0, events, (count)room, &none);
}

static inline int
silent(int kq)
{
	struct kevent event;

	return now(kq, &event, 1) == 0;
}

/* Waits for so many events, at most for ten seconds. */
static inline int
await(int kq, struct kevent *events, int room, int due)
{
	struct timespec second = { 1, 0 };
	int n, total = 0, tries;

	for (tries = 0; total < due && tries < 10 * tap_slow(); tries++) {
		n = kevent(kq, NULL, 0, events + total, (count)(room - total),
		    &second);
		need(n >= 0);
		total += n;
	}
	return total;
}

/* An event's flags without those that only repeat the change. */
static inline unsigned int
bare(const struct kevent *event)
{
	return event->flags & ~(unsigned int)(EV_ADD | EV_ENABLE);
}

static inline int
new_kqueue(void)
{
	int kq = kqueue();

	need(kq >= 0);
	return kq;
}

static inline void
nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	need(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

static inline void
new_pipe(int *pair)
{
	need(pipe(pair) == 0);
	nonblocking(pair[0]);
	nonblocking(pair[1]);
}

static inline void
close_both(const int *pair)
{
	need(close(pair[0]) == 0);
	need(close(pair[1]) == 0);
}

static inline void
put(int fd, size_t size)
{
	static const char buf[4096];

	need(write(fd, buf, size) == (ssize_t)size);
}

static inline void
get(int fd, size_t size)
{
	char buf[4096];

	need(read(fd, buf, size) == (ssize_t)size);
}

static inline void
fill(int fd)
{
	static const char buf[4096];

	while (write(fd, buf, sizeof(buf)) > 0)
		continue;
}

#endif /* KQ_H */
