/*
 * Replacements for the functions that are counted and made to fail;
 * t/lib/wraps lists them.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include "wrap.h"

enum function {
	F_accept, F_accept4, F_bind, F_calloc, F_close, F_connect,
	F_epoll_create1, F_epoll_ctl, F_epoll_pwait2, F_epoll_wait, F_eventfd,
	F_fcntl, F_getsockname, F_getsockopt, F_kevent, F_listen, F_malloc,
	F_pipe, F_pipe2, F_poll, F_port_associate, F_port_create,
	F_port_dissociate, F_port_getn, F_port_send, F_ppoll,
	F_pthread_atfork, F_pthread_cond_init, F_pthread_mutex_init, F_read,
	F_realloc, F_recv, F_recvfrom, F_send, F_sendmsg, F_sendto,
	F_setsockopt, F_socket, F_socketpair, F_write, F_MAX
};

const int wrap_functions = F_MAX;
const char *const wrap_names[] = {
	"accept", "accept4", "bind", "calloc", "close", "connect",
	"epoll_create1", "epoll_ctl", "epoll_pwait2", "epoll_wait", "eventfd",
	"fcntl", "getsockname", "getsockopt", "kevent", "listen", "malloc",
	"pipe", "pipe2", "poll", "port_associate", "port_create",
	"port_dissociate", "port_getn", "port_send", "ppoll",
	"pthread_atfork", "pthread_cond_init", "pthread_mutex_init", "read",
	"realloc", "recv", "recvfrom", "send", "sendmsg", "sendto",
	"setsockopt", "socket", "socketpair", "write"
};

/*
 * WRAP(type, name, (parameters), (arguments)) is for functions that return -1
 * and set errno or, with WRAP_ZERO, return 0; WRAP_NULL is for those that return
 * NULL, and WRAP_ERROR for those that return the error.
 */
#define WRAP_AS(type, name, parameters, arguments, refuse)		\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type __wrap_##name parameters					\
	{								\
		int error = wrap_enter(F_##name);				\
									\
		if (error == 0)						\
			return __real_##name arguments;			\
		refuse;							\
	}
#define REFUSE								\
	    if (error == WRAP_ZERO)					\
		    return 0;						\
	    errno = error;						\
	    return -1
#define WRAP(type, name, parameters, arguments)				\
	WRAP_AS(type, name, parameters, arguments, REFUSE)
/* As WRAP; a test may choose the answer of a socket option. */
#define WRAP_OPTION(name, parameters, arguments, answer)		\
	int __real_##name parameters;					\
	int __wrap_##name parameters;					\
	int __wrap_##name parameters					\
	{								\
		int error = wrap_enter(F_##name);			\
									\
		if (error == 0 && (error = (answer)) == 0)		\
			return __real_##name arguments;			\
		REFUSE;							\
	}
#define WRAP_NULL(name, parameters, arguments)				\
	WRAP_AS(void *, name, parameters, arguments,			\
	    errno = error; return NULL)
#define WRAP_ERROR(name, parameters, arguments)				\
	WRAP_AS(int, name, parameters, arguments, return error)

/* On 32-bit systems with 64-bit times, headers redirect to other symbols. */
#if defined __GLIBC__ && defined __USE_TIME_BITS64 && __TIMESIZE == 32
#define __real_epoll_pwait2	__real___epoll_pwait2_time64
#define __wrap_epoll_pwait2	__wrap___epoll_pwait2_time64
#define __real_fcntl		__real___fcntl_time64
#define __wrap_fcntl		__wrap___fcntl_time64
#define __real_getsockopt	__real___getsockopt64
#define __wrap_getsockopt	__wrap___getsockopt64
#define __real_ppoll		__real___ppoll64
#define __wrap_ppoll		__wrap___ppoll64
#define __real_sendmsg		__real___sendmsg64
#define __wrap_sendmsg		__wrap___sendmsg64
#define __real_setsockopt	__real___setsockopt64
#define __wrap_setsockopt	__wrap___setsockopt64
#elif !defined __GLIBC__ && defined _REDIR_TIME64	/* musl */
#define __real_ppoll		__real___ppoll_time64
#define __wrap_ppoll		__wrap___ppoll_time64
#endif

/* NetBSD's headers call some functions by other names. */
#ifdef __NetBSD__
#define F___kevent50		F_kevent
#define F___kevent100		F_kevent
#define F___libc_cond_init	F_pthread_cond_init
#define F___libc_mutex_init	F_pthread_mutex_init
#define __real_socket		__real___socket30
#define __wrap_socket		__wrap___socket30
#endif

struct epoll_event;

/* Not every system has the functions that are conditional here. */
WRAP(int, accept, (int s, struct sockaddr *a, socklen_t *l), (s, a, l))
#ifdef HAVE_ACCEPT4
WRAP(int, accept4, (int s, struct sockaddr *a, socklen_t *l, int f),
    (s, a, l, f))
#endif
WRAP(int, bind, (int s, const struct sockaddr *a, socklen_t l), (s, a, l))
WRAP(int, close, (int fd), (fd))
WRAP(int, connect, (int s, const struct sockaddr *a, socklen_t l), (s, a, l))
#ifdef HAVE_EPOLL_CREATE1
WRAP(int, epoll_create1, (int f), (f))
WRAP(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *ev),
    (e, op, fd, ev))
#ifdef HAVE_EPOLL_PWAIT2	/* not in musl 1.2.3 */
WRAP(int, epoll_pwait2, (int e, struct epoll_event *ev, int n,
    const struct timespec *ts, const sigset_t *s), (e, ev, n, ts, s))
#endif
WRAP_AS(int, epoll_wait, (int e, struct epoll_event *ev, int n, int t),
    (e, ev, n, t), wrap_room = n; REFUSE)
#endif
#ifdef HAVE_EVENTFD
WRAP(int, eventfd, (unsigned int n, int f), (n, f))
#endif
WRAP(int, getsockname, (int s, struct sockaddr *a, socklen_t *l), (s, a, l))
WRAP_OPTION(getsockopt, (int s, int l, int n, void *v, socklen_t *vl),
    (s, l, n, v, vl), wrap_get(l, n, v))
WRAP(int, listen, (int s, int n), (s, n))
WRAP(int, pipe, (int *fds), (fds))
#ifdef HAVE_PIPE2
WRAP(int, pipe2, (int *fds, int f), (fds, f))
#endif
WRAP(int, poll, (struct pollfd *fds, nfds_t n, int t), (fds, n, t))

/*
 * A program has a kqueue or event port, real or fake, on one selector only, so
 * the real functions are weak.  A kqueue's counts are int, or size_t on
 * NetBSD, whose function has another name before version 11 than since.
 */
#define WRAP_KEVENT(name)						\
	WRAP(int, name, (int k, const void *c, size_t nc, void *e,	\
	    size_t n, const struct timespec *ts), (k, c, nc, e, n, ts))
#ifdef __NetBSD__
#pragma weak __real___kevent50
#pragma weak __real___kevent100
WRAP_KEVENT(__kevent50)
WRAP_KEVENT(__kevent100)
#else
#pragma weak __real_kevent
WRAP_KEVENT(kevent)
#endif
#pragma weak __real_port_associate
#pragma weak __real_port_create
#pragma weak __real_port_dissociate
#pragma weak __real_port_getn
#pragma weak __real_port_send
WRAP(int, port_associate, (int p, int s, uintptr_t o, int e, void *u),
    (p, s, o, e, u))
WRAP(int, port_create, (void), ())
WRAP(int, port_dissociate, (int p, int s, uintptr_t o), (p, s, o))
WRAP(int, port_getn, (int p, void *ev, unsigned int n, unsigned int *got,
    struct timespec *ts), (p, ev, n, got, ts))
WRAP(int, port_send, (int p, int e, void *u), (p, e, u))

#ifdef HAVE_PPOLL
WRAP(int, ppoll, (struct pollfd *fds, nfds_t n, const struct timespec *ts,
    const sigset_t *s), (fds, n, ts, s))
#endif
WRAP(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n))
WRAP(ssize_t, recv, (int s, void *buf, size_t n, int f), (s, buf, n, f))
WRAP(ssize_t, recvfrom, (int s, void *buf, size_t n, int f, struct sockaddr *a,
    socklen_t *l), (s, buf, n, f, a, l))
WRAP(ssize_t, send, (int s, const void *buf, size_t n, int f),
    (s, buf, n, f))
WRAP(ssize_t, sendmsg, (int s, const struct msghdr *m, int f), (s, m, f))
WRAP(ssize_t, sendto, (int s, const void *buf, size_t n, int f,
    const struct sockaddr *a, socklen_t l), (s, buf, n, f, a, l))
WRAP_OPTION(setsockopt, (int s, int l, int n, const void *v, socklen_t vl),
    (s, l, n, v, vl), vl == sizeof(int) ? wrap_set(l, n, *(const int *)v) : 0)
WRAP(int, socket, (int d, int t, int p), (d, t, p))
WRAP(int, socketpair, (int d, int t, int p, int *fds), (d, t, p, fds))
WRAP(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n))
WRAP_NULL(calloc, (size_t n, size_t size), (n, size))
WRAP_NULL(malloc, (size_t size), (size))
WRAP_NULL(realloc, (void *p, size_t size), (p, size))
WRAP_ERROR(pthread_atfork, (void (*a)(void), void (*b)(void), void (*c)(void)),
    (a, b, c))
WRAP_ERROR(pthread_cond_init, (pthread_cond_t *c,
    const pthread_condattr_t *a), (c, a))
WRAP_ERROR(pthread_mutex_init, (pthread_mutex_t *m,
    const pthread_mutexattr_t *a), (m, a))

/* In all of our calls, fcntl's third argument is an int or not read. */
int	__real_fcntl(int, int, ...);
int	__wrap_fcntl(int, int, ...);

int
__wrap_fcntl(int fd, int command, ...)
{
	int error = wrap_enter(F_fcntl);
	va_list ap;
	int arg;

	if (error != 0) {
		errno = error;
		return -1;
	}
	va_start(ap, command);
	arg = va_arg(ap, int);
	va_end(ap);
	return __real_fcntl(fd, command, arg);
}
