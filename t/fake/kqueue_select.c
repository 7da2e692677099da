/*
 * The kqueue selector, where only the fake can lead it: asynchronous I/O that
 * has completed, for which the kernel makes the events itself.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>

#include "fake_kqueue.h"
#include "internal.h"
#include "tap.h"
#include "util.h"

static struct mio_poller *poller;
static struct mio_event events[8];

/* What the kernel does when the request of this number is over. */
static void
complete(int request, int filter, mio_token token)
{
	need(fake_kqueue_post(mio_poller_fd(poller), (uintptr_t)request,
	    filter, EV_ONESHOT, 0, (void *)token) == 0);
}

static int
with(mio_token token, uint32_t readiness, int n)
{
	int i, found = 0;

	for (i = 0; i < n; i++)
		found += events[i].token == token &&
		    events[i].readiness == readiness;
	return found;
}

static void
aio(void)
{
	char text[64];

	complete(5, EVFILT_AIO, 7);
	is(mio_poll(poller, events, 8, MIO_FOREVER), 1, "a finished read");
	is(events[0].token, 7, "the token is the request's value");
	is(events[0].readiness, MIO_AIO, "it is AIO and nothing else");
	ok(mio_event_is_aio(&events[0]) && !mio_event_is_lio(&events[0]),
	    "the accessors say so");
	need(mio_event_format(&events[0], text, sizeof(text)) > 0);
	is_str(text, "token=7 aio native=AIO", "formatted");
	is(poll_now(poller, events, 8), 0, "once");
}

#ifdef EVFILT_LIO
static void
lio(void)
{
	complete(6, EVFILT_LIO, 8);
	is(mio_poll(poller, events, 8, MIO_FOREVER), 1, "a finished list");
	is(with(8, MIO_LIO, 1), 1, "its token; LIO and nothing else");
	is(poll_now(poller, events, 8), 0, "once");
}
#else
static void
lio(void)
{
	struct mio_source a, b;

	unix_pair(&a, &b);
	fails(mio_register(poller, &a, 1, MIO_LIO), ENOTSUP,
	    "no lists in this header: ENOTSUP");
	close_source(&a);
	close_source(&b);
}
#endif

/*
 * A request's number is an address of its own, which may be any number: it
 * is never taken for a descriptor, and requests of one token are not merged.
 */
static void
beside_a_source(void)
{
	struct mio_source a, b;
	int n;

	unix_pair(&a, &b);
	reg(poller, &a, 7, MIO_READABLE);
	put_text(&b, "x");
	complete(mio_source_fd(&a), EVFILT_AIO, 7);
	complete(mio_source_fd(&b), EVFILT_AIO, 7);
	n = poll_now(poller, events, 8);
	is(n, 3, "a source and two requests");
	is(with(7, MIO_READABLE, n), 1, "the source is readable");
	is(with(7, MIO_AIO, n), 2, "each request has its event");
	close_source(&a);
	close_source(&b);
}

/* More than fit are kept. */
static void
small_room(void)
{
	int i, n = 0;

	for (i = 0; i < 3; i++)
		complete(100 + i, EVFILT_AIO, (mio_token)i);
	for (i = 0; i < 3; i++)
		n += poll_now(poller, events, 1);
	is(n, 3, "three requests, one at a time");
	is(poll_now(poller, events, 1), 0, "and no more");
}

int
main(void)
{
	int fds;

	tap_start();
	fds = count_fds();
	poller = new_poller();
	aio();
	lio();
	beside_a_source();
	small_room();
	mio_poller_free(poller);
	is(count_fds(), fds, "the descriptor count stays");
	return tap_done();
}
