/*
 * named_pipe_server: an echo server on a Windows named pipe.
 *
 *	named_pipe_server [name [instances]]
 *
 * The default is \\.\pipe\mio-echo with 4 instances, each of which serves one
 * client at a time.  While all have a client, other clients are refused with
 * ERROR_PIPE_BUSY.  The server prints "listening on NAME", and then what
 * clients do.
 *
 * There is no listener, unlike in tcp_server.c.  Each instance waits for a
 * client, serves the client, disconnects it, and waits for the next one.  An
 * instance is registered once for all its clients.
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
	int		 served;	/* a client is connected */
	size_t		 head;		/* index of the first byte to write */
	size_t		 tail;		/* index after the last byte to write */
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

/* Returns whether a client is connected.  If not, an event reports one. */
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

/* Disconnects the client, so that the instance can wait for another one. */
static void
instance_next(struct instance *instance)
{
	printf("instance %lu: gone\n", instance->number);
	instance->served = 0;
	instance->head = instance->tail = 0;
	if (mio_named_pipe_disconnect(&instance->source) == -1)
		fatal("mio_named_pipe_disconnect");
}

/* Returns 1 if all is written, 0 on EAGAIN, and -1 if the client is gone. */
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

/* Returns 1 if there is data, 0 on EAGAIN, and -1 if the client is gone. */
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
 * Continues until EAGAIN, because the next event follows only then.  A client
 * that connected while the last one was disconnected causes no event.
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

/* The first instance ensures that no other program uses the name. */
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
	/* Windows has no line buffering. */
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
