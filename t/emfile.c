/*
 * Checks a listener when there are no free descriptors: the connection stays
 * in the queue, nothing spins, and both ways that the page describes recover
 * it.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

/* Lowers the limit to the descriptors that are open; returns the old limit. */
static rlim_t
exhaust(void)
{
	struct rlimit limit;
	rlim_t old;
	int fd;

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	old = limit.rlim_cur;
	need((fd = dup(STDOUT_FILENO)) >= 0);
	need(close(fd) == 0);
	limit.rlim_cur = (rlim_t)fd;
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return old;
}

static void
recover(rlim_t old)
{
	struct rlimit limit;

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = old;
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void
run(struct mio_poller *poller, bool reregister)
{
	struct sockaddr_storage addr;
	struct mio_source listener, client, server;
	mio_socklen len;
	rlim_t old;

	listen_loopback(&listener, &addr, &len);
	reg(poller, &listener, 1, MIO_READABLE);
	need(mio_tcp_connect(&client, (struct sockaddr *)&addr, len, 0) == 0);
	need(comes(poller, 1, MIO_READABLE));
	old = exhaust();
	fails(mio_tcp_accept(&listener, &server, NULL, NULL, 0), EMFILE,
	    "accept without descriptors");
	fails(mio_tcp_accept(&listener, &server, NULL, NULL, 0), EMFILE,
	    "and again");
	ok(spins(poller) <= 1, "no spin");
	recover(old);
	if (reregister) {
		rereg(poller, &listener, 1, MIO_READABLE);
		ok(comes(poller, 1, MIO_READABLE),
		    "reregister reports the waiting connection");
	}
	is(mio_tcp_accept(&listener, &server, NULL, NULL, 0), 0,
	    "with descriptors, accept");
	close_source(&client);
	close_source(&server);
	close_source(&listener);
}

static void
poller_new(void)
{
	struct mio_poller *poller;
	rlim_t old = exhaust();

	poller = mio_poller_new();
	ok(poller == NULL && errno == EMFILE, "no poller without descriptors");
	recover(old);
	poller = mio_poller_new();
	ok(poller != NULL, "one with");
	mio_poller_free(poller);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	run(poller, false);
	run(poller, true);
	mio_poller_free(poller);
	poller_new();
	return tap_done();
}
