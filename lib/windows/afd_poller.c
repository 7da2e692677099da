/*
 * Taking packets from the completion port.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "afd_poller.h"
#include "win_error.h"

#define BATCH		64	/* packets taken at a time */

static void
take(const OVERLAPPED_ENTRY *entry)
{
	struct completion *completion;

	/* A packet of the waker channel has nothing but its arrival. */
	if (entry->lpCompletionKey == MIO_KEY_COMPLETION &&
	    entry->lpOverlapped != NULL) {
		completion = CONTAINING_RECORD(entry->lpOverlapped,
		    struct completion, overlapped);
		completion->complete(completion);
	}
}

int
mio_afd_wait(struct afd_poller *ap, int msec)
{
	OVERLAPPED_ENTRY entries[BATCH];
	ULONG count = 0, i;
	DWORD error = 0;

	if (msec != 0)
		ReleaseSRWLockExclusive(&ap->lock);
	if (!GetQueuedCompletionStatusEx(mio_port(&ap->poller), entries,
	    BATCH, &count, (DWORD)msec, FALSE))
		error = GetLastError();
	if (msec != 0)
		AcquireSRWLockExclusive(&ap->lock);
	if (error != 0)
		return error == WAIT_TIMEOUT ? 0 : mio_win_error(error);
	for (i = 0; i < count; i++)
		take(&entries[i]);
	return (int)count;
}

void
mio_afd_collect(struct afd_poller *ap)
{
	if (!ap->waiting)
		(void)mio_afd_wait(ap, 0);	/* the next call tries again */
}
