/*
 * The common start of the servers of the benchmark.
 *
 *	NAME http|echo [address:port]
 *
 * The default is 127.0.0.1:0.  A server prints "listening on ADDRESS:PORT", and
 * runs until a signal ends it.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

take_fn *protocol;

void
warning(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", loop_name, what, strerror(errno));
}

void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* An answer in two pieces must not wait for an acknowledgement. */
void
nodelay(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		fatal("TCP_NODELAY");
}

void *
conn_new(size_t size)
{
	struct conn *conn;
	char *buffers;

	if ((conn = malloc(size + IN_MAX + OUT_MAX)) == NULL)
		fatal("malloc");
	memset(conn, 0, size);
	buffers = (char *)conn + size;
	conn->in = buffers;
	conn->answers = buffers + IN_MAX;
	return conn;
}

/* "127.0.0.1:80" */
static void
parse_address(struct sockaddr_in *addr, const char *text)
{
	char host[INET_ADDRSTRLEN];
	size_t len = strcspn(text, ":");

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	if (len < sizeof(host) && text[len] == ':') {
		memcpy(host, text, len);
		host[len] = '\0';
		addr->sin_port = htons((in_port_t)atoi(text + len + 1));
		if (inet_pton(AF_INET, host, &addr->sin_addr) == 1)
			return;
	}
	errno = EINVAL;
	fatal(text);
}

static int
listen_on(const char *where)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	char host[INET_ADDRSTRLEN];
	int fd;

	parse_address(&addr, where);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&addr, len) == -1 ||
	    listen(fd, SOMAXCONN) == -1 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) == -1)
		fatal(where);
	inet_ntop(AF_INET, &addr.sin_addr, host, sizeof(host));
	if (printf("listening on %s:%d\n", host, ntohs(addr.sin_port)) < 0 ||
	    fflush(stdout) == EOF)
		fatal("standard output");
	return fd;
}

int
main(int argc, char *argv[])
{
	if (argc >= 2 && strcmp(argv[1], "http") == 0)
		protocol = http_take;
	else if (argc >= 2 && strcmp(argv[1], "echo") == 0)
		protocol = echo_take;
	if (protocol == NULL || argc > 3) {
		fprintf(stderr, "usage: %s http|echo [address:port]\n",
		    loop_name);
		return 1;
	}
	/* Not every library can write without raising it. */
	signal(SIGPIPE, SIG_IGN);
	loop(listen_on(argc == 3 ? argv[2] : "127.0.0.1:0"));
	return 1;
}
