/*
 * What t/fake/io.c calls.  Each fake defines these functions.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_IO_H
#define FAKE_IO_H

#include <poll.h>
#include <stddef.h>

/* A call has succeeded, and may have changed any object. */
void	fake_io_done(void);
/* Before and after shutdown(2), with its success. */
void	fake_io_shutdown(int, int);
void	fake_io_is_shut(int, int, int);
/* After a read and a write: the result, and how much was to be written. */
void	fake_io_read(int, long);
void	fake_io_written(int, long, size_t);
/* After poll(2), with what it has found; changes that, and returns its number. */
int	fake_io_polled(struct pollfd *, unsigned long, int);
/* After accept(2), with the listener. */
void	fake_io_accepted(int);

#endif /* FAKE_IO_H */
