/*
 * Afd, the driver below Winsock.
 *
 * Its poll request has no documentation.  We rely on these facts: a request
 * is level-triggered, and completes once.  It can be submitted on any handle
 * of the driver for any socket of the process.  A handle that was opened by
 * name belongs to no socket, so one handle can serve many sockets.  Wine
 * requires a name below \Device\Afd (AFD-12).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include <mswsock.h>
#include <windows.h>
#include <winternl.h>

#include <stdlib.h>

#include "internal.h"
#include "afd_driver.h"
#include "win_error.h"
#include "completion_port.h"

#define AFD_POLL	0x00012024u	/* the control code */
#define GROUP		32		/* sockets that share a handle */

/* Older headers lack some of these; SDKs have them in <mswsock.h>. */
#ifndef SIO_BASE_HANDLE
#define SIO_BASE_HANDLE		0x48000022
#endif
#ifndef SIO_BSP_HANDLE
#define SIO_BSP_HANDLE		0x4800001b
#endif
#ifndef SIO_BSP_HANDLE_SELECT
#define SIO_BSP_HANDLE_SELECT	0x4800001c
#endif
#ifndef SIO_BSP_HANDLE_POLL
#define SIO_BSP_HANDLE_POLL	0x4800001d
#endif
#ifndef STATUS_CANCELLED
#define STATUS_CANCELLED	((NTSTATUS)0xc0000120)
#endif

/* The driver's layout has no padding between members. */
MIO_ASSERT(info, offsetof(struct afd_poll, info.status) -
    offsetof(struct afd_poll, info) == 20 + sizeof(HANDLE));

static int
open_handle(HANDLE port, HANDLE *afd)
{
	static WCHAR path[] = L"\\Device\\Afd\\mio";
	UNICODE_STRING name = { sizeof(path) - sizeof(WCHAR), sizeof(path),
	    path };
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK status;
	NTSTATUS error;

	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	error = NtCreateFile(afd, SYNCHRONIZE, &attributes, &status, NULL, 0,
	    FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
	if (error < 0) {
		*afd = NULL;
		return mio_nt_error(error);
	}
	/* No thread waits for the handle itself. */
	if (CreateIoCompletionPort(*afd, port, MIO_KEY_COMPLETION, 0) != NULL &&
	    SetFileCompletionNotificationModes(*afd,
	    FILE_SKIP_SET_EVENT_ON_HANDLE))
		return 0;
	error = mio_win_error(GetLastError());
	(void)CloseHandle(*afd);	/* return the first error */
	*afd = NULL;
	return (int)error;
}

static int
grow(struct afd_handles *set, unsigned int count)
{
	HANDLE *handles = realloc(set->handles, count * sizeof(HANDLE));

	if (handles == NULL)
		return -ENOMEM;
	set->handles = handles;
	while (set->count < count)
		handles[set->count++] = NULL;
	return 0;
}

int
mio_afd_join(struct afd_handles *set, HANDLE port, unsigned int index)
{
	unsigned int group = index / GROUP;
	int error;

	if (group >= set->count && (error = grow(set, group + 1)) < 0)
		return error;
	if (set->handles[group] != NULL)
		return 0;
	return open_handle(port, &set->handles[group]);
}

HANDLE
mio_afd_handle(const struct afd_handles *set, unsigned int index)
{
	return set->handles[index / GROUP];
}

void
mio_afd_cancel_all(const struct afd_handles *set)
{
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		if (set->handles[i] != NULL)
			(void)CancelIoEx(set->handles[i], NULL); /* if any */
	}
}

void
mio_afd_close(struct afd_handles *set)
{
	while (set->count > 0) {
		if (set->handles[--set->count] != NULL)
			(void)CloseHandle(set->handles[set->count]); /* ours */
	}
	free(set->handles);
	set->handles = NULL;
}

static int
lower(mio_fd fd, DWORD code, mio_fd *below)
{
	DWORD bytes;

	return WSAIoctl(fd, code, NULL, 0, below, sizeof(*below), &bytes,
	    NULL, NULL) == 0 ? 0 : WSAGetLastError();
}

/* Some layers refuse to return the lowest socket, but return the next one. */
static bool
next_lower(mio_fd fd, mio_fd *below)
{
	static const DWORD codes[] = { SIO_BSP_HANDLE_SELECT,
	    SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (lower(fd, codes[i], below) == 0 && *below != fd)
			return true;
	}
	return false;
}

int
mio_afd_base(mio_fd fd, mio_fd *base)
{
	int error;

	while ((error = lower(fd, SIO_BASE_HANDLE, base)) != 0) {
		if (error == WSAENOTSOCK || !next_lower(fd, base))
			return mio_win_error((DWORD)error);
		fd = *base;
	}
	return 0;
}

int
mio_afd_submit(HANDLE afd, struct afd_poll *poll, mio_fd fd,
    unsigned int events)
{
	OVERLAPPED *overlapped = &poll->completion.overlapped;
	DWORD bytes, error;

	memset(overlapped, 0, sizeof(*overlapped));
	memset(&poll->info, 0, sizeof(poll->info));
	poll->info.timeout.QuadPart = INT64_MAX;
	poll->info.count = 1;
	poll->info.handle = (HANDLE)fd;
	poll->info.events = events | AFD_LOCAL_CLOSE;
	if (DeviceIoControl(afd, AFD_POLL, &poll->info, sizeof(poll->info),
	    &poll->info, sizeof(poll->info), &bytes, overlapped))
		return 0;
	error = GetLastError();
	return error == ERROR_IO_PENDING ? 0 : mio_win_error(error);
}

void
mio_afd_cancel(HANDLE afd, struct afd_poll *poll)
{
	/* Fails if the request has completed already, which is fine. */
	(void)CancelIoEx(afd, &poll->completion.overlapped);
}

int
mio_afd_result(const struct afd_poll *poll)
{
	NTSTATUS status = (NTSTATUS)poll->completion.overlapped.Internal;

	if (status == STATUS_CANCELLED)
		return -ECANCELED;
	if (status < 0)
		return mio_nt_error(status);
	return poll->info.count > 0 ? (int)poll->info.events : 0;
}
