/*
 * run_NAME -V			name and version of the library
 * run_NAME -l			the rows, one a line
 * run_NAME -t MSEC ROW		the time of an operation, measured for MSEC
 * run_NAME -n STEPS ROW	the work of STEPS steps, for counting
 * run_NAME -h ROW		holds the row's set-up until end of input
 * run_NAME -m KIND COUNT	the memory of COUNT sources
 *
 * A measurement is one line of fields with tabs.  If a row is not possible
 * here, the program prints the reason and exits with 77.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define LEFT_OUT	77
#define SECONDS		120	/* after which something must hang */

void
bench_die(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s: %s:%d: failed: %s (%s)\n", lib_name, file,
	    line, what, strerror(errno));
	exit(1);
}

void
bench_leave_out(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(LEFT_OUT);
}

void *
bench_zalloc(size_t n, size_t size)
{
	void *p = mmap(NULL, n * size + 1, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

/* As many descriptors, and some for the libraries. */
void
bench_want_fds(const char *what, size_t fds)
{
	struct rlimit limit;
	rlim_t need = (rlim_t)fds + 32;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need;
	if (limit.rlim_max < need)
		limit.rlim_max = need;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	bench_leave_out("%s: needs %lu descriptors, %lu may be open", what,
	    (unsigned long)need, (unsigned long)limit.rlim_max);
}

static const struct row *
find(const struct row *rows, const char *name)
{
	for (; rows->name != NULL; rows++) {
		if (strcmp(rows->name, name) == 0)
			return rows;
	}
	return NULL;
}

static const struct row *
ready_row(const char *name)
{
	const struct row *row = find(plain_rows, name);

	if (row == NULL)
		row = find(thread_rows, name);
	if (row == NULL) {
		(void)fprintf(stderr, "%s: no such row: %s\n", lib_name, name);
		exit(2);
	}
	if ((row->lazy & lib_lazy & SEES_READS) != 0)
		bench_leave_out("%s: %s must see each read", name, lib_name);
	bench_want_fds(name, row->fds);
	return row;
}

static void
list(const struct row *rows)
{
	for (; rows->name != NULL; rows++)
		(void)printf("%s\t%s\n", rows->name,
		    (rows->lazy & lib_lazy & ~SEES_READS) != 0 ? "lazy" : "-");
}

static void
hold(const struct row *row)
{
	char c;

	row->start(row);
	(void)puts("ready");
	MUST(fflush(stdout) == 0);
	(void)alarm(0);
	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
	exit(0);
}

static void
usage(void)
{
	(void)fprintf(stderr, "usage: run_%s -V | -l | -t MSEC ROW |"
	    " -n STEPS ROW | -h ROW | -m KIND COUNT\n", lib_name);
	exit(2);
}

int
main(int argc, char *argv[])
{
	int c = argc > 1 && argv[1][0] == '-' ? argv[1][1] : '?';

	(void)alarm(SECONDS);
	if (c == 'V' && argc == 2)
		(void)printf("%s\t%s\n", lib_name, lib_version());
	else if (c == 'l' && argc == 2) {
		list(plain_rows);
		list(thread_rows);
	} else if (c == 't' && argc == 4)
		measure_time(ready_row(argv[3]), atoi(argv[2]));
	else if (c == 'n' && argc == 4)
		measure_steps(ready_row(argv[3]), atol(argv[2]));
	else if (c == 'h' && argc == 3)
		hold(ready_row(argv[2]));
	else if (c == 'm' && argc == 4)
		memory(argv[2], (size_t)atol(argv[3]));
	else
		usage();
	return fflush(stdout) == 0 ? 0 : 1;
}
