/*
 * The test interface of the fake kqueue behind <sys/event.h>.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_KQUEUE_H
#define FAKE_KQUEUE_H

#include <sys/types.h>

#include <stdint.h>

/*
 * Sets a quirk: a behaviour that differs between systems or versions.
 * fake_kqueue.def lists and explains them; their defaults follow the variant
 * that the fake is compiled as.  A quirk applies to the whole process.
 * Returns its old value, or -1 if there is no quirk of that name.  The
 * environment sets quirks before main: FAKE_KQUEUE="user=0,receipt=0".
 */
int	fake_kqueue_quirk(const char *, int);

/* The variant's name: "freebsd", "netbsd" ... */
extern const char fake_kqueue_variant[];

/*
 * Makes an event as the kernel does for a finished aio_read(2) with
 * SIGEV_KEVENT or a finished lio_listio(2), with a filter that no EV_ADD can
 * make.  Returns 0, or -1 with errno.
 */
int	fake_kqueue_post(int, uintptr_t, int, unsigned int, int64_t, void *);

/* The number of the kqueue's knotes, to find leaks; -1 if it is no kqueue. */
int	fake_kqueue_knotes(int);

/*
 * Does the host report acknowledgements and backlogs?  An emulator may not.
 * Then EVFILT_WRITE lacks the events that acknowledgements make with EV_CLEAR,
 * and a backlog counts as one connection.
 */
int	fake_kqueue_sees_acks(void);

/*
 * Looks at every watched object of the process now, as kernels do after each
 * read and write. t/fake/io.c calls it for that.  The fake also looks
 * when kevent is called, and from time to time while one waits.
 */
void	fake_kqueue_look(void);

/* These are a pair of Unix sockets, without descriptors of other processes. */
void	fake_kqueue_pair(int, int);

/* The network delivers nothing while this is set. */
void	fake_kqueue_hold(int);

/* So many milliseconds pass, for the delay of acknowledgements. */
void	fake_kqueue_pass(int);

#endif /* FAKE_KQUEUE_H */
