/*
 * What the kqueue selector, its notes and its waker channel share.
 */
#ifndef KQUEUE_H
#define KQUEUE_H

#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>

#include "internal.h"

/* NetBSD's fields are wider, and its udata was an integer before 10. */
typedef __typeof__(((struct kevent *)0)->filter) mio_kq_filter;
typedef __typeof__(((struct kevent *)0)->flags) mio_kq_flags;
typedef __typeof__(((struct kevent *)0)->udata) mio_kq_udata;

struct kqueue_poller {
	struct mio_poller	poller;
	int			kq;
	bool			user;	/* the kernel takes EVFILT_USER */
};

/* EVFILT_USER's own numbers: this one, and descriptors plus one. */
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

/* Counts are size_t on NetBSD and int elsewhere; this is fit for either. */
static inline int
mio_kevent(const struct mio_poller *poller, const struct kevent *changes,
    unsigned char nchanges, struct kevent *events, unsigned char nevents,
    const struct timespec *timeout)
{
	return kevent(mio_kqueue(poller)->kq, changes, nchanges, events,
	    nevents, timeout);
}

/*
 * Makes all of the changes, and leaves in each one's data the errno that it
 * failed with, or 0.
 */
int	mio_kq_submit(const struct mio_poller *, struct kevent *, int);

/*
 * Is this event of a broken pipe for nobody?  Close(2) takes the notes of its
 * descriptor along, but not that one: if the pipe was closed behind our back,
 * it is the last.
 */
bool	mio_kq_outlived(const struct mio_poller *, const struct kevent *);

/*
 * A pipe's oneshot has fired: its other notes must not do so as well.  If it
 * is reregistered by another thread in this very moment, one of the new notes
 * may go with them: the end of a full pipe is then told by its next write.
 */
void	mio_kq_spend(const struct mio_poller *, int, mio_kq_filter);

#endif /* KQUEUE_H */
