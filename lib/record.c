/*
 * Records, for the selectors whose kernel answers in poll(2)'s bits and has
 * no edges of its own.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>

#include <poll.h>
#include <stdlib.h>

#include "readiness.h"
#include "record.h"

#ifndef POLLRDHUP
#define POLLRDHUP	0	/* Linux, FreeBSD 13, later illumos */
#endif

#define CHUNK		64	/* records allocated at a time */

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

void
mio_records_destroy(struct mio_records *set)
{
	while (set->count > 0)
		free(set->chunks[--set->count]);
	free(set->chunks);
}

static int
grow(struct mio_records *set)
{
	unsigned int room = set->room > 0 ? set->room * 2 : 8;
	struct mio_record **chunks;

	chunks = realloc(set->chunks, room * sizeof(struct mio_record *));
	if (chunks == NULL)
		return -ENOMEM;
	set->chunks = chunks;
	set->room = room;
	return 0;
}

static int
add_chunk(struct mio_records *set)
{
	struct mio_record *chunk;
	unsigned int i;
	int error;

	if (set->count == set->room && (error = grow(set)) < 0)
		return error;
	if ((chunk = calloc(CHUNK, sizeof(*chunk))) == NULL)
		return -ENOMEM;
	for (i = 0; i < CHUNK; i++) {
		chunk[i].index = set->count * CHUNK + i;
		chunk[i].next = set->free;
		set->free = &chunk[i];
	}
	set->chunks[set->count++] = chunk;
	return 0;
}

int
mio_records_get(struct mio_records *set, struct mio_record **record)
{
	int error;

	if (set->free == NULL && (error = add_chunk(set)) < 0)
		return error;
	*record = set->free;
	set->free = (*record)->next;
	return 0;
}

void
mio_records_put(struct mio_records *set, struct mio_record *record)
{
	assert(!record->listed);
	record->interest = 0;
	record->armed = 0;
	record->generation = (record->generation + 1) & 0xffff;
	record->next = set->free;
	set->free = record;
}

struct mio_record *
mio_records_at(const struct mio_records *set, uintptr_t index)
{
	if (index / CHUNK >= set->count)
		return NULL;
	return &set->chunks[index / CHUNK][index % CHUNK];
}

void
mio_record_list(struct mio_record **list, struct mio_record *record)
{
	if (record->listed)
		return;
	record->listed = true;
	record->next = *list;
	record->link = list;
	if (record->next != NULL)
		record->next->link = &record->next;
	*list = record;
}

void
mio_record_unlist(struct mio_record *record)
{
	if (!record->listed)
		return;
	record->listed = false;
	*record->link = record->next;
	if (record->next != NULL)
		record->next->link = record->link;
}

void
mio_record_tie(struct mio_record *record, struct mio_source *source)
{
	source->reg = record;
	source->priv |= record->generation << MIO_GENERATION_SHIFT;
}

bool
mio_record_tied(const struct mio_record *record,
    const struct mio_source *source)
{
	return record->generation == source->priv >> MIO_GENERATION_SHIFT;
}

void
mio_record_set(struct mio_record *record, mio_token token,
    unsigned int interest)
{
	record->token = token;
	record->interest = interest;
	record->armed = (interest & MIO_INTERESTS) | MIO_ARM_HANGUP;
}

/*
 * Arms what would block, and with it the news of an error or a hang-up.
 * Level is always armed; a oneshot waits for its reregistration.
 */
bool
mio_record_arm(struct mio_record *record, unsigned int directions)
{
	unsigned int arm = (directions & record->interest) | MIO_ARM_HANGUP;

	if ((record->interest & (MIO_LEVEL | MIO_ONESHOT)) != 0 ||
	    (record->armed & arm) == arm)
		return false;
	record->armed |= arm;
	return true;
}

short
mio_record_events(const struct mio_record *record)
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

static uint32_t
readiness_of(short revents)
{
	return MIO_READINESS(revents & POLLIN, revents & POLLPRI,
	    revents & POLLOUT, revents & POLLERR, revents & POLLHUP,
	    revents & POLLRDHUP);
}

/* Disarms what is being reported; level never is. */
static void
disarm(struct mio_record *record, short revents)
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

int
mio_record_report(struct mio_record *record, short revents,
    struct mio_event *event)
{
	short wanted = mio_record_events(record);

	if ((record->armed & MIO_ARM_HANGUP) != 0)
		wanted |= POLLERR | POLLHUP;
	revents &= wanted;
	if (revents == 0)
		return 0;
	disarm(record, revents);
	event->token = record->token;
	event->readiness = readiness_of(revents);
	event->native = (unsigned short)revents;
	return 1;
}
