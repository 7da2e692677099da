/*
 * Atomics on objects of the size of an int or a pointer, through the builtins
 * that gcc and clang have in every language mode.  configure links each of them
 * and fails if one is missing.  atomic_msvc.h has them for Microsoft's compiler.
 *
 * get acquires and put releases.  swap, cas, or, and, and dec do both.  get_swap
 * does both, too: it is a swap that puts back what it finds.  inc and the names
 * that end in _relaxed are relaxed.  HACKING, "Memory order", has the rules.
 */
#ifndef COMPAT_ATOMIC_H
#define COMPAT_ATOMIC_H

#ifdef _MSC_VER
#include "compat/atomic_msvc.h"
#else
#define atomic_get(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_get_relaxed(p)	__atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_put(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_put_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_swap(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define atomic_cas(p, old, v)						\
	__atomic_compare_exchange_n((p), (old), (v), 0,			\
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define atomic_get_swap(p)	__atomic_fetch_add((p), 0, __ATOMIC_ACQ_REL)
#define atomic_or(p, v)		__atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define atomic_and(p, v)	__atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
#define atomic_inc(p)		__atomic_add_fetch((p), 1, __ATOMIC_RELAXED)
#define atomic_dec(p)		__atomic_sub_fetch((p), 1, __ATOMIC_ACQ_REL)
#endif

/*
 * Reference counts.  Where the C library reports that there is only one thread,
 * plain arithmetic replaces the atomic operation, which costs as much as all
 * else in a registration except its system call.
 */
#if HAVE_DECL___LIBC_SINGLE_THREADED
#include <sys/single_threaded.h>
#define one_thread()		(__libc_single_threaded != 0)
#else
#define one_thread()		0
#endif

static inline void
count_up(unsigned int *count)
{
	if (one_thread())
		++*count;
	else
		(void)atomic_inc(count);
}

/* Returns the new count. */
static inline unsigned int
count_down(unsigned int *count)
{
	return one_thread() ? --*count : atomic_dec(count);
}

#endif /* COMPAT_ATOMIC_H */
