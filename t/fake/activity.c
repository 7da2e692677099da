/*
 * The fake, which looks after each read and write: activity that is undone
 * before kevent is called is still an event.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/socket.h>
#include <netinet/in.h>

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
	is(now(kq, events, ROOM), BY(0, 1, 1, 1, 0, 0),
	    "events for its writer");
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

static void
datagrams(int kq)
{
	struct kevent events[ROOM];
	char text[1000] = "";
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	nonblocking(pair[0]);
	nonblocking(pair[1]);
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(now(kq, events, ROOM) == 1);
	while (send(pair[0], text, sizeof(text), 0) > 0)
		continue;
	is(errno, ENOBUFS, "a Unix datagram's receiver has no room: ENOBUFS");
	get(pair[1], sizeof(text));
	ok(silent(kq), "it has room again: no event");
	need(shutdown(pair[0], SHUT_WR) == 0);
	is(now(kq, events, ROOM), 1, "its own shutdown: an event");
	ok((events[0].flags & EV_EOF) != 0, "with EV_EOF");
	need(close(pair[1]) == 0);
	ok(silent(kq), "its peer closes: no event");
	need(close(pair[0]) == 0);
}

static int
tcp_pair(int *pair)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&addr, 0, sizeof(addr));
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(fd >= 0 && bind(fd, (struct sockaddr *)&addr, len) == 0);
	need(listen(fd, 8) == 0);
	need(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
	need((pair[0] = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	need(connect(pair[0], (struct sockaddr *)&addr, len) == 0);
	need((pair[1] = accept(fd, NULL, NULL)) >= 0);
	return fd;
}

/* A close with unread data is an end, unless a dup may still read it. */
static void
unread(int kq)
{
	struct kevent events[ROOM];
	int pair[2], dup_fd, listener = tcp_pair(pair);

	put(pair[0], 5);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need((dup_fd = dup(pair[1])) >= 0);
	need(close(pair[1]) == 0);
	ok(silent(kq), "a dup is open: no end");
	get(dup_fd, 3);
	need(close(dup_fd) == 0);
	is(await(kq, events, ROOM, 1), 1, "closed with unread data: an event");
	is(bare(&events[0]), EV_CLEAR | EV_EOF, "of the end");
	is(events[0].fflags, 0, "and of no error");
	need(close(pair[0]) == 0 && close(listener) == 0);
}

/* What a socket that doesn't receive any more still gets. */
static void
deaf(int kq)
{
	struct kevent events[ROOM];
	char byte;
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 2) == 0);
	need(now(kq, events, ROOM) == 1);
	put(pair[1], 3);
	need(now(kq, events, ROOM) == 1);
	need(shutdown(pair[0], SHUT_RD) == 0);
	is(now(kq, events, ROOM), 1, "it shuts down reading: one event");
	is(udata(&events[0]), 1, "its own");
	is(events[0].data, 0, "what it had received is gone");
	is(read(pair[0], &byte, 1), 0, "it reads the end");
	close_both(pair);
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
	datagrams(kq);
	unread(kq);
	deaf(kq);
	waiting(kq);
	need(close(kq) == 0);
	return tap_done();
}
