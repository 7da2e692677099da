/*
 * Checks a poller's descriptor that is registered with another poller, or used
 * in poll(2).
 */
#include "config.h"

#include <errno.h>
#include <poll.h>

#include "lib/tap.h"
#include "lib/util.h"

static bool
raw_readable(int fd)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	need(poll(&pfd, 1, 0) >= 0);
	return (pfd.revents & POLLIN) != 0;
}

static void
nest(struct mio_poller *outer, struct mio_poller *inner)
{
	struct mio_waker *waker = mio_waker_new(inner, 3);
	struct mio_source a, b, nested;
	struct mio_event event;
	int i;

	need(waker != NULL);
	unix_pair(&a, &b);
	reg(inner, &a, 1, MIO_READABLE);
	is(mio_source_from_fd(&nested, mio_poller_fd(inner)), 0,
	    "a poller's descriptor is a source");
	reg(outer, &nested, 2, MIO_READABLE);
	is(quiet(outer), 0, "no event in the inner: none in the outer");
	ok(!raw_readable(mio_poller_fd(inner)), "nor in poll(2)");
	for (i = 0; i < 3; i++) {
		put_text(&b, "x");
		ok(comes(outer, 2, MIO_READABLE),
		    "an event in the inner: the outer is readable");
		ok(raw_readable(mio_poller_fd(inner)),
		    "and poll(2) reports it");
		is(poll_now(inner, &event, 1), 1, "the inner has the event");
		is(event.token, 1, "with its token");
		need(drain(&a) == 1);
		is(poll_now(inner, &event, 1), 0, "only once");
		/* Needed after EAGAIN of a descriptor that is used directly. */
		need(mio_source_would_block(&nested, MIO_READABLE) == 0);
		quiet(outer);
		is(quiet(outer), 0, "and the outer is quiet");
	}
	for (i = 0; i < 3; i++) {
		put_text(&b, "x");
		ok(comes(outer, 2, MIO_READABLE),
		    "no poll of the inner after it was drained: readable "
		    "again");
		need(poll_now(inner, &event, 1) == 1 && drain(&a) == 1);
		need(mio_source_would_block(&nested, MIO_READABLE) == 0);
	}
	/*
	 * A kqueue can't be watched for writing, but registering must succeed.
	 */
	is(mio_reregister(outer, &nested, 2, MIO_READABLE | MIO_WRITABLE), 0,
	    "reregistered for writing as well");
	quiet(outer);
	need(mio_waker_wake(waker) == 0);
	ok(comes(outer, 2, MIO_READABLE),
	    "a wake of the inner: the outer is readable");
	is(poll_now(inner, &event, 1), 1, "the inner has the wake");
	is(event.token, 3, "with its token");
	need(mio_source_release(&nested) >= 0);
	put_text(&b, "x");
	is(quiet(outer), 0, "released: no event in the outer");
	mio_waker_free(waker);
	close_source(&a);
	close_source(&b);
}

/* Pollers that watch themselves or each other, and a chain that is too long. */
static void
loops(struct mio_poller *outer, struct mio_poller *inner)
{
	struct mio_source first, second;
	struct mio_poller *chain[9];
	struct mio_source links[8];
	int i, n = 0;

	need(mio_source_from_fd(&first, mio_poller_fd(inner)) == 0);
	fails(mio_register(inner, &first, 1, MIO_READABLE), EINVAL,
	    "a poller in itself");
	reg(outer, &first, 1, MIO_READABLE);
	need(mio_source_from_fd(&second, mio_poller_fd(outer)) == 0);
	if (on_selector("epoll"))
		fails(mio_register(inner, &second, 1, MIO_READABLE), ELOOP,
		    "two pollers in each other");
	need(mio_source_release(&second) >= 0);
	need(mio_source_release(&first) >= 0);
	if (!on_selector("epoll"))
		return;
	for (i = 0; i < 9; i++)
		chain[i] = new_poller();
	for (i = 0; i < 8; i++) {
		need(mio_source_from_fd(&links[i], mio_poller_fd(chain[i])) ==
		    0);
		if (mio_register(chain[i + 1], &links[i], 1,
		    MIO_READABLE) == 0) {
			n++;
			continue;
		}
		is(errno, ELOOP, "a long chain of pollers: ELOOP");
		break;
	}
	is(n, 4, "a chain of five pollers");
	for (i = 0; i < 9; i++)
		mio_poller_free(chain[i]);
	for (i = 0; i < n; i++)
		(void)mio_source_release(&links[i]);
}

int
main(void)
{
	struct mio_poller *outer, *inner;

	tap_start();
	outer = new_poller();
	inner = new_poller();
	fails(mio_poller_fd(NULL), EINVAL, "no poller");
	if (on_selector("poll"))
		fails(mio_poller_fd(inner), ENOTSUP,
		    "poll(2) has no descriptor for a set");
	else {
		nest(outer, inner);
		loops(outer, inner);
	}
	mio_poller_free(inner);
	mio_poller_free(outer);
	return tap_done();
}
