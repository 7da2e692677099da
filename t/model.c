/*
 * POLL-2: a random walk through register, reregister, deregister, close,
 * write, read and poll, held against a model.
 *
 * What is reported must be true: the token is a registered one, at most once
 * a call, and poll(2) on the descriptor says the same.  What is due must be
 * reported: a direction is armed by registering, reregistering and by
 * would-block, and disarmed by its report; armed and ready, it is due.
 *
 * T_SEED=n runs another walk.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)
#define PAIRS	5
#define COUNT	(2 * PAIRS)

/* Either end of a pair; each has the other as its peer. */
struct end {
	struct mio_source	 source;
	bool			 registered;
	unsigned int		 interest;
	unsigned int		 armed;
	unsigned int		 was;		/* true once; see remember() */
	unsigned int		 moot;		/* may be said of it, or not */
	mio_token		 token;
};

static struct end ends[COUNT];
static mio_token next_token = 1;
static unsigned int state;
static int false_claims, strangers, repeated, overdue, events_seen;

/* Numerical Recipes' generator: the same everywhere. */
static unsigned int
dice(unsigned int sides)
{
	state = state * 1664525 + 1013904223;
	return (state >> 12) % sides;
}

static void
open_pair(int pair)
{
	struct end *a = &ends[2 * pair], *b = a + 1;

	memset(a, 0, 2 * sizeof(*a));
	switch (dice(3)) {
	case 0:
		tcp_pair(&a->source, &b->source);
		break;
	case 1:
		unix_pair(&a->source, &b->source);
		break;
	default:
		pipe_pair(&a->source, &b->source);
		/* To FreeBSD's kqueue both ends of a pipe are writable. */
		if (on_selector("kqueue"))
			a->moot = MIO_WRITABLE;
		break;
	}
}

static bool
is_open(const struct end *end)
{
	return mio_source_fd(&end->source) >= 0;
}

static void
close_end(struct end *end)
{
	if (is_open(end))
		close_source(&end->source);
	end->registered = false;
}

/* What poll(2) says of it now. */
static unsigned int
truth(const struct end *end)
{
	struct pollfd pfd = { mio_source_fd(&end->source), 0, 0 };
	unsigned int bits = 0;

	pfd.events = POLLIN | POLLOUT;
#ifdef POLLRDHUP
	pfd.events |= POLLRDHUP;
#endif
	need(poll(&pfd, 1, 0) >= 0);
	if ((pfd.revents & ~POLLOUT) != 0)
		bits |= MIO_READABLE;
	if ((pfd.revents & (POLLOUT | POLLERR | POLLHUP)) != 0)
		bits |= MIO_WRITABLE;
	return bits;
}

/*
 * Event ports queue an event when it happens, and say nothing when it is over
 * before the event is retrieved.  Registering anew and would-block take it
 * back; otherwise what was true between two polls may be reported.  A kqueue
 * asks again before it reports, but for oneshot, and nothing takes that back.
 */
static bool
outdated(void)
{
	return on_selector("port") || on_selector("kqueue");
}

static void
remember(void)
{
	int i;

	for (i = 0; i < COUNT && outdated(); i++) {
		if (is_open(&ends[i]))
			ends[i].was |= truth(&ends[i]);
	}
}

static unsigned int
any_interest(void)
{
	static const unsigned int interests[] = {
		MIO_READABLE, MIO_WRITABLE, BOTH, BOTH,
		MIO_READABLE | MIO_LEVEL, BOTH | MIO_LEVEL,
		MIO_READABLE | MIO_ONESHOT, BOTH | MIO_ONESHOT
	};

	return interests[dice(8)];
}

static void
enter(struct end *end, unsigned int interest)
{
	end->registered = true;
	end->interest = interest;
	end->armed = interest & BOTH;
	if (on_selector("port"))
		end->was = 0;
	end->token = next_token++;
}

static void
step_register(struct mio_poller *poller, struct end *end)
{
	unsigned int interest = any_interest();
	int result = mio_register(poller, &end->source, next_token, interest);

	if (end->registered) {
		need(result == -1 && errno == EEXIST);
		return;
	}
	need(result == 0);
	enter(end, interest);
}

static void
step_reregister(struct mio_poller *poller, struct end *end)
{
	unsigned int interest = any_interest();
	int result = mio_reregister(poller, &end->source, next_token,
	    interest);

	if (!end->registered) {
		need(result == -1 && errno == ENOENT);
		return;
	}
	need(result == 0);
	enter(end, interest);
}

static void
step_deregister(struct mio_poller *poller, struct end *end)
{
	int result = mio_deregister(poller, &end->source);

	if (end->registered)
		need(result == 0);
	else
		need(result == -1 && errno == ENOENT);
	end->registered = false;
}

static void
arm(struct end *end, unsigned int direction)
{
	if ((end->interest & MIO_ONESHOT) == 0)
		end->armed |= direction & end->interest;
	if (on_selector("port"))
		end->was = 0;
}

/* The ends of a pipe refuse the wrong direction, and closed peers any. */
static void
step_read(struct end *end, size_t size, bool all)
{
	char buf[4096];
	mio_ssize n;

	do {
		n = mio_source_read(&end->source, buf, size);
	} while (n > 0 && all);
	if (n < 0 && errno == EAGAIN)
		arm(end, MIO_READABLE);
}

static void
step_write(struct end *end, size_t size, bool all)
{
	static const char buf[4096];
	mio_ssize n;

	do {
		n = mio_source_write(&end->source, buf, size);
	} while (n > 0 && all);
	if (n < 0 && errno == EAGAIN)
		arm(end, MIO_WRITABLE);
}

static struct end *
find(mio_token token)
{
	int i;

	for (i = 0; i < COUNT; i++) {
		if (is_open(&ends[i]) && ends[i].registered &&
		    ends[i].token == token)
			return &ends[i];
	}
	return NULL;
}

static void
disarm(struct end *end, unsigned int reported)
{
	if ((end->interest & MIO_ONESHOT) != 0)
		end->armed = 0;
	else if ((end->interest & MIO_LEVEL) == 0)
		end->armed &= ~reported;
}

static void
check_event(const struct mio_event *event)
{
	unsigned int reported = event->readiness & BOTH;
	struct end *end = find(event->token);
	char text[128];

	events_seen++;
	if (end == NULL) {
		strangers++;
		return;
	}
	if ((reported & ~(truth(end) | end->was | end->moot)) != 0 ||
	    reported == 0) {
		false_claims++;
		need(mio_event_format(event, text, sizeof(text)) > 0);
		tap_diag("said %s, but %#x is true", text, truth(end));
	}
	disarm(end, reported);
	end->was = on_selector("port") ? 0 : end->was & ~reported;
}

/* One call; the tokens of a batch differ. */
static int
poll_once(struct mio_poller *poller, int room, int64_t timeout)
{
	struct mio_event events[COUNT];
	int i, k, n = mio_poll(poller, events, room, timeout);

	need(n >= 0 && n <= room);
	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			repeated += events[k].token == events[i].token;
		check_event(&events[i]);
	}
	return n;
}

/* An edge that is armed and true; level is checked by each poll. */
static const struct end *
due(void)
{
	int i;

	for (i = 0; i < COUNT; i++) {
		const struct end *end = &ends[i];

		if (is_open(end) && end->registered &&
		    (end->interest & MIO_LEVEL) == 0 &&
		    (end->armed & truth(end)) != 0)
			return end;
	}
	return NULL;
}

/* A level source that is ready, and not in this batch. */
static const struct end *
left_out(const struct mio_event *events, int n)
{
	int i, k;

	for (i = 0; i < COUNT; i++) {
		const struct end *end = &ends[i];

		if (!is_open(end) || !end->registered ||
		    (end->interest & MIO_LEVEL) == 0 ||
		    (truth(end) & end->interest) == 0)
			continue;
		for (k = 0; k < n && events[k].token != end->token; k++)
			continue;
		if (k == n)
			return end;
	}
	return NULL;
}

/* Twice, or more, because news may come between a poll and the truth. */
static void
check_level(struct mio_poller *poller)
{
	long long end = msec() + 5000 * tap_slow();
	struct mio_event events[COUNT];
	const struct end *missing;
	int i, n;

	do {
		n = poll_now(poller, events, COUNT);
		for (i = 0; i < n; i++)
			check_event(&events[i]);
	} while ((missing = left_out(events, n)) != NULL && msec() < end);
	if (missing != NULL) {
		overdue++;
		tap_diag("level end %d isn't reported", (int)(missing - ends));
	}
}

/* News by way of loopback may be a moment late, but it must come. */
static void
check_due(struct mio_poller *poller)
{
	long long end = msec() + 5000 * tap_slow();
	const struct end *missing;
	int i;

	for (i = 0; i < 4; i++)
		poll_once(poller, 1 + (int)dice(COUNT), 0);
	while ((missing = due()) != NULL && msec() < end)
		poll_once(poller, COUNT, MIO_MSEC(1));
	if (missing == NULL)
		return;
	overdue++;
	tap_diag("end %d: armed %#x, true %#x, interest %#x",
	    (int)(missing - ends), missing->armed, truth(missing),
	    missing->interest);
}

static void
step_close(struct end *end)
{
	int pair = (int)(end - ends) / 2;

	if (dice(2) == 0) {
		close_end(end);
		return;
	}
	close_end(&ends[2 * pair]);
	close_end(&ends[2 * pair + 1]);
	open_pair(pair);
}

/* Pipes take up to 64 KB, sockets a few hundred: some steps fill them. */
static void
step(struct mio_poller *poller)
{
	struct end *end = &ends[dice(COUNT)];

	remember();
	if (!is_open(end)) {
		step_close(end);
		return;
	}
	switch (dice(16)) {
	case 0: case 1: case 2:
		step_register(poller, end);
		break;
	case 3: case 4:
		step_reregister(poller, end);
		break;
	case 5: case 6:
		step_deregister(poller, end);
		break;
	case 7: case 8:
		step_read(end, 4096, true);
		break;
	case 9:
		step_read(end, 1 + dice(10), false);
		break;
	case 10: case 11:
		step_write(end, 1 + dice(100), false);
		break;
	case 12:
		step_write(end, 4096, true);
		break;
	case 13:
		if (dice(4) == 0)
			step_close(end);
		break;
	case 14:
		check_level(poller);
		break;
	default:
		check_due(poller);
		break;
	}
}

static void
walk(unsigned int seed, int steps)
{
	struct mio_poller *poller = new_poller();
	int i;

	state = seed;
	for (i = 0; i < PAIRS; i++)
		open_pair(i);
	for (i = 0; i < steps && false_claims + strangers + repeated +
	    overdue == 0; i++)
		step(poller);
	if (i < steps)
		tap_diag("seed %u, step %d", seed, i);
	for (i = 0; i < COUNT; i++)
		close_end(&ends[i]);
	mio_poller_free(poller);
}

int
main(void)
{
	const char *text = getenv("T_SEED");
	unsigned int seed = text != NULL ? (unsigned int)atoi(text) : 1, i;
	int fds;

	tap_start();
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	fds = count_fds();
	for (i = 0; i < 4; i++) {
		tap_diag("T_SEED=%u", seed + i);
		walk(seed + i, 4000 / tap_slow() + 100);
	}
	tap_diag("%d events", events_seen);
	ok(events_seen > 100, "a random walk: events were seen");
	is(strangers, 0, "a random walk: no event of a source that is gone");
	is(repeated, 0, "a random walk: no source twice in a call");
	is(false_claims, 0, "a random walk: what is reported is true");
	is(overdue, 0, "a random walk: what is due is reported");
	is(count_fds(), fds, "a random walk: the descriptor count stays");
	return tap_done();
}
