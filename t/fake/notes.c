/*
 * The fake's knotes: which changes refer to the same one, the modes, and the
 * events of each kind of object, in addition to t/fake/replay.c.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kq.h"

#define ROOM	8

static void
identity(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	put(pair[1], 1);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD, 0, 1) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD, 0, 2) == 0);
	is(fake_kqueue_knotes(kq), 1,
	    "two changes with the same filter: one knote");
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD, 0, 3) == 0);
	is(fake_kqueue_knotes(kq), 2, "another filter: another knote");
	is(now(kq, events, ROOM), 2, "both are ready: two events");
	is(udata(&events[0]), 2, "with the latest udata");
	is(udata(&events[1]), 3, "each with its own udata");
	is(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0), 0, "deletion");
	is(now(kq, events, ROOM), 1, "of one knote leaves the other");
	is(make(kq, pair[0], EVFILT_WRITE, EV_DELETE, 0, 0), 0, "deletion");
	is(now(kq, events, ROOM), 0, "of both leaves none");
	close_both(pair);
}

static void
level(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	new_pipe(pair);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD, 0, 1) == 0);
	ok(silent(kq), "level: nothing to read");
	put(pair[1], 3);
	is(now(kq, events, ROOM), 1, "level: once a call");
	is(events[0].data, 3, "data is the bytes");
	is(now(kq, events, ROOM), 1, "and at each call");
	get(pair[0], 3);
	ok(silent(kq), "until it is read");
	close_both(pair);
}

/* With little room, the knotes take turns in the queue's order. */
static void
turns(int kq)
{
	int pairs[3][2], seen[3] = { 0, 0, 0 }, i;
	struct kevent event;

	for (i = 0; i < 3; i++) {
		new_pipe(pairs[i]);
		put(pairs[i][1], 1);
		need(make(kq, pairs[i][0], EVFILT_READ, EV_ADD, 0,
		    (unsigned int)i) == 0);
	}
	for (i = 0; i < 6; i++) {
		need(now(kq, &event, 1) == 1);
		is(udata(&event), i % 3, "room for one: %d's turn", i % 3);
		seen[udata(&event)]++;
	}
	is(seen[0] + seen[1] + seen[2], 6, "six calls, six events");
	for (i = 0; i < 3; i++)
		close_both(pairs[i]);
}

/* EV_ONESHOT is delivered as it was activated, without another check. */
static void
oneshot(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 1) == 0);
	put(pair[1], 3);
	fake_kqueue_look();
	get(pair[0], 3);
	is(now(kq, events, ROOM), BY(1, 1, 1, 1, 0, 1),
	    "one-shot, drained meanwhile: an event, except on Darwin");
	if (BY(1, 1, 1, 1, 0, 1)) {
		is(events[0].data, 3, "with the data of that time");
		is(fake_kqueue_knotes(kq), 0, "and is forgotten");
	} else
		need(make(kq, pair[0], EVFILT_READ, EV_DELETE, 0, 0) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	put(pair[1], 3);
	fake_kqueue_look();
	get(pair[0], 3);
	ok(silent(kq), "other knotes are checked again");
	close_both(pair);
}

static void
disabled(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	put(pair[1], 1);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_DISABLE | EV_CLEAR, 0,
	    1) == 0);
	ok(silent(kq), "added disabled: silent, although ready");
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 2) == 0);
	ok(silent(kq), "EV_ADD doesn't enable it");
	need(make(kq, pair[0], EVFILT_READ, EV_ENABLE, 0, 3) == 0);
	is(now(kq, events, ROOM), 1, "EV_ENABLE does: an event");
	is(udata(&events[0]), BY(3, 2, 3, 2, 3, 2),
	    "with the udata of the last change that sets it");
	need(make(kq, pair[0], EVFILT_READ, EV_DISABLE, 0, 3) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ENABLE, 0, 3) == 0);
	is(now(kq, events, ROOM), BY(1, 0, 1, 1, 1, 0),
	    "EV_ENABLE without activity: checks, or not");
	close_both(pair);
}

static void
dispatched(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD | EV_DISPATCH, 0, 1) == 0);
	is(now(kq, events, ROOM), 1, "EV_DISPATCH: once");
	ok(silent(kq), "then disabled");
	need(make(kq, pair[0], EVFILT_WRITE, EV_ENABLE, 0, 1) == 0);
	is(now(kq, events, ROOM), BY(1, 0, 1, 1, 1, 0),
	    "EV_ENABLE alone: again, or lost");
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD | EV_ENABLE, 0, 1) == 0);
	is(now(kq, events, ROOM), 1, "EV_ADD with EV_ENABLE: again");
	need(make(kq, pair[0], EVFILT_WRITE, EV_DELETE, 0, 1) == 0);
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD | EV_DISPATCH | EV_CLEAR,
	    0, 1) == 0);
	is(now(kq, events, ROOM), 1, "with EV_CLEAR: once");
	need(make(kq, pair[0], EVFILT_WRITE, EV_ADD, 0, 1) == 0);
	is(now(kq, events, ROOM), BY(0, 1, 1, 0, 0, 0),
	    "EV_ADD: it is disabled, or only EV_CLEAR applied");
	close_both(pair);
}

#ifdef EV_KEEPUDATA
static void
freebsd_flags(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	new_pipe(pair);
	fails(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_KEEPUDATA, 0, 1),
	    EINVAL, "EV_KEEPUDATA with EV_ADD: EINVAL");
	need(make(kq, pair[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(make(kq, pair[0], EVFILT_READ, EV_ENABLE | EV_KEEPUDATA, 0, 9) ==
	    0);
	put(pair[1], 1);
	is(now(kq, events, ROOM), 1, "an event");
	is(udata(&events[0]), 1, "EV_KEEPUDATA keeps udata");
	need(make(kq, pair[0], EVFILT_READ, EV_FORCEONESHOT, 0, 2) == 0);
	is(now(kq, events, ROOM), 1, "EV_FORCEONESHOT: an event, ready or not");
	is(fake_kqueue_knotes(kq), 0, "and is forgotten");
	close_both(pair);
}
#endif

static void
low_water(int kq)
{
	struct kevent kev = change(0, EVFILT_READ, EV_ADD, NOTE_LOWAT, 1);
	struct kevent event;
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	kev.ident = (uintptr_t)pair[0];
	kev.data = 5;
	need(kevent(kq, &kev, 1, NULL, 0, NULL) == 0);
	put(pair[1], 4);
	ok(silent(kq), "NOTE_LOWAT: too little");
	put(pair[1], 1);
	is(now(kq, &event, 1), 1, "NOTE_LOWAT: enough");
	is(event.data, 5, "data is all the bytes");
	close_both(pair);
}

/* The list is walked before the pipe is marked as broken. */
static void
full_pipe(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	new_pipe(pair);
	need(make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(now(kq, events, ROOM) == 1);
	fill(pair[1]);
	ok(silent(kq), "a full pipe");
	need(close(pair[0]) == 0);
	is(now(kq, events, ROOM), BY(1, 0, 0, 0, 1, 1),
	    "its reader closes: no event for the writer, or one");
	need(close(pair[1]) == 0);
}

static void
broken_pipe(int kq)
{
	struct kevent events[ROOM];
	int pair[2], result;

	new_pipe(pair);
	need(close(pair[0]) == 0);
	result = make(kq, pair[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 1);
	if (BY(1, 1, 1, 0, 0, 1))
		fails(result, BY(EPIPE, EBADF, EBADF, 0, 0, EPIPE),
		    "WRITE on a broken pipe is refused");
	else {
		is(result, 0, "WRITE on a broken pipe is accepted");
		is(now(kq, events, ROOM), 1, "and is an event at once");
		is(bare(&events[0]), EV_CLEAR | EV_EOF, "with EV_EOF");
	}
	need(close(pair[1]) == 0);
	is(fake_kqueue_knotes(kq), 0, "no knote is left");
}

/* A FIFO that has a name is marked before its list is walked. */
static void
fifo(int kq)
{
	char dir[] = "/tmp/mio-fifo-XXXXXX", path[64];
	struct kevent events[ROOM];
	int reader, writer;

	need(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/fifo", dir);
	need(mkfifo(path, 0600) == 0);
	need((reader = open(path, O_RDONLY | O_NONBLOCK)) >= 0);
	need((writer = open(path, O_WRONLY | O_NONBLOCK)) >= 0);
	need(unlink(path) == 0 && rmdir(dir) == 0);
	need(make(kq, writer, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(now(kq, events, ROOM) == 1);
	fill(writer);
	ok(silent(kq), "a full FIFO");
	is(make(kq, writer, EVFILT_READ, EV_ADD, 0, 2) == 0 ? 0 : errno,
	    BY(0, 0, 0, EINVAL, 0, 0), "READ of its write end");
	is(now(kq, events, ROOM), BY(0, 1, 1, 0, 1, 1), "its events");
	(void)make(kq, writer, EVFILT_READ, EV_DELETE, 0, 0);
	is(make(kq, reader, EVFILT_WRITE, EV_ADD, 0, 2) == 0 ? 0 : errno,
	    BY(0, 0, 0, EINVAL, 0, 0), "WRITE of its read end");
	need(close(reader) == 0);
	is(now(kq, events, ROOM), BY(1, 0, 1, 1, 0, 1),
	    "its reader closes: an event for the writer, or none");
	if (BY(1, 0, 1, 1, 0, 1))
		is(bare(&events[0]), EV_CLEAR | EV_EOF, "EV_EOF, not one-shot");
	is(make(kq, writer, EVFILT_WRITE, EV_DELETE, 0, 0), 0,
	    "the knote is still there");
	is(make(kq, writer, EVFILT_WRITE, EV_ADD, 0, 0), 0,
	    "a new one is not refused");
	need(close(writer) == 0);
}

static void
data_before_end(int kq)
{
	struct kevent events[ROOM];
	int pair[2];

	new_pipe(pair);
	need(make(kq, pair[0], EVFILT_READ, EV_ADD, 0, 1) == 0);
	put(pair[1], 5);
	need(close(pair[1]) == 0);
	is(now(kq, events, ROOM), 1, "data and end of file: one event");
	is(bare(&events[0]), EV_EOF, "EV_EOF");
	is(events[0].data, 5, "data is the bytes");
	get(pair[0], 5);
	is(now(kq, events, ROOM), 1, "end of file alone: one event");
	is(events[0].data, 0, "no data");
	need(close(pair[0]) == 0);
}

static int
bound(int type, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, type, 0);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(fd >= 0 && bind(fd, (struct sockaddr *)addr, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)addr, &len) == 0);
	nonblocking(fd);
	return fd;
}

static int
connected_to(const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(fd >= 0 && connect(fd, (const struct sockaddr *)addr,
	    sizeof(*addr)) == 0);
	return fd;
}

static void
listening(int kq)
{
	struct kevent events[ROOM];
	struct sockaddr_in addr;
	int fd = bound(SOCK_STREAM, &addr), a, b, c;

	need(listen(fd, 8) == 0);
	need(make(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(make(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 2) == 0);
	ok(silent(kq), "a listener without clients, and never WRITE");
	a = connected_to(&addr);
	is(await(kq, events, ROOM, 1), 1, "a connection");
	is(events[0].data, 1, "data is the backlog's length");
	ok(silent(kq), "EV_CLEAR: once");
	b = connected_to(&addr);
	is(await(kq, events, ROOM, 1), 1, "another, the first not accepted");
	if (fake_kqueue_sees_acks())
		is(events[0].data, 2, "two wait");
	else
		tap_skip(1, "the emulator hides the backlog");
	c = accept(fd, NULL, NULL);
	is(now(kq, events, ROOM), fake_kqueue_sees_acks(),
	    "accepting is an event while another waits");
	need(close(a) == 0 && close(b) == 0 && close(c) == 0 &&
	    close(fd) == 0);
}

/* An acknowledgement, even a late one, is an event for an EV_CLEAR writer. */
static void
acknowledgement(int kq)
{
	struct kevent events[ROOM];
	struct sockaddr_in addr;
	int fd = bound(SOCK_STREAM, &addr), a, b;

	need(listen(fd, 8) == 0);
	a = connected_to(&addr);
	need((b = accept(fd, NULL, NULL)) >= 0);
	need(make(kq, a, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 1) == 0);
	need(now(kq, events, ROOM) == 1);
	ok(silent(kq), "a writable connection, once");
	put(a, 1);
	if (fake_kqueue_sees_acks())
		is(await(kq, events, ROOM, 1), 1,
		    "a write that is acknowledged: writable again");
	else
		tap_skip(1, "the emulator hides acknowledgements");
	need(close(a) == 0 && close(b) == 0 && close(fd) == 0);
}

static int
on_terminal(const char *name)
{
	int kq, fd;

	/*
	 * The first terminal that a session leader opens is its controlling
	 * one.
	 */
	if (setsid() < 0 || open(name, O_RDWR) < 0 ||
	    (fd = open("/dev/tty", O_RDWR)) < 0 || (kq = kqueue()) < 0)
		return 99;
	return make(kq, fd, EVFILT_READ, EV_ADD, 0, 1) == 0 ? 0 : errno;
}

static void
terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), status;
	pid_t pid;

	if (master < 0) {
		tap_skip(1, "this system gives no pseudo-terminal");
		return;
	}
	need(grantpt(master) == 0 && unlockpt(master) == 0);
	need((pid = fork()) >= 0);
	if (pid == 0)
		_exit(on_terminal(ptsname(master)));
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	is(WEXITSTATUS(status), BY(0, 0, 0, 0, EINVAL, 0),
	    "/dev/tty, which Darwin refuses");
	need(close(master) == 0);
}

static void
datagrams(int kq)
{
	struct sockaddr_in addr, other;
	struct kevent events[ROOM];
	int a = bound(SOCK_DGRAM, &addr), b = bound(SOCK_DGRAM, &other);
	char byte;

	need(make(kq, a, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 1) == 0);
	ok(silent(kq), "no datagram");
	need(sendto(b, "", 0, 0, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	is(await(kq, events, ROOM, 1), 1, "an empty one is an event");
	is(events[0].data > 0, BY(0, 1, 1, 1, 1, 0),
	    "its sender's address counts, except on FreeBSD");
	need(recv(a, &byte, 1, 0) == 0);
	need(make(kq, a, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 2) == 0);
	is(now(kq, events, ROOM), 1, "writable");
	need(close(a) == 0 && close(b) == 0);
}

static void
files(int kq)
{
	struct kevent events[ROOM];
	FILE *file = tmpfile();
	int fd;

	need(file != NULL);
	fd = fileno(file);
	need(make(kq, fd, EVFILT_READ, EV_ADD, 0, 1) == 0);
	ok(silent(kq), "a file, at its end");
	need(pwrite(fd, "0123456789", 10, 0) == 10);
	is(now(kq, events, ROOM), 1, "something to read");
	is(events[0].data, 10, "from here to its end");
	need(make(kq, fd, EVFILT_WRITE, EV_ADD, 0, 2) == 0);
	is(now(kq, events, ROOM), 2, "always writable");
	need(fclose(file) == 0);
	ok(silent(kq), "closed by libc: its knotes are dropped");
	is(fake_kqueue_knotes(kq), 0, "all of them");
}

#ifdef NOTE_OOB
static void
out_of_band(int kq)
{
	struct kevent events[ROOM];
	struct sockaddr_in addr;
	int fd = bound(SOCK_STREAM, &addr), a, b;

	need(listen(fd, 8) == 0);
	a = connected_to(&addr);
	need((b = accept(fd, NULL, NULL)) >= 0);
	need(make(kq, b, EVFILT_EXCEPT, EV_ADD | EV_CLEAR, NOTE_OOB, 1) == 0);
	put(a, 1);
	ok(silent(kq), "EVFILT_EXCEPT: ordinary data is no event");
	need(send(a, "!", 1, MSG_OOB) == 1);
	is(await(kq, events, ROOM, 1), 1, "urgent data is an event");
	is(events[0].fflags, NOTE_OOB, "NOTE_OOB");
	ok(events[0].filter == EVFILT_EXCEPT, "its filter");
	need(close(a) == 0 && close(b) == 0 && close(fd) == 0);
}
#endif

#ifdef EVFILT_USER
static void
user(int kq)
{
	struct kevent events[ROOM];

	need(make(kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, NOTE_TRIGGER, 1) ==
	    0);
	is(now(kq, events, ROOM), BY(0, 0, 0, 1, 1, 0),
	    "first EV_ADD with NOTE_TRIGGER");
	need(make(kq, 1, EVFILT_USER, EV_CLEAR, NOTE_TRIGGER, 2) == 0);
	is(now(kq, events, ROOM), BY(0, 0, 0, 0, 1, 0),
	    "a trigger with EV_CLEAR erases itself, except on Darwin");
	need(make(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER, 3) == 0);
	is(now(kq, events, ROOM), 1, "a trigger without EV_CLEAR");
	is(udata(&events[0]), BY(3, 0, 3, 3, 3, 1),
	    "with the udata of the last change that sets it");
	need(make(kq, 1, EVFILT_USER, 0, NOTE_FFCOPY | 0x0f, 3) == 0);
	need(make(kq, 1, EVFILT_USER, 0, NOTE_FFAND | 0x3c, 3) == 0);
	need(make(kq, 1, EVFILT_USER, 0, NOTE_FFOR | NOTE_TRIGGER | 0x30,
	    3) == 0);
	is(now(kq, events, ROOM), 1, "a trigger");
	is(events[0].fflags, 0x3c, "the program's flags: copy, and, or");
	need(make(kq, 1, EVFILT_USER, EV_DELETE, 0, 0) == 0);
	need(fake_kqueue_quirk("user", 0) == 1);
	fails(make(kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 1), EINVAL,
	    "EVFILT_USER switched off: EINVAL");
	need(fake_kqueue_quirk("user", 1) == 0);
}
#endif

static void
timer(int kq)
{
	struct kevent kev = change(1, EVFILT_TIMER, EV_ADD, 0, 1);
	struct kevent event;

	kev.data = 3600 * 1000;
	need(kevent(kq, &kev, 1, NULL, 0, NULL) == 0);
	ok(silent(kq), "a timer: not yet");
	kev.data = 10;
	need(kevent(kq, &kev, 1, NULL, 0, NULL) == 0);
	is(await(kq, &event, 1, 1), 1, "it expires");
	is(bare(&event), EV_CLEAR, "always with EV_CLEAR");
	ok(event.data >= 1, "data counts");
	is(await(kq, &event, 1, 1), 1, "and expires again");
	kev.data = 3600 * 1000;
	need(kevent(kq, &kev, 1, NULL, 0, NULL) == 0);
	ok(silent(kq), "restarted: its count is lost");
	need(make(kq, 1, EVFILT_TIMER, EV_DELETE, 0, 0) == 0);
}

static void
posted(int kq)
{
	struct kevent event;

	need(fake_kqueue_post(kq, 5, EVFILT_AIO, EV_ONESHOT, 7, NULL) == 0);
	is(now(kq, &event, 1), 1, "a finished aio_read: an event");
	is(event.ident, 5, "its ident");
	is(event.data, BY(7, 7, 7, 7, 7, 7), "its data");
	ok(event.filter == (filter)EVFILT_AIO, "its filter");
	ok(silent(kq), "once");
	fails(fake_kqueue_post(99, 5, EVFILT_AIO, EV_ONESHOT, 7, NULL), EBADF,
	    "no kqueue: EBADF");
}

int
main(void)
{
	int kq;

	tap_start();
	tap_diag("%s", fake_kqueue_variant);
	kq = new_kqueue();
	identity(kq);
	level(kq);
	turns(kq);
	oneshot(kq);
	disabled(kq);
	dispatched(kq);
#ifdef EV_KEEPUDATA
	freebsd_flags(kq);
#endif
	low_water(kq);
	full_pipe(kq);
	broken_pipe(kq);
	fifo(kq);
	data_before_end(kq);
	listening(kq);
	acknowledgement(kq);
	terminal();
	datagrams(kq);
	files(kq);
#ifdef NOTE_OOB
	out_of_band(kq);
#endif
#ifdef EVFILT_USER
	user(kq);
#endif
	timer(kq);
	posted(kq);
	is(fake_kqueue_knotes(kq), 0, "no knote is left");
	is(fake_kqueue_quirk("nonsense", 1), -1, "no such quirk");
	need(close(kq) == 0);
	return tap_done();
}
