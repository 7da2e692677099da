/*
 * Repeats, step by step, what was done to the kqueues of FreeBSD and NetBSD,
 * and compares the events with those observed there: t/fake/observed-*.  The
 * fake is linked in as one of these systems, and fake_kqueue_variant is its
 * name.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "fake_kqueue.h"

#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ	1031
#endif
#define NUMBER		"#"

static int fds[26];		/* by letter; closed: -1 */
static int kq;			/* the current one */
static int line_number;
static char steps[64];		/* the case */
static int blind;		/* the host hides acknowledgements */

struct name {
	const char	*name;
	unsigned int	 value;
};

static const struct name filters[] = {
	{ "READ",	(unsigned int)EVFILT_READ },
	{ "WRITE",	(unsigned int)EVFILT_WRITE },
	{ "TIMER",	(unsigned int)EVFILT_TIMER },
#ifdef EVFILT_USER
	{ "USER",	(unsigned int)EVFILT_USER },
#else
	{ "USER",	7 },		/* the number that was used */
#endif
	{ NULL,		0 }
};

static const struct name bits[] = {
	{ "ADD",	EV_ADD },
	{ "CLEAR",	EV_CLEAR },
	{ "DELETE",	EV_DELETE },
	{ "DISABLE",	EV_DISABLE },
	{ "DISPATCH",	EV_DISPATCH },
	{ "ENABLE",	EV_ENABLE },
	{ "ONESHOT",	EV_ONESHOT },
#ifdef EVFILT_USER
	{ "FFOR",	NOTE_FFOR },
	{ "TRIGGER",	NOTE_TRIGGER },
#endif
	{ NULL,		0 }
};

static const struct name errors[] = {
	{ "EBADF",	EBADF },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "ECONNRESET",	ECONNRESET },
	{ "EINVAL",	EINVAL },
	{ "ENOENT",	ENOENT },
	{ "EPIPE",	EPIPE },
	{ NULL,		0 }
};

static const struct name *
find(const struct name *names, const char *name)
{
	while (names->name != NULL && strcmp(names->name, name) != 0)
		names++;
	return names->name != NULL ? names : NULL;
}

static unsigned int
value_of(const struct name *names, const char *name)
{
	const struct name *found = find(names, name);

	if (found == NULL)
		tap_bail("line %d: unknown word %s", line_number, name);
	return found->value;
}

/* A|B|5 */
static unsigned int
flags_of(const char *text)
{
	char copy[64], *word, *rest;
	unsigned int flags = 0;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, "|", &rest); word != NULL;
	    word = strtok_r(NULL, "|", &rest)) {
		if (*word >= '0' && *word <= '9')
			flags |= (unsigned int)strtoul(word, NULL, 0);
		else
			flags |= value_of(bits, word);
	}
	return flags;
}

static int *
fd_of(const char *what)
{
	if (what == NULL || what[0] < 'a' || what[0] > 'z')
		tap_bail("line %d: no descriptor", line_number);
	return &fds[what[0] - 'a'];
}

/* A closed descriptor's number still identifies its knotes. */
static uintptr_t
ident_of(const char *what)
{
	if (*what == '#')
		return (uintptr_t)strtoul(what + 1, NULL, 10);
	return (uintptr_t)*fd_of(what);
}

static int
error_of(const char *name)
{
	return name != NULL ? (int)value_of(errors, name) : 0;
}

static void
set(struct kevent *kev, const char *what, const char *filter,
    unsigned int flags)
{
	memset(kev, 0, sizeof(*kev));
	kev->ident = ident_of(what);
	kev->filter = (__typeof__(kev->filter))(int)value_of(filters, filter);
	kev->flags = (__typeof__(kev->flags))flags;
}

static void
set_udata(struct kevent *kev, unsigned long value)
{
	kev->udata = (__typeof__(kev->udata))value;
}

static unsigned long
udata(const struct kevent *kev)
{
	return (unsigned long)kev->udata;
}

static void
nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	need(flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

/* The steps.  args[0] is the step's name; missing arguments are NULL. */

#define WORDS	40

static void
step_pipe(char **args)
{
	int pair[2];

	need(pipe(pair) == 0);
	nonblocking(pair[0]);
	nonblocking(pair[1]);
	*fd_of(args[1]) = pair[0];
	*fd_of(args[2]) = pair[1];
}

static void
step_pair(char **args)
{
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	nonblocking(pair[0]);
	nonblocking(pair[1]);
	*fd_of(args[1]) = pair[0];
	*fd_of(args[2]) = pair[1];
}

static void
step_socket(char **args)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(fd >= 0);
	nonblocking(fd);
	*fd_of(args[1]) = fd;
}

static void
loopback(struct sockaddr_in *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void
step_listen(char **args)
{
	struct sockaddr_in addr;

	step_socket(args);
	loopback(&addr);
	need(bind(*fd_of(args[1]), (struct sockaddr *)&addr, sizeof(addr)) ==
	    0);
	need(listen(*fd_of(args[1]), 8) == 0);
}

static void
in_progress(int fd, const struct sockaddr_in *addr)
{
	errno = 0;
	ok(connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == -1 &&
	    errno == EINPROGRESS, "%s, line %d: connect is in progress", steps,
	    line_number);
}

static void
step_connect(char **args)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	need(getsockname(*fd_of(args[2]), (struct sockaddr *)&addr, &len) ==
	    0);
	in_progress(*fd_of(args[1]), &addr);
}

/* Connects to a port that is bound, so that no other program listens there. */
static void
step_refused(char **args)
{
	int taken = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	loopback(&addr);
	need(taken >= 0 && bind(taken, (struct sockaddr *)&addr, len) == 0);
	need(getsockname(taken, (struct sockaddr *)&addr, &len) == 0);
	in_progress(*fd_of(args[1]), &addr);
	need(close(taken) == 0);
}

static void
step_accept(char **args)
{
	int fd = accept(*fd_of(args[2]), NULL, NULL);

	need(fd >= 0);
	nonblocking(fd);
	*fd_of(args[1]) = fd;
}

static void
step_dup(char **args)
{
	need((*fd_of(args[1]) = dup(*fd_of(args[2]))) >= 0);
}

static void
step_close(char **args)
{
	need(close(*fd_of(args[1])) == 0);
}

static void
step_reset(char **args)
{
	struct linger linger = { 1, 0 };
	int fd = *fd_of(args[1]);

	need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ==
	    0);
	need(close(fd) == 0);
}

static void
step_shut(char **args)
{
	need(shutdown(*fd_of(args[1]), SHUT_WR) == 0);
}

static void
step_size(char **args)
{
	need(fcntl(*fd_of(args[1]), F_SETPIPE_SZ, atoi(args[2])) >= 0);
}

static size_t
size_of(const char *text)
{
	if (*text == '%')
		return PIPE_BUF + (size_t)atoi(text + 1);
	return (size_t)atoi(text);
}

static char buf[1 << 16];

static void
step_write(char **args)
{
	size_t size = size_of(args[2]);
	int fd = *fd_of(args[1]);
	ssize_t n;

	n = args[0][0] == 'w' && args[3] != NULL ?
	    send(fd, buf, size, MSG_NOSIGNAL) : write(fd, buf, size);
	if (args[3] != NULL)
		fails(n, error_of(args[3]), "%s, line %d: write", steps,
		    line_number);
	else
		need(n == (ssize_t)size);
}

/* On a socket, sent data may take a moment to arrive. */
static void
step_read(char **args)
{
	size_t size = size_of(args[2]);
	ssize_t n = read(*fd_of(args[1]), buf, size == 0 ? 1 : size);

	if (args[3] != NULL)
		fails(n, error_of(args[3]), "%s, line %d: read", steps,
		    line_number);
	else if (size < 1000)
		need(n == (ssize_t)size);
	else
		need(n > 0 || errno == EAGAIN);	/* any data */
}

static void
step_fill(char **args)
{
	while (write(*fd_of(args[1]), buf, 1000) > 0)
		continue;
	need(errno == EAGAIN);
	while (write(*fd_of(args[1]), buf, 1) > 0)
		continue;
	need(errno == EAGAIN);
}

static void
step_drain(char **args)
{
	while (read(*fd_of(args[1]), buf, sizeof(buf)) > 0)
		continue;
}

static void
step_kqueue(char **args)
{
	need((*fd_of(args[1]) = kqueue()) >= 0);
}

static void
step_on(char **args)
{
	kq = *fd_of(args[1]);
}

/* One change, without an eventlist: the call fails with its error. */
static void
step_change(char **args)
{
	unsigned int fflags = flags_of(args[4]);
	struct kevent kev;
	int error = error_of(args[7]), n;

	set(&kev, args[1], args[2], flags_of(args[3]));
	kev.fflags = fflags;
	kev.data = atoi(args[5]);
	set_udata(&kev, strtoul(args[6], NULL, 10));
	n = kevent(kq, &kev, 1, NULL, 0, NULL);
	if (error != 0)
		fails(n, error, "%s, line %d: %s %s %s is refused", steps,
		    line_number, args[1], args[2], args[3]);
	else
		is(n, 0, "%s, line %d: %s %s %s", steps, line_number, args[1],
		    args[2], args[3]);
}

/* receipts WHAT FILTER ERROR|0 WHAT FILTER ERROR|0 */
static void
step_receipts(char **args)
{
	struct timespec none = { 0, 0 };
	struct kevent changes[2], events[2];
	int i;

	for (i = 0; i < 2; i++)
		set(&changes[i], args[1 + 3 * i], args[2 + 3 * i],
		    EV_ADD | EV_RECEIPT);
	is(kevent(kq, changes, 2, events, 2, &none), 2,
	    "%s, line %d: two receipts", steps, line_number);
	for (i = 0; i < 2; i++) {
		const char *error = args[3 + 3 * i];

		is(events[i].flags, EV_ERROR, "receipt %d: EV_ERROR", i);
		is(events[i].data, *error == '0' ? 0 : error_of(error),
		    "receipt %d: %s", i, error);
		ok(events[i].ident == changes[i].ident, "receipt %d: its ident",
		    i);
	}
	fails(kevent(kq, changes, 2, NULL, 0, NULL), error_of(args[3]),
	    "%s, line %d: without an eventlist: the error", steps,
	    line_number);
}

/* A thread that does something while the next poll waits. */
static char later[8][16];
static pthread_t thread;
static int threaded;

static void
nap(int ms)
{
	struct timespec ts = { 0, ms * 1000000L };

	while (nanosleep(&ts, &ts) < 0)
		need(errno == EINTR);
}

static void *
do_later(void *arg)
{
	struct kevent kev;

	(void)arg;
	nap(30);
	if (strcmp(later[0], "trigger") == 0) {
#ifdef EVFILT_USER
		memset(&kev, 0, sizeof(kev));
		kev.ident = (uintptr_t)atoi(later[1]);
		kev.filter = EVFILT_USER;
		kev.fflags = NOTE_TRIGGER;
		set_udata(&kev, (unsigned long)atoi(later[2]));
		need(kevent(kq, &kev, 1, NULL, 0, NULL) == 0);
#else
		(void)kev;
#endif
	} else
		need(write(*fd_of(later[1]), buf, size_of(later[2])) > 0);
	return NULL;
}

static void
step_later(char **args)
{
	int i;

	for (i = 1; args[i] != NULL && i < 8; i++)
		(void)snprintf(later[i - 1], sizeof(later[0]), "%s", args[i]);
	need(pthread_create(&thread, NULL, do_later, NULL) == 0);
	threaded = 1;
}

/* poll: the events must be those that were observed, in the same order. */

static int
same_number(const char *want, long long got)
{
	if (*want == '*')
		return 1;
	if (*want == '+')
		return got > 0;
	return got == strtoll(want, NULL, 10);
}

static int
same_fflags(const char *want, unsigned int got)
{
	const struct name *error = find(errors, want);

	return got == (error != NULL ? error->value :
	    (unsigned int)strtoul(want, NULL, 16));
}

static int
same(const struct kevent *event, char **want)
{
	struct kevent kev;

	set(&kev, want[0], want[1], 0);
	return event->ident == kev.ident && event->filter == kev.filter &&
	    event->flags == strtoul(want[2], NULL, 16) &&
	    same_fflags(want[3], event->fflags) &&
	    same_number(want[4], (long long)event->data) &&
	    udata(event) == strtoul(want[5], NULL, 10);
}

static void
show(const struct kevent *event)
{
	int i, letter = '#';

	for (i = 0; i < 26; i++) {
		if (fds[i] == (int)event->ident && event->ident > 2)
			letter = 'a' + i;
	}
	tap_diag("got: %c (%lu) filter %d flags %#x fflags %#x data %lld "
	    "udata %lu", letter, (unsigned long)event->ident,
	    (int)event->filter, (unsigned int)event->flags,
	    (unsigned int)event->fflags, (long long)event->data,
	    udata(event));
}

/*
 * Polls until so many events have come.  The systems' networks replied within
 * the call; this one's may be late, so it is polled again.
 */
#define ROOM	16
#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
typedef size_t count;
#else
typedef int count;
#endif

static unsigned int
collect(struct kevent *events, unsigned int due)
{
	struct timespec moment = { 0, 20000000 };
	unsigned int total = 0;
	int n, tries;

	for (tries = 0; tries < 250 * tap_slow(); tries++) {
		n = kevent(kq, NULL, 0, events + total, ROOM - (count)total,
		    threaded ? NULL : &moment);
		need(n >= 0);
		total += (unsigned int)n;
		if (total >= due)
			break;
	}
	return total;
}

static int
skipped(void)
{
	return blind && strcmp(steps, "F") == 0;
}

static void
step_poll(char **args)
{
	struct kevent events[ROOM];
	unsigned int due = 0, i, n;
	int right = 1;

	while (args[1 + 6 * due] != NULL)
		due++;
	n = collect(events, skipped() ? 0 : due);
	if (threaded)
		need(pthread_join(thread, NULL) == 0);
	threaded = 0;
	for (i = 0; i < due && i < n; i++)
		right &= same(&events[i], &args[1 + 6 * i]);
	if (skipped()) {
		tap_skip(1, "%s, line %d: the emulator hides "
		    "acknowledgements", steps, line_number);
		return;
	}
	if (!ok(n == due && right, "%s, line %d: %u event(s)", steps,
	    line_number, due)) {
		for (i = 0; i < n; i++)
			show(&events[i]);
	}
}

static void
end_case(void)
{
	int i;

	for (i = 0; i < 26; i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);	/* most are closed */
		fds[i] = -1;
	}
}

static void
begin_case(char **args)
{
	end_case();
	need((kq = kqueue()) >= 0);
	fds['k' - 'a'] = kq;
	(void)snprintf(steps, sizeof(steps), "%s", args[1]);
}

static const struct step {
	const char	*name;
	void		(*run)(char **);
} table[] = {
	{ "accept",	step_accept },
	{ "case",	begin_case },
	{ "change",	step_change },
	{ "close",	step_close },
	{ "connect",	step_connect },
	{ "drain",	step_drain },
	{ "dup",	step_dup },
	{ "fill",	step_fill },
	{ "kqueue",	step_kqueue },
	{ "later",	step_later },
	{ "listen",	step_listen },
	{ "on",		step_on },
	{ "pair",	step_pair },
	{ "pipe",	step_pipe },
	{ "poll",	step_poll },
	{ "read",	step_read },
	{ "receipts",	step_receipts },
	{ "refused",	step_refused },
	{ "reset",	step_reset },
	{ "shut",	step_shut },
	{ "size",	step_size },
	{ "socket",	step_socket },
	{ "write",	step_write },
};

static void
run(char *line)
{
	char *args[WORDS + 1] = { NULL }, *rest;
	size_t i = 0;

	for (args[0] = strtok_r(line, " ,\n", &rest); args[i] != NULL &&
	    i < WORDS - 1; args[i] = strtok_r(NULL, " ,\n", &rest))
		i++;
	if (args[0] == NULL || args[0][0] == '#')
		return;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, args[0]) == 0) {
			table[i].run(args);
			return;
		}
	}
	tap_bail("line %d: unknown step %s", line_number, args[0]);
}

int
main(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096], line[512];
	FILE *file;
	int i;

	tap_start();
	for (i = 0; i < 26; i++)
		fds[i] = -1;
	blind = !fake_kqueue_sees_acks();
	/* The steps must decide when an ACK comes, and not a clock. */
	need(fake_kqueue_quirk("ack_timer", 0) >= 0);
	(void)snprintf(path, sizeof(path), "%s/t/fake/observed-%s",
	    top != NULL ? top : ".", fake_kqueue_variant);
	if ((file = fopen(path, "r")) == NULL)
		tap_bail("%s: can't read", path);
	while (fgets(line, sizeof(line), file) != NULL) {
		line_number++;
		run(line);
	}
	end_case();
	need(fclose(file) == 0);
	return tap_done();
}
