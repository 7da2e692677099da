/* Shortens a sequence that fails to the steps that it needs. */
#include "config.h"

#include <string.h>

#include "model.h"

#define SHRINK_MSEC	20000
#define PATIENCE_MSEC	100	/* for steps known to fail */
#define LIMIT_MSEC	500	/* for a walk, if the first one hung */

/* Does the sequence fail in the same way without these steps? */
static bool
fails_without(const struct op *ops, int n, int from, int count,
    const struct outcome *first)
{
	static const struct manner manner = { PATIENCE_MSEC, LIMIT_MSEC, NULL,
	    false };
	struct op rest[STEPS];
	struct outcome outcome;

	memcpy(rest, ops, (size_t)from * sizeof(*ops));
	memcpy(rest + from, ops + from + count,
	    (size_t)(n - from - count) * sizeof(*ops));
	run_walk(rest, n - count, &manner, &outcome);
	return outcome.fault == first->fault && (first->fault != FAULT_DIED ||
	    strcmp(outcome.text, first->text) == 0);
}

/*
 * Tries to leave out each piece of this size; returns how many steps are left.
 */
static int
leave_out(struct op *ops, int n, int size, const struct outcome *first,
    long long end)
{
	int at = 0;

	while (at < n && msec() < end) {
		int count = size < n - at ? size : n - at;

		if (fails_without(ops, n, at, count, first)) {
			memmove(ops + at, ops + at + count,
			    (size_t)(n - at - count) * sizeof(*ops));
			n -= count;
		} else {
			at += count;
		}
	}
	return n;
}

/*
 * Keeps the steps that are needed for the walk to fail as it did.  It leaves
 * out pieces, first large ones, then single steps, until none can be left out
 * or the time is over.
 */
int
shrink(struct op *ops, int n, const struct outcome *first)
{
	long long end = msec() + (long long)SHRINK_MSEC * tap_slow();
	int before, size;

	if (first->step < n)
		n = first->step + 1;
	for (size = n / 2; size > 1; size /= 2)
		n = leave_out(ops, n, size, first, end);
	do {
		before = n;
		n = leave_out(ops, n, 1, first, end);
	} while (n < before && msec() < end);
	return n;
}
