/*
 * The selector of Windows.  Sockets have poll requests to the driver Afd
 * (afd_socket.c), and named pipes have operations of their own
 * (npipe_source.c).  All of these complete with a packet of the poller's
 * completion port.
 *
 * Terms:
 *
 *   poll request
 *		An operation of Afd that completes as soon as a socket is
 *		ready.  It is level-triggered, and completes once.
 *   submit	Hand an operation to the kernel.
 *   pending	Submitted, and not completed yet: the kernel owns the memory.
 *   completion	The packet by which the kernel reports the end of an operation
 *		and its result.
 *   cancel	Make a pending operation complete at once.  Its completion
 *		must still be taken from the port.
 *   stale	Readiness that the program has drained, or a request that was
 *		submitted before a reregistration.  The rest of a result is
 *		still valid, and an error always is.
 *
 * This selector keeps a record a source (record.h) and makes the edges itself.
 * A record without a pending poll request is in one of these states:
 *
 *   to be submitted
 *		On a list: armed for something without a request.
 *   completed	On a list, newest first: it has a result to report.
 *   ready	On a list, oldest first: it has a result to report.  When this
 *		list is empty, all completed records move to it.
 *   idle	On no list.  Nothing is armed.
 *
 * A record whose request is pending is on the first list if the request does
 * not cover all that is armed.  The next wait submits the records of that
 * list.  While a thread waits, they are submitted at once.  afd_socket.c,
 * afd_driver.c and npipe_io.c say what they rely on and work around.
 *
 * There is no descriptor for mio_poller_fd(3): only the call that takes
 * packets can wait for a completion port.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "afd_socket.h"
#include "npipe.h"
#include "timeout.h"

const size_t mio_sel_size = sizeof(struct afd_poller);
const char mio_sel_name[] = "afd";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;

MIO_ASSERT(first, offsetof(struct afd_record, record) == 0);

int
mio_sel_open(struct mio_poller *poller)
{
	struct afd_poller *ap = mio_afd_poller(poller);

	InitializeSRWLock(&ap->lock);
	ap->records.size = sizeof(struct afd_socket);
	/* A wait may have to be resumed: many packets yield no event. */
	poller->resumes = 1;
	return 0;
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	const struct afd_kind *kind = mio_kind(source) == MIO_KIND_NPIPE ?
	    &mio_npipe_kind : &mio_afd_socket_kind;

	return kind->add(mio_afd_poller(poller), source, token, interest);
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct afd_record *ar = source->reg;
	int error;

	AcquireSRWLockExclusive(&ap->lock);
	mio_record_set(&ar->record, token, interest);
	error = ar->kind->mod(ar);
	ReleaseSRWLockExclusive(&ap->lock);
	return error;
}

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct afd_record *ar = source->reg;

	AcquireSRWLockExclusive(&ap->lock);
	ar->kind->del(ar);
	ReleaseSRWLockExclusive(&ap->lock);
	return 0;
}

#define mio_sel_forget mio_sel_forget
void
mio_sel_forget(struct mio_poller *poller, const struct mio_source *source)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct afd_record *ar = source->reg;

	AcquireSRWLockExclusive(&ap->lock);
	ar->kind->forget(ar);
	ReleaseSRWLockExclusive(&ap->lock);
}

#define mio_sel_rearm mio_sel_rearm
void
mio_sel_rearm(const struct mio_source *source, unsigned int directions)
{
	struct afd_record *ar = source->reg;
	struct afd_poller *ap = mio_afd_poller(ar->record.poller);

	if (mio_poller_check(&ap->poller) < 0)
		return;
	AcquireSRWLockExclusive(&ap->lock);
	if (mio_record_tied(&ar->record, source))
		ar->kind->rearm(ar, directions);
	ReleaseSRWLockExclusive(&ap->lock);
}

/*
 * Submits all that is to be submitted.  A socket that the program closed
 * directly becomes idle.  After any other failure the next wait tries again.
 */
static int
submit_all(struct afd_poller *ap)
{
	struct mio_record *record, *next;
	int error, failed = 0;

	for (record = ap->to_submit; record != NULL; record = next) {
		struct afd_record *ar = (struct afd_record *)record;

		next = record->next;
		error = ar->kind->submit(ar);
		if (error == -EBADF || error == -ENOTSOCK) {
			record->armed = 0;
			mio_record_unlist(record);
		} else if (error < 0)
			failed = error;
	}
	return failed;
}

/* The next record to report; the one that completed first comes first. */
static struct afd_record *
next_ready(struct afd_poller *ap)
{
	struct mio_record *record;

	if (ap->ready == NULL) {
		while ((record = ap->completed) != NULL) {
			mio_record_unlist(record);
			mio_record_list(&ap->ready, record);
		}
	}
	if ((record = ap->ready) != NULL)
		mio_record_unlist(record);
	return (struct afd_record *)record;
}

/*
 * Reports each source in its turn.  Poll requests are submitted again by the
 * next wait only.
 */
static int
report_sources(struct afd_poller *ap, struct mio_event *events, int room)
{
	struct afd_record *ar;
	int n = 0;

	while (n < room && (ar = next_ready(ap)) != NULL) {
		n += ar->kind->report(ar, &events[n]);
		if (ar->record.armed != 0)
			mio_record_list(&ap->to_submit, &ar->record);
	}
	return n;
}

static int
report_all(struct afd_poller *ap, struct mio_event *events, int nevents,
    int room)
{
	int n = report_sources(ap, events, room);

	if (mio_wakers_pending(&ap->poller))
		n += mio_wakers_take(&ap->poller, &events[n], nevents - n);
	return n;
}

/*
 * Waits for a completion, unless there is something to report.  While a
 * cancelled request is pending, the wait has no timeout: the completion comes
 * at once, and the record may have to be submitted again.
 */
static int
wait_locked(struct afd_poller *ap, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n, failed, count, room = nevents;
	bool pending, some;

	if ((pending = mio_wakers_pending(&ap->poller)))
		room = mio_source_room(&ap->poller, nevents);
	if (room == 0)
		return mio_wakers_take_only(&ap->poller, events, nevents);
	failed = submit_all(ap);
	some = pending || ap->ready != NULL || ap->completed != NULL;
	if (some || failed < 0)
		count = mio_afd_wait(ap, 0);
	else
		count = mio_afd_wait(ap, ap->cancelled > 0 ? -1 :
		    mio_msec(timeout));
	if ((n = report_all(ap, events, nevents, room)) > 0)
		return n;
	if (count < 0 || failed < 0)
		return count < 0 ? count : failed;
	return some || count > 0 || timeout != 0 ? MIO_RESUME : 0;
}

int
mio_sel_wait(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	int n = -EBUSY;

	AcquireSRWLockExclusive(&ap->lock);
	if (!ap->waiting) {
		ap->waiting = true;
		n = wait_locked(ap, events, nevents, timeout);
		ap->waiting = false;
	}
	ReleaseSRWLockExclusive(&ap->lock);
	return n;
}

/* The kernel owns the memory of pending operations: wait for all of them. */
#define mio_sel_close mio_sel_close
void
mio_sel_close(struct mio_poller *poller)
{
	struct afd_poller *ap = mio_afd_poller(poller);

	AcquireSRWLockExclusive(&ap->lock);
	mio_afd_cancel_all(&ap->handles);
	mio_npipe_ios_cancel(&ap->ios);
	while (ap->pending + ap->ios.pending > 0 && mio_afd_wait(ap, -1) >= 0)
		continue;
	mio_afd_close(&ap->handles);
	ReleaseSRWLockExclusive(&ap->lock);
}

#define mio_sel_destroy mio_sel_destroy
void
mio_sel_destroy(struct mio_poller *poller)
{
	struct afd_poller *ap = mio_afd_poller(poller);

	mio_records_destroy(&ap->records);
	mio_npipe_ios_destroy(&ap->ios);
}

#include "verbs.c"
