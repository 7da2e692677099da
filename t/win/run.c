/*
 * A walk on a system without fork: it runs in this process.  A walk that dies
 * ends the test, and can't be shortened.
 */
#include "config.h"

#include <string.h>
#ifdef __aarch64__
#include <setjmp.h>
#endif

#include "../model/model.h"

/*
 * The longjmp() of x86 would unwind the stack, which fails at a thread's end.
 * That of MinGW for ARM64 does not, and clang has no builtins there.
 */
#ifdef __aarch64__
static jmp_buf back;
#define leave_mark()	setjmp(back)
#define go_back()	longjmp(back, 1)
#else
static void *back[5];
#define leave_mark()	__builtin_setjmp(back)
#define go_back()	__builtin_longjmp(back, 1)
#endif

void
run_walk(const struct op *ops, int n, const struct manner *manner,
    struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	if (leave_mark() == 0)
		take_walk(ops, n, manner, outcome);
}

void
end_walk(void)
{
	go_back();
}
