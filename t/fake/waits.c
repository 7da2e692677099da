/*
 * Waits of the fake: timeouts, signals and threads.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "kq.h"

#define ROOM	8
#define THREADS	4

static int kq;
static int ends[2];		/* a socket pair */

static long long
msec(void)
{
	struct timespec ts;

	need(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
nap(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) < 0)
		need(errno == EINTR);
}

static pthread_t
start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, run, arg) == 0);
	return thread;
}

static void
times(void)
{
	static const struct timespec waits[] = {
		{ 0, 1 }, { 0, 999999 }, { 0, 1000001 }, { 0, 50000000 }
	};
	struct kevent event;
	long long begin;
	int i;

	for (i = 0; i < 4; i++) {
		begin = msec();
		is(kevent(kq, NULL, 0, &event, 1, &waits[i]), 0,
		    "%ld ns: no event", waits[i].tv_nsec);
		ok(msec() - begin >= waits[i].tv_nsec / 1000000,
		    "%ld ns: not too early", waits[i].tv_nsec);
	}
}

/* Calls from another thread that end an infinite wait. */
static void *
write_later(void *arg)
{
	(void)arg;
	nap(20);
	put(ends[1], 1);
	return NULL;
}

static void *
add_later(void *arg)
{
	(void)arg;
	nap(20);
	need(make(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_ONESHOT, 0, 2) == 0);
	return NULL;
}

#ifdef EVFILT_USER
static void *
trigger_later(void *arg)
{
	(void)arg;
	nap(20);
	need(make(kq, 7, EVFILT_USER, 0, NOTE_TRIGGER, 3) == 0);
	return NULL;
}
#endif

static void
woken_by(void *(*run)(void *), unsigned long whose, const char *words)
{
	pthread_t thread = start(run, NULL);
	struct kevent event;

	is(kevent(kq, NULL, 0, &event, 1, NULL), 1, "%s ends a wait", words);
	is(udata(&event), whose, "%s: the event", words);
	need(pthread_join(thread, NULL) == 0);
}

static void
woken(void)
{
	need(make(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	woken_by(write_later, 1, "data");
	get(ends[0], 1);
	woken_by(add_later, 2, "a change");
#ifdef EVFILT_USER
	need(make(kq, 7, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 3) == 0);
	woken_by(trigger_later, 3, "a trigger");
	need(make(kq, 7, EVFILT_USER, EV_DELETE, 0, 0) == 0);
#endif
	need(make(kq, ends[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
}

/* Signals. */
static volatile sig_atomic_t handled;
static pthread_t waiter;

static void
note_signal(int sig)
{
	(void)sig;
	handled = 1;
}

/*
 * Signals repeatedly: on a busy machine the first signal may come before the
 * wait, which would then never end.
 */
static int over;

static void *
signal_later(void *arg)
{
	do {
		nap(20);
		need(pthread_kill(waiter, SIGUSR1) == 0);
	} while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE));
	return arg;
}

static pthread_t
start_signals(void)
{
	__atomic_store_n(&over, 0, __ATOMIC_RELEASE);
	return start(signal_later, NULL);
}

static void
end_signals(pthread_t thread)
{
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	need(pthread_join(thread, NULL) == 0);
}

static void
catch(void (*handler)(int))
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	need(sigaction(SIGUSR1, &action, NULL) == 0);
}

static void
interrupted(void)
{
	struct kevent event;
	pthread_t thread;
	int i;

	catch(note_signal);
	waiter = pthread_self();
	for (i = 0; i < 5; i++) {
		handled = 0;
		thread = start_signals();
		fails(kevent(kq, NULL, 0, &event, 1, NULL), EINTR,
		    "a signal ends a wait, SA_RESTART or not");
		is(handled, 1, "its handler has run");
		end_signals(thread);
	}
	handled = 0;
	need(raise(SIGUSR1) == 0);
	is(handled, 1, "a signal before the call");
	ok(silent(kq), "doesn't interrupt kevent");
}

/*
 * Sends a signal that the waiter ignores, and one that is ignored by default.
 */
static void *
ignored_signals(void *arg)
{
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		need(pthread_kill(waiter, SIGUSR1) == 0);
		need(pthread_kill(waiter, SIGCHLD) == 0);
		put(ends[1], 1);
		get(ends[0], 1);
	}
	return arg;
}

/* Only a signal with a handler interrupts a wait, at any time. */
static void
ignored(void)
{
	struct timespec moment = { 0, 100000 };
	struct kevent event;
	pthread_t thread;
	int i, broken = 0;

	need(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	waiter = pthread_self();
	need(make(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	__atomic_store_n(&over, 0, __ATOMIC_RELEASE);
	thread = start(ignored_signals, NULL);
	for (i = 0; i < 5000; i++)
		broken += kevent(kq, NULL, 0, &event, 1, &moment) < 0;
	end_signals(thread);
	need(make(kq, ends[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
	is(broken, 0, "ignored signals end no wait");
}

#ifdef EVFILT_USER
static void
trigger_now(int sig)
{
	int saved = errno;

	(void)sig;
	(void)make(kq, 8, EVFILT_USER, 0, NOTE_TRIGGER, 4);
	errno = saved;
}

/* A signal handler may call kevent, which is a system call. */
static void
from_handler(void)
{
	struct kevent event;
	pthread_t thread;
	int i, n;

	catch(trigger_now);
	need(make(kq, 8, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 4) == 0);
	for (i = 0; i < 5; i++) {
		thread = start_signals();
		n = kevent(kq, NULL, 0, &event, 1, NULL);
		ok(n == 1 || (n == -1 && errno == EINTR),
		    "a handler's trigger ends a wait");
		end_signals(thread);
		if (n < 0)
			n = now(kq, &event, 1);
		is(n, 1, "and is an event");
	}
	need(make(kq, 8, EVFILT_USER, EV_DELETE, 0, 0) == 0);
}
#endif

static int interrupted_waits;

static void *
wait_for_ever(void *arg)
{
	struct kevent event;

	(void)arg;
	if (kevent(kq, NULL, 0, &event, 1, NULL) < 0 && errno == EINTR)
		interrupted_waits++;
	return NULL;
}

/*
 * kevent with room for events is a cancellation point, except on OpenBSD, and
 * loses no event when cancelled.
 */
static void
cancelled(void)
{
	struct kevent event;
	void *result = NULL;
	pthread_t thread;

	need(make(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	thread = start(wait_for_ever, NULL);
	nap(20);
	need(pthread_cancel(thread) == 0);
	need(pthread_join(thread, &result) == 0);
	is(result == PTHREAD_CANCELED, BY(1, 1, 1, 0, 1, 1),
	    "a wait is a cancellation point");
	is(interrupted_waits, BY(0, 0, 0, 1, 0, 0), "or gets EINTR");
	put(ends[1], 1);
	is(await(kq, &event, 1, 1), 1, "the kqueue works afterwards");
	get(ends[0], 1);
	need(make(kq, ends[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
}

static void *
wait_a_while(void *arg)
{
	long while_ms = 300 * tap_slow();
	struct timespec while_ = { while_ms / 1000,
	    while_ms % 1000 * 1000000 };
	struct kevent event;
	int *error = arg;

	*error = kevent(*error, NULL, 0, &event, 1, &while_) < 0 ? errno : 0;
	return NULL;
}

static void
closed(void)
{
	int own = new_kqueue(), error = own;
	pthread_t thread = start(wait_a_while, &error);

	nap(50 * tap_slow());
	need(close(own) == 0);
	need(pthread_join(thread, NULL) == 0);
	is(error, BY(0, EBADF, EBADF, EBADF, EBADF, 0),
	    "closed during a wait: it lasts to its end, or EBADF");
}

/* Threads that add, delete, write and trigger while one waits. */
static int stop;

static void *
churn(void *arg)
{
	int *own = arg, i;
	char byte;

	for (i = 0; i < 2000; i++) {
		need(make(kq, own[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 5) ==
		    0);
		need(make(kq, own[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0,
		    6) == 0);
		need(write(own[1], "x", 1) == 1);
		need(read(own[0], &byte, 1) == 1);
		need(make(kq, own[0], EVFILT_WRITE, EV_DELETE, 0, 0) == 0);
		need(make(kq, own[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
	}
	return NULL;
}

static void *
collect(void *arg)
{
	struct timespec moment = { 0, 1000000 };
	struct kevent events[ROOM];
	long *total = arg;
	int n;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		n = kevent(kq, NULL, 0, events, ROOM, &moment);
		need(n >= 0);
		*total += n;
	}
	return NULL;
}

static void
threads(void)
{
	pthread_t churners[THREADS], collectors[2];
	int pairs[THREADS][2], i;
	long totals[2] = { 0, 0 };

	for (i = 0; i < 2; i++)
		collectors[i] = start(collect, &totals[i]);
	for (i = 0; i < THREADS; i++) {
		need(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) == 0);
		churners[i] = start(churn, pairs[i]);
	}
	for (i = 0; i < THREADS; i++) {
		need(pthread_join(churners[i], NULL) == 0);
		close_both(pairs[i]);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++)
		need(pthread_join(collectors[i], NULL) == 0);
	ok(totals[0] + totals[1] > 0, "threads: %ld events",
	    totals[0] + totals[1]);
	is(fake_kqueue_knotes(kq), 0, "threads: no knote is left");
	ok(silent(kq), "threads: and no event");
}

/*
 * A level-triggered knote is put back after it was reported.  The first waiter
 * reads the byte and leaves; the second must be woken by the next byte.
 */
static void *
wait_and_read(void *arg)
{
	struct timespec patience = { 0, 300000000 };
	struct kevent event;
	int n;

	while ((n = kevent(kq, NULL, 0, &event, 1, &patience)) == 1 &&
	    recv(ends[0], &event, 1, MSG_DONTWAIT) < 0)
		continue;
	*(int *)arg += n;
	return NULL;
}

static int
two_waiters(unsigned int flags)
{
	pthread_t threads[2];
	int i, n[2] = { 0, 0 };

	need(make(kq, ends[0], EVFILT_READ, EV_ADD | flags, 0, 1) == 0);
	for (i = 0; i < 2; i++)
		threads[i] = start(wait_and_read, &n[i]);
	nap(50);
	put(ends[1], 1);
	nap(50);
	put(ends[1], 1);
	for (i = 0; i < 2; i++)
		need(pthread_join(threads[i], NULL) == 0);
	need(make(kq, ends[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
	return n[0] + n[1];
}

static void
put_back(void)
{
	char byte;

	is(two_waiters(0), BY(2, 1, 2, 2, 2, 2),
	    "level-triggered, two waiters, two bytes: waits that end");
	while (recv(ends[0], &byte, 1, MSG_DONTWAIT) > 0)
		continue;
	is(two_waiters(EV_CLEAR), 2, "the same with EV_CLEAR");
}

int
main(void)
{
	tap_start();
	tap_diag("%s", fake_kqueue_variant);
	kq = new_kqueue();
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	times();
	woken();
	interrupted();
	ignored();
#ifdef EVFILT_USER
	from_handler();
#endif
#ifdef LINKED_STATICALLY
	/* The fake cannot replace pthread_cancel(3). */
	if (BY(0, 0, 0, 1, 0, 0))
		tap_skip(4, "a static program cannot be interrupted by a "
		    "cancellation");
	else
#endif
		cancelled();
	closed();
	threads();
	put_back();
	close_both(ends);
	need(close(kq) == 0);
	return tap_done();
}
