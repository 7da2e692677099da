/* Calls mio_poll(), and checks that it reports what it must. */
#include "config.h"

#include <errno.h>

#include "model.h"

/* Of several exclusive sources of one descriptor, not all need be reported. */
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

/* The directions that the next call must report. */
static unsigned int
musts(const struct walk *walk, const struct end *end)
{
	unsigned int armed = end->armed;

	if (!end->registered || is_shared(walk, end))
		return 0;
	if (end->eof_armed && end->eof)
		armed |= MIO_READABLE;
	return end->truth & ~unannounced(end) &
	    (is_level(end) ? end->interest : armed);
}

static void
begin_call(struct walk *walk)
{
	int i;

	truths(walk);
	for (i = 0; i < SLOTS; i++) {
		walk->ends[i].reported = 0;
		walk->ends[i].must = musts(walk, &walk->ends[i]);
	}
	for (i = 0; i < WAKERS; i++)
		walk->wakers[i].must = walk->wakers[i].pending &&
		    !walk->wakers[i].beside;
}

/*
 * The directions that should have been reported.  The event of a oneshot also
 * disarms its other directions.
 */
static unsigned int
missing(const struct end *end)
{
	if (is_oneshot(end) && end->reported != 0)
		return 0;
	return end->must & ~end->reported;
}

/*
 * Events of loopback may be late.  Where a kqueue has no EVFILT_USER, the end
 * of a pipe is reported a millisecond later.  A queued event has what was true
 * when it was made (mio_event(3)); the rest is for the next call.
 */
static bool
may_be_late(const struct end *end)
{
	if (is_late(end))
		return true;
	if (on_selector("kqueue"))
		return end->kind == KIND_PIPE && end->truth == BOTH;
	return queues_events() && end->reported != 0;
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
	fault(walk, FAULT_OVERDUE, "end %d: must report %#x, reported %#x, "
	    "armed %#x, interest %#x", number(walk, end), end->must,
	    end->reported, end->armed, end->interest);
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
 * Calls mio_poll() once.  If there is room for all events, none may be
 * missing, except for those of loopback, which may be late: then it returns
 * false.
 */
bool
poll_once(struct walk *walk, int room, int64_t timeout)
{
	struct mio_event events[ROOM];
	const struct waker *waker;
	const struct end *end;
	int n;

	begin_call(walk);
	walk->room = room;
	while ((n = mio_poll(walk->poller, events, room, timeout)) < 0 &&
	    errno == EINTR)
		timeout = timeout < 0 ? timeout : 0;
	if (n < 0 || n > room || (timeout < 0 && n == 0))
		fault(walk, FAULT_RESULT, "mio_poll: %d, errno %d", n, errno);
	check_events(walk, events, n);
	if (room < ROOM)
		return true;
	if ((waker = find_pending(walk)) != NULL)
		fault(walk, FAULT_OVERDUE, "waker %d is not reported",
		    (int)(waker - walk->wakers));
	if ((end = find_missing(walk, false)) != NULL)
		overdue(walk, end);
	return find_missing(walk, true) == NULL;
}

/*
 * With a small array no source can keep others out for ever: they take turns,
 * and a kqueue may need two turns for a source.
 */
void
poll_round(struct walk *walk, int room)
{
	unsigned int must[SLOTS], reported[SLOTS] = { 0 };
	int calls, i, left;

	begin_call(walk);
	for (i = 0; i < SLOTS; i++)
		must[i] = may_be_late(&walk->ends[i]) ? 0 :
		    walk->ends[i].must;
	for (calls = 0; calls < 2 * ROOM; calls++) {
		(void)poll_once(walk, room, 0);
		for (i = 0, left = 0; i < SLOTS; i++) {
			reported[i] |= walk->ends[i].reported;
			if (reported[i] != 0 && is_oneshot(&walk->ends[i]))
				must[i] = 0;
			left += (must[i] & ~reported[i]) != 0;
		}
		if (left == 0 && find_pending(walk) == NULL)
			return;
	}
	fault(walk, FAULT_OVERDUE, "%d sources and waker %d are kept out of an "
	    "array of %d", left, find_pending(walk) == NULL ? -1 :
	    (int)(find_pending(walk) - walk->wakers), room);
}

/* Would an infinite wait end now? */
bool
something_due(struct walk *walk)
{
	begin_call(walk);
	return find_missing(walk, false) != NULL || find_pending(walk) != NULL;
}

/* Traces what every selector must have reported since the last settle(). */
static void
note_end(struct walk *walk, struct end *end)
{
	unsigned int due = end->expected & end->truth;

	if (!is_level(end))
		end->expected &= is_oneshot(end) && due != 0 ? 0 : ~end->truth;
	if (end->vague || end->peerless || due == 0 || is_shared(walk, end))
		return;
	if (is_oneshot(end))
		note(walk, "token %lu: %s", (unsigned long)end->token,
		    end->since_armed != 0 ? "reported" : "silent");
	else
		note(walk, "token %lu: %#x", (unsigned long)end->token,
		    end->since_armed & due);
}

static void
note_all(struct walk *walk)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].registered)
			note_end(walk, &walk->ends[i]);
	}
	for (i = 0; i < WAKERS; i++) {
		if (walk->wakers[i].reported)
			note(walk, "waker %d", i);
		walk->wakers[i].reported = false;
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
	note_all(walk);
}
