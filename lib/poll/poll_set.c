/*
 * What the poll(2) selector passes to poll(2).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>

#include "poll_bits.h"
#include "poll_set.h"

#define FIRST		64	/* slots */

MIO_ASSERT(record_first, offsetof(struct poll_record, record) == 0);

static struct poll_record *
poll_record(struct mio_record *record)
{
	return (struct poll_record *)record;
}

int
mio_poll_set_open(struct poll_set *set, int channel)
{
	set->all.size = sizeof(struct poll_record);
	set->room = FIRST;
	set->fds = calloc(set->room, sizeof(*set->fds));
	set->records = calloc(set->room, sizeof(*set->records));
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
	mio_records_destroy(&set->all);
	free(set->fds);
	free(set->records);
}

/* Doubles the room of both arrays. */
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
	records = realloc(set->records, room * sizeof(*records));
	if (records == NULL)
		return -ENOMEM;
	set->records = records;
	set->room = room;
	return 0;
}

int
mio_poll_set_add(struct poll_set *set, struct mio_record **record)
{
	unsigned int slot;
	int error;

	if (set->count == set->room && (error = grow(set)) < 0)
		return error;
	if ((error = mio_records_get(&set->all, record)) < 0)
		return error;
	slot = set->count++;
	poll_record(*record)->slot = slot;
	set->records[slot] = poll_record(*record);
	set->fds[slot].fd = -1;
	set->fds[slot].revents = 0;
	return 0;
}

/* The last slot moves into the one that becomes free, with its events. */
void
mio_poll_set_remove(struct poll_set *set, struct mio_record *record)
{
	unsigned int slot = poll_record(record)->slot;
	unsigned int last = --set->count;

	if (slot != last) {
		set->fds[slot] = set->fds[last];
		set->records[slot] = set->records[last];
		set->records[slot]->slot = slot;
	}
	mio_records_put(&set->all, record);
}

void
mio_poll_set_update(struct poll_set *set, struct mio_record *record)
{
	struct pollfd *pfd = &set->fds[poll_record(record)->slot];

	pfd->fd = record->armed != 0 ? record->fd : -1;
	pfd->events = mio_poll_bits(record);
}

/*
 * Reports a record.  It may have changed during poll(2): bits that it is no
 * longer armed for are left out.
 */
static int
report(struct poll_set *set, unsigned int slot, struct mio_event *event)
{
	struct mio_record *record = &set->records[slot]->record;
	short revents = set->fds[slot].revents;
	int n = 0;

	set->fds[slot].revents = 0;
	if ((revents & POLLNVAL) != 0)
		record->armed = 0;
	else
		n = mio_poll_report(record, revents, event);
	mio_poll_set_update(set, record);
	return n;
}

/*
 * Scans from where the last scan ended, so that a few busy sources cannot
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
