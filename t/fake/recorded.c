/*
 * Repeats what was recorded on real kernels, t/fake/observed, on the fake, and
 * compares each event and each refused change.  The fake is linked in as one
 * of the systems, and fake_kqueue_variant is its name.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * A recording is a file of steps, and what each of its lines gave on a system:
 * CASE:LINE STEP: RESULT.  t/fake/observed/README has the format.  What
 * poll(2), read(2), write(2), fstat(2) and fpathconf(2) returned is in the
 * recordings as well, but is not the kqueue's.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorded.h"

#define ROOM	16
#define LINES	4096

static const struct recording {
	const char	*variant, *system;
	const char	*steps;		/* NULL: the recording has the steps */
	const char	*quirk;		/* this version doesn't have it */
	int		 now;		/* connect(2) returns the result */
} recordings[] = {
	{ "freebsd", "seq1.freebsd-12.3", "seq1", NULL, 1 },
	{ "freebsd", "seq1.freebsd-13", "seq1", NULL, 0 },
	{ "freebsd", "seq2.freebsd-12.3", "seq2", NULL, 1 },
	{ "freebsd", "seq2.freebsd-13", "seq2", NULL, 0 },
	{ "freebsd", "seq3.freebsd-12.3", "seq3", NULL, 1 },
	{ "freebsd", "steps-freebsd.freebsd-12.3", NULL, NULL, 1 },
	{ "freebsd", "steps-netbsd.freebsd-12.3", NULL, NULL, 1 },
	{ "freebsd", "race-2cpu.freebsd-12.3", "race-2cpu", NULL, 1 },
	{ "netbsd", "seq1.netbsd-7.99", "seq1", NULL, 0 },
	{ "netbsd", "seq2.netbsd-7.99", "seq2", NULL, 0 },
	{ "netbsd10", "seq1.netbsd-11", "seq1", NULL, 0 },
	{ "netbsd10", "seq2.netbsd-11", "seq2", NULL, 0 },
	{ "netbsd10", "seq3.netbsd-11", "seq3", NULL, 0 },
	{ "netbsd10", "steps-freebsd.netbsd-11", NULL, NULL, 0 },
	{ "netbsd10", "steps-netbsd.netbsd-11", NULL, NULL, 0 },
	{ "netbsd10", "race-2cpu.netbsd-11", "race-2cpu", NULL, 0 },
	{ "openbsd", "seq1.openbsd-7.6", "seq1", "user", 0 },
	{ "openbsd", "seq2.openbsd-7.6", "seq2", "user", 0 },
	{ "openbsd", "seq3.openbsd-7.6", "seq3", "user", 0 },
	{ "openbsd", "race-2cpu.openbsd-7.6", "race-2cpu", "user", 0 },
	{ "openbsd", "steps-freebsd.openbsd-7.6", NULL, "user", 0 },
	{ "openbsd", "steps-netbsd.openbsd-7.6", NULL, "user", 0 },
};

/*
 * What the recorded system's clock did between two steps: so many milliseconds
 * passed before this line, for the acknowledgement that came, or too few (0)
 * for the network to deliver before the end of the case.
 */
static const struct pass {
	const char	*system;
	int		 line, ms;
} passes[] = {
	{ "steps-freebsd.freebsd-12.3",	173, 100 },
	{ "steps-freebsd.freebsd-12.3",	177, 100 },
	{ "steps-freebsd.netbsd-11",	214, 0 },
};

static char expected[LINES][256];	/* by line; "": nothing */
static const char *system_name;
static int connects_now;	/* connect(2) has returned the result */
static int strict;		/* with flags that only repeat the change */
static int steps_run, differ, differ_before;

/* The result of a step, of which the recording has another. */
void
differs(const char *format, const char *got)
{
	differ++;
	tap_diag("%s, %s, line %d: recorded: %s", system_name, steps,
	    line_number, format);
	tap_diag("    got: %s", got);
}

/* Splits at spaces and commas; returns the number of words. */
int
split(char *text, char **words)
{
	char *rest;
	int n = 0;

	for (words[0] = strtok_r(text, " ,\n", &rest); words[n] != NULL &&
	    n < WORDS - 1; words[n] = strtok_r(NULL, " ,\n", &rest))
		n++;
	words[n] = NULL;
	return n;
}

/*
 * Numbers from 1000, and negative ones, depend on the sizes of buffers and on
 * what a system counts in them.
 */
static int
same_data(const char *want, long long got)
{
	if (*want == '-')
		return 1;
	if (*want != '+' && *want != '*' && atoi(want) >= 1000)
		return got > 0;
	return same_number(want, got);
}

static int
same_ident(const char *want, uintptr_t got)
{
	if (strcmp(want, "#") == 0)
		return 1;
	if (*want == '#')
		return got == strtoul(want + 1, NULL, 10);
	return got == (uintptr_t)*fd_of(want);
}

#define REPEATED	(EV_ADD | EV_ENABLE | EV_RECEIPT)

int
same_event(const struct kevent *event, char **want)
{
	unsigned int ignored = strict ? 0 : REPEATED;
	struct kevent kev;

	set(&kev, "#0", want[1], 0);
	return same_ident(want[0], event->ident) &&
	    event->filter == kev.filter && (event->flags & ~ignored) ==
	    (strtoul(want[2], NULL, 16) & ~(unsigned long)ignored) &&
	    same_fflags(want[3], event->fflags) &&
	    same_data(want[4], (long long)event->data) &&
	    udata(event) == strtoul(want[5], NULL, 10);
}

/* Events of one look: in their order, or sorted by who wrote them down. */
static int
same_events(const struct kevent *events, int n, char **want)
{
	int taken[ROOM] = { 0 }, i, j;

	for (i = 0; i < n; i++) {
		for (j = strict ? i : 0; j < n; j++) {
			if (!taken[j] && same_event(&events[j], want + 6 * i))
				break;
			if (strict)
				return 0;
		}
		if (j == n)
			return 0;
		taken[j] = 1;
	}
	return 1;
}

static int
format_event(char *text, size_t size, const struct kevent *event)
{
	char what = '#';
	int i;

	for (i = 0; i < 26; i++) {
		if (event->ident > 2 && fds[i] == (int)event->ident)
			what = (char)('a' + i);
	}
	return snprintf(text, size, " %c %s %x %x %lld %lu", what,
	    event->filter == EVFILT_READ ? "READ" :
	    event->filter == EVFILT_WRITE ? "WRITE" : "OTHER",
	    (unsigned int)event->flags, (unsigned int)event->fflags,
	    (long long)event->data, udata(event));
}

static void
compare_events(const struct kevent *events, int n, const char *want)
{
	char copy[256], got[1024] = "poll", *words[WORDS];
	int due, i, same, used = 4;

	(void)snprintf(copy, sizeof(copy), "%s", want);
	due = (split(copy, words) - 1) / 6;
	same = n == due && same_events(events, n, words + 1);
	for (i = 0; i < n; i++) {
		used += format_event(got + used, sizeof(got) - (size_t)used,
		    &events[i]);
	}
	if (!same)
		differs(want, got);
}

/* How many events does this line announce? */
static int
events_of(const char *want)
{
	char copy[256], *words[WORDS];

	(void)snprintf(copy, sizeof(copy), "%s", want);
	return (split(copy, words) - 1) / 6;
}

/* Looks once; looks again, for a moment, if there is less than there should. */
static int
look(struct kevent *events, int due)
{
	struct timespec none = { 0, 0 };
	int n = 0, got, tries;

	for (tries = 0; tries < 40; tries++) {
		got = kevent(kq, NULL, 0, events + n, (count)(ROOM - n),
		    is_later() && due > 0 ? NULL : &none);
		need(got >= 0);
		if ((n += got) >= due)
			break;
		nap(5);
	}
	wait_for_later();
	return n;
}

static void
do_poll(char **args, const char *want)
{
	struct kevent events[ROOM];

	(void)args;
	if (*want == '\0')
		return;		/* the recording ended before */
	compare_events(events, look(events, events_of(want)), want);
}

/* change WHAT FILTER FLAGS FFLAGS DATA UDATA */
int
make_change(char **args)
{
	struct kevent kev;

	set(&kev, args[1], args[2], flags_of(args[3]));
	kev.fflags = flags_of(args[4]);
	kev.data = atoi(args[5]);
	set_udata(&kev, strtoul(args[6], NULL, 10));
	return kevent(kq, &kev, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

/* The recording's words for errors. */
int
errno_of(const char *words)
{
	static const struct { const char *words; int number; } table[] = {
		{ "ok",				0 },
		{ "Bad file descriptor",	EBADF },
		{ "Broken pipe",		EPIPE },
		{ "Invalid argument",		EINVAL },
		{ "No such file or directory",	ENOENT },
		{ "Operation not permitted",	EPERM },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].words, words) == 0)
			return table[i].number;
	}
	return error_of(words);
}

static void
do_change(char **args, const char *want)
{
	const char *result = strstr(want, ": ");
	int error = make_change(args);

	if (error != errno_of(result != NULL ? result + 2 : "ok"))
		differs(want, strerror(error));
}

static int
looks(int n)
{
	struct kevent events[ROOM];
	int i, found = 0;

	for (i = 0; i < n; i++)
		found += look(events, 0) > 0;
	return found;
}

/* The number after this text. */
int
number_after(const char *text, const char *before)
{
	const char *found = strstr(text, before);

	return found != NULL ? atoi(found + strlen(before)) : -1;
}

void
compare_number(int got, int want, const char *line)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%d", got);
	if (got != want)
		differs(line, text);
}

static void
do_looks(char **args, const char *want)
{
	compare_number(looks(atoi(args[1])), number_after(want, "told "), want);
}

static void
do_spin(char **args, const char *want)
{
	int i, found = 0;

	for (i = 0; i < atoi(args[2]); i++) {
		(void)read(*fd_of(args[1]), buf, 1);
		found += looks(1);
	}
	compare_number(found, number_after(want, "told again "), want);
}

/* trigger #N UDATA: refused where there is no EVFILT_USER. */
static void
do_trigger(char **args, const char *want)
{
	char *change[] = { args[0], args[1], NULL, NULL, NULL, NULL, args[2] };
	char filter[] = "USER", zero[] = "0", trigger[] = "TRIGGER";
	int error;

	change[2] = filter;
	change[3] = zero;
#ifdef EVFILT_USER
	change[4] = trigger;
#else
	change[4] = zero;
	(void)trigger;
#endif
	change[5] = zero;
	error = make_change(change);
	if (error != (strstr(want, "no EVFILT_USER") != NULL ? EINVAL : 0))
		differs(want, strerror(error));
}

/* receipts WHAT FILTER ERROR|0 WHAT FILTER ERROR|0 */
static void
do_receipts(char **args, const char *want)
{
	struct kevent changes[2], events[2];
	struct timespec none = { 0, 0 };
	int i, right;

	(void)want;
	for (i = 0; i < 2; i++)
		set(&changes[i], args[1 + 3 * i], args[2 + 3 * i],
		    EV_ADD | EV_RECEIPT);
	right = kevent(kq, changes, 2, events, 2, &none) == 2;
	for (i = 0; i < 2 && right; i++)
		right = events[i].flags == EV_ERROR && events[i].data ==
		    (*args[3 + 3 * i] == '0' ? 0 : error_of(args[3 + 3 * i]));
	if (!right)
		differs("receipts", "others");
}

static const struct step {
	const char	*name;
	void		(*run)(char **, const char *);
} table[] = {
	{ "change",	do_change },
	{ "closerace",	do_closerace },
	{ "gather",	do_gather },
	{ "looks",	do_looks },
	{ "poll",	do_poll },
	{ "race",	do_race },
	{ "receipts",	do_receipts },
	{ "spin",	do_spin },
	{ "trigger",	do_trigger },
	{ "waiters",	do_waiters },
};

static void
finish_case(void)
{
	if (line_number > 0 && *steps != '\0')
		is(differ - differ_before, 0, "%s, %s: steps that differ",
		    system_name, steps);
	differ_before = differ;
	fake_kqueue_hold(0);
	end_case();
}

/*
 * connect(2) has returned what became of the connection, and so no error is
 * left for the socket.
 */
static void
finish_connect(const char *what)
{
	int error;
	socklen_t len = sizeof(error);

	need(getsockopt(*fd_of(what), SOL_SOCKET, SO_ERROR, &error, &len) == 0);
}

static void
run(char *line, const char *want)
{
	char *args[WORDS + 1] = { NULL };
	size_t i;

	if (split(line, args) == 0 || args[0][0] == '#')
		return;
	if (strcmp(args[0], "case") == 0) {
		finish_case();
		begin_case(args[1]);
		return;
	}
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, args[0]) == 0) {
			steps_run++;
			table[i].run(args, want);
			return;
		}
	}
	/* The size was the system's own. */
	if (strcmp(args[0], "size") == 0)
		return;
	if (!run_verb(args))
		tap_bail("line %d: unknown step %s", line_number, args[0]);
	if (connects_now && (strcmp(args[0], "connect") == 0 ||
	    strcmp(args[0], "refused") == 0))
		finish_connect(args[1]);
}

static FILE *
open_file(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/t/fake/observed/%s",
	    top != NULL ? top : ".", name);
	if ((file = fopen(path, "r")) == NULL)
		tap_bail("%s: can't read", path);
	return file;
}

/* CASE:LINE STEP: the step's text by its line. */
static void
read_results(const char *name)
{
	FILE *file = open_file(name);
	char line[512], *colon, *text;
	long number;

	memset(expected, 0, sizeof(expected));
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((colon = strchr(line, ':')) == NULL || line[0] == '#')
			continue;
		number = strtol(colon + 1, &text, 10);
		if (number > 0 && number < LINES && *text == ' ')
			(void)snprintf(expected[number],
			    sizeof(expected[number]), "%s", text + 1);
	}
	need(fclose(file) == 0);
}

/* A recording with its steps has a change's error as its last word. */
static void
expect_here(const char *line)
{
	char copy[512], *words[WORDS + 1];
	int n;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	n = split(copy, words);
	if (n == 8 && strcmp(words[0], "change") == 0)
		(void)snprintf(expected[line_number],
		    sizeof(expected[line_number]), "change: %s", words[7]);
	else
		(void)snprintf(expected[line_number],
		    sizeof(expected[line_number]), "%.*s",
		    (int)strcspn(line, "\n"), line);
}

static void
pass(void)
{
	size_t i;

	for (i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		if (strcmp(passes[i].system, system_name) != 0 ||
		    passes[i].line != line_number)
			continue;
		fake_kqueue_pass(passes[i].ms);
		fake_kqueue_hold(passes[i].ms == 0);
	}
}

static void
replay(const struct recording *recording)
{
	FILE *file;
	char line[512];

	system_name = recording->system;
	strict = recording->steps == NULL;
	connects_now = recording->now;
	if (recording->quirk != NULL)
		need(fake_kqueue_quirk(recording->quirk, 0) >= 0);
	if (!strict)
		read_results(recording->system);
	file = open_file(strict ? recording->system : recording->steps);
	line_number = 0;
	*steps = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		need(++line_number < LINES);
		if (strict)
			expect_here(line);
		pass();
		run(line, expected[line_number]);
	}
	finish_case();
	need(fclose(file) == 0);
}

int
main(int argc, char **argv)
{
	size_t i;

	tap_start();
	/* FreeBSD's grow to 64 KB, as here. */
	if (strcmp(fake_kqueue_variant, "freebsd") != 0)
		pipe_size = 16384;
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* The steps must decide when an ACK comes, and not a clock. */
	need(fake_kqueue_quirk("ack_timer", 0) >= 0);
	for (i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
		const struct recording *my = &recordings[i];

		if (strcmp(my->variant, fake_kqueue_variant) != 0 ||
		    (argc > 1 && strcmp(argv[1], my->system) != 0))
			continue;
		steps_run = differ = differ_before = 0;
		replay(my);
		tap_diag("%s: %d steps, %d differ", my->system, steps_run,
		    differ);
	}
	return tap_done();
}
