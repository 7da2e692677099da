/*
 * A walk where there is no fork: in this process.  One that dies takes the
 * test with it, and isn't made shorter.
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
	/* longjmp would unwind the stack, which a thread's end may not. */
	if (__builtin_setjmp(back) == 0)
		take_walk(ops, n, manner, outcome);
}

void
end_walk(void)
{
	__builtin_longjmp(back, 1);
}
