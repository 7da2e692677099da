/*
 * Records: what a selector remembers of a source if its kernel does not.  This
 * file takes no locks and makes no system calls.
 */
#ifndef RECORD_H
#define RECORD_H

#include "internal.h"

/*
 * Beside the directions in "armed": an error or a hang-up is to be reported,
 * and so is the end of what the peer sends.
 */
#define MIO_ARM_HANGUP	0x8000u
#define MIO_ARM_EOF	0x4000u

/*
 * A record is armed for some directions, whose next change is to be reported.
 * A direction that was reported is disarmed until an operation re-arms it or
 * the source is reregistered.  Level mode is never disarmed.
 *
 * MIO_ARM_EOF is armed together with MIO_READABLE.  Data that is reported
 * disarms MIO_READABLE alone, so that the peer's close is still reported if the
 * data is not read until EAGAIN.  Whenever MIO_READABLE is armed, MIO_ARM_EOF
 * is armed as well.
 *
 * A selector may put its own fields behind a record.  Records are not freed
 * before the poller, so that the generation of a stale copy of a source can
 * still be compared with its record's.
 */
struct mio_record {
	struct mio_poller	*poller;	/* first: mio_poller_of */
	struct mio_record	*next;		/* free, or on a list */
	struct mio_record	**link;		/* points to this in the list */
	mio_token		 token;
	unsigned int		 interest;	/* 0: the record is free */
	unsigned int		 armed;
	unsigned int		 generation;	/* 16 bits, as in the source */
	unsigned int		 index;		/* mio_records_at */
	mio_fd			 fd;
	bool			 listed;
};

/* All zeroes except size, which includes the selector's own fields. */
struct mio_records {
	size_t			  size;
	char			**chunks;
	unsigned int		  count, room;	/* of chunks */
	struct mio_record	 *free;
};

void	mio_records_destroy(struct mio_records *);

/* Stores a record for a source; 0 or -ENOMEM. */
int	mio_records_get(struct mio_records *, struct mio_record **);
void	mio_records_put(struct mio_records *, struct mio_record *);
/* The record of this index, which may be free, or NULL. */
struct mio_record *mio_records_at(const struct mio_records *, uintptr_t);

/* Put a record on a list unless it is on one, and take it off its list. */
void	mio_record_list(struct mio_record **, struct mio_record *);
void	mio_record_unlist(struct mio_record *);

/* Tie a source to a record, and test whether they are still tied. */
void	mio_record_tie(struct mio_record *, struct mio_source *);
bool	mio_record_tied(const struct mio_record *, const struct mio_source *);

/* Sets token and interest, and arms all directions of the interest. */
void	mio_record_set(struct mio_record *, mio_token, unsigned int);
/* Re-arms directions; returns whether that changes anything. */
bool	mio_record_rearm(struct mio_record *, unsigned int);
/* Returns and disarms those of the bits (as in "armed") that are armed. */
unsigned int mio_record_take(struct mio_record *, unsigned int);

#endif /* RECORD_H */
