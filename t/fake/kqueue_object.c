/*
 * The objects that the fake kqueue watches by descriptor, and how it notices
 * that they have changed.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * kqueue_look.c determines the state of an object.
 *
 * When an object notifies its knotes is harder to determine.  Linux gives
 * edges for all that arrives, and for room after a write that found none.  The
 * BSDs notify more often: on each acknowledgement, and on each read from and
 * write to a pipe, at both of its ends (pipeselwakeup; seen).  Such changes
 * are found by comparing with the previous state, whenever kevent is called,
 * and a few hundred times a second while one waits.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"

#define HELD_ACK	100000000	/* ns that an ACK is delayed */
#define BUNDLE		32

static int
fd_event(struct knote *kn)
{
	struct look now;

	fake_look(kn->watch, &now);
	return fake_filter_event(kn, &now);
}

/*
 * Attaching.
 */

#if defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
#define REFUSED	EBADF
#else
#define REFUSED	EPIPE
#endif

static bool
is_tty(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(5, 0);
}

static int
fd_attach(struct knote *kn)
{
	struct watch *watch = kn->watch;
	int slot = fake_slot(kn);
	struct look now;

	fake_look(watch, &now);
	/* kqueue_kqfilter, all systems. */
	if (watch->kind == KIND_KQUEUE && slot != SLOT_READ)
		return EINVAL;
	/* soo_kqfilter; pipe_kqfilter. */
	if (slot == SLOT_EXCEPT && watch->kind != KIND_TCP &&
	    watch->kind != KIND_UNIX && watch->kind != KIND_DGRAM)
		return EINVAL;
	if (quirk(tty_einval) && is_tty(watch->fd))
		return EINVAL;
	if (watch->named && quirk(fifo_refuses) &&
	    watch->mode == (slot == SLOT_READ ? O_WRONLY : O_RDONLY))
		return EINVAL;
	if (watch->kind == KIND_PIPE && !watch->named && slot == SLOT_WRITE &&
	    quirk(pipe_refuses) &&
	    (now.seen & (SEEN_REOF | SEEN_WEOF)) != 0)
		return REFUSED;
	watch->knotes[slot] = kn;
	if (watch->kind == KIND_PIPE ||
	    (watch->kind == KIND_TCP && slot == SLOT_WRITE))
		kn->kq->restless = true;
	if (watch->inner != NULL) {
		kn->sel = watch->inner->watchers;
		watch->inner->watchers = kn;
	}
	return 0;
}

static void
fd_detach(struct knote *kn)
{
	struct watch *watch = kn->watch;
	struct knote **sel;

	watch->knotes[fake_slot(kn)] = NULL;
	if (watch->inner != NULL) {
		for (sel = &watch->inner->watchers; *sel != kn;)
			sel = &(*sel)->sel;
		*sel = kn->sel;
	}
}

const struct filter fake_fd_filter = {
	fd_attach, fd_detach, fd_event, NULL, NULL
};

static struct watch **
bucket(struct kqueue *kq, int fd)
{
	return &kq->watches[(unsigned int)fd % WATCHES];
}

static void
kind_of_socket(struct watch *watch)
{
	int domain, type;

	watch->kind = KIND_OTHER;
	if (fake_option(watch->fd, SOL_SOCKET, SO_DOMAIN, &domain,
	    sizeof(domain)) < 0 || fake_option(watch->fd, SOL_SOCKET, SO_TYPE,
	    &type, sizeof(type)) < 0)
		return;
	watch->type = type;
	if (type == SOCK_DGRAM || type == SOCK_RAW)
		watch->kind = KIND_DGRAM;
	else if (domain == AF_UNIX)
		watch->kind = KIND_UNIX;
	else
		watch->kind = KIND_TCP;
}

/*
 * Is it a FIFO in a file system, and not from pipe(2)?  Both are compared by
 * device with a pipe made here, since there may be no /proc.
 */
bool
fake_named(int fd)
{
	struct stat st, pipe_st;
	int fds[2];
	bool named;

	if (syscall(SYS_pipe2, fds, O_CLOEXEC) < 0)
		return false;	/* no descriptor left: most are not */
	named = fstat(fd, &st) < 0 || fstat(fds[0], &pipe_st) < 0 ||
	    st.st_dev != pipe_st.st_dev;
	(void)syscall(SYS_close, fds[0]);
	(void)syscall(SYS_close, fds[1]);
	return named;
}

static int
kind_of(struct watch *watch)
{
	struct stat st;

	if ((watch->inner = fake_find(watch->fd)) != NULL) {
		watch->kind = KIND_KQUEUE;
		return 0;
	}
	if (fstat(watch->fd, &st) < 0)
		return EBADF;
	watch->dev = st.st_dev;
	watch->ino = st.st_ino;
	if (S_ISSOCK(st.st_mode))
		kind_of_socket(watch);
	else if (S_ISFIFO(st.st_mode))
		watch->kind = KIND_PIPE;
	else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		watch->kind = KIND_FILE;
	if (watch->kind == KIND_PIPE) {
		watch->mode = fake_fcntl(watch->fd, F_GETFL, 0) & O_ACCMODE;
		watch->named = fake_named(watch->fd);
	}
	return 0;
}

/* Some devices, such as /dev/null, can't be polled and are always ready. */
static void
poll_by_epoll(struct watch *watch)
{
	int epoll = watch->kq->in;

	if (watch->kind == KIND_FILE)
		return;
	if (watch->kind == KIND_KQUEUE) {
		watch->polled = fake_epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd,
		    EPOLLIN | EPOLLET, watch->tag) == 0;
		return;
	}
	watch->polled = fake_epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd,
	    EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET, watch->tag) == 0;
	if (watch->polled)
		(void)fake_epoll_ctl(watch->kq->out, EPOLL_CTL_ADD, watch->fd,
		    EPOLLOUT | EPOLLET, watch->tag);
	else
		watch->kind = KIND_FILE;
}

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

static void
collect(struct kqueue *kq, int epoll, unsigned int hint)
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

struct watch *
fake_watch(struct kqueue *kq, int fd, int *error)
{
	struct watch *watch = fake_alloc(sizeof(*watch));

	*error = ENOMEM;
	if (watch == NULL)
		return NULL;
	watch->kq = kq;
	watch->fd = fd;
	watch->tag = fake_tag();
	if ((*error = kind_of(watch)) != 0) {
		fake_free(watch, sizeof(*watch));
		return NULL;
	}
	watch->next = *bucket(kq, fd);
	*bucket(kq, fd) = watch;
	poll_by_epoll(watch);
	/* Drop hints so far: attaching a knote checks the current state. */
	collect(kq, kq->in, HINT_IN);
	collect(kq, kq->out, HINT_OUT);
	watch->hints = 0;
	fake_look(watch, &watch->last);
	watch->acked_segments = watch->last.segments;
	return watch;
}

/*
 * Is the number still open for the same file?  It may have been closed and
 * reused without a call of close() above.
 */
int
fake_same(const struct watch *watch)
{
	struct stat st;

	if (watch->kind == KIND_KQUEUE)
		return 1;
	return fstat(watch->fd, &st) == 0 && st.st_dev == watch->dev &&
	    st.st_ino == watch->ino;
}

struct watch *
fake_watched(struct kqueue *kq, int fd)
{
	struct watch *watch = *bucket(kq, fd);

	while (watch != NULL && watch->fd != fd)
		watch = watch->next;
	return watch;
}

/* Frees a watch, unless it has knotes. */
void
fake_unwatch(struct watch *watch)
{
	struct watch **link = bucket(watch->kq, watch->fd);
	int slot;

	for (slot = 0; slot < SLOT_MAX; slot++) {
		if (watch->knotes[slot] != NULL)
			return;
	}
	if (watch->polled && fake_same(watch)) {
		(void)fake_epoll_ctl(watch->kq->in, EPOLL_CTL_DEL, watch->fd,
		    0, 0);
		(void)fake_epoll_ctl(watch->kq->out, EPOLL_CTL_DEL, watch->fd,
		    0, 0);
	}
	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
	fake_free(watch, sizeof(*watch));
}

/*
 * Noticing.
 */

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

/*
 * Has the peer acknowledged?  TCP delays an acknowledgement until the next
 * segment or for a while (tcp_input.c; seen).  A reply carries it.
 */
static bool
acknowledged(struct watch *watch, const struct look *now)
{
	bool held = watch->acked_since != 0;

	if (now->acked == watch->last.acked && !held)
		return false;
	if (now->segments - watch->acked_segments < 2 &&
	    now->received == watch->last.received &&
	    (watch->hints & HINT_OUT) == 0 &&
	    appeared(watch, now) == 0) {
		if (!held)
			watch->acked_since = fake_now();
		if (!quirk(ack_timer) ||
		    fake_now() - watch->acked_since < HELD_ACK)
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
	bool held = watch->acked_since != 0;

	if ((new & (SEEN_CONNECTED | SEEN_CLOSED)) != 0)
		due |= DUE_ALL;
	if (arrived || (new & (SEEN_REOF | SEEN_OOB | SEEN_ERROR)) != 0)
		due |= DUE_READ | DUE_EXCEPT;
	/* On Linux a local shutdown causes an edge in both directions. */
	if ((watch->hints & HINT_IN) != 0 && ((now->seen & SEEN_LISTENING) ||
	    (new & SEEN_WEOF) == 0))
		due |= DUE_READ | DUE_EXCEPT;
	if (acknowledged(watch, now) ||
	    (new & (SEEN_WEOF | SEEN_WRITABLE)) != 0)
		due |= DUE_WRITE;
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
	bool end = (new & (SEEN_REOF | SEEN_WEOF)) != 0;

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
 * The reader of a pipe was closed.  The list is walked before the pipe is
 * marked: a writer that had room is notified as of an intact pipe, and one
 * that had none is not.  On FreeBSD the knote then is one-shot, and so is
 * delivered as it was, with the room that there was before (pipeclose,
 * knlist_cleardel; seen).  A FIFO with a name is marked first (fifo_close).
 */
static void
break_pipe(struct knote *kn, const struct look *now)
{
	bool backward = kn->watch->mode == O_RDONLY;
	bool room = backward ? quirk(pipe_both_ways) :
	    (now->seen & SEEN_WRITABLE) != 0;

	if (kn->watch->named) {
		if (fake_pipe_write(kn, now))
			fake_activate(kn);
		return;
	}
	if (quirk(pipe_eof_oneshot)) {
		fake_set_data(kn, backward ? BACKWARD : now->space);
		kn->kev.flags |= EV_EOF | EV_ONESHOT;
	} else if (fake_pipe_write(kn, now) && backward)
		return;		/* this list is not walked */
	if (room || !quirk(pipe_full_eof_lost))
		fake_activate(kn);
}

static unsigned int
due_pipe(struct watch *watch, const struct look *now)
{
	struct knote *kn = watch->knotes[SLOT_WRITE];
	unsigned int broken = appeared(watch, now) & (SEEN_REOF | SEEN_WEOF);

	if (broken != 0) {
		if (kn != NULL)
			break_pipe(kn, now);
		return DUE_READ;
	}
	if (now->readable != watch->last.readable || watch->hints != 0)
		return DUE_READ | DUE_WRITE;
	return 0;
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
		collect(watch->kq, watch->kq->in, HINT_IN);
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
	if (fd_event(kn))
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
	collect(kq, kq->in, HINT_IN);
	collect(kq, kq->out, HINT_OUT);
	share_hints(kq);
	local = notice_all(kq);
	fire_all(kq, local && quirk(network_late));
	kq->looking = false;
}
