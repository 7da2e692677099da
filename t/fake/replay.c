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

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "steps.h"

#define WORDS	40

static int blind;		/* the host hides acknowledgements */

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

/* poll: the events must be those that were observed, in the same order. */

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

/*
 * Polls until so many events have come.  The systems' networks replied within
 * the call; this one's may be late, so it is polled again.
 */
#define ROOM	16

static unsigned int
collect(struct kevent *events, unsigned int due)
{
	struct timespec moment = { 0, 20000000 };
	unsigned int total = 0;
	int n, tries;

	for (tries = 0; tries < 250 * tap_slow(); tries++) {
		n = kevent(kq, NULL, 0, events + total, ROOM - (count)total,
		    is_later() ? NULL : &moment);
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
	wait_for_later();
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

static const struct step {
	const char	*name;
	void		(*run)(char **);
} table[] = {
	{ "change",	step_change },
	{ "fill",	step_fill },
	{ "poll",	step_poll },
	{ "read",	step_read },
	{ "receipts",	step_receipts },
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
	if (strcmp(args[0], "case") == 0) {
		begin_case(args[1]);
		return;
	}
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, args[0]) == 0) {
			table[i].run(args);
			return;
		}
	}
	if (!run_verb(args))
		tap_bail("line %d: unknown step %s", line_number, args[0]);
}

int
main(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096], line[512];
	FILE *file;

	tap_start();
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
