/*
 * Sockets as sources: poll requests to Afd.
 *
 *  - A socket has one poll request at most (AFD-9).  If that doesn't cover
 *    all that is armed by now, it is cancelled, and a new one is submitted
 *    after its completion.
 *  - The record of a source that is deregistered while its request is pending
 *    is kept until the completion.  So a packet never meets the record of
 *    another source, nor freed memory (AFD-7, AFD-10).
 *  - A result may report data that the program has read since the request was
 *    submitted.  Such stale conditions are masked out, and the request is
 *    submitted again.
 *  - After data was reported, a request is for AFD_DISCONNECT without
 *    AFD_RECEIVE.  Wine 8 waits for both in one way: its server is busy while
 *    such data is not read, and reports the close when it has been.
 *  - No request is for AFD_CONNECT, because every later result would have it
 *    (AFD-5).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "afd_bits.h"
#include "afd_socket.h"

MIO_ASSERT(first, offsetof(struct afd_socket, common.record) == 0);

static struct afd_socket *
socket_of(struct afd_record *ar)
{
	return (struct afd_socket *)ar;
}

static struct afd_poller *
poller_of(const struct afd_socket *sock)
{
	return mio_afd_poller(sock->common.record.poller);
}

static HANDLE
handle_of(const struct afd_socket *sock)
{
	return mio_afd_handle(&poller_of(sock)->handles,
	    sock->common.record.index);
}

static void
cancel(struct afd_socket *sock)
{
	if (sock->cancelled)
		return;
	sock->cancelled = true;
	poller_of(sock)->cancelled++;
	mio_afd_cancel(handle_of(sock), &sock->poll);
}

/* Submits a request for what is armed, or cancels one that covers less. */
static int
socket_submit(struct afd_record *ar)
{
	struct afd_socket *sock = socket_of(ar);
	struct afd_poller *ap = poller_of(sock);
	struct mio_record *record = &ar->record;
	int error;

	mio_record_unlist(record);
	if (sock->pending != 0) {
		if ((record->armed & ~sock->pending) != 0)
			cancel(sock);
		return 0;
	}
	if (record->armed == 0)
		return 0;
	error = mio_afd_submit(handle_of(sock), &sock->poll, record->fd,
	    mio_afd_bits(record->armed));
	if (error < 0) {
		mio_record_list(&ap->to_submit, record);
		return error;
	}
	sock->pending = record->armed;
	sock->stale = 0;
	ap->pending++;
	return 0;
}

/* Submits now if a thread waits, otherwise at the next wait. */
static int
submit_or_list(struct afd_socket *sock)
{
	struct afd_poller *ap = poller_of(sock);
	struct mio_record *record = &sock->common.record;

	sock->result = 0;
	if (ap->waiting)
		return socket_submit(&sock->common);
	mio_record_unlist(record);
	mio_record_list(&ap->to_submit, record);
	return 0;
}

/* The conditions of a result that are not stale; errors never are. */
static unsigned int
still_valid(const struct afd_socket *sock, unsigned int result)
{
	return result & ~(mio_afd_bits(sock->stale) & ~AFD_ERRORS);
}

/* The conditions of the completed request. */
static unsigned int
result_of(const struct afd_socket *sock, bool cancelled)
{
	int result = mio_afd_result(&sock->poll);

	/* -ECANCELED: the thread that submitted the request has ended. */
	if (cancelled || result == -ECANCELED)
		return 0;
	if (result == -EBADF || result == -ENOTSOCK)
		return AFD_LOCAL_CLOSE;
	/* Other errors are rare: the program's next call returns one. */
	if (result < 0)
		return AFD_CONNECT_FAIL;
	return still_valid(sock, (unsigned int)result);
}

static void
socket_completed(struct completion *completion)
{
	struct afd_socket *sock = CONTAINING_RECORD(completion,
	    struct afd_socket, poll.completion);
	struct afd_poller *ap = poller_of(sock);
	struct mio_record *record = &sock->common.record;
	bool cancelled = sock->cancelled;

	ap->pending--;
	sock->pending = 0;
	if (cancelled)
		ap->cancelled--;
	sock->cancelled = false;
	if (sock->deleted) {
		sock->deleted = false;
		ap->deleted--;
		mio_records_put(&ap->records, record);
		return;
	}
	sock->result = result_of(sock, cancelled);
	if ((sock->result & AFD_LOCAL_CLOSE) != 0)
		record->armed = 0;
	mio_record_list(sock->result != 0 ? &ap->completed : &ap->to_submit,
	    record);
}

/*
 * Gets a free record.  Takes completions first, because these may free the
 * records of deleted sources.
 */
static int
get_record(struct afd_poller *ap, struct mio_record **record)
{
	if (ap->records.free == NULL && ap->deleted > 0)
		mio_afd_collect(ap);
	return mio_records_get(&ap->records, record);
}

static int
add_locked(struct afd_poller *ap, struct mio_source *source, mio_fd base,
    mio_token token, unsigned int interest)
{
	struct afd_socket *sock;
	struct mio_record *record;
	int error;

	if ((error = get_record(ap, &record)) < 0)
		return error;
	record->poller = &ap->poller;
	record->fd = base;
	mio_record_set(record, token, interest);
	sock = (struct afd_socket *)record;
	sock->common.kind = &mio_afd_socket_kind;
	sock->poll.completion.complete = socket_completed;
	if ((error = mio_afd_join(&ap->handles, mio_port(&ap->poller),
	    record->index)) < 0 || (error = submit_or_list(sock)) < 0) {
		mio_record_unlist(record);
		mio_records_put(&ap->records, record);
		return error;
	}
	mio_record_tie(record, source);
	return 0;
}

static int
socket_add(struct afd_poller *ap, struct mio_source *source, mio_token token,
    unsigned int interest)
{
	mio_fd base;
	int error;

	if ((error = mio_check_file(source)) < 0 ||
	    (error = mio_afd_base(source->fd, &base)) < 0)
		return error;
	AcquireSRWLockExclusive(&ap->lock);
	error = add_locked(ap, source, base, token, interest);
	ReleaseSRWLockExclusive(&ap->lock);
	return error;
}

static int
socket_mod(struct afd_record *ar)
{
	struct afd_socket *sock = socket_of(ar);

	sock->stale = sock->pending;
	return submit_or_list(sock);
}

static void
socket_del(struct afd_record *ar)
{
	struct afd_socket *sock = socket_of(ar);
	struct afd_poller *ap = poller_of(sock);
	struct mio_record *record = &ar->record;

	mio_record_unlist(record);
	sock->result = 0;
	record->armed = 0;
	record->interest = 0;
	if (sock->pending != 0) {
		sock->deleted = true;
		ap->deleted++;
		cancel(sock);
	} else
		mio_records_put(&ap->records, record);
}

/* The record is freed with the poller's memory. */
static void
socket_forget(struct afd_record *ar)
{
	(void)ar;
}

static void
socket_rearm(struct afd_record *ar, unsigned int directions)
{
	struct afd_socket *sock = socket_of(ar);
	struct mio_record *record = &ar->record;

	sock->stale |= directions & sock->pending;
	sock->result &= ~mio_afd_bits(directions);
	if (mio_record_rearm(record, directions) ||
	    (sock->pending == 0 && sock->result == 0 && record->armed != 0))
		(void)submit_or_list(sock);	/* the next wait tries again */
}

static int
socket_report(struct afd_record *ar, struct mio_event *event)
{
	struct afd_socket *sock = socket_of(ar);
	unsigned int result = sock->result;

	sock->result = 0;
	return mio_afd_report(&ar->record, result, event);
}

const struct afd_kind mio_afd_socket_kind = {
	socket_add,
	socket_mod,
	socket_del,
	socket_forget,
	socket_rearm,
	socket_submit,
	socket_report
};
