/*
 * Records: what a selector remembers of a source where the kernel doesn't.
 * No locks and no system calls in here.
 */
#ifndef RECORD_H
#define RECORD_H

#include "internal.h"

/* Beside the directions in "armed": an error or a hang-up is news. */
#define MIO_ARM_HANGUP	0x8000u

/*
 * A record is armed for some directions: a change in these is to be
 * reported.  What is reported is disarmed, and stays so until an operation
 * says would-block, or the source is reregistered.  Level never disarms.
 *
 * Records are never given back to malloc before the poller is, so that a
 * stale copy of a source finds one to compare its generation with.
 */
struct mio_record {
	struct mio_poller	*poller;	/* first: mio_poller_of */
	struct mio_record	*next;		/* free, or on a list */
	struct mio_record	**link;		/* what points at it there */
	mio_token		 token;
	unsigned int		 interest;	/* 0: the record is free */
	unsigned int		 armed;
	unsigned int		 generation;	/* 16 bits; the source's */
	unsigned int		 index;		/* mio_records_at */
	unsigned int		 place;		/* the selector's */
	mio_fd			 fd;
	bool			 listed;
};

/* All zeroes but the size, which may be that of more than a record. */
struct mio_records {
	size_t			  size;
	char			**chunks;
	unsigned int		  count, room;	/* of chunks */
	struct mio_record	 *free;
};

void	mio_records_destroy(struct mio_records *);

/* A record for a source; 0 or -ENOMEM. */
int	mio_records_get(struct mio_records *, struct mio_record **);
void	mio_records_put(struct mio_records *, struct mio_record *);
/* The record that has, or had, this index, or NULL. */
struct mio_record *mio_records_at(const struct mio_records *, uintptr_t);

/* On a list, if it isn't on one; off it, if it is. */
void	mio_record_list(struct mio_record **, struct mio_record *);
void	mio_record_unlist(struct mio_record *);

/* Ties a source to a record, and tells whether it (still) is. */
void	mio_record_tie(struct mio_record *, struct mio_source *);
bool	mio_record_tied(const struct mio_record *, const struct mio_source *);

/* Interest, token and all that may be armed. */
void	mio_record_set(struct mio_record *, mio_token, unsigned int);
/* Arms what would block; whether that is news. */
bool	mio_record_arm(struct mio_record *, unsigned int);
/*
 * Of what happened, in the bits of "armed", what is wanted (still), or 0;
 * disarms that.
 */
unsigned int mio_record_take(struct mio_record *, unsigned int);

#endif /* RECORD_H */
