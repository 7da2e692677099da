/*
 * Calls of mio_poll, and what must be reported by them.
 */
#include "config.h"

#include <errno.h>

#include "model.h"

/* Of several exclusive sources of one descriptor not all need hear. */
static bool
is_shared(const struct walk *walk, const struct end *end)
{
	int i;

	if ((end->interest & MIO_EXCLUSIVE) == 0)
		return false;
	for (i = 0; i < SLOTS; i++) {
		const struct end *twin = &walk->ends[i];

		if (twin != end && twin->registered &&
		    twin->connection == end->connection &&
		    twin->side == end->side &&
		    (twin->interest & MIO_EXCLUSIVE) != 0)
			return true;
	}
	return false;
}

/* What the next call must report. */
static unsigned int
musts(const struct walk *walk, const struct end *end)
{
	if (!end->registered || is_shared(walk, end))
		return 0;
	return end->truth & (is_level(end) ? end->interest : end->armed);
}

static void
begin_call(struct walk *walk)
{
	int i;

	truths(walk);
	for (i = 0; i < SLOTS; i++) {
		walk->ends[i].said = 0;
		walk->ends[i].must = musts(walk, &walk->ends[i]);
	}
	for (i = 0; i < WAKERS; i++)
		walk->wakers[i].must = walk->wakers[i].pending &&
		    !walk->wakers[i].beside;
}

/* A oneshot's other directions may have gone with the event. */
static unsigned int
missing(const struct end *end)
{
	if (is_oneshot(end) && end->said != 0)
		return 0;
	return end->must & ~end->said;
}

/*
 * Loopback may be late.  A pipe that has ended is told of a millisecond later
 * where a kqueue has no EVFILT_USER.  A queued event says what was true
 * when it was made (mio_event(3)); the rest is for the next call.
 */
static bool
may_be_late(const struct end *end)
{
	if (is_late(end))
		return true;
	if (on_selector("kqueue"))
		return end->kind == KIND_PIPE && end->truth == BOTH;
	return queues_events() && end->said != 0;
}

static const struct end *
find_missing(const struct walk *walk, bool late)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		const struct end *end = &walk->ends[i];

		if (end->registered && missing(end) != 0 &&
		    (late || !may_be_late(end)))
			return end;
	}
	return NULL;
}

static void
overdue(struct walk *walk, const struct end *end)
{
	fault(walk, FAULT_OVERDUE, "end %d is silent: must be %#x, said %#x, "
	    "armed %#x, interest %#x", number(walk, end), end->must, end->said,
	    end->armed, end->interest);
}

static const struct waker *
find_pending(const struct walk *walk)
{
	int i;

	for (i = 0; i < WAKERS; i++) {
		if (walk->wakers[i].must)
			return &walk->wakers[i];
	}
	return NULL;
}

/*
 * One call of mio_poll.  Where there is room for all, nothing may be missing,
 * apart from what loopback may bring late; false if that is so.  Wakers that
 * found no room are returned by the next call, which may leave it at that
 * (no manual page says so).
 */
bool
poll_once(struct walk *walk, int room, int64_t timeout)
{
	struct mio_event events[ROOM];
	const struct waker *waker;
	const struct end *end;
	bool kept = walk->kept;
	int n, woken;

	begin_call(walk);
	walk->room = room;
	while ((n = mio_poll(walk->poller, events, room, timeout)) < 0 &&
	    errno == EINTR)
		timeout = timeout < 0 ? timeout : 0;
	if (n < 0 || n > room || (timeout < 0 && n == 0))
		fault(walk, FAULT_RESULT, "mio_poll: %d, errno %d", n, errno);
	woken = check_events(walk, events, n);
	waker = find_pending(walk);
	walk->kept = waker != NULL;
	if (room < ROOM)
		return true;
	if (kept && woken > 0)
		return false;
	if (waker != NULL)
		fault(walk, FAULT_OVERDUE, "waker %d is silent",
		    (int)(waker - walk->wakers));
	if ((end = find_missing(walk, false)) != NULL)
		overdue(walk, end);
	return find_missing(walk, true) == NULL;
}

/*
 * No source can keep others out of a small array for ever: they take turns,
 * and a kqueue may need two for a source.
 */
void
poll_round(struct walk *walk, int room)
{
	unsigned int must[SLOTS], said[SLOTS] = { 0 };
	int calls, i, left;

	begin_call(walk);
	for (i = 0; i < SLOTS; i++)
		must[i] = may_be_late(&walk->ends[i]) ? 0 :
		    walk->ends[i].must;
	for (calls = 0; calls < 2 * ROOM; calls++) {
		(void)poll_once(walk, room, 0);
		for (i = 0, left = 0; i < SLOTS; i++) {
			said[i] |= walk->ends[i].said;
			if (said[i] != 0 && is_oneshot(&walk->ends[i]))
				must[i] = 0;
			left += (must[i] & ~said[i]) != 0;
		}
		if (left == 0 && find_pending(walk) == NULL)
			return;
	}
	fault(walk, FAULT_OVERDUE, "%d sources and waker %d are kept out of an "
	    "array of %d", left, find_pending(walk) == NULL ? -1 :
	    (int)(find_pending(walk) - walk->wakers), room);
}

/* A wait for ever would end. */
bool
something_due(struct walk *walk)
{
	begin_call(walk);
	return find_missing(walk, false) != NULL || find_pending(walk) != NULL;
}

/* What every selector must have reported since the last time. */
static void
say(struct walk *walk, struct end *end)
{
	unsigned int due = end->owed & end->truth;

	if (!is_level(end))
		end->owed &= is_oneshot(end) && due != 0 ? 0 : ~end->truth;
	if (end->vague || due == 0 || is_shared(walk, end))
		return;
	if (is_oneshot(end))
		note(walk, "token %lu: %s", (unsigned long)end->token,
		    end->given != 0 ? "reported" : "silent");
	else
		note(walk, "token %lu: %#x", (unsigned long)end->token,
		    end->given & due);
}

static void
tell_all(struct walk *walk)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].registered)
			say(walk, &walk->ends[i]);
	}
	for (i = 0; i < WAKERS; i++) {
		if (walk->wakers[i].given)
			note(walk, "waker %d", i);
		walk->wakers[i].given = false;
	}
}

void
settle(struct walk *walk)
{
	long long end = msec() + walk->patience;
	int64_t timeout = 0;

	while (!poll_once(walk, ROOM, timeout)) {
		if (msec() > end && find_missing(walk, true) != NULL)
			overdue(walk, find_missing(walk, true));
		if (find_missing(walk, true) != NULL)
			timeout = MIO_MSEC(1);
	}
	tell_all(walk);
}
