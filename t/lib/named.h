/*
 * Functions that the tests of named pipes share.
 */
#ifndef NAMED_H
#define NAMED_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "util.h"

#define SERVER	1
#define CLIENT	2

static struct mio_poller *poller;

/* A name that is not in use. */
static inline const char *
new_name(void)
{
	static char name[64];
	static int n;

	need(snprintf(name, sizeof(name), "\\\\.\\pipe\\mio-%lu-%d",
	    (unsigned long)GetCurrentProcessId(), n++) > 0);
	return name;
}

static inline void
pipe_ends(struct mio_source *server, struct mio_source *client,
    unsigned int flags)
{
	const char *name = new_name();

	need(mio_named_pipe_new(server, name, flags) == 0);
	need(mio_named_pipe_open(client, name, flags) == 0);
	need(mio_named_pipe_connect(server) == 0);
}

/* Connected, registered, and the first WRITABLE of both consumed. */
static inline void
pair(struct mio_source *server, struct mio_source *client,
    unsigned int flags)
{
	pipe_ends(server, client, flags);
	reg(poller, server, SERVER, MIO_READABLE | MIO_WRITABLE);
	need(comes(poller, SERVER, MIO_WRITABLE));
	reg(poller, client, CLIENT, MIO_READABLE | MIO_WRITABLE);
	need(comes(poller, CLIENT, MIO_WRITABLE));
}

static inline void
close_both(struct mio_source *a, struct mio_source *b)
{
	close_source(a);
	close_source(b);
}

/* Polls and reads until there are size bytes; returns their number. */
static inline size_t
get(const struct mio_source *source, char *buf, size_t size, size_t step)
{
	long long end = msec() + PATIENCE / MIO_MSEC(1) * tap_slow();
	struct mio_event events[8];
	size_t total = 0;
	mio_ssize n;

	while (total < size && msec() < end) {
		n = mio_source_read(source, buf + total,
		    size - total < step ? size - total : step);
		if (n == 0)
			break;
		if (n > 0)
			total += (size_t)n;
		else
			need(errno == EAGAIN && mio_poll(poller, events, 8,
			    MIO_MSEC(10)) >= 0);
	}
	return total;
}

static inline bool
gets_text(const struct mio_source *source, const char *text)
{
	char buf[64];

	return get(source, buf, strlen(text), sizeof(buf)) == strlen(text) &&
	    memcmp(buf, text, strlen(text)) == 0;
}

/* The result of the next read that doesn't fail with EAGAIN. */
static inline mio_ssize
next_read(const struct mio_source *source, char *buf, size_t size)
{
	struct mio_event events[8];
	mio_ssize n;
	int i;

	for (i = 0; i < 1000; i++) {
		n = mio_source_read(source, buf, size);
		if (n >= 0 || errno != EAGAIN)
			return n;
		need(mio_poll(poller, events, 8, MIO_MSEC(10)) >= 0);
	}
	return -1;
}

#endif /* NAMED_H */
