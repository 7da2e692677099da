/*
 * Mutexes, conditions and cancellation.
 *
 * There is a point before a lock, a wait and a signal of a condition.  There is
 * none before an unlock: until then the other threads that use the lock could
 * not go on, and what others do in between they can as well do earlier.
 */
#include "config.h"

#include <string.h>

#include "sanitizer.h"

/* What the explorer keeps in a pthread_mutex_t.  can_run() reads held. */
struct mutex {
	int	held;
	int	owner;		/* a thread, or -1 */
};

static struct mutex *
mutex_of(pthread_mutex_t *m)
{
	return (struct mutex *)(void *)m;
}

static int
my_id(void)
{
	return current != NULL ? current->id : -1;
}

int
hook_mutex_init(pthread_mutex_t *m)
{
	memset(m, 0, sizeof(*m));
	return 0;
}

int
hook_mutex_destroy(pthread_mutex_t *m)
{
	if (mutex_of(m)->held)
		explore_fail("a mutex is destroyed that is locked");
	return 0;
}

static void
take(pthread_mutex_t *m)
{
	if (mutex_of(m)->held)
		explore_fail("a mutex is locked for ever");
	mutex_of(m)->held = 1;
	mutex_of(m)->owner = my_id();
	sanitizer_acquire(m);
}

static void
release(pthread_mutex_t *m, const char *function)
{
	if (!mutex_of(m)->held || mutex_of(m)->owner != my_id())
		explore_fail("%s unlocks what it has not locked", function);
	sanitizer_release(m);
	mutex_of(m)->held = 0;
}

int
hook_mutex_lock(pthread_mutex_t *m, const char *function)
{
	const char *object = NULL;

	trace_rename(&function, &object);
	if (current == NULL) {
		take(m);
		return 0;
	}
	points++;
	if (mutex_of(m)->held && mutex_of(m)->owner == my_id())
		explore_fail("%s locks what it has locked", function);
	current->state = THREAD_LOCKING;
	current->object = m;
	sched_yield_turn();
	current->state = THREAD_READY;
	take(m);
	trace_step(function, "lock", object);
	return 0;
}

int
hook_mutex_unlock(pthread_mutex_t *m, const char *function)
{
	const char *object = NULL;

	trace_rename(&function, &object);
	release(m, function);
	if (current != NULL)
		trace_step(function, "unlock", object);
	return 0;
}

int
hook_cond_init(pthread_cond_t *c)
{
	memset(c, 0, sizeof(*c));
	return 0;
}

static bool
waits_for(const struct thread *t, const pthread_cond_t *c)
{
	return t->state == THREAD_WAITING && t->object == c;
}

int
hook_cond_destroy(pthread_cond_t *c)
{
	int i;

	for (i = 0; i < nthreads; i++)
		if (waits_for(&threads[i], c))
			explore_fail("a condition is destroyed that thread %d "
			    "waits for", i);
	return 0;
}

int
hook_cond_wait(pthread_cond_t *c, pthread_mutex_t *m, const char *function)
{
	if (current == NULL)
		explore_fail("%s waits with no other thread", function);
	hook_point("cond_wait", NULL, function);
	release(m, function);
	current->state = THREAD_WAITING;
	current->object = c;
	current->mutex = m;
	sched_yield_turn();
	current->state = THREAD_READY;
	take(m);
	trace_step(function, current->spurious ? "cond_wait returns by itself" :
	    "cond_wait returns", NULL);
	current->spurious = false;
	hook_testcancel();
	return 0;
}

/* The mutex was released by the wait, and has to be locked again. */
static void
wake_waiter(struct thread *t)
{
	t->state = THREAD_LOCKING;
	t->object = t->mutex;
}

int
hook_cond_signal(pthread_cond_t *c, bool all, const char *function)
{
	struct thread *waiters[THREADS];
	int i, n = 0;

	if (current == NULL)
		return 0;
	hook_point(all ? "cond_broadcast" : "cond_signal", NULL, function);
	for (i = 0; i < nthreads; i++)
		if (waits_for(&threads[i], c))
			waiters[n++] = &threads[i];
	if (n > 1 && !all) {
		waiters[0] = waiters[choose(n)];
		n = 1;
	}
	for (i = 0; i < n; i++)
		wake_waiter(waiters[i]);
	return 0;
}

void
explore_cancel(int i)
{
	hook_point("pthread_cancel", NULL, "-");
	threads[i].cancel = true;
}

/* Runs the handlers, and ends the thread. */
static void
unwind(void)
{
	struct hook_cleanup *cleanup;

	current->cancel_off = true;
	explore_note("is cancelled here");
	while ((cleanup = current->cleanups) != NULL) {
		current->cleanups = cleanup->next;
		cleanup->function(cleanup->arg);
	}
	siglongjmp(current->end, 1);
}

void
hook_testcancel(void)
{
	if (current != NULL && current->cancel && !current->cancel_off)
		unwind();
}

int
hook_setcancelstate(int new, int *old)
{
	bool was = current != NULL && current->cancel_off;

	*old = was ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
	if (current != NULL)
		current->cancel_off = new == PTHREAD_CANCEL_DISABLE;
	return 0;
}

void
hook_cleanup_push(struct hook_cleanup *cleanup, void (*function)(void *),
    void *arg)
{
	cleanup->function = function;
	cleanup->arg = arg;
	if (current == NULL)
		return;
	cleanup->next = current->cleanups;
	current->cleanups = cleanup;
}

void
hook_cleanup_pop(struct hook_cleanup *cleanup, int run)
{
	if (current != NULL)
		current->cleanups = cleanup->next;
	if (run)
		cleanup->function(cleanup->arg);
}
