/*
 * Behind <sys/event.h>: what a test may ask of the fake kqueue.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_KQUEUE_H
#define FAKE_KQUEUE_H

#include <sys/types.h>

#include <stdint.h>

/*
 * Quirks: what differs between systems and versions.  Each has a default
 * that follows the variant that the fake is compiled as; fake_kqueue.def
 * lists and explains them.  A name sets it for the whole process; returns
 * what it was, or -1 if there is none of that name.  Set before main by the
 * environment: FAKE_KQUEUE="user=0,receipt=0".
 */
int	fake_kqueue_quirk(const char *, int);

/* The variant's name: "freebsd", "netbsd" ... */
extern const char fake_kqueue_variant[];

/*
 * What the kernel does for a finished aio_read(2) with SIGEV_KEVENT, or a
 * finished lio_listio(2): an event of a filter that no EV_ADD can make.
 * Returns 0, or -1 with errno.
 */
int	fake_kqueue_post(int, uintptr_t, int, unsigned int, int64_t, void *);

/* The kqueue's knotes, for tests that look for leaks; -1: no kqueue. */
int	fake_kqueue_notes(int);

/*
 * Does the host tell of acknowledgements and backlogs?  An emulator may not;
 * then EVFILT_WRITE misses the events that the former make on EV_CLEAR, and a
 * backlog is counted as one.
 */
int	fake_kqueue_sees_acks(void);

/*
 * Looks at every watched object of the process now, as after each read and
 * write the kernels do.  Called for that by t/fake/kqueue_io.c; the fake
 * does it anyway when kevent is called, and now and then while one waits.
 */
void	fake_kqueue_look(void);

#endif /* FAKE_KQUEUE_H */
