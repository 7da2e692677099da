/*
 * Checks that a datagram which the kernel refuses causes no event while its
 * socket is writable: a program that sends again at each event would not wait
 * any more.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

static struct mio_poller *poller;

struct way {
	const char	*text;
	bool		 addressed;	/* by mio_udp_send_to */
	bool		 foreign;
};

static const struct way ways[] = {
	{ "send",			false,	false },
	{ "send_to",			true,	false },
	{ "send of a foreign source",	false,	true }
};

static struct sockaddr_storage peer;
static mio_socklen peer_len;

/* The library leaves out a step where the selector does not need the result. */
static const char *
call_of(const struct way *way)
{
	bool direct = on_selector("epoll") || on_selector("kqueue");

	return direct && !way->addressed && !way->foreign ? "send" : "sendto";
}

static bool
rearms(void)
{
	return !on_selector("epoll") && !on_selector("kqueue");
}

static mio_ssize
send_by(const struct way *way, const struct mio_source *source)
{
	if (way->addressed)
		return mio_udp_send_to(source, "x", 1,
		    (struct sockaddr *)&peer, peer_len);
	return mio_udp_send(source, "x", 1);
}

/* A writable socket whose event has been reported. */
static void
open_way(const struct way *way, struct mio_source *a, struct mio_source *b)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa;
	mio_socklen len;

	sa = addr_of("127.0.0.1:0", &addr, &len);
	need(mio_udp_bind(a, sa, len, 0) == 0);
	need(mio_udp_bind(b, sa, len, 0) == 0);
	sa = local_addr(b, &peer, &peer_len);
	if (!way->addressed)
		need(mio_udp_connect(a, sa, peer_len) == 0);
	if (way->foreign)
		need(mio_source_from_fd(a, mio_source_release(a)) == 0);
	reg(poller, a, 1, BOTH);
	wait_token(poller, 1, MIO_WRITABLE);
}

/* Sends at each event, as a program may do, and counts the events. */
static int
events_after(const struct way *way, const struct mio_source *source, int error)
{
	struct mio_event event;
	int n = 0;

	wrap_fail(call_of(way), 1, -1, error);
	fails(send_by(way, source), error, "%s: %s", way->text,
	    strerror(error));
	while (n < 1000 && mio_poll(poller, &event, 1, MOMENT) == 1) {
		n++;
		need(send_by(way, source) < 0);
	}
	need(wrap_heal() > 0);
	return n;
}

static void
refused(const struct way *way, int error)
{
	struct mio_source a, b;

	open_way(way, &a, &b);
	is(events_after(way, &a, error), 0, "%s: no event", way->text);
	is(send_by(way, &a), 1, "%s: the next one is sent", way->text);
	close_source(&a);
	close_source(&b);
}

/* The error of an earlier datagram is over when it has been returned. */
static void
earlier(const struct way *way)
{
	struct mio_source a, b;

	open_way(way, &a, &b);
	wrap_fail(call_of(way), 1, 1, ENETUNREACH);
	fails(send_by(way, &a), ENETUNREACH, "%s: a network error", way->text);
	need(wrap_heal() == 1);
	if (way->addressed || !rearms())
		is(quiet(poller), 0, "%s: no event", way->text);
	else
		ok(comes(poller, 1, MIO_WRITABLE), "%s: writable", way->text);
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	static const int errors[] = { ENOBUFS, ENOMEM, EACCES };
	size_t i, k;

	tap_start();
	poller = new_poller();
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (k = 0; k < sizeof(errors) / sizeof(errors[0]); k++)
			refused(&ways[i], errors[k]);
		earlier(&ways[i]);
	}
	mio_poller_free(poller);
	return tap_done();
}
