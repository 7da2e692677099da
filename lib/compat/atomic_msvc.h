/*
 * The operations of atomic.h for Microsoft's compiler, which has no __atomic
 * builtins, and for clang where it stands in for that compiler.
 *
 * Each operation has a function for an unsigned int and one for a pointer, and
 * _Generic chooses between them by the type of the object.  _Generic is a part
 * of C11: cl needs /std:c11, and Visual Studio 2019 16.8 or later.
 *
 * The Interlocked intrinsics are full barriers.  An access to a volatile object
 * is atomic; a barrier after a load makes that acquire, and a barrier before a
 * store makes that release.  x86 orders these accesses by itself, so that only
 * the compiler must be kept from moving them.
 */
#ifndef COMPAT_ATOMIC_MSVC_H
#define COMPAT_ATOMIC_MSVC_H

#include <intrin.h>
#include <stdbool.h>
#include <stdint.h>

static inline void
msvc_barrier(void)
{
#if defined(_M_ARM64) || defined(_M_ARM64EC)
	__dmb(_ARM64_BARRIER_ISH);
#else
	_ReadWriteBarrier();
#endif
}

/* Chooses the function for the object that p points to. */
#define MSVC_CHOOSE(p, for_int, for_pointer)				\
	_Generic((p), unsigned int *: for_int,				\
	    const unsigned int *: for_int, default: for_pointer)

/* The same, also for a token, which on 64 bits is another integer. */
#define MSVC_CHOOSE_TOKEN(p, for_int, for_token, for_pointer)		\
	_Generic((p), unsigned int *: for_int,				\
	    const unsigned int *: for_int,				\
	    unsigned long long *: for_token, default: for_pointer)

static inline unsigned int
msvc_load(const void *p)
{
	return *(const volatile unsigned int *)p;
}

static inline unsigned int
msvc_get(const void *p)
{
	unsigned int value = msvc_load(p);

	msvc_barrier();
	return value;
}

static inline void
msvc_store(void *p, unsigned int value)
{
	*(volatile unsigned int *)p = value;
}

static inline void
msvc_put(void *p, unsigned int value)
{
	msvc_barrier();
	msvc_store(p, value);
}

static inline unsigned int
msvc_swap(void *p, unsigned int value)
{
	return (unsigned int)_InterlockedExchange((volatile long *)p,
	    (long)value);
}

static inline bool
msvc_cas(void *p, void *old, unsigned int value)
{
	unsigned int want = *(unsigned int *)old;
	unsigned int found = (unsigned int)_InterlockedCompareExchange(
	    (volatile long *)p, (long)value, (long)want);

	*(unsigned int *)old = found;
	return found == want;
}

static inline void *
msvc_load_pointer(const void *p)
{
	return *(void *const volatile *)p;
}

static inline void *
msvc_get_pointer(const void *p)
{
	void *value = msvc_load_pointer(p);

	msvc_barrier();
	return value;
}

static inline void
msvc_store_pointer(void *p, void *value)
{
	*(void *volatile *)p = value;
}

static inline void
msvc_put_pointer(void *p, void *value)
{
	msvc_barrier();
	msvc_store_pointer(p, value);
}

static inline void *
msvc_swap_pointer(void *p, void *value)
{
	return _InterlockedExchangePointer((void *volatile *)p, value);
}

static inline bool
msvc_cas_pointer(void *p, void *old, void *value)
{
	void *want = *(void **)old;
	void *found = _InterlockedCompareExchangePointer((void *volatile *)p,
	    value, want);

	*(void **)old = found;
	return found == want;
}

static inline uintptr_t
msvc_load_token(const void *p)
{
	return *(const volatile uintptr_t *)p;
}

static inline void
msvc_store_token(void *p, uintptr_t value)
{
	*(volatile uintptr_t *)p = value;
}

#define atomic_get(p)							\
	MSVC_CHOOSE(p, msvc_get, msvc_get_pointer)(p)
#define atomic_get_relaxed(p)						\
	MSVC_CHOOSE_TOKEN(p, msvc_load, msvc_load_token,		\
	    msvc_load_pointer)(p)
#define atomic_put(p, v)						\
	MSVC_CHOOSE(p, msvc_put, msvc_put_pointer)(p, v)
#define atomic_put_relaxed(p, v)					\
	MSVC_CHOOSE_TOKEN(p, msvc_store, msvc_store_token,		\
	    msvc_store_pointer)(p, v)
#define atomic_swap(p, v)						\
	MSVC_CHOOSE(p, msvc_swap, msvc_swap_pointer)(p, v)
#define atomic_cas(p, old, v)						\
	MSVC_CHOOSE(p, msvc_cas, msvc_cas_pointer)(p, old, v)

static inline unsigned int
atomic_get_swap(unsigned int *p)
{
	return (unsigned int)_InterlockedExchangeAdd((volatile long *)p, 0);
}

static inline unsigned int
atomic_or(unsigned int *p, unsigned int bits)
{
	return (unsigned int)_InterlockedOr((volatile long *)p, (long)bits);
}

static inline unsigned int
atomic_and(unsigned int *p, unsigned int bits)
{
	return (unsigned int)_InterlockedAnd((volatile long *)p, (long)bits);
}

static inline unsigned int
atomic_inc(unsigned int *p)
{
	return (unsigned int)_InterlockedIncrement((volatile long *)p);
}

static inline unsigned int
atomic_dec(unsigned int *p)
{
	return (unsigned int)_InterlockedDecrement((volatile long *)p);
}

#endif /* COMPAT_ATOMIC_MSVC_H */
