/*
 * The verbs of the recordings: what is done to the objects.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "steps.h"

#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ	1031
#endif
#define NUMBER		"#"

int fds[26];
int kq;			/* the current one */
int line_number;
int pipe_size;
char steps[64];		/* the case */
char buf[1 << 16];

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
	{ "LOWAT",	NOTE_LOWAT },
#ifdef EVFILT_USER
	{ "FFOR",	NOTE_FFOR },
	{ "TRIGGER",	NOTE_TRIGGER },
#endif
	{ NULL,		0 }
};

static const struct name errors[] = {
	{ "EAGAIN",	EAGAIN },
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
unsigned int
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

int *
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

int
error_of(const char *name)
{
	return name != NULL ? (int)value_of(errors, name) : 0;
}

void
set(struct kevent *kev, const char *what, const char *filter,
    unsigned int flags)
{
	memset(kev, 0, sizeof(*kev));
	kev->ident = ident_of(what);
	kev->filter = (__typeof__(kev->filter))(int)value_of(filters, filter);
	kev->flags = (__typeof__(kev->flags))flags;
}

void
set_udata(struct kevent *kev, unsigned long value)
{
	kev->udata = (__typeof__(kev->udata))value;
}

unsigned long
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

/* The verbs.  args[0] is the verb's name; missing arguments are NULL. */

size_t
size_of(const char *text)
{
	if (*text == '%')
		return PIPE_BUF + (size_t)atoi(text + 1);
	return (size_t)atoi(text);
}

static void
step_pipe(char **args)
{
	int pair[2];

	need(pipe(pair) == 0);
	if (pipe_size != 0)
		need(fcntl(pair[1], F_SETPIPE_SZ, pipe_size) >= 0);
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
	fake_kqueue_pair(pair[0], pair[1]);
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
step_dpair(char **args)
{
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	nonblocking(pair[0]);
	nonblocking(pair[1]);
	*fd_of(args[1]) = pair[0];
	*fd_of(args[2]) = pair[1];
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
	need(connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == -1 &&
	    errno == EINPROGRESS);
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
	int how = SHUT_WR;

	if (strcmp(args[0], "shutrd") == 0)
		how = SHUT_RD;
	if (strcmp(args[0], "shutrw") == 0)
		how = SHUT_RDWR;
	need(shutdown(*fd_of(args[1]), how) == 0 || errno == ENOTSOCK);
}

static void
step_size(char **args)
{
	need(fcntl(*fd_of(args[1]), F_SETPIPE_SZ, atoi(args[2])) >= 0);
}

/*
 * What a read or write returns is a matter of the host's objects, whose sizes
 * and errors are its own.
 */
static void
step_write(char **args)
{
	int fd = *fd_of(args[1]);

	if (send(fd, buf, size_of(args[2]), MSG_NOSIGNAL) < 0 &&
	    errno == ENOTSOCK)
		(void)write(fd, buf, size_of(args[2]));
}

static void
step_read(char **args)
{
	size_t size = size_of(args[2]);

	int fd = *fd_of(args[1]);
	struct stat st;

	/* Where PIPE_BUF is 512 bytes, so many make a pipe writable. */
	if (size >= 512 && size < PIPE_BUF && fstat(fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode))
		size += PIPE_BUF - 512;
	(void)read(fd, buf, size == 0 ? 1 : size);
}

static void
step_fill(char **args)
{
	while (write(*fd_of(args[1]), buf, 1000) > 0)
		continue;
	while (write(*fd_of(args[1]), buf, 1) > 0)
		continue;
}

/* many A N: writes of N bytes until there is no room. */
static void
step_many(char **args)
{
	while (write(*fd_of(args[1]), buf, size_of(args[2])) > 0)
		continue;
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

/* A thread that does something while the next poll waits. */
static char later[8][16];
static pthread_t thread;
static int threaded;

int
is_later(void)
{
	return threaded;
}

void
wait_for_later(void)
{
	if (threaded)
		need(pthread_join(thread, NULL) == 0);
	threaded = 0;
}

void
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
		(void)kevent(kq, &kev, 1, NULL, 0, NULL);
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

static void
step_sndbuf(char **args)
{
	int size = atoi(args[2]);

	need(setsockopt(*fd_of(args[1]), SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == 0);
}

static void
step_oob(char **args)
{
	need(send(*fd_of(args[1]), "!", 1, MSG_OOB) == 1);
}

static void
step_udp(char **args)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in addr;

	loopback(&addr);
	need(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	nonblocking(fd);
	*fd_of(args[1]) = fd;
}

static void
step_udpto(char **args)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	need(getsockname(*fd_of(args[2]), (struct sockaddr *)&addr, &len) ==
	    0);
	need(connect(*fd_of(args[1]), (struct sockaddr *)&addr, len) == 0);
}

/* A FIFO in the current directory. */
#define FIFO	"recorded.fifo"

static void
step_rmfifo(char **args)
{
	(void)args;
	need(unlink(FIFO) == 0);
}

static int
open_fifo(int mode)
{
	int fd = open(FIFO, mode | O_NONBLOCK);

	need(fd >= 0);
	return fd;
}

static void
step_mkfifo(char **args)
{
	(void)unlink(FIFO);
	need(mkfifo(FIFO, 0600) == 0);
	*fd_of(args[1]) = open_fifo(O_RDONLY);
	*fd_of(args[2]) = open_fifo(O_WRONLY);
	if (pipe_size != 0)
		need(fcntl(*fd_of(args[2]), F_SETPIPE_SZ, pipe_size) >= 0);
}

/* reopen A r|w */
static void
step_reopen(char **args)
{
	*fd_of(args[1]) = open_fifo(*args[2] == 'r' ? O_RDONLY : O_WRONLY);
}

static void
step_pty(char **args)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	need(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
	nonblocking(fd);
	*fd_of(args[1]) = fd;
	fd = open(ptsname(fd), O_RDWR | O_NOCTTY | O_NONBLOCK);
	need(fd >= 0);
	*fd_of(args[2]) = fd;
}

static void
step_open(char **args)
{
	need((*fd_of(args[1]) = open(args[2], O_RDWR)) >= 0);
}

static void
step_regular(char **args)
{
	FILE *file = tmpfile();

	need(file != NULL && (*fd_of(args[1]) = dup(fileno(file))) >= 0);
	need(fclose(file) == 0);
}

/* Loopback is quicker here, but the fake's clock must get on. */
static void
step_sleep(char **args)
{
	nap(atoi(args[1]) / 8);
	fake_kqueue_pass(atoi(args[1]));
}

/* What the other object says is not of the kqueue. */
static void
step_nothing(char **args)
{
	(void)args;
}

int
same_number(const char *want, long long got)
{
	if (*want == '*')
		return 1;
	if (*want == '+')
		return got > 0;
	return got == strtoll(want, NULL, 10);
}

int
same_fflags(const char *want, unsigned int got)
{
	const struct name *error = find(errors, want);

	return got == (error != NULL ? error->value :
	    (unsigned int)strtoul(want, NULL, 16));
}

void
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

void
end_case(void)
{
	int i;

	for (i = 0; i < 26; i++) {
		if (fds[i] > 0)
			(void)close(fds[i]);	/* most are closed */
		fds[i] = -1;
	}
}

void
begin_case(const char *name)
{
	end_case();
	need((kq = kqueue()) >= 0);
	fds['k' - 'a'] = kq;
	(void)snprintf(steps, sizeof(steps), "%s", name);
}

static const struct verb {
	const char	*name;
	void		(*run)(char **);
} table[] = {
	{ "accept",	step_accept },
	{ "backlog",	step_listen },
	{ "close",	step_close },
	{ "connect",	step_connect },
	{ "dpair",	step_dpair },
	{ "drain",	step_drain },
	{ "dup",	step_dup },
	{ "fill",	step_fill },
	{ "kqueue",	step_kqueue },
	{ "later",	step_later },
	{ "listen",	step_listen },
	{ "many",	step_many },
	{ "mkfifo",	step_mkfifo },
	{ "note",	step_nothing },
	{ "on",	step_on },
	{ "oob",	step_oob },
	{ "open",	step_open },
	{ "pair",	step_pair },
	{ "pipe",	step_pipe },
	{ "probe",	step_nothing },
	{ "pty",	step_pty },
	{ "read",	step_read },
	{ "refused",	step_refused },
	{ "regular",	step_regular },
	{ "reopen",	step_reopen },
	{ "reset",	step_reset },
	{ "rmfifo",	step_rmfifo },
	{ "shut",	step_shut },
	{ "shutrd",	step_shut },
	{ "shutrw",	step_shut },
	{ "shutwr",	step_shut },
	{ "size",	step_size },
	{ "sleep",	step_sleep },
	{ "sndbuf",	step_sndbuf },
	{ "socket",	step_socket },
	{ "stat",	step_nothing },
	{ "truth",	step_nothing },
	{ "udp",	step_udp },
	{ "udpto",	step_udpto },
	{ "write",	step_write },
};

int
run_verb(char **args)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, args[0]) == 0) {
			table[i].run(args);
			return 1;
		}
	}
	return 0;
}
