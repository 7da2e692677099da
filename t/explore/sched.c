/*
 * Threads are coroutines.  At each point the options are listed, and one is
 * chosen:
 *
 *  - The running thread goes on, or another thread that can run does.
 *    Switching away from a thread that could go on is a preemption.
 *  - A signal runs its handler on the thread, or interrupts its wait.
 *  - A wait for a condition returns without a reason, or a wait with a timeout
 *    before others that could go on.
 *
 * Each has a cost, and a run may spend no more than the bound.  A switch away
 * from a thread that waits is free, and so is a timeout when nothing else can
 * happen.  All else that rescues a waiting thread could hide a lost wakeup, and
 * so has a cost.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sanitizer.h"

#define STACK_SIZE	(256 * 1024)
#define OPTIONS		(THREADS * 4)
#define HANDLER_ERRNO	4242	/* which the handler must restore */

enum move {
	MOVE_RUN,
	MOVE_SIGNAL,
	MOVE_INTERRUPT,
	MOVE_SPURIOUS,
	MOVE_TIMEOUT
};

struct option {
	struct thread	*thread;
	enum move	 move;
	int		 cost;
};

static struct option options[OPTIONS];
static int noptions;
static ucontext_t main_context;
static int signals_left, spurious_left;
static char started;			/* its address: see sanitizer.h */

struct thread threads[THREADS];
int nthreads;
struct thread *current;
const struct scenario *scenario;
int preemptions;
unsigned long points;
unsigned long kernel_changes = 1;
int64_t now_ns;

int *
hook_errno(void)
{
	static int of_main;

	return current != NULL ? &current->lib_errno : &of_main;
}

bool
sched_waits_on(const struct thread *t, int fd)
{
	nfds_t i;

	if (t->state != THREAD_IN_KERNEL)
		return false;
	if (t->wait.fd == fd)
		return true;
	for (i = 0; i < t->wait.nfds; i++)
		if (t->wait.fds[i].fd == fd)
			return true;
	return false;
}

/* Asks the kernel without waiting, and only if something has changed. */
static bool
kernel_ready(struct thread *t)
{
	struct pollfd copy[16], one = { t->wait.fd, POLLIN, 0 };

	if (t->wait.looked == kernel_changes)
		return t->wait.ready;
	t->wait.looked = kernel_changes;
	sanitizer_ignore();
	if (t->wait.fd >= 0)
		t->wait.ready = poll(&one, 1, 0) > 0;
	else {
		if (t->wait.nfds > 16)
			explore_fail("poll(2) with more than 16 descriptors");
		memcpy(copy, t->wait.fds, t->wait.nfds * sizeof(copy[0]));
		t->wait.ready = poll(copy, t->wait.nfds, 0) > 0;
	}
	sanitizer_watch();
	return t->wait.ready;
}

static bool
can_run(struct thread *t)
{
	switch (t->state) {
	case THREAD_READY:
		return true;
	case THREAD_LOCKING:
		return *(const int *)t->object == 0;	/* see locks.c */
	case THREAD_IN_KERNEL:
		return t->wait.deadline == 0 || (t->cancel && !t->cancel_off) ||
		    kernel_ready(t);
	case THREAD_JOINING:
		return threads[t->joined].state == THREAD_FINISHED;
	default:
		return false;
	}
}

static bool
can_be_interrupted(const struct thread *t)
{
	return t->state == THREAD_IN_KERNEL && t->wait.deadline != 0;
}

static void
offer(struct thread *t, enum move move, int cost)
{
	if (preemptions + cost > bound)
		return;
	options[noptions].thread = t;
	options[noptions].move = move;
	options[noptions++].cost = cost;
}

/* The running thread comes first: the first run has no preemption. */
static void
offer_threads(bool could_go_on)
{
	int i;

	if (could_go_on)
		offer(current, MOVE_RUN, 0);
	for (i = 0; i < nthreads; i++)
		if (&threads[i] != current && can_run(&threads[i]))
			offer(&threads[i], MOVE_RUN, could_go_on);
}

static void
offer_signals(bool could_go_on)
{
	struct thread *t;
	int i;

	for (i = 0; signals_left > 0 && i < nthreads; i++) {
		t = &threads[i];
		if (t->state == THREAD_FINISHED || t->in_handler ||
		    (scenario->receivers & 1u << i) == 0)
			continue;
		if (t == current && (could_go_on || t->wait.entering))
			offer(t, MOVE_SIGNAL, 1);
		if (can_be_interrupted(t))
			offer(t, MOVE_INTERRUPT, 1);
	}
}

static void
offer_rescues(void)
{
	struct thread *t;
	int i;

	for (i = 0; i < nthreads; i++) {
		t = &threads[i];
		if (t->state == THREAD_WAITING && spurious_left > 0)
			offer(t, MOVE_SPURIOUS, 1);
		if (can_be_interrupted(t) && t->wait.deadline > 0 &&
		    !can_run(t))
			offer(t, MOVE_TIMEOUT, 1);
	}
}

/* Time passes when no thread can go on: the earliest timeout is over. */
static void
offer_earliest_timeout(void)
{
	struct thread *t, *first = NULL;
	int i;

	for (i = 0; i < nthreads; i++) {
		t = &threads[i];
		if (can_be_interrupted(t) && t->wait.deadline > 0 &&
		    (first == NULL || t->wait.deadline < first->wait.deadline))
			first = t;
	}
	if (first != NULL)
		offer(first, MOVE_TIMEOUT, 0);
}

static void
list_options(void)
{
	bool could_go_on = current != NULL &&
	    current->state != THREAD_FINISHED && can_run(current);

	noptions = 0;
	offer_threads(could_go_on);
	offer_signals(could_go_on);
	offer_rescues();
	if (noptions == 0)
		offer_earliest_timeout();
}

static bool
all_finished(void)
{
	int i;

	for (i = 0; i < nthreads; i++)
		if (threads[i].state != THREAD_FINISHED)
			return false;
	return true;
}

/*
 * No thread can go on, and no time is over.  Waits are interrupted if the
 * scenario has all it waits for.
 */
static void
settle(void)
{
	int i;

	for (i = 0; i < nthreads; i++)
		if (threads[i].state != THREAD_FINISHED &&
		    !can_be_interrupted(&threads[i]))
			explore_fail("thread %d waits for another for ever", i);
	if (scenario->settled == NULL || !scenario->settled())
		explore_fail("no thread can go on");
	for (i = 0; i < nthreads; i++) {
		if (threads[i].state != THREAD_IN_KERNEL)
			continue;
		threads[i].wait.interrupted = true;
		threads[i].wait.deadline = 0;
	}
}

static void
switch_to(struct thread *to)
{
	struct thread *from = current;

	if (to == from)
		return;
	if (from != NULL)
		from->real_errno = errno;
	current = to;
	sanitizer_leave(from, to);
	swapcontext(from != NULL ? &from->context : &main_context,
	    to != NULL ? &to->context : &main_context);
	sanitizer_enter(from);
	if (from != NULL)
		errno = from->real_errno;
}

/* Returns the thread that runs now. */
static struct thread *
take_option(const struct option *option)
{
	struct thread *t = option->thread;

	preemptions += option->cost;
	switch (option->move) {
	case MOVE_INTERRUPT:
		t->wait.interrupted = true;
		/* FALLTHROUGH */
	case MOVE_SIGNAL:
		t->signalled = true;
		signals_left--;
		break;
	case MOVE_SPURIOUS:
		spurious_left--;
		t->spurious = true;
		t->state = THREAD_LOCKING;
		t->object = t->mutex;
		return can_run(t) ? t : NULL;
	case MOVE_TIMEOUT:
		t->wait.timed_out = true;
		if (now_ns < t->wait.deadline)
			now_ns = t->wait.deadline;
		break;
	default:
		break;
	}
	return t;
}

/* On the thread's own stack, at the point where the signal arrived. */
static void
run_handler(struct thread *t)
{
	enum thread_state state = t->state;
	int saved = t->lib_errno;

	t->signalled = false;
	t->in_handler = true;
	t->state = THREAD_READY;
	t->lib_errno = HANDLER_ERRNO;
	explore_note("a signal%s", t->wait.interrupted ? " (EINTR)" : "");
	scenario->handler();
	explore_note("the handler returns");
	if (t->lib_errno != HANDLER_ERRNO)
		explore_fail("the handler changed errno");
	t->lib_errno = saved;
	t->in_handler = false;
	t->state = state;
}

/* One choice.  Returns whether it is this thread's turn. */
static bool
make_choice(void)
{
	struct thread *me = current, *next;

	list_options();
	if (noptions == 0) {
		if (!all_finished()) {
			settle();
			return false;
		}
		if (me != NULL)
			switch_to(NULL);
		return true;
	}
	next = take_option(&options[choose(noptions)]);
	if (next == NULL)
		return false;
	if (me != NULL)
		me->wait.entering = false;
	switch_to(next);
	if (me == NULL || !me->signalled || me->in_handler)
		return true;
	run_handler(me);
	return me->wait.interrupted;
}

void
sched_yield_turn(void)
{
	int saved = errno;

	while (!make_choice())
		continue;
	errno = saved;
}

void
hook_point(const char *verb, const char *object, const char *function)
{
	trace_rename(&function, &object);
	if (current == NULL)
		return;
	points++;
	current->state = THREAD_READY;
	sched_yield_turn();
	trace_step(function, verb, object);
}

void
explore_join(int i)
{
	points++;
	current->state = THREAD_JOINING;
	current->joined = i;
	sched_yield_turn();
	current->state = THREAD_READY;
	trace_step("-", "join", NULL);
}

bool
explore_finished(int i)
{
	return threads[i].state == THREAD_FINISHED;
}

void
explore_sync(int i)
{
	sanitizer_acquire(&threads[i].finished);
}

/* The first function of a thread. */
static void
thread_main(int i)
{
	struct thread *t = &threads[i];

	sanitizer_enter(t);
	errno = 0;
	sanitizer_acquire(&started);
	if (sigsetjmp(t->end, 0) == 0)
		scenario->body[i]();
	sanitizer_release(&t->finished);
	explore_note("has finished");
	t->state = THREAD_FINISHED;
	sched_yield_turn();
	abort();
}

static char *
new_stack(void)
{
	void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED)
		explore_fail("no memory for a stack");
	return stack;
}

static void
make_thread(int i)
{
	struct thread *t = &threads[i];
	char *stack = t->stack != NULL ? t->stack : new_stack();
	void *fiber = t->fiber;

	memset(t, 0, sizeof(*t));
	t->stack = stack;
	t->fiber = fiber;
	t->id = i;
	t->wait.fd = -1;
	t->wait.deadline = -1;
	sanitizer_thread(t);
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = stack;
	t->context.uc_stack.ss_size = STACK_SIZE;
	t->context.uc_link = NULL;
	makecontext(&t->context, (void (*)(void))thread_main, 1, i);
}

static void
reset(void)
{
	trace_clear();
	search_restart();
	calls_reset();
	preemptions = 0;
	points = 0;
	now_ns = 1000000000;
	signals_left = scenario->signals;
	spurious_left = 1;
	explore_late_cancel = false;
	current = NULL;
	nthreads = 0;
}

void
sched_run(void)
{
	int i;

	reset();
	scenario->setup();
	for (i = 0; i < THREADS && scenario->body[i] != NULL; i++)
		make_thread(i);
	nthreads = i;
	sanitizer_release(&started);
	sched_yield_turn();	/* returns when all threads have finished */
	current = NULL;
	for (i = 0; i < nthreads; i++)
		sanitizer_acquire(&threads[i].finished);
	scenario->check();
	calls_check();
	search_end_run();
}
