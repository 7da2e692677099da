/*
 * Contract 5: a registration appears at most once per call; a call never
 * returns more events than there is room for; and a few busy sources don't
 * starve the others.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#define COUNT	8
#define MANY	300	/* more than any selector's batch */
#define GUARD	0x5a

struct pair {
	struct mio_source	a, b;
};

static void
open_pairs(struct pair *pairs)
{
	int i;

	for (i = 0; i < COUNT; i++)
		unix_pair(&pairs[i].a, &pairs[i].b);
}

static void
close_pairs(struct pair *pairs)
{
	int i;

	for (i = 0; i < COUNT; i++) {
		close_source(&pairs[i].a);
		close_source(&pairs[i].b);
	}
}

/* Is the memory behind the array unchanged? */
static bool
guarded(const struct mio_event *events, int from, int to)
{
	const unsigned char *p = (const void *)&events[from];
	const unsigned char *end = (const void *)&events[to];

	while (p < end) {
		if (*p++ != GUARD)
			return false;
	}
	return true;
}

/* Polls with an array of this size until nothing comes. */
static void
capacity(struct mio_poller *poller, int room)
{
	struct mio_event events[COUNT + 1];
	int counts[COUNT] = { 0 };
	int i, n, over = 0, written = 0, wrong = 0;

	do {
		memset(events, GUARD, sizeof(events));
		n = poll_now(poller, events, room);
		over += n > room;
		written += !guarded(events, room, COUNT + 1);
		for (i = 0; i < n; i++) {
			need(events[i].token < COUNT);
			counts[events[i].token]++;
		}
	} while (n > 0);
	/*
	 * A kqueue merges what it reports in one call; with too little room a
	 * source's other direction comes in the next.
	 */
	for (i = 0; i < COUNT; i++)
		wrong += counts[i] != 1 &&
		    !(on_selector("kqueue") && counts[i] == 2 && room < COUNT);
	is(over, 0, "capacity %d: never more events than room", room);
	is(written, 0, "capacity %d: nothing written behind the array", room);
	is(wrong, 0, "capacity %d: each of the sources once", room);
}

static void
capacities(struct mio_poller *poller)
{
	static const int rooms[] = { 1, 2, 3, 5, COUNT };
	struct pair pairs[COUNT];
	unsigned int i;
	int k;

	open_pairs(pairs);
	for (k = 0; k < COUNT; k++) {
		put_text(&pairs[k].b, "x");
		reg(poller, &pairs[k].a, (mio_token)k,
		    MIO_READABLE | MIO_WRITABLE);
	}
	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		for (k = 0; k < COUNT; k++)
			rereg(poller, &pairs[k].a, (mio_token)k,
			    MIO_READABLE | MIO_WRITABLE);
		capacity(poller, rooms[i]);
	}
	close_pairs(pairs);
}

/* kqueue has a filter for each direction; both must be one event. */
static void
merged(struct mio_poller *poller)
{
	struct mio_event events[4];
	struct mio_source a, b;

	unix_pair(&a, &b);
	put_text(&b, "x");
	reg(poller, &a, 77, MIO_READABLE | MIO_WRITABLE);
	is(poll_now(poller, events, 4), 1,
	    "both directions at once are one event");
	is(events[0].token, 77, "its token");
	is(events[0].readiness & (MIO_READABLE | MIO_WRITABLE),
	    MIO_READABLE | MIO_WRITABLE, "with both bits");
	close_source(&a);
	close_source(&b);
}

static int
busy_polls(struct mio_poller *poller, struct pair *pairs, bool edge)
{
	struct mio_event event;
	char buf[16];
	int i, polls;

	for (polls = 1; polls <= 20 * COUNT; polls++) {
		if (poll_now(poller, &event, 1) == 0)
			continue;
		if (event.token == COUNT - 1)
			return polls;
		if (!edge)
			continue;
		/* The busy sources have new data as soon as they are read. */
		need(mio_source_read(&pairs[event.token].a, buf, 16) > 0);
		for (i = 0; i < COUNT - 1; i++)
			put_text(&pairs[i].b, "x");
	}
	return polls;
}

static void
fairness(struct mio_poller *poller, bool edge)
{
	unsigned int mode = edge ? 0 : MIO_LEVEL;
	struct pair pairs[COUNT];
	int i, polls;

	open_pairs(pairs);
	for (i = 0; i < COUNT; i++)
		reg(poller, &pairs[i].a, (mio_token)i, MIO_READABLE | mode);
	for (i = 0; i < COUNT - 1; i++)
		put_text(&pairs[i].b, "x");
	/* The busy sources are reported before the quiet one has data. */
	busy_polls(poller, pairs, edge);
	put_text(&pairs[COUNT - 1].b, "x");
	polls = busy_polls(poller, pairs, edge);
	tap_diag("the quiet source was reported by poll %d", polls);
	ok(polls <= 20 * COUNT, "capacity 1: a quiet source among busy ones "
	    "gets its turn (%s)", edge ? "edge" : "level");
	close_pairs(pairs);
}

static void
level_turns(struct mio_poller *poller)
{
	struct pair pairs[COUNT];
	int i, seen[COUNT] = { 0 }, missing = 0;
	struct mio_event event;

	open_pairs(pairs);
	for (i = 0; i < COUNT; i++) {
		put_text(&pairs[i].b, "x");
		reg(poller, &pairs[i].a, (mio_token)i,
		    MIO_READABLE | MIO_LEVEL);
	}
	for (i = 0; i < 4 * COUNT; i++) {
		need(poll_now(poller, &event, 1) == 1);
		seen[event.token]++;
	}
	for (i = 0; i < COUNT; i++)
		missing += seen[i] == 0;
	is(missing, 0, "capacity 1: always ready sources take turns");
	close_pairs(pairs);
}

/* Many sources in large batches: none is lost, none is reported twice. */
static void
large(struct mio_poller *poller)
{
	static struct mio_event events[MANY + 10];
	static struct mio_source many[MANY];
	static int seen[MANY];
	struct mio_source a, b;
	int i, n, batch[MANY], twice = 0, wrong = 0;

	unix_pair(&a, &b);
	put_text(&b, "x");
	for (i = 0; i < MANY; i++) {
		need(mio_source_from_fd(&many[i], dup(mio_source_fd(&a))) == 0);
		reg(poller, &many[i], (mio_token)i, MIO_READABLE);
	}
	while ((n = poll_now(poller, events, MANY + 10)) > 0) {
		memset(batch, 0, sizeof(batch));
		for (i = 0; i < n; i++) {
			need(events[i].token < MANY);
			twice += batch[events[i].token]++ > 0;
			seen[events[i].token]++;
			wrong += events[i].readiness != MIO_READABLE;
		}
	}
	is(twice, 0, "many sources: none twice in a call");
	is(wrong, 0, "many sources: readable and nothing else");
	for (i = 0; i < MANY; i++)
		wrong += seen[i] != 1;
	is(wrong, 0, "many sources: each reported once");
	for (i = 0; i < MANY; i++)
		close_source(&many[i]);
	close_source(&a);
	close_source(&b);
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	capacities(poller);
	merged(poller);
	fairness(poller, true);
	fairness(poller, false);
	level_turns(poller);
	large(poller);
	mio_poller_free(poller);
	return tap_done();
}
