/*
 * Checks a listener when there are no free descriptors: the connection stays
 * in the queue, nothing spins, and both ways that the page describes recover
 * it.  And a limit that is lowered below the number of descriptors in use.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

/* Sets the limit of descriptors; returns the old one. */
static rlim_t
set_limit(rlim_t value)
{
	struct rlimit limit;
	rlim_t old;

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	old = limit.rlim_cur;
	limit.rlim_cur = value;
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return old;
}

/* Lowers the limit to the descriptors that are open; returns the old limit. */
static rlim_t
exhaust(void)
{
	int fd;

	need((fd = dup(STDOUT_FILENO)) >= 0);
	need(close(fd) == 0);
	return set_limit((rlim_t)fd);
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
	(void)set_limit(old);
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
	(void)set_limit(old);
	poller = mio_poller_new();
	ok(poller != NULL, "one with");
	mio_poller_free(poller);
}

/* Does poll(2) refuse more descriptors than the limit?  Under valgrind, no. */
static bool
poll_refuses(const struct mio_source *source)
{
	struct pollfd fds[2] = {
		{ mio_source_fd(source), POLLIN, 0 }, { -1, 0, 0 }
	};

	return poll(fds, 2, 0) < 0 && errno == EINVAL;
}

/*
 * A sandbox lowers the limit below the number of sources and the channel, and
 * then to that number.
 */
static void
lowered(struct mio_poller *poller)
{
	struct mio_event event;
	struct mio_source a, b;
	rlim_t old;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_LEVEL);
	put_text(&b, "x");
	old = set_limit(1);
	if (on_selector("poll") && poll_refuses(&a))
		fails(mio_poll(poller, &event, 1, PATIENCE), EINVAL,
		    "a limit below the number of sources: EINVAL");
	else
		is(mio_poll(poller, &event, 1, PATIENCE), 1,
		    "a limit below the number of sources: an event");
	(void)set_limit(2);
	is(mio_poll(poller, &event, 1, PATIENCE), 1,
	    "one more than the number of sources: an event");
	is(event.token, 1, "with its token");
	(void)set_limit(old);
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	run(poller, false);
	run(poller, true);
	lowered(poller);
	mio_poller_free(poller);
	poller_new();
	return tap_done();
}
