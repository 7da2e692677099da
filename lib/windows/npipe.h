/*
 * Named pipes, as sources of the AFD selector.
 */
#ifndef WIN_PIPE_H
#define WIN_PIPE_H

#include "afd_poller.h"

/* What a pipe is: flags. */
#define PIPE_SERVER	0x1u
#define PIPE_MESSAGES	0x2u	/* a write is one, and a read of one */

#define PIPE_END	1	/* in "end", where an error is negative */

struct win_pipe {
	struct mio_record	 record;	/* listed by its owner */
	unsigned int		 kind;
	SRWLOCK			 lock;		/* while there is no owner */
	struct afd_poller	*owner;
	HANDLE			 handle;
	struct pipe_ios		 own;		/* with events */
	struct pipe_io		*in;		/* reads, or has read */
	struct pipe_io		*out;		/* writes */
	struct pipe_io		*link;		/* waits for a client */
	unsigned int		 flags;
	bool			 linked;	/* there is a peer, or was */
	int			 end;		/* of reading, or its error */
	int			 failed;	/* what the last write met */
};

/* Makes an overlapped handle a source; on an error it stays the caller's. */
int	mio_pipe_adopt(struct mio_source *, HANDLE, unsigned int);

/* Negated errno values; a server's pipe only. */
int	mio_pipe_connect(const struct mio_source *);
int	mio_pipe_disconnect(const struct mio_source *);

/* The selector's calls: see internal.h.  These lock. */
int	mio_pipe_add(struct afd_poller *, struct mio_source *, mio_token,
	    unsigned int);
int	mio_pipe_mod(struct mio_source *, mio_token, unsigned int);
void	mio_pipe_del(const struct mio_source *);
void	mio_pipe_blocked(const struct mio_source *, unsigned int);

/*
 * And these are locked.  due: lists the record as ready if it is, or as due
 * again if that can't be told; an error in that case.
 */
int	mio_pipe_due(struct mio_record *);
int	mio_pipe_report(struct mio_record *, struct mio_event *);
void	mio_pipe_packet(OVERLAPPED *);

/*
 * For npipe_ops.c.  All but lock are called locked.
 *
 *   get	Memory for an operation; put gives it back.
 *   has_port	Do operations that begin now end with a packet?
 *   read_ahead	Has something read, or the end met.  An error: it couldn't,
 *		and is to be tried again.
 *   look	Learns what is over by now.
 *   came	Does this answer to a connect mean that a client has come?
 *   joined	One has, and all that it does is news.
 *   begin_link	Waits for one; 0: it is there, -EAGAIN: not yet.
 *   tell	Has the waiter report what there is.
 *   done	The same, after an operation.
 */
struct win_pipe *mio_pipe_lock(const struct mio_source *);
void	mio_pipe_unlock(struct win_pipe *);
int	mio_pipe_get(struct win_pipe *, struct pipe_io **);
void	mio_pipe_put(struct pipe_io **);
bool	mio_pipe_has_port(const struct win_pipe *);
int	mio_pipe_read_ahead(struct win_pipe *);
void	mio_pipe_look(struct win_pipe *);
bool	mio_pipe_came(DWORD);
void	mio_pipe_joined(struct win_pipe *);
int	mio_pipe_begin_link(struct win_pipe *);
int	mio_pipe_tell(struct win_pipe *);
void	mio_pipe_done(struct win_pipe *, unsigned int, mio_ssize, size_t);

static inline bool
mio_pipe_streams(const struct win_pipe *pipe)
{
	return (pipe->flags & PIPE_MESSAGES) == 0;
}

#endif /* WIN_PIPE_H */
