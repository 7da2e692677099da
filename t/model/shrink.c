/*
 * A walk in a child, which may fail in any way it likes; and of a sequence
 * that fails, the steps that it takes.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define SHRINK_MSEC	20000
#define PATIENCE_MSEC	100	/* for a step that has failed before */
#define LIMIT_MSEC	500	/* for a walk, if the first one hung */

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS	MAP_ANON
#endif

static struct outcome *
shared_outcome(void)
{
	static struct outcome *shared;

	if (shared != NULL)
		return shared;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(shared != MAP_FAILED);
	return shared;
}

/* The child has no part in the test's output, apart from what stderr gets. */
static void
child(const struct op *ops, int n, const struct manner *manner,
    struct outcome *outcome)
{
	struct itimerval limit = { { 0, 0 }, { 0, 0 } };
	int most = manner->limit * tap_slow();

	limit.it_value.tv_sec = most / 1000;
	limit.it_value.tv_usec = most % 1000 * 1000;
	(void)signal(SIGALRM, SIG_DFL);
	need(setitimer(ITIMER_REAL, &limit, NULL) == 0);
	need(dup2(STDERR_FILENO, STDOUT_FILENO) >= 0);
	take_walk(ops, n, manner, outcome);
	exit(0);
}

static void
died(struct outcome *outcome, int status)
{
	outcome->fault = FAULT_DIED;
	if (WIFSIGNALED(status))
		(void)snprintf(outcome->text, sizeof(outcome->text), "%s",
		    WTERMSIG(status) == SIGALRM ? "it hangs" :
		    strsignal(WTERMSIG(status)));
	else
		(void)snprintf(outcome->text, sizeof(outcome->text),
		    "exit status %d", WEXITSTATUS(status));
}

void
run_walk(const struct op *ops, int n, const struct manner *manner,
    struct outcome *outcome)
{
	struct outcome *shared = shared_outcome();
	pid_t pid;
	int status;

	memset(shared, 0, sizeof(*shared));
	(void)fflush(stdout);
	need((pid = fork()) >= 0);
	if (pid == 0)
		child(ops, n, manner, shared);
	while (waitpid(pid, &status, 0) < 0)
		need(errno == EINTR);
	*outcome = *shared;
	if (status != 0 && outcome->fault == FAULT_NONE)
		died(outcome, status);
}

/* Does it still fail in this way, without some steps? */
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

/* Tries to leave out each piece of this size; how many steps are left. */
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
 * Leaves the steps that are needed for the walk to fail as it did: pieces go,
 * first large ones, then single steps, until none can go or time is over.
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
