#include "config.h"

#include "winposix.h"
#include <ifaddrs.h>
#include "windows/win_error.h"

#include <direct.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#undef socket
#undef recv
#undef send
#undef write
#undef setsockopt
#undef getsockopt
#undef connect
#undef bind
#undef signal
#undef raise

/* The result of a POSIX function: -1, with the error in errno. */
static int
result(int n)
{
	if (n >= 0)
		return n;
	errno = -mio_win_error((unsigned long)WSAGetLastError());
	return -1;
}

static int
descriptor(SOCKET s)
{
	return s == INVALID_SOCKET ? result(-1) : (int)s;
}

static void (*on_alarm)(int), (*on_user)(int);

/*
 * The time of the alarm in the system's ticks, which begin again after 49 days;
 * a later alarm moves it.
 */
static volatile LONG due;

static DWORD WINAPI
timer(void *arg)
{
	LONG left;

	while ((left = (LONG)((DWORD)due - GetTickCount())) > 0)
		Sleep((DWORD)left);
	on_alarm(SIGALRM);
	return arg != NULL;
}

void
(*winposix_signal(int sig, void (*handler)(int)))(int)
{
	if (sig == SIGALRM)
		on_alarm = handler;
	else if (sig == SIGUSR1)
		on_user = handler;
	else if (sig != SIGPIPE)
		return signal(sig, handler);
	return SIG_DFL;
}

int
winposix_raise(int sig)
{
	if (sig != SIGUSR1)
		return raise(sig);
	on_user(sig);
	return 0;
}

unsigned int
winposix_alarm(unsigned int seconds)
{
	static bool started;
	HANDLE thread;

	due = (LONG)(GetTickCount() + seconds * 1000);
	if (!started && (thread = CreateThread(NULL, 0, timer, NULL, 0,
	    NULL)) != NULL)
		(void)CloseHandle(thread);
	started = true;
	return 0;
}

int
winposix_socket(int domain, int type, int protocol)
{
	WSADATA data;

	if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
		errno = ENETDOWN;
		return -1;
	}
	return descriptor(WSASocketW(domain, type, protocol, NULL, 0,
	    WSA_FLAG_OVERLAPPED));
}

/* Small buffers: a test that fills one byte by byte takes no minute. */
static int
small_socket(int type, int protocol)
{
	int s = winposix_socket(AF_INET, type, protocol), size = 16384;

	(void)setsockopt((SOCKET)s, SOL_SOCKET, SO_SNDBUF, (char *)&size,
	    sizeof(size));
	(void)setsockopt((SOCKET)s, SOL_SOCKET, SO_RCVBUF, (char *)&size,
	    sizeof(size));
	return s;
}

/* All domains get a connection over loopback, which always exists. */
int
winposix_socketpair(int domain, int type, int protocol, int fds[2])
{
	struct sockaddr_in addr = { 0 };
	int len = sizeof(addr);
	int listener, ok;

	(void)domain;
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = small_socket(type, protocol);
	fds[0] = small_socket(type, protocol);
	fds[1] = -1;
	ok = listener >= 0 && fds[0] >= 0 &&
	    bind((SOCKET)listener, (struct sockaddr *)&addr, len) == 0 &&
	    listen((SOCKET)listener, 1) == 0 &&
	    getsockname((SOCKET)listener, (struct sockaddr *)&addr, &len) ==
	    0 && connect((SOCKET)fds[0], (struct sockaddr *)&addr, len) == 0;
	if (ok)
		fds[1] = descriptor(accept((SOCKET)listener, NULL, NULL));
	(void)closesocket((SOCKET)listener);
	return ok && fds[1] >= 0 ? 0 : -1;
}

/* Opens directories as well. */
int
winposix_open(const char *path)
{
	HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL,
	    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

	if (file == INVALID_HANDLE_VALUE) {
		errno = -mio_win_error(GetLastError());
		return -1;
	}
	return (int)(intptr_t)file;
}

int
winposix_close(mio_fd fd)
{
	if (closesocket(fd) == 0 || CloseHandle((HANDLE)fd))
		return 0;
	errno = EBADF;
	return -1;
}

int
winposix_dup(mio_fd fd)
{
	WSAPROTOCOL_INFOW info;

	if (WSADuplicateSocketW(fd, GetCurrentProcessId(), &info) != 0)
		return result(-1);
	return descriptor(WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
	    FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED));
}

/*
 * No function reports whether a socket blocks, so this tries a receive, with
 * a time limit.  It doesn't work for a socket that has data.
 */
static int
blocks(SOCKET s)
{
	DWORD old = 0, limit = 1;
	int size = sizeof(old), error;
	char byte;

	(void)getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&old, &size);
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&limit,
	    sizeof(limit));
	error = recv(s, &byte, 1, MSG_PEEK) < 0 ? WSAGetLastError() : 0;
	(void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&old,
	    sizeof(old));
	return error == WSAETIMEDOUT;
}

int
winposix_fcntl(mio_fd fd, int command)
{
	DWORD flags;

	if (command == F_GETFD && GetHandleInformation((HANDLE)fd, &flags))
		return (flags & HANDLE_FLAG_INHERIT) != 0 ? 0 : FD_CLOEXEC;
	if (command == F_GETFL)
		return blocks(fd) ? 0 : O_NONBLOCK;
	errno = EBADF;
	return -1;
}

/* No handle is expected after a gap of this many. */
#define GAP	1024

static void *
do_nothing(void *arg)
{
	return arg;
}

static void *
start_threads(void *arg)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 100; i++) {
		if (pthread_create(&thread, NULL, do_nothing, NULL) == 0)
			(void)pthread_join(thread, NULL);
	}
	return arg;
}

/*
 * The thread library creates an event for one of its locks when several
 * threads start and end at the same time, and keeps the event.
 */
static void
warm_threads(void)
{
	pthread_t threads[4];
	int i, n = 0;

	while (n < 4 && pthread_create(&threads[n], NULL, start_threads,
	    NULL) == 0)
		n++;
	for (i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
}

/* The system's libraries keep some handles after their first use. */
static void
warm_up(void)
{
	struct mio_poller *poller = mio_poller_new();
	struct mio_source source;
	int fds[2];

	warm_threads();
	if (poller == NULL || winposix_socketpair(AF_INET, SOCK_STREAM, 0,
	    fds) < 0)
		return;
	(void)mio_source_from_fd(&source, (mio_fd)fds[0]);
	(void)mio_register(poller, &source, 1, MIO_READABLE);
	(void)mio_source_close(&source);
	(void)winposix_close((mio_fd)fds[1]);
	mio_poller_free(poller);
}

/* GetProcessHandleCount() returns 0 under Wine 8, so this tries handles. */
int
winposix_handles(void)
{
	static int warm;
	uintptr_t handle, last = 0;
	DWORD flags;
	int n = 0;

	if (!warm)
		warm_up();
	warm = 1;
	for (handle = 4; handle < last + GAP * 4; handle += 4) {
		if (GetHandleInformation((HANDLE)handle, &flags)) {
			last = handle;
			n++;
		}
	}
	return n;
}

LONG NTAPI RtlGetVersion(OSVERSIONINFOW *);

unsigned long
winposix_build(void)
{
	OSVERSIONINFOW version = { sizeof(version), 0, 0, 0, 0, { 0 } };

	return RtlGetVersion(&version) < 0 ? 0 : version.dwBuildNumber;
}

char *
winposix_mkdtemp(char *template)
{
	return _mktemp(template) != NULL && _mkdir(template) == 0 ? template :
	    NULL;
}

/* IPv6 only: no test needs other families. */
int
winposix_getifaddrs(struct ifaddrs **list)
{
	int s = winposix_socket(AF_INET6, SOCK_DGRAM, 0), i;
	char buf[4096];
	SOCKET_ADDRESS_LIST *found = (SOCKET_ADDRESS_LIST *)(void *)buf;
	DWORD size;

	*list = NULL;
	if (WSAIoctl((SOCKET)s, SIO_ADDRESS_LIST_QUERY, NULL, 0, buf,
	    sizeof(buf), &size, NULL, NULL) != 0)
		found->iAddressCount = 0;
	(void)closesocket((SOCKET)s);
	for (i = 0; i < found->iAddressCount; i++) {
		struct ifaddrs *entry = calloc(1, sizeof(*entry) +
		    sizeof(struct sockaddr_in6));

		if (entry == NULL)
			break;
		entry->ifa_addr = (struct sockaddr *)(entry + 1);
		memcpy(entry->ifa_addr, found->Address[i].lpSockaddr,
		    sizeof(struct sockaddr_in6));
		entry->ifa_next = NULL;
		*list = entry;		/* one is enough */
		return 0;
	}
	return 0;
}

mio_ssize
winposix_recv(mio_fd fd, void *buf, size_t size, int flags)
{
	return result(recv(fd, buf, (int)size, flags));
}

/* The standard descriptors are files of the C library. */
mio_ssize
winposix_write(mio_fd fd, const void *buf, size_t size)
{
	return fd <= STDERR_FILENO ? write((int)fd, buf, (unsigned int)size) :
	    winposix_send(fd, buf, size, 0);
}

mio_ssize
winposix_send(mio_fd fd, const void *buf, size_t size, int flags)
{
	return result(send(fd, buf, (int)size, flags));
}

int
winposix_setsockopt(mio_fd fd, int level, int name, const void *value,
    int size)
{
	return result(setsockopt(fd, level, name, value, size));
}

int
winposix_getsockopt(mio_fd fd, int level, int name, void *value, int *size)
{
	return result(getsockopt(fd, level, name, value, size));
}

int
winposix_connect(mio_fd fd, const void *addr, int len)
{
	int n = result(connect(fd, addr, len));

	if (n < 0 && errno == EAGAIN)
		errno = EINPROGRESS;
	return n;
}

int
winposix_bind(mio_fd fd, const void *addr, int len)
{
	return result(bind(fd, addr, len));
}

int
winposix_poll(WSAPOLLFD *fds, nfds_t count, int msec)
{
	/* WSAPoll() fails if there is nothing to poll. */
	return count == 0 ? 0 : result(WSAPoll(fds, count, msec));
}
