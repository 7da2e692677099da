/*
 * The benchmark: the functions that a library's adapter must have, and the
 * description of a row.
 *
 * There is a program for each library, bench/run_NAME: main.c, the workloads
 * and one adapter, lib_NAME.c.  The workloads are the same source for all
 * libraries, compiled with the same flags for each.  An adapter does what its
 * library's manual shows and no more: it favours no library.
 *
 * A source is a slot, a small number that is the library's token or leads to
 * it.  An event is a call of the function with which the loop was opened: this
 * suits libraries with callbacks and libraries that fill an array.
 *
 * No function returns an error: a failure ends the program and its row.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Interests, and the readiness in an event. */
#define ON_READ		0x1u
#define ON_WRITE	0x2u

/*
 * Calls that a library defers to its next wait, or of which the kernel never
 * sees anything.  They are not compared.
 */
#define LAZY_ADD	0x1u
#define LAZY_REMOVE	0x2u
#define LAZY_MODIFY	0x4u
#define SEES_READS	0x8u	/* required: no rows without lib_read */

typedef void bench_ready(void *, size_t, unsigned int);

struct lib;

/* The adapter. */

extern const char lib_name[];
extern const unsigned int lib_lazy;
/* Bytes that the program must keep for each source. */
extern const size_t lib_slot_size;
/* As the library itself reports it. */
const char *lib_version(void);

/*
 * Opens a loop for a number of slots.  If threads is true, another thread will
 * wake it; some libraries must be told so.  The memory of the slots comes from
 * bench_zalloc(), so that it does not count as the library's.
 */
struct lib *lib_open(size_t, int, bench_ready *, void *);
void	lib_close(struct lib *);

void	lib_add(struct lib *, size_t, int, unsigned int);
void	lib_modify(struct lib *, size_t, int, unsigned int);
void	lib_remove(struct lib *, size_t, int);
/* Accepts a connection into a slot, without adding it: fd, or -1. */
int	lib_accept(struct lib *, size_t, int, size_t);
/*
 * Two connected stream sockets for these slots, made as users of the library
 * make them.
 */
void	lib_pair(struct lib *, size_t, size_t, int [2]);
#define NO_SLOT	((size_t)-1)
/* Removes a source and closes it. */
void	lib_shut(struct lib *, size_t, int);
ptrdiff_t lib_read(struct lib *, size_t, int, void *, size_t);
ptrdiff_t lib_write(struct lib *, size_t, int, const void *, size_t);
/* Reads a datagram. */
ptrdiff_t lib_recv(struct lib *, size_t, int, void *, size_t);

/* Waits for at least one event, or does not wait. */
void	lib_wait(struct lib *, int);
#define WAIT_FOREVER	1
#define WAIT_NOT	0

/* A waker, from other threads; its event is ON_READ. */
void	lib_waker(struct lib *, size_t);
void	lib_wake(struct lib *, size_t);
/* Sets how long a wait spins before it sleeps: 0, or -1 if it cannot. */
int	lib_spin(struct lib *, int64_t);

/* The workloads. */

struct row {
	const char	*name;
	size_t		 size;		/* sources, or what the row counts */
	size_t		 fds;		/* descriptors that it needs */
	unsigned int	 lazy;		/* bits that concern the row */
	void		(*start)(const struct row *);
	/* Does the work of "ops" operations. */
	void		(*step)(void);
	size_t		 ops;
	/* Runs after a batch of steps, outside of the timing; may be NULL. */
	void		(*settle)(void);
	void		(*stop)(void);
};

extern const struct row plain_rows[], thread_rows[];

/* Every compiler with the __atomic builtins, which libmio needs, has these. */
#define BENCH_NORETURN	__attribute__((noreturn))
#define BENCH_PRINTF	__attribute__((format(printf, 1, 2)))

/* Ends the program unless the condition holds. */
#define MUST(x)	((x) ? (void)0 : bench_die(__FILE__, __LINE__, #x))
void	bench_die(const char *, int, const char *) BENCH_NORETURN;
/* Zeroed memory of the program's own, which is never freed. */
void	*bench_zalloc(size_t, size_t);
/* Leaves out the row, for lack of something and not through a failure. */
void	bench_leave_out(const char *, ...) BENCH_PRINTF BENCH_NORETURN;
/* Raises the limit of descriptors, or leaves out what is named. */
void	bench_want_fds(const char *, size_t);

/* measure.c: the time of an operation, or a number of steps only. */
void	measure_time(const struct row *, int);
void	measure_steps(const struct row *, long);

/* memory.c: the cost of sources, in bytes. */
void	memory(const char *, size_t);

#endif /* BENCH_H */
