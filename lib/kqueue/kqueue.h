/*
 * What the kqueue selector, its knotes and its waker channel share.
 */
#ifndef KQUEUE_H
#define KQUEUE_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>

#include <pthread.h>

#include "internal.h"

/* NetBSD's fields are wider, and its udata was an integer before 10. */
typedef __typeof__(((struct kevent *)0)->filter) mio_kq_filter;
typedef __typeof__(((struct kevent *)0)->flags) mio_kq_flags;
typedef __typeof__(((struct kevent *)0)->udata) mio_kq_udata;

#define MIO_KQ_SLOTS	64

struct kqueue_poller {
	struct mio_poller	poller;
	int			kq;	/* the channel opens and closes it */
	bool			user;	/* the kernel has EVFILT_USER */
	/*
	 * Held while knotes are added or changed, and while a waiting thread
	 * deletes some.  Each mio_register and mio_reregister adds 1 to
	 * changes, and stores it in the slot of the descriptor.
	 */
	pthread_mutex_t		lock;
	unsigned int		changes;
	unsigned int		last[MIO_KQ_SLOTS];
};

/* Ident of the channel's EVFILT_USER; a broken pipe has fd + 1. */
#define MIO_KQ_CHANNEL	((uintptr_t)0)

static inline struct kqueue_poller *
mio_kqueue(const struct mio_poller *poller)
{
	return (struct kqueue_poller *)(uintptr_t)poller;
}

static inline void
mio_kq_change(struct kevent *kev, uintptr_t ident, mio_kq_filter filter,
    unsigned int flags, unsigned int fflags, mio_token token)
{
	static const struct kevent zero;

	*kev = zero;
	kev->ident = ident;
	kev->filter = filter;
	kev->flags = (mio_kq_flags)flags;
	kev->fflags = fflags;
	kev->udata = (mio_kq_udata)token;
}

/* An unsigned char converts to size_t (NetBSD) and int (elsewhere). */
static inline int
mio_kevent(const struct mio_poller *poller, const struct kevent *changes,
    unsigned char nchanges, struct kevent *events, unsigned char nevents,
    const struct timespec *timeout)
{
	return kevent(mio_kqueue(poller)->kq, changes, nchanges, events,
	    nevents, timeout);
}

/* Makes all changes, and stores in each one's data its errno, or 0. */
int	mio_kq_submit(const struct mio_poller *, struct kevent *, int);

/*
 * The number of changes so far.  A waiting thread takes it before it waits, and
 * passes it to the functions below.  They delete no knote of a descriptor that
 * was changed since then: the knote may be that of a new registration, or of
 * another file with the same number.
 */
static inline unsigned int
mio_kq_changes(const struct mio_poller *poller)
{
	return atomic_get(&mio_kqueue(poller)->changes);
}

/*
 * Whether a broken-pipe event is stale, because the pipe was closed with
 * close(2) directly.  close(2) removes a descriptor's own knotes, but not the
 * EVFILT_USER or EVFILT_TIMER knote of a broken pipe.  Deletes the knote of a
 * stale event, so that no other event follows.
 */
bool	mio_kq_stale(const struct mio_poller *, const struct kevent *,
	    unsigned int changes);

/* Deletes a pipe's other knotes after its oneshot has fired. */
void	mio_kq_disarm_pipe(const struct mio_poller *, int, mio_kq_filter,
	    unsigned int changes);

/*
 * Deletes the EVFILT_READ knote that has reported the end of an edge-triggered
 * pipe.  Otherwise each read of 0 reports the end again on OpenBSD, and the
 * first one on NetBSD.  A FIFO keeps the knote, because another process may
 * open it for writing.
 */
void	mio_kq_end_pipe(const struct mio_poller *, int, unsigned int changes);

#endif /* KQUEUE_H */
