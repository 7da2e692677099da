/*
 * POLL-2: seeded random sequences of operations, checked against a model of
 * the contract (t/model).  A sequence that fails is shrunk and printed.
 *
 *	T_SEED=n	the first seed
 *	T_SEEDS=n	the number of seeds
 *	T_ONLY=1,2,...	runs only these steps of the first seed, and prints them
 *	T_TRACE=file	writes what all selectors must agree on: model_across.sh
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"

#define SEEDS		10
#define LIMIT		60	/* seconds for a seed */
#define PATIENCE_MSEC	5000
#define LISTED		200	/* steps of a failure that are printed */

static int found[FAULT_MAX];
static long events;

/* The value of an environment variable; NULL if it is unset or empty. */
static const char *
setting(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static unsigned int
number_from(const char *name, unsigned int otherwise)
{
	const char *text = setting(name);

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) :
	    otherwise;
}

/* Keeps the steps whose numbers are in the list. */
static int
keep_only(struct op *ops, int n, const char *list)
{
	int kept = 0;
	char *end;

	while (*list != '\0') {
		unsigned long i = strtoul(list, &end, 10);

		need(end != list && i < (unsigned long)n);
		ops[kept++] = ops[i];
		list = *end == ',' ? end + 1 : end;
	}
	return kept;
}

static void
print_numbers(const struct op *ops, int n, unsigned int seed)
{
	static char list[6 * STEPS];
	size_t at = 0;
	int i;

	for (i = 0; i < n; i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%d",
		    i > 0 ? "," : "", ops[i].number);
	tap_diag("to repeat: T_SEED=%u T_ONLY=%s t/%s/model", seed, list,
	    mio_selector_name());
}

static void
report(struct op *ops, int n, unsigned int seed, const struct outcome *outcome)
{
	int i, left;

	tap_diag("seed %u on %s, step %d: %s", seed, mio_selector_name(),
	    outcome->step < n ? ops[outcome->step].number : n, outcome->text);
	left = shrink(ops, n, outcome);
	tap_diag("%d of %d steps suffice", left, n);
	if (left > LISTED)
		return;
	for (i = 0; i < left; i++)
		tap_diag("%s", op_text(&ops[i]));
	print_numbers(ops, left, seed);
}

static void
walk_seed(unsigned int seed, int steps)
{
	const char *only = setting("T_ONLY");
	struct manner manner = { PATIENCE_MSEC, LIMIT * 1000,
	    setting("T_TRACE"), only != NULL };
	static struct op ops[STEPS];
	struct outcome outcome;

	make_ops(seed, ops, STEPS);
	if (only != NULL)
		steps = keep_only(ops, STEPS, only);
	manner.patience *= tap_slow();
	(void)alarm((unsigned int)(2 * LIMIT * tap_slow()));
	run_walk(ops, steps, &manner, &outcome);
	events += outcome.events;
	found[outcome.fault]++;
	if (outcome.fault != FAULT_NONE)
		report(ops, steps, seed, &outcome);
}

int
main(void)
{
	unsigned int seed = number_from("T_SEED", 1), i;
	unsigned int seeds = number_from("T_SEEDS",
	    setting("T_ONLY") != NULL ? 1 : SEEDS);
	int steps = STEPS / tap_slow();

	tap_start();
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	tap_diag("T_SEED=%u T_SEEDS=%u, of %d steps each", seed, seeds, steps);
	for (i = 0; i < seeds && found[FAULT_NONE] == (int)i; i++)
		walk_seed(seed + i, steps);
	tap_diag("%ld events", events);
	ok(events > 0, "a random walk: events were seen");
	is(found[FAULT_STRANGER], 0,
	    "a random walk: no event of a deregistered source");
	is(found[FAULT_REPEATED], 0,
	    "a random walk: no source twice in a call");
	is(found[FAULT_UNTRUE], 0, "a random walk: what is reported is true");
	is(found[FAULT_UNCALLED], 0,
	    "a random walk: nothing is reported without a cause");
	is(found[FAULT_OVERDUE], 0,
	    "a random walk: each pending event is reported");
	is(found[FAULT_RESULT], 0,
	    "a random walk: calls return what they must");
	is(found[FAULT_DIED], 0, "a random walk: runs to its end");
	is(found[FAULT_LEAK], 0, "a random walk: the descriptor count stays");
	return tap_done();
}
