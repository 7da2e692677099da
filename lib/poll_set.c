/*
 * What the poll(2) selector asks poll(2) for.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>

#include "poll_set.h"
#include "readiness.h"

#ifndef POLLRDHUP
#define POLLRDHUP	0	/* Linux, FreeBSD 13 */
#endif

#define CHUNK		64	/* records allocated at a time */

struct poll_chunk {
	struct poll_chunk	*next;
	struct poll_record	 records[CHUNK];
};

const struct mio_bit_name mio_sel_native[] = {
	{ POLLIN,	"IN" },
	{ POLLPRI,	"PRI" },
	{ POLLOUT,	"OUT" },
	{ POLLERR,	"ERR" },
	{ POLLHUP,	"HUP" },
#if POLLRDHUP != 0
	{ POLLRDHUP,	"RDHUP" },
#endif
	{ 0,		NULL }
};

int
mio_poll_set_open(struct poll_set *set, int channel)
{
	set->room = CHUNK;
	set->fds = calloc(set->room, sizeof(*set->fds));
	set->records = calloc(set->room, sizeof(struct poll_record *));
	if (set->fds == NULL || set->records == NULL) {
		mio_poll_set_destroy(set);
		return -ENOMEM;
	}
	set->fds[0].fd = channel;
	set->fds[0].events = POLLIN;
	set->count = 1;
	set->cursor = 1;
	return 0;
}

void
mio_poll_set_destroy(struct poll_set *set)
{
	struct poll_chunk *chunk;

	while ((chunk = set->chunks) != NULL) {
		set->chunks = chunk->next;
		free(chunk);
	}
	free(set->fds);
	free(set->records);
}

/* Both arrays with twice the room. */
static int
grow(struct poll_set *set)
{
	unsigned int room = set->room * 2;
	struct poll_record **records;
	struct pollfd *fds;

	fds = realloc(set->fds, room * sizeof(*fds));
	if (fds == NULL)
		return -ENOMEM;
	set->fds = fds;
	records = realloc(set->records, room * sizeof(struct poll_record *));
	if (records == NULL)
		return -ENOMEM;
	set->records = records;
	set->room = room;
	return 0;
}

static int
add_chunk(struct poll_set *set)
{
	struct poll_chunk *chunk = calloc(1, sizeof(*chunk));
	unsigned int i;

	if (chunk == NULL)
		return -ENOMEM;
	chunk->next = set->chunks;
	set->chunks = chunk;
	for (i = 0; i < CHUNK; i++) {
		chunk->records[i].next = set->free;
		set->free = &chunk->records[i];
	}
	return 0;
}

int
mio_poll_set_add(struct poll_set *set, struct poll_poller *poller,
    struct poll_record **record)
{
	int error;

	if (set->count == set->room && (error = grow(set)) < 0)
		return error;
	if (set->free == NULL && (error = add_chunk(set)) < 0)
		return error;
	*record = set->free;
	set->free = (*record)->next;
	(*record)->poller = poller;
	(*record)->place = set->count++;
	set->records[(*record)->place] = *record;
	set->fds[(*record)->place].fd = -1;
	set->fds[(*record)->place].revents = 0;
	return 0;
}

/* The last place moves into the one that falls vacant, events and all. */
void
mio_poll_set_remove(struct poll_set *set, struct poll_record *record)
{
	unsigned int last = --set->count;

	if (record->place != last) {
		set->fds[record->place] = set->fds[last];
		set->records[record->place] = set->records[last];
		set->records[record->place]->place = record->place;
	}
	record->generation = (record->generation + 1) & 0xffff;
	record->next = set->free;
	set->free = record;
}

void
mio_poll_record_set(struct poll_record *record, mio_token token,
    unsigned int interest)
{
	record->token = token;
	record->interest = interest;
	record->armed = (interest & MIO_INTERESTS) | POLL_ARM_HANGUP;
}

static short
events_of(const struct poll_record *record)
{
	short events = 0;

	if ((record->armed & MIO_READABLE) != 0)
		events |= POLLIN;
	/* The hint that exclusive mode doesn't have on epoll. */
	if ((record->armed & MIO_READABLE) != 0 &&
	    (record->interest & MIO_EXCLUSIVE) == 0)
		events |= POLLRDHUP;
	if ((record->armed & MIO_WRITABLE) != 0)
		events |= POLLOUT;
	if ((record->armed & MIO_PRIORITY) != 0)
		events |= POLLPRI;
	return events;
}

void
mio_poll_set_place(struct poll_set *set, const struct poll_record *record)
{
	struct pollfd *pfd = &set->fds[record->place];

	pfd->fd = record->armed != 0 ? record->fd : -1;
	pfd->events = events_of(record);
}

static uint32_t
readiness_of(short revents)
{
	return MIO_READINESS(revents & POLLIN, revents & POLLPRI,
	    revents & POLLOUT, revents & POLLERR, revents & POLLHUP,
	    revents & POLLRDHUP);
}

/* Disarms what is being reported; level never is. */
static void
disarm(struct poll_record *record, short revents)
{
	if ((record->interest & (MIO_LEVEL | MIO_ONESHOT)) == MIO_LEVEL)
		return;
	if ((record->interest & MIO_ONESHOT) != 0 ||
	    (revents & (POLLERR | POLLHUP)) != 0)
		record->armed = 0;
	if ((revents & (POLLIN | POLLRDHUP)) != 0)
		record->armed &= ~MIO_READABLE;
	if ((revents & POLLOUT) != 0)
		record->armed &= ~MIO_WRITABLE;
	if ((revents & POLLPRI) != 0)
		record->armed &= ~MIO_PRIORITY;
}

/*
 * Reports a record.  It may have been changed while poll(2) ran, so what is
 * no longer wanted is left out.
 */
static int
report(struct poll_set *set, unsigned int place, struct mio_event *event)
{
	struct poll_record *record = set->records[place];
	short wanted = events_of(record);
	short revents = set->fds[place].revents;

	set->fds[place].revents = 0;
	if ((record->armed & POLL_ARM_HANGUP) != 0)
		wanted |= POLLERR | POLLHUP;
	if ((revents & POLLNVAL) != 0) {
		wanted = 0;
		record->armed = 0;
	}
	revents &= wanted;
	disarm(record, revents);
	mio_poll_set_place(set, record);
	event->token = record->token;
	event->readiness = readiness_of(revents);
	event->native = (unsigned short)revents;
	return revents != 0;
}

/*
 * Scans from where the last scan ended, so that a few busy sources can't
 * starve the others of a small array.
 */
int
mio_poll_set_collect(struct poll_set *set, int ready,
    struct mio_event *events, int nevents)
{
	unsigned int seen;
	int n = 0;

	for (seen = 1; seen < set->count && ready > 0 && n < nevents; seen++) {
		if (set->cursor >= set->count)
			set->cursor = 1;
		if (set->fds[set->cursor].revents != 0) {
			n += report(set, set->cursor, &events[n]);
			ready--;
		}
		set->cursor++;
	}
	return n;
}
