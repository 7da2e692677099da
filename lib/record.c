/*
 * Records, for the selectors whose kernel does not report edges.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <stdlib.h>

#include "record.h"

#define CHUNK		64	/* records allocated at a time */

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
	char **chunks = realloc(set->chunks, room * sizeof(char *));

	if (chunks == NULL)
		return -ENOMEM;
	set->chunks = chunks;
	set->room = room;
	return 0;
}

static struct mio_record *
record_in_chunk(const struct mio_records *set, unsigned int chunk,
    unsigned int i)
{
	return (struct mio_record *)(void *)(set->chunks[chunk] +
	    i * set->size);
}

static int
add_chunk(struct mio_records *set)
{
	struct mio_record *record;
	unsigned int i;
	int error;

	if (set->count == set->room && (error = grow(set)) < 0)
		return error;
	if ((set->chunks[set->count] = calloc(CHUNK, set->size)) == NULL)
		return -ENOMEM;
	for (i = 0; i < CHUNK; i++) {
		record = record_in_chunk(set, set->count, i);
		record->index = set->count * CHUNK + i;
		record->next = set->free;
		set->free = record;
	}
	set->count++;
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
	return record_in_chunk(set, (unsigned int)(index / CHUNK),
	    (unsigned int)(index % CHUNK));
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

/* What is armed with these directions, as far as they are an interest. */
static unsigned int
armed_with(const struct mio_record *record, unsigned int directions)
{
	unsigned int arm = (directions & record->interest) | MIO_ARM_HANGUP;

	return (arm & MIO_READABLE) != 0 ? arm | MIO_ARM_EOF : arm;
}

void
mio_record_set(struct mio_record *record, mio_token token,
    unsigned int interest)
{
	record->token = token;
	record->interest = interest;
	record->armed = armed_with(record, MIO_INTERESTS);
}

/*
 * Re-arms the directions, and errors and hang-ups with them.  A write does not
 * re-arm the peer's end of file: that lasts, and each write would report it
 * once more.  Level mode is always armed, and a oneshot stays disarmed until it
 * is reregistered.
 */
bool
mio_record_rearm(struct mio_record *record, unsigned int directions)
{
	unsigned int arm = armed_with(record, directions);

	if ((record->interest & (MIO_LEVEL | MIO_ONESHOT)) != 0 ||
	    (record->armed & arm) == arm)
		return false;
	record->armed |= arm;
	return true;
}

/*
 * Level mode is never disarmed.  A oneshot, and a source with an error or a
 * hang-up, are disarmed in all directions.
 */
unsigned int
mio_record_take(struct mio_record *record, unsigned int bits)
{
	bits &= record->armed;
	if (bits == 0 ||
	    (record->interest & (MIO_LEVEL | MIO_ONESHOT)) == MIO_LEVEL)
		return bits;
	if ((record->interest & MIO_ONESHOT) != 0 ||
	    (bits & MIO_ARM_HANGUP) != 0)
		record->armed = 0;
	else
		record->armed &= ~bits;
	return bits;
}
