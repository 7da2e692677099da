/*
 * Atomics on objects of the size of an int or a pointer, through the builtins
 * that gcc and clang have in every language mode.  configure links each of them
 * and fails if one is missing.
 *
 * A plain name is the order that its use requires: acquire for get, release for
 * put, both for swap and cas.
 */
#ifndef COMPAT_ATOMIC_H
#define COMPAT_ATOMIC_H

#define atomic_get(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_get_relaxed(p)	__atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_put(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_put_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_swap(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define atomic_cas(p, old, v)						\
	__atomic_compare_exchange_n((p), (old), (v), 0,			\
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define atomic_inc(p)		__atomic_add_fetch((p), 1, __ATOMIC_RELAXED)
#define atomic_dec(p)		__atomic_sub_fetch((p), 1, __ATOMIC_ACQ_REL)

/*
 * Reference counts.  A C library that reports whether there is only one thread
 * saves registrations the cost of an atomic operation, which equals the cost of
 * the rest of a registration beside its system call.
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
