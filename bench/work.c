/*
 * The workloads with one thread.  Each counts its events and checks the data
 * that it reads.  If an event is missing the program hangs, and the alarm in
 * main.c ends it.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <string.h>
#include <unistd.h>

#include "bench.h"

struct pair {
	int	here;		/* the end that the library watches */
	int	there;
};

static struct lib *lib;
static struct pair *pairs;
static size_t sources;
static int datagrams;		/* sources are read by lib_recv */
static size_t events;		/* received so far */
static unsigned char byte;	/* the last one sent */

static void
make_pair(struct pair *pair, size_t here, size_t there)
{
	int fds[2];

	lib_pair(lib, here, there, fds);
	pair->here = fds[0];
	pair->there = fds[1];
}

/* A byte arrives. */
static void
take(void *arg, size_t slot, unsigned int ready)
{
	unsigned char buf[8];

	(void)arg;
	MUST(slot < sources && (ready & ON_READ) != 0);
	MUST((datagrams ? lib_recv : lib_read)(lib, slot, pairs[slot].here,
	    buf, sizeof(buf)) == 1);
	MUST(buf[0] == byte);
	events++;
}

static void
give(size_t slot)
{
	MUST(write(pairs[slot].there, &byte, 1) == 1);
}

static void
expect(size_t n)
{
	while (events < n)
		lib_wait(lib, WAIT_FOREVER);
	MUST(events == n);
	events = 0;
}

static void
open_pairs(size_t n, bench_ready *ready)
{
	size_t i;

	sources = n;
	pairs = bench_zalloc(n, sizeof(*pairs));
	lib = lib_open(n, 0, ready, NULL);
	for (i = 0; i < n; i++)
		make_pair(&pairs[i], i, NO_SLOT);
}

/* Checks that no more events come than were expected. */
static void
stop(void)
{
	lib_wait(lib, WAIT_NOT);
	MUST(events == 0);
	lib_close(lib);
}

/* One byte back and forth: both ends are watched, with a wait for each hop. */

static void
hop(void *arg, size_t slot, unsigned int ready)
{
	unsigned char buf[8];
	int fd = slot == 0 ? pairs[0].here : pairs[0].there;

	(void)arg;
	MUST(slot < 2 && (ready & ON_READ) != 0);
	MUST(lib_read(lib, slot, fd, buf, sizeof(buf)) == 1);
	MUST(buf[0] == byte);
	byte++;
	MUST(lib_write(lib, slot, fd, &byte, 1) == 1);
	events++;
}

static void
pingpong_start(const struct row *row)
{
	(void)row;
	sources = 2;
	pairs = bench_zalloc(1, sizeof(*pairs));
	lib = lib_open(2, 0, hop, NULL);
	make_pair(&pairs[0], 0, 1);
	lib_add(lib, 0, pairs[0].here, ON_READ);
	lib_add(lib, 1, pairs[0].there, ON_READ);
	give(0);
}

static void
pingpong_step(void)
{
	expect(100);
}

/* The byte is still under way. */
static void
pingpong_stop(void)
{
	lib_close(lib);
}

/* 100 active of many. */

#define ACTIVE	100

static void
pairs_start(const struct row *row)
{
	size_t i;

	open_pairs(row->size, take);
	for (i = 0; i < sources; i++)
		lib_add(lib, i, pairs[i].here, ON_READ);
}

static void
fanin_step(void)
{
	size_t i;

	byte++;
	for (i = 0; i < ACTIVE; i++)
		give(i * (sources / ACTIVE));
	expect(ACTIVE);
}

/*
 * The event alone: all of many sources are ready, and an event is only looked
 * at.  If a library reports a source again before it is read, it counts once.
 */

static unsigned char *seen;

static void
look(void *arg, size_t slot, unsigned int ready)
{
	(void)arg;
	MUST(slot < sources && (ready & ON_READ) != 0);
	events += seen[slot] != byte;
	seen[slot] = byte;
}

static void
events_start(const struct row *row)
{
	size_t i;

	sources = row->size;
	pairs = bench_zalloc(sources, sizeof(*pairs));
	seen = bench_zalloc(sources, sizeof(*seen));
	lib = lib_open(sources, 0, look, NULL);
	for (i = 0; i < sources; i++) {
		MUST((pairs[i].here = eventfd(0, EFD_NONBLOCK |
		    EFD_CLOEXEC)) >= 0);
		lib_add(lib, i, pairs[i].here, ON_READ);
	}
}

static void
events_step(void)
{
	uint64_t one = 1;
	size_t i;

	byte = byte % 255 + 1;
	for (i = 0; i < sources; i++)
		MUST(write(pairs[i].here, &one, sizeof(one)) == sizeof(one));
	expect(sources);
	for (i = 0; i < sources; i++)
		MUST(read(pairs[i].here, &one, sizeof(one)) == sizeof(one));
}

/* One active of many: the first, with the same descriptor each time. */
static void
idle_step(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		byte++;
		give(0);
		expect(1);
	}
}

/* Many UDP sockets, of which one is bound and receives. */
static void
udp_start(const struct row *row)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	size_t i;

	sources = row->size;
	datagrams = 1;
	pairs = bench_zalloc(sources, sizeof(*pairs));
	lib = lib_open(sources, 0, take, NULL);
	for (i = 0; i < sources; i++)
		MUST((pairs[i].here = socket(AF_INET, type, 0)) >= 0);
	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(bind(pairs[0].here, (struct sockaddr *)&to, len) == 0);
	MUST(getsockname(pairs[0].here, (struct sockaddr *)&to, &len) == 0);
	MUST((pairs[0].there = socket(AF_INET, type, 0)) >= 0);
	MUST(connect(pairs[0].there, (struct sockaddr *)&to, len) == 0);
	for (i = 0; i < sources; i++)
		lib_add(lib, i, pairs[i].here, ON_READ);
}

/* Registrations.  Another source stays, because some loops end without one. */

static void
churn_start(const struct row *row)
{
	(void)row;
	open_pairs(2, take);
	lib_add(lib, 1, pairs[1].here, ON_READ);
}

static void
churn_step(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		lib_add(lib, 0, pairs[0].here, ON_READ);
		lib_remove(lib, 0, pairs[0].here);
	}
}

/* With waits, so that deferred calls reach the kernel. */
static void
churn_wait_step(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		lib_add(lib, 0, pairs[0].here, ON_READ);
		lib_wait(lib, WAIT_NOT);
		lib_remove(lib, 0, pairs[0].here);
		lib_wait(lib, WAIT_NOT);
	}
}

/* Checks that the last removal and an addition after it have had an effect. */
static void
churn_stop(void)
{
	give(0);
	lib_wait(lib, WAIT_NOT);
	MUST(events == 0);
	lib_add(lib, 0, pairs[0].here, ON_READ);
	expect(1);
	stop();
}

static void
reregister_start(const struct row *row)
{
	churn_start(row);
	lib_add(lib, 0, pairs[0].here, ON_READ);
}

static void
reregister_step(void)
{
	int i;

	for (i = 0; i < 50; i++) {
		lib_modify(lib, 0, pairs[0].here, ON_READ | ON_WRITE);
		lib_modify(lib, 0, pairs[0].here, ON_READ);
	}
}

static void
reregister_stop(void)
{
	give(0);
	expect(1);
	stop();
}

/*
 * One connection at a time: the server accepts and registers it, receives a
 * byte and returns it, sees end of file and closes.  The close of the client is
 * a reset, after the server has seen end of file, so that no TIME_WAIT state
 * fills the ports.
 */

enum { LISTENER, CONNECTION };

static struct sockaddr_in server;
static int listener, client, connection;
static int ended;

static void
serve(void)
{
	unsigned char buf[8];
	ptrdiff_t n;

	n = lib_read(lib, CONNECTION, connection, buf, sizeof(buf));
	if (n == 0) {
		ended = 1;
		return;
	}
	MUST(n == 1 && buf[0] == byte);
	MUST(lib_write(lib, CONNECTION, connection, buf, 1) == 1);
	events++;
}

static void
accept_ready(void *arg, size_t slot, unsigned int ready)
{
	int fd;

	(void)arg;
	MUST((ready & ON_READ) != 0);
	if (slot == CONNECTION) {
		serve();
		return;
	}
	MUST(slot == LISTENER);
	MUST((connection = lib_accept(lib, LISTENER, listener,
	    CONNECTION)) >= 0);
	lib_add(lib, CONNECTION, connection, ON_READ);
	/* With edges, accept until EAGAIN. */
	fd = lib_accept(lib, LISTENER, listener, CONNECTION + 1);
	MUST(fd == -1);
}

static void
accept_start(const struct row *row)
{
	const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	socklen_t len = sizeof(server);

	(void)row;
	lib = lib_open(3, 0, accept_ready, NULL);
	memset(&server, 0, sizeof(server));
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST((listener = socket(AF_INET, type, 0)) >= 0);
	MUST(bind(listener, (struct sockaddr *)&server, len) == 0);
	MUST(listen(listener, 16) == 0);
	MUST(getsockname(listener, (struct sockaddr *)&server, &len) == 0);
	lib_add(lib, LISTENER, listener, ON_READ);
}

static void
accept_step(void)
{
	const struct linger reset = { 1, 0 };
	unsigned char back = 0;

	byte++;
	MUST((client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
	MUST(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset,
	    sizeof(reset)) == 0);
	MUST(connect(client, (struct sockaddr *)&server, sizeof(server)) == 0);
	MUST(write(client, &byte, 1) == 1);
	expect(1);
	MUST(read(client, &back, 1) == 1 && back == byte);
	MUST(shutdown(client, SHUT_WR) == 0);
	for (ended = 0; !ended;)
		lib_wait(lib, WAIT_FOREVER);
	MUST(close(client) == 0);
	lib_shut(lib, CONNECTION, connection);
}

#define IDLE(n)	\
	{ "idle_" #n, n, 2 * n, 0, pairs_start, idle_step, 10, NULL, stop }

const struct row plain_rows[] = {
	{ "pingpong", 2, 4, 0, pingpong_start, pingpong_step, 100, NULL,
	    pingpong_stop },
	{ "fanin", 1000, 2000, 0, pairs_start, fanin_step, ACTIVE, NULL,
	    stop },
	{ "events", 1000, 1000, SEES_READS, events_start, events_step, 1000,
	    NULL, stop },
	IDLE(10),
	IDLE(1000),
	IDLE(9000),
	{ "udp_1000", 1000, 1001, 0, udp_start, idle_step, 10, NULL, stop },
	{ "udp_18000", 18000, 18001, 0, udp_start, idle_step, 10, NULL,
	    stop },
	{ "churn", 2, 4, LAZY_ADD, churn_start, churn_step, 100, NULL,
	    churn_stop },
	{ "churn_wait", 2, 4, LAZY_REMOVE, churn_start, churn_wait_step, 100,
	    NULL, churn_stop },
	{ "reregister", 2, 4, LAZY_MODIFY, reregister_start, reregister_step,
	    100, NULL, reregister_stop },
	{ "accept", 3, 8, 0, accept_start, accept_step, 1, NULL, stop },
	{ NULL, 0, 0, 0, NULL, NULL, 0, NULL, NULL }
};
