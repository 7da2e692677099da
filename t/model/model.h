/*
 * The model test: sequences of operations on a poller and its sources, held
 * against a plain model of the contract.
 *
 *	ops.c	 makes a sequence from a seed, and tells of it
 *	ends.c	 what can be registered: opens it, closes it, asks poll(2)
 *	steps.c	 takes a step: one operation
 *	data.c	 reads, writes, and their like
 *	rules.c	 the contract: what may be reported, and for what cause
 *	polls.c	 calls of mio_poll, and what must be reported
 *	walk.c	 all steps of a sequence
 *	run.c	 runs a sequence in a child
 *	shrink.c makes a failing one short
 *
 * Everything is in fixed slots, and a step that makes no sense at the time
 * does nothing: so steps can be left out of a sequence, and the others still
 * mean the same.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdio.h>

#include <mio.h>

#include "../lib/tap.h"
#include "../lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)
#define STEPS	10000
#define SLOTS	12
#define WAKERS	3
/* For all there can be: a kqueue may need three entries for a pipe. */
#define ROOM	(3 * SLOTS + WAKERS + 1)

/*
 * A step, by its number in the sequence as it was made.  What end and arg
 * mean is the operation's affair.
 */
struct op {
	unsigned short	 number;
	unsigned short	 arg;
	unsigned char	 code;
	unsigned char	 end;
};

enum kind {
	KIND_NONE,		/* the slot is free */
	KIND_TCP,
	KIND_LISTENER,
	KIND_UNIX,
	KIND_PIPE,
	KIND_UDP,
	KIND_DGRAM		/* Unix datagrams */
};

/*
 * An end of a connection, in a slot.  All that comes from one connection has
 * its number; duplicates are on the same side of it.
 */
struct end {
	struct mio_source source[2];	/* it moves from one to the other */
	int		 here;
	enum kind	 kind;
	unsigned int	 connection;
	int		 side;
	bool		 registered;
	unsigned int	 interest;	/* and the mode */
	mio_token	 token;
	/* Directions. */
	unsigned int	 armed;		/* must be reported when true */
	unsigned int	 news;		/* may be, if asked for */
	unsigned int	 hangup;	/* may be, whatever was asked for */
	unsigned int	 silent;	/* a oneshot's: must not be */
	unsigned int	 was;		/* true once: see rules.c */
	unsigned int	 owed;		/* armed, or reported since settling */
	unsigned int	 given;		/* reported since it was armed */
	/* In the present call of mio_poll: true, to be reported, reported. */
	unsigned int	 truth;
	unsigned int	 must;
	unsigned int	 said;
	/* Its past. */
	bool		 foreign;	/* made of a descriptor */
	bool		 shut;		/* a direction, by either side */
	bool		 refuses;	/* a write fails: it was shut down */
	bool		 vague;		/* how full it is depends on time */
	/* What has been told of its end: see rules.c. */
	bool		 untold;	/* nothing yet, on an event port */
	bool		 broken;	/* that it was before, on a kqueue */
	int		 told;		/* that it ended, how often */
};

struct waker {
	struct mio_waker *waker;
	mio_token	 token;
	bool		 pending;
	bool		 beside;	/* ... or will be, by a thread */
	bool		 must;
	bool		 given;		/* reported since settling */
};

enum fault {
	FAULT_NONE,
	FAULT_STRANGER,
	FAULT_REPEATED,
	FAULT_UNTRUE,
	FAULT_UNCALLED,
	FAULT_OVERDUE,
	FAULT_RESULT,
	FAULT_LEAK,
	FAULT_DIED,
	FAULT_MAX
};

/* How a walk went.  It is shared with the process that takes the steps. */
struct outcome {
	enum fault	 fault;
	int		 step;		/* the index of the last one begun */
	long		 events;
	char		 text[200];
};

struct walk {
	struct mio_poller *poller;
	struct mio_poller *other;	/* for the wrong poller */
	struct mio_source listener;	/* for pairs */
	struct end	 ends[SLOTS];
	struct waker	 wakers[WAKERS];
	mio_token	 next_token;
	unsigned int	 next_connection;
	int		 room;		/* in the present call's array */
	bool		 kept;		/* a waker found no room */
	int		 patience;	/* milliseconds */
	const struct op	*op;
	struct outcome	*outcome;
	FILE		*trace;
	bool		 loud;
};

/* How a walk is taken. */
struct manner {
	int		 patience;	/* milliseconds, for what may be late */
	int		 limit;		/* milliseconds, for all of it */
	const char	*trace;		/* file, or NULL */
	bool		 loud;		/* tells steps and events, on stderr */
};

/* ops.c */
void	make_ops(unsigned int, struct op *, int);
const char *op_text(const struct op *);

/* walk.c */
void	fault(struct walk *, enum fault, const char *, ...) TAP_PRINTF(3, 4)
	    TAP_NORETURN;
void	note(struct walk *, const char *, ...) TAP_PRINTF(2, 3);
void	take_walk(const struct op *, int, const struct manner *,
	    struct outcome *);

/* steps.c */
void	take_step(struct walk *, const struct op *);
/* A call's result must be 0, or -1 with this errno. */
void	check_result(struct walk *, const char *, int, int);

/* data.c */
void	step_of_data(struct walk *, struct end *, const struct op *);

/* ends.c */
bool	is_late(const struct end *);
bool	open_pair(struct walk *, struct end *, struct end *, unsigned int);
void	open_listener(struct walk *, struct end *);
void	open_stream(struct walk *, struct end *);
bool	dup_end(const struct end *, struct end *);
void	end_closed(struct end *);
unsigned int truth(const struct end *);
void	truths(struct walk *);

static inline struct mio_source *
source(struct end *end)
{
	return &end->source[end->here];
}

static inline int
number(const struct walk *walk, const struct end *end)
{
	return (int)(end - walk->ends);
}

static inline bool
is_oneshot(const struct end *end)
{
	return (end->interest & MIO_ONESHOT) != 0;
}

static inline bool
is_level(const struct end *end)
{
	return (end->interest & (MIO_LEVEL | MIO_ONESHOT)) == MIO_LEVEL;
}

/* rules.c */
bool	queues_events(void);
void	has_registered(struct end *, unsigned int, bool);
void	has_blocked(struct end *, unsigned int);
void	has_moved(struct walk *, const struct end *, unsigned int);
void	has_stirred(struct walk *, const struct end *, unsigned int);
void	has_ended(struct walk *, const struct end *, bool);
int	check_events(struct walk *, const struct mio_event *, int);

/* polls.c */
bool	poll_once(struct walk *, int, int64_t);
void	poll_round(struct walk *, int);
void	settle(struct walk *);
bool	something_due(struct walk *);

/* run.c */
void	run_walk(const struct op *, int, const struct manner *,
	    struct outcome *);
void	end_walk(void) TAP_NORETURN;	/* in the middle of it */

/* shrink.c */
int	shrink(struct op *, int, const struct outcome *);

#endif /* MODEL_H */
