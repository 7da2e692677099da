/*
 * Afd's conditions as readiness.
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
	return ((armed & MIO_READABLE) != 0 ? AFD_RECEIVE | AFD_ACCEPT : 0) |
	    ((armed & MIO_ARM_EOF) != 0 ? AFD_DISCONNECT : 0) |
	    ((armed & MIO_WRITABLE) != 0 ? AFD_SEND : 0) |
	    ((armed & MIO_PRIORITY) != 0 ? AFD_RECEIVE_EXPEDITED : 0) |
	    ((armed & MIO_ARM_HANGUP) != 0 ? AFD_ERRORS : 0);
}

/* The bits of "armed" for a result's conditions; end of file is readable. */
static unsigned int
armed_bits(unsigned int result)
{
	return ((result & (AFD_RECEIVE | AFD_ACCEPT | AFD_DISCONNECT)) != 0 ?
	    MIO_READABLE : 0) |
	    ((result & AFD_DISCONNECT) != 0 ? MIO_ARM_EOF : 0) |
	    ((result & AFD_SEND) != 0 ? MIO_WRITABLE : 0) |
	    ((result & AFD_RECEIVE_EXPEDITED) != 0 ? MIO_PRIORITY : 0) |
	    ((result & AFD_ERRORS) != 0 ? MIO_ARM_HANGUP : 0);
}

int
mio_afd_report(struct mio_record *record, unsigned int result,
    struct mio_event *event)
{
	bool exclusive = (record->interest & MIO_EXCLUSIVE) != 0;
	unsigned int got = mio_record_take(record, armed_bits(result));

	if (got == 0)
		return 0;
	result &= mio_afd_bits(got);
	event->token = record->token;
	event->native = result;
	/* Exclusive mode has no half-close hint, as on epoll. */
	event->readiness = MIO_READINESS(got & (MIO_READABLE | MIO_ARM_EOF),
	    got & MIO_PRIORITY, got & MIO_WRITABLE, result & AFD_ERRORS,
	    result & AFD_ERRORS, (result & AFD_DISCONNECT) != 0 && !exclusive);
	return 1;
}
