/*
 * What the poll(2) selector asks poll(2) for: an array of descriptors with a
 * record for each.  No locks and no system calls in here; poll.c has both.
 */
#ifndef POLL_SET_H
#define POLL_SET_H

#include <poll.h>

#include "record.h"

struct poll_set {
	struct pollfd		 *fds;		/* fds[i] is records[i]'s; */
	struct mio_record	**records;	/* 0 is the waker channel's */
	unsigned int		  count, room;	/* of the two arrays */
	unsigned int		  cursor;	/* where the next scan begins */
	struct mio_records	  all;
};

int	mio_poll_set_open(struct poll_set *, int);
void	mio_poll_set_destroy(struct poll_set *);

/* A record that has a place, but nothing in it yet. */
int	mio_poll_set_add(struct poll_set *, struct mio_record **);
void	mio_poll_set_remove(struct poll_set *, struct mio_record *);

/* Brings a record's place up to date with what it is armed for. */
void	mio_poll_set_place(struct poll_set *, const struct mio_record *);

/* What poll(2) has left in the array, as events; disarms what it reports. */
int	mio_poll_set_collect(struct poll_set *, int, struct mio_event *, int);

#endif /* POLL_SET_H */
