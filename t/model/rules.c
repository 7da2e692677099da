/*
 * The contract, as mio_register(3), mio_poll(3), mio_event(3) and
 * mio_waker_new(3) have it.
 *
 * What is armed and true must be reported: a direction is armed when it is
 * registered, and reregistered, and by would-block, and disarmed by its
 * report.  What is reported must be true, and must have a cause: it was
 * armed, or there has been news.
 *
 * What a selector may do beside, and where a manual page says so:
 *
 *  - Tell what was true when the event was made, and isn't any more
 *    (mio_event(3)).  Event ports queue an event as it happens, and so does
 *    AFD; registering and would-block take it back, on AFD in its direction.  A kqueue asks again before it reports,
 *    except for oneshot; only a change of the mode takes that back.
 *  - Look again after any news, and tell all that is true then (mio_event(3):
 *    an event carries everything that was true when it was made).
 *  - Tell TCP's writers of acknowledgements, at any time (mio_register(3):
 *    activity may be reported).
 *  - On a kqueue, call writable what does not block because it fails: after
 *    a shutdown, of which poll(2) says nothing (mio_event(3), Exceptions).
 *
 * And where none does, all of them of pipes on a kqueue:
 *
 *  - The read end may be writable: FreeBSD's pipes go both ways.
 *  - It may be readable where only writing was asked for, because the end of
 *    a pipe is told by EVFILT_READ (kqueue.c).
 *  - The end may be told two or three times, by each note that has it, if
 *    the array was too small for all.
 */
#include "config.h"

#include <string.h>

#include "model.h"

/* The reader of a pipe, asked for writing on a kqueue; see above. */
static bool
reads_anyway(const struct end *end)
{
	return end->kind == KIND_PIPE && end->side == 0 &&
	    on_selector("kqueue");
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
		end->was = 0;
	end->registered = true;
	end->interest = interest;
	end->armed = end->owed = interest & BOTH;
	end->news = end->hangup = end->silent = end->given = 0;
	end->broken = end->untold = false;
	end->told = 0;
	if (reads_anyway(end))
		end->news = MIO_READABLE;
}

/* An operation in this direction would have blocked. */
void
has_blocked(struct end *end, unsigned int direction)
{
	if (!is_oneshot(end)) {
		end->armed |= direction & end->interest;
		end->owed |= direction & end->interest;
		end->given &= ~direction;
	}
	if (on_selector("port") && (direction & end->interest) != 0)
		end->was = 0;
	else if (on_selector("afd"))
		end->was &= ~direction;
}

/* This was true, and may have come to its end. */
void
has_moved(struct walk *walk, const struct end *end, unsigned int bits)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    walk->ends[i].side == end->side)
			walk->ends[i].was |= bits;
	}
}

/*
 * Data went through: the other side may hear of it, in that direction.  A BSD
 * tells all listeners of a pipe, at both ends.
 */
void
has_stirred(struct walk *walk, const struct end *end, unsigned int bits)
{
	bool all = end->kind == KIND_PIPE && on_selector("kqueue");
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection == end->connection &&
		    (walk->ends[i].side != end->side || all))
			walk->ends[i].news |= all ? BOTH : bits;
	}
}

/*
 * One side, or a direction of it, has ended; both may hear of it.  If it was
 * the whole connection, an event port may tell of it after an older event.
 */
void
has_ended(struct walk *walk, const struct end *end, bool whole)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].connection != end->connection)
			continue;
		walk->ends[i].hangup = BOTH;
		walk->ends[i].told = 0;
		if (whole && queues_events())
			walk->ends[i].untold = true;
	}
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

/* True once, and perhaps still in a queue; see above. */
static unsigned int
excused(const struct end *end)
{
	unsigned int bits = 0;

	if (queues_events() || (on_selector("kqueue") && is_oneshot(end)))
		bits |= end->was;
	if (reads_anyway(end) || (on_selector("kqueue") && end->refuses))
		bits |= MIO_WRITABLE;
	return bits;
}

static void
check_truth(struct walk *walk, struct end *end, unsigned int bits)
{
	unsigned int excuse = excused(end);

	if (bits != 0 && (bits & ~(end->truth | excuse)) == 0)
		return;
	end->truth = truth(end);	/* it may have become so just now */
	if (bits == 0 || (bits & ~(end->truth | excuse)) != 0)
		fault(walk, FAULT_UNTRUE, "end %d is %#x, but said to be %#x: "
		    "kind %d, %s, interest %#x, was %#x, armed %#x, news %#x",
		    number(walk, end), end->truth, bits, (int)end->kind,
		    end->vague ? "vague" : "known", end->interest, end->was,
		    end->armed, end->news);
}

/* What there may be an event for. */
static unsigned int
causes(const struct end *end)
{
	unsigned int asked = end->interest & BOTH;

	if (is_level(end))
		return BOTH;
	if (reads_anyway(end))
		asked |= MIO_READABLE;
	if (is_oneshot(end))
		return asked & ~end->silent;
	/* News are a reason to look, and whatever is true then is said. */
	if ((end->news & asked) != 0 || end->hangup != 0 || end->untold)
		return BOTH;
	return end->armed;
}

/*
 * BROKEN (mio_event(3)) comes a millisecond after the end was told, where the
 * kernel has no EVFILT_USER; but once.
 */
static bool
is_broken(struct end *end, const struct mio_event *event)
{
	char text[128];

	need(mio_event_format(event, text, sizeof(text)) > 0);
	if (end->broken || end->kind != KIND_PIPE || is_oneshot(end) ||
	    strstr(text, "BROKEN") == NULL)
		return false;
	return end->broken = true;
}

static void
check_cause(struct walk *walk, struct end *end, const struct mio_event *event)
{
	unsigned int bits = event->readiness & BOTH;

	if (is_late(end) && !is_oneshot(end))
		return;		/* acknowledgements are news, at any time */
	if ((bits & causes(end)) == 0 && !is_broken(end, event))
		fault(walk, FAULT_UNCALLED, "end %d said %#x for no cause: "
		    "interest %#x, armed %#x, news %#x, hangup %#x, silent "
		    "%#x", number(walk, end), bits, end->interest, end->armed,
		    end->news, end->hangup, end->silent);
}

/*
 * The end of a pipe is told by two of a kqueue's filters, or by three if it was
 * broken before; all say that it is writable, and in a small array they are
 * events of as many calls.
 */
static void
may_say_again(const struct walk *walk, struct end *end,
    const struct mio_event *event)
{
	if (end->kind != KIND_PIPE || !on_selector("kqueue") ||
	    walk->room == ROOM || end->told == 2 ||
	    (event->readiness & MIO_WRITE_CLOSED) == 0)
		return;
	end->told++;
	end->hangup = BOTH;
	end->silent = 0;
}

static void
has_been_told(const struct walk *walk, struct end *end,
    const struct mio_event *event)
{
	const unsigned int hints = MIO_ERROR | MIO_WRITE_CLOSED;
	unsigned int bits = event->readiness & BOTH;

	/* On epoll an event has it all. */
	if (on_selector("epoll"))
		bits = BOTH;
	end->news &= ~bits;
	end->hangup &= ~bits;
	if ((event->readiness & hints) != 0)
		end->untold = false;
	may_say_again(walk, end, event);
}

static void
has_said(struct end *end, unsigned int bits)
{
	end->said = bits;
	end->given |= bits;
	if (is_oneshot(end)) {
		end->armed = 0;
		end->silent |= bits;
	} else if (!is_level(end)) {
		end->armed &= ~bits;
	}
	end->was = queues_events() ? 0 : end->was & ~bits;
}

static void
check_source(struct walk *walk, struct end *end, const struct mio_event *event)
{
	unsigned int bits = event->readiness & BOTH;

	if (end->said != 0)
		fault(walk, FAULT_REPEATED, "end %d is reported twice",
		    number(walk, end));
	check_truth(walk, end, bits);
	check_cause(walk, end, event);
	has_said(end, bits);
	has_been_told(walk, end, event);
}

/* Whether it was a waker's. */
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
		waker->given = true;
		return true;
	}
	return false;
}

static void
tell_event(const struct mio_event *event)
{
	char text[128];

	need(mio_event_format(event, text, sizeof(text)) > 0);
	(void)fprintf(stderr, "\t%s\n", text);
}

/* How many of the events were wakers'. */
int
check_events(struct walk *walk, const struct mio_event *events, int n)
{
	int i, woken = 0;

	walk->outcome->events += n;
	for (i = 0; i < n; i++) {
		struct end *end = find(walk, events[i].token);

		if (walk->loud)
			tell_event(&events[i]);
		if (end != NULL)
			check_source(walk, end, &events[i]);
		else if (check_waker(walk, &events[i]))
			woken++;
		else
			fault(walk, FAULT_STRANGER, "token %lu is of no "
			    "source", (unsigned long)events[i].token);
	}
	return woken;
}
