/*
 * What the two files of t/fake/recorded share.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef RECORDED_H
#define RECORDED_H

#include "steps.h"

#define WORDS	64

/* recorded.c */
int	split(char *, char **);
int	same_event(const struct kevent *, char **);
int	errno_of(const char *);
int	make_change(char **);
int	number_after(const char *, const char *);
void	compare_number(int, int, const char *);
void	differs(const char *, const char *);

/* recorded_waits.c: steps, with what was recorded. */
void	do_waiters(char **, const char *);
void	do_gather(char **, const char *);
void	do_race(char **, const char *);
void	do_closerace(char **, const char *);

#endif /* RECORDED_H */
