/* Runs a walk in a child, which may fail in any way. */
#define WANT_XOPEN	/* for mmap on illumos */
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

/* The child prints to stderr only, and not into the test's output. */
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

void
end_walk(void)
{
	_exit(1);
}
