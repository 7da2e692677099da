/*
 * POLL-1: a long echo through small buffers, in each mode.  It would stall if
 * interest were lost after a successful read or write.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

#define BOTH		(MIO_READABLE | MIO_WRITABLE)
#define BUFFER		4096
#define TOTAL		(8u << 20)

enum style {
	TO_BLOCK,		/* until EAGAIN */
	TO_SHORT,		/* until a short count */
	ONESHOT,		/* until EAGAIN, then reregister */
	LEVEL			/* one read and one write an event */
};

static const char *const names[] = {
	"edge to EAGAIN", "edge to a short count", "oneshot", "level"
};

/* One end: what it may do, and what it has to send. */
struct end {
	struct mio_source	 source;
	mio_token		 token;
	unsigned int		 ready;		/* directions still ready */
	unsigned int		 got, sent;
	unsigned int		 held;		/* in the buffer */
	bool			 echoes;
	bool			 wrong;
	unsigned char		 buf[BUFFER];
};

static unsigned char
pattern(unsigned int i)
{
	return (unsigned char)(i * 7 + (i >> 9));
}

/* Clears the direction if this operation has used it up. */
static void
update_ready(struct end *end, enum style style, unsigned int direction,
    mio_ssize n, size_t wanted)
{
	if (n < 0)
		need(errno == EAGAIN);
	if (n < 0 || (style == TO_SHORT && (size_t)n < wanted) ||
	    style == LEVEL)
		end->ready &= ~direction;
}

static bool
take(struct end *end, enum style style)
{
	size_t room = end->echoes ? BUFFER - end->held : BUFFER;
	unsigned char other[BUFFER];
	unsigned char *to = end->echoes ? end->buf + end->held : other;
	mio_ssize n;
	int i;

	if (room == 0 || end->got == TOTAL)
		return false;
	n = mio_source_read(&end->source, to, room);
	update_ready(end, style, MIO_READABLE, n, room);
	for (i = 0; i < n; i++)
		end->wrong |= to[i] != pattern(end->got + (unsigned int)i);
	if (n <= 0)
		return false;
	end->got += (unsigned int)n;
	if (end->echoes)
		end->held += (unsigned int)n;
	return true;
}

/* The client generates what it sends; the echo sends what it received. */
static void
load(struct end *end)
{
	while (!end->echoes && end->held < BUFFER &&
	    end->sent + end->held < TOTAL) {
		end->buf[end->held] = pattern(end->sent + end->held);
		end->held++;
	}
}

static bool
give(struct end *end, enum style style)
{
	size_t size;
	mio_ssize n;

	load(end);
	if ((size = end->held) == 0)
		return false;
	n = mio_source_write(&end->source, end->buf, size);
	update_ready(end, style, MIO_WRITABLE, n, size);
	if (n <= 0)
		return false;
	end->sent += (unsigned int)n;
	end->held -= (unsigned int)n;
	memmove(end->buf, end->buf + n, end->held);
	return true;
}

static void
serve(struct mio_poller *poller, struct end *end, enum style style)
{
	bool moved;

	do {
		moved = false;
		if ((end->ready & MIO_READABLE) != 0)
			moved |= take(end, style);
		if ((end->ready & MIO_WRITABLE) != 0)
			moved |= give(end, style);
	} while (moved);
	/* A oneshot registration has the used-up directions as interest. */
	if (style == ONESHOT && (BOTH & ~end->ready) != 0)
		rereg(poller, &end->source, end->token,
		    (BOTH & ~end->ready) | MIO_ONESHOT);
}

/*
 * Level interest only where there is something to do, or events would come
 * without end.
 */
static void
want(struct mio_poller *poller, struct end *end)
{
	unsigned int interest = 0;

	if (end->got < TOTAL && (!end->echoes || end->held < BUFFER))
		interest |= MIO_READABLE;
	if (end->held > 0 || (!end->echoes && end->sent < TOTAL))
		interest |= MIO_WRITABLE;
	/* A source must have an interest even if there is nothing to do. */
	if (interest == 0)
		interest = MIO_READABLE;
	rereg(poller, &end->source, end->token, interest | MIO_LEVEL);
}

static bool
run(struct mio_poller *poller, struct end *ends, enum style style)
{
	struct mio_event events[2];
	int i, n;

	while (ends[0].got < TOTAL) {
		n = mio_poll(poller, events, 2, PATIENCE * tap_slow());
		if (n <= 0)
			return false;
		for (i = 0; i < n; i++) {
			struct end *end = &ends[events[i].token];

			end->ready |= events[i].readiness & BOTH;
			serve(poller, end, style);
			if (style == LEVEL)
				want(poller, end);
		}
	}
	return true;
}

static void
small_buffer(struct mio_source *source)
{
	int size = 4096;

	need(setsockopt(mio_source_fd(source), SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == 0);
}

static void
echo(enum style style, bool tcp)
{
	static const unsigned int modes[] = { 0, 0, MIO_ONESHOT, MIO_LEVEL };
	struct mio_poller *poller = new_poller();
	struct end *ends = calloc(2, sizeof(*ends));
	int i;

	need(ends != NULL);
	if (tcp)
		tcp_pair(&ends[0].source, &ends[1].source);
	else
		unix_pair(&ends[0].source, &ends[1].source);
	ends[1].echoes = true;
	for (i = 0; i < 2; i++) {
		small_buffer(&ends[i].source);
		/* Otherwise delayed acknowledgements take much of the time. */
		need(!tcp || mio_tcp_set_nodelay(&ends[i].source, 1) == 0);
		ends[i].token = (mio_token)i;
		reg(poller, &ends[i].source, ends[i].token,
		    BOTH | modes[style]);
	}
	ok(run(poller, ends, style), "%s, a long echo: no stall, %s",
	    tcp ? "TCP" : "Unix", names[style]);
	is(ends[0].got, TOTAL, "all of it came back");
	ok(!ends[0].wrong && !ends[1].wrong, "as it was sent");
	for (i = 0; i < 2; i++)
		close_source(&ends[i].source);
	free(ends);
	mio_poller_free(poller);
}

int
main(void)
{
	enum style style;

	tap_start();
	for (style = TO_BLOCK; style <= LEVEL; style++) {
		echo(style, true);
		echo(style, false);
	}
	return tap_done();
}
