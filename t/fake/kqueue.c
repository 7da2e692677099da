/*
 * kevent(2) on Linux, as the BSD kernels implement it: the changelist, the
 * knotes, the queue of active ones.  kqueue_wait.c has the wait,
 * kqueue_object.c the watched objects, kqueue_note.c the filters that are not
 * of descriptors, kqueue_fd.c kqueue(2).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * The model is that of the kernels.  When an object changes, it notifies its
 * knotes; a knote whose filter finds it true is activated.  Active knotes are
 * queued.  A scan takes them from the head, calls the filter again, and puts
 * level-triggered ones back at the tail (kern_event.c kqueue_register, knote,
 * kqueue_scan; on all systems).  Linux's objects make no such calls.  Instead,
 * each kqueue has two epolls for edges, one for each direction, and also
 * compares the state of an object with its state before: see kqueue_object.c.
 * Where systems differ, fake_kqueue.def has a quirk.
 */
#include "config.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"
#include "sleep.h"

/*
 * The queue.
 */

static void
insert(struct knote *kn)
{
	struct kqueue *kq = kn->kq;

	kn->next = NULL;
	kn->prev = kq->tail;
	if (kq->tail != NULL)
		kq->tail->next = kn;
	else
		kq->head = kn;
	kq->tail = kn;
	kn->status |= KN_QUEUED;
	kq->count++;
}

/*
 * A kqueue with a queued knote is readable.  A kqueue that watches another one
 * is notified of each knote that is queued there (kqueue_wakeup), but not of
 * those that a scan puts back.
 */
static void
enqueue(struct knote *kn)
{
	struct knote *outer;

	insert(kn);
	fake_light(kn->kq);
	kn->kq->wakeups++;
	kn->kq->woken = kn->kq->dozing;
	for (outer = kn->kq->watchers; outer != NULL; outer = outer->sel) {
		if (outer->filter->event(outer))
			fake_activate(outer);
	}
}

static void
dequeue(struct knote *kn)
{
	struct kqueue *kq = kn->kq;

	if (kn->prev != NULL)
		kn->prev->next = kn->next;
	else
		kq->head = kn->next;
	if (kn->next != NULL)
		kn->next->prev = kn->prev;
	else
		kq->tail = kn->prev;
	kn->status &= ~(unsigned int)KN_QUEUED;
	kq->count--;
}

void
fake_activate(struct knote *kn)
{
	kn->status |= KN_ACTIVE;
	if ((kn->status & (KN_QUEUED | KN_DISABLED)) == 0)
		enqueue(kn);
}

static void
unlink_knote(struct knote **list, struct knote *kn)
{
	while (*list != kn)
		list = &(*list)->link;
	*list = kn->link;
}

void
fake_drop(struct knote *kn)
{
	struct kqueue *kq = kn->kq;

	if ((kn->status & KN_QUEUED) != 0)
		dequeue(kn);
	if (kq->count == 0)
		fake_dim(kq);
	unlink_knote(kn->watch != NULL ? &kq->knotes : &kq->others, kn);
	kq->nknotes--;
	kn->filter->detach(kn);
	fake_free(kn, sizeof(*kn));
}

/* A descriptor was closed: drops its knotes (knote_fdclose). */
void
fake_fd_closed(struct watch *watch)
{
	int slot;

	for (slot = 0; slot < SLOT_MAX; slot++) {
		if (watch->knotes[slot] != NULL)
			fake_drop(watch->knotes[slot]);
	}
	fake_unwatch(watch);
}

/*
 * Changes.
 */

static int
slot_of(const struct kevent *kev)
{
	if (kev->filter == EVFILT_READ)
		return SLOT_READ;
	if (kev->filter == EVFILT_WRITE)
		return SLOT_WRITE;
#ifdef EVFILT_EXCEPT
	if (kev->filter == EVFILT_EXCEPT)
		return SLOT_EXCEPT;
#endif
	return -1;
}

/*
 * A filter that is not of descriptors, or NULL with the error.  ENOTSUP is the
 * fake's own: the systems have these filters, and the fake doesn't.
 */
static const struct filter *
other_filter(const struct kevent *kev, int *error)
{
#ifdef EVFILT_USER
	if (kev->filter == EVFILT_USER) {
		*error = EINVAL;
		return quirk(user) ? &fake_user_filter : NULL;
	}
#endif
	if (kev->filter == EVFILT_TIMER)
		return &fake_timer_filter;
	*error = ENOTSUP;
#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
	if (kev->filter >= EVFILT_SYSCOUNT)
		*error = EINVAL;
	if (kev->filter == EVFILT_AIO)	/* has no filtops: kern_event.c */
		*error = EINVAL;
#else
	if (kev->filter >= 0 || kev->filter < -EVFILT_SYSCOUNT)
		*error = EINVAL;
	/* Only aio_read(2) and lio_listio(2) make these: aio_filtops. */
	if (kev->filter == EVFILT_AIO)
		*error = EPERM;
#ifdef EVFILT_LIO
	if (kev->filter == EVFILT_LIO)
		*error = EPERM;
#endif
#endif
	return NULL;
}

/* The knote that a change names, with its filter and watch. */
struct target {
	const struct filter *filter;
	struct watch	*watch;
	struct knote	*kn;
	int		 slot;
};

static int
find_target(struct kqueue *kq, const struct kevent *kev, struct target *to)
{
	struct kqueue *inner;
	int error = 0;

	memset(to, 0, sizeof(*to));
	if ((to->slot = slot_of(kev)) < 0) {
		to->filter = other_filter(kev, &error);
		if (to->filter == NULL)
			return error;
		to->kn = kq->others;
		while (to->kn != NULL && (to->kn->kev.ident != kev->ident ||
		    to->kn->kev.filter != kev->filter))
			to->kn = to->kn->link;
		return 0;
	}
	to->filter = &fake_fd_filter;
	if (kev->ident > INT_MAX ||
	    fake_fcntl((int)kev->ident, F_GETFD, 0) < 0)
		return quirk(closed_enoent) && (kev->flags & EV_ADD) == 0 ?
		    ENOENT : EBADF;
	inner = fake_find((int)kev->ident);
	if (inner == kq)
		return EINVAL;
	to->watch = fake_watched(kq, (int)kev->ident);
	if (to->watch != NULL && !fake_same(to->watch)) {
		fake_fd_closed(to->watch);
		to->watch = NULL;
	}
	if (to->watch != NULL)
		to->kn = to->watch->knotes[to->slot];
	return 0;
}

static int
attach(struct kqueue *kq, struct kevent *kev, struct target *to)
{
	struct knote *kn = fake_alloc(sizeof(*kn));
	struct knote **list = to->slot >= 0 ? &kq->knotes : &kq->others;
	int error = 0;

	if (kn == NULL)
		return ENOMEM;
	kn->kq = kq;
	kn->filter = to->filter;
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	kev->fflags = 0;
	kev->data = 0;
	kn->kev = *kev;
	kn->serial = fake_tag();
	if (!quirk(report_actions))
		kn->kev.flags &= (unsigned short)~(EV_ADD | EV_DELETE |
		    EV_ENABLE | EV_DISABLE);
#ifdef EV_FORCEONESHOT
	kn->kev.flags &= (unsigned short)~EV_FORCEONESHOT;
#endif
	if (to->slot >= 0) {
		if (to->watch == NULL)
			to->watch = fake_watch(kq, (int)kev->ident, &error);
		kn->watch = to->watch;
	}
	if (error == 0)
		error = kn->filter->attach(kn);
	if (error != 0) {
		fake_free(kn, sizeof(*kn));
		return error;
	}
	kn->link = *list;
	*list = kn;
	kq->nknotes++;
	to->kn = kn;
	return 0;
}

/* Applies a change to an existing knote. */
static int
modify(struct knote *kn, struct kevent *kev)
{
	bool add = (kev->flags & EV_ADD) != 0;
	bool keep = false;

#ifdef EV_KEEPUDATA
	keep = (kev->flags & EV_KEEPUDATA) != 0;
#endif
	if ((add || quirk(change_udata)) && !keep)
		kn->kev.udata = kev->udata;
	if (kn->filter->touch != NULL)
		return kn->filter->touch(kn, kev);
	if (add || quirk(change_looks)) {
		kn->sfflags = kev->fflags;
		kn->sdata = kev->data;
	}
	return 0;
}

static void
look_if(struct knote *kn, bool wanted)
{
	if (wanted && kn->filter->event(kn))
		fake_activate(kn);
}

static void
disable(struct knote *kn, const struct kevent *kev)
{
	if ((kev->flags & EV_DISABLE) != 0)
		kn->status |= KN_DISABLED;
}

static void
enable(struct knote *kn, const struct kevent *kev)
{
	unsigned int was = kn->status;

	if ((kev->flags & EV_ENABLE) == 0)
		return;
	kn->status &= ~(unsigned int)KN_DISABLED;
	look_if(kn, quirk(enable_looks) && (was & KN_DISABLED) != 0);
	if ((kn->status & (KN_ACTIVE | KN_QUEUED)) == KN_ACTIVE)
		enqueue(kn);
}

/*
 * FreeBSD first changes the knote's state, and then checks the object unless
 * the knote is disabled.  The others check the object first (kqueue_register).
 */
static void
settle(struct knote *kn, const struct kevent *kev, bool looks)
{
	if (quirk(disable_first)) {
		if ((kev->flags & EV_ENABLE) == 0)
			disable(kn, kev);
		kn->status &= (kev->flags & EV_ENABLE) != 0 ?
		    ~(unsigned int)KN_DISABLED : ~0u;
		look_if(kn, looks && (kn->status & KN_DISABLED) == 0);
		if ((kn->status & (KN_ACTIVE | KN_QUEUED | KN_DISABLED)) ==
		    KN_ACTIVE)
			enqueue(kn);
		return;
	}
	look_if(kn, looks);
	disable(kn, kev);
	enable(kn, kev);
}

static bool
contradicts(const struct kevent *kev)
{
	unsigned int both = EV_ENABLE | EV_DISABLE;

#ifdef EV_KEEPUDATA
	if ((kev->flags & EV_ADD) != 0 && (kev->flags & EV_KEEPUDATA) != 0)
		return true;
#endif
	return quirk(enable_disable_einval) && (kev->flags & both) == both;
}

static int
change(struct kqueue *kq, struct kevent *kev)
{
	bool add = (kev->flags & EV_ADD) != 0;
	struct target to;
	int error;

	if (contradicts(kev))
		return EINVAL;
	if ((error = find_target(kq, kev, &to)) != 0)
		return error;
	if (to.kn == NULL) {
		if (!add)
			return ENOENT;
		error = attach(kq, kev, &to);
		if (error != 0) {
			if (to.watch != NULL)
				fake_unwatch(to.watch);
			return error;
		}
		settle(to.kn, kev, true);
		return 0;
	}
	if ((kev->flags & EV_DELETE) != 0 && (!add || quirk(delete_over_add))) {
		fake_drop(to.kn);
		if (to.watch != NULL)
			fake_unwatch(to.watch);
		return 0;
	}
#ifdef EV_FORCEONESHOT
	if ((kev->flags & EV_FORCEONESHOT) != 0) {
		to.kn->kev.flags |= EV_ONESHOT;
		fake_activate(to.kn);
	}
#endif
	if ((error = modify(to.kn, kev)) != 0)
		return error;
	settle(to.kn, kev, add || quirk(change_looks) ||
	    to.filter == &fake_user_filter);
	return 0;
}

/*
 * The changelist.  An error is stored in the eventlist while there is room.
 * Without room it ends the call, and the changes after it are not made.  A
 * receipt without room ends the call as well, although it is no error:
 * kevent(2) returns 0.  Returns the number of entries, or a negated errno; if
 * *stop is set, there is no wait.
 */

static int
receipt(struct kevent *kev, struct fake_list *out, int error)
{
	if (out->room == 0) {
#ifdef FAKE_KQUEUE_DARWIN
		if (error == 0)
			return 0;	/* continues: kevent_internal */
#endif
		out->stop = true;
		out->written = 0;
		return -error;
	}
	if (quirk(receipt_flags))
		kev->flags |= EV_ERROR;
	else
		kev->flags = EV_ERROR;
	kev->data = error;
	*out->events++ = *kev;
	out->room--;
	out->written++;
	return 0;
}

int
fake_apply(struct kqueue *kq, const struct kevent *changes, count_type nchanges,
    struct fake_list *out)
{
	count_type i;
	int error;

#ifdef FAKE_KQUEUE_FREEBSD
	if (nchanges < 0)
		return -EINVAL;
#endif
	for (i = 0; !NEGATIVE(nchanges) && i < nchanges; i++) {
		struct kevent kev = changes[i];

#ifdef FAKE_KQUEUE_FREEBSD
		if (kev.filter == 0)	/* skipped: kqueue_kevent */
			continue;
#endif
		kev.flags &= (unsigned short)~EV_SYSFLAGS;
		error = change(kq, &kev);
		if (error != 0 || ((kev.flags & EV_RECEIPT) != 0 &&
		    quirk(receipt)))
			error = receipt(&kev, out, error);
		if (error != 0 || out->stop)
			return error;
	}
	return 0;
}

/*
 * The scan.
 */

/* Puts a knote back.  Sleepers that it must not wake keep the beacon away. */
static void
requeue(struct knote *kn)
{
	struct kqueue *kq = kn->kq;

	if ((kn->status & KN_QUEUED) != 0)
		return;
	insert(kn);
	if (!quirk(requeue_silent) || kq->dozing == 0)
		fake_light(kq);
	else if (kq->woken == 0)
		fake_dim(kq);
}

static bool
is_there(const struct kqueue *kq, const struct knote *wanted, uint64_t serial)
{
	const struct knote *kn;

	for (kn = kq->knotes; kn != NULL; kn = kn->link) {
		if (kn == wanted)
			return kn->serial == serial;
	}
	return false;
}

/*
 * The knote is off the queue, and its filter is called without the lock: the
 * waiters that were woken together with this one look now.  Returns whether the
 * knote still exists.
 */
static bool
unlocked(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	uint64_t serial = kn->serial;
	int tries;

	if (kn->watch == NULL || !quirk(requeue_silent))
		return true;
	for (tries = 0; kq->woken > 0 && tries < 1000; tries++) {
		(void)pthread_mutex_unlock(&fake_lock);
		fake_pause();
		(void)pthread_mutex_lock(&fake_lock);
	}
	return is_there(kq, kn, serial);
}

/* After delivery a knote is dropped, silenced or queued again.  kqueue_scan. */
static void
delivered(struct knote *kn)
{
	unsigned int flags = kn->kev.flags;
	struct watch *watch = kn->watch;

	if ((flags & EV_ONESHOT) != 0) {
		fake_drop(kn);
		if (watch != NULL)
			fake_unwatch(watch);
		return;
	}
	if ((flags & EV_CLEAR) != 0) {
		kn->kev.data = 0;
		kn->kev.fflags = 0;
	}
	if ((flags & EV_DISPATCH) != 0 &&
	    ((flags & EV_CLEAR) == 0 || quirk(clear_dispatch)))
		kn->status |= KN_DISABLED;
	if ((flags & (EV_CLEAR | EV_DISPATCH)) != 0)
		kn->status &= ~(unsigned int)KN_ACTIVE;
	else
		requeue(kn);
}

/* Delivers a knote to *event; false if it is no event. */
static bool
take(struct knote *kn, struct kevent *event)
{
	bool stale = (kn->kev.flags & EV_ONESHOT) != 0 && quirk(oneshot_stale);

	if ((kn->status & KN_DISABLED) != 0 || !unlocked(kn))
		return false;
	if (!stale && !kn->filter->event(kn)) {
		kn->status &= ~(unsigned int)KN_ACTIVE;
		return false;
	}
	*event = kn->kev;
	if (!stale && kn->filter->deliver != NULL)
		kn->filter->deliver(kn, event);
	delivered(kn);
	return true;
}

/*
 * Takes the knotes that were queued when it began, and not those that it puts
 * back at the tail: a level-triggered knote is reported once a call.
 */
int
fake_scan(struct kqueue *kq, struct kevent *events, count_type room)
{
	int left = kq->count, n = 0;
	struct knote *kn;

	for (; room > 0 && left > 0 && (kn = kq->head) != NULL; left--) {
		dequeue(kn);
		if (take(kn, &events[n])) {
			room--;
			n++;
		}
		if (kq->count == 0)
			fake_dim(kq);
	}
	return n;
}

int
fake_kqueue_post(int fd, uintptr_t ident, int filter, unsigned int flags,
    int64_t data, void *udata)
{
	struct target to;
	struct kevent kev;
	struct kqueue *kq;
	sigset_t mask;
	int error;

	memset(&kev, 0, sizeof(kev));
	memset(&to, 0, sizeof(to));
	kev.ident = ident;
	kev.flags = (unsigned short)flags;
	kev.data = data;
	memcpy(&kev.udata, &udata, sizeof(udata));
#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
	kev.filter = (uint32_t)filter;
#else
	kev.filter = (short)filter;
#endif
	to.slot = -1;
	to.filter = &fake_posted_filter;
	fake_enter(&mask);
	kq = fake_find(fd);
	error = kq != NULL ? attach(kq, &kev, &to) : EBADF;
	if (error == 0)
		fake_activate(to.kn);
	fake_leave(&mask);
	if (error != 0)
		errno = error;
	return error != 0 ? -1 : 0;
}
