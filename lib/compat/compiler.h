/*
 * What compilers express in ways of their own: attributes, and a search for a
 * bit.  The first part is for Microsoft's compiler.
 *
 * A system call evicts most of the library's code from the processor's caches
 * and most of its branches from the predictor.  The common path through the
 * calls that an event loop makes is therefore short and straight:
 *
 *   MIO_UNLIKELY	marks a condition that leaves the common path.
 *   MIO_INLINE		is always inlined.
 *   MIO_NOINLINE	keeps a function's register pressure out of its caller.
 *   MIO_COLD		is MIO_NOINLINE and unlikely.
 */
#ifndef COMPAT_COMPILER_H
#define COMPAT_COMPILER_H

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>

#define MIO_UNLIKELY(truth)	(truth)
#define MIO_INLINE		__forceinline
#define MIO_NOINLINE		__declspec(noinline)
#define MIO_COLD		MIO_NOINLINE

/* The lowest bit of a set that is not empty. */
static inline unsigned int
lowest_bit(unsigned int set)
{
	unsigned long bit;

	(void)_BitScanForward(&bit, set);	/* fails only for 0 */
	return bit;
}
#else
#define MIO_UNLIKELY(truth) __builtin_expect((truth) ? 1 : 0, 0)
#ifndef MIO_INLINE		/* make coverage sets it */
#define MIO_INLINE	inline __attribute__((always_inline))
#endif
#define MIO_NOINLINE	__attribute__((noinline))
#define MIO_COLD	__attribute__((noinline, cold))

static inline unsigned int
lowest_bit(unsigned int set)
{
	return (unsigned int)__builtin_ctz(set);
}
#endif

#endif /* COMPAT_COMPILER_H */
