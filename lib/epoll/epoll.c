/*
 * epoll(7).
 *
 * The only state is the descriptor: the kernel stores the token, the source's
 * reg is the poller, and there are no locks.  What it relies on:
 *
 *  - EPOLL_CTL_ADD and EPOLL_CTL_MOD re-evaluate readiness, so a source that
 *    is ready yields an event even if edge-triggered.
 *  - A registration belongs to the open file and not to the descriptor: a
 *    duplicate or inherited descriptor keeps it alive after close(2).
 *    mio_source_close therefore deregisters first (t/epoll: EPOLL-4).
 *
 * What it works around:
 *
 *  - struct epoll_event is packed only on x86.  The kernel can fill the
 *    caller's array on some machines, and fills a bounce buffer on others.
 *  - epoll_pwait2(2) is missing before Linux 5.11, and sandboxes forbid it with
 *    errors of their choice: EPERM, EOPNOTSUPP (contract 8, EPOLL-7).
 *  - epoll_wait(2) takes milliseconds as an int.  A larger timeout would
 *    become negative, and so infinite (TIME-1).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/epoll.h>

#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIO_SEL static MIO_INLINE	/* see internal.h */
#include "internal.h"
#include "readiness.h"
#include "timeout.h"

struct epoll_poller {
	struct mio_poller	poller;
	int			epfd;
	int			coarse;	/* epoll_pwait2 is missing or refused */
};

const size_t mio_sel_size = sizeof(struct epoll_poller);
const char mio_sel_name[] = "epoll";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;

const struct mio_bit_name mio_sel_native[] = {
	{ EPOLLIN,	"IN" },
	{ EPOLLPRI,	"PRI" },
	{ EPOLLOUT,	"OUT" },
	{ EPOLLERR,	"ERR" },
	{ EPOLLHUP,	"HUP" },
	{ EPOLLRDHUP,	"RDHUP" },
	{ 0,		NULL }
};

static struct epoll_poller *
self(const struct mio_poller *poller)
{
	return (struct epoll_poller *)(uintptr_t)poller;
}

#define mio_sel_fd mio_sel_fd
int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	*fd = self(poller)->epfd;
	return 0;
}

static int
control(const struct mio_poller *poller, int op, int fd, uint32_t events,
    mio_token token)
{
	struct epoll_event event;

	event.events = events;
	event.data.u64 = token;
	if (MIO_UNLIKELY(epoll_ctl(self(poller)->epfd, op, fd, &event) < 0))
		return -errno;
	return 0;
}

/*
 * The token of the channel is the poller's address, which mio_register
 * refuses.
 */
int
mio_sel_open(struct mio_poller *poller)
{
	struct epoll_poller *ep = self(poller);
	uint32_t events = EPOLLIN | EPOLLET;
	int error;

	if ((ep->epfd = epoll_create1(EPOLL_CLOEXEC)) < 0)
		return -errno;
	error = control(poller, EPOLL_CTL_ADD, poller->channel_fd[0], events,
	    (mio_token)poller);
	if (error < 0)
		mio_sel_close(poller);
	return error;
}

#define mio_sel_close mio_sel_close
void
mio_sel_close(struct mio_poller *poller)
{
	(void)close(self(poller)->epfd);	/* no buffered data to lose */
}

/*
 * The epoll bits of each set of interests, and of each set of modes.  A
 * oneshot needs no EPOLLET: it is silent after its first event.
 */
#define MODE_SHIFT	8

MIO_ASSERT(readable, MIO_READABLE == 1);
MIO_ASSERT(writable, MIO_WRITABLE == 2);
MIO_ASSERT(priority, MIO_PRIORITY == 4);
MIO_ASSERT(level, MIO_LEVEL == 1 << MODE_SHIFT);
MIO_ASSERT(oneshot, MIO_ONESHOT == 2 << MODE_SHIFT);
MIO_ASSERT(exclusive, MIO_EXCLUSIVE == 4 << MODE_SHIFT);

#define BITS(i)		(((i) & MIO_READABLE ? EPOLLIN | EPOLLRDHUP : 0u) |   \
			    ((i) & MIO_WRITABLE ? EPOLLOUT : 0u) |	      \
			    ((i) & MIO_PRIORITY ? EPOLLPRI : 0u))
#define MODE(m)		(((m) & MIO_ONESHOT ? EPOLLONESHOT :		      \
			    (m) & MIO_LEVEL ? 0u : EPOLLET) |		      \
			    ((m) & MIO_EXCLUSIVE ? EPOLLEXCLUSIVE : 0u))
#define MODE_AT(i)	MODE((unsigned int)(i) << MODE_SHIFT)

static const uint16_t interest_bits[8] = {
	BITS(0), BITS(1), BITS(2), BITS(3),
	BITS(4), BITS(5), BITS(6), BITS(7)
};
static const uint32_t mode_bits[8] = {
	MODE_AT(0), MODE_AT(1), MODE_AT(2), MODE_AT(3),
	MODE_AT(4), MODE_AT(5), MODE_AT(6), MODE_AT(7)
};

static inline uint32_t
events_of(unsigned int interest)
{
	uint32_t events = interest_bits[interest & 7] |
	    mode_bits[interest >> MODE_SHIFT & 7];

	/* The kernel refuses EPOLLRDHUP beside EPOLLEXCLUSIVE. */
	if (MIO_UNLIKELY((interest & MIO_EXCLUSIVE) != 0))
		events &= ~(uint32_t)EPOLLRDHUP;
	return events;
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	int error = control(poller, EPOLL_CTL_ADD, source->fd,
	    events_of(interest), token);

	if (error == 0)
		source->reg = poller;
	return error;
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	return control(poller, EPOLL_CTL_MOD, source->fd, events_of(interest),
	    token);
}

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	return epoll_ctl(self(poller)->epfd, EPOLL_CTL_DEL, source->fd, NULL);
}

/*
 * Readiness by a table of six bits.  IN, PRI, OUT, ERR and HUP are the lowest
 * five bits, and RDHUP is shifted to be the sixth.  All other bits that the
 * shift moves there are 0: the kernel reports only what was registered.
 */
#define RDHUP_SHIFT	8

MIO_ASSERT(in, EPOLLIN == 0x01);
MIO_ASSERT(pri, EPOLLPRI == 0x02);
MIO_ASSERT(out, EPOLLOUT == 0x04);
MIO_ASSERT(err, EPOLLERR == 0x08);
MIO_ASSERT(hup, EPOLLHUP == 0x10);
MIO_ASSERT(rdhup, EPOLLRDHUP >> RDHUP_SHIFT == 0x20);

#define ROW1(i)		MIO_READINESS((i) & 0x01, (i) & 0x02, (i) & 0x04, \
			    (i) & 0x08, (i) & 0x10, (i) & 0x20)
#define ROW4(i)		ROW1(i), ROW1((i) + 1), ROW1((i) + 2), ROW1((i) + 3)
#define ROW16(i)	ROW4(i), ROW4((i) + 4), ROW4((i) + 8), ROW4((i) + 12)

static const uint8_t readiness_table[64] = {
	ROW16(0), ROW16(16), ROW16(32), ROW16(48)
};

static inline uint32_t
readiness_of(uint32_t events)
{
	return readiness_table[(events | events >> RDHUP_SHIFT) & 0x3f];
}

/*
 * Converts the kernel's entries to events, and returns a pointer to the
 * channel's event, or NULL.  The conversion runs backward, because an entry
 * may overlap an event before it.  Each entry is copied as a whole first,
 * because it may overlap its own event, and storing one field would corrupt
 * the next.
 */
static MIO_INLINE struct mio_event *
expand(const struct mio_poller *poller, struct mio_event *events,
    const void *raw, int ready)
{
	const char *entry = (const char *)raw +
	    (size_t)ready * sizeof(struct epoll_event);
	struct mio_event *event = events + ready;
	struct mio_event *channel_event = NULL;

	while (event > events) {
		struct epoll_event copy;

		entry -= sizeof(copy);
		event--;
		memcpy(&copy, entry, sizeof(copy));
		event->token = (mio_token)copy.data.u64;
		event->readiness = readiness_of(copy.events);
		event->native = copy.events;
		if (event->token == (mio_token)poller)
			channel_event = event;
	}
	return channel_event;
}

/*
 * Waits with a timeout in nanoseconds.  epoll_wait(2) is cheaper, and is used
 * where milliseconds are exact: infinite, 0, and whole milliseconds.  If
 * epoll_pwait2(2) fails and epoll_wait(2) succeeds with the same arguments, the
 * former is missing or forbidden, whatever its error, and is given up.
 */
static MIO_COLD int
wait_fine(struct epoll_poller *ep, struct epoll_event *raw, int n,
    int64_t timeout)
{
	int ready;
#ifdef HAVE_EPOLL_PWAIT2
	int saved = errno;
	struct timespec ts;

	mio_timespec(&ts, timeout);
	ready = epoll_pwait2(ep->epfd, raw, n, &ts, NULL);
	if (ready >= 0 || errno == EINTR)
		return ready;
	errno = saved;
#endif
	ready = epoll_wait(ep->epfd, raw, n, mio_msec(timeout));
	if (ready >= 0)
		atomic_put_relaxed(&ep->coarse, 1);
	return ready;
}

/* A finite timeout in milliseconds, or -1 if that is not exact. */
static MIO_NOINLINE int
whole_msec(const struct epoll_poller *ep, int64_t timeout)
{
	if (timeout % MIO_MSEC(1) != 0 && !atomic_get_relaxed(&ep->coarse))
		return -1;
	return mio_msec(timeout);
}

static MIO_INLINE int
wait_raw(struct epoll_poller *ep, struct epoll_event *raw, int n,
    int64_t timeout)
{
	int msec = timeout < 0 ? -1 : 0;

	if (timeout > 0 && (msec = whole_msec(ep, timeout)) < 0)
		return wait_fine(ep, raw, n, timeout);
	return epoll_wait(ep->epfd, raw, n, msec);
}

/*
 * The kernel fills the caller's array if its entries are no larger than events
 * and need no stricter alignment.  Otherwise (x32, ILP32 ARM) the kernel fills
 * a bounce buffer on the stack.
 */
struct align_raw { char c; struct epoll_event event; };
struct align_event { char c; struct mio_event event; };

#define FITS	(sizeof(struct epoll_event) <= sizeof(struct mio_event) && \
		    offsetof(struct align_raw, event) <=		    \
		    offsetof(struct align_event, event))
#ifdef FORCE_BOUNCE
#define IN_PLACE	0
#else
#define IN_PLACE	FITS
#endif
#define BOUNCE_MAX	128

/*
 * Reports wakers in place of the channel's event: the last event moves into
 * its place, and the wakers follow.
 */
static MIO_NOINLINE int
take_wakers(struct mio_poller *poller, struct mio_event *events, int n,
    int nevents, struct mio_event *channel_event)
{
	int error = mio_channel_edges ? 0 : mio_channel_drain(poller);

	if (channel_event != NULL)
		*channel_event = events[--n];
	n += mio_wakers_take(poller, &events[n], nevents - n);
	if (n > 0)
		return n;
	return error < 0 ? error : MIO_RESUME;
}

static MIO_INLINE int
finish(struct mio_poller *poller, struct mio_event *events, int nevents,
    const void *raw, int ready, bool pending)
{
	struct mio_event *channel_event;

	/* Not "ready < 0" alone: then a result of 0 needs a test of its own. */
	if (ready <= 0 && (ready < 0 || !pending))
		return ready < 0 ? -errno : 0;
	channel_event = expand(poller, events, raw, ready);
	if (MIO_UNLIKELY(channel_event != NULL || pending))
		return take_wakers(poller, events, ready, nevents,
		    channel_event);
	return ready;
}

static MIO_INLINE int
wait_in_place(struct mio_poller *poller, struct mio_event *events, int nevents,
    int room, int64_t timeout, bool pending)
{
	int ready = wait_raw(self(poller), (void *)events, room, timeout);

	return finish(poller, events, nevents, events, ready, pending);
}

static int
wait_bounced(struct mio_poller *poller, struct mio_event *events, int nevents,
    int room, int64_t timeout, bool pending)
{
	struct epoll_event raw[BOUNCE_MAX];
	int ready = wait_raw(self(poller), raw,
	    room < BOUNCE_MAX ? room : BOUNCE_MAX, timeout);

	return finish(poller, events, nevents, raw, ready, pending);
}

/* Waits with room for so many events of sources. */
static MIO_INLINE int
wait_for(struct mio_poller *poller, struct mio_event *events, int nevents,
    int room, int64_t timeout, bool pending)
{
	/* The kernel refuses an array of more than INT_MAX bytes. */
	if (room > INT_MAX / (int)sizeof(struct epoll_event))
		room = INT_MAX / (int)sizeof(struct epoll_event);
	if (IN_PLACE)
		return wait_in_place(poller, events, nevents, room, timeout,
		    pending);
	return wait_bounced(poller, events, nevents, room, timeout, pending);
}

/*
 * Takes wakers even without an edge.  The C library may have cancelled a thread
 * after the kernel delivered the edge to it and before epoll_wait(2) returned.
 */
static MIO_NOINLINE int
wait_pending(struct mio_poller *poller, struct mio_event *events, int nevents)
{
	int room = mio_source_room(poller, nevents);

	if (room == 0)
		return mio_wakers_take_only(poller, events, nevents);
	return wait_for(poller, events, nevents, room, 0, true);
}

int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	if (mio_wakers_pending(poller))
		return wait_pending(poller, events, nevents);
	return wait_for(poller, events, nevents, nevents, timeout, false);
}

#include "verbs.c"
