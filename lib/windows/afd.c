/*
 * Windows: Afd's poll (afd_driver.h), whose answers are packets of a completion
 * port.  Named pipes, which have packets of their own, are npipe_source.c's.
 *
 * A question is level-triggered and is answered once, so this selector keeps
 * a record a source (record.h) and makes the edges itself.  A record is in
 * one of these states:
 *
 *   asked	Its question is with the kernel: nothing else may be asked
 *		for that socket, and the memory is the kernel's.
 *   due	On a list: armed for something that it hasn't asked for.
 *   ready	On a list: its answer has come and isn't reported yet.
 *   quiet	None of these.  Nothing is armed.
 *
 * Questions are asked by the next wait, or at once while a thread waits.
 *
 *  - One question a socket (AFD-9).  One that doesn't ask for all that is
 *    armed by now is taken back; when its packet comes, a new one is asked.
 *  - A source that is deregistered while its question is out leaves the
 *    record behind until the packet comes.  So no packet ever meets another
 *    source's record, nor freed memory (AFD-7, AFD-10).
 *  - What the program has emptied while a question was out may be in its
 *    answer, which may have been given before.  Such an answer isn't
 *    believed: the question is asked again.
 *  - POLL_CONNECT isn't asked for, because it comes with each answer from
 *    then on (AFD-5).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include <windows.h>

#include "afd_bits.h"
#include "afd_poller.h"
#include "timeout.h"
#include "afd_driver.h"
#include "win_error.h"
#include "npipe.h"
#include "completion_port.h"

#define BATCH		64	/* packets taken at a time */

struct afd_record {
	struct mio_record	 record;	/* fd: the lowest socket */
	unsigned int		 kind;
	struct afd_poll		 poll;
	unsigned int		 asked;		/* armed bits; 0: not asked */
	unsigned int		 doubt;		/* emptied since */
	unsigned int		 came;		/* Afd's bits */
	bool			 taken_back;
	bool			 ended;		/* deregistered */
};

const size_t mio_sel_size = sizeof(struct afd_poller);
const char mio_sel_name[] = "afd";
const unsigned int mio_sel_interests =
    MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY;

MIO_ASSERT(first, offsetof(struct afd_record, record) == 0);

static struct afd_record *
afd_record(struct mio_record *record)
{
	return (struct afd_record *)record;
}

int
mio_sel_open(struct mio_poller *poller)
{
	struct afd_poller *ap = mio_afd_poller(poller);

	InitializeSRWLock(&ap->lock);
	ap->records.size = sizeof(struct afd_record);
	/* Many a packet has nothing to report. */
	poller->resumes = 1;
	return 0;
}

static HANDLE
afd_of(const struct afd_poller *ap, const struct afd_record *ar)
{
	return mio_afd_handle(&ap->handles, ar->record.index);
}

static void
take_back(struct afd_poller *ap, struct afd_record *ar)
{
	if (ar->taken_back)
		return;
	ar->taken_back = true;
	ap->taken_back++;
	mio_afd_cancel(afd_of(ap, ar), &ar->poll);
}

/* Asks for what is armed, or takes back what asks for less. */
static int
ask(struct afd_poller *ap, struct afd_record *ar)
{
	struct mio_record *record = &ar->record;
	int error;

	mio_record_unlist(record);
	if (ar->asked != 0) {
		if ((record->armed & ~ar->asked) != 0)
			take_back(ap, ar);
		return 0;
	}
	if (record->armed == 0)
		return 0;
	error = mio_afd_ask(afd_of(ap, ar), &ar->poll, record->fd,
	    mio_afd_bits(record->armed));
	if (error < 0) {
		mio_record_list(&ap->due, record);
		return error;
	}
	ar->asked = record->armed;
	ar->doubt = 0;
	ap->out++;
	return 0;
}

/* Has a changed record asked for, now or by the next wait. */
static int
renew(struct afd_poller *ap, struct afd_record *ar)
{
	ar->came = 0;
	if (ap->waiting)
		return ask(ap, ar);
	mio_record_unlist(&ar->record);
	mio_record_list(&ap->due, &ar->record);
	return 0;
}

/*
 * All that is due.  A socket that was closed behind our back goes quiet; what
 * fails otherwise stays due, and is tried again by the next wait.
 */
static int
ask_due(struct afd_poller *ap)
{
	struct mio_record *record, *next;
	int error, failed = 0;

	for (record = ap->due; record != NULL; record = next) {
		next = record->next;
		error = mio_afd_kind(record) == AFD_PIPE ? mio_pipe_due(record) :
		    ask(ap, afd_record(record));
		if (error == -EBADF || error == -ENOTSOCK) {
			record->armed = 0;
			mio_record_unlist(record);
		} else if (error < 0)
			failed = error;
	}
	return failed;
}

/* What was emptied while the question was out is no answer to it. */
static unsigned int
believed(const struct afd_record *ar, unsigned int came)
{
	return came & ~(mio_afd_bits(ar->doubt) & ~AFD_ERRORS);
}

/* A question's packet. */
static void
answered(struct afd_poller *ap, struct afd_record *ar)
{
	int came = mio_afd_answer(&ar->poll);

	ap->out--;
	ar->asked = 0;
	if (ar->taken_back) {
		ar->taken_back = false;
		ap->taken_back--;
		came = 0;
	}
	if (ar->ended) {
		ar->ended = false;
		ap->ended--;
		mio_records_put(&ap->records, &ar->record);
		return;
	}
	/* The thread that asked may be gone, and its questions with it. */
	if (came == -ECANCELED)
		came = 0;
	if (came == -EBADF || came == -ENOTSOCK)
		came = AFD_LOCAL_CLOSE;
	/* Rare and unknown: the program will learn from its next call. */
	ar->came = came < 0 ? AFD_CONNECT_FAIL :
	    believed(ar, (unsigned int)came);
	if ((ar->came & AFD_LOCAL_CLOSE) != 0)
		ar->record.armed = 0;
	mio_record_list(ar->came != 0 ? &ap->fresh : &ap->due, &ar->record);
}

static void
packet(struct afd_poller *ap, const OVERLAPPED_ENTRY *entry)
{
	if (entry->lpCompletionKey == MIO_KEY_WAKE)
		ap->woken = true;
	else if (entry->lpCompletionKey == MIO_KEY_AFD &&
	    entry->lpOverlapped != NULL)
		answered(ap, CONTAINING_RECORD(entry->lpOverlapped,
		    struct afd_record, poll.overlapped));
	else if (entry->lpCompletionKey == MIO_KEY_PIPE &&
	    entry->lpOverlapped != NULL)
		mio_pipe_packet(entry->lpOverlapped);
}

/* Takes packets; how many, or a negated errno.  Unlocked while it waits. */
static int
collect(struct afd_poller *ap, int msec)
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
		packet(ap, &entries[i]);
	return (int)count;
}

/* A free record: rather one whose packet has come than a new one. */
static int
get_record(struct afd_poller *ap, struct mio_record **record)
{
	if (ap->records.free == NULL && ap->ended > 0 && !ap->waiting)
		(void)collect(ap, 0);	/* or else a new one it is */
	return mio_records_get(&ap->records, record);
}

void
mio_afd_collect(struct afd_poller *ap)
{
	if (!ap->waiting)
		(void)collect(ap, 0);	/* nothing there: the next one tries */
}

int
mio_sel_add(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct mio_record *record;
	mio_fd base;
	int error;

	if (mio_kind(source) == MIO_KIND_NPIPE)
		return mio_pipe_add(ap, source, token, interest);
	if ((error = mio_check_file(source)) < 0 ||
	    (error = mio_afd_base(source->fd, &base)) < 0)
		return error;
	AcquireSRWLockExclusive(&ap->lock);
	if ((error = get_record(ap, &record)) < 0)
		goto out;
	record->poller = poller;
	record->fd = base;
	mio_record_set(record, token, interest);
	if ((error = mio_afd_join(&ap->handles, mio_port(poller),
	    record->index)) < 0 ||
	    (error = renew(ap, afd_record(record))) < 0) {
		mio_record_unlist(record);
		mio_records_put(&ap->records, record);
	} else
		mio_record_tie(record, source);
out:
	ReleaseSRWLockExclusive(&ap->lock);
	return error;
}

int
mio_sel_mod(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct afd_record *ar = source->reg;
	int error;

	if (mio_kind(source) == MIO_KIND_NPIPE)
		return mio_pipe_mod(source, token, interest);
	AcquireSRWLockExclusive(&ap->lock);
	mio_record_set(&ar->record, token, interest);
	ar->doubt = ar->asked;
	error = renew(ap, ar);
	ReleaseSRWLockExclusive(&ap->lock);
	return error;
}

int
mio_sel_del(struct mio_poller *poller, const struct mio_source *source)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct afd_record *ar = source->reg;

	if (mio_kind(source) == MIO_KIND_NPIPE) {
		mio_pipe_del(source);
		return 0;
	}
	AcquireSRWLockExclusive(&ap->lock);
	mio_record_unlist(&ar->record);
	ar->came = 0;
	ar->record.armed = 0;
	ar->record.interest = 0;
	if (ar->asked != 0) {
		ar->ended = true;
		ap->ended++;
		take_back(ap, ar);
	} else
		mio_records_put(&ap->records, &ar->record);
	ReleaseSRWLockExclusive(&ap->lock);
	return 0;
}

/* A socket's record goes with the poller's memory; a pipe lives on. */
#define mio_sel_forget mio_sel_forget
void
mio_sel_forget(struct mio_poller *poller, const struct mio_source *source)
{
	(void)poller;
	if (mio_kind(source) == MIO_KIND_NPIPE)
		mio_pipe_del(source);
}

#define mio_sel_rearm mio_sel_rearm
void
mio_sel_rearm(const struct mio_source *source, unsigned int directions)
{
	struct afd_record *ar = source->reg;
	struct afd_poller *ap = mio_afd_poller(ar->record.poller);

	if (mio_poller_check(&ap->poller) < 0)
		return;
	if (mio_kind(source) == MIO_KIND_NPIPE) {
		mio_pipe_blocked(source, directions);
		return;
	}
	AcquireSRWLockExclusive(&ap->lock);
	if (!mio_record_tied(&ar->record, source))
		goto out;
	ar->doubt |= directions & ar->asked;
	ar->came &= ~mio_afd_bits(directions);
	if (mio_record_rearm(&ar->record, directions) ||
	    (ar->asked == 0 && ar->came == 0 && ar->record.armed != 0))
		(void)renew(ap, ar);	/* due: the next wait tries again */
out:
	ReleaseSRWLockExclusive(&ap->lock);
}

static int
report(struct mio_record *record, struct mio_event *event)
{
	unsigned int came;

	if (mio_afd_kind(record) == AFD_PIPE)
		return mio_pipe_report(record, event);
	came = afd_record(record)->came;
	afd_record(record)->came = 0;
	return mio_afd_report(record, came, event);
}

/* The next to be reported, the oldest answer first. */
static struct mio_record *
next_ready(struct afd_poller *ap)
{
	struct mio_record *record;

	if (ap->ready == NULL) {
		while ((record = ap->fresh) != NULL) {
			mio_record_unlist(record);
			mio_record_list(&ap->ready, record);
		}
	}
	if ((record = ap->ready) != NULL)
		mio_record_unlist(record);
	return record;
}

/*
 * What has been collected: wakers first, then each source in its turn.  None
 * of them is asked about again before the next wait.
 */
static int
report_all(struct afd_poller *ap, struct mio_event *events, int nevents)
{
	struct mio_record *record;
	int n = 0;

	if (ap->woken) {
		ap->woken = false;
		n = mio_wakers_take(&ap->poller, events, nevents);
	}
	while (n < nevents && (record = next_ready(ap)) != NULL) {
		n += report(record, &events[n]);
		if (record->armed != 0)
			mio_record_list(&ap->due, record);
	}
	return n;
}

/*
 * Waits until something has come, unless there is something already.  A
 * question that was taken back is answered at once, whatever the time limit,
 * and may have to be asked anew.
 */
static int
wait_locked(struct afd_poller *ap, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n, failed, count;
	bool some;

	if ((n = mio_wakers_deferred(&ap->poller, events, nevents)) > 0)
		return n;
	failed = ask_due(ap);
	some = ap->woken || ap->ready != NULL || ap->fresh != NULL;
	if (some || failed < 0)
		count = collect(ap, 0);
	else
		count = collect(ap, ap->taken_back > 0 ? -1 :
		    mio_msec(timeout));
	if ((n = report_all(ap, events, nevents)) > 0)
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

/* The kernel has the memory of each question that is out: wait for all. */
#define mio_sel_close mio_sel_close
void
mio_sel_close(struct mio_poller *poller)
{
	struct afd_poller *ap = mio_afd_poller(poller);

	AcquireSRWLockExclusive(&ap->lock);
	mio_afd_cancel_all(&ap->handles);
	mio_ios_cancel(&ap->ios);
	while (ap->out + ap->ios.out > 0 && collect(ap, -1) >= 0)
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
	mio_ios_destroy(&ap->ios);
}

#include "verbs.c"
