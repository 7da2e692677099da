/*
 * Counts system calls and allocations, and makes them fail.
 *
 * The linker's --wrap redirects the calls of a test program and of the library
 * in it to wrap_calls.c; t/lib/wraps lists them.  Calls inside the C library
 * are not counted.
 */
#ifndef WRAP_H
#define WRAP_H

/*
 * The number of calls of a function since wrap_reset().  An unknown name bails
 * out.
 */
int	wrap_count(const char *);
/* The number of allocations: malloc, calloc and realloc. */
int	wrap_allocations(void);
void	wrap_reset(void);

/*
 * From now on the nth call (1: the next) of the function fails with errno,
 * and so do the following ones up to times (-1: all).  With WRAP_ZERO instead of
 * an errno these calls return 0; a wait then reports that its time has passed.
 */
#define WRAP_ZERO	(-1)
void	wrap_fail(const char *, int, int, int);
/* Ends wrap_fail().  Returns how many calls were made to fail. */
int	wrap_heal(void);

/*
 * The next call of the named function first calls the given one, which does
 * what another thread might do at that moment.
 */
void	wrap_before(const char *, void (*)(void *), void *);

/*
 * Gives a socket option another answer, as another system would.  From now on
 * setsockopt() fails with this error if it is to set the option to this value.
 * With an error of 0, getsockopt() returns this value.  There is room for four;
 * wrap_options_heal() forgets them.
 */
void	wrap_option(int, int, int, int);
void	wrap_options_heal(void);

/* For how many running threads the last completion port was made. */
extern unsigned long wrap_concurrent_threads;

/* The room of the last epoll_wait that was made to fail. */
extern int wrap_room;

/* The ith wrapped function that was called since wrap_reset(), or NULL. */
const char *wrap_called(int);

/* The names of the functions that wrap_calls.c replaces, at most 64. */
extern const int wrap_functions;
extern const char *const wrap_names[];

/* Counts a call; returns the errno to fail with, WRAP_ZERO, or 0. */
int	wrap_enter(int);
/* For an option's level, name and value; these return the same. */
int	wrap_get(int, int, int *);
int	wrap_set(int, int, int);

#endif /* WRAP_H */
