/*
 * Windows' errors: one table from the codes of Win32 and Winsock, which don't
 * overlap, to errno values.  ntdll converts an NTSTATUS to a Win32 code first.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <winsock2.h>
#include <windows.h>
#include <winternl.h>

#include <errno.h>
#include <string.h>

#include "sock.h"
#include "win_error.h"

static const struct {
	unsigned short	code;
	unsigned short	error;
} errors[] = {
	{ ERROR_FILE_NOT_FOUND,		ENOENT },
	{ ERROR_PATH_NOT_FOUND,		ENOENT },
	{ ERROR_TOO_MANY_OPEN_FILES,	EMFILE },
	{ ERROR_ACCESS_DENIED,		EACCES },
	{ ERROR_INVALID_HANDLE,		EBADF },
	{ ERROR_NOT_ENOUGH_MEMORY,	ENOMEM },
	{ ERROR_OUTOFMEMORY,		ENOMEM },
	{ ERROR_NOT_SUPPORTED,		ENOTSUP },
	{ ERROR_INVALID_PARAMETER,	EINVAL },
	{ ERROR_BROKEN_PIPE,		EPIPE },
	{ ERROR_DISK_FULL,		ENOSPC },
	{ ERROR_SEM_TIMEOUT,		ETIMEDOUT },
	{ ERROR_INVALID_NAME,		EINVAL },
	{ ERROR_BAD_PATHNAME,		EINVAL },
	{ ERROR_BUSY,			EBUSY },
	{ ERROR_ALREADY_EXISTS,		EEXIST },
	{ ERROR_FILENAME_EXCED_RANGE,	ENAMETOOLONG },
	{ ERROR_BAD_PIPE,		EINVAL },
	{ ERROR_PIPE_BUSY,		EBUSY },
	{ ERROR_NO_DATA,		EPIPE },
	{ ERROR_PIPE_NOT_CONNECTED,	EPIPE },
	{ ERROR_OPERATION_ABORTED,	ECANCELED },
	{ ERROR_IO_PENDING,		EAGAIN },
	{ ERROR_NOACCESS,		EFAULT },
	{ ERROR_PIPE_LISTENING,		EAGAIN },
	{ ERROR_NETNAME_DELETED,	ECONNRESET },
	{ ERROR_CONNECTION_REFUSED,	ECONNREFUSED },
	{ ERROR_ADDRESS_ALREADY_ASSOCIATED, EADDRINUSE },
	{ ERROR_NETWORK_UNREACHABLE,	ENETUNREACH },
	{ ERROR_HOST_UNREACHABLE,	EHOSTUNREACH },
	{ ERROR_PORT_UNREACHABLE,	ECONNREFUSED },
	{ ERROR_CONNECTION_ABORTED,	ECONNABORTED },
	{ ERROR_NO_SYSTEM_RESOURCES,	ENOBUFS },
	{ ERROR_WORKING_SET_QUOTA,	ENOMEM },
	{ ERROR_NOT_ENOUGH_QUOTA,	ENOMEM },
	{ WSAEINTR,			EINTR },
	{ WSAEBADF,			EBADF },
	{ WSAEACCES,			EACCES },
	{ WSAEFAULT,			EFAULT },
	{ WSAEINVAL,			EINVAL },
	{ WSAEMFILE,			EMFILE },
	{ WSAEWOULDBLOCK,		EAGAIN },
	{ WSAEINPROGRESS,		EINPROGRESS },
	{ WSAEALREADY,			EALREADY },
	{ WSAENOTSOCK,			ENOTSOCK },
	{ WSAEDESTADDRREQ,		EDESTADDRREQ },
	{ WSAEMSGSIZE,			EMSGSIZE },
	{ WSAEPROTOTYPE,		EPROTOTYPE },
	{ WSAENOPROTOOPT,		ENOPROTOOPT },
	{ WSAEPROTONOSUPPORT,		EPROTONOSUPPORT },
	{ WSAESOCKTNOSUPPORT,		EPROTONOSUPPORT },
	{ WSAEOPNOTSUPP,		EOPNOTSUPP },
	{ WSAEPFNOSUPPORT,		EAFNOSUPPORT },
	{ WSAEAFNOSUPPORT,		EAFNOSUPPORT },
	{ WSAEADDRINUSE,		EADDRINUSE },
	{ WSAEADDRNOTAVAIL,		EADDRNOTAVAIL },
	{ WSAENETDOWN,			ENETDOWN },
	{ WSAENETUNREACH,		ENETUNREACH },
	{ WSAENETRESET,			ENETRESET },
	{ WSAECONNABORTED,		ECONNABORTED },
	{ WSAECONNRESET,		ECONNRESET },
	{ WSAENOBUFS,			ENOBUFS },
	{ WSAEISCONN,			EISCONN },
	{ WSAENOTCONN,			ENOTCONN },
	{ WSAESHUTDOWN,			EPIPE },
	{ WSAETIMEDOUT,			ETIMEDOUT },
	{ WSAECONNREFUSED,		ECONNREFUSED },
	{ WSAELOOP,			ELOOP },
	{ WSAENAMETOOLONG,		ENAMETOOLONG },
	{ WSAEHOSTDOWN,			EHOSTUNREACH },
	{ WSAEHOSTUNREACH,		EHOSTUNREACH },
	{ WSASYSNOTREADY,		ENETDOWN },
	{ WSANOTINITIALISED,		ENETDOWN },
	{ WSAEDISCON,			EPIPE },
};

int
mio_win_error(unsigned long code)
{
	size_t i;

	SetLastError(code);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].code == code)
			return -errors[i].error;
	}
	return -EIO;
}

int
mio_nt_error(long status)
{
	return mio_win_error(RtlNtStatusToDosError(status));
}

/* The C library's strerror() has no texts for the errors of sockets. */
static const struct {
	int		 error;
	const char	*text;
} texts[] = {
	{ EADDRINUSE,		"Address already in use" },
	{ EADDRNOTAVAIL,	"Address not available" },
	{ EAFNOSUPPORT,		"Address family not supported" },
	{ EALREADY,		"Operation already in progress" },
	{ ECANCELED,		"Operation canceled" },
	{ ECONNABORTED,		"Connection aborted" },
	{ ECONNREFUSED,		"Connection refused" },
	{ ECONNRESET,		"Connection reset by peer" },
	{ EDESTADDRREQ,		"Destination address required" },
	{ EHOSTUNREACH,		"No route to host" },
	{ EINPROGRESS,		"Operation in progress" },
	{ EISCONN,		"Socket is connected" },
	{ ELOOP,		"Too many levels of symbolic links" },
	{ EMSGSIZE,		"Message too long" },
	{ ENETDOWN,		"Network is down" },
	{ ENETRESET,		"Connection aborted by network" },
	{ ENETUNREACH,		"Network is unreachable" },
	{ ENOBUFS,		"No buffer space available" },
	{ ENOPROTOOPT,		"Protocol option not available" },
	{ ENOTCONN,		"Socket is not connected" },
	{ ENOTSOCK,		"Not a socket" },
	{ ENOTSUP,		"Not supported" },
	{ EOPNOTSUPP,		"Operation not supported" },
	{ EPROTONOSUPPORT,	"Protocol not supported" },
	{ EPROTOTYPE,		"Wrong protocol type for socket" },
	{ ETIMEDOUT,		"Connection timed out" },
};

const char *
mio_sock_strerror(int error)
{
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].error == error)
			return texts[i].text;
	}
	return strerror(error);
}
