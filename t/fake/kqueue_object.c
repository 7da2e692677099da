/*
 * The objects that the fake kqueue watches by descriptor.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * kqueue_look.c determines the state of an object, and kqueue_notice.c when it
 * notifies its knotes.
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
#include <unistd.h>

#include "kqueue_fake.h"
#include "fake_kqueue.h"

int
fake_fd_event(struct knote *kn)
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
		return quirk(kqueue_eperm) ? EPERM : EINVAL;
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
	fd_attach, fd_detach, fake_fd_event, NULL, NULL
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
	watch->domain = domain;
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
	else if (S_ISCHR(st.st_mode) && isatty(watch->fd))
		watch->kind = KIND_TTY;
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
	fake_collect(kq, kq->in, HINT_IN);
	fake_collect(kq, kq->out, HINT_OUT);
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

