/*
 * The fake and descriptors: how many a kqueue takes, what close(2), dup(2) and
 * fork(2) do, and how a kqueue itself can be watched.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "kq.h"

#define ROOM	8

static int
readable(int fd)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	need(poll(&pfd, 1, 0) >= 0);
	return (pfd.revents & POLLIN) != 0;
}

/* The lowest free number. */
static int
lowest(void)
{
	int fd = dup(STDOUT_FILENO);

	need(fd >= 0 && close(fd) == 0);
	return fd;
}

static void
numbers(void)
{
	struct rlimit limit, low;
	int free_number = lowest(), kq = new_kqueue(), other;

	is(kq, free_number, "a kqueue takes the lowest number");
	is(lowest(), free_number + 1, "and no other");
	is(fcntl(kq, F_GETFD) & FD_CLOEXEC, 0, "it isn't close-on-exec");
	need(close(kq) == 0);
	is(lowest(), free_number, "closed: the number is free again");
	need(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	low = limit;
	low.rlim_cur = (rlim_t)free_number;
	need(setrlimit(RLIMIT_NOFILE, &low) == 0);
	fails(kqueue(), EMFILE, "none left: EMFILE");
	low.rlim_cur = (rlim_t)free_number + 1;
	need(setrlimit(RLIMIT_NOFILE, &low) == 0);
	ok((kq = kqueue()) == free_number, "one left: a kqueue takes it");
	other = kqueue();
	is(other, -1, "and no number is left");
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	need(close(kq) == 0);
}

static void
close_on_exec(void)
{
#if !defined FAKE_KQUEUE_DARWIN && !defined FAKE_KQUEUE_DRAGONFLY
	int kq = kqueue1(O_CLOEXEC);

	need(kq >= 0);
	ok(fcntl(kq, F_GETFD) & FD_CLOEXEC, "kqueue1: close-on-exec");
	need(close(kq) == 0);
	need((kq = kqueue1(0)) >= 0);
	ok(!(fcntl(kq, F_GETFD) & FD_CLOEXEC), "kqueue1: or not");
	need(close(kq) == 0);
	fails(kqueue1(O_APPEND), EINVAL, "kqueue1: another flag: EINVAL");
#endif
#ifdef KQUEUE_CLOEXEC
	need((kq = kqueuex(KQUEUE_CLOEXEC)) >= 0);
	ok(fcntl(kq, F_GETFD) & FD_CLOEXEC, "kqueuex: close-on-exec");
	need(close(kq) == 0);
	fails(kqueuex(2), EINVAL, "kqueuex: another flag: EINVAL");
#endif
}

/*
 * close(2) drops the knotes of the number, even if a dup keeps the object
 * open.
 */
static void
closing(void)
{
	int kq = new_kqueue(), second = new_kqueue(), pair[2], copy;
	struct kevent events[ROOM];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	need((copy = dup(pair[0])) >= 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD, 0, 1) == 0);
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD, 0, 1) == 0);
	need(make(second, pair[0], EVFILT_READ, EV_ADD, 0, 1) == 0);
	put(pair[1], 1);
	is(now(kq, events, ROOM), 2, "two events are pending");
	need(close(pair[0]) == 0);
	ok(silent(kq), "closed: none, although a dup is open");
	is(fake_kqueue_knotes(kq) + fake_kqueue_knotes(second), 0,
	    "the knotes are dropped from all kqueues");
	is(dup(copy), pair[0], "the same object at the same number");
	ok(silent(kq), "has no knotes");
	fails(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0), ENOENT,
	    "ENOENT");
	need(make(kq, pair[0], EVFILT_READ, EV_ADD, 0, 2) == 0);
	need(dup2(copy, pair[0]) == pair[0]);
	ok(silent(kq), "dup2 closes too");
	is(fake_kqueue_knotes(kq), 0, "its knotes are dropped");
	need(make(kq, copy, EVFILT_READ, EV_ADD, 0, 3) == 0);
	need(close(pair[0]) == 0);
	is(now(kq, events, ROOM), 1, "the dup's own knote stays");
	need(close(copy) == 0 && close(pair[1]) == 0);
	need(close(kq) == 0 && close(second) == 0);
	fails(now(kq, events, ROOM), EBADF, "a closed kqueue: EBADF");
}

/* Closes inside the C library are detected at the next use. */
static void
closed_by_libc(void)
{
	struct kevent events[ROOM];
	int kq = new_kqueue(), fd, pair[2];
	FILE *file = tmpfile();

	need(file != NULL);
	fd = fileno(file);
	need(make(kq, fd, EVFILT_WRITE, EV_ADD, 0, 1) == 0);
	is(now(kq, events, ROOM), 1, "a file's knote");
	need(fclose(file) == 0);
	new_pipe(pair);
	need(pair[0] == fd);
	put(pair[1], 1);
	fails(make(kq, fd, EVFILT_WRITE, EV_DELETE, 0, 0), ENOENT,
	    "closed by libc, the number reused by a pipe: ENOENT");
	need(make(kq, fd, EVFILT_READ, EV_ADD, 0, 2) == 0);
	is(now(kq, events, ROOM), 1, "and the pipe's knote works");
	is(udata(&events[0]), 2, "with its own udata");
	close_both(pair);
	need(close(kq) == 0);
}

static void
copies(void)
{
	int kq = new_kqueue(), copy = dup(kq), pair[2];
	struct kevent events[ROOM];

	new_pipe(pair);
	need(copy >= 0);
	if (make(copy, pair[1], EVFILT_WRITE, EV_ADD, 0, 1) < 0)
		tap_skip(2, "the host's kcmp(2) isn't allowed");
	else {
		is(now(copy, events, ROOM), 1, "a dup is the same kqueue");
		is(now(kq, events, ROOM), 1, "and has the dup's events");
	}
	close_both(pair);
	need(close(copy) == 0 && close(kq) == 0);
}

static void
watched(void)
{
	struct epoll_event event = { EPOLLIN, { 0 } };
	struct kevent events[ROOM];
	int kq = new_kqueue(), ep = epoll_create1(0), pair[2];

	need(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, kq, &event) == 0);
	new_pipe(pair);
	ok(!readable(kq), "an empty kqueue isn't readable");
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	ok(!readable(kq), "nor with a knote that isn't true");
	put(pair[1], 1);
	ok(readable(kq), "an event: readable by poll(2)");
	is(epoll_wait(ep, &event, 1, 0), 1, "and by epoll(7)");
	is(now(kq, events, ROOM), 1, "the event is returned");
	ok(!readable(kq), "then no longer readable");
	is(epoll_wait(ep, &event, 1, 0), 0, "nor by epoll(7)");
	need(make(kq, pair[1], EVFILT_WRITE, EV_ADD, 0, 2) == 0);
	ok(readable(kq), "a knote is added that is true");
	is(now(kq, events, ROOM), 1, "its event");
	ok(readable(kq), "level: stays readable");
	need(make(kq, pair[1], EVFILT_WRITE, EV_DISABLE, 0, 2) == 0);
	ok(silent(kq), "disabled");
	ok(!readable(kq), "then not readable");
	close_both(pair);
	need(close(ep) == 0 && close(kq) == 0);
}

static void
nested(void)
{
	int outer = new_kqueue(), inner = new_kqueue(), pair[2];
	struct kevent events[ROOM];

	new_pipe(pair);
	need(make(outer, inner, EVFILT_READ, EV_ADD, 0, 1) == 0);
	fails(make(outer, inner, EVFILT_WRITE, EV_ADD, 0, 1),
	    BY(EINVAL, EPERM, EINVAL, EINVAL, EINVAL, EINVAL),
	    "a kqueue in a kqueue: EVFILT_READ only");
	need(make(inner, pair[0], EVFILT_READ, EV_ADD, 0, 2) == 0);
	ok(silent(outer), "the inner one is empty");
	put(pair[1], 1);
	is(now(outer, events, ROOM), 1,
	    "an event of the inner is one of the outer");
	is(events[0].data, 1, "data is the number of pending knotes");
	ok(readable(outer), "the outer one is readable");
	get(pair[0], 1);
	ok(silent(inner), "drained");
	ok(silent(outer), "the outer, too");
	need(close(inner) == 0);
	ok(silent(outer), "the inner is closed: no event");
	is(fake_kqueue_knotes(outer), 0, "its knote is dropped");
	close_both(pair);
	need(close(outer) == 0);
}

static void
child(int kq, const int *pair)
{
	struct kevent event;
	int fd = dup(STDOUT_FILENO), own;

	if (fd != kq)		/* the lowest number that is free */
		_exit(1);
	if (kevent(kq, NULL, 0, &event, 1, &none) != -1 || errno != EBADF)
		_exit(2);
	own = kqueue();
	if (own < 0 || make(own, pair[1], EVFILT_WRITE, EV_ADD, 0, 1) != 0 ||
	    now(own, &event, 1) != 1)
		_exit(3);
	if (close(pair[0]) != 0 || close(pair[1]) != 0 || close(own) != 0)
		_exit(4);
	_exit(0);
}

/* A child has no kqueue, and its closes don't affect the parent. */
static void
forked(void)
{
	int kq = new_kqueue(), pair[2], status;
	struct kevent events[ROOM];
	pid_t pid;

	new_pipe(pair);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need((pid = fork()) >= 0);
	if (pid == 0)
		child(kq, pair);
	need(waitpid(pid, &status, 0) == pid);
	ok(WIFEXITED(status), "the child ended");
	is(WEXITSTATUS(status), 0, "the child has only its own kqueue");
	is(fake_kqueue_knotes(kq), 1, "the parent's knote is there");
	put(pair[1], 1);
	is(now(kq, events, ROOM), 1, "and works");
	close_both(pair);
	need(close(kq) == 0);
}

static void
many(void)
{
	int i, j, first = lowest(), kqs[8], pair[2];

	for (i = 0; i < 100; i++) {
		new_pipe(pair);
		for (j = 0; j < 8; j++) {
			kqs[j] = new_kqueue();
			need(make(kqs[j], pair[0], EVFILT_READ, EV_ADD, 0,
			    1) == 0);
		}
		close_both(pair);
		for (j = 0; j < 8; j++)
			need(close(kqs[j]) == 0);
	}
	is(lowest(), first, "800 kqueues later, all numbers are free");
}

int
main(void)
{
	tap_start();
	tap_diag("%s", fake_kqueue_variant);
	numbers();
	close_on_exec();
	closing();
	closed_by_libc();
	copies();
	watched();
	nested();
	forked();
	many();
	return tap_done();
}
