/*
 * The benchmark: what a library must do to be measured, and what a row is.
 *
 * There is a program for each library, bench/run_NAME: main.c, the workloads
 * and one adapter, lib_NAME.c.  The workloads are the same source for
 * all, compiled with the same flags for each.  An adapter does what its
 * library's manual shows, and no more: it is no place for cleverness, neither
 * ours nor against others.
 *
 * A source is a slot, a small number that is the library's token or leads to
 * it.  An event is a call of the function that the loop was opened with, which
 * suits libraries with callbacks and those that fill an array alike.
 *
 * Nothing returns an error: what fails ends the program, and with it the row.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Interests, and what an event says. */
#define ON_READ		0x1u
#define ON_WRITE	0x2u

/*
 * Calls that a library puts off until its next wait, or that it never tells the
 * kernel of; those aren't compared.
 */
#define LAZY_ADD	0x1u
#define LAZY_REMOVE	0x2u
#define LAZY_MODIFY	0x4u
#define SEES_READS	0x8u	/* must: not in rows without lib_read */

typedef void bench_ready(void *, size_t, unsigned int);

struct lib;

/* The adapter. */

extern const char lib_name[];
extern const unsigned int lib_lazy;
/* Bytes that the program has to keep for each source. */
extern const size_t lib_slot_size;
/* As the library itself tells it. */
const char *lib_version(void);

/*
 * A loop for so many slots.  Threads: another one will wake it; libraries that
 * want to be told are told.  The slots' memory comes from bench_zalloc(), so
 * that it isn't taken for the library's.
 */
struct lib *lib_open(size_t, int, bench_ready *, void *);
void	lib_close(struct lib *);

void	lib_add(struct lib *, size_t, int, unsigned int);
void	lib_modify(struct lib *, size_t, int, unsigned int);
void	lib_remove(struct lib *, size_t, int);
/* Takes a connection from a listener into a slot, not added: fd, or -1. */
int	lib_accept(struct lib *, size_t, int, size_t);
/*
 * Two stream sockets that are connected, made as the library's users make
 * them, for these slots.
 */
void	lib_pair(struct lib *, size_t, size_t, int [2]);
#define NO_SLOT	((size_t)-1)
/* Removes what was added, and closes it. */
void	lib_shut(struct lib *, size_t, int);
ptrdiff_t lib_read(struct lib *, size_t, int, void *, size_t);
ptrdiff_t lib_write(struct lib *, size_t, int, const void *, size_t);
/* A datagram. */
ptrdiff_t lib_recv(struct lib *, size_t, int, void *, size_t);

/* Waits for an event at least, or not at all. */
void	lib_wait(struct lib *, int);
#define WAIT_FOREVER	1
#define WAIT_NOT	0

/* A waker, from other threads; its event is ON_READ. */
void	lib_waker(struct lib *, size_t);
void	lib_wake(struct lib *, size_t);
/* A wait asks for so long before it sleeps: 0, or -1 if it never does. */
int	lib_spin(struct lib *, int64_t);

/* The workloads. */

struct row {
	const char	*name;
	size_t		 size;		/* sources, or whatever it counts */
	size_t		 fds;		/* how many descriptors it takes */
	unsigned int	 lazy;		/* which of these matter to it */
	void		(*start)(const struct row *);
	/* Does this much work, which is so many operations. */
	void		(*step)(void);
	size_t		 ops;
	/* After a batch of steps, outside of what is timed; may be NULL. */
	void		(*settle)(void);
	void		(*stop)(void);
};

extern const struct row plain_rows[], thread_rows[];

/* A compiler that has __atomic, without which there is no libmio, has these. */
#define BENCH_NORETURN	__attribute__((noreturn))
#define BENCH_PRINTF	__attribute__((format(printf, 1, 2)))

/* Ends the program unless it holds. */
#define MUST(x)	((x) ? (void)0 : bench_die(__FILE__, __LINE__, #x))
void	bench_die(const char *, int, const char *) BENCH_NORETURN;
/* Memory of the program's own, zeroed, which is never given back. */
void	*bench_zalloc(size_t, size_t);
/* What isn't here, and not through any fault: the row is left out. */
void	bench_leave_out(const char *, ...) BENCH_PRINTF BENCH_NORETURN;
/* So many descriptors, or what is named is left out. */
void	bench_want_fds(const char *, size_t);

/* measure.c: the time of an operation, or just so many steps. */
void	measure_time(const struct row *, int);
void	measure_steps(const struct row *, long);

/* memory.c: what sources cost, in bytes. */
void	memory(const char *, size_t);

#endif /* BENCH_H */
