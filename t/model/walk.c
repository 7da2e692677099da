/* Takes a walk: all steps of a sequence. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

/* Ends the walk; the fault is left in memory that the parent can read. */
void
fault(struct walk *walk, enum fault which, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(walk->outcome->text, sizeof(walk->outcome->text), fmt,
	    ap);
	va_end(ap);
	walk->outcome->fault = which;
	if (walk->trace != NULL)
		(void)fclose(walk->trace);	/* incomplete anyway */
	end_walk();
}

/* Writes a line to the trace, which is compared with other selectors. */
void
note(struct walk *walk, const char *fmt, ...)
{
	va_list ap;

	if (walk->trace == NULL)
		return;
	va_start(ap, fmt);
	(void)fprintf(walk->trace, "%d: ", walk->op->number);
	(void)vfprintf(walk->trace, fmt, ap);
	(void)fputc('\n', walk->trace);
	va_end(ap);
}

static void
begin(struct walk *walk)
{
	struct sockaddr_storage addr;
	mio_socklen len;

	walk->poller = new_poller();
	walk->other = new_poller();
	walk->next_token = 1;
	walk->next_connection = 1;
	listen_loopback(&walk->listener, &addr, &len);
}

static void
finish(struct walk *walk)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].kind != KIND_NONE)
			close_source(source(&walk->ends[i]));
	}
	for (i = 0; i < WAKERS; i++)
		mio_waker_free(walk->wakers[i].waker);
	close_source(&walk->listener);
	mio_poller_free(walk->other);
	mio_poller_free(walk->poller);
}

/*
 * Windows' libraries open a handle or two when they first need locks or
 * threads, and keep them.
 */
#ifdef _WIN32
#define FEW	2
#else
#define FEW	0
#endif

static bool
leaks(int fds)
{
	static int kept;

	kept += count_fds() - fds;
	return kept < 0 || kept > FEW;
}

void
take_walk(const struct op *ops, int n, const struct manner *manner,
    struct outcome *outcome)
{
	static struct walk walk;
	int fds = count_fds();

	memset(&walk, 0, sizeof(walk));
	walk.outcome = outcome;
	walk.patience = manner->patience;
	walk.verbose = manner->verbose;
	if (manner->trace != NULL)
		need((walk.trace = fopen(manner->trace, "a")) != NULL);
	fds += walk.trace != NULL;
	begin(&walk);
	for (outcome->step = 0; outcome->step < n; outcome->step++)
		take_step(&walk, &ops[outcome->step]);
	finish(&walk);
	if (leaks(fds))
		fault(&walk, FAULT_LEAK, "%d descriptors, and %d before",
		    count_fds(), fds);
	if (walk.trace != NULL)
		need(fclose(walk.trace) == 0);
}
