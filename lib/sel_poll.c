/*
 * poll(2), where nothing better exists: AIX, Cygwin, Haiku, the Hurd.
 *
 * poll(2) is level-triggered and knows no registration, so this selector
 * keeps a record a source and makes the edges itself.  A record is armed for
 * some directions, and only those are asked for:
 *
 *  - What is reported is disarmed, and stays so until an operation says
 *    would-block, or the source is reregistered.  Level never disarms.
 *  - An error or a hang-up can't be masked while the descriptor is in the
 *    array, so once reported it takes the descriptor out (POLL-1), until a
 *    direction is armed again.
 *
 * The array belongs to the thread inside poll(2).  Who changes it from
 * outside kicks that thread by the waker channel and waits until it has
 * left; who only arms a direction leaves a note and kicks.  Deregistering has
 * to wait in any case: the kernel holds a reference on what it polls, and a
 * peer would not learn of a close(2) before the wait ends.
 *
 * What it relies on: negative descriptors are skipped (POSIX).  A descriptor
 * that was closed behind our back (POLLNVAL) goes quiet, as on epoll.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "compat_cancel.h"
#include "readiness.h"
#include "timeout.h"

#ifndef POLLRDHUP
#define POLLRDHUP	0	/* Linux, FreeBSD 13 */
#endif

/* Beside the directions in "armed": an error or a hang-up is news. */
#define ARM_HANGUP	0x8000u
#define ARM_ALL		(MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY | ARM_HANGUP)

#define CHANNEL		0	/* the channel's place in the array */
#define CHUNK		64	/* records allocated at a time */

/*
 * Records are never given back to malloc before the poller is, so that a
 * stale copy of a source finds one to compare its generation with.
 */
struct record {
	struct poll_poller	*pp;
	struct record		*next;		/* free, or noted */
	mio_token		 token;
	unsigned int		 interest;
	unsigned int		 armed;
	unsigned int		 generation;	/* 16 bits, in the source's priv */
	unsigned int		 place;		/* in the array */
	int			 fd;
	bool			 noted;		/* on the list of changes */
};

struct chunk {
	struct chunk		*next;
	struct record		 records[CHUNK];
};

struct poll_poller {
	struct mio_poller	 poller;
	pthread_mutex_t		 lock;		/* all below; never held across poll(2) */
	pthread_cond_t		 left;		/* no thread is inside poll(2) */
	pthread_cond_t		 settled;	/* nobody wants to change the array */
	bool			 busy;		/* a thread is inside mio_sel_wait */
	bool			 inside;	/* ... and inside poll(2) */
	bool			 kicked;	/* ... and will come out */
	unsigned int		 changers;	/* threads that wait for it */
	struct record		*noted;		/* armed while it was inside */
	struct record		*free;
	struct chunk		*chunks;
	struct pollfd		*fds;		/* fds[i] is records[i]'s */
	struct record		**records;
	unsigned int		 count, room;	/* of the two arrays */
	unsigned int		 cursor;	/* where the next scan begins */
};

const size_t mio_sel_size = sizeof(struct poll_poller);
const char mio_sel_name[] = "poll";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;

const struct mio_bit_name mio_sel_native[] = {
	{ POLLIN,	"IN" },
	{ POLLPRI,	"PRI" },
	{ POLLOUT,	"OUT" },
	{ POLLERR,	"ERR" },
	{ POLLHUP,	"HUP" },
#if POLLRDHUP != 0
	{ POLLRDHUP,	"RDHUP" },
#endif
	{ 0,		NULL }
};

static struct poll_poller *
self(const struct mio_poller *poller)
{
	return (struct poll_poller *)(uintptr_t)poller;
}

static void
lock(struct poll_poller *pp)
{
	int error = pthread_mutex_lock(&pp->lock);

	assert(error == 0);
	(void)error;
}

static void
unlock(struct poll_poller *pp)
{
	int error = pthread_mutex_unlock(&pp->lock);

	assert(error == 0);
	(void)error;
}

struct mio_poller *
mio_sel_poller(const struct mio_source *source)
{
	const struct record *record = source->reg;

	return &record->pp->poller;
}

/* There is no descriptor that stands for the set. */
mio_fd
mio_sel_fd(const struct mio_poller *poller)
{
	(void)poller;
	return -ENOTSUP;
}

/* What to ask of poll(2) for a record. */
static short
events_of(const struct record *record)
{
	short events = 0;

	if ((record->armed & MIO_READABLE) != 0)
		events |= POLLIN;
	/* The hint that exclusive mode doesn't have on epoll. */
	if ((record->armed & MIO_READABLE) != 0 &&
	    (record->interest & MIO_EXCLUSIVE) == 0)
		events |= POLLRDHUP;
	if ((record->armed & MIO_WRITABLE) != 0)
		events |= POLLOUT;
	if ((record->armed & MIO_PRIORITY) != 0)
		events |= POLLPRI;
	return events;
}

static void
place_record(struct poll_poller *pp, const struct record *record)
{
	struct pollfd *pfd = &pp->fds[record->place];

	pfd->fd = record->armed != 0 ? record->fd : -1;
	pfd->events = events_of(record);
}

/* Both arrays with twice the room.  The thread inside poll(2) has left. */
static int
grow(struct poll_poller *pp)
{
	unsigned int room = pp->room * 2;
	struct record **records;
	struct pollfd *fds;

	fds = realloc(pp->fds, room * sizeof(*fds));
	if (fds == NULL)
		return -ENOMEM;
	pp->fds = fds;
	records = realloc(pp->records, room * sizeof(struct record *));
	if (records == NULL)
		return -ENOMEM;
	pp->records = records;
	pp->room = room;
	return 0;
}

static int
add_chunk(struct poll_poller *pp)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk));
	unsigned int i;

	if (chunk == NULL)
		return -ENOMEM;
	chunk->next = pp->chunks;
	pp->chunks = chunk;
	for (i = 0; i < CHUNK; i++) {
		chunk->records[i].pp = pp;
		chunk->records[i].next = pp->free;
		pp->free = &chunk->records[i];
	}
	return 0;
}

static int
init_arrays(struct poll_poller *pp)
{
	pp->room = CHUNK;
	pp->fds = calloc(pp->room, sizeof(*pp->fds));
	pp->records = calloc(pp->room, sizeof(struct record *));
	if (pp->fds == NULL || pp->records == NULL)
		return -ENOMEM;
	pp->fds[CHANNEL].fd = pp->poller.wake_fd[0];
	pp->fds[CHANNEL].events = POLLIN;
	pp->count = 1;
	pp->cursor = 1;
	return 0;
}

static int
init_locks(struct poll_poller *pp)
{
	int error;

	if ((error = pthread_mutex_init(&pp->lock, NULL)) != 0)
		return -error;
	if ((error = pthread_cond_init(&pp->left, NULL)) != 0)
		goto no_left;
	if ((error = pthread_cond_init(&pp->settled, NULL)) != 0)
		goto no_settled;
	return 0;

no_settled:
	(void)pthread_cond_destroy(&pp->left);	/* unused: can't be busy */
no_left:
	(void)pthread_mutex_destroy(&pp->lock);	/* unused: can't be busy */
	return -error;
}

int
mio_sel_open(struct mio_poller *poller)
{
	struct poll_poller *pp = self(poller);
	int error;

	if ((error = init_arrays(pp)) < 0 || (error = init_locks(pp)) < 0) {
		free(pp->fds);
		free(pp->records);
		return error;
	}
	/* A kick ends poll(2) with nothing to report. */
	poller->resumes = 1;
	return 0;
}

/* The only descriptors are the channel's. */
void
mio_sel_close(struct mio_poller *poller)
{
	(void)poller;
}

void
mio_sel_destroy(struct mio_poller *poller)
{
	struct poll_poller *pp = self(poller);
	struct chunk *chunk;

	while ((chunk = pp->chunks) != NULL) {
		pp->chunks = chunk->next;
		free(chunk);
	}
	free(pp->fds);
	free(pp->records);
	/*
	 * In a forked child they may be held by a thread that isn't there,
	 * and destroying them is undefined: they own no memory to leak.
	 */
	if (poller->birth != mio_generation)
		return;
	(void)pthread_cond_destroy(&pp->settled);
	(void)pthread_cond_destroy(&pp->left);
	(void)pthread_mutex_destroy(&pp->lock);
}

/* Makes the thread inside poll(2) come out; one kick is enough for that. */
static int
kick(struct poll_poller *pp)
{
	int error;

	if (!pp->inside || pp->kicked)
		return 0;
	if ((error = mio_channel_signal(&pp->poller)) == 0)
		pp->kicked = true;
	return error;
}

/* No cancellation here: the lock is held, and promises are half kept. */
static void
wait_for(struct poll_poller *pp, pthread_cond_t *cond)
{
	int state = cancel_off();
	int error = pthread_cond_wait(cond, &pp->lock);

	cancel_restore(state);
	assert(error == 0);
	(void)error;
}

/*
 * Locks, with no thread inside poll(2) and none going in.  On an error the
 * kick has failed, and the thread is still there.
 */
static int
lock_array(struct poll_poller *pp)
{
	int error = 0;

	lock(pp);
	pp->changers++;
	while (pp->inside && (error = kick(pp)) == 0)
		wait_for(pp, &pp->left);
	if (--pp->changers == 0)
		(void)pthread_cond_signal(&pp->settled);	/* can't fail */
	return error;
}

/* epoll refuses files that are always ready, and so do we. */
static int
check_pollable(const struct mio_source *source)
{
	struct stat st;

	if (mio_kind(source) != MIO_KIND_FOREIGN)
		return 0;
	if (fstat(source->fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? -EPERM : 0;
}

static int
new_record(struct poll_poller *pp, struct record **record)
{
	int error;

	if (pp->count == pp->room && (error = grow(pp)) < 0)
		return error;
	if (pp->free == NULL && (error = add_chunk(pp)) < 0)
		return error;
	*record = pp->free;
	pp->free = (*record)->next;
	return 0;
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct poll_poller *pp = self(poller);
	struct record *record;
	int error;

	if ((error = check_pollable(source)) < 0)
		return error;
	if ((error = lock_array(pp)) < 0 ||
	    (error = new_record(pp, &record)) < 0)
		goto out;
	record->token = token;
	record->interest = interest;
	record->armed = (interest & MIO_INTERESTS) | ARM_HANGUP;
	record->fd = source->fd;
	record->place = pp->count++;
	pp->records[record->place] = record;
	pp->fds[record->place].revents = 0;
	place_record(pp, record);
	source->reg = record;
	source->priv |= record->generation << MIO_GENERATION_SHIFT;
out:
	unlock(pp);
	return error;
}

/* Brings the array up to date with a record, now or when poll(2) is left. */
static int
note(struct poll_poller *pp, struct record *record)
{
	if (!pp->inside) {
		place_record(pp, record);
		return 0;
	}
	if (!record->noted) {
		record->noted = true;
		record->next = pp->noted;
		pp->noted = record;
	}
	return kick(pp);
}

static void
place_noted(struct poll_poller *pp)
{
	struct record *record;

	while ((record = pp->noted) != NULL) {
		pp->noted = record->next;
		record->noted = false;
		place_record(pp, record);
	}
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct poll_poller *pp = self(poller);
	struct record *record = source->reg;
	int error;

	lock(pp);
	record->token = token;
	record->interest = interest;
	record->armed = (interest & MIO_INTERESTS) | ARM_HANGUP;
	error = note(pp, record);
	unlock(pp);
	return error;
}

/* The last place moves into the one that falls vacant, events and all. */
static void
remove_record(struct poll_poller *pp, struct record *record)
{
	unsigned int last = --pp->count;

	if (record->place != last) {
		pp->fds[record->place] = pp->fds[last];
		pp->records[record->place] = pp->records[last];
		pp->records[record->place]->place = record->place;
	}
	record->generation = (record->generation + 1) & 0xffff;
	record->next = pp->free;
	pp->free = record;
}

int
mio_sel_del(struct mio_poller *poller, struct mio_source *source)
{
	struct poll_poller *pp = self(poller);
	struct record *record = source->reg;
	int error;

	if ((error = lock_array(pp)) == 0) {
		assert(pp->noted == NULL);
		remove_record(pp, record);
	} else {
		/* Without a kick the place is lost, but it must be silent. */
		record->armed = 0;
		record->interest = 0;
		(void)note(pp, record);		/* the same error again */
	}
	unlock(pp);
	return error;
}

/* The record goes with the poller's memory. */
void
mio_sel_forget(struct mio_poller *poller, struct mio_source *source)
{
	(void)poller;
	(void)source;
}

/*
 * Arms what would block, and with it the news of an error or a hang-up.
 * Level is always armed; a oneshot waits for its reregistration.
 */
void
mio_sel_blocked(const struct mio_source *source, unsigned int directions)
{
	struct record *record = source->reg;
	struct poll_poller *pp = record->pp;
	unsigned int arm;

	if (mio_poller_check(&pp->poller) < 0)
		return;
	lock(pp);
	arm = (directions & record->interest) | ARM_HANGUP;
	if (record->generation == source->priv >> MIO_GENERATION_SHIFT &&
	    (record->interest & (MIO_LEVEL | MIO_ONESHOT)) == 0 &&
	    (record->armed & arm) != arm) {
		record->armed |= arm;
		/*
		 * If the kick fails, the waiter takes the note up when it next
		 * leaves; the operation itself has not failed.
		 */
		(void)note(pp, record);
	}
	unlock(pp);
}

static uint32_t
readiness_of(short revents)
{
	return MIO_READINESS(revents & POLLIN, revents & POLLPRI,
	    revents & POLLOUT, revents & POLLERR, revents & POLLHUP,
	    revents & POLLRDHUP);
}

/* Disarms what is being reported. */
static void
disarm(struct poll_poller *pp, struct record *record, short revents)
{
	if ((record->interest & MIO_ONESHOT) != 0 ||
	    (revents & (POLLERR | POLLHUP)) != 0)
		record->armed = 0;
	if ((revents & (POLLIN | POLLRDHUP)) != 0)
		record->armed &= ~MIO_READABLE;
	if ((revents & POLLOUT) != 0)
		record->armed &= ~MIO_WRITABLE;
	if ((revents & POLLPRI) != 0)
		record->armed &= ~MIO_PRIORITY;
	place_record(pp, record);
}

/*
 * Reports a record.  It may have been changed while poll(2) ran, so what is
 * no longer wanted is left out.
 */
static int
report(struct poll_poller *pp, unsigned int place, struct mio_event *event)
{
	struct record *record = pp->records[place];
	struct pollfd *pfd = &pp->fds[place];
	short revents = pfd->revents;

	pfd->revents = 0;
	if ((revents & POLLNVAL) != 0) {
		record->armed = 0;
		place_record(pp, record);
	}
	if ((record->armed & ARM_HANGUP) == 0)
		revents &= ~(POLLERR | POLLHUP);
	revents &= events_of(record) | POLLERR | POLLHUP;
	if (revents == 0)
		return 0;
	event->token = record->token;
	event->readiness = readiness_of(revents);
	event->native = (unsigned short)revents;
	if ((record->interest & (MIO_LEVEL | MIO_ONESHOT)) != MIO_LEVEL)
		disarm(pp, record, revents);
	return 1;
}

/*
 * Scans from where the last scan ended, so that a few busy sources can't
 * starve the others of a small array.
 */
static int
collect(struct poll_poller *pp, int ready, struct mio_event *events,
    int nevents)
{
	unsigned int seen;
	int n = 0;

	for (seen = 1; seen < pp->count && ready > 0 && n < nevents; seen++) {
		if (pp->cursor >= pp->count)
			pp->cursor = 1;
		if (pp->fds[pp->cursor].revents != 0) {
			n += report(pp, pp->cursor, &events[n]);
			ready--;
		}
		pp->cursor++;
	}
	return n;
}

/* The thread has left poll(2), or was cancelled there. */
static void
leave(void *arg)
{
	struct poll_poller *pp = arg;

	lock(pp);
	pp->inside = false;
	pp->kicked = false;
	place_noted(pp);
	(void)pthread_cond_broadcast(&pp->left);	/* can't fail */
}

static void
leave_cancelled(void *arg)
{
	struct poll_poller *pp = arg;

	leave(pp);
	pp->busy = false;
	unlock(pp);
}

static int
wait_raw(struct pollfd *fds, nfds_t count, int64_t timeout)
{
#ifdef HAVE_PPOLL
	struct timespec ts;

	if (timeout > 0 && timeout % MIO_MSEC(1) != 0) {
		mio_timespec(&ts, timeout);
		return ppoll(fds, count, &ts, NULL);
	}
#endif
	return poll(fds, count, mio_msec(timeout));
}

/* poll(2) itself, unlocked; 0 or more, or a negated errno. */
static int
wait_unlocked(struct poll_poller *pp, int64_t timeout)
{
	struct pollfd *fds = pp->fds;
	nfds_t count = pp->count;
	int ready;

	pp->inside = true;
	unlock(pp);
	pthread_cleanup_push(leave_cancelled, pp);
	ready = wait_raw(fds, count, timeout);
	if (ready < 0)
		ready = -errno;
	pthread_cleanup_pop(0);
	leave(pp);
	return ready;
}

/* What poll(2) saw, as events; wakers first. */
static int
answer(struct poll_poller *pp, int ready, struct mio_event *events,
    int nevents)
{
	int n = 0;

	if (ready <= 0)
		return ready;
	if (pp->fds[CHANNEL].revents != 0) {
		mio_channel_drain(&pp->poller);
		n = mio_wakers_take(&pp->poller, events, nevents);
		ready--;
	}
	n += collect(pp, ready, &events[n], nevents - n);
	return n > 0 ? n : MIO_RESUME;
}

static int
wait_locked(struct poll_poller *pp, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n;

	if (pp->busy)
		return -EBUSY;
	if ((n = mio_wakers_rest(&pp->poller, events, nevents)) > 0)
		return n;
	pp->busy = true;
	while (pp->changers > 0)
		wait_for(pp, &pp->settled);
	n = wait_unlocked(pp, timeout);
	pp->busy = false;
	return answer(pp, n, events, nevents);
}

int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	struct poll_poller *pp = self(poller);
	int n;

	lock(pp);
	n = wait_locked(pp, events, nevents, timeout);
	unlock(pp);
	return n;
}
