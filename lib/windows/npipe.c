/*
 * Named pipes: how they are made.
 *
 * A client lets the server know who it is, and not act in its name: or else
 * who waits under a name that a service opens would be that service.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include <windows.h>
#include <winternl.h>

#include "sock.h"
#include "source.h"
#include "win_error.h"
#include "npipe.h"

#define NAME_MOST	512		/* the kernel's limit is 256 */
#define QUOTA		65536		/* advice to the kernel */

/* Older headers lack these. */
#ifndef PIPE_REJECT_REMOTE_CLIENTS
#define PIPE_REJECT_REMOTE_CLIENTS	0x00000008
#endif
#define MODE_INFORMATION	((FILE_INFORMATION_CLASS)16)
#define MODE_SYNCHRONOUS	0x30u	/* either kind */

NTSTATUS NTAPI NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG,
	    FILE_INFORMATION_CLASS);

static int
last_error(void)
{
	return mio_win_error(GetLastError());
}

/* What every constructor begins with. */
static int
check(struct mio_source *pipe, const void *name, unsigned int flags,
    unsigned int known)
{
	if (pipe == NULL)
		return -EINVAL;
	mio_source_empty(pipe);
	return name == NULL || (flags & ~known) != 0 ? -EINVAL : 0;
}

/* \\HOST\pipe\NAME, as the kernel wants it. */
static int
wide_name(const char *name, WCHAR *wide)
{
	static const WCHAR pipe[] = L"\\pipe\\";
	const size_t size = sizeof(pipe) / sizeof(pipe[0]) - 1;
	const WCHAR *rest;

	if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, wide,
	    NAME_MOST) == 0)
		return GetLastError() == ERROR_INSUFFICIENT_BUFFER ?
		    -ENAMETOOLONG : -EINVAL;
	if (wide[0] != '\\' || wide[1] != '\\' || wide[2] == '\\' ||
	    (rest = wcschr(wide + 2, '\\')) == NULL ||
	    _wcsnicmp(rest, pipe, size) != 0 || rest[size] == '\0')
		return -EINVAL;
	return 0;
}

static unsigned int
kind(unsigned int flags)
{
	return (flags & MIO_PIPE_MESSAGE) != 0 ? PIPE_MESSAGES : 0;
}

/* The end of a constructor, which closes what it can't make a source. */
static int
adopt(struct mio_source *pipe, HANDLE handle, unsigned int flags, int result)
{
	if (result == 0)
		result = mio_pipe_adopt(pipe, handle, flags);
	if (result < 0)
		(void)CloseHandle(handle);	/* the first error is told */
	return result;
}

static int
new_server(struct mio_source *pipe, const char *name, unsigned int flags)
{
	DWORD access = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED;
	DWORD mode = PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
	WCHAR wide[NAME_MOST];
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
	return adopt(pipe, handle, PIPE_SERVER | kind(flags), 0);
}

int
mio_named_pipe_new(struct mio_source *pipe, const char *name,
    unsigned int flags)
{
	return mio_result(new_server(pipe, name, flags));
}

/* A name with dots in it may lead to what is no pipe. */
static int
is_pipe(HANDLE handle, DWORD *flags)
{
	if (GetNamedPipeInfo(handle, flags, NULL, NULL, NULL))
		return 0;
	return GetLastError() == ERROR_INVALID_HANDLE ? -EBADF : -EINVAL;
}

/* Adds messages if these are wanted, and gives the mode that it has. */
static int
set_mode(HANDLE handle, unsigned int flags, DWORD *mode)
{
	DWORD old;

	if (!GetNamedPipeHandleStateW(handle, &old, NULL, NULL, NULL, NULL, 0))
		return last_error();
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
	WCHAR wide[NAME_MOST];
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
	if ((error = is_pipe(handle, &what)) < 0)
		error = -EINVAL;
	if (error == 0)
		error = set_mode(handle, flags, &mode);
	return adopt(pipe, handle, kind(flags), error);
}

int
mio_named_pipe_open(struct mio_source *pipe, const char *name,
    unsigned int flags)
{
	return mio_result(open_client(pipe, name, flags));
}

/* Is it an overlapped handle?  Any other would make reads wait. */
static int
check_overlapped(HANDLE handle)
{
	IO_STATUS_BLOCK status;
	NTSTATUS error;
	ULONG mode;

	error = NtQueryInformationFile(handle, &status, &mode, sizeof(mode),
	    MODE_INFORMATION);
	if (error < 0)
		return mio_nt_error(error);
	return (mode & MODE_SYNCHRONOUS) != 0 ? -EINVAL : 0;
}

static int
from_handle(struct mio_source *pipe, mio_fd fd, unsigned int flags)
{
	HANDLE handle = (HANDLE)fd;
	DWORD what, mode;
	int error;

	if ((error = check(pipe, "", flags, MIO_PIPE_MESSAGE)) < 0)
		return error;
	if (!mio_fd_valid(fd))
		return -EBADF;
	if ((error = is_pipe(handle, &what)) < 0 ||
	    (error = check_overlapped(handle)) < 0 ||
	    (error = set_mode(handle, flags, &mode)) < 0)
		return error;
	return mio_pipe_adopt(pipe, handle,
	    ((mode & PIPE_READMODE_MESSAGE) != 0 ? PIPE_MESSAGES : 0) |
	    ((what & PIPE_SERVER_END) != 0 ? PIPE_SERVER : 0));
}

int
mio_named_pipe_from_handle(struct mio_source *pipe, mio_fd handle,
    unsigned int flags)
{
	return mio_result(from_handle(pipe, handle, flags));
}

/* Anything else has no server's end. */
static int
check_named(const struct mio_source *pipe)
{
	int error = mio_source_check(pipe);

	return error == 0 && mio_kind(pipe) != MIO_KIND_NPIPE ? -EINVAL :
	    error;
}

int
mio_named_pipe_connect(const struct mio_source *pipe)
{
	int error = check_named(pipe);

	return mio_result(error < 0 ? error : mio_pipe_connect(pipe));
}

int
mio_named_pipe_disconnect(const struct mio_source *pipe)
{
	int error = check_named(pipe);

	return mio_result(error < 0 ? error : mio_pipe_disconnect(pipe));
}
