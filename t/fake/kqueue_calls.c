/*
 * What this process's own calls do to the fake kqueue's objects.  The host's
 * objects do not show all of it, and do some of it differently.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * t/fake/io.c calls these functions; close(2), which the fake defines
 * itself, is one of them.  Without that file, the host's state has to do.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"
#include "io.h"

#define SETS		512
#define WAYS		8

static struct object objects[SETS][WAYS];
static const struct object *shutting;	/* shutdown(2) is at work on it */
static int shutting_how;

/*
 * In each set the objects that were used last are remembered.  Linux numbers
 * sockets and pipes in batches of 1024, one for each processor: numbers of two
 * processors often belong to the same set.
 */
struct object *
fake_object(dev_t dev, ino_t ino)
{
	static uint64_t uses;
	struct object *object = NULL, *oldest = objects[ino % SETS];
	int i;

	for (i = 0; i < WAYS && object == NULL; i++) {
		struct object *way = &objects[ino % SETS][i];

		if (way->ino == ino && way->dev == dev)
			object = way;
		else if (way->used < oldest->used)
			oldest = way;
	}
	if (object == NULL) {
		object = oldest;
		memset(object, 0, sizeof(*object));
		object->dev = dev;
		object->ino = ino;
	}
	object->used = ++uses;
	return object;
}

static struct object *
object_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? NULL : fake_object(st.st_dev, st.st_ino);
}

/* Does a shutdown(2) that is at work shut this down at a socket's peer? */
bool
fake_peer_shuts(const struct object *object, int how)
{
	return shutting != NULL && shutting != object &&
	    (shutting_how == how || shutting_how == SHUT_RDWR);
}

bool
fake_shuts(void)
{
	return shutting != NULL;
}

/* Throws away what a socket has received: sbflush, sorflush. */
void
fake_discard(int fd)
{
	char waste[4096];

	while (syscall(SYS_recvfrom, fd, waste, sizeof(waste), MSG_DONTWAIT,
	    NULL, NULL) > 0)
		continue;
}

/* shutdown(2) discards what was received, if it ends receiving. */
void
fake_io_shutdown(int fd, int how)
{
	struct object *object;
	int saved = errno;
	sigset_t mask;

	fake_enter(&mask);
	fake_look_at_all();
	object = object_of(fd);
	if (object != NULL) {
		if (how != SHUT_WR)
			fake_discard(fd);
		shutting = object;
		shutting_how = how;
	}
	fake_leave(&mask);
	errno = saved;
}

/* It has returned; was it successful? */
void
fake_io_is_shut(int fd, int how, int done)
{
	struct object *object;
	int saved = errno;
	sigset_t mask;

	fake_enter(&mask);
	object = object_of(fd);
	if (object != NULL && done) {
		if (how != SHUT_RD)
			object->did |= DID_SHUT_WRITE;
		if (how != SHUT_WR)
			object->did |= DID_SHUT_READ;
		fake_look_at_all();
	}
	shutting = NULL;
	fake_leave(&mask);
	errno = saved;
}

/*
 * Linux resets a connection that is closed with unread data.  The BSDs end it
 * like any other, unless it lingers for no time.  Seen.
 */
void
fake_before_close(int fd)
{
	struct linger linger;
	struct stat st, other;
	int i, type;

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) || fake_option(fd,
	    SOL_SOCKET, SO_TYPE, &type, sizeof(type)) < 0 ||
	    type != SOCK_STREAM || !fake_unread(fd) || fake_option(fd,
	    SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0 ||
	    (linger.l_onoff != 0 && linger.l_linger == 0))
		return;
	for (i = 0; i < 1024; i++) {
		if (i != fd && fstat(i, &other) == 0 &&
		    other.st_ino == st.st_ino && other.st_dev == st.st_dev)
			return;		/* a dup remains */
	}
	fake_discard(fd);
}

/*
 * FreeBSD's Unix sockets have room until the bytes that their peer hasn't read
 * reach a limit, and each read that leaves fewer notifies.  The host counts
 * buffers, and does not show whose peer a socket is.  A test of the fake itself
 * may tell; the library's tests rely on what the host's write(2) accepts.
 */
void
fake_kqueue_pair(int a, int b)
{
	struct object *first, *second;
	sigset_t mask;

	if (!quirk(unix_room_by_bytes))
		return;
	fake_enter(&mask);
	first = object_of(a);
	second = object_of(b);
	if (first != NULL && second != NULL && first != second) {
		first->peer = second->ino;
		second->peer = first->ino;
	}
	fake_leave(&mask);
}

/*
 * So many bytes were sent, of all; none: there was no room.  A write of which a
 * part was accepted fills a buffer to its limit, and the last one that was
 * accepted as a whole may have exceeded it.
 */
static void
pair_sent(struct object *object, long n, size_t all)
{
	int64_t waiting;

	if (n > 0) {
		object->sent += n;
		object->last = n;
	}
	waiting = object->sent - fake_object(object->dev, object->peer)->taken;
	if (n >= (long)all || (object->did & DID_FILL) != 0)
		return;
	object->did |= DID_FILL;
	object->limit = n > 0 ? waiting : waiting - object->last / 2;
}

static void
pair_read(struct object *object, long n)
{
	struct object *peer = fake_object(object->dev, object->peer);

	object->taken += n;
	if (peer->sent - object->taken < peer->limit)
		peer->did &= ~DID_FILL;
	fake_notify_writer(peer->dev, peer->ino);
}

/* A read has returned so many bytes, or -1. */
void
fake_io_read(int fd, long n)
{
	struct object *object;
	int saved = errno;
	struct stat st;
	sigset_t mask;

	if (n < 0 && saved != EAGAIN)
		return;		/* Not of an end that can be read. */
	fake_enter(&mask);
	if (fstat(fd, &st) == 0) {
		object = fake_object(st.st_dev, st.st_ino);
		if (S_ISFIFO(st.st_mode))
			fake_pipe_was_read(&st, n > 0);
		else if (object->peer != 0 && n > 0)
			pair_read(object, n);
	}
	fake_leave(&mask);
	errno = saved;
}

/*
 * A write of so many bytes has returned.  A datagram that the receiver has no
 * room for is ENOBUFS.
 */
void
fake_io_written(int fd, long n, size_t all)
{
	int saved = errno, domain, type;
	struct object *object;
	sigset_t mask;

	fake_enter(&mask);
	object = object_of(fd);
	if (object != NULL && object->peer != 0 && (n >= 0 || saved == EAGAIN))
		pair_sent(object, n, all);
	fake_leave(&mask);
	if (n < 0) {
		if (saved == EAGAIN && fake_option(fd, SOL_SOCKET, SO_TYPE,
		    &type, sizeof(type)) >= 0 && type == SOCK_DGRAM &&
		    fake_option(fd, SOL_SOCKET, SO_DOMAIN, &domain,
		    sizeof(domain)) >= 0 && domain == AF_UNIX)
			saved = ENOBUFS;
		errno = saved;
		return;
	}
	fake_enter(&mask);
	if (object != NULL) {
		object->did &= ~DID_READ;
		/* Fewer bytes share a buffer with the ones before. */
		if (n >= CLUSTER)
			object->did &= ~DID_WRITE_LITTLE;
		else if (n >= MBUF)
			object->did |= DID_WRITE_LITTLE;
	}
	fake_leave(&mask);
	errno = saved;
}

/* A connection was taken from this listener: accept(2) notifies.  Seen. */
void
fake_io_accepted(int fd)
{
	int saved = errno;
	struct stat st;
	sigset_t mask;

	if (fstat(fd, &st) < 0)
		return;
	fake_enter(&mask);
	fake_notify_readers(&st);
	fake_leave(&mask);
	errno = saved;
}
