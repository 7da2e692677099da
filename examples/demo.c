/*
 * demo: a thousand connections, with both ends of each in one thread and on
 * one poller.
 *
 *	demo [-c connections] [-b bytes] [-s seed]
 *
 * An echo server and its clients exchange data over loopback.  When all
 * connections are open at the same time, each client sends a payload of random
 * length, up to the given number of bytes, in messages of random length.  A
 * client sends a message when the previous message has come back, and compares
 * every byte.  The program prints a summary, or exits with status 1 and the
 * reason: a wrong byte, a lost connection, or 30 seconds without progress.
 *
 * The seed determines all lengths and bytes, so a run that failed can be
 * repeated.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#else
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mio.h>

#define BUFFER		16384
#define NEVENTS		1024
#define CONNECTING	128		/* within the backlog of all systems */
#define MAX_CONNECTIONS	1000000
#define SPARE_FILES	32		/* other descriptors of the process */
#define NSEC_PER_SEC	INT64_C(1000000000)
#define PATIENCE	(30 * NSEC_PER_SEC)
#define REFRESH		(NSEC_PER_SEC / 10)

/*
 * Tokens are indices: the listener is 0, client i is 1 + i, and peer i, the
 * server's end of the connection accepted as number i, is 1 + count + i.
 */
#define TOKEN_LISTENER	((mio_token)0)

/* Bytes that wait for a direction to be ready: buf[head] to buf[tail - 1]. */
struct buffer {
	size_t		 head;
	size_t		 tail;
	unsigned char	 buf[BUFFER];
};

/* A pseudorandom stream of bytes that its seed determines. */
struct bytes {
	uint64_t	 state;		/* xorshift64*; never 0 */
	uint64_t	 word;
	unsigned int	 left;		/* unused bytes in word */
};

enum phase {
	PHASE_CONNECTING,
	PHASE_OPEN,
	PHASE_DONE
};

struct client {
	struct mio_source source;
	enum phase	 phase;
	unsigned int	 ready;		/* MIO_READABLE, MIO_WRITABLE */
	int		 shut;		/* writing has been shut down */
	uint64_t	 length;	/* bytes of the payload */
	uint64_t	 message;	/* offset of the message's end */
	uint64_t	 sent;
	uint64_t	 received;
	uint64_t	 sizes;		/* state that generates the lengths */
	struct bytes	 sending;
	struct bytes	 expected;
	struct buffer	 out;
	char		 name[64];	/* its local address as text */
};

/* The server's end of a connection. */
struct peer {
	struct mio_source source;
	unsigned int	 ready;
	int		 eof;		/* the client sends no more */
	struct buffer	 echo;
	char		 name[64];	/* the client's address */
};

struct demo {
	/* The options. */
	size_t		 count;
	uint64_t	 largest;
	uint64_t	 seed;

	struct mio_poller *poller;
	struct mio_source listener;
	struct sockaddr_storage addr;	/* the listener's address */
	mio_socklen	 addrlen;
	struct client	*clients;
	struct peer	*peers;

	size_t		 started;	/* clients that started to connect */
	size_t		 connected;	/* clients that are connected */
	size_t		 accepted;
	size_t		 done;		/* clients with a complete payload */
	size_t		 open;		/* connections open at the same time */

	uint64_t	 messages;
	uint64_t	 sent;
	uint64_t	 received;
	uint64_t	 events;
	uint64_t	 polls;
	int64_t		 begun;
	int64_t		 progress;	/* time of the last progress */
	int64_t		 refreshed;	/* time of the last show_progress() */
	int		 terminal;
};

#ifdef __GNUC__
#define PRINTF_LIKE	__attribute__((format(printf, 1, 2), noreturn))
#else
#define PRINTF_LIKE
#endif

static void fail(const char *, ...) PRINTF_LIKE;

/* Prints the reason of a failure and exits. */
static void
fail(const char *format, ...)
{
	va_list args;

	if (fflush(stdout) == EOF)
		perror("demo: standard output");
	fputs("demo: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void
fail_call(const char *call)
{
	fail("%s: %s", call, mio_strerror(errno));
}

/*
 * Systems differ in the clock and in the limit of descriptors.
 */

#ifdef _WIN32

static int64_t
now(void)
{
	LARGE_INTEGER ticks, each_second;

	/* These functions do not fail. */
	(void)QueryPerformanceFrequency(&each_second);
	(void)QueryPerformanceCounter(&ticks);
	return (int64_t)((double)ticks.QuadPart /
	    (double)each_second.QuadPart * 1e9);
}

/* Windows has no limit of descriptors. */
static void
raise_limit(const struct demo *demo)
{
	(void)demo;
}

#else

static int64_t
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fail_call("clock_gettime");
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* A connection needs two descriptors, and the soft limit is often 1024. */
static void
raise_limit(const struct demo *demo)
{
	rlim_t need = (rlim_t)(2 * demo->count + SPARE_FILES);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fail_call("getrlimit");
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= need)
		return;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < need)
		fail("%zu connections need %ju open files, and the limit is "
		    "%ju (ulimit -n); try fewer with -c", demo->count,
		    (uintmax_t)need, (uintmax_t)limit.rlim_max);
	limit.rlim_cur = need;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fail_call("setrlimit");
}

#endif

/*
 * Random bytes.
 */

static uint64_t
xorshift(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Mixing (splitmix64) makes the streams of neighbouring seeds differ. */
static uint64_t
seed_state(uint64_t seed, uint64_t stream)
{
	uint64_t z = seed + (stream + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return z != 0 ? z : 1;
}

static void
bytes_take(struct bytes *bytes, unsigned char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes->left == 0) {
			bytes->word = xorshift(&bytes->state);
			bytes->left = sizeof(bytes->word);
		}
		buf[i] = (unsigned char)(bytes->word & 0xff);
		bytes->word >>= 8;
		bytes->left--;
	}
}

/*
 * Functions for both ends of a connection.  A direction is ready from its
 * event until EAGAIN.  The functions return -1 for any other error.
 */

static int
not_ready(unsigned int *ready, unsigned int direction)
{
	if (errno == EAGAIN)
		*ready &= ~direction;
	else if (errno != EINTR)
		return -1;
	return 0;
}

static int
buffer_write(struct buffer *buffer, const struct mio_source *source,
    unsigned int *ready)
{
	mio_ssize n;

	n = mio_source_write(source, buffer->buf + buffer->head,
	    buffer->tail - buffer->head);
	if (n == -1)
		return not_ready(ready, MIO_WRITABLE);
	buffer->head += (size_t)n;
	if (buffer->head == buffer->tail)
		buffer->head = buffer->tail = 0;
	return 0;
}

/* Stores an address as text, which identifies the connection in messages. */
static void
keep_name(char *name, size_t size, const struct sockaddr *addr,
    mio_socklen addrlen)
{
	if (mio_addr_format(addr, addrlen, name, size) == -1)
		fail_call("mio_addr_format");
}

/*
 * The clients.
 */

static void
client_fail(const struct demo *demo, const struct client *client,
    const char *what)
{
	uint64_t which = (uint64_t)(client - demo->clients) + 1;

	fail("connection %" PRIu64 " (%s): %s; of %" PRIu64 " bytes %" PRIu64
	    " were sent and %" PRIu64 " came back", which, client->name,
	    what, client->length, client->sent, client->received);
}

static void
client_fail_call(const struct demo *demo, const struct client *client,
    const char *call)
{
	char what[256];

	snprintf(what, sizeof(what), "%s: %s", call, mio_strerror(errno));
	client_fail(demo, client, what);
}

static void
client_start(struct demo *demo, size_t i)
{
	struct client *client = &demo->clients[i];

	client->sizes = seed_state(demo->seed, 2 * i);
	client->length = 1 + xorshift(&client->sizes) % demo->largest;
	client->sending.state = seed_state(demo->seed, 2 * i + 1);
	client->expected = client->sending;
	memcpy(client->name, "connecting", sizeof("connecting"));

	if (mio_tcp_connect(&client->source, (struct sockaddr *)&demo->addr,
	    demo->addrlen, 0) == -1)
		client_fail_call(demo, client, "connect");
	if (mio_register(demo->poller, &client->source, 1 + i,
	    MIO_READABLE | MIO_WRITABLE) == -1)
		client_fail_call(demo, client, "mio_register");
}

/* A client is connected if it is writable, has no error and has a peer. */
static void
client_connected(struct demo *demo, struct client *client)
{
	struct sockaddr_storage addr;
	mio_socklen addrlen = sizeof(addr);

	if ((client->ready & MIO_WRITABLE) == 0)
		return;
	if (mio_source_take_error(&client->source) == -1)
		client_fail_call(demo, client, "connect");
	if (mio_source_peer_addr(&client->source, (struct sockaddr *)&addr,
	    &addrlen) == -1) {
		if (errno != ENOTCONN)
			client_fail_call(demo, client, "peer address");
		/* The event came too early; request the next one. */
		client->ready = 0;
		if (mio_source_would_block(&client->source, MIO_WRITABLE) ==
		    -1)
			client_fail_call(demo, client, "would_block");
		return;
	}
	addrlen = sizeof(addr);
	if (mio_source_local_addr(&client->source, (struct sockaddr *)&addr,
	    &addrlen) == -1)
		client_fail_call(demo, client, "local address");
	keep_name(client->name, sizeof(client->name),
	    (struct sockaddr *)&addr, addrlen);
	client->phase = PHASE_OPEN;
	demo->connected++;
}

/*
 * Begins the next message.  All orders of magnitude are equally likely, so
 * that round trips and bulk transfers are mixed.
 */
static void
client_next(struct demo *demo, struct client *client)
{
	uint64_t random = xorshift(&client->sizes);
	uint64_t size = UINT64_C(1) << (random >> 32) % 22;

	size += random % size;
	if (size > client->length - client->message)
		size = client->length - client->message;
	client->message += size;
	demo->messages++;
}

/* Ends the payload: the server reads end of file after the last byte. */
static void
client_shutdown(struct demo *demo, struct client *client)
{
	if (mio_tcp_shutdown(&client->source, MIO_SHUT_WR) == -1)
		client_fail_call(demo, client, "shutdown");
	client->shut = 1;
}

static void
client_write(struct demo *demo, struct client *client)
{
	struct buffer *out = &client->out;
	uint64_t rest = client->message - client->sent;
	size_t held;

	if (out->head == out->tail) {
		out->tail = rest < BUFFER ? (size_t)rest : BUFFER;
		bytes_take(&client->sending, out->buf, out->tail);
	}
	held = out->tail - out->head;
	if (buffer_write(out, &client->source, &client->ready) == -1)
		client_fail_call(demo, client, "write");
	held -= out->tail - out->head;
	client->sent += held;
	demo->sent += held;
	if (client->sent == client->length)
		client_shutdown(demo, client);
}

static void
client_compare(const struct demo *demo, struct client *client,
    const unsigned char *got, size_t size)
{
	static unsigned char expected[BUFFER];
	char what[128];
	size_t i;

	if (size > client->length - client->received)
		client_fail(demo, client, "more came back than was sent");
	bytes_take(&client->expected, expected, size);
	if (memcmp(got, expected, size) == 0)
		return;
	for (i = 0; got[i] == expected[i]; i++)
		;
	snprintf(what, sizeof(what),
	    "byte %" PRIu64 " is 0x%02x and should be 0x%02x",
	    client->received + i, got[i], expected[i]);
	client_fail(demo, client, what);
}

/* Handles end of file, which is an error if the payload is incomplete. */
static void
client_finish(struct demo *demo, struct client *client)
{
	if (client->received < client->length)
		client_fail(demo, client, "the server closed it");
	if (mio_source_close(&client->source) == -1)
		client_fail_call(demo, client, "close");
	client->phase = PHASE_DONE;
	demo->done++;
}

static void
client_read(struct demo *demo, struct client *client)
{
	static unsigned char buf[BUFFER];
	mio_ssize n;

	n = mio_source_read(&client->source, buf, sizeof(buf));
	if (n == -1) {
		if (not_ready(&client->ready, MIO_READABLE) == -1)
			client_fail_call(demo, client, "read");
		return;
	}
	if (n == 0) {
		client_finish(demo, client);
		return;
	}
	client_compare(demo, client, buf, (size_t)n);
	client->received += (size_t)n;
	demo->received += (size_t)n;
	if (client->received == client->message && !client->shut)
		client_next(demo, client);
}

static void
client_run(struct demo *demo, struct client *client)
{
	while (client->phase == PHASE_OPEN) {
		if (client->sent < client->message &&
		    (client->ready & MIO_WRITABLE) != 0)
			client_write(demo, client);
		else if ((client->ready & MIO_READABLE) != 0)
			client_read(demo, client);
		else
			break;
	}
}

static int
all_open(const struct demo *demo)
{
	return demo->open == demo->count;
}

/*
 * Counts the connections that are open at both ends.  No connection is closed
 * before all are open, and the last one to open starts the messages of all.
 */
static void
count_open(struct demo *demo)
{
	size_t i;

	if (all_open(demo))
		return;
	demo->open = demo->connected < demo->accepted ?
	    demo->connected : demo->accepted;
	if (!all_open(demo))
		return;
	for (i = 0; i < demo->count; i++) {
		client_next(demo, &demo->clients[i]);
		client_run(demo, &demo->clients[i]);
	}
}

static void
client_event(struct demo *demo, struct client *client, unsigned int ready)
{
	client->ready |= ready & (MIO_READABLE | MIO_WRITABLE);
	if (client->phase == PHASE_CONNECTING) {
		client_connected(demo, client);
		count_open(demo);
	} else if (all_open(demo))
		client_run(demo, client);
}

/* Connects only as many clients at a time as fit into the listener's queue. */
static void
start_clients(struct demo *demo)
{
	while (demo->started < demo->count &&
	    demo->started - demo->accepted < CONNECTING)
		client_start(demo, demo->started++);
}

/*
 * The server.
 */

/* Reports the connection by the client's number, found by its address. */
static void
peer_fail_call(const struct demo *demo, const struct peer *peer,
    const char *call)
{
	int error = errno;
	size_t i;

	for (i = 0; i < demo->started; i++)
		if (strcmp(demo->clients[i].name, peer->name) == 0)
			break;
	errno = error;
	if (i < demo->started)
		client_fail_call(demo, &demo->clients[i], call);
	fail("%s, the server's end: %s: %s", peer->name, call,
	    mio_strerror(error));
}

static void
peer_read(struct demo *demo, struct peer *peer)
{
	struct buffer *echo = &peer->echo;
	mio_ssize n;

	n = mio_source_read(&peer->source, echo->buf + echo->tail,
	    BUFFER - echo->tail);
	if (n == -1) {
		if (not_ready(&peer->ready, MIO_READABLE) == -1)
			peer_fail_call(demo, peer, "read by the server");
		return;
	}
	if (n == 0)
		peer->eof = 1;
	echo->tail += (size_t)n;
}

/*
 * Writes before it reads, and reads only if there is room, so that a client
 * that does not read cannot make the server store more bytes.
 */
static void
peer_run(struct demo *demo, struct peer *peer)
{
	struct buffer *echo = &peer->echo;

	for (;;) {
		int pending = echo->head < echo->tail;

		if (pending && (peer->ready & MIO_WRITABLE) != 0) {
			if (buffer_write(echo, &peer->source,
			    &peer->ready) == -1)
				peer_fail_call(demo, peer,
				    "write by the server");
		} else if (!peer->eof && echo->tail < BUFFER &&
		    (peer->ready & MIO_READABLE) != 0) {
			peer_read(demo, peer);
		} else
			break;
	}
	if (peer->eof && echo->head == echo->tail &&
	    mio_source_close(&peer->source) == -1)
		peer_fail_call(demo, peer, "close by the server");
}

/* Accepts until EAGAIN, because the next event follows only then. */
static void
accept_clients(struct demo *demo)
{
	struct sockaddr_storage addr;
	mio_socklen addrlen;
	struct peer *peer;

	while (demo->accepted < demo->count) {
		peer = &demo->peers[demo->accepted];
		addrlen = sizeof(addr);
		if (mio_tcp_accept(&demo->listener, &peer->source,
		    (struct sockaddr *)&addr, &addrlen, 0) == -1) {
			if (errno == EAGAIN)
				break;
			if (errno == EINTR)
				continue;
			fail_call("accept");
		}
		keep_name(peer->name, sizeof(peer->name),
		    (struct sockaddr *)&addr, addrlen);
		if (mio_register(demo->poller, &peer->source,
		    1 + demo->count + demo->accepted,
		    MIO_READABLE | MIO_WRITABLE) == -1)
			peer_fail_call(demo, peer, "mio_register");
		demo->accepted++;
	}
	count_open(demo);
	start_clients(demo);
}

/*
 * The loop.
 */

static void
dispatch(struct demo *demo, const struct mio_event *event)
{
	size_t i;

	if (event->token == TOKEN_LISTENER) {
		accept_clients(demo);
		return;
	}
	i = event->token - 1;
	if (i < demo->count) {
		client_event(demo, &demo->clients[i], event->readiness);
		return;
	}
	i -= demo->count;
	demo->peers[i].ready |=
	    event->readiness & (MIO_READABLE | MIO_WRITABLE);
	peer_run(demo, &demo->peers[i]);
}

static void
fail_stuck(const struct demo *demo)
{
	size_t i;

	for (i = 0; i < demo->started; i++)
		if (demo->clients[i].phase != PHASE_DONE)
			client_fail(demo, &demo->clients[i],
			    "no progress for 30 seconds");
	fail("no progress for 30 seconds");
}

/* Prints a line that the next output overwrites; only on a terminal. */
static void
show_progress(struct demo *demo, int64_t time)
{
	if (!demo->terminal || time - demo->refreshed < REFRESH)
		return;
	demo->refreshed = time;
	printf("%zu connected, %zu done, %.1f MB  \r", demo->connected,
	    demo->done, (double)demo->received / 1e6);
	if (fflush(stdout) == EOF)
		fail_call("standard output");
}

/* Returns a number that grows with any progress. */
static uint64_t
work(const struct demo *demo)
{
	return demo->sent + demo->received + demo->started +
	    demo->connected + demo->accepted + demo->done;
}

static void
run(struct demo *demo)
{
	struct mio_event events[NEVENTS];
	uint64_t before;
	int64_t time;
	int i, n;

	demo->begun = demo->progress = time = now();
	start_clients(demo);
	while (demo->done < demo->count) {
		n = mio_poll(demo->poller, events, NEVENTS,
		    PATIENCE - (time - demo->progress));
		if (n == -1 && errno != EINTR)
			fail_call("mio_poll");
		before = work(demo);
		for (i = 0; i < n; i++)
			dispatch(demo, &events[i]);
		demo->polls++;
		demo->events += n > 0 ? (uint64_t)n : 0;
		time = now();
		if (work(demo) != before)
			demo->progress = time;
		else if (time - demo->progress >= PATIENCE)
			fail_stuck(demo);
		show_progress(demo, time);
	}
}

static void
summary(const struct demo *demo)
{
	double seconds = (double)(now() - demo->begun) / 1e9;

	if (demo->terminal)
		printf("%60s\r", "");
	printf("connections  %zu, of which %zu were open at once\n",
	    demo->done, demo->open);
	printf("messages     %" PRIu64 "\n", demo->messages);
	printf("bytes        %" PRIu64 " sent, %" PRIu64
	    " came back, each compared\n", demo->sent, demo->received);
	printf("events       %" PRIu64 " in %" PRIu64 " polls\n",
	    demo->events, demo->polls);
	printf("time         %.3f s\n", seconds);
	printf("throughput   %.1f MB/s each way\n",
	    (double)demo->received / 1e6 / seconds);
	printf("selector     %s\n", mio_selector_name());
	if (fflush(stdout) == EOF)
		fail_call("standard output");
}

/*
 * Setting up.
 */

static void
open_listener(struct demo *demo)
{
	struct sockaddr *addr = (struct sockaddr *)&demo->addr;

	demo->addrlen = sizeof(demo->addr);
	if (mio_addr_parse("127.0.0.1:0", addr, &demo->addrlen) == -1)
		fail_call("mio_addr_parse");
	if (mio_tcp_listen(&demo->listener, addr, demo->addrlen, CONNECTING,
	    0) == -1)
		fail_call("listen");
	demo->addrlen = sizeof(demo->addr);
	if (mio_source_local_addr(&demo->listener, addr, &demo->addrlen) == -1)
		fail_call("local address");
	if (mio_register(demo->poller, &demo->listener, TOKEN_LISTENER,
	    MIO_READABLE) == -1)
		fail_call("mio_register");
}

static void
setup(struct demo *demo)
{
	raise_limit(demo);
	demo->terminal = isatty(STDOUT_FILENO);
	demo->clients = calloc(demo->count, sizeof(*demo->clients));
	demo->peers = calloc(demo->count, sizeof(*demo->peers));
	if (demo->clients == NULL || demo->peers == NULL)
		fail_call("calloc");
	if ((demo->poller = mio_poller_new()) == NULL)
		fail_call("mio_poller_new");
	open_listener(demo);
}

/* All connections have already been closed. */
static void
cleanup(struct demo *demo)
{
	if (mio_source_close(&demo->listener) == -1)
		fail_call("close");
	mio_poller_free(demo->poller);
	free(demo->clients);
	free(demo->peers);
}

static void
usage(FILE *to)
{
	fprintf(to, "usage: demo [-h] [-c connections] [-b bytes] [-s seed]\n"
	    "  -c  connections, all open at once (1000)\n"
	    "  -b  the largest payload of a connection (65536)\n"
	    "  -s  the seed of sizes and payloads (from the clock)\n");
}

static uint64_t
number(const char *text, uint64_t least, uint64_t most)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    value < least || value > most)
		fail("%s: not a number from %" PRIu64 " to %" PRIu64, text,
		    least, most);
	return value;
}

static void
options(struct demo *demo, int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "b:c:hs:")) != -1) {
		switch (option) {
		case 'b':
			demo->largest = number(optarg, 1, INT64_MAX);
			break;
		case 'c':
			demo->count = (size_t)number(optarg, 1,
			    MAX_CONNECTIONS);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 's':
			demo->seed = number(optarg, 0, UINT64_MAX);
			break;
		default:
			usage(stderr);
			exit(1);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(1);
	}
}

int
main(int argc, char *argv[])
{
	struct demo demo = { 0 };

	demo.count = 1000;
	demo.largest = 65536;
	demo.seed = (uint64_t)time(NULL);
	options(&demo, argc, argv);

	/* The seed comes first, so that a run that fails can be repeated. */
	printf("seed         %" PRIu64 "\n", demo.seed);
	if (fflush(stdout) == EOF)
		fail_call("standard output");
	setup(&demo);
	run(&demo);
	summary(&demo);
	cleanup(&demo);
	return 0;
}
