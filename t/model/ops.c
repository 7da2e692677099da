/* Makes sequences from a seed, and prints their steps. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "ops.h"

/* The meaning of an operation's argument. */
enum meaning {
	ARG_NONE,
	ARG_BYTES,
	ARG_END,
	ARG_HOW,
	ARG_INTEREST,
	ARG_KIND,
	ARG_MISTAKE,
	ARG_ROOM,
	ARG_USEC,
	ARG_WAKER
};

static const char *const hows[] = { "reading", "writing", "both" };

static const char *const kinds[] = {
	"TCP", "TCP with delay", "a Unix pair", "a foreign Unix pair", "a pipe",
	"a foreign pipe", "UDP", "Unix datagrams"
};

static const char *const mistakes[] = {
	"register with the wrong poller", "reregister with the wrong poller",
	"deregister from the wrong poller", "register without interest",
	"reregister with unknown bits", "register exclusive and oneshot"
};

const unsigned int interests[INTERESTS] = {
	MIO_READABLE, MIO_WRITABLE, BOTH, BOTH, BOTH,
	MIO_READABLE | MIO_LEVEL, MIO_WRITABLE | MIO_LEVEL, BOTH | MIO_LEVEL,
	MIO_READABLE | MIO_ONESHOT, MIO_WRITABLE | MIO_ONESHOT,
	BOTH | MIO_ONESHOT, BOTH | MIO_ONESHOT | MIO_LEVEL,
	MIO_READABLE | MIO_EXCLUSIVE, BOTH | MIO_EXCLUSIVE,
	BOTH | MIO_EXCLUSIVE | MIO_LEVEL
};

/*
 * How often an operation is chosen, relative to the others; the lowest value
 * of its argument, and the number of its values.
 */
static const struct {
	unsigned int	 weight;
	enum meaning	 meaning;
	unsigned int	 from, sides;
	const char	*text;
} table[OPS] = {
	[OP_OPEN] =	{ 150, ARG_KIND, 0, 8, "open" },
	[OP_LISTEN] =	{ 8, ARG_NONE, 0, 1, "listen" },
	[OP_CONNECT] =	{ 12, ARG_NONE, 0, 1, "connect to a listener" },
	[OP_ACCEPT] =	{ 12, ARG_NONE, 0, 1, "accept from a listener" },
	[OP_DUP] =	{ 12, ARG_END, 0, SLOTS, "duplicate as" },
	[OP_MOVE] =	{ 10, ARG_NONE, 0, 1, "move the source" },
	[OP_WRITE] =	{ 120, ARG_BYTES, 1, 200, "write" },
	[OP_WRITE_MUCH] = { 30, ARG_BYTES, 1000, 12000, "write" },
	[OP_WRITEV] =	{ 10, ARG_BYTES, 2, 200, "writev" },
	[OP_FILL] =	{ 40, ARG_NONE, 0, 1, "write until EAGAIN" },
	[OP_READ] =	{ 70, ARG_BYTES, 1, 250, "read" },
	[OP_READ_MUCH] = { 30, ARG_BYTES, 1000, 12000, "read" },
	[OP_READV] =	{ 10, ARG_BYTES, 2, 250, "readv" },
	[OP_DRAIN] =	{ 100, ARG_NONE, 0, 1, "read until EAGAIN" },
	[OP_RAW_DRAIN] = { 20, ARG_NONE, 0, 1,
	    "read the descriptor until EAGAIN, call would_block" },
	[OP_RAW_FILL] =	{ 20, ARG_NONE, 0, 1,
	    "write the descriptor until EAGAIN, call would_block" },
	[OP_TAKE_ERROR] = { 10, ARG_NONE, 0, 1, "take the error" },
	[OP_SHUTDOWN] =	{ 8, ARG_HOW, 0, 3, "shut down" },
	[OP_CLOSE] =	{ 12, ARG_NONE, 0, 1, "close" },
	[OP_CLOSE_BOTH] = { 8, ARG_NONE, 0, 1, "close this and the next" },
	[OP_RESET] =	{ 6, ARG_NONE, 0, 1, "reset" },
	[OP_ADOPT] =	{ 8, ARG_NONE, 0, 1, "release, adopt as foreign" },
	[OP_RAW_CLOSE] = { 6, ARG_NONE, 0, 1,
	    "deregister, close the descriptor" },
	[OP_GONE] =	{ 6, ARG_NONE, 0, 1,
	    "close the descriptor, poll, deregister" },
	[OP_REGISTER] =	{ 150, ARG_INTEREST, 0, INTERESTS, "register" },
	[OP_REREGISTER] = { 100, ARG_INTEREST, 0, INTERESTS, "reregister" },
	[OP_DEREGISTER] = { 25, ARG_NONE, 0, 1, "deregister" },
	[OP_MISTAKE] =	{ 20, ARG_MISTAKE, 0, 6, "mistake:" },
	[OP_WAKER] =	{ 15, ARG_WAKER, 0, WAKERS, "make waker" },
	[OP_WAKE] =	{ 40, ARG_WAKER, 0, WAKERS, "wake waker" },
	[OP_FREE_WAKER] = { 10, ARG_WAKER, 0, WAKERS, "free waker" },
	[OP_WAKE_BESIDE] = { 2, ARG_WAKER, 0, WAKERS,
	    "wait, while a thread wakes waker" },
	[OP_WAKE_SIGNAL] = { 5, ARG_WAKER, 0, WAKERS,
	    "from a signal handler, wake waker" },
	[OP_SPIN] =	{ 3, ARG_USEC, 0, 3, "spin for" },
	[OP_POLL] =	{ 140, ARG_ROOM, 1, 2 * SLOTS, "poll with room for" },
	[OP_WAIT] =	{ 40, ARG_NONE, 0, 1, "wait, if an event is due" },
	[OP_BRIEF] =	{ 5, ARG_USEC, 1, 20, "wait for" },
	[OP_ROUND] =	{ 25, ARG_ROOM, 1, 3,
	    "poll until each had its turn, with room for" },
	[OP_SETTLE] =	{ 50, ARG_NONE, 0, 1, "poll until nothing is due" }
};

/* Our own generator (a counter, and a hash of it): the same on all systems. */
static unsigned int
dice(uint32_t *state, unsigned int sides)
{
	uint32_t z = *state += 0x9e3779b9;

	z = (z ^ z >> 16) * 0x21f0aaad;
	z = (z ^ z >> 15) * 0x735a2d97;
	return (z ^ z >> 15) % sides;
}

static unsigned char
any_code(uint32_t *state)
{
	unsigned int at, sum = 0;
	unsigned char code;

	for (code = 0; code < OPS; code++)
		sum += table[code].weight;
	at = dice(state, sum);
	for (code = 0; at >= table[code].weight; code++)
		at -= table[code].weight;
	return code;
}

void
make_ops(unsigned int seed, struct op *ops, int n)
{
	uint32_t state = seed;
	int i;

	for (i = 0; i < n; i++) {
		struct op *op = &ops[i];

		op->number = (unsigned short)i;
		op->code = any_code(&state);
		op->end = (unsigned char)dice(&state, SLOTS);
		op->arg = (unsigned short)(table[op->code].from +
		    dice(&state, table[op->code].sides));
	}
}

static void
interest_text(char *text, size_t size, unsigned int interest)
{
	(void)snprintf(text, size, " %s%s%s%s%s",
	    (interest & MIO_READABLE) != 0 ? "R" : "",
	    (interest & MIO_WRITABLE) != 0 ? "W" : "",
	    (interest & MIO_LEVEL) != 0 ? " level" : "",
	    (interest & MIO_ONESHOT) != 0 ? " oneshot" : "",
	    (interest & MIO_EXCLUSIVE) != 0 ? " exclusive" : "");
}

static void
arg_text(char *text, size_t size, const struct op *op)
{
	text[0] = '\0';
	switch (table[op->code].meaning) {
	case ARG_NONE:
		break;
	case ARG_BYTES:
		(void)snprintf(text, size, " %d bytes", op->arg);
		break;
	case ARG_END: case ARG_ROOM: case ARG_WAKER:
		(void)snprintf(text, size, " %d", op->arg);
		break;
	case ARG_USEC:
		(void)snprintf(text, size, " %d us", op->arg);
		break;
	case ARG_HOW:
		(void)snprintf(text, size, " %s", hows[op->arg]);
		break;
	case ARG_INTEREST:
		interest_text(text, size, interests[op->arg]);
		break;
	case ARG_KIND:
		(void)snprintf(text, size, " %s", kinds[op->arg]);
		break;
	case ARG_MISTAKE:
		(void)snprintf(text, size, " %s", mistakes[op->arg]);
		break;
	}
}

/* A step as text, such as "7: end 3: write 77 bytes", in a static buffer. */
const char *
op_text(const struct op *op)
{
	static char text[160];
	char end[16] = "", arg[64];

	if (op->code < OP_FIRST_OF_NONE)
		(void)snprintf(end, sizeof(end), "end %d: ", op->end);
	arg_text(arg, sizeof(arg), op);
	(void)snprintf(text, sizeof(text), "%d: %s%s%s", op->number, end,
	    table[op->code].text, arg);
	return text;
}
