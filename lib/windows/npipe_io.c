/*
 * Operations on named pipes.
 *
 * We rely on these facts:
 *
 *  - An operation that fails at once sends no packet.  One that succeeds at
 *    once does, because npipe_new.c refuses handles for which it does not, and
 *    so does one that fails with ERROR_MORE_DATA, which is not a failure.
 *  - If the lowest bit of its event is set, an operation sends no packet, even
 *    if the handle is associated with a port while it is pending.
 *
 * An operation's memory is reused, but freed only with its set, so a late
 * packet never refers to freed memory.
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

static void
destroy(struct npipe_io *io)
{
	assert(!io->pending);
	if (io->event != NULL)
		(void)CloseHandle(io->event);	/* ours: can't fail */
	free(io->buf);
	free(io);
}

void
mio_npipe_ios_destroy(struct npipe_ios *set)
{
	struct npipe_io *io;

	while ((io = set->all) != NULL) {
		set->all = io->next_in_set;
		destroy(io);
	}
}

void
mio_npipe_ios_cancel(struct npipe_ios *set)
{
	struct npipe_io *io;

	for (io = set->all; io != NULL; io = io->next_in_set) {
		if (io->pending)
			mio_npipe_io_cancel(io);
	}
}

int
mio_npipe_io_grow(struct npipe_io *io, size_t room)
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
create(struct npipe_ios *set, struct npipe_io **made)
{
	struct npipe_io *io = calloc(1, sizeof(*io));
	int error;

	if (io == NULL)
		return -ENOMEM;
	if ((error = mio_npipe_io_grow(io, ROOM)) < 0)
		goto fail;
	if (set->events &&
	    (io->event = CreateEventW(NULL, TRUE, FALSE, NULL)) == NULL) {
		error = mio_win_error(GetLastError());
		goto fail;
	}
	io->set = set;
	io->next_in_set = set->all;
	set->all = io;
	*made = io;
	return 0;
fail:
	destroy(io);
	return error;
}

int
mio_npipe_io_get(struct npipe_ios *set, struct npipe_io **io)
{
	if (set->free == NULL)
		return create(set, io);
	*io = set->free;
	set->free = (*io)->next;
	return 0;
}

void
mio_npipe_io_put(struct npipe_io *io)
{
	assert(!io->pending);
	io->pipe = NULL;
	io->head = io->tail = 0;
	io->next = io->set->free;
	io->set->free = io;
}

static OVERLAPPED *
prepare(struct npipe_io *io, HANDLE handle)
{
	OVERLAPPED *overlapped = &io->completion.overlapped;

	memset(overlapped, 0, sizeof(*overlapped));
	if (io->event != NULL)
		overlapped->hEvent = (HANDLE)((uintptr_t)io->event | 1);
	io->handle = handle;
	return overlapped;
}

static DWORD
submitted(struct npipe_io *io, BOOL done)
{
	DWORD code = done ? 0 : GetLastError();

	if (code != 0 && code != ERROR_IO_PENDING && code != ERROR_MORE_DATA)
		return code;
	io->pending = true;
	io->set->pending++;
	return 0;
}

DWORD
mio_npipe_io_read(struct npipe_io *io, HANDLE handle)
{
	return submitted(io, ReadFile(handle, io->buf, (DWORD)io->room, NULL,
	    prepare(io, handle)));
}

DWORD
mio_npipe_io_write(struct npipe_io *io, HANDLE handle)
{
	return submitted(io, WriteFile(handle, io->buf, (DWORD)io->tail, NULL,
	    prepare(io, handle)));
}

DWORD
mio_npipe_io_connect(struct npipe_io *io, HANDLE handle)
{
	return submitted(io, ConnectNamedPipe(handle, prepare(io, handle)));
}

void
mio_npipe_io_cancel(struct npipe_io *io)
{
	/* Fails if the operation has completed already, which is fine. */
	(void)CancelIoEx(io->handle, &io->completion.overlapped);
}

bool
mio_npipe_io_completed(const struct npipe_io *io)
{
	/* The kernel sets the event last, after the result. */
	return WaitForSingleObject(io->event, 0) == WAIT_OBJECT_0;
}

void
mio_npipe_io_wait(struct npipe_io *io)
{
	(void)WaitForSingleObject(io->event, INFINITE);	/* ours: can't fail */
}

DWORD
mio_npipe_io_finish(struct npipe_io *io)
{
	NTSTATUS status = (NTSTATUS)io->completion.overlapped.Internal;
	DWORD code = status < 0 ? RtlNtStatusToDosError(status) : 0;

	assert(io->pending);
	io->pending = false;
	io->set->pending--;
	io->tail = (size_t)io->completion.overlapped.InternalHigh;
	return code == ERROR_MORE_DATA ? 0 : code;
}
