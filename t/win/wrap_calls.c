/*
 * The functions that are counted and made to fail; t/win/wraps lists them.
 * A function of a DLL is called through a pointer, which the linker replaces.
 */
#include "config.h"

#include <winsock2.h>
#include <windows.h>
#include <winternl.h>

#include <errno.h>

#include "../lib/wrap.h"

enum function {
	F_accept, F_bind, F_CancelIoEx, F_CloseHandle, F_closesocket,
	F_connect, F_CreateIoCompletionPort, F_DeviceIoControl,
	F_GetQueuedCompletionStatusEx, F_getsockname, F_getsockopt,
	F_ioctlsocket, F_listen, F_NtCreateFile, F_NtQueryInformationFile,
	F_PostQueuedCompletionStatus, F_recvfrom, F_sendto,
	F_SetFileCompletionNotificationModes, F_SetHandleInformation,
	F_setsockopt, F_WSAIoctl, F_WSARecv, F_WSASend, F_WSASocketW,
	F_calloc, F_malloc, F_realloc, F_MAX
};

/* Tests use the names of other systems' functions, and none is called. */
const char *const wrap_names[] = {
	"accept", "bind", "CancelIoEx", "CloseHandle", "closesocket",
	"connect", "CreateIoCompletionPort", "DeviceIoControl",
	"GetQueuedCompletionStatusEx", "getsockname", "getsockopt",
	"ioctlsocket", "listen", "NtCreateFile", "NtQueryInformationFile",
	"PostQueuedCompletionStatus",
	"recvfrom", "sendto", "SetFileCompletionNotificationModes",
	"SetHandleInformation", "setsockopt", "WSAIoctl", "WSARecv", "WSASend",
	"WSASocketW", "calloc", "malloc", "realloc",
	"accept4", "epoll_ctl", "epoll_pwait2", "epoll_wait", "kevent", "poll",
	"port_getn", "ppoll", "write"
};
const int wrap_functions = sizeof(wrap_names) / sizeof(wrap_names[0]);

/* Windows' code for an errno value. */
static DWORD
native(int error)
{
	static const struct {
		int	error;
		DWORD	code;
	} codes[] = {
		{ EACCES,	WSAEACCES },
		{ EAGAIN,	WSAEWOULDBLOCK },
		{ ECONNABORTED,	WSAECONNABORTED },
		{ EINTR,	WSAEINTR },
		{ EINVAL,	WSAEINVAL },
		{ EMFILE,	WSAEMFILE },
		{ ENETUNREACH,	WSAENETUNREACH },
		{ ENOBUFS,	WSAENOBUFS },
		{ ENOMEM,	ERROR_NOT_ENOUGH_MEMORY },
		{ ENOSPC,	ERROR_DISK_FULL },
		{ EPROTOTYPE,	WSAEPROTOTYPE },
		{ WRAP_ZERO,	WAIT_TIMEOUT }
	};
	size_t i;

	for (i = 0; codes[i].error != error; i++)
		continue;
	return codes[i].code;
}

/* Notes the number of threads for which a port is made; returns it. */
static DWORD
note_threads(HANDLE port, DWORD threads)
{
	if (port == NULL)
		wrap_concurrent_threads = threads;
	return threads;
}

/*
 * The symbols of a pointer to a function with so many bytes of arguments, and
 * of its replacement.  On 32-bit x86 each symbol has one underscore more, and
 * the name of a function includes that number.
 */
#ifdef __i386__
#define SYMBOL(prefix, name, bytes)					\
	__asm__("_" prefix "_imp__" #name "@" #bytes)
#else
#define SYMBOL(prefix, name, bytes)	__asm__(prefix "__imp_" #name)
#endif

/*
 * WRAP(type, name, bytes, (parameters), (arguments), result of a failure).
 * Both GetLastError() and WSAGetLastError() return the error.
 */
#define WRAP(type, name, bytes, parameters, arguments, refused)		\
	extern type (WINAPI *name##_real) parameters			\
	    SYMBOL("__real_", name, bytes);				\
	extern type (WINAPI *name##_wrapped) parameters			\
	    SYMBOL("__wrap_", name, bytes);				\
	static type WINAPI						\
	name##_replaced parameters					\
	{								\
		int error = wrap_enter(F_##name);			\
									\
		if (error == 0)						\
			return name##_real arguments;			\
		SetLastError(native(error));				\
		return refused;						\
	}								\
	type (WINAPI *name##_wrapped) parameters = name##_replaced;

WRAP(SOCKET, accept, 12, (SOCKET s, struct sockaddr *a, int *l), (s, a, l),
    INVALID_SOCKET)
WRAP(int, bind, 12, (SOCKET s, const struct sockaddr *a, int l), (s, a, l), -1)
WRAP(BOOL, CancelIoEx, 8, (HANDLE h, OVERLAPPED *o), (h, o), FALSE)
WRAP(BOOL, CloseHandle, 4, (HANDLE h), (h), FALSE)
WRAP(int, closesocket, 4, (SOCKET s), (s), -1)
WRAP(int, connect, 12, (SOCKET s, const struct sockaddr *a, int l), (s, a, l),
    -1)
WRAP(HANDLE, CreateIoCompletionPort, 16, (HANDLE h, HANDLE p, ULONG_PTR k,
    DWORD n), (h, p, k, note_threads(p, n)), NULL)
WRAP(BOOL, DeviceIoControl, 32, (HANDLE h, DWORD c, void *i, DWORD in, void *o,
    DWORD on, DWORD *n, OVERLAPPED *ov), (h, c, i, in, o, on, n, ov), FALSE)
WRAP(BOOL, GetQueuedCompletionStatusEx, 24, (HANDLE p, OVERLAPPED_ENTRY *e,
    ULONG n, ULONG *got, DWORD ms, BOOL a), (p, e, n, got, ms, a), FALSE)
WRAP(int, getsockname, 12, (SOCKET s, struct sockaddr *a, int *l), (s, a, l),
    -1)
WRAP(int, getsockopt, 20, (SOCKET s, int l, int n, char *v, int *vl),
    (s, l, n, v, vl), -1)
WRAP(int, ioctlsocket, 12, (SOCKET s, long c, u_long *v), (s, c, v), -1)
WRAP(int, listen, 8, (SOCKET s, int n), (s, n), -1)
WRAP(BOOL, PostQueuedCompletionStatus, 16, (HANDLE p, DWORD n, ULONG_PTR k,
    OVERLAPPED *o), (p, n, k, o), FALSE)
WRAP(int, recvfrom, 24, (SOCKET s, char *buf, int n, int f, struct sockaddr *a,
    int *l), (s, buf, n, f, a, l), -1)
WRAP(int, sendto, 24, (SOCKET s, const char *buf, int n, int f,
    const struct sockaddr *a, int l), (s, buf, n, f, a, l), -1)
WRAP(BOOL, SetFileCompletionNotificationModes, 8, (HANDLE h, UCHAR f), (h, f),
    FALSE)
WRAP(BOOL, SetHandleInformation, 12, (HANDLE h, DWORD m, DWORD f), (h, m, f),
    FALSE)
WRAP(int, setsockopt, 20, (SOCKET s, int l, int n, const char *v, int vl),
    (s, l, n, v, vl), -1)
WRAP(int, WSAIoctl, 36, (SOCKET s, DWORD c, void *i, DWORD in, void *o,
    DWORD on, DWORD *n, WSAOVERLAPPED *ov,
    LPWSAOVERLAPPED_COMPLETION_ROUTINE r),
    (s, c, i, in, o, on, n, ov, r), -1)
WRAP(int, WSARecv, 28, (SOCKET s, WSABUF *b, DWORD nb, DWORD *n, DWORD *f,
    WSAOVERLAPPED *ov, LPWSAOVERLAPPED_COMPLETION_ROUTINE r),
    (s, b, nb, n, f, ov, r), -1)
WRAP(int, WSASend, 28, (SOCKET s, WSABUF *b, DWORD nb, DWORD *n, DWORD f,
    WSAOVERLAPPED *ov, LPWSAOVERLAPPED_COMPLETION_ROUTINE r),
    (s, b, nb, n, f, ov, r), -1)
WRAP(SOCKET, WSASocketW, 24, (int d, int t, int p, WSAPROTOCOL_INFOW *i,
    GROUP g, DWORD f), (d, t, p, i, g, f), INVALID_SOCKET)

/* This fails with a status: too many open files, whatever the errno. */
WRAP(NTSTATUS, NtCreateFile, 44, (HANDLE *h, ACCESS_MASK m,
    OBJECT_ATTRIBUTES *a, IO_STATUS_BLOCK *s, LARGE_INTEGER *z, ULONG fa,
    ULONG sh, ULONG cd, ULONG o, void *ea, ULONG el), (h, m, a, s, z, fa, sh, cd, o, ea, el),
    (NTSTATUS)0xc000011f)

/* MinGW's header does not declare it as imported, so it is called by name. */
NTSTATUS NTAPI	__real_NtQueryInformationFile(HANDLE, IO_STATUS_BLOCK *,
		    void *, ULONG, FILE_INFORMATION_CLASS);
NTSTATUS NTAPI	__wrap_NtQueryInformationFile(HANDLE, IO_STATUS_BLOCK *,
		    void *, ULONG, FILE_INFORMATION_CLASS);

NTSTATUS NTAPI
__wrap_NtQueryInformationFile(HANDLE handle, IO_STATUS_BLOCK *status,
    void *value, ULONG size, FILE_INFORMATION_CLASS class)
{
	if (wrap_enter(F_NtQueryInformationFile) != 0)
		return (NTSTATUS)0xc0000022;	/* STATUS_ACCESS_DENIED */
	return __real_NtQueryInformationFile(handle, status, value, size,
	    class);
}

#define WRAP_NULL(name, parameters, arguments)				\
	void	*__real_##name parameters;				\
	void	*__wrap_##name parameters;				\
	void *								\
	__wrap_##name parameters					\
	{								\
		if ((errno = wrap_enter(F_##name)) == 0)		\
			return __real_##name arguments;			\
		return NULL;						\
	}

WRAP_NULL(calloc, (size_t n, size_t size), (n, size))
WRAP_NULL(malloc, (size_t size), (size))
WRAP_NULL(realloc, (void *p, size_t size), (p, size))
