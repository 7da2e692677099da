/*
 * Threads, and who may run.
 */
#ifndef EXPLORE_EXPLORE_H
#define EXPLORE_EXPLORE_H

#include <setjmp.h>
#include <ucontext.h>

#include "scenario.h"

enum thread_state {
	THREAD_READY,
	THREAD_LOCKING,		/* waits for a mutex */
	THREAD_WAITING,		/* waits for a condition */
	THREAD_IN_KERNEL,	/* in a system call that waits */
	THREAD_JOINING,		/* waits until another thread has finished */
	THREAD_FINISHED
};

/* A system call that waits: for fd, or for fds. */
struct kernel_wait {
	int		 fd;		/* or -1 */
	struct pollfd	*fds;
	nfds_t		 nfds;
	int64_t		 deadline;	/* -1: none; 0: does not wait */
	bool		 timed_out;
	bool		 interrupted;
	bool		 entering;	/* no other thread has run since */
	unsigned long	 looked;	/* kernel_changes at the last look */
	bool		 ready;		/* what was seen then */
};

struct thread {
	ucontext_t	 context;
	char		*stack;
	int		 id;
	enum thread_state state;
	const void	*object;	/* mutex or condition waited for */
	pthread_mutex_t	*mutex;		/* to lock after a condition */
	bool		 spurious;
	int		 joined;	/* thread waited for */
	struct kernel_wait wait;
	bool		 signalled;	/* the handler is to run */
	bool		 in_handler;
	bool		 cancel;
	bool		 cancel_off;
	struct hook_cleanup *cleanups;
	sigjmp_buf	 end;		/* of a cancelled thread */
	int		 real_errno;	/* saved while another thread runs */
	int		 lib_errno;	/* the library's */
	void		*fake_stack;	/* of the address sanitizer */
	void		*fiber;		/* of the thread sanitizer */
	char		 finished;	/* its address: see sanitizer.h */
};

extern struct thread threads[THREADS];
extern int nthreads;
extern struct thread *current;		/* NULL: setup or check */
extern const struct scenario *scenario;

/* sched.c */
extern int preemptions;			/* spent in this run */
extern unsigned long points;		/* in this run */
extern unsigned long kernel_changes;	/* grows when readiness may change */
extern int64_t now_ns;			/* the virtual clock */

/*
 * Returns when it is this thread's turn.  The caller has set its state, and
 * makes itself ready afterwards.
 */
void	sched_yield_turn(void);
void	sched_run(void);		/* the scenario, once */
bool	sched_waits_on(const struct thread *, int);

/* search.c: which of n ways to go. */
extern int bound;			/* on preemptions */
extern bool random_mode;
extern int depth;			/* choices made in this run */

int	choose(int);
void	search_begin(void);		/* a search */
void	search_restart(void);		/* a run */
void	search_end_run(void);
bool	search_next(void);		/* false: all ways have been tried */
void	search_seed(uint64_t);

/* trace.c */
extern unsigned long schedules;		/* complete runs of this search */
extern bool quiet;

void	trace_clear(void);
void	trace_step(const char *, const char *, const char *);
void	trace_rename(const char **, const char **);
void	trace_stop(const char *) __attribute__((noreturn));

/* calls.c */
void	calls_reset(void);
void	calls_check(void);
int	fd_made(int);
void	fd_check(int, const char *);
bool	refused(int);			/* by an injected failure */
ssize_t	lib_result(ssize_t);		/* moves errno to the library's */
int	traced_result(int);		/* likewise; after a system call */

/*
 * waits.c: one system call that waits.  Returns 1 if the caller is to make the
 * call, 0 if it is to make it for the last time, -1 with errno EINTR.
 */
int	wait_turn(const char *, const char *, int64_t);
void	wait_returns(void);
void	wait_for_fd(int);
int64_t	nanoseconds(const struct timespec *);

#endif /* EXPLORE_EXPLORE_H */
