/*
 * Included before each file of the library by -include, so that the explorer
 * runs at each atomic operation, lock and system call of the unchanged code.
 *
 * The compat headers are the library's own.  A macro does not expand within its
 * own expansion: each builtin of gcc below is replaced by a point and that same
 * builtin, with the memory order that compat/atomic.h gave it.
 */
#ifndef EXPLORE_HOOKS_H
#define EXPLORE_HOOKS_H

#include "config.h"

/* First all headers that declare what is replaced. */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if HAVE_DECL___LIBC_SINGLE_THREADED
#include <sys/single_threaded.h>
#endif
#ifdef EXPLORE_PORT
#include <port.h>
#endif
#ifdef EXPLORE_KQUEUE
#include <sys/event.h>
#endif

#include "hook.h"

/* Each coroutine has an errno that no call of the explorer changes. */
#undef errno
#define errno	(*hook_errno())

/* Coroutines are threads: counts must be atomic. */
#define __libc_single_threaded	0

/* Atomic operations. */
#define HOOK_GET(verb, p, call)						\
	__extension__ ({						\
		hook_point(verb, p, __func__);				\
		__auto_type hook_value = (call);			\
		hook_result((uintptr_t)hook_value);			\
		hook_value;						\
	})
#define HOOK_CHANGE(verb, name, p, v, call)				\
	__extension__ ({						\
		__typeof__(*(p)) hook_new = (v);			\
		hook_point(verb, name, __func__);			\
		__auto_type hook_value = (call);			\
		hook_result((uintptr_t)hook_value);			\
		hook_value;						\
	})

#define __atomic_load_n(p, order)					\
	HOOK_GET("load", #p, __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)					\
	__extension__ ({						\
		__typeof__(*(p)) hook_new = (v);			\
		hook_point("store", #p, __func__);			\
		__atomic_store_n(p, hook_new, order);			\
		hook_result((uintptr_t)hook_new);			\
	})
#define __atomic_exchange_n(p, v, order)				\
	HOOK_CHANGE("swap", #p, p, v, __atomic_exchange_n(p, hook_new, order))
#define __atomic_compare_exchange_n(p, old, v, weak, order, failed)	\
	HOOK_CHANGE("cas", #p, p, v,					\
	    __atomic_compare_exchange_n(p, old, hook_new, weak, order, failed))
#define __atomic_add_fetch(p, v, order)					\
	HOOK_CHANGE("add", #p, p, v, __atomic_add_fetch(p, hook_new, order))
#define __atomic_sub_fetch(p, v, order)					\
	HOOK_CHANGE("sub", #p, p, v, __atomic_sub_fetch(p, hook_new, order))
#define __atomic_and_fetch(p, v, order)					\
	HOOK_CHANGE("and", #p, p, v, __atomic_and_fetch(p, hook_new, order))
#define __atomic_or_fetch(p, v, order)					\
	HOOK_CHANGE("or", #p, p, v, __atomic_or_fetch(p, hook_new, order))
#define __atomic_fetch_add(p, v, order)					\
	HOOK_CHANGE("add", #p, p, v, __atomic_fetch_add(p, hook_new, order))
#define __atomic_fetch_sub(p, v, order)					\
	HOOK_CHANGE("sub", #p, p, v, __atomic_fetch_sub(p, hook_new, order))
#define __atomic_fetch_and(p, v, order)					\
	HOOK_CHANGE("and", #p, p, v, __atomic_fetch_and(p, hook_new, order))
#define __atomic_fetch_or(p, v, order)					\
	HOOK_CHANGE("or", #p, p, v, __atomic_fetch_or(p, hook_new, order))

/* Locks.  The library never looks into one, so the explorer may use it. */
#undef pthread_mutex_init
#define pthread_mutex_init(m, attr)	hook_mutex_init(m)
#define pthread_mutex_destroy(m)	hook_mutex_destroy(m)
#define pthread_mutex_lock(m)		hook_mutex_lock(m, __func__)
#define pthread_mutex_unlock(m)		hook_mutex_unlock(m, __func__)
#define pthread_cond_init(c, attr)	hook_cond_init(c)
#define pthread_cond_destroy(c)		hook_cond_destroy(c)
#define pthread_cond_wait(c, m)		hook_cond_wait(c, m, __func__)
#define pthread_cond_signal(c)		hook_cond_signal(c, false, __func__)
#define pthread_cond_broadcast(c)	hook_cond_signal(c, true, __func__)

/* Cancellation. */
#define pthread_setcancelstate(new, old) hook_setcancelstate(new, old)
#define pthread_testcancel()		hook_testcancel()
#undef pthread_cleanup_push
#undef pthread_cleanup_pop
#define pthread_cleanup_push(function, arg) {				\
	struct hook_cleanup hook_cleanup_here;				\
	hook_cleanup_push(&hook_cleanup_here, function, arg);
#define pthread_cleanup_pop(run)					\
	hook_cleanup_pop(&hook_cleanup_here, run);			\
	}

/* Memory. */
#define malloc(size)		hook_malloc(size)
#define calloc(count, size)	hook_calloc(count, size)
#define realloc(p, size)	hook_realloc(p, size)
#define free(p)			hook_free(p)

/* System calls. */
#define eventfd(value, flags)	hook_eventfd(value, flags)
#define pipe2(fds, flags)	hook_pipe2(fds, flags)
/* Structs of the library have members of these three names. */
#define read			hook_read
#define write			hook_write
#define close			hook_close
#define recv(fd, buf, size, flags)					\
	hook_recvfrom(fd, buf, size, flags, NULL, NULL, __func__)
#define send(fd, buf, size, flags)					\
	hook_sendto(fd, buf, size, flags, NULL, 0, __func__)
#define recvfrom(fd, buf, size, flags, addr, len)			\
	hook_recvfrom(fd, buf, size, flags, addr, len, __func__)
#define sendto(fd, buf, size, flags, addr, len)				\
	hook_sendto(fd, buf, size, flags, addr, len, __func__)
#define clock_gettime(id, ts)	hook_clock_gettime(ts)
#define epoll_create1(flags)	hook_epoll_create1(flags)
#define epoll_ctl(epfd, op, fd, event)					\
	hook_epoll_ctl(epfd, op, fd, event, __func__)
#define epoll_wait(epfd, events, room, msec)				\
	hook_epoll_wait(epfd, events, room, msec, __func__)
#define epoll_pwait2(epfd, events, room, ts, mask)			\
	hook_epoll_pwait2(epfd, events, room, ts, __func__)
#define poll(fds, count, msec)	hook_poll(fds, count, msec, __func__)
#define ppoll(fds, count, ts, mask) hook_ppoll(fds, count, ts, __func__)
#ifdef EXPLORE_KQUEUE
#define fpathconf(fd, name)	hook_fpathconf(fd, name)
#define kqueue()		hook_kqueue()
#define kevent(kq, changes, nchanges, events, room, ts)			\
	hook_kevent(kq, changes, nchanges, events, room, ts, __func__)
#endif
#ifdef EXPLORE_PORT
#define port_create()		hook_port_create()
#define port_associate(port, source, object, events, user)		\
	hook_port_associate(port, source, object, events, user, __func__)
#define port_dissociate(port, source, object)				\
	hook_port_dissociate(port, source, object, __func__)
#define port_send(port, events, user)					\
	hook_port_send(port, events, user, __func__)
#define port_getn(port, list, room, got, ts)				\
	hook_port_getn(port, list, room, got, ts, __func__)
#endif

/* A trace names the callers of these functions, and what they were given. */
#include "compat/atomic.h"
#include "compat/mutex.h"
#define mutex_lock(m)	(hook_caller(__func__, #m), mutex_lock(m))
#define mutex_unlock(m)	(hook_caller(__func__, #m), mutex_unlock(m))
#define count_up(count)	(hook_caller(__func__, #count), count_up(count))
#define count_down(count) (hook_caller(__func__, #count), count_down(count))

#endif /* EXPLORE_HOOKS_H */
