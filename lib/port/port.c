/*
 * Event ports: Solaris 10 and later, illumos.
 *
 * A descriptor is associated with the port for some of poll(2)'s bits.  Its
 * first event ends the association, and a new association re-evaluates
 * readiness.  A record has the directions for which a source is armed
 * (record.h).  An armed source is associated, at the latest when a thread
 * waits:
 *
 *  - A direction that was reported is disarmed.  If other directions are still
 *    armed, or the mode is level, the next mio_poll associates the source
 *    again.  An error or a hang-up cannot be masked, and disarms all (PORT-1).
 *  - An operation that returns EAGAIN re-arms its direction.  The next
 *    mio_poll then associates the source.  The source is associated at once if
 *    a thread is waiting, or if mio_poller_fd has returned the port, on which
 *    the program may be waiting.
 *
 * Each association has a number, which portev_user holds beside the record's
 * index.  An event with an old number is stale: the source was associated
 * again or deregistered after a waiter had retrieved the event and before the
 * waiter reported it.  A stale event is ignored, because the new association
 * has re-evaluated readiness (PORT-4).
 *
 * What it relies on (t/fake/port_test.c holds the fake to all of it):
 *
 *  - port_associate removes an event that is queued and not retrieved, and so
 *    does port_dissociate (t/fake/port_select: "what was queued before").
 *  - Associating again needs no further slot, so it cannot meet the limit.
 *    Only port_dissociate and close(2) free a slot; port_dissociate fails with
 *    ENOENT if the event has been retrieved (port_select: "a full port").
 *  - close(2) ends an association and removes its event, even if a duplicate
 *    is open (PORT-11: port_test: "closed, a dup is open").
 *  - An association for no bits reports a hang-up or an error, as poll(2) does
 *    (t/one_event, t/closing).
 *
 * What it works around:
 *
 *  - An illumos Unix socket that shuts down its writing, or whose peer closes,
 *    wakes the port with an error that the socket does not have (PORT-6).  An
 *    event that was queued before connect(2) may have a hang-up that has ended
 *    (PORT-9).  look_again() checks both.
 *  - An illumos TCP socket wakes the port with RDBAND alone when urgent data
 *    arrives (PORT-7: poll_bits.c).
 *  - port_getn returns events together with ETIME, on some kernels with EINTR,
 *    and may not store their count in nget: a mark in the first entry shows
 *    whether it was filled (PORT-3: port_select, t/port_quirks.sh).
 *  - With a timeout of zero port_getn succeeds without an event, or fails with
 *    ETIME (the same tests).
 *  - port_getn is not a cancellation point, and a cancelled thread gets EINTR
 *    (port_select: "an interrupted wait").
 *  - A bad descriptor is EBADFD, a full port EAGAIN (t/dup; port_select).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <poll.h>
#include <port.h>
#include <pthread.h>

#include "compat/cancel.h"
#include "compat/mutex.h"
#include "internal.h"
#include "poll_bits.h"
#include "timeout.h"
#include "unlocked_wait.h"

#define BATCH		128	/* events retrieved at a time */
#define NUMBER_BITS	16	/* of portev_user: an association's number */
#define NUMBER_MASK	((1u << NUMBER_BITS) - 1)

struct port_record {
	struct mio_record	 record;
	unsigned int		 number;	/* of the last association */
};

struct port_poller {
	struct mio_poller	 poller;
	pthread_mutex_t		 lock;		/* never held across a wait */
	bool			 waiting;	/* a thread, in mio_sel_wait */
	bool			 shared;	/* by mio_poller_fd */
	struct mio_record	*to_associate;
	struct mio_records	 records;
};

const size_t mio_sel_size = sizeof(struct port_poller);
const char mio_sel_name[] = "port";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;

MIO_ASSERT(record_first, offsetof(struct port_record, record) == 0);

static struct port_poller *
self(const struct mio_poller *poller)
{
	return (struct port_poller *)(uintptr_t)poller;
}

static struct port_record *
port_record(struct mio_record *record)
{
	return (struct port_record *)record;
}

/* The channel owns the port, and closes it: see port_channel.c. */
static int
port_of(const struct port_poller *pp)
{
	return pp->poller.channel_fd[0];
}

int
mio_sel_open(struct mio_poller *poller)
{
	self(poller)->records.size = sizeof(struct port_record);
	/* A wait can end with nothing but stale events. */
	poller->resumes = 1;
	return -pthread_mutex_init(&self(poller)->lock, NULL);
}

#define mio_sel_destroy mio_sel_destroy
void
mio_sel_destroy(struct mio_poller *poller)
{
	struct port_poller *pp = self(poller);

	mio_records_destroy(&pp->records);
	/*
	 * In a forked child the lock may be held by a thread that does not
	 * exist, and destroying it is undefined.  It owns nothing to leak.
	 */
	if (poller->birth == mio_generation)
		(void)pthread_mutex_destroy(&pp->lock);
}

/* Associates a source for its armed directions; earlier events become stale. */
static int
associate(struct port_poller *pp, struct mio_record *record)
{
	struct port_record *pr = port_record(record);
	int error, saved = errno;
	uintptr_t user;

	pr->number = (pr->number + 1) & NUMBER_MASK;
	user = (uintptr_t)record->index << NUMBER_BITS | pr->number;
	if (port_associate(port_of(pp), PORT_SOURCE_FD, (uintptr_t)record->fd,
	    mio_poll_bits(record), (void *)user) < 0) {
		error = errno == EBADFD ? -EBADF : -errno;
		errno = saved;
		return error;
	}
	mio_record_unlist(record);
	return 0;
}

/*
 * Associates all sources that are to be associated.  A descriptor that was
 * closed with close(2) directly becomes silent, as on epoll.  A source for
 * which the kernel has no memory stays on the list, and the wait returns the
 * error.
 */
static int
associate_listed(struct port_poller *pp)
{
	struct mio_record *record, *next;
	int error, first = 0;

	for (record = pp->to_associate; record != NULL; record = next) {
		next = record->next;
		error = associate(pp, record);
		if (error == -EBADF) {
			record->armed = 0;
			mio_record_unlist(record);
		} else if (error < 0 && first == 0)
			first = error;
	}
	return first;
}

/* Associates a changed record, at once if it may be waited for, or later. */
static void
associate_changed(struct port_poller *pp, struct mio_record *record)
{
	mio_record_list(&pp->to_associate, record);
	/* On an error the record stays on the list, for the next wait. */
	if (pp->waiting || pp->shared)
		(void)associate(pp, record);
}

/*
 * The caller will watch the descriptor, and expects it to be readable when
 * mio_poll has an event: from now on no association is left to the next wait.
 */
#define mio_sel_fd mio_sel_fd
int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	struct port_poller *pp = self(poller);

	mutex_lock(&pp->lock);
	pp->shared = true;
	(void)associate_listed(pp);	/* the next wait returns the error */
	mutex_unlock(&pp->lock);
	*fd = port_of(pp);
	return 0;
}

/* Stores a record whose index fits into portev_user, which may have 32 bits. */
static int
get_record(struct port_poller *pp, struct mio_record **record)
{
	uintptr_t index;
	int error;

	if ((error = mio_records_get(&pp->records, record)) < 0)
		return error;
	index = (*record)->index;
	if (index << NUMBER_BITS >> NUMBER_BITS == index)
		return 0;
	mio_records_put(&pp->records, *record);
	return -ENOSPC;
}

static int
add(struct port_poller *pp, struct mio_source *source, mio_token token,
    unsigned int interest)
{
	struct mio_record *record;
	int error;

	if ((error = get_record(pp, &record)) < 0)
		return error;
	record->poller = &pp->poller;
	record->fd = source->fd;
	mio_record_set(record, token, interest);
	if ((error = associate(pp, record)) < 0) {
		mio_records_put(&pp->records, record);
		/* The port's limit; EAGAIN would mean "try later". */
		return error == -EAGAIN ? -ENOSPC : error;
	}
	mio_record_tie(record, source);
	return 0;
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct port_poller *pp = self(poller);
	int error;

	if ((error = mio_check_file(source)) < 0)
		return error;
	mutex_lock(&pp->lock);
	error = add(pp, source, token, interest);
	mutex_unlock(&pp->lock);
	return error;
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct port_poller *pp = self(poller);
	struct mio_record *record = source->reg;
	struct mio_record old;
	int error;

	mutex_lock(&pp->lock);
	old = *record;
	mio_record_set(record, token, interest);
	if ((error = associate(pp, record)) < 0) {
		/* The kernel has dropped the association: restore it later. */
		mio_record_set(record, old.token, old.interest);
		record->armed = old.armed;
		mio_record_list(&pp->to_associate, record);
	}
	mutex_unlock(&pp->lock);
	return error;
}

/*
 * ENOENT: the event has been retrieved, and only the slot was left.  EBADFD:
 * the descriptor is closed, and the association ended with it.
 */
static int
dissociate(const struct port_poller *pp, const struct mio_record *record)
{
	int error = 0, saved = errno;

	if (port_dissociate(port_of(pp), PORT_SOURCE_FD,
	    (uintptr_t)record->fd) < 0 && errno != ENOENT && errno != EBADFD)
		error = -errno;
	errno = saved;
	return error;
}

/* From now on an event of the record is stale. */
static void
drop(struct port_poller *pp, struct mio_record *record)
{
	mio_record_unlist(record);
	mio_records_put(&pp->records, record);
}

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	struct port_poller *pp = self(poller);
	struct mio_record *record = source->reg;
	int error;

	mutex_lock(&pp->lock);
	error = dissociate(pp, record);
	drop(pp, record);
	mutex_unlock(&pp->lock);
	return mio_result(error);
}

#define mio_sel_closing mio_sel_closing
int
mio_sel_closing(struct mio_poller *poller, const struct mio_source *source)
{
	struct port_poller *pp = self(poller);

	mutex_lock(&pp->lock);
	drop(pp, source->reg);
	mutex_unlock(&pp->lock);
	return 0;
}

/*
 * If EAGAIN is returned in a direction that is still armed, an older event may
 * be queued, and a new association removes that event.  While a thread waits
 * no event stays queued, because the thread retrieves it.
 */
#define mio_sel_rearm mio_sel_rearm
void
mio_sel_rearm(const struct mio_source *source, unsigned int directions)
{
	struct mio_record *record = source->reg;
	struct port_poller *pp = self(record->poller);

	if (mio_poller_check(&pp->poller) < 0)
		return;
	mutex_lock(&pp->lock);
	if (mio_record_tied(record, source) &&
	    (mio_record_rearm(record, directions) ||
	    (!pp->waiting && (record->armed & directions) != 0)))
		associate_changed(pp, record);
	mutex_unlock(&pp->lock);
}

/*
 * An event has the bits of the moment in which it was queued.  An error or a
 * hang-up among them may have ended, or may never have been there, and would
 * disarm all directions.  So poll(2) is called; if it returns no bits, the
 * source stays armed and is associated again.
 *
 * The second entry is for TCP: illumos' so_poll() does not return a hang-up
 * together with IN and OUT if the socket has an error.  And where only the end
 * of a stream is awaited, reading is armed again, because the end of an illumos
 * Unix socket comes as IN, after the error.
 */
static MIO_COLD short
look_again(struct mio_record *record, short revents)
{
	struct pollfd fds[2];
	int n, saved = errno, state = cancel_off();

	if ((record->armed & MIO_ARM_EOF) != 0)
		record->armed |= MIO_READABLE;
	fds[0].fd = fds[1].fd = record->fd;
	fds[0].events = mio_poll_bits(record);
	fds[1].events = (short)(fds[0].events & ~(POLLIN | POLLOUT));
	do {
		n = poll(fds, 2, 0);
	} while (n < 0 && errno == EINTR);	/* as Linux does */
	if (n >= 0)
		revents = fds[0].revents | fds[1].revents;
	cancel_restore(state);
	errno = saved;
	return revents;
}

/*
 * Reports a descriptor's event unless the event is stale: it ended an earlier
 * association than the record's last.
 */
static int
report(struct port_poller *pp, const port_event_t *raw,
    struct mio_event *event)
{
	uintptr_t user = (uintptr_t)raw->portev_user;
	short revents = (short)raw->portev_events;
	struct mio_record *record;
	int n;

	record = mio_records_at(&pp->records, user >> NUMBER_BITS);
	if (record == NULL || record->interest == 0 ||
	    port_record(record)->number != (user & NUMBER_MASK))
		return 0;
	if ((revents & (POLLERR | POLLHUP)) != 0)
		revents = look_again(record, revents);
	n = mio_poll_report(record, revents, event);
	if (record->armed != 0) {
		mio_record_list(&pp->to_associate, record);
		/* The next wait returns an error, as in associate_changed(). */
		if (pp->shared)
			(void)associate(pp, record);
	}
	return n;
}

static int
report_all(struct port_poller *pp, const port_event_t *raw, unsigned int count,
    struct mio_event *events, int nevents, bool pending)
{
	bool packet = false;
	unsigned int i;
	int n = 0;

	for (i = 0; i < count; i++) {
		if (raw[i].portev_source == PORT_SOURCE_FD)
			n += report(pp, &raw[i], &events[n]);
		else if (raw[i].portev_source == PORT_SOURCE_USER)
			packet = true;
	}
	if (packet)
		(void)mio_channel_drain(&pp->poller);	/* can't fail */
	if (packet || pending)
		n += mio_wakers_take(&pp->poller, &events[n], nevents - n);
	return n > 0 ? n : MIO_RESUME;
}

/* One call of port_getn. */
struct port_wait {
	struct port_poller	*pp;
	port_event_t		*raw;
	unsigned int		 room;
	int64_t			 timeout;
};

/* Called with the lock held, after the wait or its cancellation. */
static void
leave(void *arg)
{
	((const struct port_wait *)arg)->pp->waiting = false;
}

/*
 * Calls port_getn, and returns the number of events or a negated errno.
 * Events take precedence over an error that comes with them.
 */
static int
get_events(const struct port_wait *w)
{
	int error = 0, saved = errno;
	struct timespec ts;
	unsigned int got = 1;

	w->raw[0].portev_source = 0;
	if (w->timeout >= 0)
		mio_timespec(&ts, w->timeout);
	if (port_getn(port_of(w->pp), w->raw, w->room, &got,
	    w->timeout >= 0 ? &ts : NULL) < 0)
		error = errno == EBADFD ? EBADF : errno;
	errno = saved;
	if (got > 0 && w->raw[0].portev_source != 0)
		return (int)got;
	return error == ETIME ? 0 : -error;
}

static int
wait_unlocked(void *arg)
{
	int n;

	pthread_testcancel();
	n = get_events(arg);
	if (n == -EINTR)
		pthread_testcancel();
	return n;
}

static int
wait_locked(struct port_poller *pp, struct mio_event *events, int nevents,
    int64_t timeout)
{
	port_event_t raw[BATCH];
	struct port_wait w;
	bool pending;
	int error, n, room = nevents;

	if (pp->waiting)
		return -EBUSY;
	if ((pending = mio_wakers_pending(&pp->poller)))
		room = mio_source_room(&pp->poller, nevents);
	if (room == 0)
		return mio_wakers_take_only(&pp->poller, events, nevents);
	error = associate_listed(pp);
	w.pp = pp;
	w.raw = raw;
	w.room = room < BATCH ? (unsigned int)room : BATCH;
	w.timeout = pending || error < 0 ? 0 : timeout;
	pp->waiting = true;
	n = mio_unlocked_wait(&pp->lock, wait_unlocked, leave, &w);
	if (n > 0 || (n == 0 && pending))
		return report_all(pp, raw, (unsigned int)n, events, nevents,
		    pending);
	if (n < 0 || error < 0)
		return n < 0 ? n : error;
	return 0;
}

int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	struct port_poller *pp = self(poller);
	int n;

	mutex_lock(&pp->lock);
	n = wait_locked(pp, events, nevents, timeout);
	mutex_unlock(&pp->lock);
	return n;
}

#include "verbs.c"
