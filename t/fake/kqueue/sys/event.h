/*
 * <sys/event.h> for hosts that have none: the types, numbers and names that
 * the header of a kqueue system declares, for t/fake/kqueue.c.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * A macro selects the system whose declarations it has:
 *
 *	FAKE_KQUEUE_FREEBSD	12 and later: int64_t data, ext[4] (default)
 *	FAKE_KQUEUE_NETBSD	before 10: uint32_t filter, flags and fflags,
 *				intptr_t udata, size_t counts
 *	FAKE_KQUEUE_NETBSD10	10 and later: udata is a pointer
 *	FAKE_KQUEUE_OPENBSD	7.x
 *	FAKE_KQUEUE_DARWIN	macOS
 *	FAKE_KQUEUE_DRAGONFLY	6.x
 *
 * FAKE_KQUEUE_NO_USER leaves EVFILT_USER out, as on NetBSD before 10.
 *
 * The numbers are an interface: kqueue(2) and <sys/event.h> of each system.
 */
#ifndef FAKE_SYS_EVENT_H
#define FAKE_SYS_EVENT_H

#include <sys/types.h>

#include <stdint.h>
#include <time.h>

#if !defined FAKE_KQUEUE_NETBSD && !defined FAKE_KQUEUE_NETBSD10 && \
    !defined FAKE_KQUEUE_OPENBSD && !defined FAKE_KQUEUE_DARWIN && \
    !defined FAKE_KQUEUE_DRAGONFLY && !defined FAKE_KQUEUE_FREEBSD
#define FAKE_KQUEUE_FREEBSD
#endif

#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10

#define EVFILT_READ	0U
#define EVFILT_WRITE	1U
#define EVFILT_AIO	2U
#define EVFILT_VNODE	3U
#define EVFILT_PROC	4U
#define EVFILT_SIGNAL	5U
#define EVFILT_TIMER	6U
#ifdef FAKE_KQUEUE_NETBSD10
#define EVFILT_FS	7U
#ifndef FAKE_KQUEUE_NO_USER
#define EVFILT_USER	8U
#endif
#define EVFILT_EMPTY	9U
#define EVFILT_SYSCOUNT	10U
#else
#define EVFILT_SYSCOUNT	7U
#endif

struct kevent {
	uintptr_t	ident;
	uint32_t	filter;
	uint32_t	flags;
	uint32_t	fflags;
	int64_t		data;
#ifdef FAKE_KQUEUE_NETBSD10
	void		*udata;
	uint64_t	ext[4];
#else
	intptr_t	udata;
#endif
};

#else

#define EVFILT_READ	(-1)
#define EVFILT_WRITE	(-2)
#define EVFILT_AIO	(-3)
#define EVFILT_VNODE	(-4)
#define EVFILT_PROC	(-5)
#define EVFILT_SIGNAL	(-6)
#define EVFILT_TIMER	(-7)

#if defined FAKE_KQUEUE_FREEBSD

#define EVFILT_FS	(-9)
#define EVFILT_LIO	(-10)
#ifndef FAKE_KQUEUE_NO_USER
#define EVFILT_USER	(-11)
#endif
#define EVFILT_SENDFILE	(-12)
#define EVFILT_EMPTY	(-13)
#define EVFILT_SYSCOUNT	13

struct kevent {
	uintptr_t	ident;
	short		filter;
	unsigned short	flags;
	unsigned int	fflags;
	int64_t		data;
	void		*udata;
	uint64_t	ext[4];
};

#elif defined FAKE_KQUEUE_OPENBSD

#define EVFILT_DEVICE	(-8)
#define EVFILT_EXCEPT	(-9)
#ifndef FAKE_KQUEUE_NO_USER
#define EVFILT_USER	(-10)
#endif
#define EVFILT_SYSCOUNT	10

struct kevent {
	uintptr_t	ident;
	short		filter;
	unsigned short	flags;
	unsigned int	fflags;
	int64_t		data;
	void		*udata;
};

#elif defined FAKE_KQUEUE_DRAGONFLY

#define EVFILT_EXCEPT	(-8)
#ifndef FAKE_KQUEUE_NO_USER
#define EVFILT_USER	(-9)
#endif
#define EVFILT_FS	(-10)
#define EVFILT_SYSCOUNT	10

struct kevent {
	uintptr_t	ident;
	short		filter;
	unsigned short	flags;
	unsigned int	fflags;
	intptr_t	data;
	void		*udata;
};

#else	/* FAKE_KQUEUE_DARWIN */

#define EVFILT_MACHPORT	(-8)
#define EVFILT_FS	(-9)
#ifndef FAKE_KQUEUE_NO_USER
#define EVFILT_USER	(-10)
#endif
#define EVFILT_VM	(-12)
#define EVFILT_EXCEPT	(-15)
#define EVFILT_SYSCOUNT	18

#pragma pack(push, 4)
struct kevent {
	uintptr_t	ident;
	int16_t		filter;
	uint16_t	flags;
	uint32_t	fflags;
	intptr_t	data;
	void		*udata;
};
#pragma pack(pop)

#endif
#endif

/* Actions, modes, and flags that are only returned. */
#define EV_ADD		0x0001
#define EV_DELETE	0x0002
#define EV_ENABLE	0x0004
#define EV_DISABLE	0x0008
#define EV_ONESHOT	0x0010
#define EV_CLEAR	0x0020
#define EV_RECEIPT	0x0040
#define EV_DISPATCH	0x0080
#ifdef FAKE_KQUEUE_FREEBSD
#define EV_FORCEONESHOT	0x0100
#define EV_KEEPUDATA	0x0200
#define EV_DROP		0x1000
#define EV_FLAG2	0x4000
#endif
#ifdef FAKE_KQUEUE_DARWIN
#define EV_UDATA_SPECIFIC	0x0100
#define EV_VANISHED	0x0200
#define EV_POLL		0x1000
#define EV_OOBAND	0x2000
#endif
#define EV_SYSFLAGS	0xF000
#define EV_FLAG1	0x2000
#define EV_ERROR	0x4000
#define EV_EOF		0x8000

#define NOTE_LOWAT	0x00000001
#if defined FAKE_KQUEUE_OPENBSD
#define NOTE_EOF	0x00000002
#define NOTE_OOB	0x00000004
#elif defined FAKE_KQUEUE_DARWIN || defined FAKE_KQUEUE_DRAGONFLY
#define NOTE_OOB	0x00000002
#endif

#ifdef EVFILT_USER
#define NOTE_FFNOP	0x00000000U
#define NOTE_FFAND	0x40000000U
#define NOTE_FFOR	0x80000000U
#define NOTE_FFCOPY	0xc0000000U
#define NOTE_FFCTRLMASK	0xc0000000U
#define NOTE_FFLAGSMASK	0x00ffffffU
#define NOTE_TRIGGER	0x01000000U
#endif

/* A macro that evaluates its first argument once, as everywhere. */
#define EV_SET(event, i, f, fl, ff, d, u)				\
	do {								\
		struct kevent *fake_ev_set_ = (event);			\
									\
		FAKE_EV_SET_EXT_(fake_ev_set_);				\
		fake_ev_set_->ident = (i);				\
		fake_ev_set_->filter = (f);				\
		fake_ev_set_->flags = (fl);				\
		fake_ev_set_->fflags = (ff);				\
		fake_ev_set_->data = (d);				\
		fake_ev_set_->udata = (u);				\
	} while (0)
#if defined FAKE_KQUEUE_FREEBSD || defined FAKE_KQUEUE_NETBSD10
#define FAKE_EV_SET_EXT_(event)						\
	((event)->ext[0] = (event)->ext[1] = (event)->ext[2] =		\
	    (event)->ext[3] = 0)
#else
#define FAKE_EV_SET_EXT_(event)	((void)(event))
#endif

#ifdef __cplusplus
extern "C" {
#endif

int	kqueue(void);
#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
int	kqueue1(int);
int	kevent(int, const struct kevent *, size_t, struct kevent *, size_t,
	    const struct timespec *);
#else
#ifdef FAKE_KQUEUE_OPENBSD
int	kqueue1(int);
#endif
#ifdef FAKE_KQUEUE_FREEBSD
#define KQUEUE_CLOEXEC	0x00000001
int	kqueue1(int);
int	kqueuex(unsigned int);
#endif
int	kevent(int, const struct kevent *, int, struct kevent *, int,
	    const struct timespec *);
#endif

#ifdef __cplusplus
}
#endif

#endif /* FAKE_SYS_EVENT_H */
