/*
 * The seam: what every selector and every waker channel implements, and
 * what the core gives them.  The core knows nothing of any selector; one is
 * linked in.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * Inside the library a function returns a count or a negated errno value;
 * errno is set once, by mio_result() at the public edge, and success leaves
 * it alone.  Where the result is a public function's, the comment says so.
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
#include "compat/probe.h"

#define MIO_INTERESTS							\
	(MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY | MIO_AIO | MIO_LIO)
#define MIO_MODES	(MIO_LEVEL | MIO_ONESHOT | MIO_EXCLUSIVE)

/*
 * Keeps two threads' data apart where a cache line has up to 128 bytes (some
 * of arm's; x86 fetches two of 64).
 */
#define MIO_CACHE_LINE	128

/*
 * After a system call hardly a line of ours is in the processor's caches, and
 * it knows little of our branches.  So the common way through the calls that
 * a loop makes is short and straight.  MIO_RARE is what turns off from it; a
 * MIO_INLINE function is part of its caller; a MIO_APART one has registers of
 * its own, which the common way needn't save; a MIO_COLD one is rare itself.
 */
#define MIO_RARE(truth)	__builtin_expect((truth) ? 1 : 0, 0)
#define MIO_INLINE	inline __attribute__((always_inline))
#define MIO_APART	__attribute__((noinline))
#define MIO_COLD	__attribute__((noinline, cold))

/* A compile-time assertion in C99. */
#define MIO_ASSERT(name, truth)	typedef char mio_assert_##name[(truth) ? 1 : -1]

/*
 * What a source's priv holds:
 *	bits  0..4	kind, 0 for an empty source
 *	bits  5..15	interest and mode while registered, else 0
 *	bits 16..31	generation of the selector's record, if it has any
 */
enum mio_kind {
	MIO_KIND_EMPTY,
	MIO_KIND_FOREIGN,		/* mio_source_from_fd */
	MIO_KIND_LISTENER,
	MIO_KIND_STREAM,		/* a short count means drained */
	MIO_KIND_DGRAM,			/* a short count means nothing */
	MIO_KIND_PIPE,
	MIO_KIND_NAMED			/* a named pipe of Windows */
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

/* No other question than this: reg is the selector's. */
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

/*
 * The part of a poller that all selectors share.  A selector's own poller
 * begins with it; mio_sel_size tells how much to allocate.
 *
 * Three counts.  handles (mio_poller_ref) keep the selector open.  channel
 * keeps the waker channel open, and is held by the handles together and by
 * each waker: a wake that runs beside the last mio_poller_free must not write
 * to a descriptor that is somebody else's by then.  memory keeps the memory,
 * and is held by the same and by each registered source.
 */
struct mio_poller {
	struct mio_poller *self;	/* see mio_poller_of */
	/* Read by polls, registrations and wakes, and hardly ever written. */
	unsigned int	 birth;		/* mio_generation then */
	unsigned int	 alive;		/* birth, or 0: dead */
	unsigned int	 resumes;	/* a finite wait reads the clock */
	unsigned int	 spin_ns;
	mio_fd		 wake_fd[2];	/* the channel's: read end, write end */

	/*
	 * Written by registrations and by a waker's first wake; a wake of a
	 * pending one must not meet their cache line.
	 */
	char		 pad[MIO_CACHE_LINE];
	unsigned int	 handles;
	unsigned int	 channel;
	unsigned int	 memory;
	unsigned int	 wake_state;	/* the channel's, if it needs one */
	struct mio_waker *pending;	/* pushed by wakes, newest first */
	struct mio_waker *rest;		/* taken, out of room; oldest first */
};

/*
 * The selector.
 *
 * The poller is all zeroes before open.  add, mod and del are called with
 * checked arguments, for a live poller of this process: the source is not
 * empty, and is registered (mod, del) or not (add).  They may run on any
 * thread, also beside wait and beside each other, but never two for the same
 * source; the locks are the selector's.  Only add allocates.
 *
 *   open	The channel is open already.  The core closes it if this
 *		fails.
 *   fd		What mio_poller_fd gives, or -ENOTSUP.
 *   add	Registers, sets source->reg (mio_poller_of), and the record's
 *		generation in priv if it keeps records.  A source that is
 *		ready yields an event at the next wait, or at the one that is
 *		on.  Where the kernel would take a regular file,
 *		mio_check_file() comes first.  On an error the source is as
 *		it was.
 *   mod	Replaces interest, mode and token; re-evaluates readiness.
 *		On an error the registration should be as it was.
 *   del	Forgets what the source says, which is a copy: the caller's is
 *		registered no more.  No wait begun afterwards reports it, and
 *		its descriptor may be closed at once: where a kernel holds on
 *		to what it waits for, del makes the waiter come out first.
 *		The registration is gone even if the system reports an error.
 *		That is returned as public functions do, by -1 with errno: a
 *		selector that has only a system call to make can end in it,
 *		and no return of ours comes after that.  reg means nothing
 *		any more, unless to the selector.
 *   forget	Drops a registration without the system: the poller is dead,
 *		or belongs to the parent of a forked child.  Has a copy, too.
 *   blocked	The operation in these directions said would-block (or came
 *		up short on a stream): the next change must be reported.
 *		Nothing to do where the kernel has edges of its own.  Called
 *		unchecked: the poller may be dead or the parent's, and the
 *		source a stale copy (mio_poller_check, mio_record_tied).
 *		Oneshots stay silent; a direction that wasn't asked for is
 *		nothing.
 *   wait	At most one event a registration, never more than nevents (at
 *		least 1), and -EINTR when interrupted.  0 means that the time
 *		is over: nanoseconds, rounded up, and for ever if negative.
 *		MIO_RESUME: woken for something that is no event; the core
 *		calls again.  For a finite wait it must know what time is
 *		left, and does if the poller's resumes is set, which a
 *		selector that does this without wakers sets in open.  Wakers
 *		that were kept (mio_wakers_rest) are served first, and a wake
 *		of the channel is answered by mio_wakers_take().  What found
 *		no room is for the next call, each source in its turn.  A
 *		second thread gets -EBUSY if it could do harm.  Cancellation
 *		may end the system call that waits, and nothing else: what is
 *		marked or locked is undone.  A descriptor that was closed
 *		behind our back is silent.
 *   close	Closes the descriptors but the channel's, which goes later.
 *		Also called in a forked child: must touch no lock and nothing
 *		that the parent shares.
 *   destroy	Frees what the selector allocated beside the poller.  Also
 *		called in a forked child, where locks are left as they are.
 *
 * An error or a hang-up makes a source both readable and writable, whatever
 * was asked for: MIO_READINESS has it (readiness.h), and the model test holds
 * a selector to it.  The hints are for what the kernel tells.
 *
 * poll_bits.c has mio_sel_native for those whose kernel answers in poll(2)'s
 * bits.
 */
#define MIO_RESUME	(-0x10000)	/* outside errno's range */

extern const size_t mio_sel_size;
extern const char mio_sel_name[];
extern const unsigned int mio_sel_interests;
extern const bool mio_sel_learns;	/* does anything in blocked */

int	mio_sel_open(struct mio_poller *);
void	mio_sel_close(struct mio_poller *);
void	mio_sel_destroy(struct mio_poller *);
int	mio_sel_fd(const struct mio_poller *, mio_fd *);
void	mio_sel_blocked(const struct mio_source *, unsigned int);

/*
 * Called by verbs.c alone.  A selector that has them in its own file can make
 * them static MIO_INLINE, and so part of the verbs.
 */
#ifndef MIO_SEL
#define MIO_SEL	extern
#endif

MIO_SEL int	mio_sel_add(struct mio_poller *, struct mio_source *,
		    mio_token, unsigned int);
MIO_SEL int	mio_sel_mod(struct mio_poller *, struct mio_source *,
		    mio_token, unsigned int);
MIO_SEL int	mio_sel_del(struct mio_poller *, const struct mio_source *);
MIO_SEL void	mio_sel_forget(struct mio_poller *,
		    const struct mio_source *);
MIO_SEL int	mio_sel_wait(struct mio_poller *, struct mio_event *, int,
		    int64_t);

/*
 * The poller that a registered source belongs to.  Its reg is the poller, or
 * a record: either begins with the poller's address.
 */
static inline struct mio_poller *
mio_poller_of(const struct mio_source *source)
{
	return *(struct mio_poller *const *)source->reg;
}

/* Names of the bits in mio_event.native, ended by a null name. */
struct mio_bit_name {
	uint32_t	 bit;
	const char	*name;
};
extern const struct mio_bit_name mio_sel_native[];

/*
 * The waker channel: how a wake reaches the waiter.  One a poller, shared by
 * its wakers (wake.c), and by the selector's own kicks if it has any.
 *
 *   open	Makes poller->wake_fd, unregistered.
 *   signal	Async-signal-safe, from any thread; 0 or a negated errno.
 *   drain	Makes the channel unready.  The selector's to call, before
 *		mio_wakers_take, or a wake between the two is lost.
 *   mio_channel_edges
 *		Each signal is an edge of its own even if nobody drains.  A
 *		selector that asks for levels drains all the same.
 */
extern const bool mio_channel_edges;

int	mio_channel_open(struct mio_poller *);
int	mio_channel_signal(struct mio_poller *);
void	mio_channel_drain(struct mio_poller *);
void	mio_channel_close(struct mio_poller *);

/*
 * Reports pending wakers, oldest first, into at most room events; the rest
 * is kept.  mio_wakers_kept serves only what an earlier call kept, for which
 * the channel is not signalled again.
 */
int	mio_wakers_take(struct mio_poller *, struct mio_event *, int);
int	mio_wakers_kept(struct mio_poller *, struct mio_event *, int);
void	mio_wakers_destroy(struct mio_poller *);

/* The core's services. */
extern unsigned int mio_generation;	/* grows in a forked child; never 0 */

/*
 * What kind of file is it?  EPERM for regular files and directories, which are
 * always ready: epoll refuses them, and so does a selector whose kernel
 * doesn't.  1 for pipes and FIFOs, 0 for all else.  Only a foreign descriptor
 * is looked at, and is EBADF if it is closed; what libmio made is known.
 */
int	mio_check_file(const struct mio_source *);

/* The public edge: a count, or -1 with errno. */
static inline int
mio_result(int result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* A wait begins with this, and returns at once if there was something. */
static inline int
mio_wakers_rest(struct mio_poller *poller, struct mio_event *events, int room)
{
	if (MIO_RARE(atomic_get_relaxed(&poller->rest) != NULL))
		return mio_wakers_kept(poller, events, room);
	return 0;
}

/* Is the poller open (EBADF), and this process the one it is for (EINVAL)? */
static inline int
mio_poller_check(const struct mio_poller *poller)
{
	unsigned int alive = atomic_get_relaxed(&poller->alive);

	if (MIO_RARE(alive != mio_generation))
		return alive == 0 ? -EBADF : -EINVAL;
	return 0;
}

#endif /* INTERNAL_H */
