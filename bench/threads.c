/*
 * The workloads with two threads: the cost of waking a loop.
 */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <unistd.h>

#include "bench.h"
#include "compat/atomic.h"

#define WAKER	0	/* its slot */
#define BURST	1000
#define SPIN_NS	100000

static struct lib *lib, *other;
static pthread_t thread;
static int stopping;

/* Waits again and again until it is told to stop. */
static void *
loop(void *arg)
{
	struct lib *own = arg;

	while (!atomic_get(&stopping))
		lib_wait(own, WAIT_FOREVER);
	return NULL;
}

static void
start(bench_ready *ready)
{
	lib = lib_open(1, 1, ready, NULL);
	lib_waker(lib, WAKER);
}

static void
start_loop(void)
{
	MUST(pthread_create(&thread, NULL, loop, lib) == 0);
}

/*
 * Binds this thread to one processor and the thread of the loop to another.
 * The system would often put both on one, which is a different measurement.
 */
static void
part(const struct row *row)
{
	cpu_set_t all, one[2];
	size_t cpu;
	int n = 0;

	MUST(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one[n]);
		CPU_SET(cpu, &one[n++]);
	}
	if (n < 2)
		bench_leave_out("%s: needs two processors", row->name);
	MUST(pthread_setaffinity_np(pthread_self(), sizeof(one[0]),
	    &one[0]) == 0);
	MUST(pthread_setaffinity_np(thread, sizeof(one[1]), &one[1]) == 0);
}

static void
stop(void)
{
	atomic_put(&stopping, 1);
	lib_wake(lib, WAKER);
	MUST(pthread_join(thread, NULL) == 0);
	lib_close(lib);
}

/*
 * Wakes of a busy loop: all but the first find a wake pending.  After a batch
 * the loop receives them, and is held in their event again.
 */

static sem_t entered, leave;

static void
sem_take(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		continue;		/* EINTR */
}

static void
busy(void *arg, size_t slot, unsigned int ready)
{
	(void)arg;
	MUST(slot == WAKER && (ready & ON_READ) != 0);
	MUST(sem_post(&entered) == 0);
	sem_take(&leave);
}

static void
burst_start(const struct row *row)
{
	(void)row;
	MUST(sem_init(&entered, 0, 0) == 0 && sem_init(&leave, 0, 0) == 0);
	start(busy);
	start_loop();
	lib_wake(lib, WAKER);
	sem_take(&entered);
}

static void
burst_step(void)
{
	int i;

	for (i = 0; i < BURST; i++)
		lib_wake(lib, WAKER);
}

static void
burst_settle(void)
{
	MUST(sem_post(&leave) == 0);
	sem_take(&entered);
}

static void
burst_stop(void)
{
	atomic_put(&stopping, 1);
	MUST(sem_post(&leave) == 0);
	MUST(pthread_join(thread, NULL) == 0);
	lib_close(lib);
}

/* A thread that sleeps in its loop, and answers through a pipe when woken. */

static int said[2];

static void
say(void *arg, size_t slot, unsigned int ready)
{
	(void)arg;
	MUST(slot == WAKER && (ready & ON_READ) != 0);
	MUST(write(said[1], "", 1) == 1);
}

static void
sleep_start(const struct row *row)
{
	MUST(pipe(said) == 0);
	start(say);
	start_loop();
	part(row);
}

static void
sleep_step(void)
{
	char c;

	lib_wake(lib, WAKER);
	MUST(read(said[0], &c, 1) == 1);
}

/* Two loops that wake each other. */

static size_t back;

static void
answer(void *arg, size_t slot, unsigned int ready)
{
	(void)arg;
	MUST(slot == WAKER && (ready & ON_READ) != 0);
	if (!atomic_get(&stopping))
		lib_wake(other, WAKER);
}

static void
answered(void *arg, size_t slot, unsigned int ready)
{
	(void)arg;
	MUST(slot == WAKER && (ready & ON_READ) != 0);
	back++;
}

static void
roundtrip_open(void)
{
	start(answer);
	other = lib_open(1, 1, answered, NULL);
	lib_waker(other, WAKER);
}

static void
roundtrip_start(const struct row *row)
{
	roundtrip_open();
	start_loop();
	part(row);
}

static void
spin_start(const struct row *row)
{
	roundtrip_open();
	if (lib_spin(lib, SPIN_NS) < 0 || lib_spin(other, SPIN_NS) < 0)
		bench_leave_out("%s: %s has no spinning", row->name, lib_name);
	start_loop();
	part(row);
}

static void
roundtrip_step(void)
{
	lib_wake(lib, WAKER);
	while (back == 0)
		lib_wait(other, WAIT_FOREVER);
	MUST(back == 1);
	back = 0;
}

static void
roundtrip_stop(void)
{
	stop();
	lib_close(other);
}

const struct row thread_rows[] = {
	{ "wake_burst", 1, 4, 0, burst_start, burst_step, BURST, burst_settle,
	    burst_stop },
	{ "wake_sleeper", 1, 8, 0, sleep_start, sleep_step, 1, NULL, stop },
	{ "roundtrip", 2, 8, 0, roundtrip_start, roundtrip_step, 1, NULL,
	    roundtrip_stop },
	{ "roundtrip_spin", 2, 8, 0, spin_start, roundtrip_step, 1, NULL,
	    roundtrip_stop },
	{ NULL, 0, 0, 0, NULL, NULL, 0, NULL, NULL }
};
