/*
 * Contract 13: level, oneshot and exclusive behave the same on each selector.
 */
#include "config.h"

#include <errno.h>

#include "compat/atomic.h"
#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

static void
level(struct mio_poller *poller)
{
	struct mio_event event = { 0, 0, 0 };
	struct mio_source a, b;
	int i, wrong = 0;
	char buf[8];

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_LEVEL);
	is(quiet(poller), 0, "level: not ready, no event");
	put_text(&b, "xyz");
	for (i = 0; i < 10; i++)
		wrong += poll_now(poller, &event, 1) != 1 ||
		    event.token != 1 || !mio_event_is_readable(&event);
	is(wrong, 0, "level: reported as long as it is ready");
	is(mio_source_read(&a, buf, 1), 1, "read a part of it");
	is(poll_now(poller, &event, 1), 1, "level: still reported");
	drain(&a);
	is(quiet(poller), 0, "level: silent when nothing is left");
	put_text(&b, "x");
	ok(comes(poller, 1, MIO_READABLE), "level: and reported again");
	rereg(poller, &a, 2, MIO_READABLE);
	is(poll_now(poller, &event, 1), 1, "from level to edge: an event");
	is(quiet(poller), 0, "from level to edge: once");
	rereg(poller, &a, 3, BOTH | MIO_LEVEL);
	is(poll_now(poller, &event, 1), 1, "from edge to level: an event");
	is(poll_now(poller, &event, 1), 1, "from edge to level: and again");
	/*
	 * If there is room for one event only, a kqueue returns each direction
	 * by itself.
	 */
	is(wait_token(poller, 3, BOTH) & BOTH, BOTH, "with both directions");
	close_source(&b);
	drain(&a);
	is(poll_now(poller, &event, 1), 1, "level: end of file is reported");
	is(poll_now(poller, &event, 1), 1, "level: and reported again");
	close_source(&a);
}

static void
oneshot(struct mio_poller *poller, unsigned int mode, const char *words)
{
	struct mio_event event = { 0, 0, 0 };
	struct mio_source a, b;
	int i;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | mode);
	for (i = 2; i < 5; i++) {
		put_text(&b, "x");
		ok(wait_token(poller, (mio_token)i - 1, MIO_READABLE) &
		    MIO_READABLE, "%s: an event", words);
		is(quiet(poller), 0, "%s: silent after it", words);
		put_text(&b, "y");
		is(quiet(poller), 0, "%s: silent for new data", words);
		is(drain(&a), 2, "%s: read to EAGAIN", words);
		put_text(&b, "z");
		is(quiet(poller), 0, "%s: silent after EAGAIN too",
		    words);
		need(mio_source_would_block(&a, MIO_READABLE) == 0);
		is(quiet(poller), 0, "%s: silent after would_block too", words);
		rereg(poller, &a, (mio_token)i, MIO_READABLE | mode);
		is(poll_now(poller, &event, 1), 1,
		    "%s: reregistered, an event", words);
		is(event.token, i, "%s: with the new token", words);
		need(drain(&a) == 1);
		rereg(poller, &a, (mio_token)i, MIO_READABLE | mode);
		is(quiet(poller), 0, "%s: reregistered, not ready", words);
	}
	close_source(&b);
	ok(comes(poller, 4, MIO_READABLE), "%s: end of file is reported",
	    words);
	is(spins(poller), 0, "%s: once", words);
	close_source(&a);
}

static void
oneshot_changes(struct mio_poller *poller)
{
	struct mio_event event = { 0, 0, 0 };
	struct mio_source a, b;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_WRITABLE | MIO_ONESHOT);
	is(poll_now(poller, &event, 1), 1, "oneshot: writable");
	is(quiet(poller), 0, "oneshot: once");
	rereg(poller, &a, 2, MIO_WRITABLE);
	is(poll_now(poller, &event, 1), 1, "from oneshot to edge: an event");
	fill(&a);
	need(drain(&b) > 0);
	ok(comes(poller, 2, MIO_WRITABLE),
	    "from oneshot to edge: and the next");
	dereg(poller, &a);
	reg(poller, &a, 3, MIO_READABLE | MIO_ONESHOT);
	is(quiet(poller), 0, "oneshot: not ready");
	dereg(poller, &a);
	put_text(&b, "x");
	is(quiet(poller), 0, "oneshot: deregistered before it fired");
	reg(poller, &a, 4, MIO_READABLE | MIO_ONESHOT);
	is(poll_now(poller, &event, 1), 1, "oneshot: registered again");
	close_source(&b);
	is(quiet(poller), 0, "oneshot: silent for a hang-up too");
	close_source(&a);
}

static void
exclusive_rules(struct mio_poller *poller)
{
	static const unsigned int wrong[] = {
		MIO_EXCLUSIVE,
		MIO_EXCLUSIVE | MIO_PRIORITY,
		MIO_EXCLUSIVE | MIO_READABLE | MIO_PRIORITY,
		MIO_EXCLUSIVE | MIO_READABLE | MIO_AIO,
		MIO_EXCLUSIVE | MIO_READABLE | MIO_LIO,
		MIO_EXCLUSIVE | MIO_READABLE | MIO_ONESHOT,
		MIO_EXCLUSIVE | MIO_READABLE | MIO_LEVEL | MIO_ONESHOT
	};
	static const unsigned int right[] = {
		MIO_EXCLUSIVE | MIO_READABLE,
		MIO_EXCLUSIVE | MIO_WRITABLE,
		MIO_EXCLUSIVE | BOTH,
		MIO_EXCLUSIVE | BOTH | MIO_LEVEL
	};
	struct mio_source a, b;
	unsigned int i;

	unix_pair(&a, &b);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		fails(mio_register(poller, &a, 1, wrong[i]), EINVAL,
		    "exclusive goes with readable and writable only: %#x",
		    wrong[i]);
	for (i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		is(mio_register(poller, &a, 1, right[i]), 0,
		    "exclusive: %#x", right[i]);
		fails(mio_reregister(poller, &a, 1, right[i]), EINVAL,
		    "exclusive: no reregister");
		fails(mio_reregister(poller, &a, 1, MIO_READABLE), EINVAL,
		    "exclusive: no reregister from it");
		dereg(poller, &a);
	}
	reg(poller, &a, 2, MIO_READABLE);
	fails(mio_reregister(poller, &a, 2, MIO_READABLE | MIO_EXCLUSIVE),
	    EINVAL, "exclusive: no reregister to it");
	put_text(&b, "x");
	ok(comes(poller, 2, MIO_READABLE),
	    "a refused reregister leaves the registration alone");
	close_source(&a);
	close_source(&b);
}

/* Epoll refuses RDHUP with exclusive, so no selector reports read_closed. */
static void
exclusive_hints(struct mio_poller *poller)
{
	struct mio_source a, b;
	char buf[8];
	uint32_t seen;

	tcp_pair(&a, &b);
	reg(poller, &a, 3, MIO_READABLE | MIO_EXCLUSIVE);
	need(mio_tcp_shutdown(&b, MIO_SHUT_WR) == 0);
	seen = wait_token(poller, 3, MIO_READABLE);
	ok(seen & MIO_READABLE, "exclusive: a half-close is readable");
	if (!on_selector("kqueue"))
		is(seen & MIO_READ_CLOSED, 0,
		    "exclusive: no hint read_closed");
	is(mio_source_read(&a, buf, sizeof(buf)), 0, "and end of file is read");
	is(spins(poller), 0, "exclusive: once");
	close_source(&a);
	close_source(&b);
}

/*
 * One listener in two pollers, each with a thread.  The kernel decides how
 * many of them wake up; the test checks that all connections are served.
 */
struct worker {
	struct mio_poller	*poller;
	int			 fd;
	unsigned int		*served;
	unsigned int		 mode;
	pthread_t		 thread;
	struct mio_waker	*waker;
};

static void
serve(struct worker *worker, const struct mio_source *listener)
{
	struct mio_source stream;

	while (mio_tcp_accept(listener, &stream, NULL, NULL, 0) == 0) {
		close_source(&stream);
		atomic_inc(worker->served);
	}
	need(errno == EAGAIN);
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	struct mio_source listener;
	struct mio_event event;

	need(mio_source_from_fd(&listener, worker->fd) == 0);
	reg(worker->poller, &listener, 1,
	    MIO_READABLE | MIO_EXCLUSIVE | worker->mode);
	for (;;) {
		need(mio_poll(worker->poller, &event, 1, MIO_FOREVER) == 1);
		if (event.token == 99)
			break;
		serve(worker, &listener);
	}
	dereg(worker->poller, &listener);
	return NULL;
}

#define CLIENTS	100

static void
exclusive_service(unsigned int mode, const char *words)
{
	long long end = msec() + 20000 * tap_slow();
	struct sockaddr_storage addr;
	struct mio_source listener, client;
	struct worker workers[2];
	unsigned int served = 0;
	mio_socklen len;
	int i;

	listen_loopback(&listener, &addr, &len);
	for (i = 0; i < 2; i++) {
		workers[i].poller = new_poller();
		workers[i].fd = mio_source_fd(&listener);
		workers[i].served = &served;
		workers[i].mode = mode;
		workers[i].waker = mio_waker_new(workers[i].poller, 99);
		need(workers[i].waker != NULL);
		workers[i].thread = start_thread(work, &workers[i]);
	}
	for (i = 0; i < CLIENTS; i++) {
		need(mio_tcp_connect(&client, (struct sockaddr *)&addr, len,
		    0) == 0);
		await_connection(&client);
		close_source(&client);
		/* Some connections come alone, others together. */
		while (i % 3 != 0 && atomic_get(&served) < (unsigned int)i &&
		    msec() < end)
			sleep_msec(1);
	}
	while (atomic_get(&served) < CLIENTS && msec() < end)
		sleep_msec(1);
	is(atomic_get(&served), CLIENTS,
	    "exclusive, two pollers: every connection is served (%s)", words);
	for (i = 0; i < 2; i++) {
		need(mio_waker_wake(workers[i].waker) == 0);
		join_thread(workers[i].thread);
		mio_waker_free(workers[i].waker);
		mio_poller_free(workers[i].poller);
	}
	close_source(&listener);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	level(poller);
	oneshot(poller, MIO_ONESHOT, "oneshot");
	oneshot(poller, MIO_ONESHOT | MIO_LEVEL, "level and oneshot");
	oneshot_changes(poller);
	exclusive_rules(poller);
	exclusive_hints(poller);
	exclusive_service(0, "edge");
	exclusive_service(MIO_LEVEL, "level");
	mio_poller_free(poller);
	return tap_done();
}
