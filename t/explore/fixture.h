/*
 * What scenarios share: a poller, two wakers, two sources, and an account of
 * what the waits report.
 */
#ifndef EXPLORE_FIXTURE_H
#define EXPLORE_FIXTURE_H

#include <errno.h>

#include "scenario.h"

#undef errno
#define errno	SCENARIO_ERRNO

/* Tokens.  TOKEN_A2 is that of source a after it was reregistered. */
enum {
	TOKEN_1 = 1,		/* wakers[1] */
	TOKEN_2 = 2,
	TOKEN_A = 10,
	TOKEN_A2 = 11,
	TOKEN_C = 12,
	TOKENS
};

struct account {
	int	begun;		/* wakes */
	int	accepted;	/* number of the last wake that returned 0 */
	int	seen;		/* wakes that had begun at the last event */
	bool	freed;
	bool	refused;	/* a wake has failed */
};

extern const char mio_sel_name[];
extern struct mio_poller *poller;
extern struct mio_waker *wakers[3];
extern struct account accounts[3];
extern struct mio_source a, c;
extern int peer_a, peer_c;
extern int events[TOKENS];	/* how many of each token */
extern bool a_gone;		/* its token must not be reported again */
extern bool over;		/* set by settled() */

/* Setups: a poller, its wakers, and source a registered for reading. */
void	with_poller(void);
void	with_waker(void);
void	with_wakers(void);
void	with_full_groups(void);	/* a waker in each group; only the first of
				 * them is wakers[1] */
void	with_poller_and_a(void);
void	with_waker_and_a(void);
void	open_source(struct mio_source *, int *);
void	register_source(struct mio_source *, int);
void	expect_wakes(int, int);	/* what consume() waits for */

/* What threads do. */
int	wake(int);
void	wake_1(void);
void	wake_2(void);
void	wake_1_2(void);
void	wake_1_maybe(void);	/* the system may refuse the signal */
void	wake_2_maybe(void);
void	free_waker(int);
void	send_byte(int);
void	send_to_a(void);
void	register_a(void);
void	reregister_a(void);
void	deregister_a(void);
int	poll_room(int, int64_t);
int	poll_now(int);
void	poll_forever(int);	/* must return an event */
bool	consumed(void);		/* all that was expected */
void	consume_1(void);	/* with room for one, until consumed() */
void	consume_4(void);
void	consume_all_1(void);	/* until settled() */
void	consume_all_4(void);

/* Checks. */
bool	settled(void);
void	check_wakers(void);	/* accounts, and a wake now is delivered */
void	free_all(void);
void	check_and_free(void);
void	drain_and_free(void);

#endif /* EXPLORE_FIXTURE_H */
