/*
 * Operations on named pipes.
 *
 * What is relied on:
 *
 *  - An operation that fails at once sends no packet.  One that succeeds at
 *    once does, and so does one that fails with ERROR_MORE_DATA, which is no
 *    failure.
 *  - With the lowest bit of its event set no packet is sent for an operation,
 *    even if the handle is given to a port while it lasts.
 *
 * Memory is reused, and goes with the set: so a packet always finds it.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <winternl.h>

#include "win_error.h"
#include "npipe_io.h"

#define ROOM	16384		/* at first */

MIO_ASSERT(first, offsetof(struct pipe_io, overlapped) == 0);

static void
destroy(struct pipe_io *io)
{
	assert(!io->busy);
	if (io->event != NULL)
		(void)CloseHandle(io->event);	/* ours: can't fail */
	free(io->buf);
	free(io);
}

void
mio_ios_destroy(struct pipe_ios *set)
{
	struct pipe_io *io;

	while ((io = set->all) != NULL) {
		set->all = io->other;
		destroy(io);
	}
}

void
mio_ios_cancel(struct pipe_ios *set)
{
	struct pipe_io *io;

	for (io = set->all; io != NULL; io = io->other) {
		if (io->busy)
			mio_io_cancel(io);
	}
}

int
mio_io_grow(struct pipe_io *io, size_t room)
{
	char *buf;

	if (room <= io->room)
		return 0;
	if (room > INT32_MAX)
		return -EMSGSIZE;
	if ((buf = realloc(io->buf, room)) == NULL)
		return -ENOMEM;
	io->buf = buf;
	io->room = room;
	return 0;
}

static int
create(struct pipe_ios *set, struct pipe_io **made)
{
	struct pipe_io *io = calloc(1, sizeof(*io));
	int error;

	if (io == NULL)
		return -ENOMEM;
	if ((error = mio_io_grow(io, ROOM)) < 0)
		goto fail;
	if (set->events &&
	    (io->event = CreateEventW(NULL, TRUE, FALSE, NULL)) == NULL) {
		error = mio_win_error(GetLastError());
		goto fail;
	}
	io->set = set;
	io->other = set->all;
	set->all = io;
	*made = io;
	return 0;
fail:
	destroy(io);
	return error;
}

int
mio_io_get(struct pipe_ios *set, struct pipe_io **io)
{
	if (set->free == NULL)
		return create(set, io);
	*io = set->free;
	set->free = (*io)->next;
	return 0;
}

void
mio_io_put(struct pipe_io *io)
{
	assert(!io->busy);
	io->pipe = NULL;
	io->head = io->tail = 0;
	io->next = io->set->free;
	io->set->free = io;
}

static void
prepare(struct pipe_io *io, HANDLE handle)
{
	memset(&io->overlapped, 0, sizeof(io->overlapped));
	if (io->event != NULL)
		io->overlapped.hEvent = (HANDLE)((uintptr_t)io->event | 1);
	io->handle = handle;
}

static DWORD
begun(struct pipe_io *io, BOOL done)
{
	DWORD code = done ? 0 : GetLastError();

	if (code != 0 && code != ERROR_IO_PENDING && code != ERROR_MORE_DATA)
		return code;
	io->busy = true;
	io->set->out++;
	return 0;
}

DWORD
mio_io_read(struct pipe_io *io, HANDLE handle)
{
	prepare(io, handle);
	return begun(io, ReadFile(handle, io->buf, (DWORD)io->room, NULL,
	    &io->overlapped));
}

DWORD
mio_io_write(struct pipe_io *io, HANDLE handle)
{
	prepare(io, handle);
	return begun(io, WriteFile(handle, io->buf, (DWORD)io->tail, NULL,
	    &io->overlapped));
}

DWORD
mio_io_connect(struct pipe_io *io, HANDLE handle)
{
	prepare(io, handle);
	return begun(io, ConnectNamedPipe(handle, &io->overlapped));
}

void
mio_io_cancel(struct pipe_io *io)
{
	/* If there is nothing to cancel any more, it is over. */
	(void)CancelIoEx(io->handle, &io->overlapped);
}

bool
mio_io_is_over(const struct pipe_io *io)
{
	/* The last thing to be set: all else is there then. */
	return WaitForSingleObject(io->event, 0) == WAIT_OBJECT_0;
}

void
mio_io_wait(struct pipe_io *io)
{
	(void)WaitForSingleObject(io->event, INFINITE);	/* ours: can't fail */
}

DWORD
mio_io_over(struct pipe_io *io)
{
	NTSTATUS status = (NTSTATUS)io->overlapped.Internal;
	DWORD code = status < 0 ? RtlNtStatusToDosError(status) : 0;

	assert(io->busy);
	io->busy = false;
	io->set->out--;
	io->tail = (size_t)io->overlapped.InternalHigh;
	return code == ERROR_MORE_DATA ? 0 : code;
}
