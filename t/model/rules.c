/*
 * The contract, as mio_register(3), mio_poll(3), mio_event(3) and
 * mio_waker_new(3) have it.
 *
 * A direction that is armed and true must be reported.  A direction is armed
 * when it is registered or reregistered, and by EAGAIN or would_block; its
 * report disarms it.  A direction that is reported must be true, and must have
 * a cause: either it was armed, or there has been activity.  The end of what
 * the peer sends is armed together with readable, and only an event that has it
 * disarms it: it must be reported even if the data before it was reported, and
 * not read.
 *
 * A selector may do more, where a manual page allows it:
 *
 *  - Report what was true when the event was made, but no longer is
 *    (mio_event(3)).  Event ports queue an event as it happens, and so does
 *    AFD; registering and would_block discard it, on AFD in their direction
 *    only.  TCP may even stop being writable without a write, because Linux
 *    needs more memory for a segment that it splits.  A kqueue checks again
 *    before it reports, except for oneshot; only a change of the mode discards
 *    such an event.
 *  - Check a source again after any activity, and report all that is true then
 *    (mio_event(3): an event has everything that was true when it was made).
 *  - Report acknowledgements to TCP's writers at any time (mio_register(3):
 *    activity may be reported).
 *  - On a kqueue, report writable when a write fails instead of blocking:
 *    after a shutdown, which poll(2) doesn't report (mio_event(3),
 *    Exceptions).
 *  - On a kqueue, report a Unix datagram socket as writable although it is
 *    full, as BSD's poll(2) does too (mio_unix_dgram_send(3)).
 *  - On the fake of NetBSD 11's kqueue, report a Unix stream as writable that
 *    small writes have filled: there it is writable for poll(2), too.
 *
 * And less, all of it on a kqueue:
 *
 *  - The close of a Unix datagram socket's peer is no event, though poll(2)
 *    reports it (mio_event(3), CAVEATS).
 *  - The writer of a full Unix stream has no event when its peer shuts down
 *    reading (mio_event(3), CAVEATS).
 *  - NetBSD's poll(2) takes a Unix stream for writable as long as one byte of
 *    room is left, while a write returns EAGAIN; the event comes when the peer
 *    reads.
 *
 * Where no manual page does, all of them for pipes on a kqueue:
 *
 *  - The read end may be writable: FreeBSD's pipes are bidirectional.
 *  - It may be readable although only writable is an interest, because
 *    EVFILT_READ reports the end of a pipe (kqueue.c).  So may the write end,
 *    if pipes carry data both ways.
 *  - The end of a pipe may be reported two or three times, once for each knote
 *    that has it, if the array was too small for all of them.
 */
#include "config.h"

#include <string.h>

#include "model.h"

static bool
has_pipe_knotes(const struct end *end)
{
	return end->kind == KIND_PIPE && on_selector("kqueue");
}

static bool
both_ways(void)
{
	static int both = -1;

	if (both < 0)
		both = pipes_go_both_ways();
	return both;
}

/* A pipe's end on a kqueue that may be readable anyway; see above. */
static bool
reads_anyway(const struct end *end)
{
	return has_pipe_knotes(end) && (end->side == 0 || both_ways());
}

bool
queues_events(void)
{
	return on_selector("port") || on_selector("afd");
}

void
has_registered(struct end *end, unsigned int interest, bool again)
{
	unsigned int change = end->interest ^ interest;

	if (!again || !on_selector("kqueue") ||
	    (change & (MIO_LEVEL | MIO_ONESHOT)) != 0)
		end->was_true = 0;
	end->registered = true;
	end->interest = interest;
	end->armed = end->expected = interest & BOTH;
	end->activity = end->hangup = end->silent = end->since_armed = 0;
	end->eof_armed = (interest & MIO_READABLE) != 0;
	end->broken_reported = end->eof_queued = false;
	end->peerless = false;
	end->eof_reports = 0;
	if (reads_anyway(end))
		end->activity = MIO_READABLE;
}

/* An operation in this direction returned EAGAIN. */
void
got_eagain(struct end *end, unsigned int direction)
{
	if (!is_oneshot(end)) {
		end->armed |= direction & end->interest;
		end->expected |= direction & end->interest;
		end->since_armed &= ~direction;
		end->eof_armed |= (direction & end->interest &
		    MIO_READABLE) != 0;
	}
	if (on_selector("port") && (direction & end->interest) != 0)
		end->was_true = 0;
	else if (on_selector("afd"))
		end->was_true &= ~direction;
}

/* These directions were true, and may no longer be. */
void
has_moved(struct walk *walk, const struct end *end, unsigned int bits)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side == end->side)
			walk->ends[i].was_true |= bits;
	}
}

/*
 * Data was moved: the other side may have an event in that direction.  A BSD
 * notifies all knotes of a pipe, at both ends.
 */
void
has_stirred(struct walk *walk, const struct end *end, unsigned int bits)
{
	bool all = end->kind == KIND_PIPE && on_selector("kqueue");
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection != end->connection ||
		    (walk->ends[i].side == end->side && !all))
			continue;
		walk->ends[i].activity |= all ? BOTH : bits;
		if ((bits & MIO_WRITABLE) != 0)
			walk->ends[i].blocked = false;
	}
}

/*
 * One side, or a direction of it, was closed; both sides may have an event.
 * If the whole connection was closed, event ports and AFD may report that
 * after an older event.
 */
void
has_ended(struct walk *walk, const struct end *end, bool whole)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection != end->connection)
			continue;
		walk->ends[i].hangup = BOTH;
		walk->ends[i].eof_reports = 0;
		if (whole && queues_events())
			walk->ends[i].eof_queued = true;
	}
}

/* The last descriptor of one side was closed. */
void
has_gone(struct walk *walk, const struct end *end)
{
	int i;

	has_ended(walk, end, end->kind != KIND_DGRAM);
	for (i = 0; i < SLOTS && end->kind == KIND_DGRAM; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side != end->side)
			walk->ends[i].peerless = true;
	}
}

/* A write on this side got EAGAIN. */
void
is_blocked(struct walk *walk, const struct end *end)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side == end->side)
			walk->ends[i].blocked = true;
	}
}

/*
 * Directions that may be true without an event, on a kqueue; see above.
 */
unsigned int
unannounced(const struct end *end)
{
	if (!on_selector("kqueue"))
		return 0;
	if (end->peerless)
		return BOTH;
	if (end->kind != KIND_UNIX || !end->blocked)
		return 0;
#ifdef __NetBSD__
	return MIO_WRITABLE;
#else
	return end->refuses ? MIO_WRITABLE : 0;
#endif
}

static struct end *
find(struct walk *walk, mio_token token)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].registered && walk->ends[i].token == token)
			return &walk->ends[i];
	}
	return NULL;
}

/* Directions that may be reported although they are not true; see above. */
static unsigned int
excused(const struct end *end)
{
	unsigned int bits = 0;

	if (queues_events() || (on_selector("kqueue") && is_oneshot(end)))
		bits |= end->was_true;
	if (queues_events() && end->vague)
		bits |= MIO_WRITABLE;
	if ((has_pipe_knotes(end) && end->side == 0) ||
	    (on_selector("kqueue") &&
	    (end->refuses || end->kind == KIND_DGRAM)))
		bits |= MIO_WRITABLE;
#ifdef FULL_MAY_BE_WRITABLE
	if (on_selector("kqueue") && end->kind == KIND_UNIX)
		bits |= MIO_WRITABLE;
#endif
	return bits;
}

static void
check_truth(struct walk *walk, struct end *end, unsigned int bits)
{
	unsigned int excuse = excused(end);

	if (bits != 0 && (bits & ~(end->truth | excuse)) == 0)
		return;
	end->truth = truth(end);	/* may have changed */
	if (bits == 0 || (bits & ~(end->truth | excuse)) != 0)
		fault(walk, FAULT_UNTRUE,
		    "end %d is %#x, but reported as %#x: "
		    "kind %d, %s, interest %#x, was %#x, armed %#x, activity "
		    "%#x",
		    number(walk, end), end->truth, bits, (int)end->kind,
		    end->vague ? "vague" : "known", end->interest,
		    end->was_true, end->armed, end->activity);
}

/* The directions that may be reported now. */
static unsigned int
causes(const struct end *end)
{
	unsigned int wanted = end->interest & BOTH;

	if (is_level(end))
		return BOTH;
	if (reads_anyway(end))
		wanted |= MIO_READABLE;
	if (is_oneshot(end))
		return wanted & ~end->silent;
	/*
	 * After activity the selector may check the source, and then reports
	 * all that is true.
	 */
	if ((end->activity & wanted) != 0 || end->hangup != 0 ||
	    end->eof_queued || (end->eof_armed && end->eof))
		return BOTH;
	return end->armed;
}

/*
 * Where the kernel has no EVFILT_USER, BROKEN (mio_event(3)) comes a
 * millisecond after the registration, when another knote may have reported end
 * of file already, but once only.
 */
static bool
is_broken(struct end *end, const struct mio_event *event)
{
	char text[128];

	need(mio_event_format(event, text, sizeof(text)) > 0);
	if (end->broken_reported || end->kind != KIND_PIPE || is_oneshot(end) ||
	    strstr(text, "BROKEN") == NULL)
		return false;
	return end->broken_reported = true;
}

static void
check_cause(struct walk *walk, struct end *end, const struct mio_event *event)
{
	unsigned int bits = event->readiness & BOTH;

	if (is_late(end) && !is_oneshot(end))
		return;		/* acknowledgements: at any time */
	if ((bits & causes(end)) == 0 && !is_broken(end, event))
		fault(walk, FAULT_UNCALLED,
		    "end %d reported %#x without a cause: kind %d, "
		    "interest %#x, armed %#x, activity %#x, hangup %#x, silent "
		    "%#x",
		    number(walk, end), bits, (int)end->kind, end->interest,
		    end->armed, end->activity, end->hangup, end->silent);
}

/*
 * Two of a kqueue's filters report the end of a pipe, or three if it was
 * broken before.  Each of them reports writable, and with a small array each
 * is an event of another call.
 */
static void
may_report_again(const struct walk *walk, struct end *end,
    const struct mio_event *event)
{
	if (end->kind != KIND_PIPE || !on_selector("kqueue") ||
	    walk->room == ROOM || end->eof_reports == 2 ||
	    (event->readiness & MIO_WRITE_CLOSED) == 0)
		return;
	end->eof_reports++;
	end->hangup = BOTH;
	end->silent = 0;
}

static void
event_reported(const struct walk *walk, struct end *end,
    const struct mio_event *event)
{
	const unsigned int hints = MIO_ERROR | MIO_WRITE_CLOSED;
	unsigned int bits = event->readiness & BOTH;

	/* An event of epoll has all directions. */
	if (on_selector("epoll"))
		bits = BOTH;
	end->activity &= ~bits;
	end->hangup &= ~bits;
	if ((event->readiness & hints) != 0)
		end->eof_queued = false;
	may_report_again(walk, end, event);
}

/*
 * Whether the event has the end of file.  An event port may have made it before
 * that, and on loopback the end may have come since truths().  The hint is
 * certain, but exclusive sources don't have it on all selectors.
 */
static bool
has_eof(const struct end *end, const struct mio_event *event)
{
	bool exclusive = (end->interest & MIO_EXCLUSIVE) != 0;

	if (mio_event_is_read_closed(event))
		return true;
	if (!mio_event_is_readable(event) ||
	    (on_selector("port") && !exclusive))
		return false;
	return end->eof || (exclusive && is_late(end) && has_ended_now(end));
}

static void
mark_reported(struct end *end, unsigned int bits)
{
	end->reported = bits;
	end->since_armed |= bits;
	if (is_oneshot(end)) {
		end->armed = 0;
		end->eof_armed = false;
		end->silent |= bits;
	} else if (!is_level(end)) {
		end->armed &= ~bits;
	}
	end->was_true = queues_events() ? 0 : end->was_true & ~bits;
}

static void
check_source(struct walk *walk, struct end *end, const struct mio_event *event)
{
	unsigned int bits = event->readiness & BOTH;

	if (end->reported != 0)
		fault(walk, FAULT_REPEATED, "end %d is reported twice",
		    number(walk, end));
	check_truth(walk, end, bits);
	check_cause(walk, end, event);
	if (has_eof(end, event))
		end->eof_armed = false;
	mark_reported(end, bits);
	event_reported(walk, end, event);
}

/* Checks the event of a waker; false if the event is not a waker's. */
static bool
check_waker(struct walk *walk, const struct mio_event *event)
{
	int i;

	for (i = 0; i < WAKERS; i++) {
		struct waker *waker = &walk->wakers[i];

		if (waker->waker == NULL || waker->token != event->token)
			continue;
		if (!waker->pending)
			fault(walk, FAULT_UNCALLED,
			    "waker %d reported, but not woken", i);
		if (event->readiness != MIO_READABLE || event->native != 0)
			fault(walk, FAULT_UNTRUE, "waker %d is %#x", i,
			    event->readiness);
		waker->pending = waker->must = waker->beside = false;
		waker->reported = true;
		return true;
	}
	return false;
}

static void
print_event(const struct mio_event *event)
{
	char text[128];

	need(mio_event_format(event, text, sizeof(text)) > 0);
	(void)fprintf(stderr, "\t%s\n", text);
}

/* Checks the events of a call. */
void
check_events(struct walk *walk, const struct mio_event *events, int n)
{
	int i;

	walk->outcome->events += n;
	for (i = 0; i < n; i++) {
		struct end *end = find(walk, events[i].token);

		if (walk->verbose)
			print_event(&events[i]);
		if (end != NULL)
			check_source(walk, end, &events[i]);
		else if (!check_waker(walk, &events[i]))
			fault(walk, FAULT_STRANGER, "token %lu belongs to no "
			    "source", (unsigned long)events[i].token);
	}
}
