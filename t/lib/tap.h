/*
 * Test programs that print the Test Anything Protocol (TAP).
 *
 * Each check is one line; the plan comes last, so a program that dies early
 * can't pass.  A test has a time limit (60 s times T_SLOW, which valgrind and
 * emulators set), after which it bails out.
 */
#ifndef TAP_H
#define TAP_H

#include <stdint.h>

#if defined(__GNUC__)
#define TAP_PRINTF(f, a)	__attribute__((format(printf, f, a)))
#define TAP_NORETURN		__attribute__((noreturn))
#else
#define TAP_PRINTF(f, a)
#define TAP_NORETURN
#endif

void	tap_start(void);
int	tap_done(void);
int	tap_ok(int, const char *, int, const char *, ...) TAP_PRINTF(4, 5);
int	tap_is(long long, long long, const char *, int, const char *, ...)
	    TAP_PRINTF(5, 6);
int	tap_is_str(const char *, const char *, const char *, int, const char *,
	    ...) TAP_PRINTF(5, 6);
int	tap_errno(long long, int, const char *, int, const char *, ...)
	    TAP_PRINTF(5, 6);
void	tap_diag(const char *, ...) TAP_PRINTF(1, 2);
void	tap_skip(int, const char *, ...) TAP_PRINTF(2, 3);
int	tap_skip_all(const char *, ...) TAP_PRINTF(1, 2);
void	tap_bail(const char *, ...) TAP_PRINTF(1, 2) TAP_NORETURN;

/* By what factor this run is slower than on an idle machine; at least 1. */
int	tap_slow(void);

/* Each returns whether the assertion held, so that a test can stop early. */
#define ok(truth, ...)		tap_ok(!!(truth), __FILE__, __LINE__, __VA_ARGS__)
#define is(got, want, ...)	tap_is((long long)(got), (long long)(want),	\
				    __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...)	tap_is_str(got, want, __FILE__, __LINE__,	\
				    __VA_ARGS__)
/*
 * The call must return -1 with this errno.  A descriptor of Windows is unsigned,
 * and may be shorter than a long long.
 */
#define fails(call, error, ...)	tap_errno((intptr_t)(call), error, __FILE__,	\
				    __LINE__, __VA_ARGS__)
/* A precondition of the test: if it is false, the test bails out. */
#define need(truth)		((truth) ? (void)0 :				\
				    tap_bail("%s:%d: %s", __FILE__, __LINE__,	\
				    #truth))

#endif /* TAP_H */
