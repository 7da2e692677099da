/*
 * Checks that a program can make a custom source of several: a structure that
 * registers all of its parts under one token, and that may be moved.
 */
#include "config.h"

#include <stdlib.h>

#include "lib/tap.h"
#include "lib/util.h"

/* Models a subprocess: three pipes, one of them to be written. */
struct process {
	struct mio_source in, out, err;
};

static int
process_register(struct mio_poller *poller, struct process *process,
    mio_token token)
{
	if (mio_register(poller, &process->in, token, MIO_WRITABLE) < 0)
		return -1;
	if (mio_register(poller, &process->out, token, MIO_READABLE) < 0)
		goto fail_in;
	if (mio_register(poller, &process->err, token, MIO_READABLE) < 0)
		goto fail_out;
	return 0;

fail_out:
	(void)mio_deregister(poller, &process->out);
fail_in:
	(void)mio_deregister(poller, &process->in);
	return -1;
}

static int
process_reregister(struct mio_poller *poller, struct process *process,
    mio_token token)
{
	int error = 0;

	error |= mio_reregister(poller, &process->in, token, MIO_WRITABLE);
	error |= mio_reregister(poller, &process->out, token, MIO_READABLE);
	error |= mio_reregister(poller, &process->err, token, MIO_READABLE);
	return error;
}

static int
process_deregister(struct mio_poller *poller, struct process *process)
{
	int error = 0;

	error |= mio_deregister(poller, &process->in);
	error |= mio_deregister(poller, &process->out);
	error |= mio_deregister(poller, &process->err);
	return error;
}

int
main(void)
{
	struct mio_source in, out, err, closed = { 0 };
	struct process process, *moved;
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	any_pipe(&in, &process.in);
	any_pipe(&process.out, &out);
	process.err = closed;
	is(process_register(poller, &process, 1), -1,
	    "registering fails if a part is missing");
	any_pipe(&process.err, &err);
	is(process_register(poller, &process, 1), 0,
	    "no other part stayed registered");
	ok(comes(poller, 1, MIO_WRITABLE), "the first part is writable");
	put_text(&err, "x");
	ok(comes(poller, 1, MIO_READABLE), "the last is readable");
	need((moved = malloc(sizeof(*moved))) != NULL);
	*moved = process;
	put_text(&out, "yz");
	is(process_reregister(poller, moved, 2), 0, "moved and reregistered");
	is(wait_token(poller, 2, MIO_READABLE | MIO_WRITABLE) &
	    (MIO_READABLE | MIO_WRITABLE), MIO_READABLE | MIO_WRITABLE,
	    "all parts under the new token");
	is(drain(&moved->out), 2, "one");
	is(drain(&moved->err), 1, "and the other");
	is(process_deregister(poller, moved), 0, "deregistered");
	put_text(&out, "more");
	is(quiet(poller), 0, "silence");
	close_source(&moved->in);
	close_source(&moved->out);
	close_source(&moved->err);
	close_source(&in);
	close_source(&out);
	close_source(&err);
	free(moved);
	mio_poller_free(poller);
	return tap_done();
}
