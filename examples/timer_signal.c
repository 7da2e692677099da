/*
 * timer_signal: timers and signals as sources, beside sockets.
 *
 *	timer_signal [ticks [milliseconds]]	5 ticks, 1000 ms apart
 *
 * The program prints each tick and exits after the last one, or at SIGINT or
 * SIGTERM.
 *
 * timerfd and signalfd exist on Linux and illumos only.  kqueue has
 * EVFILT_TIMER and EVFILT_SIGNAL instead: add these filters to a separate
 * kqueue, and make the descriptor of that kqueue the source.  All systems
 * support the timeout of mio_poll(), and a signal handler that calls
 * mio_waker_wake() as tcp_echo.c does.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#include <signal.h>		/* on illumos before <sys/signalfd.h> */
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mio.h>

#define TOKEN_TIMER	((mio_token)0)
#define TOKEN_SIGNALS	((mio_token)1)
#define NEVENTS		2

struct ticker {
	struct mio_poller *poller;
	struct mio_source timer;
	struct mio_source signals;
	uint64_t	 ticks;		/* so far */
	uint64_t	 last;
};

static void
fatal(const char *what)
{
	fprintf(stderr, "timer_signal: %s: %s\n", what, mio_strerror(errno));
	exit(1);
}

static void
watch(struct ticker *ticker, struct mio_source *source, int fd,
    mio_token token, const char *what)
{
	if (fd == -1 || mio_source_from_fd(source, fd) == -1 ||
	    mio_register(ticker->poller, source, token, MIO_READABLE) == -1)
		fatal(what);
}

static void
start_timer(struct ticker *ticker, uint64_t msec)
{
	struct itimerspec its;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	watch(ticker, &ticker->timer, fd, TOKEN_TIMER, "timerfd");
	its.it_interval.tv_sec = (time_t)(msec / 1000);
	its.it_interval.tv_nsec = (long)(msec % 1000) * 1000000;
	its.it_value = its.it_interval;
	if (timerfd_settime(fd, 0, &its, NULL) == -1)
		fatal("timerfd_settime");
}

/*
 * A blocked signal stays pending until the descriptor is read.  A program with
 * threads must block the signals before it creates the first thread.
 */
static void
take_signals(struct ticker *ticker)
{
	sigset_t set;

	if (sigemptyset(&set) == -1 || sigaddset(&set, SIGINT) == -1 ||
	    sigaddset(&set, SIGTERM) == -1 ||
	    sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		fatal("sigprocmask");
	watch(ticker, &ticker->signals,
	    signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), TOKEN_SIGNALS,
	    "signalfd");
}

/*
 * Each read returns the number of expirations since the last read, which is
 * more than one if the program was late.  The next read fails with EAGAIN, and
 * the next event follows only then.
 */
static void
on_timer(struct ticker *ticker)
{
	uint64_t n;

	while (ticker->ticks < ticker->last) {
		if (mio_source_read(&ticker->timer, &n, sizeof(n)) == -1) {
			if (errno != EAGAIN)
				fatal("timer");
			return;
		}
		if (n > ticker->last - ticker->ticks)
			n = ticker->last - ticker->ticks;
		ticker->ticks += n;
		printf("tick %" PRIu64 "\n", ticker->ticks);
	}
}

/* Returns 1 if a signal has arrived, and 0 if not. */
static int
on_signal(struct ticker *ticker)
{
	struct signalfd_siginfo info;

	if (mio_source_read(&ticker->signals, &info, sizeof(info)) == -1) {
		if (errno != EAGAIN)
			fatal("signals");
		return 0;
	}
	printf("%s from process %" PRIu32 "\n",
	    info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM", info.ssi_pid);
	return 1;
}

static void
run(struct ticker *ticker)
{
	struct mio_event events[NEVENTS];
	int i, n, stop = 0;

	while (!stop && ticker->ticks < ticker->last) {
		n = mio_poll(ticker->poller, events, NEVENTS, MIO_FOREVER);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_TIMER)
				on_timer(ticker);
			else
				stop = on_signal(ticker);
		}
	}
}

static uint64_t
number(const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    value == 0) {
		fprintf(stderr, "timer_signal: %s: not a number above 0\n",
		    text);
		exit(1);
	}
	return value;
}

int
main(int argc, char *argv[])
{
	struct ticker ticker = { 0 };
	uint64_t msec;

	if (argc > 3) {
		fprintf(stderr, "usage: timer_signal [ticks [milliseconds]]\n");
		return 1;
	}
	ticker.last = argc > 1 ? number(argv[1]) : 5;
	msec = argc > 2 ? number(argv[2]) : 1000;

	/* Buffer by lines, also if the output is a file or a pipe. */
	if (setvbuf(stdout, NULL, _IOLBF, 0) != 0)
		fatal("setvbuf");
	if ((ticker.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	take_signals(&ticker);
	start_timer(&ticker, msec);
	run(&ticker);
	if (mio_source_close(&ticker.timer) == -1 ||
	    mio_source_close(&ticker.signals) == -1)
		fatal("close");
	mio_poller_free(ticker.poller);
	return ferror(stdout) != 0;
}
