/*
 * The seam: what every selector and every waker channel implements, and what
 * the core provides to them.  The core is independent of the selector; exactly
 * one selector is linked in.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * Inside the library a function returns a count or a negated errno value.
 * mio_result() sets errno once, at the public edge, and success leaves errno
 * alone.  A comment marks each function that returns a public function's
 * result instead: -1 with errno set.
 */
#ifndef INTERNAL_H
#define INTERNAL_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mio.h"
#include "compat/atomic.h"
#include "compat/compiler.h"
#include "compat/probe.h"

#define MIO_INTERESTS							\
	(MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY | MIO_AIO | MIO_LIO)
#define MIO_MODES	(MIO_LEVEL | MIO_ONESHOT | MIO_EXCLUSIVE)

/*
 * The distance that keeps the data of two threads in different cache lines.
 * Some arm processors have lines of 128 bytes, and x86 fetches two lines of 64
 * bytes at a time.
 */
#define MIO_CACHE_LINE	128

/* A compile-time assertion in C99. */
#define MIO_ASSERT(name, truth)	typedef char mio_assert_##name[(truth) ? 1 : -1]

/*
 * The fields of a source's priv:
 *	bits  0..4	kind, 0 for an empty source
 *	bits  5..15	interest and mode while registered, else 0
 *	bits 16..31	the selector's, while registered: the generation of its
 *			record, if it has records
 */
enum mio_kind {
	MIO_KIND_EMPTY,
	MIO_KIND_FOREIGN,		/* mio_source_from_fd */
	MIO_KIND_LISTENER,
	MIO_KIND_STREAM,		/* a short count means drained */
	MIO_KIND_DGRAM,			/* a short count means nothing */
	MIO_KIND_PIPE,
	MIO_KIND_NPIPE			/* a named pipe of Windows */
};

#define MIO_INTEREST_SHIFT	5
#define MIO_GENERATION_SHIFT	16

static inline enum mio_kind
mio_kind(const struct mio_source *source)
{
	return (enum mio_kind)(source->priv & 0x1f);
}

static inline unsigned int
mio_interest(const struct mio_source *source)
{
	return source->priv >> MIO_INTEREST_SHIFT & 0x7ff;
}

/* The only test for a registration: reg belongs to the selector. */
static inline bool
mio_registered(const struct mio_source *source)
{
	return mio_interest(source) != 0;
}

static inline void
mio_set_interest(struct mio_source *source, unsigned int interest)
{
	source->priv = (source->priv & ~(0x7ffu << MIO_INTEREST_SHIFT)) |
	    interest << MIO_INTEREST_SHIFT;
}

/* A list of wakers, which only grows (wake.c). */
struct mio_waker_group {
	struct mio_waker *wakers;
	struct mio_waker *first;	/* the first to report */
};

#define MIO_WAKER_GROUPS	32	/* bits of poller->pending */

/*
 * The part of a poller that all selectors share.  A selector's own poller
 * begins with it, and mio_sel_size is the size to allocate.
 *
 * A poller has three reference counts:
 *
 *   handles	mio_poller_new returns one, and so does each mio_poller_ref.
 *		The selector stays open while there is a handle.
 *   channel	The handles together hold one, and so does each waker.  The
 *		waker channel stays open while there is a reference, because a
 *		wake may run beside the last mio_poller_free and must not write
 *		to a descriptor that has been closed and reused.
 *   memory	The holders of the channel each hold one, and so does each
 *		registered source.  The last one frees the poller.
 */
struct mio_poller {
	struct mio_poller *self;	/* see mio_poller_of */
	/* Read by polls, registrations and wakes, and rarely written. */
	unsigned int	 birth;		/* mio_generation at mio_poller_new */
	unsigned int	 alive;		/* birth, or 0 once closed */
	unsigned int	 resumes;	/* a finite wait reads the clock */
	unsigned int	 spin_ns;
	mio_fd		 channel_fd[2];	/* read end, write end */

	/*
	 * Written by registrations and by a waker's first wake.  A wake of a
	 * waker that is pending must not touch this cache line.
	 */
	char		 pad[MIO_CACHE_LINE];
	unsigned int	 handles;
	unsigned int	 channel;
	unsigned int	 memory;
	unsigned int	 channel_state;	/* for a channel that needs one */
	unsigned int	 pending;	/* groups that may have a wake */
	unsigned int	 overdue;	/* sources left no place for a waker */
	unsigned int	 wakers;	/* all that were allocated */
	unsigned int	 first_group;	/* the first to report */
	struct mio_waker *unused;	/* freed wakers */
	struct mio_waker_group groups[MIO_WAKER_GROUPS];
};

/*
 * The selector.
 *
 * The poller is all zeroes before open.  add, mod and del are called with
 * checked arguments, for an open poller of this process.  The source is not
 * empty, and is registered (mod, del) or not registered (add).  These three
 * functions may run on any thread, also beside wait and beside each other, but
 * never two for the same source.  Locking is the selector's task.  Only add
 * allocates.
 *
 * A selector defines mio_sel_size, mio_sel_name, mio_sel_interests,
 * mio_sel_native, and the functions open, add, mod, del and wait.  The other
 * functions have defaults in verbs.c.  To replace a default, a selector defines
 * the function and a macro of the same name in the file that includes verbs.c:
 * "#define mio_sel_close mio_sel_close".
 *
 *   open	Opens the selector.  The channel is open already, and the core
 *		closes it if open fails.
 *   add	Registers a source.  add sets source->reg (see mio_poller_of)
 *		and, if the selector keeps records, the record's generation in
 *		priv.  A source that is ready yields an event at the next wait,
 *		or at the wait in progress.  If the kernel accepts regular
 *		files, add calls mio_check_file() first.  On an error the
 *		source is unchanged.
 *   mod	Replaces interest, mode and token, and re-evaluates readiness.
 *		On an error the registration should be unchanged.
 *   del	Ends a registration.  The source is a copy, because the
 *		caller's is marked as not registered by then.  No wait that
 *		begins afterwards reports the source, and its descriptor may be
 *		closed at once: if the kernel holds a reference on what it
 *		waits for, del makes the waiter leave the kernel first.  Only
 *		the selector may still use the copy's reg.  The registration
 *		ends even if the system reports an error.  del returns a public
 *		function's result, so that a selector which only makes a system
 *		call can end in that call, and no return of the library follows
 *		it.
 *   wait	Stores at most one event for each registration and at most
 *		nevents (which is at least 1), and returns how many, or -EINTR
 *		when interrupted.  The timeout is in nanoseconds, is rounded
 *		up, and is infinite if negative; 0 is returned when it expires.
 *		An infinite wait may return 0 if the kernel does: the core then
 *		calls wait again.
 *		MIO_RESUME means that the waiter was woken for something that
 *		is not an event, and the core calls wait again with the time
 *		that is left.  For a finite wait the core then needs a clock,
 *		which it reads only if the poller's resumes is set; a selector
 *		that resumes waits without wakers sets resumes in open.
 *		If wakers are pending when it begins (mio_wakers_pending), wait
 *		does not block, and stores at most mio_source_room() events of
 *		sources.  After these events, and after a signal of the
 *		channel, wait calls mio_wakers_take() with the room that is
 *		left.  Events for which there is no room are reported by the
 *		next calls, each source in its turn.  A second waiter gets
 *		-EBUSY if it could do harm.  Cancellation may end only the
 *		system call that waits, and wait must then undo all marks and
 *		release all locks.  A descriptor that was closed with close(2)
 *		directly is silent.
 *
 * With defaults:
 *
 *   closing	As del, but the descriptor is closed next, and not by a call
 *		that may be cancelled before, so that what close(2) does by
 *		itself need not be done.  Default: del.
 *   close	Closes the selector's descriptors except the channel, which
 *		closes later.  Also called in a forked child: close must not
 *		touch locks, nor anything that the child shares with the
 *		parent.  Default: nothing.
 *   destroy	Frees what the selector allocated beside the poller.  Also
 *		called in a forked child, where locks are left as they are.
 *		Default: nothing.
 *   fd		Stores the descriptor that mio_poller_fd returns.  Default:
 *		-ENOTSUP.
 *   forget	Drops a registration without a system call, because the poller
 *		is closed, or belongs to the parent of a forked child.  The
 *		source is a copy.  Default: nothing; records are freed with the
 *		poller.
 *   rearm	An operation in these directions returned EAGAIN, or was short
 *		on a stream: the next change must be reported.  Called
 *		unchecked: the poller may be closed or the parent's, and the
 *		source may be a stale copy (mio_poller_check, mio_record_tied).
 *		A oneshot stays silent, and a direction outside of the interest
 *		has no effect.  Default: nothing, for a kernel that has edges.
 *
 * An error or a hang-up makes a source both readable and writable, whatever
 * its interest (MIO_READINESS in readiness.h); the model test checks this on
 * each selector.  The hints are reported where the kernel reports them.
 *
 * poll_bits.c defines mio_sel_native for the selectors whose kernel reports
 * poll(2)'s bits.
 */
#define MIO_RESUME	(-0x10000)	/* outside errno's range */

extern const size_t mio_sel_size;
extern const char mio_sel_name[];
extern const unsigned int mio_sel_interests;
extern const bool mio_sel_rearms;	/* has a rearm of its own (verbs.c) */
extern const bool mio_sel_closes;	/* close(2) ends registrations */

int	mio_sel_open(struct mio_poller *);
void	mio_sel_close(struct mio_poller *);
void	mio_sel_destroy(struct mio_poller *);
int	mio_sel_fd(const struct mio_poller *, mio_fd *);
void	mio_sel_rearm(const struct mio_source *, unsigned int);

/*
 * Only verbs.c calls these functions.  A selector that defines them in the file
 * that includes verbs.c can make them static MIO_INLINE.
 */
#ifndef MIO_SEL
#define MIO_SEL	extern
#endif

MIO_SEL int	mio_sel_add(struct mio_poller *, struct mio_source *,
		    mio_token, unsigned int);
MIO_SEL int	mio_sel_mod(struct mio_poller *, struct mio_source *,
		    mio_token, unsigned int);
MIO_SEL int	mio_sel_del(struct mio_poller *, const struct mio_source *);
MIO_SEL int	mio_sel_closing(struct mio_poller *,
		    const struct mio_source *);
MIO_SEL void	mio_sel_forget(struct mio_poller *,
		    const struct mio_source *);
MIO_SEL int	mio_sel_wait(struct mio_poller *, struct mio_event *, int,
		    int64_t);

/*
 * The poller of a registered source.  The source's reg points to the poller or
 * to a record, and both begin with the poller's address.
 */
static inline struct mio_poller *
mio_poller_of(const struct mio_source *source)
{
	return *(struct mio_poller *const *)source->reg;
}

/* Names of the bits in mio_event.native; a null name ends the array. */
struct mio_bit_name {
	uint32_t	 bit;
	const char	*name;
};
extern const struct mio_bit_name mio_sel_native[];

/*
 * The waker channel wakes the waiter.  A poller has one, for all of its wakers
 * (wake.c) and for the selector's own use.
 *
 *   open	Creates poller->channel_fd, without registering it.
 *   signal	Async-signal-safe, from any thread; 0 or a negated errno.
 *   drain	Makes the channel unready.  The selector calls drain before
 *		mio_wakers_take(); in the other order a wake between the two
 *		calls is lost.  -EBADF if the program has closed the channel's
 *		descriptor: a wait that has nothing to report must fail then,
 *		because it would end at once for ever.
 *   mio_channel_edges
 *		Each signal is an edge even if the channel is never drained.
 *		A level-triggered selector must still drain the channel.
 */
extern const bool mio_channel_edges;

int	mio_channel_open(struct mio_poller *);
int	mio_channel_signal(struct mio_poller *);
int	mio_channel_drain(struct mio_poller *);
void	mio_channel_close(struct mio_poller *);

/*
 * mio_wakers_take() reports pending wakers.  If there is no room for all of
 * them, the others remain pending and the channel is signalled again, because
 * another thread may be waiting.  mio_wakers_take_only() is a whole wait that
 * has no room for sources.  mio_wakers_destroy() frees all wakers.
 */
int	mio_wakers_take(struct mio_poller *, struct mio_event *, int);
int	mio_wakers_take_only(struct mio_poller *, struct mio_event *, int);
void	mio_wakers_destroy(struct mio_poller *);

/* The core's services. */
extern unsigned int mio_generation;	/* grows in a forked child; never 0 */

/*
 * What kind of file a source is: -EPERM for a regular file or a directory, 1
 * for a pipe or FIFO, and 0 for anything else.  Regular files are always
 * ready; epoll refuses them, and so does every selector.  Only a foreign
 * descriptor costs a system call, which fails with -EBADF if it is closed.
 */
int	mio_check_file(const struct mio_source *);

/* The public edge: returns a count, or -1 with errno set. */
static inline int
mio_result(int result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* mio_result() for an error, out of line and off the common path. */
MIO_COLD int mio_refuse(int);

/*
 * The first step of each wait.  Wakers can be pending although the channel is
 * silent: there was no room for them, the channel has refused the signal, or
 * the thread that took the signal was cancelled.
 */
static inline bool
mio_wakers_pending(const struct mio_poller *poller)
{
	return MIO_UNLIKELY(atomic_get_relaxed(&poller->pending) != 0);
}

/*
 * The room for events of sources in a wait that finds wakers pending.  Sources
 * come first, but not twice: if the last array was full of them, half of this
 * one is kept for wakers, so that each has its turn even in an array for one.
 */
static inline int
mio_source_room(const struct mio_poller *poller, int nevents)
{
	return atomic_get_relaxed(&poller->overdue) ? nevents / 2 : nevents;
}

/* -EBADF if the poller is closed, -EINVAL if it is another process's. */
static inline int
mio_poller_check(const struct mio_poller *poller)
{
	unsigned int alive = atomic_get_relaxed(&poller->alive);

	if (MIO_UNLIKELY(alive != mio_generation))
		return alive == 0 ? -EBADF : -EINVAL;
	return 0;
}

#endif /* INTERNAL_H */
