/*
 * What the poll(2) selector passes to poll(2): an array of descriptors, with a
 * record for each.  This file takes no locks and makes no system calls; poll.c
 * does both.
 */
#ifndef POLL_SET_H
#define POLL_SET_H

#include <poll.h>

#include "record.h"

struct poll_record {
	struct mio_record	 record;
	unsigned int		 slot;		/* index in the two arrays */
};

/* fds[i] belongs to records[i]; slot 0 is the waker channel's. */
struct poll_set {
	struct pollfd		 *fds;
	struct poll_record	**records;
	unsigned int		  count, room;	/* of the two arrays */
	unsigned int		  cursor;	/* the next scan begins here */
	struct mio_records	  all;
};

int	mio_poll_set_open(struct poll_set *, int);
void	mio_poll_set_destroy(struct poll_set *);

/* Stores a record with a slot that is still empty; 0 or -ENOMEM. */
int	mio_poll_set_add(struct poll_set *, struct mio_record **);
void	mio_poll_set_remove(struct poll_set *, struct mio_record *);

/* Updates a record's slot to what it is armed for. */
void	mio_poll_set_update(struct poll_set *, struct mio_record *);

/* Stores the events that poll(2) left in the array, and disarms them. */
int	mio_poll_set_collect(struct poll_set *, int, struct mio_event *, int);

#endif /* POLL_SET_H */
