/*
 * The trace of a run: what each thread did at each point.  Printed when the
 * scenario fails, as TAP's comments.
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sanitizer.h"

#define STEPS		4096
#define NOTE_SIZE	80
#define POINTERS	64

struct step {
	int		 thread;	/* -1: setup or check */
	const char	*function;	/* NULL: a note */
	const char	*verb;
	const char	*object;
	bool		 has_result;
	uintptr_t	 result;
	char		 note[NOTE_SIZE];
};

static struct step steps[STEPS];
static int nsteps;
static const char *caller, *caller_object;
static uintptr_t pointers[POINTERS];
static int npointers;
unsigned long schedules;
bool quiet;

void
trace_clear(void)
{
	nsteps = 0;
}

static struct step *
new_step(void)
{
	struct step *step;

	if (nsteps == STEPS)
		explore_fail("more than %d steps: a livelock?", STEPS);
	step = &steps[nsteps++];
	step->thread = current != NULL ? current->id : -1;
	step->has_result = false;
	return step;
}

void
trace_step(const char *function, const char *verb, const char *object)
{
	struct step *step = new_step();

	step->function = function;
	step->verb = verb;
	step->object = object;
}

void
hook_result(uintptr_t result)
{
	if (current == NULL || nsteps == 0)
		return;
	steps[nsteps - 1].result = result;
	steps[nsteps - 1].has_result = true;
}

void
explore_note(const char *fmt, ...)
{
	struct step *step = new_step();
	va_list ap;

	sanitizer_ignore();
	step->function = NULL;
	va_start(ap, fmt);
	vsnprintf(step->note, sizeof(step->note), fmt, ap);
	va_end(ap);
	sanitizer_watch();
}

void
hook_caller(const char *function, const char *object)
{
	caller = function;
	caller_object = object;
}

/* The next point has the names that hook_caller() was given. */
void
trace_rename(const char **function, const char **object)
{
	if (caller == NULL)
		return;
	*function = caller;
	*object = caller_object;
	caller = NULL;
}

/* Pointers by order of appearance, so that each run has the same trace. */
static int
pointer_number(uintptr_t pointer)
{
	int i;

	for (i = 0; i < npointers; i++)
		if (pointers[i] == pointer)
			return i + 1;
	if (npointers < POINTERS)
		pointers[npointers++] = pointer;
	return i + 1;
}

static void
print_result(uintptr_t result)
{
	intptr_t number = (intptr_t)result;

	if (number > -65536 && number < 65536)
		printf("  = %ld", (long)number);
	else
		printf("  = pointer %d", pointer_number(result));
}

/* Macros put their arguments in parentheses. */
static void
print_object(const char *object)
{
	size_t size = strlen(object);

	if (size > 2 && object[0] == '(' && object[size - 1] == ')')
		printf(" %.*s", (int)size - 2, object + 1);
	else
		printf(" %s", object);
}

static void
print_step(const struct step *step)
{
	if (step->thread < 0)
		printf("#   check     ");
	else
		printf("#   thread %d  ", step->thread);
	if (step->function == NULL) {
		printf("-- %s\n", step->note);
		return;
	}
	printf("%-22s %s", step->function, step->verb);
	if (step->object != NULL)
		print_object(step->object);
	if (step->has_result)
		print_result(step->result);
	putchar('\n');
}

static void
print_threads(void)
{
	static const char *const names[] = {
		"can go on", "waits for a mutex", "waits for a condition",
		"waits in the kernel", "waits for a thread", "has finished"
	};
	int i;

	for (i = 0; i < nthreads; i++)
		printf("#   thread %d %s%s\n", i, names[threads[i].state],
		    threads[i].cancel ? ", cancelled" : "");
}

/* Ends the process that explores a scenario. */
void
trace_stop(const char *why)
{
	int i;

	printf("# %s: schedule %lu at bound %d: %s\n", scenario->name,
	    schedules + 1, bound, why);
	for (i = 0; !quiet && i < nsteps; i++)
		print_step(&steps[i]);
	if (!quiet)
		print_threads();
	fflush(stdout);
	_exit(1);
}

void
explore_fail(const char *fmt, ...)
{
	static bool failed;
	char why[256];
	va_list ap;

	if (failed)
		_exit(1);
	failed = true;
	sanitizer_ignore();
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	sanitizer_watch();
	trace_stop(why);
}

#ifndef NDEBUG
/* An assertion of the library, in place of the C library's function. */
void
__assert_fail(const char *text, const char *file, unsigned int line,
    const char *function)
{
	explore_fail("%s:%u: %s: assertion %s", file, line, function, text);
}
#endif

/* Called by the sanitizers after a report. */
void	__asan_on_error(void);
void	__tsan_on_report(void *);

void
__asan_on_error(void)
{
	explore_fail("reported by the sanitizer of addresses");
}

void
__tsan_on_report(void *report)
{
	(void)report;
	explore_fail("reported by the sanitizer of threads");
}
