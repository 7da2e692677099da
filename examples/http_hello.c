/*
 * http_hello: an HTTP/1.1 server that returns "Hello, world!".
 *
 *	http_hello [-p processes] [address:port]
 *
 * The default address is 127.0.0.1:0.  The server prints "listening on
 * ADDRESS:PORT" and runs until SIGINT or SIGTERM.
 *
 * In addition to tcp_echo.c this program shows:
 *
 * - A protocol.  A read may return part of a request or several requests.
 *   Requests are answered in order, and no request is read while answers wait
 *   to be written.  A request costs one read, one write and its share of a
 *   mio_poll().
 * - Refusing requests.  The answer to a malformed head is 400, and to a head
 *   that is too long 431.  Closing at once could reset the connection and
 *   destroy the answer in transit, so the server shuts down writing and waits
 *   until the client closes.
 * - Timeouts without timers.  Connections are kept in the order of their last
 *   event, and mio_poll() waits at most a second while there are connections,
 *   so that those that are idle for too long can be closed.
 * - Several cores.  Processes share the port with MIO_REUSEPORT; each process
 *   has a listener and a poller of its own.  The kernel distributes the
 *   clients.  This needs fork(), which Windows does not have.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#ifdef _WIN32
#include <winsock2.h>
#else
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <mio.h>

#define NEVENTS		512
#define TURNS		32		/* reads and writes per event */
#define PROCESSES	64
#define IDLE		30		/* seconds */
#define RETRY		MIO_MSEC(100)
#define HEAD_MAX	8192		/* bytes in the head of a request */
#define ANSWER_MAX	512

/* The token of a connection is its address, which is none of these. */
#define TOKEN_LISTENER	((mio_token)0)
#define TOKEN_SIGNAL	((mio_token)1)

static const char body[] = "Hello, world!\n";

struct conn {
	struct mio_source source;
	struct conn	*prev, *next;
	time_t		 last;		/* time of the last event */
	unsigned int	 ready;		/* MIO_READABLE, MIO_WRITABLE */
	int		 ending;	/* no more requests are read */
	int		 shut;		/* writing has been shut down */
	int		 hint;		/* MIO_READ_CLOSED was reported */
	size_t		 skip;		/* bytes of a request's body */
	size_t		 in_len;
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
	char		 in[HEAD_MAX];
	char		 out[8 * ANSWER_MAX];
};

struct server {
	struct mio_poller *poller;
	struct mio_source listener;
	struct conn	*first;		/* idle for the longest time */
	struct conn	*last;
	time_t		 now;
	char		 date[40];
	int		 full;		/* accept failed; retry later */
};

struct request {
	int		 status;
	int		 head;		/* HEAD: the answer has no body */
	int		 close;
	int		 old;		/* HTTP/1.0 */
	int		 hosts;
	int		 lengths;
	int		 encoded;
	size_t		 length;
};

enum step {
	STEP_MORE,			/* something was done; step again */
	STEP_WAIT,			/* wait for an event */
	STEP_OVER			/* close the connection */
};

static struct mio_waker *signal_waker;

static void
warning(const char *what)
{
	fprintf(stderr, "http_hello: %s: %s\n", what, mio_strerror(errno));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* Returns the length of the token (RFC 9110) at the beginning of a text. */
static size_t
token_length(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static void
parse_length(struct request *request, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (digits == 0 || digits > 9 || value[digits] != '\0' ||
	    request->lengths++ > 0)
		request->status = 400;
	else
		request->length = strtoul(value, NULL, 10);
}

/* The value of "Connection" is a list. */
static void
parse_connection(struct request *request, const char *value)
{
	size_t len;

	for (; *value != '\0'; value += len == 0 ? 1 : len) {
		len = token_length(value);
		if (len == 5 && strncasecmp(value, "close", len) == 0)
			request->close = 1;
		if (len == 10 && strncasecmp(value, "keep-alive", len) == 0 &&
		    request->old)
			request->close = 0;
	}
}

/* Parses a line of the head, "Name: value", without its line end. */
static void
parse_field(struct request *request, char *line)
{
	size_t len = token_length(line);
	char *value = line + len + 1;

	/* This also refuses a folded line, and a blank before the colon. */
	if (len == 0 || line[len] != ':') {
		request->status = 400;
		return;
	}
	line[len] = '\0';
	value += strspn(value, " \t");
	for (len = strlen(value); len > 0 && (value[len - 1] == ' ' ||
	    value[len - 1] == '\t'); len--)
		value[len - 1] = '\0';

	if (strcasecmp(line, "Host") == 0)
		request->hosts++;
	else if (strcasecmp(line, "Content-Length") == 0)
		parse_length(request, value);
	else if (strcasecmp(line, "Connection") == 0)
		parse_connection(request, value);
	else if (strcasecmp(line, "Transfer-Encoding") == 0)
		request->encoded = 1;
	else if (strcasecmp(line, "Expect") == 0)
		request->close = 1;	/* no body may follow the answer */
}

/* Parses the first line, such as "GET /path HTTP/1.1". */
static void
parse_line(struct request *request, const char *line)
{
	size_t method = token_length(line), target;
	const char *version;

	if (method == 0 || line[method] != ' ')
		goto malformed;
	target = strcspn(line + method + 1, " ");
	version = line + method + 1 + target;
	if (target == 0 || strncmp(version, " HTTP/", 6) != 0)
		goto malformed;
	version += 6;
	if (strcmp(version, "1.0") == 0)
		request->old = request->close = 1;
	else if (strcmp(version, "1.1") != 0)
		request->status = 505;
	request->head = method == 4 && memcmp(line, "HEAD", 4) == 0;
	if (request->status == 200 && !request->head &&
	    !(method == 3 && memcmp(line, "GET", 3) == 0))
		request->status = 405;
	return;

malformed:
	request->status = 400;
}

/* Parses a complete head, and overwrites it. */
static void
parse_head(struct request *request, char *head, size_t size)
{
	char *line, *end = head + size, *next;
	int number = 0;

	memset(request, 0, sizeof(*request));
	request->status = 200;
	for (line = head; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next[next > line && next[-1] == '\r' ? -1 : 0] = '\0';
		if (memchr(line, '\0', (size_t)(next - line)) != NULL &&
		    strlen(line) + 1 < (size_t)(next - line))
			request->status = 400;
		if (*line != '\0' && request->status != 400)
			(void)(number++ == 0 ? parse_line(request, line) :
			    parse_field(request, line));
		next++;
	}
	if (request->status == 400)
		return;
	if ((!request->old && request->hosts == 0) || request->hosts > 1 ||
	    (request->encoded && request->lengths > 0))
		request->status = 400;
	else if (request->encoded)
		request->status = 501;
}

static const char *
reason(int status)
{
	switch (status) {
	case 200:	return "OK";
	case 400:	return "Bad Request";
	case 405:	return "Method Not Allowed\r\nAllow: GET, HEAD";
	case 431:	return "Request Header Fields Too Large";
	case 501:	return "Not Implemented";
	default:	return "HTTP Version Not Supported";
	}
}

/* Appends an answer to the output, which has room for the answer. */
static void
answer(struct server *server, struct conn *conn,
    const struct request *request)
{
	const char *text = request->status == 200 ? body : "";
	int n;

	/* After a head that was refused, the next request cannot be found. */
	conn->ending = request->close ||
	    (request->status != 200 && request->status != 405);
	conn->skip = request->length;
	n = snprintf(conn->out + conn->tail, ANSWER_MAX,
	    "HTTP/1.1 %d %s\r\n%s%sContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    request->status, reason(request->status), server->date,
	    conn->ending ? "Connection: close\r\n" :
	    request->old ? "Connection: keep-alive\r\n" : "", strlen(text),
	    request->head ? "" : text);
	conn->tail += (size_t)n;
}

/* Returns the length of the first head in the buffer, or 0 if incomplete. */
static size_t
head_length(const struct conn *conn)
{
	const char *end = conn->in + conn->in_len, *line = conn->in, *next;

	while ((next = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		next++;
		if (next - line == 1 || (next - line == 2 && *line == '\r'))
			return (size_t)(next - conn->in);
		line = next;
	}
	return 0;
}

static void
consume(struct conn *conn, size_t n)
{
	conn->in_len -= n;
	memmove(conn->in, conn->in + n, conn->in_len);
}

/* Answers the first request in the buffer.  Returns 0 if there is none. */
static int
conn_answer(struct server *server, struct conn *conn)
{
	struct request request = { 431, 0, 1, 0, 0, 0, 0, 0 };
	size_t n;

	if (conn->skip > 0) {
		n = conn->skip < conn->in_len ? conn->skip : conn->in_len;
		conn->skip -= n;
		consume(conn, n);
	}
	/* Empty lines before a request do not belong to the request. */
	while (conn->in_len > 0 && (conn->in[0] == '\n' ||
	    (conn->in[0] == '\r' && conn->in_len > 1 && conn->in[1] == '\n')))
		consume(conn, conn->in[0] == '\n' ? 1 : 2);
	if ((n = head_length(conn)) > 0)
		parse_head(&request, conn->in, n);
	else if (conn->in_len < sizeof(conn->in))
		return 0;
	answer(server, conn, &request);
	consume(conn, n > 0 ? n : conn->in_len);
	return 1;
}

/* Handles a failed read or write. */
static enum step
conn_failed(struct conn *conn, unsigned int direction)
{
	if (errno == EAGAIN)
		conn->ready &= ~direction;
	return errno == EAGAIN || errno == EINTR ? STEP_MORE : STEP_OVER;
}

/*
 * A short read has drained the stream, and the next change is reported, so
 * there is no need to read until EAGAIN.  Only end of file may have arrived
 * with the data, and then the event has reported MIO_READ_CLOSED.
 */
static enum step
conn_read(struct conn *conn)
{
	size_t room = sizeof(conn->in) - conn->in_len;
	mio_ssize n;

	n = mio_source_read(&conn->source, conn->in + conn->in_len, room);
	if (n == -1)
		return conn_failed(conn, MIO_READABLE);
	if (n == 0)
		return STEP_OVER;
	if ((size_t)n < room && !conn->hint)
		conn->ready &= ~MIO_READABLE;
	/* Discard data that a client sends after its last request. */
	conn->in_len = conn->ending ? 0 : conn->in_len + (size_t)n;
	return STEP_MORE;
}

static enum step
conn_write(struct conn *conn)
{
	mio_ssize n;

	n = mio_source_write(&conn->source, conn->out + conn->head,
	    conn->tail - conn->head);
	if (n == -1)
		return conn_failed(conn, MIO_WRITABLE);
	conn->head += (size_t)n;
	if (conn->head == conn->tail)
		conn->head = conn->tail = 0;
	return STEP_MORE;
}

/* Answers all complete requests, then writes, then reads. */
static enum step
conn_step(struct server *server, struct conn *conn)
{
	while (!conn->ending &&
	    sizeof(conn->out) - conn->tail >= ANSWER_MAX &&
	    conn_answer(server, conn))
		;
	if (conn->head < conn->tail) {
		if ((conn->ready & MIO_WRITABLE) == 0)
			return STEP_WAIT;
		return conn_write(conn);
	}
	if (conn->ending && !conn->shut) {
		conn->shut = 1;
		if (mio_tcp_shutdown(&conn->source, MIO_SHUT_WR) == -1)
			return STEP_OVER;
		conn->in_len = 0;
	}
	if ((conn->ready & MIO_READABLE) != 0)
		return conn_read(conn);
	return STEP_WAIT;
}

static void
conn_unlink(struct server *server, struct conn *conn)
{
	*(conn->prev != NULL ? &conn->prev->next : &server->first) =
	    conn->next;
	*(conn->next != NULL ? &conn->next->prev : &server->last) =
	    conn->prev;
}

/* Appends a connection to the list, which is ordered by the last event. */
static void
conn_link(struct server *server, struct conn *conn)
{
	conn->last = server->now;
	conn->next = NULL;
	conn->prev = server->last;
	*(conn->prev != NULL ? &conn->prev->next : &server->first) = conn;
	server->last = conn;
}

static void
conn_free(struct server *server, struct conn *conn)
{
	conn_unlink(server, conn);
	if (mio_source_close(&conn->source) == -1)
		warning("close");
	free(conn);
}

static void
conn_event(struct server *server, const struct mio_event *event)
{
	struct conn *conn = (struct conn *)event->token;
	enum step step;
	int turns = 0;

	conn->ready |= event->readiness & (MIO_READABLE | MIO_WRITABLE);
	conn->hint |= mio_event_is_read_closed(event);
	conn_unlink(server, conn);
	conn_link(server, conn);
	do {
		step = conn_step(server, conn);
	} while (step == STEP_MORE && ++turns < TURNS);

	/* Continue later after TURNS steps, as tcp_echo.c does. */
	if (step == STEP_MORE && mio_reregister(server->poller, &conn->source,
	    (mio_token)conn, MIO_READABLE | MIO_WRITABLE) == -1)
		step = STEP_OVER;
	if (step == STEP_OVER)
		conn_free(server, conn);
}

/* Takes over a connected stream.  A source may be moved by assignment. */
static void
conn_new(struct server *server, struct mio_source *stream)
{
	struct conn *conn;

	if ((conn = malloc(sizeof(*conn))) == NULL) {
		warning("malloc");
		if (mio_source_close(stream) == -1)
			warning("close");
		return;
	}
	memset(conn, 0, offsetof(struct conn, in));
	conn->source = *stream;
	conn_link(server, conn);
	if (mio_tcp_set_nodelay(&conn->source, 1) == -1 ||
	    mio_register(server->poller, &conn->source, (mio_token)conn,
	    MIO_READABLE | MIO_WRITABLE) == -1) {
		warning("mio_register");
		conn_free(server, conn);
	}
}

/* Accepts until EAGAIN, or retries later, as tcp_echo.c does. */
static void
accept_clients(struct server *server)
{
	struct mio_source stream;
	int was_full = server->full;

	server->full = 0;
	for (;;) {
		if (mio_tcp_accept(&server->listener, &stream, NULL, NULL,
		    0) == 0) {
			conn_new(server, &stream);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (!was_full)
			warning("accept");
		server->full = 1;
		return;
	}
}

/* Formats the time for HTTP; called once per poll. */
static void
tell_time(struct server *server)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now == server->now || gmtime_r(&now, &tm) == NULL)
		return;
	server->now = now;
	/* HTTP requires the names of the C locale, which is in effect. */
	(void)strftime(server->date, sizeof(server->date),
	    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

static int64_t
timeout(const struct server *server)
{
	if (server->full)
		return RETRY;
	return server->first != NULL ? MIO_MSEC(1000) : MIO_FOREVER;
}

/* Serves until a signal arrives. */
static void
serve(struct server *server)
{
	struct mio_event events[NEVENTS];
	int i, n, stop = 0;

	while (!stop) {
		n = mio_poll(server->poller, events, NEVENTS, timeout(server));
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		tell_time(server);
		for (i = 0; i < n; i++) {
			if (events[i].token == TOKEN_LISTENER)
				accept_clients(server);
			else if (events[i].token == TOKEN_SIGNAL)
				stop = 1;
			else
				conn_event(server, &events[i]);
		}
		if (server->full)
			accept_clients(server);
		while (server->first != NULL &&
		    server->now - server->first->last > IDLE)
			conn_free(server, server->first);
	}
}

/* Exits at once if the wake fails, because nothing else can end serve(). */
static void
on_signal(int signo)
{
	if (mio_waker_wake(signal_waker) == -1)
		_Exit(128 + signo);
}

/* Windows has only Ctrl-C, and calls the handler in a separate thread. */
static void
set_signals(void (*handler)(int))
{
#ifdef _WIN32
	if (signal(SIGINT, handler) == SIG_ERR)
		fatal("signal");
#else
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) == -1 ||
	    sigaction(SIGTERM, &action, NULL) == -1)
		fatal("sigaction");
#endif
}

/* Runs one process, with the given listener and a poller of its own. */
static void
work(const struct mio_source *listener)
{
	struct server server = { 0 };

	server.listener = *listener;
	if ((server.poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	signal_waker = mio_waker_new(server.poller, TOKEN_SIGNAL);
	if (signal_waker == NULL)
		fatal("mio_waker_new");
	set_signals(on_signal);
	if (mio_register(server.poller, &server.listener, TOKEN_LISTENER,
	    MIO_READABLE) == -1)
		fatal("mio_register");
	tell_time(&server);
	serve(&server);

	/*
	 * The waker is not freed: on Windows the thread of the handler may
	 * still be in mio_waker_wake().
	 */
	set_signals(SIG_IGN);
	while (server.first != NULL)
		conn_free(&server, server.first);
	if (mio_source_close(&server.listener) == -1)
		warning("close");
	mio_poller_free(server.poller);
}

/* Makes listeners that share a port, which the system may choose. */
static void
listen_on(struct mio_source *listeners, int n, const char *where)
{
	struct sockaddr_storage storage;
	struct sockaddr *addr = (struct sockaddr *)&storage;
	mio_socklen addrlen = sizeof(storage);
	char text[128];
	int i;

	if (mio_addr_parse(where, addr, &addrlen) == -1)
		fatal(where);
	for (i = 0; i < n; i++) {
		if (mio_tcp_listen(&listeners[i], addr, addrlen, 0,
		    n > 1 ? MIO_REUSEPORT : 0) == -1)
			fatal(where);
		addrlen = sizeof(storage);
		if (mio_source_local_addr(&listeners[i], addr, &addrlen) == -1)
			fatal("mio_source_local_addr");
	}
	if (mio_addr_format(addr, addrlen, text, sizeof(text)) == -1)
		fatal("mio_addr_format");
	if (printf("listening on %s\n", text) < 0 || fflush(stdout) == EOF)
		fatal("standard output");
}

#ifdef _WIN32

static int
divide(int n, const char *where)
{
	(void)n;
	(void)where;
	fprintf(stderr, "http_hello: -p: Windows has no fork(), so there is "
	    "one process only\n");
	return 1;
}

#else

static void
close_all_but(struct mio_source *listeners, int n, int one)
{
	while (n-- > 0) {
		if (n != one && mio_source_close(&listeners[n]) == -1)
			warning("close");
	}
}

static void
on_child(int signo)
{
	(void)signo;
}

/* Reports children that failed, and returns how many children have exited. */
static int
reap(pid_t *pids, int n, int *failed)
{
	int i, status, ended = 0;

	for (i = 0; i < n; i++) {
		if (pids[i] == 0 || waitpid(pids[i], &status, WNOHANG) == 0)
			continue;
		ended++;
		if (status != 0) {
			fprintf(stderr, "http_hello: process %ld ended with "
			    "status %#x\n", (long)pids[i],
			    (unsigned int)status);
			*failed = 1;
		}
		pids[i] = 0;
	}
	return ended;
}

/*
 * A poller cannot be used after a fork, so each child makes its own poller.
 * The parent only waits, for children and for signals.
 */
static int
divide(int n, const char *where)
{
	struct mio_source listeners[PROCESSES];
	int i, signo, left = n, failed = 0;
	pid_t pids[PROCESSES];
	sigset_t set, old;

	listen_on(listeners, n, where);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGCHLD, on_child);	/* SIG_DFL may discard the signal */
	for (i = 0; i < n; i++) {
		if ((pids[i] = fork()) == -1)
			fatal("fork");
		if (pids[i] == 0) {
			sigprocmask(SIG_SETMASK, &old, NULL);
			close_all_but(listeners, n, i);
			work(&listeners[i]);
			exit(0);
		}
	}
	close_all_but(listeners, n, -1);
	while (left > 0 && sigwait(&set, &signo) == 0) {
		for (i = 0; signo != SIGCHLD && i < n; i++) {
			if (pids[i] != 0)
				kill(pids[i], SIGTERM);
		}
		left -= reap(pids, n, &failed);
	}
	return failed;
}

#endif

/* A number from 1 to PROCESSES, or 0. */
static int
number_of_processes(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int number;

	if (digits == 0 || digits > 3 || text[digits] != '\0')
		return 0;
	number = atoi(text);
	return number <= PROCESSES ? number : 0;
}

int
main(int argc, char *argv[])
{
	struct mio_source listener;
	const char *where;
	int opt, processes = 1;

	while ((opt = getopt(argc, argv, "p:")) != -1) {
		if (opt == 'p')
			processes = number_of_processes(optarg);
		if (opt != 'p' || processes == 0)
			argc = 0;
	}
	if (argc - optind > 1 || argc == 0) {
		fprintf(stderr, "usage: http_hello [-p processes] "
		    "[address:port]\n");
		return 1;
	}
	where = argc > optind ? argv[optind] : "127.0.0.1:0";
	if (processes > 1)
		return divide(processes, where);
	listen_on(&listener, 1, where);
	work(&listener);
	return 0;
}
