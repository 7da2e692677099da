/*
 * Named pipes, as sources of the AFD selector.
 */
#ifndef NPIPE_H
#define NPIPE_H

#include "afd_poller.h"

/* Flags. */
#define NPIPE_SERVER	0x1u
#define NPIPE_MESSAGES	0x2u	/* a read or write is one message */
#define NPIPE_READS	0x4u	/* the handle may be read */
#define NPIPE_WRITES	0x8u	/* the handle may be written */

#define NPIPE_EOF	1	/* in "eof", where an error is negative */

struct npipe {
	struct afd_record	 common;	/* on a list of the owner */
	SRWLOCK			 lock;		/* while there is no owner */
	struct afd_poller	*owner;
	HANDLE			 handle;
	struct npipe_ios	 own;		/* with events */
	struct npipe_io		*read;		/* pending, or has data */
	struct npipe_io		*write;		/* pending */
	struct npipe_io		*connect;	/* pending */
	unsigned int		 flags;
	bool			 connected;	/* since the last disconnect */
	bool			 awaiting;	/* a wait is wanted or pending */
	int			 eof;		/* 0, NPIPE_EOF or an error */
	int			 error;		/* the next call returns it */
};

static inline bool
mio_npipe_streams(const struct npipe *pipe)
{
	return (pipe->flags & NPIPE_MESSAGES) == 0;
}

/*
 * npipe.c.  All but lock are called locked.
 *
 *   has_port	Whether operations that are submitted now send packets.
 *   get	Gets memory for an operation; put gives it back.
 *   read_ahead	Submits a read, unless there is one or nothing more to read.
 *		After an error the caller should try again later.
 *   await_client
 *		Submits a wait for a client, unless there is one or none is to
 *		be waited for.  After an error the caller should try again
 *		later.
 *   collect	Takes the completions that are there.
 *   cancel	Cancels an operation with an event, and waits for it.
 *   abandon	Cancels an operation and disregards its completion.
 *   readiness	The bits of a record's "armed" that hold now.
 *   submit	See struct afd_kind.
 */
struct npipe *mio_npipe_lock(const struct mio_source *);
void	mio_npipe_unlock(struct npipe *);
bool	mio_npipe_has_port(const struct npipe *);
int	mio_npipe_get(struct npipe *, struct npipe_io **);
void	mio_npipe_put(struct npipe_io **);
int	mio_npipe_read_ahead(struct npipe *);
int	mio_npipe_await_client(struct npipe *);
void	mio_npipe_collect(struct npipe *);
void	mio_npipe_cancel(struct npipe *, struct npipe_io *);
void	mio_npipe_abandon(struct npipe_io **);
unsigned int mio_npipe_readiness(const struct npipe *);
int	mio_npipe_submit(struct afd_record *);

/*
 * npipe_source.c.  rearm is called locked, after a call in these directions,
 * with the call's result and the number of bytes that were wanted.
 */
extern const struct afd_kind mio_npipe_kind;
void	mio_npipe_rearm(struct npipe *, unsigned int, mio_ssize, size_t);

#endif /* NPIPE_H */
