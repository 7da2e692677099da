/*
 * Event ports: Solaris 10 and later, illumos.
 *
 * A descriptor is associated with the port, for some of poll(2)'s bits; the
 * first event ends the association, and a new one looks at the descriptor
 * anew.  So a record says for which directions a source is armed (record.h),
 * and a source that is armed is associated, at the latest when a thread waits:
 *
 *  - What is reported is disarmed; for the directions still armed, and for
 *    level, the source is due: associated again by the next mio_poll.  An
 *    error or a hang-up can't be masked, and disarms all (PORT-1).
 *  - An operation that would block arms its direction.  The source is then
 *    due, or associated at once if a thread is waiting, or may be waiting on
 *    the port itself because mio_poller_fd gave it away.
 *
 * Every association has a number of its own, beside the record's index in
 * portev_user.  An event that a waiter had retrieved, but not yet reported,
 * when another thread associated the source again or deregistered it, is
 * stale and ignored; associating has looked at the descriptor anew (PORT-4).
 *
 * What it relies on (for the fake, t/fake/port_test.c has it all):
 *
 *  - port_associate takes an event back that is queued and not retrieved, and
 *    so does port_dissociate (t/fake/port_select: "what was queued before").
 *  - Associating again needs no further slot, so it can't meet the limit: a
 *    slot is given back by port_dissociate only, which says ENOENT if the
 *    event has been retrieved, and by close(2) (port_select: "a full port").
 *  - Associating for no bits reports a hang-up or an error, as poll(2) does
 *    (t/one_event, t/closing).
 *
 * What it works around:
 *
 *  - port_getn returns events together with ETIME, on some kernels with EINTR,
 *    and says so in nget or not at all: a mark in the first entry tells
 *    whether it was filled (PORT-3: port_select, t/port_quirks.sh).
 *  - It succeeds without an event when asked not to wait, or says ETIME (the
 *    same).
 *  - It isn't a cancellation point; a cancelled thread gets EINTR
 *    (port_select: "an interrupted wait").
 *  - A bad descriptor is EBADFD, a full port EAGAIN (t/dup; port_select).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <port.h>
#include <pthread.h>

#include "compat/mutex.h"
#include "internal.h"
#include "poll_bits.h"
#include "timeout.h"

#define BATCH		128	/* events retrieved at a time */
#define ROUND_BITS	16	/* of portev_user: an association's number */

struct port_poller {
	struct mio_poller	 poller;
	pthread_mutex_t		 lock;		/* never held across a wait */
	bool			 waiting;	/* a thread, in mio_sel_wait */
	bool			 shared;	/* by mio_poller_fd */
	struct mio_record	*due;		/* to be associated */
	struct mio_records	 records;
};

const size_t mio_sel_size = sizeof(struct port_poller);
const char mio_sel_name[] = "port";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;
const bool mio_sel_learns = true;

static struct port_poller *
self(const struct mio_poller *poller)
{
	return (struct port_poller *)(uintptr_t)poller;
}

/* The channel and the selector are one: see port_channel.c. */
static int
port_of(const struct port_poller *pp)
{
	return pp->poller.wake_fd[0];
}

int
mio_sel_open(struct mio_poller *poller)
{
	self(poller)->records.size = sizeof(struct mio_record);
	/* A wait can end with nothing but stale events. */
	poller->resumes = 1;
	return -pthread_mutex_init(&self(poller)->lock, NULL);
}

/* The port is the channel's, which is closed after the last waker's end. */
void
mio_sel_close(struct mio_poller *poller)
{
	(void)poller;
}

void
mio_sel_destroy(struct mio_poller *poller)
{
	struct port_poller *pp = self(poller);

	mio_records_destroy(&pp->records);
	/*
	 * In a forked child the lock may be held by a thread that isn't
	 * there, and destroying it is undefined: it owns nothing to leak.
	 */
	if (poller->birth == mio_generation)
		(void)pthread_mutex_destroy(&pp->lock);
}

/* Associates for what is armed.  An event of an earlier time is stale now. */
static int
associate(struct port_poller *pp, struct mio_record *record)
{
	int error, saved = errno;
	uintptr_t user;

	record->place = (record->place + 1) & ((1u << ROUND_BITS) - 1);
	user = (uintptr_t)record->index << ROUND_BITS | record->place;
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
 * Associates all that are due.  What was closed behind our back goes quiet,
 * as on epoll.  What the kernel has no memory for stays due, and the error is
 * for the wait to tell.
 */
static int
associate_due(struct port_poller *pp)
{
	struct mio_record *record, *next;
	int error, first = 0;

	for (record = pp->due; record != NULL; record = next) {
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

/* Armed in a new direction, or again: now if somebody waits, else later. */
static void
rearm(struct port_poller *pp, struct mio_record *record)
{
	mio_record_list(&pp->due, record);
	/* What fails now stays due, and the next wait tells. */
	if (pp->waiting || pp->shared)
		(void)associate(pp, record);
}

/*
 * Who asks for the descriptor watches it, and expects it to be readable when
 * mio_poll has something to say: from now on nothing is left for later.
 */
int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	struct port_poller *pp = self(poller);

	mutex_lock(&pp->lock);
	pp->shared = true;
	(void)associate_due(pp);	/* as above */
	mutex_unlock(&pp->lock);
	*fd = port_of(pp);
	return 0;
}

/* A record whose index fits into portev_user; it may not with 32 bits. */
static int
get_record(struct port_poller *pp, struct mio_record **record)
{
	uintptr_t index;
	int error;

	if ((error = mio_records_get(&pp->records, record)) < 0)
		return error;
	index = (*record)->index;
	if (index << ROUND_BITS >> ROUND_BITS == index)
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
		/* The port's limit; EAGAIN would say "try later". */
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
		/* The kernel has dropped the old association; we have not. */
		mio_record_set(record, old.token, old.interest);
		record->armed = old.armed;
		mio_record_list(&pp->due, record);
	}
	mutex_unlock(&pp->lock);
	return error;
}

/*
 * ENOENT: the event has been retrieved, and only the slot was left.  EBADFD:
 * the descriptor was closed before, and the association went with it.
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

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	struct port_poller *pp = self(poller);
	struct mio_record *record = source->reg;
	int error;

	mutex_lock(&pp->lock);
	error = dissociate(pp, record);
	mio_record_unlist(record);
	mio_records_put(&pp->records, record);
	mutex_unlock(&pp->lock);
	return mio_result(error);
}

/* The record goes with the poller's memory. */
void
mio_sel_forget(struct mio_poller *poller, const struct mio_source *source)
{
	(void)poller;
	(void)source;
}

/*
 * Would-block in a direction that is armed already: an event may be in the
 * queue since before, and is taken back by associating anew.  Not if a thread
 * is waiting, because that would have retrieved it.
 */
void
mio_sel_blocked(const struct mio_source *source, unsigned int directions)
{
	struct mio_record *record = source->reg;
	struct port_poller *pp = self(record->poller);

	if (mio_poller_check(&pp->poller) < 0)
		return;
	mutex_lock(&pp->lock);
	if (mio_record_tied(record, source) &&
	    (mio_record_arm(record, directions) ||
	    (!pp->waiting && (record->armed & directions) != 0)))
		rearm(pp, record);
	mutex_unlock(&pp->lock);
}

/*
 * Reports an event of a descriptor, unless it is stale: the association that
 * it ended was not the record's last.
 */
static int
report(struct port_poller *pp, const port_event_t *raw,
    struct mio_event *event)
{
	uintptr_t user = (uintptr_t)raw->portev_user;
	struct mio_record *record;
	int n;

	record = mio_records_at(&pp->records, user >> ROUND_BITS);
	if (record == NULL || record->interest == 0 ||
	    record->place != (user & ((1u << ROUND_BITS) - 1)))
		return 0;
	n = mio_poll_report(record, (short)raw->portev_events, event);
	if (record->armed != 0) {
		mio_record_list(&pp->due, record);
		if (pp->shared)
			(void)associate(pp, record);	/* as in rearm */
	}
	return n;
}

static int
report_all(struct port_poller *pp, const port_event_t *raw, unsigned int count,
    struct mio_event *events, int nevents, bool owed)
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
		mio_channel_drain(&pp->poller);
	if (packet || owed)
		n += mio_wakers_take(&pp->poller, &events[n], nevents - n);
	return n > 0 ? n : MIO_RESUME;
}

/* The wait is over, or was cancelled. */
static void
leave(void *arg)
{
	struct port_poller *pp = arg;

	mutex_lock(&pp->lock);
	pp->waiting = false;
}

static void
leave_cancelled(void *arg)
{
	struct port_poller *pp = arg;

	leave(pp);
	mutex_unlock(&pp->lock);
}

/*
 * port_getn itself: how many events, or a negated errno.  Events come first,
 * whatever error is with them.
 */
static int
get_events(const struct port_poller *pp, port_event_t *raw, unsigned int room,
    int64_t timeout)
{
	int error = 0, saved = errno;
	struct timespec ts;
	unsigned int got = 1;

	raw[0].portev_source = 0;
	if (timeout >= 0)
		mio_timespec(&ts, timeout);
	if (port_getn(port_of(pp), raw, room, &got,
	    timeout >= 0 ? &ts : NULL) < 0)
		error = errno;
	errno = saved;
	if (got > 0 && raw[0].portev_source != 0)
		return (int)got;
	return error == ETIME ? 0 : -error;
}

/* Waits, unlocked. */
static int
wait_unlocked(struct port_poller *pp, port_event_t *raw, unsigned int room,
    int64_t timeout)
{
	int n;

	pp->waiting = true;
	mutex_unlock(&pp->lock);
	pthread_cleanup_push(leave_cancelled, pp);
	pthread_testcancel();
	n = get_events(pp, raw, room, timeout);
	if (n == -EINTR)
		pthread_testcancel();
	pthread_cleanup_pop(0);
	leave(pp);
	return n;
}

/*
 * Wakers that are pending when a wait begins are taken whether or not their
 * packet is there: the port may have refused it.
 */
static int
wait_locked(struct port_poller *pp, struct mio_event *events, int nevents,
    int64_t timeout)
{
	port_event_t raw[BATCH];
	bool owed;
	int error, n;

	if (pp->waiting)
		return -EBUSY;
	if ((n = mio_wakers_rest(&pp->poller, events, nevents)) > 0)
		return n;
	owed = atomic_get_relaxed(&pp->poller.pending) != NULL;
	error = associate_due(pp);
	if (owed || error < 0)
		timeout = 0;
	n = wait_unlocked(pp, raw, nevents < BATCH ? (unsigned int)nevents :
	    BATCH, timeout);
	if (n > 0 || (n == 0 && owed))
		return report_all(pp, raw, (unsigned int)n, events, nevents,
		    owed);
	if (n < 0 || error < 0)
		return n < 0 ? n : error;
	return timeout < 0 ? MIO_RESUME : 0;
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
