/*
 * Pipes.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "sock.h"
#include "source.h"

int
mio_pipe_new(struct mio_source *reader, struct mio_source *writer,
    unsigned int flags)
{
	mio_fd fds[2];
	int error;

	if (reader == NULL || writer == NULL || reader == writer)
		return mio_result(-EINVAL);
	mio_source_empty(reader);
	mio_source_empty(writer);
	if (flags != 0)
		return mio_result(-EINVAL);
	if ((error = mio_sock_pipe(fds)) < 0)
		return mio_result(error);
	mio_source_init(reader, fds[0], MIO_KIND_PIPE);
	mio_source_init(writer, fds[1], MIO_KIND_PIPE);
	return 0;
}
