/*
 * Call counts and scheduled failures of the functions that wrap_calls.c
 * replaces.
 */
#include "config.h"

#include <string.h>

#include "tap.h"
#include "wrap.h"

/* Atomic, since several threads of a test may call wrapped functions. */
static int counts[64];
static int target = -1, from, upto, failure, failures;

int wrap_room;

static int hooked = -1;
static void (*hook)(void *);
static void *hook_arg;

static int
find(const char *name)
{
	int f;

	for (f = 0; f < wrap_functions; f++) {
		if (strcmp(wrap_names[f], name) == 0)
			return f;
	}
	tap_bail("no such wrap: %s", name);
}

int
wrap_count(const char *name)
{
	return __atomic_load_n(&counts[find(name)], __ATOMIC_RELAXED);
}

int
wrap_allocations(void)
{
	return wrap_count("malloc") + wrap_count("calloc") +
	    wrap_count("realloc");
}

void
wrap_reset(void)
{
	int f;

	for (f = 0; f < wrap_functions; f++)
		__atomic_store_n(&counts[f], 0, __ATOMIC_RELAXED);
}

void
wrap_fail(const char *name, int nth, int times, int error)
{
	target = find(name);
	from = counts[target] + nth;
	upto = times < 0 ? -1 : from + times;
	failure = error;
	failures = 0;
}

int
wrap_heal(void)
{
	target = -1;
	return failures;
}

void
wrap_before(const char *name, void (*function)(void *), void *arg)
{
	hook = function;
	hook_arg = arg;
	hooked = find(name);
}

const char *
wrap_called(int i)
{
	int f;

	for (f = 0; f < wrap_functions; f++) {
		if (counts[f] > 0 && i-- == 0)
			return wrap_names[f];
	}
	return NULL;
}

int
wrap_enter(int f)
{
	int n = __atomic_add_fetch(&counts[f], 1, __ATOMIC_RELAXED);

	if (f == hooked) {
		hooked = -1;
		hook(hook_arg);
	}
	if (f != target || n < from || (upto >= 0 && n >= upto))
		return 0;
	failures++;
	return failure;
}
