/*
 * System calls and allocations, counted and made to fail.
 *
 * The linker's --wrap sends the calls of a test program and of the library
 * in it through wrap_calls.c; t/lib/wraps lists them.  The C library's own calls are
 * not seen.
 */
#ifndef WRAP_H
#define WRAP_H

/* Calls of a function since wrap_reset(); the name is checked. */
int	wrap_count(const char *);
/* All allocations: malloc, calloc and realloc. */
int	wrap_allocations(void);
void	wrap_reset(void);

/*
 * From now on the nth call (1: the next) of the function fails with errno,
 * and so do the following ones up to times (-1: all).
 */
void	wrap_fail(const char *, int, int, int);
/* Nothing fails any more.  Returns how many calls were made to fail. */
int	wrap_heal(void);

/*
 * The next call of the function calls this first: what another thread might
 * have done just then.
 */
void	wrap_before(const char *, void (*)(void *), void *);

/* Every wrapped function that was called since wrap_reset: name i, or NULL. */
const char *wrap_called(int);

/* wrap_calls.c's: what it replaces, by name.  At most 64. */
extern const int wrap_functions;
extern const char *const wrap_names[];

/* Counts a call; the errno that it is to fail with, or 0. */
int	wrap_enter(int);

#endif /* WRAP_H */
