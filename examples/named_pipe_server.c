/*
 * named_pipe_server: tcp_server.c's sibling on a named pipe of Windows, which
 * gives back to each client what it sends.
 *
 *	named_pipe_server [name [instances]]
 *
 * The default is \\.\pipe\mio-echo with 4 instances: as many clients are
 * served at once, and others are refused with ERROR_PIPE_BUSY until one of
 * these has gone.  It prints "listening on NAME", then what happens.
 *
 * There is no listener: each instance waits for a client itself, serves it,
 * drops it, and waits for the next one, registered once for all of them.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mio.h>

#define NEVENTS		64
#define MOST		1000

struct instance {
	struct mio_source source;
	unsigned long	 number;
	int		 served;	/* it has a client */
	size_t		 head;		/* buf[head] to buf[tail - 1] is */
	size_t		 tail;		/* still to be written */
	char		 buf[4096];
};

static void
warning(const char *what)
{
	fprintf(stderr, "named_pipe_server: %s: %s\n", what,
	    mio_strerror(mio_errno()));
}

static void
fatal(const char *what)
{
	warning(what);
	exit(1);
}

/* Is a client there?  If not, an event tells when it is. */
static int
instance_connect(struct instance *instance)
{
	if (mio_named_pipe_connect(&instance->source) == -1) {
		if (mio_errno() != EAGAIN)
			fatal("mio_named_pipe_connect");
		return 0;
	}
	instance->served = 1;
	printf("instance %lu: a client\n", instance->number);
	return 1;
}

/* Drops the client, and waits for another. */
static void
instance_next(struct instance *instance)
{
	printf("instance %lu: gone\n", instance->number);
	instance->served = 0;
	instance->head = instance->tail = 0;
	if (mio_named_pipe_disconnect(&instance->source) == -1)
		fatal("mio_named_pipe_disconnect");
}

/* 1: all is written; 0: the rest goes later; -1: the client is gone. */
static int
instance_write(struct instance *instance)
{
	mio_ssize n;

	while (instance->head < instance->tail) {
		n = mio_source_write(&instance->source,
		    instance->buf + instance->head,
		    instance->tail - instance->head);
		if (n == -1)
			return mio_errno() == EAGAIN ? 0 : -1;
		instance->head += (size_t)n;
	}
	return 1;
}

/* The same, of a read. */
static int
instance_read(struct instance *instance)
{
	mio_ssize n = mio_source_read(&instance->source, instance->buf,
	    sizeof(instance->buf));

	if (n == -1 && mio_errno() == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	instance->head = 0;
	instance->tail = (size_t)n;
	printf("instance %lu: %lu bytes\n", instance->number,
	    (unsigned long)n);
	return 1;
}

/*
 * Goes on until something would block: only then does an event come.  A
 * client that came while the last one was dropped needs no event.
 */
static void
instance_event(struct instance *instance)
{
	int on;

	while (instance->served || instance_connect(instance)) {
		do {
			on = instance_write(instance);
			if (on > 0)
				on = instance_read(instance);
		} while (on > 0);
		if (on == 0)
			return;
		instance_next(instance);
	}
}

static void
serve(struct mio_poller *poller, struct instance *instances)
{
	struct mio_event events[NEVENTS];
	int i, n;

	for (;;) {
		if ((n = mio_poll(poller, events, NEVENTS, MIO_FOREVER)) == -1)
			fatal("mio_poll");
		for (i = 0; i < n; i++)
			instance_event(&instances[events[i].token]);
	}
}

/* The first one makes sure that the name is nobody else's. */
static struct instance *
make_instances(struct mio_poller *poller, const char *name, size_t count)
{
	struct instance *instances = calloc(count, sizeof(*instances));
	size_t i;

	if (instances == NULL)
		fatal("calloc");
	for (i = 0; i < count; i++) {
		instances[i].number = (unsigned long)i;
		if (mio_named_pipe_new(&instances[i].source, name,
		    i == 0 ? MIO_PIPE_FIRST : 0) == -1)
			fatal(name);
		if (mio_register(poller, &instances[i].source, (mio_token)i,
		    MIO_READABLE | MIO_WRITABLE) == -1)
			fatal("mio_register");
	}
	return instances;
}

int
main(int argc, char *argv[])
{
	const char *name = argc > 1 ? argv[1] : "\\\\.\\pipe\\mio-echo";
	unsigned long i, count = argc > 2 ? strtoul(argv[2], NULL, 10) : 4;
	struct instance *instances;
	struct mio_poller *poller;

	if (argc > 3 || count < 1 || count > MOST) {
		fprintf(stderr,
		    "usage: named_pipe_server [name [instances]]\n");
		return 1;
	}
	/* Windows has no buffering by lines. */
	if (setvbuf(stdout, NULL, _IONBF, 0) != 0)
		fatal("setvbuf");
	if ((poller = mio_poller_new()) == NULL)
		fatal("mio_poller_new");
	instances = make_instances(poller, name, count);
	printf("listening on %s\n", name);
	for (i = 0; i < count; i++)
		instance_event(&instances[i]);
	serve(poller, instances);	/* until a signal ends the program */
}
