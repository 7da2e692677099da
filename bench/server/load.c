/*
 * A load for the servers of the benchmark: a number of connections, each of
 * which sends, waits for the whole answer, checks it, and sends again.
 *
 *	load [-c connections] [-s size | -p depth] [-n count | -t ms]
 *	    address:port
 *
 * The load sends "size" bytes to an echo server, or "depth" requests in one
 * piece to an HTTP server, "count" times in all or for "ms" milliseconds, after
 * a tenth of that time that does not count.  It prints a line for run.sh:
 * requests, seconds, the percentiles 50, 99 and 99.9 of the latencies in
 * microseconds, and requests including those that do not count.  A wrong answer
 * ends the load.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNS		4096
#define SIZE_MAX_SENT	65536
#define VARIETY		4096		/* different bytes to begin with */
#define NEVENTS		512

#define BODY		"Hello, world!\n"
#define OK		"HTTP/1.1 200 OK\r\n"

/* Logarithmic, like HdrHistogram: each power of two has 256 parts. */
#define PARTS		256
#define PARTS_SHIFT	8
#define POWERS		40

struct conn {
	int		 fd;
	const char	*msg;		/* the message, and how much was sent */
	size_t		 sent;
	size_t		 got;
	uint64_t	 began;
	char		 in[SIZE_MAX_SENT];
};

static struct {
	size_t		 nconns;
	size_t		 size;
	size_t		 depth;		/* 0: echo */
	long		 count;		/* to be sent, or -1 */
	uint64_t	 ms;
	size_t		 answer;	/* the length of one */
	char		 sent[SIZE_MAX_SENT + VARIETY];
} work = { 1, 64, 0, -1, 1000, 0, "" };

static struct conn *conns;
static int epfd;
static long outstanding, started, finished;
static uint64_t counts_from, counts_until;	/* the time that counts */
static uint64_t histogram[POWERS * PARTS];

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Small values have a place each, larger ones share by their high eight bits. */
static size_t
place(uint64_t ns)
{
	unsigned int power = 0;

	while (ns >> power >= 2 * PARTS)
		power++;
	if (power == 0)
		return (size_t)ns;
	return power * PARTS + (size_t)(ns >> power);
}

/* The middle of the values of a place. */
static double
value(size_t at)
{
	unsigned int power = at < 2 * PARTS ? 0 :
	    (unsigned int)(at >> PARTS_SHIFT) - 1;
	uint64_t low = (uint64_t)(at - power * PARTS) << power;

	return (double)low + (double)(((uint64_t)1 << power) - 1) / 2;
}

/* In microseconds. */
static double
percentile(double percent)
{
	double want = (double)finished * percent / 100;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < POWERS * PARTS; i++) {
		sum += histogram[i];
		if (sum > 0 && (double)sum >= want)
			return value(i) / 1000;
	}
	errx(1, "no requests");
}

static void
record(const struct conn *conn, uint64_t at)
{
	long each = work.depth > 0 ? (long)work.depth : 1;

	if (conn->began < counts_from)
		return;
	if (at > counts_until) {
		if (finished > 0)
			return;
		counts_until = at;	/* even the first took longer */
	}
	histogram[place(at - conn->began)] += (uint64_t)each;
	finished += each;
}

static size_t
wanted(void)
{
	return work.depth > 0 ? work.depth * work.answer : work.size;
}

static void
flush(struct conn *conn)
{
	ssize_t n;

	while (conn->sent < work.size) {
		n = send(conn->fd, conn->msg + conn->sent,
		    work.size - conn->sent, MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			err(1, "send");
		conn->sent += (size_t)n;
	}
}

/* Each message differs from those before and beside it. */
static void
begin(struct conn *conn, uint64_t at)
{
	if (work.count != -1 ? started >= work.count :
	    at >= counts_until && finished > 0)
		return;
	if (work.depth == 0)
		conn->msg = work.sent + (started * 61) % VARIETY;
	else
		conn->msg = work.sent;
	started++;
	outstanding++;
	conn->sent = conn->got = 0;
	conn->began = at;
	flush(conn);
}

static void
check(const struct conn *conn)
{
	const char *end = conn->in + conn->got;
	size_t i;

	if (work.depth == 0 && memcmp(conn->in, conn->msg, work.size) != 0)
		errx(1, "these are not the bytes that were sent");
	for (i = 0; i < work.depth; i++) {
		if (memcmp(end - work.answer, OK, strlen(OK)) != 0 ||
		    memcmp(end - strlen(BODY), BODY, strlen(BODY)) != 0)
			errx(1, "not the answer: %.*s", (int)conn->got,
			    conn->in);
		end -= work.answer;
	}
}

/* Until EAGAIN or a short read, since the events are edges. */
static void
conn_event(struct conn *conn)
{
	size_t room, want = wanted();
	ssize_t n;
	uint64_t at;

	flush(conn);
	do {
		room = sizeof(conn->in) - conn->got;
		n = read(conn->fd, conn->in + conn->got, room);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			err(1, "read");
		if (n == 0)
			errx(1, "the server closed");
		conn->got += (size_t)n;
		if (conn->got < want)
			continue;
		if (conn->got > want)
			errx(1, "more came than was sent");
		at = now();
		outstanding--;
		check(conn);
		record(conn, at);
		begin(conn, at);
	} while ((size_t)n == room);
}

static void
parse_address(struct sockaddr_in *addr, const char *text)
{
	char host[INET_ADDRSTRLEN];
	size_t len = strcspn(text, ":");

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	if (len >= sizeof(host) || text[len] != ':')
		errx(1, "%s: no address:port", text);
	memcpy(host, text, len);
	host[len] = '\0';
	addr->sin_port = htons((in_port_t)atoi(text + len + 1));
	if (inet_pton(AF_INET, host, &addr->sin_addr) != 1)
		errx(1, "%s: no address", host);
}

static int
connect_to(const struct sockaddr_in *addr)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == -1)
		err(1, "connect");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		err(1, "TCP_NODELAY");
	return fd;
}

/* Measures the length of a response by one request; all responses have it. */
static void
measure_response(const struct sockaddr_in *addr, const char *host)
{
	int fd = connect_to(addr);
	size_t i, len, got = 0;
	char text[1024];
	ssize_t n;

	len = (size_t)snprintf(work.sent, sizeof(work.sent),
	    "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	if (send(fd, work.sent, len, MSG_NOSIGNAL) != (ssize_t)len)
		err(1, "send");
	while (got < strlen(BODY) ||
	    memcmp(text + got - strlen(BODY), BODY, strlen(BODY)) != 0) {
		n = read(fd, text + got, sizeof(text) - got);
		if (n <= 0)
			errx(1, "no answer: %.*s", (int)got, text);
		got += (size_t)n;
	}
	close(fd);
	work.answer = got;
	for (i = 1; i < work.depth; i++)
		memcpy(work.sent + i * len, work.sent, len);
	work.size = work.depth * len;
	if (wanted() >= sizeof(conns->in))
		errx(1, "-p: too many");
}

/* The bytes for an echo server, without a pattern that could hide a mistake. */
static void
fill(void)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < sizeof(work.sent); i++) {
		x = x * 1664525 + 1013904223;
		work.sent[i] = (char)(x >> 24);
	}
}

static void
open_all(const struct sockaddr_in *addr)
{
	struct epoll_event event;
	size_t i;

	conns = calloc(work.nconns, sizeof(*conns));
	if (conns == NULL || (epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "setup");
	for (i = 0; i < work.nconns; i++) {
		struct conn *conn = &conns[i];

		conn->fd = connect_to(addr);
		event.events = EPOLLIN | EPOLLOUT | EPOLLET;
		event.data.ptr = conn;
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, conn->fd, &event) == -1)
			err(1, "epoll_ctl");
	}
}

static void
set_nonblocking(void)
{
	size_t i;

	for (i = 0; i < work.nconns; i++) {
		int on = 1;

		if (ioctl(conns[i].fd, FIONBIO, &on) == -1)
			err(1, "FIONBIO");
	}
}

/*
 * With -n the server's work is counted: let it finish what came before.
 */
static void
settle(void)
{
	struct timespec ts = { 0, 100000000 };

	if (work.count != -1)
		(void)nanosleep(&ts, NULL);	/* no signal is caught */
}

static void
run(void)
{
	struct epoll_event events[NEVENTS];
	uint64_t start = now();
	size_t i;
	int n;

	counts_from = work.count == -1 ? start + work.ms * 100000 : start;
	counts_until = work.count == -1 ? counts_from + work.ms * 1000000 :
	    UINT64_MAX;
	for (i = 0; i < work.nconns; i++)
		begin(&conns[i], now());
	while (outstanding > 0) {
		if ((n = epoll_wait(epfd, events, NEVENTS, 10000)) == -1)
			err(1, "epoll_wait");
		if (n == 0)
			errx(1, "no answer in ten seconds");
		while (n-- > 0)
			conn_event(events[n].data.ptr);
	}
	if (work.count != -1)
		counts_until = now();
}

static long
number(const char *text, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n < 1 || n > max || *end != '\0')
		errx(1, "%s: not in 1 to %ld", text, max);
	return n;
}

static void
options(int argc, char *argv[])
{
	int opt;

	while ((opt = getopt(argc, argv, "c:n:p:s:t:")) != -1) {
		switch (opt) {
		case 'c':
			work.nconns = (size_t)number(optarg, CONNS);
			break;
		case 'n':
			work.count = number(optarg, 100000000);
			break;
		case 'p':
			work.depth = (size_t)number(optarg, 256);
			break;
		case 's':
			work.size = (size_t)number(optarg, SIZE_MAX_SENT - 1);
			break;
		case 't':
			work.ms = (uint64_t)number(optarg, 1000000);
			break;
		default:
			optind = argc;
		}
	}
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in addr;

	options(argc, argv);
	if (argc - optind != 1)
		errx(1, "usage: load [-c connections] [-s size | -p depth] "
		    "[-n count | -t ms] address:port");
	parse_address(&addr, argv[optind]);
	if (work.depth > 0)
		measure_response(&addr, argv[optind]);
	else
		fill();
	settle();
	open_all(&addr);
	set_nonblocking();
	settle();
	run();
	printf("load\t%ld\t%.6f\t%.1f\t%.1f\t%.1f\t%ld\n", finished,
	    (double)(counts_until - counts_from) / 1e9, percentile(50),
	    percentile(99), percentile(99.9),
	    work.depth > 0 ? started * (long)work.depth : started);
	return 0;
}
