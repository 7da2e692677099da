/*
 * A walk on a system without fork: it runs in this process.  A walk that dies
 * ends the test, and can't be shortened.
 */
#include "config.h"

#include <string.h>

#include "../model/model.h"

static void *back[5];

void
run_walk(const struct op *ops, int n, const struct manner *manner,
    struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	/* longjmp() would unwind the stack, which fails at a thread's end. */
	if (__builtin_setjmp(back) == 0)
		take_walk(ops, n, manner, outcome);
}

void
end_walk(void)
{
	__builtin_longjmp(back, 1);
}
