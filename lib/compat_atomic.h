/*
 * Atomics on int- and pointer-sized objects, through the builtins that gcc
 * and clang have in every language mode.  configure links each of them and
 * stops where one is missing.
 *
 * The orders are spelled out in the names; see HACKING, "Memory order".
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

#endif /* COMPAT_ATOMIC_H */
