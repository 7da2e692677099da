/*
 * What the poll(2) selector asks poll(2) for: an array of descriptors with a
 * record for each.  No locks and no system calls in here; sel_poll.c has both.
 */
#ifndef POLL_SET_H
#define POLL_SET_H

#include <poll.h>

#include "internal.h"

/* Beside the directions in "armed": an error or a hang-up is news. */
#define POLL_ARM_HANGUP	0x8000u

/*
 * Records are never given back to malloc before the poller is, so that a
 * stale copy of a source finds one to compare its generation with.
 */
struct poll_record {
	struct poll_poller	*poller;
	struct poll_record	*next;		/* free, or noted */
	mio_token		 token;
	unsigned int		 interest;
	unsigned int		 armed;
	unsigned int		 generation;	/* 16 bits, in the source's priv */
	unsigned int		 place;		/* in the array */
	int			 fd;
	bool			 noted;		/* the array is out of date */
};

struct poll_set {
	struct pollfd		 *fds;		/* fds[i] is records[i]'s; */
	struct poll_record	**records;	/* 0 is the waker channel's */
	unsigned int		  count, room;	/* of the two arrays */
	unsigned int		  cursor;	/* where the next scan begins */
	struct poll_record	 *free;
	struct poll_chunk	 *chunks;
};

int	mio_poll_set_open(struct poll_set *, int);
void	mio_poll_set_destroy(struct poll_set *);

/* A record that has a place, but nothing in it yet. */
int	mio_poll_set_add(struct poll_set *, struct poll_poller *,
	    struct poll_record **);
void	mio_poll_set_remove(struct poll_set *, struct poll_record *);

/* Interest, token and all that may be armed. */
void	mio_poll_record_set(struct poll_record *, mio_token, unsigned int);
/* Brings a record's place up to date with what it is armed for. */
void	mio_poll_set_place(struct poll_set *, const struct poll_record *);

/* What poll(2) has left in the array, as events; disarms what it reports. */
int	mio_poll_set_collect(struct poll_set *, int, struct mio_event *, int);

#endif /* POLL_SET_H */
