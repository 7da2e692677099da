/*
 * HTTP/1.1 with a fixed answer.  The answer and its head are those of
 * examples/http_hello.c, which understands more.  A request may come in several
 * pieces, and a piece may have several requests; they are answered in order.  A
 * request that is not a GET or HEAD without a body gets 400, and the connection
 * is closed.
 *
 * The parser is short and the answer a copy, so that they do not hide the costs
 * of the libraries.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "server.h"

#define ANSWER_MAX	256

static const char body[] = "Hello, world!\n";

/* The usual answer, with the current second as its date. */
static struct {
	time_t	now;
	char	text[ANSWER_MAX];
	size_t	head;			/* the length without a body */
	size_t	len;
} hello;

struct request {
	int	bad;
	int	head;			/* HEAD: the answer has no body */
	int	close;
	int	old;			/* HTTP/1.0 */
};

static size_t
print_answer(char *text, const char *status, const char *connection,
    const char *what)
{
	char date[40];
	struct tm tm;
	int n;

	/* HTTP has the names of the C locale. */
	if (gmtime_r(&hello.now, &tm) == NULL || strftime(date, sizeof(date),
	    "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		fatal("the date");
	n = snprintf(text, ANSWER_MAX, "HTTP/1.1 %s\r\nDate: %s\r\n%s"
	    "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
	    status, date, connection, strlen(what), what);
	return (size_t)n;
}

static void
tell_time(void)
{
	time_t now = time(NULL);

	if (now == hello.now)
		return;
	hello.now = now;
	hello.len = print_answer(hello.text, "200 OK", "", body);
	hello.head = hello.len - strlen(body);
}

/* The caller has checked that there is room. */
static void
answer(struct conn *conn, const struct request *request)
{
	char *text = conn->answers + conn->out_len;

	if (request->bad) {
		conn->out_len += print_answer(text, "400 Bad Request",
		    "Connection: close\r\n", "");
	} else if (request->close || request->old) {
		conn->out_len += print_answer(text, "200 OK",
		    request->close ? "Connection: close\r\n" :
		    "Connection: keep-alive\r\n", body);
		if (request->head)
			conn->out_len -= strlen(body);
	} else {
		memcpy(text, hello.text, hello.len);
		conn->out_len += request->head ? hello.head : hello.len;
	}
	conn->ending = request->bad || request->close;
}

/* "GET /path HTTP/1.1", and the end of the line. */
static void
parse_line(struct request *request, const char *line, size_t len)
{
	const char *version;

	if (len < sizeof("GET / HTTP/1.1") - 1) {
		request->bad = 1;
		return;
	}
	version = line + len - 9;
	request->head = memcmp(line, "HEAD /", 6) == 0;
	if ((!request->head && memcmp(line, "GET /", 5) != 0) ||
	    memcmp(version, " HTTP/1.", 8) != 0)
		request->bad = 1;
	else if (version[8] == '0')
		request->old = request->close = 1;
}

static int
has_name(const char *line, size_t len, const char *name, size_t n)
{
	return len > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}

/* Only the fields that change what follows; their first letter is c or t. */
static void
parse_field(struct request *request, const char *line, size_t len)
{
	const char *value;

	if ((line[0] | 0x20) != 'c' && (line[0] | 0x20) != 't')
		return;
	if (has_name(line, len, "Content-Length", 14) ||
	    has_name(line, len, "Transfer-Encoding", 17))
		request->bad = 1;
	if (!has_name(line, len, "Connection", 10))
		return;
	value = line + 11 + (line[11] == ' ');
	len -= (size_t)(value - line);
	if (len == 5 && strncasecmp(value, "close", 5) == 0)
		request->close = 1;
	if (len == 10 && strncasecmp(value, "keep-alive", 10) == 0)
		request->close = 0;
}

/* The length of the first head, or 0 if it is incomplete. */
static size_t
parse_head(struct request *request, const char *head, size_t size)
{
	const char *line = head, *end = head + size, *next;
	size_t len;

	memset(request, 0, sizeof(*request));
	while ((next = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		len = (size_t)(next - line);
		if (len > 0 && line[len - 1] == '\r')
			len--;
		next++;
		if (len == 0 && line > head)
			return (size_t)(next - head);
		if (line == head)
			parse_line(request, line, len);
		else
			parse_field(request, line, len);
		line = next;
	}
	return 0;
}

/* One answer, if there is room for it and a complete request. */
static size_t
take_one(struct conn *conn, const char *at, size_t size)
{
	struct request request;
	size_t n;

	if (size == 0 || conn->ending || OUT_MAX - conn->out_len < ANSWER_MAX)
		return 0;
	if ((n = parse_head(&request, at, size)) == 0) {
		if (size < IN_MAX)
			return 0;
		request.bad = 1;	/* the head does not fit */
		n = size;
	}
	answer(conn, &request);
	return n;
}

void
http_take(struct conn *conn)
{
	size_t at = 0, n;

	tell_time();
	conn->out = conn->answers;
	while ((n = take_one(conn, conn->in + at, conn->in_len - at)) > 0)
		at += n;
	conn->in_len -= at;
	if (conn->ending)
		conn->in_len = 0;
	else if (at > 0 && conn->in_len > 0)
		memmove(conn->in, conn->in + at, conn->in_len);
}
