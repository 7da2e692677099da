/*
 * Making named pipes.
 *
 * Clients open with SECURITY_IDENTIFICATION: the server may identify, but not
 * impersonate them.  Otherwise a process that squats on the name of a pipe
 * could impersonate any service that opens it.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include <windows.h>
#include <winternl.h>

#include <stdlib.h>

#include "npipe.h"
#include "sock.h"
#include "source.h"
#include "win_error.h"

#define NAME_SIZE	512		/* the kernel's limit is 256 */
#define QUOTA		65536		/* advice to the kernel */

/* Older headers lack these. */
#ifndef PIPE_REJECT_REMOTE_CLIENTS
#define PIPE_REJECT_REMOTE_CLIENTS	0x00000008
#endif
#define MODE_SYNCHRONOUS	0x30u	/* alertable or not */

/* Each of these classes of information is a ULONG. */
enum information {
	ACCESS_INFORMATION = 8,
	MODE_INFORMATION = 16,
	NOTIFICATION_INFORMATION = 41	/* needs FILE_READ_ATTRIBUTES */
};

NTSTATUS NTAPI NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG,
	    FILE_INFORMATION_CLASS);

static int
last_error(void)
{
	return mio_win_error(GetLastError());
}

/* The start of every constructor. */
static int
check(struct mio_source *pipe, const void *name, unsigned int flags,
    unsigned int known)
{
	if (pipe == NULL)
		return -EINVAL;
	mio_source_empty(pipe);
	return name == NULL || (flags & ~known) != 0 ? -EINVAL : 0;
}

/* Converts \\HOST\pipe\NAME to the kernel's encoding. */
static int
wide_name(const char *name, WCHAR *wide)
{
	static const WCHAR pipe[] = L"\\pipe\\";
	const size_t size = sizeof(pipe) / sizeof(pipe[0]) - 1;
	const WCHAR *rest;

	if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, wide,
	    NAME_SIZE) == 0)
		return GetLastError() == ERROR_INSUFFICIENT_BUFFER ?
		    -ENAMETOOLONG : -EINVAL;
	if (wide[0] != '\\' || wide[1] != '\\' || wide[2] == '\\' ||
	    (rest = wcschr(wide + 2, '\\')) == NULL ||
	    _wcsnicmp(rest, pipe, size) != 0 || rest[size] == '\0')
		return -EINVAL;
	return 0;
}

/* The flags of an end that this file opens, for reading and writing. */
static unsigned int
duplex(unsigned int flags)
{
	return NPIPE_READS | NPIPE_WRITES |
	    ((flags & MIO_PIPE_MESSAGE) != 0 ? NPIPE_MESSAGES : 0);
}

/* Makes an overlapped handle a source; after an error it is the caller's. */
static int
adopt(struct mio_source *source, HANDLE handle, unsigned int flags)
{
	struct npipe *pipe = calloc(1, sizeof(*pipe));

	if (pipe == NULL)
		return -ENOMEM;
	InitializeSRWLock(&pipe->lock);
	pipe->common.kind = &mio_npipe_kind;
	pipe->own.events = true;
	pipe->handle = handle;
	pipe->flags = flags;
	pipe->connected = (flags & NPIPE_SERVER) == 0;
	mio_source_init(source, (mio_fd)handle, MIO_KIND_NPIPE);
	source->reg = pipe;
	return 0;
}

/* The end of a constructor: closes the handle after an error. */
static int
finish(struct mio_source *pipe, HANDLE handle, unsigned int flags, int result)
{
	if (result == 0)
		result = adopt(pipe, handle, flags);
	if (result < 0)
		(void)CloseHandle(handle);	/* return the first error */
	return result;
}

static int
new_server(struct mio_source *pipe, const char *name, unsigned int flags)
{
	DWORD access = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED;
	DWORD mode = PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
	WCHAR wide[NAME_SIZE];
	HANDLE handle;
	int error;

	if ((error = check(pipe, name, flags,
	    MIO_PIPE_FIRST | MIO_PIPE_MESSAGE)) < 0 ||
	    (error = wide_name(name, wide)) < 0)
		return error;
	if ((flags & MIO_PIPE_FIRST) != 0)
		access |= FILE_FLAG_FIRST_PIPE_INSTANCE;
	if ((flags & MIO_PIPE_MESSAGE) != 0)
		mode |= PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE;
	handle = CreateNamedPipeW(wide, access, mode, PIPE_UNLIMITED_INSTANCES,
	    QUOTA, QUOTA, 0, NULL);
	if (handle == INVALID_HANDLE_VALUE)
		return last_error();
	return finish(pipe, handle, NPIPE_SERVER | duplex(flags), 0);
}

int
mio_named_pipe_new(struct mio_source *pipe, const char *name,
    unsigned int flags)
{
	return mio_result(new_server(pipe, name, flags));
}

/*
 * A name with dots in it may lead to a file that is not a pipe.  The handle of
 * a server that only writes lacks FILE_READ_ATTRIBUTES, and so is refused this
 * information: 1 is returned.  CreateFile() gives that right to each client.
 */
static int
check_pipe(HANDLE handle, DWORD *flags)
{
	DWORD ignored;

	if (GetNamedPipeInfo(handle, flags, NULL, NULL, NULL))
		return 0;
	*flags = PIPE_SERVER_END;
	if (GetLastError() == ERROR_ACCESS_DENIED &&
	    GetFileType(handle) == FILE_TYPE_PIPE)
		return 1;
	return GetHandleInformation(handle, &ignored) ? -EINVAL : -EBADF;
}

/*
 * set_mode() for a handle whose mode cannot be queried.  Such a handle only
 * writes, so its read mode has no effect, and shows the type of the pipe: only
 * a pipe of messages accepts the mode of messages.
 */
static int
set_unknown_mode(HANDLE handle, unsigned int flags, DWORD *mode)
{
	*mode = PIPE_READMODE_MESSAGE | PIPE_WAIT;
	if (SetNamedPipeHandleState(handle, mode, NULL, NULL))
		return 0;
	if ((flags & MIO_PIPE_MESSAGE) != 0)
		return last_error();
	*mode = PIPE_READMODE_BYTE | PIPE_WAIT;
	return SetNamedPipeHandleState(handle, mode, NULL, NULL) ? 0 :
	    last_error();
}

/* Sets message mode if flags has it and PIPE_WAIT; stores the mode. */
static int
set_mode(HANDLE handle, unsigned int flags, DWORD *mode)
{
	DWORD old;

	if (!GetNamedPipeHandleStateW(handle, &old, NULL, NULL, NULL, NULL, 0))
		return GetLastError() == ERROR_ACCESS_DENIED ?
		    set_unknown_mode(handle, flags, mode) : last_error();
	*mode = (old & PIPE_READMODE_MESSAGE) | PIPE_WAIT;
	if ((flags & MIO_PIPE_MESSAGE) != 0)
		*mode |= PIPE_READMODE_MESSAGE;
	if (*mode == (old & (PIPE_READMODE_MESSAGE | PIPE_NOWAIT)))
		return 0;
	return SetNamedPipeHandleState(handle, mode, NULL, NULL) ? 0 :
	    last_error();
}

static int
open_client(struct mio_source *pipe, const char *name, unsigned int flags)
{
	WCHAR wide[NAME_SIZE];
	DWORD what, mode;
	HANDLE handle;
	int error;

	if ((error = check(pipe, name, flags, MIO_PIPE_MESSAGE)) < 0 ||
	    (error = wide_name(name, wide)) < 0)
		return error;
	handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL,
	    OPEN_EXISTING, FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
	    SECURITY_IDENTIFICATION, NULL);
	if (handle == INVALID_HANDLE_VALUE)
		return last_error();
	if (check_pipe(handle, &what) != 0)
		error = -EINVAL;
	else
		error = set_mode(handle, flags, &mode);
	return finish(pipe, handle, duplex(flags), error);
}

int
mio_named_pipe_open(struct mio_source *pipe, const char *name,
    unsigned int flags)
{
	return mio_result(open_client(pipe, name, flags));
}

static int
query(HANDLE handle, enum information class, ULONG *value)
{
	IO_STATUS_BLOCK status;
	NTSTATUS error;

	error = NtQueryInformationFile(handle, &status, value, sizeof(*value),
	    (FILE_INFORMATION_CLASS)class);
	return error < 0 ? mio_nt_error(error) : 0;
}

/*
 * An operation that succeeds at once must send a packet, and Windows cannot
 * clear the mode in which it sends none.  Where the mode cannot be queried, it
 * counts as not set.
 */
static bool
sends_no_packets(HANDLE handle)
{
	ULONG mode;

	return query(handle, NOTIFICATION_INFORMATION, &mode) == 0 &&
	    (mode & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0;
}

/* Reads of a handle that is not overlapped would block. */
static int
check_modes(HANDLE handle)
{
	ULONG mode;
	int error;

	if ((error = query(handle, MODE_INFORMATION, &mode)) < 0)
		return error;
	return (mode & MODE_SYNCHRONOUS) != 0 || sends_no_packets(handle) ?
	    -EINVAL : 0;
}

/* Stores which directions the handle has: one of them, or both. */
static int
get_directions(HANDLE handle, unsigned int *directions)
{
	ULONG access;
	int error;

	if ((error = query(handle, ACCESS_INFORMATION, &access)) < 0)
		return error;
	*directions = ((access & FILE_READ_DATA) != 0 ? NPIPE_READS : 0) |
	    ((access & FILE_WRITE_DATA) != 0 ? NPIPE_WRITES : 0);
	return *directions != 0 ? 0 : -EACCES;
}

/* Do writes send messages?  If there are reads, their mode decides. */
static bool
is_message_mode(DWORD mode, DWORD what, unsigned int directions)
{
	if ((mode & PIPE_READMODE_MESSAGE) != 0)
		return true;
	return (directions & NPIPE_READS) == 0 &&
	    (what & PIPE_TYPE_MESSAGE) != 0;
}

static int
from_handle(struct mio_source *pipe, mio_fd fd, unsigned int flags)
{
	HANDLE handle = (HANDLE)fd;
	unsigned int directions;
	DWORD what, mode;
	int error, unknown;

	if ((error = check(pipe, "", flags, MIO_PIPE_MESSAGE)) < 0)
		return error;
	if (!mio_fd_valid(fd))
		return -EBADF;
	if ((unknown = check_pipe(handle, &what)) < 0)
		return unknown;
	if ((error = check_modes(handle)) < 0 ||
	    (error = get_directions(handle, &directions)) < 0)
		return error;
	/* It may be any end, with any mode. */
	if (unknown == 1 && directions != NPIPE_WRITES)
		return -EACCES;
	if ((error = set_mode(handle, flags, &mode)) < 0)
		return error;
	return adopt(pipe, handle, directions |
	    (is_message_mode(mode, what, directions) ? NPIPE_MESSAGES : 0) |
	    ((what & PIPE_SERVER_END) != 0 ? NPIPE_SERVER : 0));
}

int
mio_named_pipe_from_handle(struct mio_source *pipe, mio_fd handle,
    unsigned int flags)
{
	return mio_result(from_handle(pipe, handle, flags));
}
