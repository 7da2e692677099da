/*
 * The fake, which looks after each read and write: activity that is undone
 * before kevent is called is still an event.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "kq.h"

#define ROOM	8

static void
undone(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	new_pipe(pair);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 2) == 0);
	is(now(kq, events, ROOM), 1, "a pipe's writer, once");
	ok(silent(kq), "then silence");
	put(pair[1], 3);
	get(pair[0], 3);
	is(now(kq, events, ROOM), 1, "written and read again: one event");
	is(udata(&events[0]), 2, "for the writer");
	ok(silent(kq), "then silence");
	close_both(pair);
}

static void
stale(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 1) == 0);
	put(pair[1], 3);
	get(pair[0], 3);
	is(now(kq, events, ROOM), 1, "one-shot: an event with nothing to read");
	is(events[0].data, 3, "with the data of that time");
	fails(recv(pair[0], events, 1, MSG_DONTWAIT), EAGAIN,
	    "which is not there");
	close_both(pair);
}

/* Events of a read that finds nothing, and of another one. */
static void
empty_reads(int kq)
{
	struct kevent events[ROOM];
	char byte;
	int pair[2];

	new_pipe(pair);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 2) == 0);
	need(now(kq, events, ROOM) == 1);
	fails(read(pair[0], &byte, 1), EAGAIN, "a pipe is empty");
	is(now(kq, events, ROOM), BY(0, 1, 1, 1, 0, 0), "events for its writer");
	fails(read(pair[0], &byte, 1), EAGAIN, "it still is");
	is(now(kq, events, ROOM), BY(0, 0, 0, 1, 0, 0), "events now");
	put(pair[1], 1);
	need(now(kq, events, ROOM) == 2);
	need(close(pair[1]) == 0);
	is(now(kq, events, ROOM), 1, "the end");
	get(pair[0], 1);
	is(now(kq, events, ROOM), 1, "the last data is read: an event");
	is(read(pair[0], &byte, 1), 0, "then there is the end");
	is(now(kq, events, ROOM), BY(0, 0, 0, 1, 0, 0), "events for the end");
	need(close(pair[0]) == 0);
	new_pipe(pair);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(close(pair[1]) == 0);
	need(now(kq, events, ROOM) == 1);
	is(read(pair[0], &byte, 1), 0, "a pipe without data ends");
	is(now(kq, events, ROOM), BY(0, 1, 1, 1, 0, 0), "events for the end");
	is(read(pair[0], &byte, 1), 0, "and again");
	is(now(kq, events, ROOM), BY(0, 0, 0, 1, 0, 0), "events for it now");
	need(close(pair[0]) == 0);
}

static int pair_of_thread[2];

static void *
read_later(void *arg)
{
	struct timespec ts = { 0, 20000000 };

	(void)arg;
	while (nanosleep(&ts, &ts) < 0)
		need(errno == EINTR);
	get(pair_of_thread[0], 1);
	return NULL;
}

static void
waiting(int kq)
{
	struct kevent events[ROOM];
	pthread_t thread;

	new_pipe(pair_of_thread);
	put(pair_of_thread[1], 2);
	need(make(kq, pair_of_thread[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0,
	    1) == 0);
	need(now(kq, events, ROOM) == 1);
	need(pthread_create(&thread, NULL, read_later, NULL) == 0);
	is(kevent(kq, NULL, 0, events, ROOM, NULL), 1,
	    "a pipe's reader reads: its writer's wait ends");
	need(pthread_join(thread, NULL) == 0);
	close_both(pair_of_thread);
}

int
main(void)
{
	int kq;

	tap_start();
	kq = new_kqueue();
	undone(kq);
	stale(kq);
	empty_reads(kq);
	waiting(kq);
	need(close(kq) == 0);
	return tap_done();
}
