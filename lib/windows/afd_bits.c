/*
 * The readiness that Afd's bits make.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "afd_bits.h"
#include "readiness.h"

const struct mio_bit_name mio_sel_native[] = {
	{ AFD_RECEIVE,			"RECEIVE" },
	{ AFD_RECEIVE_EXPEDITED,	"RECEIVE_EXPEDITED" },
	{ AFD_SEND,			"SEND" },
	{ AFD_DISCONNECT,		"DISCONNECT" },
	{ AFD_ABORT,			"ABORT" },
	{ AFD_ACCEPT,			"ACCEPT" },
	{ AFD_CONNECT_FAIL,		"CONNECT_FAIL" },
	{ 0,				NULL }
};

unsigned int
mio_afd_bits(unsigned int armed)
{
	return ((armed & MIO_READABLE) != 0 ?
	    AFD_RECEIVE | AFD_DISCONNECT | AFD_ACCEPT : 0) |
	    ((armed & MIO_WRITABLE) != 0 ? AFD_SEND : 0) |
	    ((armed & MIO_PRIORITY) != 0 ? AFD_RECEIVE_EXPEDITED : 0) |
	    ((armed & MIO_ARM_HANGUP) != 0 ? AFD_ERRORS : 0);
}

/* In the bits of a record's "armed". */
static unsigned int
happened(unsigned int came)
{
	return ((came & (AFD_RECEIVE | AFD_ACCEPT | AFD_DISCONNECT)) != 0 ?
	    MIO_READABLE : 0) |
	    ((came & AFD_SEND) != 0 ? MIO_WRITABLE : 0) |
	    ((came & AFD_RECEIVE_EXPEDITED) != 0 ? MIO_PRIORITY : 0) |
	    ((came & AFD_ERRORS) != 0 ? MIO_ARM_HANGUP : 0);
}

int
mio_afd_report(struct mio_record *record, unsigned int came,
    struct mio_event *event)
{
	bool exclusive = (record->interest & MIO_EXCLUSIVE) != 0;
	unsigned int got = mio_record_take(record, happened(came));

	if (got == 0)
		return 0;
	came &= mio_afd_bits(got);
	event->token = record->token;
	event->native = came;
	/* Exclusive mode goes without the hint, as on epoll. */
	event->readiness = MIO_READINESS(got & MIO_READABLE,
	    got & MIO_PRIORITY, got & MIO_WRITABLE, came & AFD_ERRORS,
	    came & AFD_ERRORS, (came & AFD_DISCONNECT) != 0 && !exclusive);
	return 1;
}
