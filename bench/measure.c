/*
 * The time of an operation.  A process measures for some tens of milliseconds
 * in many batches, and its result is the median batch, so that a disturbance of
 * a few of them does not count.  The memory layout of a process affects all its
 * batches: run.sh therefore starts several processes, and takes the fastest.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

#define BATCHES		1000
#define FEWEST		5
#define WARM_NS		3000000		/* before anything is measured */
#define WARM_STEPS	3

static int64_t
now(void)
{
	struct timespec ts;

	MUST(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t
batch(const struct row *row, long steps)
{
	int64_t start = now(), end;
	long i;

	for (i = 0; i < steps; i++)
		row->step();
	end = now();
	if (row->settle != NULL)
		row->settle();
	return end - start;
}

/* Warms up, and returns how many steps take that time. */
static long
steps_in(const struct row *row, int64_t ns)
{
	int64_t took = 0, each;
	long steps = 0;

	while (took < WARM_NS || steps < WARM_STEPS) {
		took += batch(row, 1);
		steps++;
	}
	each = took / steps + 1;
	return ns / each < 1 ? 1 : (long)(ns / each);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
median(int64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return ((double)values[n / 2] + (double)values[(n - 1) / 2]) / 2;
}

void
measure_time(const struct row *row, int msec)
{
	static int64_t took[BATCHES];
	int64_t all = (int64_t)msec * 1000000, sum = 0;
	long steps;
	size_t n = 0;

	row->start(row);
	steps = steps_in(row, all / 50);
	while (n < BATCHES && (sum < all || n < FEWEST)) {
		took[n] = batch(row, steps);
		sum += took[n++];
	}
	row->stop();
	(void)printf("%s\t%s\t%.3f\t%lu\n", row->name, lib_name,
	    median(took, n) / (double)steps / (double)row->ops,
	    (unsigned long)n * (unsigned long)steps *
	    (unsigned long)row->ops);
}

/* Work without a clock: two runs of different lengths differ by steps only. */
void
measure_steps(const struct row *row, long steps)
{
	long i;

	row->start(row);
	for (i = 0; i < WARM_STEPS; i++)
		(void)batch(row, 1);
	(void)batch(row, steps);
	row->stop();
	(void)printf("%s\t%s\t%ld\n", row->name, lib_name,
	    steps * (long)row->ops);
}
