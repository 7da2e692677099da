/*
 * Headers that hide what illumos' headers do not declare.  Each includes glibc's
 * header of the same name, and then hides or replaces what differs.  Nothing
 * runs with them: .ci/steps/illumos compiles code against them.  They follow
 * illumos of 2018 where it has fewer names than illumos of 2024.
 *
 * glibc's headers include this file before all else, so that it sees what the
 * program has defined.  As in standards(7) of illumos, __EXTENSIONS__ shows all
 * names.  Without it _XOPEN_SOURCE, _POSIX_C_SOURCE and -std=c99 hide those that
 * are in no standard.  _GNU_SOURCE and _DEFAULT_SOURCE have no effect.
 */
#ifndef FAKE_ILLUMOS_FEATURES_H
#define FAKE_ILLUMOS_FEATURES_H
#pragma GCC system_header

#if _XOPEN_SOURCE >= 600 || _POSIX_C_SOURCE >= 200112L
#define _XPG4_2
#elif defined(_XOPEN_SOURCE) || defined(_POSIX_C_SOURCE)
#error "illumos refuses older standards with a compiler for C99"
#endif

#undef _GNU_SOURCE
#undef _DEFAULT_SOURCE
#ifdef __EXTENSIONS__
#define _GNU_SOURCE	1
#elif !defined(__STRICT_ANSI__) && !defined(_XPG4_2)
#define _DEFAULT_SOURCE	1
#else
#define FAKE_STRICT
#endif

/* <sys/types.h> declares sigset_t, but not to a strict program. */
#ifndef FAKE_STRICT
#define FAKE_SIGSET_T
#endif

#endif /* FAKE_ILLUMOS_FEATURES_H */

#include_next <features.h>
