/*
 * The verbs of the recordings, which t/fake/replay.c and t/fake/recorded.c
 * share.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef STEPS_H
#define STEPS_H

#include <sys/types.h>
#include <sys/event.h>

#include <stdint.h>

#include "../lib/tap.h"
#include "fake_kqueue.h"

#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
typedef size_t count;
#else
typedef int count;
#endif

extern int fds[26];		/* by letter; closed: -1 */
extern int kq;			/* the current one */
extern int line_number;
extern int pipe_size;		/* of new pipes; 0: as they are */
extern char steps[64];		/* the case */
extern char buf[1 << 16];

unsigned int flags_of(const char *);
int	*fd_of(const char *);
int	 error_of(const char *);
size_t	 size_of(const char *);
void	 set(struct kevent *, const char *, const char *, unsigned int);
void	 set_udata(struct kevent *, unsigned long);
unsigned long udata(const struct kevent *);
int	 same_number(const char *, long long);
int	 same_fflags(const char *, unsigned int);
void	 show(const struct kevent *);
void	 nap(int);
void	 wait_for_later(void);	/* the thread of the verb "later" */
int	 is_later(void);

/* Begins and ends a case, with a kqueue of its own. */
void	 begin_case(const char *);
void	 end_case(void);

/* Runs a step that is no change and no look; 0 if it is none. */
int	 run_verb(char **);

#endif /* STEPS_H */
