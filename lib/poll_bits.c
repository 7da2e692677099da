/*
 * Conversion between poll(2)'s bits, a record's directions and readiness.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>

#include <poll.h>

#include "poll_bits.h"
#include "readiness.h"

#ifndef POLLRDHUP
#define POLLRDHUP	0	/* Linux, FreeBSD 13, later illumos */
#endif
#ifndef POLLRDBAND
#define POLLRDBAND	0
#endif

/*
 * An illumos socket wakes for urgent data with RDBAND alone
 * (so_notify_oobsig).
 */
#define URGENT		(POLLPRI | POLLRDBAND)

const struct mio_bit_name mio_sel_native[] = {
	{ POLLIN,	"IN" },
	{ POLLPRI,	"PRI" },
#if POLLRDBAND != 0
	{ POLLRDBAND,	"RDBAND" },
#endif
	{ POLLOUT,	"OUT" },
	{ POLLERR,	"ERR" },
	{ POLLHUP,	"HUP" },
#if POLLRDHUP != 0
	{ POLLRDHUP,	"RDHUP" },
#endif
	{ 0,		NULL }
};

short
mio_poll_bits(const struct mio_record *record)
{
	short events = 0;

	if ((record->armed & MIO_READABLE) != 0)
		events |= POLLIN;
	if ((record->armed & MIO_ARM_EOF) != 0)
		events |= POLLRDHUP;
	if ((record->armed & MIO_WRITABLE) != 0)
		events |= POLLOUT;
	if ((record->armed & MIO_PRIORITY) != 0)
		events |= URGENT;
	return events;
}

static uint32_t
readiness_of(short revents)
{
	return MIO_READINESS(revents & POLLIN, revents & URGENT,
	    revents & POLLOUT, revents & POLLERR, revents & POLLHUP,
	    revents & POLLRDHUP);
}

/* The bits of a record's "armed" for revents; end of file is readable. */
static unsigned int
armed_bits(short revents)
{
	return ((revents & (POLLIN | POLLRDHUP)) != 0 ? MIO_READABLE : 0) |
	    ((revents & POLLRDHUP) != 0 ? MIO_ARM_EOF : 0) |
	    ((revents & POLLOUT) != 0 ? MIO_WRITABLE : 0) |
	    ((revents & URGENT) != 0 ? MIO_PRIORITY : 0) |
	    ((revents & (POLLERR | POLLHUP)) != 0 ? MIO_ARM_HANGUP : 0);
}

int
mio_poll_report(struct mio_record *record, short revents,
    struct mio_event *event)
{
	short wanted = mio_poll_bits(record);

	if ((record->armed & MIO_ARM_HANGUP) != 0)
		wanted |= POLLERR | POLLHUP;
	revents &= wanted;
	if (mio_record_take(record, armed_bits(revents)) == 0)
		return 0;
	/* Exclusive mode has no RDHUP, as on epoll, which reports IN. */
	if ((record->interest & MIO_EXCLUSIVE) != 0 &&
	    (revents & POLLRDHUP) != 0)
		revents = (short)((revents & ~POLLRDHUP) | POLLIN);
	event->token = record->token;
	event->readiness = readiness_of(revents);
	event->native = (unsigned short)revents;
	return 1;
}
