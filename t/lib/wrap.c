/*
 * Call counts and scheduled failures of the functions that wrap_calls.c
 * replaces.
 */
#include "config.h"

#include <string.h>

#include "tap.h"
#include "wrap.h"

/*
 * Atomic, since several threads of a test may call wrapped functions.  What
 * belongs to target and to hooked is written before these, and read after them.
 */
static int counts[64];
static int target = -1, failures;
static int from, upto, failure;

int wrap_room;
unsigned long wrap_concurrent_threads;

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
	int f = find(name);

	from = wrap_count(name) + nth;
	upto = times < 0 ? -1 : from + times;
	failure = error;
	__atomic_store_n(&failures, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&target, f, __ATOMIC_RELEASE);
}

int
wrap_heal(void)
{
	__atomic_store_n(&target, -1, __ATOMIC_RELEASE);
	return __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

void
wrap_before(const char *name, void (*function)(void *), void *arg)
{
	hook = function;
	hook_arg = arg;
	__atomic_store_n(&hooked, find(name), __ATOMIC_RELEASE);
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
	int expected = f;

	if (__atomic_compare_exchange_n(&hooked, &expected, -1, 0,
	    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		hook(hook_arg);
	if (f != __atomic_load_n(&target, __ATOMIC_ACQUIRE) || n < from ||
	    (upto >= 0 && n >= upto))
		return 0;
	(void)__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
	return failure;
}

static struct option {
	int	level, name, value, error;
} options[4];
static int option_count;

void
wrap_option(int level, int name, int value, int error)
{
	const struct option option = { level, name, value, error };

	options[option_count++] = option;
}

void
wrap_options_heal(void)
{
	option_count = 0;
}

static const struct option *
find_option(int level, int name)
{
	int i;

	for (i = 0; i < option_count; i++) {
		if (options[i].level == level && options[i].name == name)
			return &options[i];
	}
	return NULL;
}

int
wrap_get(int level, int name, int *value)
{
	const struct option *option = find_option(level, name);

	if (option == NULL || option->error != 0)
		return 0;
	*value = option->value;
	return WRAP_ZERO;
}

int
wrap_set(int level, int name, int value)
{
	const struct option *option = find_option(level, name);

	return option != NULL && option->value == value ? option->error : 0;
}
