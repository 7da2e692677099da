/*
 * The fake kqueue's filters that are not of descriptors, its quirks, and its
 * system calls, which bypass t/lib/wrap.c.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"

#if defined FAKE_KQUEUE_NETBSD
#define DEFAULT(f, n, n10, o, d, df)	n
const char fake_kqueue_variant[] = "netbsd";
#elif defined FAKE_KQUEUE_NETBSD10
#define DEFAULT(f, n, n10, o, d, df)	n10
const char fake_kqueue_variant[] = "netbsd10";
#elif defined FAKE_KQUEUE_OPENBSD
#define DEFAULT(f, n, n10, o, d, df)	o
const char fake_kqueue_variant[] = "openbsd";
#elif defined FAKE_KQUEUE_DARWIN
#define DEFAULT(f, n, n10, o, d, df)	d
const char fake_kqueue_variant[] = "darwin";
#elif defined FAKE_KQUEUE_DRAGONFLY
#define DEFAULT(f, n, n10, o, d, df)	df
const char fake_kqueue_variant[] = "dragonfly";
#else
#define DEFAULT(f, n, n10, o, d, df)	f
const char fake_kqueue_variant[] = "freebsd";
#endif

int fake_quirks[Q_MAX] = {
#define QUIRK(name, f, n, n10, o, d, df)	DEFAULT(f, n, n10, o, d, df),
#include "fake_kqueue.def"
#undef QUIRK
};

static const char *const quirk_names[Q_MAX] = {
#define QUIRK(name, f, n, n10, o, d, df)	#name,
#include "fake_kqueue.def"
#undef QUIRK
};

int
fake_kqueue_quirk(const char *name, int on)
{
	int i, was;

	for (i = 0; i < Q_MAX; i++) {
		if (strcmp(quirk_names[i], name) == 0) {
			was = fake_quirks[i];
			fake_quirks[i] = on;
			return was;
		}
	}
	return -1;
}

/*
 * EVFILT_USER.
 *
 * FreeBSD and NetBSD keep the program's flags in sfflags and deliver those; so
 * do OpenBSD and XNU.  A first EV_ADD stores its fflags unchanged, including
 * NOTE_TRIGGER, but the trigger depends on kn_fflags, which is 0 then:
 * filt_userattach; seen.
 */
#ifndef EVFILT_USER
#define NOTE_FFAND	0x40000000U
#define NOTE_FFOR	0x80000000U
#define NOTE_FFCOPY	0xc0000000U
#define NOTE_FFCTRLMASK	0xc0000000U
#define NOTE_FFLAGSMASK	0x00ffffffU
#define NOTE_TRIGGER	0x01000000U
#endif

static int
user_attach(struct knote *kn)
{
	kn->hook = quirk(user_first_trigger) &&
	    (kn->sfflags & NOTE_TRIGGER) != 0;
#ifdef FAKE_KQUEUE_OPENBSD
	kn->sfflags &= NOTE_FFLAGSMASK;
#endif
	return 0;
}

static void
user_detach(struct knote *kn)
{
	(void)kn;
}

static int
user_event(struct knote *kn)
{
	return kn->hook;
}

static int
user_touch(struct knote *kn, struct kevent *kev)
{
	unsigned int flags = kev->fflags & NOTE_FFLAGSMASK;

	if ((kev->fflags & NOTE_TRIGGER) != 0)
		kn->hook = 1;
	switch (kev->fflags & NOTE_FFCTRLMASK) {
	case NOTE_FFAND:
		kn->sfflags &= flags;
		break;
	case NOTE_FFOR:
		kn->sfflags |= flags;
		break;
	case NOTE_FFCOPY:
		kn->sfflags = flags;
		break;
	default:
		break;
	}
	kn->sdata = kev->data;
#ifdef FAKE_KQUEUE_OPENBSD
	kn->kev.udata = kev->udata;	/* filt_usermodify */
#endif
	if ((kev->flags & EV_CLEAR) != 0 && quirk(user_clear_erases)) {
		kn->hook = 0;
		kn->kev.data = 0;
		kn->kev.fflags = 0;
	}
	return 0;
}

static void
user_deliver(struct knote *kn, struct kevent *event)
{
	event->fflags = kn->sfflags;
	event->data = kn->sdata;
	if ((kn->kev.flags & EV_CLEAR) != 0)
		kn->hook = 0;
}

const struct filter fake_user_filter = {
	user_attach, user_detach, user_event, user_touch, user_deliver
};

/*
 * EVFILT_TIMER: milliseconds, periodic unless EV_ONESHOT, and always EV_CLEAR
 * (filt_timerattach, all systems; seen).  A change with EV_ADD restarts the
 * timer, and its count is lost (filt_timertouch; NetBSD before 10 and OpenBSD
 * before 6.8 ignore the change, but the fake does not).
 */
static int
timer_arm(struct knote *kn)
{
	struct itimerspec spec;
	int64_t msec = kn->sdata;

	if (msec < 0)
		return EINVAL;
	if (msec == 0)
		msec = 1;
	memset(&spec, 0, sizeof(spec));
	spec.it_value.tv_sec = (time_t)(msec / 1000);
	spec.it_value.tv_nsec = (long)(msec % 1000 * 1000000);
	if ((kn->kev.flags & EV_ONESHOT) == 0)
		spec.it_interval = spec.it_value;
	return timerfd_settime(kn->hook, 0, &spec, NULL) < 0 ? errno : 0;
}

static int
timer_attach(struct knote *kn)
{
	int error;

	kn->kev.flags |= EV_CLEAR;
	kn->hook = fake_hide(timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK));
	if (kn->hook < 0)
		return ENOMEM;
	kn->tag = fake_tag();
	error = timer_arm(kn);
	if (error == 0 && fake_epoll_ctl(kn->kq->in, EPOLL_CTL_ADD, kn->hook,
	    EPOLLIN | EPOLLET, kn->tag) < 0)
		error = ENOMEM;
	if (error != 0)
		(void)fake_close(kn->hook);
	return error;
}

static void
timer_detach(struct knote *kn)
{
	(void)fake_close(kn->hook);
}

static int
timer_event(struct knote *kn)
{
	uint64_t expired;

	if (syscall(SYS_read, kn->hook, &expired, sizeof(expired)) ==
	    (long)sizeof(expired)) {
		/* qemu-user 7 doesn't swap the bytes of a dup's count. */
		if (expired > UINT32_MAX)
			expired = 1;
		kn->kev.data += (int)expired;
	}
	return kn->kev.data != 0;
}

static int
timer_touch(struct knote *kn, struct kevent *kev)
{
	uint64_t expired;

	if ((kev->flags & EV_ADD) == 0)
		return 0;
	(void)syscall(SYS_read, kn->hook, &expired, sizeof(expired));
	kn->kev.data = 0;
	kn->sdata = kev->data;
	return timer_arm(kn);
}

const struct filter fake_timer_filter = {
	timer_attach, timer_detach, timer_event, timer_touch, NULL
};

void
fake_timer_tick(struct kqueue *kq, uint64_t tag)
{
	struct knote *kn;

	for (kn = kq->others; kn != NULL; kn = kn->link) {
		if (kn->filter == &fake_timer_filter && kn->tag == tag &&
		    timer_event(kn))
			fake_activate(kn);
	}
}

/* AIO and LIO: events that the kernel posts: filt_aio. */
static int
posted_attach(struct knote *kn)
{
	kn->kev.data = kn->sdata;
	return 0;
}

static int
posted_event(struct knote *kn)
{
	kn->kev.data = kn->sdata;
	kn->kev.flags |= EV_EOF;
	return 1;
}

const struct filter fake_posted_filter = {
	posted_attach, user_detach, posted_event, NULL, NULL
};

/*
 * System calls.
 */

/* The thread sanitizer tracks descriptors in its own close(2). */
extern int __interceptor_close(int) __attribute__((__weak__));

int
fake_close(int fd)
{
	if (__interceptor_close != NULL)
		return __interceptor_close(fd);
	return (int)syscall(SYS_close, fd);
}

int
fake_epoll(void)
{
	return (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
}

int
fake_epoll_ctl(int epoll, int op, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = events;
	event.data.u64 = tag;
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, &event);
}

int
fake_fcntl(int fd, int command, long arg)
{
#ifdef SYS_fcntl64
	return (int)syscall(SYS_fcntl64, fd, command, arg);
#else
	return (int)syscall(SYS_fcntl, fd, command, arg);
#endif
}

/* The revents of poll(2) now. */
int
fake_poll(int fd, int events)
{
	struct pollfd pfd = { fd, (short)events, 0 };
#ifdef SYS_poll
	long n = syscall(SYS_poll, &pfd, 1, 0);
#else
	struct timespec none = { 0, 0 };
	long n = syscall(SYS_ppoll, &pfd, 1, &none, NULL, (size_t)8);
#endif

	return n > 0 ? pfd.revents : 0;
}

/* Returns the length of the option's value, or -1. */
int
fake_option(int fd, int level, int name, void *value, size_t size)
{
	socklen_t len = (socklen_t)size;

	memset(value, 0, size);
	if (syscall(SYS_getsockopt, fd, level, name, value, &len) < 0)
		return -1;
	return (int)len;
}
