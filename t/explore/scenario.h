/*
 * Scenarios: two to four threads that make a few calls each, and what must be
 * true afterwards.
 */
#ifndef EXPLORE_SCENARIO_H
#define EXPLORE_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "mio.h"
#include "hook.h"

/* The library's errno, for scenarios; the explorer's own errno is another. */
#define SCENARIO_ERRNO	(*hook_errno())

#define THREADS	4

struct scenario {
	const char	*name;
	void		(*setup)(void);
	void		(*body[THREADS])(void);	/* of each thread */
	void		(*check)(void);		/* when all have finished */
	/* Signals: how many at most, and the threads that may get one. */
	void		(*handler)(void);
	int		 signals;
	unsigned int	 receivers;		/* 1 << thread */
	int		 refusals;		/* signals of the channel that
						 * the system may refuse */
	const char	*only;			/* selectors, or NULL: all */
	/*
	 * Called when no thread can go on, for threads that wait until no more
	 * is to come.  Returns whether all that was due has arrived; then their
	 * waits are interrupted.  Without it this is a failure.
	 */
	bool		(*settled)(void);
};

/* The tables; a null name ends each. */
extern const struct scenario wake_scenarios[];
extern const struct scenario source_scenarios[];
extern const struct scenario wait_scenarios[];
extern const struct scenario random_scenario;

/* What a scenario says about a run.  explore_fail() ends the scenario. */
void	explore_fail(const char *, ...)
	    __attribute__((format(printf, 1, 2), noreturn));
void	explore_note(const char *, ...)
	    __attribute__((format(printf, 1, 2)));
#define EXPECT(truth)							\
	((truth) ? (void)0 :						\
	    explore_fail("%s:%d: %s", __FILE__, __LINE__, #truth))

/*
 * Set by a setup: a wait returns from the kernel before it may be cancelled, as
 * in glibc until 2.40 (EPOLL-6).
 */
extern bool explore_late_cancel;
/* From now on no signal of the channel is refused. */
extern bool explore_no_refusal;
/* The number of the random program. */
extern unsigned int explore_seed;

void	explore_own_fd(int);		/* the scenario made this descriptor */
void	explore_cancel(int);		/* pthread_cancel */
bool	explore_finished(int);
void	explore_join(int);		/* waits; orders no memory accesses */
void	explore_sync(int);		/* orders those of a finished thread */

/* hb.c: the program's own data, which the thread sanitizer watches. */
void	hb_write(int *);
int	hb_read(const int *);

#endif /* EXPLORE_SCENARIO_H */
