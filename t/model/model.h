/*
 * The model test: sequences of operations on a poller and its sources, checked
 * against a simple model of the contract.
 *
 *	ops.c	 makes a sequence from a seed, and prints steps
 *	ends.c	 opens and closes ends of connections, and calls poll(2)
 *	steps.c	 takes a step: one operation
 *	data.c	 the operations that read, write or shut down
 *	rules.c	 the contract: what may be reported, and for what cause
 *	polls.c	 calls mio_poll(), and checks what must be reported
 *	walk.c	 takes all steps of a sequence
 *	run.c	 runs a sequence in a child
 *	shrink.c shortens a sequence that fails
 *
 * All ends and wakers are in fixed slots, and a step that is impossible in the
 * current state does nothing.  So steps can be left out of a sequence without
 * changing what the others mean.
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
/* Room for all events: a kqueue may need three entries for a pipe. */
#define ROOM	(3 * SLOTS + WAKERS + 1)

/*
 * A step, with its number in the original sequence.  What end and arg mean
 * depends on the operation.
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
 * An end of a connection, in a slot.  All ends of a connection have its
 * number; duplicates are on the same side of it.
 */
struct end {
	struct mio_source source[2];	/* do_move() uses both */
	int		 here;
	enum kind	 kind;
	unsigned int	 connection;
	int		 side;
	bool		 registered;
	unsigned int	 interest;	/* with the mode */
	mio_token	 token;
	/* Directions. */
	unsigned int	 armed;		/* must be reported if true */
	unsigned int	 activity;	/* may be reported, if an interest */
	unsigned int	 hangup;	/* may be reported in any case */
	unsigned int	 silent;	/* of a oneshot: must not be reported */
	unsigned int	 was_true;	/* earlier: see rules.c */
	unsigned int	 expected;	/* to be traced: see settle() */
	unsigned int	 since_armed;	/* reported since it was armed */
	bool		 eof_armed;	/* end of file must be reported */
	/* In the current call of mio_poll(): true, to be reported, reported. */
	unsigned int	 truth;
	bool		 eof;		/* reading has ended */
	unsigned int	 must;
	unsigned int	 reported;
	/* Its history. */
	bool		 foreign;	/* adopted */
	bool		 shut;		/* a direction, by either side */
	bool		 refuses;	/* writes fail since a shutdown */
	bool		 vague;		/* its fill level depends on time */
	bool		 peerless;	/* its peer has closed: see rules.c */
	bool		 blocked;	/* a write got EAGAIN: see rules.c */
	/* Reports of end of file: see rules.c. */
	bool		 eof_queued;	/* on event ports and AFD */
	bool		 broken_reported; /* BROKEN, on a kqueue */
	int		 eof_reports;	/* how many, on a kqueue */
};

struct waker {
	struct mio_waker *waker;
	mio_token	 token;
	bool		 pending;
	bool		 beside;	/* pending now or soon, by a thread */
	bool		 must;
	bool		 reported;	/* since settling */
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

/*
 * The outcome of a walk.  It is shared with the process that takes the steps.
 */
struct outcome {
	enum fault	 fault;
	int		 step;		/* of the last one begun */
	long		 events;
	char		 text[200];
};

struct walk {
	struct mio_poller *poller;
	struct mio_poller *other;	/* for mistakes */
	struct mio_source listener;	/* for pairs */
	struct end	 ends[SLOTS];
	struct waker	 wakers[WAKERS];
	mio_token	 next_token;
	unsigned int	 next_connection;
	int		 room;		/* in the current call's array */
	int		 patience;	/* milliseconds */
	const struct op	*op;
	struct outcome	*outcome;
	FILE		*trace;
	bool		 verbose;
};

/* Options of a walk. */
struct manner {
	int		 patience;	/* milliseconds, for late events */
	int		 limit;		/* milliseconds, for the walk */
	const char	*trace;		/* file, or NULL */
	bool		 verbose;	/* prints steps and events to stderr */
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
/* Whether poll(2) reports the end of file now. */
bool	has_ended_now(const struct end *);

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
void	got_eagain(struct end *, unsigned int);
void	has_moved(struct walk *, const struct end *, unsigned int);
void	has_stirred(struct walk *, const struct end *, unsigned int);
void	has_ended(struct walk *, const struct end *, bool);
void	has_gone(struct walk *, const struct end *);
void	is_blocked(struct walk *, const struct end *);
unsigned int unannounced(const struct end *);
void	check_events(struct walk *, const struct mio_event *, int);

/* polls.c */
bool	poll_once(struct walk *, int, int64_t);
void	poll_round(struct walk *, int);
void	settle(struct walk *);
bool	something_due(struct walk *);

/* run.c */
void	run_walk(const struct op *, int, const struct manner *,
	    struct outcome *);
void	end_walk(void) TAP_NORETURN;	/* at any step */

/* shrink.c */
int	shrink(struct op *, int, const struct outcome *);

#endif /* MODEL_H */
