/*
 * How the fake kqueue notices that an object has changed, and which knotes the
 * object notifies then.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * When an object notifies its knotes is hard to determine.  Linux gives
 * edges for all that arrives, and for room after a write that found none.  The
 * BSDs notify more often: on each acknowledgement, and on each read from and
 * write to a pipe, at both of its ends (pipeselwakeup; seen).  Such changes
 * are found by comparing with the previous state, whenever kevent is called,
 * and a few hundred times a second while one waits.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"

#define BUNDLE		32

/* Finds the watch of an entry in the epolls; timers have entries as well. */
static struct watch *
tagged(struct kqueue *kq, uint64_t tag)
{
	struct watch *watch;
	int i;

	for (i = 0; i < WATCHES; i++) {
		for (watch = kq->watches[i]; watch != NULL;
		    watch = watch->next) {
			if (watch->tag == tag)
				return watch;
		}
	}
	return NULL;
}

void
fake_collect(struct kqueue *kq, int epoll, unsigned int hint)
{
	struct epoll_event events[BUNDLE];
	long i, n;

	do {
#ifdef SYS_epoll_wait
		n = syscall(SYS_epoll_wait, epoll, events, BUNDLE, 0);
#else
		n = syscall(SYS_epoll_pwait, epoll, events, BUNDLE, 0, NULL,
		    (size_t)8);
#endif
		for (i = 0; i < n; i++) {
			uint64_t tag = events[i].data.u64;
			struct watch *watch = tag != 0 ? tagged(kq, tag) :
			    NULL;

			if (watch != NULL)
				watch->hints |= hint;
			else if (tag != 0)
				fake_timer_tick(kq, tag);
		}
	} while (n == BUNDLE);
}

/* Bits that are set now and were not before. */
static unsigned int
appeared(const struct watch *watch, const struct look *now)
{
	return now->seen & ~watch->last.seen;
}

#define DUE_READ	(1u << SLOT_READ)
#define DUE_WRITE	(1u << SLOT_WRITE)
#define DUE_EXCEPT	(1u << SLOT_EXCEPT)
#define DUE_ALL		(DUE_READ | DUE_WRITE | DUE_EXCEPT)

/* The clock of delayed acknowledgements; see fake_kqueue_pass(). */
static int64_t
ack_clock(void)
{
	return (quirk(ack_timer) ? fake_now() : 1) + fake_passed;
}

/*
 * Has the peer acknowledged?  TCP delays an acknowledgement until the next
 * segment or for a while (tcp_input.c; seen).  A reply carries it.
 */
static bool
acknowledged(struct watch *watch, const struct look *now)
{
	bool held = watch->acked_since != 0;
	int64_t delay = (int64_t)quirk_value(ack_delay) * 1000000;

	if (now->acked == watch->last.acked && !held)
		return false;
	if (now->segments - watch->acked_segments < 2 &&
	    now->received == watch->last.received &&
	    (watch->hints & HINT_OUT) == 0 &&
	    appeared(watch, now) == 0) {
		if (!held)
			watch->acked_since = ack_clock();
		if (ack_clock() - watch->acked_since < delay)
			return false;
	}
	watch->acked_since = 0;
	watch->acked_segments = now->segments;
	return true;
}

/*
 * TCP notifies its readers of data, end of file and errors; its writers of
 * acknowledgements and of a local shutdown; both of a connection made or lost
 * (sorwakeup, sowwakeup, soisconnected, socantsendmore, soisdisconnected).
 */
static unsigned int
due_tcp(struct watch *watch, const struct look *now)
{
	unsigned int new = appeared(watch, now), due = 0;
	bool arrived = now->received != watch->last.received;
	bool deaf = quirk(shut_read_silent) && (fake_object(watch->dev,
	    watch->ino)->did & DID_SHUT_READ) != 0 && new == 0;
	bool held = watch->acked_since != 0;

	if ((new & (SEEN_CONNECTED | SEEN_CLOSED)) != 0)
		due |= DUE_ALL;
	/* accept(2) notifies as well. */
	if ((now->seen & SEEN_LISTENING) != 0 &&
	    now->readable != watch->last.readable)
		due |= DUE_READ;
	if (arrived || (new & (SEEN_REOF | SEEN_OOB | SEEN_ERROR)) != 0)
		due |= DUE_READ | DUE_EXCEPT;
	/* On Linux a local shutdown causes an edge in both directions. */
	if ((watch->hints & HINT_IN) != 0 && ((now->seen & SEEN_LISTENING) ||
	    (new & SEEN_WEOF) == 0))
		due |= DUE_READ | DUE_EXCEPT;
	if (acknowledged(watch, now) ||
	    (new & (SEEN_WEOF | SEEN_WRITABLE)) != 0)
		due |= DUE_WRITE;
	if (deaf)
		due &= ~(DUE_READ | DUE_EXCEPT);
	/* The peer's data arrives before its acknowledgement. */
	watch->read_first = new == 0 && !held;
	watch->local = (new & SEEN_WEOF) != 0 && (now->seen & SEEN_CLOSED) == 0;
	/* The acknowledgement of the FIN follows, or has come (seen). */
	if (watch->local && quirk(network_late))
		watch->late |= DUE_WRITE;
	if ((new & SEEN_CLOSED) != 0)
		watch->read_first = now->error == 0 ||
		    !quirk(reset_write_first);
	if (quirk(network_late) && now->error == ECONNREFUSED &&
	    (new & SEEN_ERROR) != 0) {
		watch->late |= DUE_READ;
		due &= ~DUE_READ;
	}
	return due;
}

/*
 * A Unix socket notifies its readers of data and end of file, and its writers
 * of data that the peer has read and of a local shutdown (uipc_send,
 * uipc_rcvd).  On Linux the peer's shutdown causes an edge in both directions.
 */
static unsigned int
due_unix(struct watch *watch, const struct look *now)
{
	unsigned int new = appeared(watch, now), due = 0;
	bool end = (new & (SEEN_REOF | SEEN_WEOF)) != 0 || fake_shuts();

	if ((new & (SEEN_CONNECTED | SEEN_CLOSED)) != 0)
		due |= DUE_ALL;
	if ((new & SEEN_REOF) != 0 || now->readable > watch->last.readable)
		due |= DUE_READ;
	if ((new & SEEN_WEOF) != 0)
		due |= DUE_WRITE;
	if ((watch->hints & HINT_IN) != 0 && !end)
		due |= DUE_READ;
	if ((watch->hints & HINT_OUT) != 0 && !end)
		due |= DUE_WRITE;
	watch->read_first = !quirk(reset_write_first);
	return due;
}

static unsigned int
due_hinted(const struct watch *watch)
{
	unsigned int due = 0;

	if ((watch->hints & HINT_IN) != 0)
		due |= DUE_READ | DUE_EXCEPT;
	if ((watch->hints & HINT_OUT) != 0)
		due |= DUE_WRITE;
	return due;
}

/*
 * Sending a datagram makes no room, and so nothing notifies writers but an
 * error and a local shutdown.
 */
static unsigned int
due_dgram(const struct watch *watch, const struct look *now)
{
	unsigned int new = appeared(watch, now), due = due_hinted(watch);

	due &= ~DUE_WRITE;
	if (now->readable > watch->last.readable)
		due |= DUE_READ;
	if ((new & SEEN_ERROR) != 0)
		due |= DUE_READ | DUE_WRITE;
	if ((new & (SEEN_WEOF | SEEN_WRITABLE)) != 0)
		due |= DUE_WRITE;
	return due;
}

/* A terminal's own writes don't notify it. */
static unsigned int
due_tty(const struct watch *watch, const struct look *now)
{
	unsigned int new = appeared(watch, now);
	unsigned int due = due_hinted(watch) & ~DUE_WRITE;

	if ((new & SEEN_WRITABLE) != 0 ||
	    ((new & SEEN_REOF) != 0 && quirk(tty_hangs_up)))
		due |= DUE_WRITE;
	return due;
}

/*
 * One end of a pipe was closed.  The list is walked before the pipe is marked:
 * a writer that had room is notified as of an intact pipe, and one that had
 * none is not.  On FreeBSD the knote then is one-shot, and so is delivered as
 * it was, with the room that there was before (pipeclose, knlist_cleardel;
 * seen).
 */
static void
break_pipe(struct knote *kn, const struct look *now)
{
	bool backward = kn->watch->mode == O_RDONLY;
	bool room = (now->seen & SEEN_WRITABLE) != 0;

	if (quirk(pipe_eof_oneshot)) {
		fake_set_data(kn, backward ? BACKWARD : room ? now->space : 0);
		kn->kev.flags |= EV_EOF | EV_ONESHOT;
		fake_activate(kn);
		return;
	}
	(void)fake_pipe_write(kn, now);
	if (backward ? quirk(pipe_both_ways) :
	    room || !quirk(pipe_full_eof_lost))
		fake_activate(kn);
}

/*
 * FIFOs are two sockets, except on FreeBSD, where they are pipes that also
 * notify of a new reader.  They are marked before they notify (fifo_close).
 */
static unsigned int
due_fifo(const struct watch *watch, const struct look *now)
{
	unsigned int new = appeared(watch, now), due = 0;
	unsigned int gone = watch->last.seen & ~now->seen;
	bool arrived = now->readable > watch->last.readable;
	bool taken = now->readable < watch->last.readable;

	if (((new | gone) & (SEEN_REOF | SEEN_WEOF)) == 0) {
		arrived |= (watch->hints & HINT_IN) != 0;
		taken |= (watch->hints & HINT_OUT) != 0;
	}
	if (arrived || (new & SEEN_REOF) != 0)
		due |= DUE_READ;
	if (taken || (new & SEEN_WEOF) != 0)
		due |= DUE_WRITE;
	if (quirk(fifo_is_pipe) && (arrived || (gone & SEEN_WEOF) != 0))
		due |= DUE_WRITE;
	if (quirk(fifo_write_ends))
		due &= ~DUE_WRITE;
	return due;
}

/* Data notifies the readers at one end and the writers at the other. */
static unsigned int
due_pipe(struct watch *watch, const struct look *now)
{
	struct knote *kn = watch->knotes[SLOT_WRITE];
	unsigned int broken = appeared(watch, now) & (SEEN_REOF | SEEN_WEOF);

	if (watch->named)
		return due_fifo(watch, now);
	if (broken != 0) {
		if (kn != NULL)
			break_pipe(kn, now);
		return DUE_READ;
	}
	if (now->readable == watch->last.readable && watch->hints == 0)
		return 0;
	return watch->mode == O_RDONLY ? DUE_READ :
	    watch->mode == O_WRONLY ? DUE_WRITE : DUE_READ | DUE_WRITE;
}

/*
 * Data is there before Linux gives its edge.  So if there is new data, wait
 * for the edge: otherwise the same data would be notified twice.
 */
static void
await_hint(struct watch *watch, const struct look *now)
{
	bool more = now->readable > watch->last.readable ||
	    now->received != watch->last.received;
	int tries;

	for (tries = 0; more && (watch->hints & HINT_IN) == 0 &&
	    tries < 100; tries++) {
		(void)sched_yield();
		fake_collect(watch->kq, watch->kq->in, HINT_IN);
	}
}

static void
notice(struct watch *watch)
{
	struct look now;

	watch->due |= watch->late;
	watch->late = 0;
	watch->local = false;
	if (watch->kind == KIND_KQUEUE) {
		watch->hints = 0;
		fake_look_at(watch->inner);
		return;
	}
	if (watch->kind == KIND_TCP && fake_network_held)
		return;
	fake_look(watch, &now);
	switch (watch->kind) {
	case KIND_FILE:
		/* It notifies of writes, but not of seeks. */
		if (now.space != watch->last.space)
			watch->due |= DUE_READ;
		break;
	case KIND_TCP:
		await_hint(watch, &now);
		watch->due |= due_tcp(watch, &now);
		break;
	case KIND_UNIX:
		await_hint(watch, &now);
		watch->due |= due_unix(watch, &now);
		break;
	case KIND_PIPE:
		watch->due |= due_pipe(watch, &now);
		break;
	case KIND_DGRAM:
		watch->due |= due_dgram(watch, &now);
		break;
	case KIND_TTY:
		watch->due |= due_tty(watch, &now);
		break;
	default:
		watch->due |= due_hinted(watch);
		break;
	}
	watch->hints = 0;
	watch->last = now;
}

/* A read or write at one end of a pipe is an event at the other. */
static void
share_hints(struct kqueue *kq)
{
	struct knote *kn, *peer;

	for (kn = kq->knotes; kn != NULL; kn = kn->link) {
		struct watch *watch = kn->watch;

		if (watch->kind != KIND_PIPE || watch->hints == 0)
			continue;
		for (peer = kq->knotes; peer != NULL; peer = peer->link) {
			if (peer->watch->kind == KIND_PIPE &&
			    peer->watch->dev == watch->dev &&
			    peer->watch->ino == watch->ino)
				peer->watch->hints |= watch->hints;
		}
	}
}

static void
fire(struct knote *kn)
{
	unsigned int bit = 1u << fake_slot(kn);

	if ((kn->watch->due & bit) == 0)
		return;
	kn->watch->due &= ~bit;
	if (fake_fd_event(kn))
		fake_activate(kn);
}

/*
 * Lists of knotes are walked from the newest (knlist_add).  The order of the
 * lists differs: a socket's writers come first, unless the whole connection is
 * closed.
 */
static void
fire_all(struct kqueue *kq, bool local_only)
{
	struct knote *kn;
	int pass;

	for (pass = 0; pass < 4; pass++) {
		for (kn = kq->knotes; kn != NULL; kn = kn->link) {
			struct watch *watch = kn->watch;
			bool write = fake_slot(kn) == SLOT_WRITE;
			int turn = 0;

			if (local_only && !watch->local)
				continue;
			if (watch->kind != KIND_PIPE)
				turn = !write ? 2 : watch->read_first ? 3 : 1;
			if (turn == pass)
				fire(kn);
		}
	}
}

/* Does this read of a pipe, which found nothing, notify the pipe's knotes? */
static bool
read_notifies(const struct object *object)
{
	return quirk(pipe_read_notifies) ||
	    (quirk(pipe_first_read) && (object->did & DID_READ) == 0);
}

static bool
is_of(const struct watch *watch, const struct stat *st)
{
	return watch->dev == st->st_dev && watch->ino == st->st_ino;
}

static void
notify_ends(struct kqueue *kq, const struct stat *st)
{
	struct knote *kn;

	for (kn = kq->knotes; kn != NULL; kn = kn->link) {
		struct watch *watch = kn->watch;

		if (watch->kind == KIND_PIPE && !watch->named &&
		    is_of(watch, st) && watch->mode ==
		    (fake_slot(kn) == SLOT_READ ? O_RDONLY : O_WRONLY) &&
		    fake_fd_event(kn))
			fake_activate(kn);
	}
}

/* A pipe was read.  If there were any bytes, the look has noticed that. */
void
fake_pipe_was_read(const struct stat *st, bool some)
{
	struct object *object = fake_object(st->st_dev, st->st_ino);
	struct kqueue *kq;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		if (!some && read_notifies(object))
			notify_ends(kq, st);
	}
	object->did |= DID_READ;
}

void
fake_notify_readers(const struct stat *st)
{
	struct kqueue *kq;
	struct knote *kn;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		for (kn = kq->knotes; kn != NULL; kn = kn->link) {
			if (is_of(kn->watch, st) &&
			    fake_slot(kn) == SLOT_READ && fake_fd_event(kn))
				fake_activate(kn);
		}
	}
}

void
fake_notify_writer(dev_t dev, ino_t ino)
{
	struct kqueue *kq;
	struct knote *kn;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		for (kn = kq->knotes; kn != NULL; kn = kn->link) {
			if (kn->watch->dev == dev && kn->watch->ino == ino &&
			    fake_slot(kn) == SLOT_WRITE && fake_fd_event(kn))
				fake_activate(kn);
		}
	}
}

void
fake_look_at_all(void)
{
	struct kqueue *kq;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next)
		fake_look_at(kq);
}

static bool
notice_all(struct kqueue *kq)
{
	struct watch *watch;
	bool local = false;
	int i;

	for (i = 0; i < WATCHES; i++) {
		for (watch = kq->watches[i]; watch != NULL;
		    watch = watch->next) {
			notice(watch);
			local |= watch->local;
		}
	}
	return local;
}

/* Drops a watch whose descriptor was closed without a call of close(). */
static bool
drop_closed(struct kqueue *kq)
{
	struct knote *kn;

	for (kn = kq->knotes; kn != NULL; kn = kn->link) {
		if (!fake_same(kn->watch)) {
			fake_fd_closed(kn->watch);
			return true;
		}
	}
	return false;
}

/*
 * Where the network is another thread, the effects of the process's own calls
 * come first, and the rest at the next look.
 */
void
fake_look_at(struct kqueue *kq)
{
	bool local;

	if (kq->looking)
		return;		/* kqueues may watch each other */
	kq->looking = true;
	while (drop_closed(kq))
		continue;
	fake_collect(kq, kq->in, HINT_IN);
	fake_collect(kq, kq->out, HINT_OUT);
	share_hints(kq);
	local = notice_all(kq);
	fire_all(kq, local && quirk(network_late));
	kq->looking = false;
}
