/*
 * How the fake kqueue determines the state of an object, and its filters.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * Filters: filt_piperead etc. in sys_pipe.c; filt_soread, filt_sowrite,
 * filt_solisten in uipc_socket.c; all systems.  The state is queried when it
 * is needed, by poll(2), FIONREAD, TCP_INFO etc.  No query may change the
 * object: SO_ERROR would take the error that the program is to find, so the
 * error is derived from the connection's history.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"

#ifndef FIONREAD
#define FIONREAD	0x541B
#endif
#define OUTQ		0x5411		/* SIOCOUTQ */
#define PIPE_SIZE	1032		/* F_GETPIPE_SZ */
#define PIPE_ROOM	4096		/* PIPE_BUF */
#define RDHUP		0x2000		/* POLLRDHUP */
#define TCP_INFO	11
#define PEEK_OFF	42		/* SO_PEEK_OFF */

typedef __typeof__(((struct kevent *)0)->flags) flags_type;

/* Linux's struct tcp_info up to 4.6; the C library's may be shorter. */
struct info {
	uint8_t		state;
	uint8_t		bytes[7];
	uint32_t	words1[4];
	uint32_t	unacked;	/* listening: the backlog's length */
	uint32_t	words2[19];
	uint64_t	rates[2];
	uint64_t	acked;
	uint64_t	received;
	uint32_t	words3[5];
	uint32_t	segments;	/* sent, with data */
	char		end[4];
};

enum {				/* Linux's states */
	T_ESTABLISHED = 1, T_SYN_SENT, T_SYN_RECEIVED, T_FIN_WAIT1, T_FIN_WAIT2,
	T_TIME_WAIT, T_CLOSE, T_CLOSE_WAIT, T_LAST_ACK, T_LISTEN, T_CLOSING
};

/*
 * Looking.
 */

static int64_t
count_of(int fd, unsigned long command)
{
	int n = 0;

	if (syscall(SYS_ioctl, fd, command, &n) < 0)
		return 0;
	return n;
}

/* Does it have bytes that were not read? */
int
fake_unread(int fd)
{
	return count_of(fd, FIONREAD) > 0;
}

/* The free space in a socket's send buffer. */
static int64_t
space_of(int fd)
{
	int size;
	int64_t left;

	if (fake_option(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return 1;
	left = size - count_of(fd, OUTQ);
	return left > 0 ? left : 1;
}

static void
look_tcp_state(struct watch *watch, struct look *look,
    const struct info *info, int polled)
{
	switch (info->state) {
	case T_LISTEN:
		look->seen |= SEEN_LISTENING;
		look->readable = info->unacked;
		return;
	case T_SYN_SENT:
	case T_SYN_RECEIVED:
		return;
	case T_CLOSE:
		/* Without RDHUP, it was never connected. */
		if ((polled & (RDHUP | POLLERR)) == 0)
			return;
		look->seen |= SEEN_REOF | SEEN_WEOF | SEEN_CLOSED;
		break;
	case T_FIN_WAIT2:
	case T_TIME_WAIT:
		look->acked--;		/* the FIN isn't data */
		look->seen |= SEEN_WEOF;
		break;
	case T_FIN_WAIT1:
	case T_CLOSING:
	case T_LAST_ACK:
		look->seen |= SEEN_WEOF;
		break;
	default:
		break;
	}
	if ((look->seen & SEEN_CLOSED) == 0)
		watch->was_connected = true;
	look->seen |= SEEN_CONNECTED;
}

/*
 * so_error: a reset if the connection existed, otherwise a refusal.  BSD
 * treats both as disconnected (soisdisconnected), in both directions.
 */
static int
tcp_error(const struct watch *watch, const struct look *look)
{
	bool was = watch->was_connected || look->acked > 0 ||
	    look->received > 0;

	return was ? ECONNRESET : ECONNREFUSED;
}

static bool
is_listening(int fd)
{
	int listening;

	return fake_option(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
	    sizeof(listening)) >= 0 && listening;
}

/*
 * Sending no bytes fails with EPIPE after shutdown(WR): the only way to detect
 * that where no state is available.
 */
static bool
is_shut(int fd)
{
	return syscall(SYS_sendto, fd, "", (size_t)0,
	    MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0) < 0 && errno == EPIPE;
}

/*
 * Some emulators truncate TCP_INFO.  Then the state is guessed, and nothing is
 * known about acknowledgements.
 */
static void
guess_info(int fd, struct info *info, int polled)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	memset(info, 0, sizeof(*info));
	if (is_listening(fd)) {
		info->state = T_LISTEN;
		info->unacked = (polled & POLLIN) != 0;
	} else if ((polled & POLLHUP) != 0)
		info->state = T_CLOSE;
	else if (syscall(SYS_getpeername, fd, &peer, &len) < 0)
		info->state = T_SYN_SENT;
	else if ((polled & POLLERR) == 0 && is_shut(fd))
		info->state = T_FIN_WAIT1;
	else
		info->state = T_ESTABLISHED;
}

static bool
read_info(int fd, struct info *info)
{
	return fake_option(fd, IPPROTO_TCP, TCP_INFO, info, sizeof(*info)) >=
	    (int)offsetof(struct info, end);
}

/*
 * Linux reads the state before it locks the socket and reads the rest, which
 * may count a FIN as acknowledged that the state does not.  So the state of a
 * connection whose FIN is on its way must be the same afterwards.
 */
static bool
get_info(int fd, struct info *info)
{
	struct info next;

	if (!read_info(fd, info))
		return false;
	while ((info->state == T_FIN_WAIT1 || info->state == T_CLOSING ||
	    info->state == T_LAST_ACK) && read_info(fd, &next) &&
	    next.state != info->state)
		*info = next;
	return true;
}

int
fake_kqueue_sees_acks(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct info info;
	bool sees = read_info(fd, &info);

	(void)fake_close(fd);
	return sees;
}

static void
look_tcp(struct watch *watch, struct look *look, int polled)
{
	struct info info;

	if (!get_info(watch->fd, &info))
		guess_info(watch->fd, &info, polled);
	look->acked = info.acked;
	look->received = info.received;
	look->segments = info.segments;
	look_tcp_state(watch, look, &info, polled);
	if ((look->seen & SEEN_LISTENING) != 0)
		return;
	if ((fake_object(watch->dev, watch->ino)->did & DID_SHUT_READ) != 0)
		fake_discard(watch->fd);
	look->readable = count_of(watch->fd, FIONREAD);
	/* Linux counts up to the urgent byte, which BSD keeps elsewhere. */
	if (look->readable == 0 && (polled & (POLLIN | POLLPRI | RDHUP)) ==
	    (POLLIN | POLLPRI))
		look->readable = 1;
	look->space = space_of(watch->fd);
	if ((look->seen & SEEN_CONNECTED) == 0)
		return;
	if ((polled & RDHUP) != 0)
		look->seen |= SEEN_REOF;
	if ((polled & POLLOUT) != 0)
		look->seen |= SEEN_WRITABLE;
	if ((polled & POLLPRI) != 0)
		look->seen |= SEEN_OOB;
	if ((polled & POLLERR) != 0 && (look->seen & SEEN_CLOSED) != 0) {
		look->seen |= SEEN_ERROR;
		look->error = tcp_error(watch, look);
	}
}

/*
 * On Linux, a peer that ends receiving ends this socket's sending, and the
 * shutdowns of both ends look like a close.  On the BSDs they don't.  Seen.
 */
static void
explain_end(const struct watch *watch, struct look *look)
{
	struct object *object = fake_object(watch->dev, watch->ino);
	unsigned int new = look->seen & ~watch->last.seen;

	if (fake_shuts() && (new & SEEN_CLOSED) != 0)
		object->did |= DID_BOTH_SHUT;
	if (fake_peer_shuts(object, SHUT_RD) && (new & SEEN_WEOF) != 0)
		object->did |= DID_PEER_SHUT;
	if ((object->did & DID_BOTH_SHUT) != 0)
		look->seen &= ~SEEN_CLOSED;
	if ((object->did & DID_PEER_SHUT) != 0 &&
	    (object->did & DID_SHUT_WRITE) == 0)
		look->seen &= ~(SEEN_WEOF | SEEN_CLOSED);
}

/*
 * On NetBSD 10, writes that leave most of a cluster unused run out of clusters
 * before their bytes fill the buffer.  The room is negative then, which passes
 * for a large number.
 */
static void
look_overfull(const struct watch *watch, struct look *look, bool empty)
{
	struct object *object = fake_object(watch->dev, watch->ino);

	if (empty)
		object->did &= ~DID_WRITE_LITTLE;
	if (quirk(overfull_writable) && (look->seen & SEEN_WRITABLE) == 0 &&
	    (object->did & DID_WRITE_LITTLE) != 0) {
		look->seen |= SEEN_WRITABLE;
		look->space = -1;
	}
}

static void
look_unix(struct watch *watch, struct look *look, int polled)
{
	const struct object *object;

	if (is_listening(watch->fd)) {
		look->seen |= SEEN_LISTENING;
		look->readable = (polled & POLLIN) != 0;
		return;
	}
	look->readable = count_of(watch->fd, FIONREAD);
	look->space = space_of(watch->fd);
	if ((polled & (POLLHUP | RDHUP)) == POLLHUP)
		return;		/* not connected yet */
	look->seen |= SEEN_CONNECTED;
	if ((polled & RDHUP) != 0)
		look->seen |= SEEN_REOF;
	if ((polled & POLLHUP) != 0)
		look->seen |= SEEN_WEOF | SEEN_CLOSED;
	else if (watch->type == SOCK_STREAM && is_shut(watch->fd))
		look->seen |= SEEN_WEOF;
	if ((polled & POLLOUT) != 0)
		look->seen |= SEEN_WRITABLE;
	object = fake_object(watch->dev, watch->ino);
	if (object->peer != 0 && (polled & POLLHUP) == 0)
		look->seen = (object->did & DID_FILL) != 0 ?
		    look->seen & ~SEEN_WRITABLE : look->seen | SEEN_WRITABLE;
	explain_end(watch, look);
	look_overfull(watch, look, count_of(watch->fd, OUTQ) == 0);
	if ((look->seen & SEEN_CLOSED) != 0 && quirk(unix_stays_full) &&
	    (watch->last.seen & (SEEN_CONNECTED | SEEN_WRITABLE)) ==
	    SEEN_CONNECTED) {
		look->seen &= ~SEEN_WRITABLE;
		look->space = 0;
	}
}

/*
 * The datagrams that wait and their bytes.  FIONREAD is of the first one alone.
 * A pending error would be taken by looking at the others.
 */
static void
count_datagrams(int fd, int polled, int64_t *n, int64_t *bytes)
{
	int from = 0, none = -1;
	char byte;
	long size;

	*n = 1;
	*bytes = count_of(fd, FIONREAD);
	if ((polled & POLLERR) != 0 || syscall(SYS_setsockopt, fd, SOL_SOCKET,
	    PEEK_OFF, &from, sizeof(from)) < 0)
		return;
	*n = *bytes = 0;
	while ((size = syscall(SYS_recvfrom, fd, &byte, (size_t)1, MSG_PEEK |
	    MSG_DONTWAIT | MSG_TRUNC, NULL, NULL)) >= 0 && *n < 1000) {
		++*n;
		*bytes += size;
		from = (int)*bytes;
		(void)syscall(SYS_setsockopt, fd, SOL_SOCKET, PEEK_OFF, &from,
		    sizeof(from));
	}
	(void)syscall(SYS_setsockopt, fd, SOL_SOCKET, PEEK_OFF, &none,
	    sizeof(none));
	/* An empty one is seen only once. */
	if (*n == 0)
		*n = 1;
}

/*
 * Each datagram waits with its sender's address (sbappendaddr).  FreeBSD does
 * not count that, but finds an empty datagram readable.  Unix datagrams wait in
 * the receiver's buffer, so that their sender's always has room.  Seen.
 */
static void
look_dgram(struct watch *watch, struct look *look, int polled)
{
	int64_t n = 0, bytes = 0;

	look->seen |= SEEN_CONNECTED;
	if ((polled & POLLIN) != 0) {
		count_datagrams(watch->fd, polled, &n, &bytes);
		look->seen |= SEEN_READABLE;
	}
	look->readable = bytes;
	if (quirk(dgram_counts_address))
		look->readable += n * (int64_t)sizeof(struct sockaddr_in);
	look->space = space_of(watch->fd);
	if ((polled & POLLOUT) != 0 || watch->domain == AF_UNIX)
		look->seen |= SEEN_WRITABLE;
	if ((fake_object(watch->dev, watch->ino)->did & DID_SHUT_WRITE) != 0)
		look->seen |= SEEN_WEOF;
	if ((polled & POLLERR) != 0) {
		look->seen |= SEEN_ERROR;
		look->error = ECONNREFUSED;
	}
	if ((polled & RDHUP) != 0)
		look->seen |= SEEN_REOF;
}

/*
 * Both ends of a pipe show its contents.  REOF at the reading end, or WEOF at
 * the writing end, means that the other end is closed.
 */
static void
look_pipe(struct watch *watch, struct look *look, int polled)
{
	int size = fake_fcntl(watch->fd, PIPE_SIZE, 0);

	look->readable = count_of(watch->fd, FIONREAD);
	look->space = size - look->readable;
	if (watch->mode != O_WRONLY && (polled & POLLHUP) != 0)
		look->seen |= SEEN_REOF;
	if (watch->mode != O_RDONLY && (polled & POLLERR) != 0)
		look->seen |= SEEN_WEOF;
	if ((polled & POLLOUT) != 0)
		look->seen |= SEEN_WRITABLE;
	/* The host's reading end doesn't report room. */
	if (watch->named && watch->mode == O_RDONLY &&
	    look->space >= PIPE_ROOM)
		look->seen |= SEEN_WRITABLE;
	if (watch->named)
		look_overfull(watch, look, look->readable == 0);
}

static void
look_file(struct watch *watch, struct look *look)
{
	off_t at = lseek(watch->fd, 0, SEEK_CUR);
	struct stat st;

	look->seen |= SEEN_WRITABLE;
	if (fstat(watch->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		look->readable = st.st_size - (at > 0 ? at : 0);
		look->space = st.st_size;
	} else
		look->readable = 1;
}

static void
look_other(struct watch *watch, struct look *look, int polled)
{
	if ((polled & POLLIN) != 0)
		look->readable = count_of(watch->fd, FIONREAD);
	if ((polled & POLLIN) != 0 && look->readable == 0)
		look->readable = 1;
	if ((polled & POLLHUP) != 0)
		look->seen |= SEEN_REOF;
	if ((polled & POLLOUT) != 0)
		look->seen |= SEEN_WRITABLE;
	look->space = 1;
}

void
fake_look(struct watch *watch, struct look *look)
{
	int polled = 0;

	memset(look, 0, sizeof(*look));
	if (watch->kind != KIND_FILE && watch->kind != KIND_KQUEUE)
		polled = fake_poll(watch->fd, POLLIN | POLLOUT | POLLPRI |
		    RDHUP);
	switch (watch->kind) {
	case KIND_FILE:
		look_file(watch, look);
		break;
	case KIND_PIPE:
		look_pipe(watch, look, polled);
		break;
	case KIND_TCP:
		look_tcp(watch, look, polled);
		break;
	case KIND_UNIX:
		look_unix(watch, look, polled);
		break;
	case KIND_DGRAM:
		look_dgram(watch, look, polled);
		break;
	case KIND_KQUEUE:
		look->readable = watch->inner->count;
		break;
	case KIND_TTY:
	case KIND_OTHER:
		look_other(watch, look, polled);
		break;
	}
}

/* The filters. */

static int
enough(const struct knote *kn, int64_t least)
{
	if ((kn->sfflags & NOTE_LOWAT) != 0)
		return kn->kev.data >= kn->sdata;
	return kn->kev.data >= least;
}

void
fake_set_data(struct knote *kn, int64_t data)
{
#ifdef FAKE_KQUEUE_DARWIN
	kn->kev.data = (intptr_t)data;
#else
	kn->kev.data = data;
#endif
}

/* filt_soread, filt_solisten. */
static int
socket_read(struct knote *kn, const struct look *look)
{
	fake_set_data(kn, look->readable);
	if ((look->seen & SEEN_LISTENING) != 0)
		return look->readable > 0;
	if ((look->seen & SEEN_REOF) != 0) {
		kn->kev.flags |= EV_EOF;
		kn->kev.fflags = (unsigned int)look->error;
		return 1;
	}
	if (look->error != 0)
		return 1;
	if ((look->seen & SEEN_READABLE) != 0 &&
	    (kn->sfflags & NOTE_LOWAT) == 0)
		return 1;
	return enough(kn, 1);
}

/* filt_sowrite: an unconnected stream isn't writable. */
static int
socket_write(struct knote *kn, const struct look *look)
{
	if ((look->seen & SEEN_LISTENING) != 0)
		return 0;
	fake_set_data(kn, look->space);
	if ((look->seen & SEEN_WEOF) != 0) {
		kn->kev.flags |= EV_EOF;
		kn->kev.fflags = (unsigned int)look->error;
		return 1;
	}
	if (look->error != 0)
		return 1;
	if ((look->seen & SEEN_CONNECTED) == 0 ||
	    (look->seen & SEEN_WRITABLE) == 0)
		return 0;
	return look->space < 0 || enough(kn, 1);
}

/* READ at the write end of a FIFO that has a name. */
static int
fifo_read(struct knote *kn, const struct look *look)
{
	fake_set_data(kn, quirk(fifo_shares) ? look->readable : 0);
	return kn->kev.data > 0;
}

/*
 * filt_piperead: the writing end can have a READ as well, for the direction
 * without data: it is silent until the reader is closed.
 */
static int
pipe_read(struct knote *kn, const struct look *look)
{
	if (kn->watch->named && kn->watch->mode == O_WRONLY)
		return fifo_read(kn, look);
	if (kn->watch->named && quirk(fifo_endless)) {
		fake_set_data(kn, look->readable);
		return look->readable > 0;
	}
	if (kn->watch->named)
		kn->kev.flags &= (flags_type)~EV_EOF;
	fake_set_data(kn, kn->watch->mode != O_WRONLY ? look->readable : 0);
	if ((look->seen & (SEEN_REOF | SEEN_WEOF)) != 0) {
		kn->kev.flags |= EV_EOF;
		return 1;
	}
	return kn->kev.data > 0;
}

/* WRITE of a FIFO that has a name.  Its end goes with the next reader. */
static int
fifo_write(struct knote *kn, const struct look *look)
{
	if (kn->watch->mode == O_RDONLY && !quirk(fifo_shares))
		return 0;
	kn->kev.flags &= (flags_type)~EV_EOF;
	fake_set_data(kn, (look->seen & SEEN_WRITABLE) != 0 ? look->space : 0);
	if ((look->seen & SEEN_WEOF) != 0 || quirk(fifo_write_ends)) {
		kn->kev.flags |= EV_EOF;
		return 1;
	}
	return kn->kev.data != 0;
}

/* filt_pipewrite: PIPE_BUF bytes of room, whatever NOTE_LOWAT says. */
int
fake_pipe_write(struct knote *kn, const struct look *look)
{
	bool backward = kn->watch->mode == O_RDONLY;

	if (kn->watch->named && quirk(fifo_endless)) {
		fake_set_data(kn, look->space);
		return (look->seen & SEEN_WRITABLE) != 0;
	}
	if (kn->watch->named)
		return fifo_write(kn, look);
	if ((look->seen & (SEEN_REOF | SEEN_WEOF)) != 0) {
		fake_set_data(kn, 0);
		kn->kev.flags |= EV_EOF;
		return 1;
	}
	if (backward) {
		fake_set_data(kn, quirk(pipe_both_ways) ? BACKWARD : 0);
		return quirk(pipe_both_ways);
	}
	fake_set_data(kn, look->space);
	return (look->seen & SEEN_WRITABLE) != 0 && kn->kev.data >= PIPE_ROOM;
}

static int
except(struct knote *kn, const struct look *look)
{
#ifdef NOTE_OOB
	if ((kn->sfflags & NOTE_OOB) != 0 && (look->seen & SEEN_OOB) != 0) {
		fake_set_data(kn, look->readable);
		kn->kev.fflags |= NOTE_OOB;
		return 1;
	}
#else
	(void)kn;
	(void)look;
#endif
	return 0;
}

int
fake_slot(const struct knote *kn)
{
	if (kn->kev.filter == EVFILT_READ)
		return SLOT_READ;
	return kn->kev.filter == EVFILT_WRITE ? SLOT_WRITE : SLOT_EXCEPT;
}

int
fake_filter_event(struct knote *kn, const struct look *look)
{
	enum kind kind = kn->watch->kind;
	bool socket = kind == KIND_TCP || kind == KIND_UNIX ||
	    kind == KIND_DGRAM;

	switch (fake_slot(kn)) {
	case SLOT_EXCEPT:
		return except(kn, look);
	case SLOT_READ:
		if (kind == KIND_PIPE)
			return pipe_read(kn, look);
		if (socket)
			return socket_read(kn, look);
		fake_set_data(kn, look->readable);
		if ((look->seen & SEEN_REOF) != 0)
			kn->kev.flags |= EV_EOF;
		return kn->kev.data > 0 || (look->seen & SEEN_REOF) != 0;
	default:
		if (kind == KIND_PIPE)
			return fake_pipe_write(kn, look);
		if (socket)
			return socket_write(kn, look);
		fake_set_data(kn, kind == KIND_FILE ? 0 : look->space);
		if (kind == KIND_TTY && (look->seen & SEEN_REOF) != 0 &&
		    quirk(tty_hangs_up))
			kn->kev.flags |= EV_EOF;
		return (look->seen & SEEN_WRITABLE) != 0;
	}
}
