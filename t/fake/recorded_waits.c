/*
 * Steps of recordings in which threads wait.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>
#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat/atomic.h"
#include "recorded.h"

/* Threads that wait for one event each. */
static struct waiter {
	pthread_t	 thread;
	struct kevent	 event;
	int		 n, error, ms, kq;
} waiting[2];
static int waiters;

static void *
wait_for_one(void *arg)
{
	struct waiter *my = arg;
	struct timespec ts = { my->ms / 1000, my->ms % 1000 * 1000000L };

	my->n = kevent(my->kq, NULL, 0, &my->event, 1, &ts);
	my->error = my->n < 0 ? errno : 0;
	return NULL;
}

static void
start_waiters(int n, int ms)
{
	int i;

	waiters = n;
	for (i = 0; i < n; i++) {
		waiting[i].ms = ms * tap_slow();
		waiting[i].kq = kq;
		need(pthread_create(&waiting[i].thread, NULL, wait_for_one,
		    &waiting[i]) == 0);
	}
	nap(20 * tap_slow());
}

void
do_waiters(char **args, const char *want)
{
	(void)want;
	start_waiters(atoi(args[1]), atoi(args[2]) / 4);
}

static int
same_wait(const struct waiter *my, const char *want)
{
	char copy[256], *words[WORDS], some[] = "+";

	if (strcmp(want, "nothing") == 0)
		return my->n == 0;
	(void)snprintf(copy, sizeof(copy), "%s", want);
	if (split(copy, words) != 6)
		return my->error == errno_of(want);
	/* Whether it is woken before the second byte is a matter of time. */
	if (*words[4] != '0')
		words[4] = some;
	return my->n == 1 && same_event(&my->event, words);
}

/* gather [RESULT] [RESULT]: in any order. */
void
do_gather(char **args, const char *want)
{
	char copy[256], *result[3] = { NULL }, *rest, text[256];
	int i, n = 0, same;

	(void)args;
	(void)snprintf(copy, sizeof(copy), "%s", want);
	for (result[0] = strtok_r(copy, "[]", &rest); result[n] != NULL &&
	    n < 2; result[n] = strtok_r(NULL, "[]", &rest)) {
		if (strcmp(result[n], "gather ") != 0 &&
		    strcmp(result[n], " ") != 0)
			n++;
	}
	for (i = 0; i < waiters; i++)
		need(pthread_join(waiting[i].thread, NULL) == 0);
	same = waiters == 1 ? same_wait(&waiting[0], result[0]) :
	    (same_wait(&waiting[0], result[0]) &&
	    same_wait(&waiting[1], result[1])) ||
	    (same_wait(&waiting[0], result[1]) &&
	    same_wait(&waiting[1], result[0]));
	(void)snprintf(text, sizeof(text), "%d %d, errors %d %d",
	    waiting[0].n, waiting[1].n, waiting[0].error, waiting[1].error);
	if (!same)
		differs(want, text);
	waiters = 0;
}

/*
 * race FLAGS N pipe|pair: two waiters, two bytes, each of which is read by the
 * waiter that it woke.  Fewer rounds than recorded.
 */
#define ROUNDS	10

static void *
wait_and_read(void *arg)
{
	struct waiter *my = arg;
	char byte;

	do {
		(void)wait_for_one(my);
	} while (my->n == 1 && read((int)my->event.ident, &byte, 1) != 1);
	return NULL;
}

static int
race_round(char **args)
{
	char pipe_verb[] = "pipe", pair_verb[] = "pair", a[] = "a", b[] = "b";
	char *ends[] = { *args[3] == 'p' && args[3][1] == 'i' ? pipe_verb :
	    pair_verb, a, b, NULL };
	char filter[] = "READ", zero[] = "0", one[] = "1", flags[32];
	char *change[] = { args[0], a, filter, flags, zero, zero, one, NULL };
	int i, woken = 0;

	(void)snprintf(flags, sizeof(flags), "ADD|%s", args[1]);
	need(run_verb(ends));
	need(make_change(change) == 0);
	for (i = 0; i < 2; i++) {
		waiting[i].ms = 1000 * tap_slow();
		waiting[i].kq = kq;
		need(pthread_create(&waiting[i].thread, NULL, wait_and_read,
		    &waiting[i]) == 0);
	}
	for (i = 0; i < 2; i++) {
		nap(10 * tap_slow());
		need(write(*fd_of(b), buf, 1) == 1);
	}
	for (i = 0; i < 2; i++) {
		need(pthread_join(waiting[i].thread, NULL) == 0);
		woken += waiting[i].n == 1;
	}
	need(close(*fd_of(a)) == 0 && close(*fd_of(b)) == 0);
	return woken;
}

void
do_race(char **args, const char *want)
{
	int i, lost = 0;

	for (i = 0; i < ROUNDS; i++)
		lost += race_round(args) != 2;
	compare_number(lost, number_after(want, "not woken in "), want);
}

/* closerace N: does a call that began after close(2) deliver an event? */
static int is_closed, is_over, late_events;

static void *
look_on(void *arg)
{
	struct timespec ts = { 0, 1000000 };
	struct kevent event;

	(void)arg;
	while (!atomic_get(&is_over)) {
		int before = atomic_get(&is_closed);

		if (kevent(kq, NULL, 0, &event, 1, &ts) != 1)
			continue;
		if (before && atomic_get(&is_closed))
			(void)atomic_inc(&late_events);
		nap(1);		/* the fake's lock isn't fair */
	}
	return NULL;
}

void
do_closerace(char **args, const char *want)
{
	int i, pair[2];
	char readable[] = "READ", zero[] = "0", one[] = "1", a[] = "a",
	    add[] = "ADD";
	char *change[] = { args[0], a, readable, add, zero, zero, one, NULL };
	pthread_t threads[2];

	late_events = is_over = is_closed = 0;
	for (i = 0; i < 2; i++)
		need(pthread_create(&threads[i], NULL, look_on, NULL) == 0);
	for (i = 0; i < 100; i++) {
		need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
		*fd_of(a) = pair[0];
		need(make_change(change) == 0);
		need(write(pair[1], buf, 1) == 1);
		need(close(pair[0]) == 0);
		atomic_put(&is_closed, 1);
		nap(2);
		atomic_put(&is_closed, 0);
		nap(1);
		need(close(pair[1]) == 0);
	}
	*fd_of(a) = -1;
	atomic_put(&is_over, 1);
	for (i = 0; i < 2; i++)
		need(pthread_join(threads[i], NULL) == 0);
	compare_number(late_events, number_after(want, "returned: "), want);
}
