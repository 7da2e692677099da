/*
 * The fake kqueue's descriptors and memory: how kqueues are made and freed,
 * what close(2) and fork(2) do to them, and the lock.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * The descriptor that a program gets is an epoll.  It is readable while there
 * are edges that were not collected, and while knotes are queued: then it
 * contains the beacon, a descriptor that is always ready.  So a kqueue can be
 * watched by poll(2), epoll(7) and another kqueue.  The fake moves its other
 * descriptors above the numbers that a test uses, so that a kqueue takes one
 * number.
 *
 * close(2), dup2(2) and dup3(2) are defined here: knotes are dropped with the
 * number, at the time of the close, even while a dup keeps the object open
 * (knote_fdclose, all systems; seen).  Comparing fstat(2) at the next use
 * would suffice for a number that was reused for another file, but not for one
 * reused for the same file, nor for the two ends of one pipe, which share an
 * inode.  It remains as a fallback for descriptors that the C library closes
 * internally.  The linker's --wrap is not used, since t/lib/wrap.c uses it.
 * fpathconf(2) is defined as well, since Linux has a file system for pipes.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat/cancel.h"
#include "kqueue_fake.h"
#include "fake_kqueue.h"
#include "io.h"

#define HIDDEN	5000		/* the fake's own descriptors, from here */

static void	close_kqueue(const struct kqueue *);

pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static sigset_t fork_mask;
struct kqueue *fake_kqueues;
int64_t fake_passed;
bool fake_network_held;
static int beacon = -1;
static uint64_t tags;

/* The lock is taken with signals blocked: a handler may call kevent. */
void
fake_enter(sigset_t *mask)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, mask);
	(void)pthread_mutex_lock(&fake_lock);
}

void
fake_leave(const sigset_t *mask)
{
	(void)pthread_mutex_unlock(&fake_lock);
	(void)pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* Memory of a kernel is not from malloc, whose calls tests count. */
static struct chunk {
	struct chunk	*next;
} *freed[64];

void *
fake_alloc(size_t size)
{
	static char *arena;
	static size_t left;
	size_t class = (size + 31) / 32;
	struct chunk *chunk = freed[class];
	void *map;

	if (chunk != NULL) {
		freed[class] = chunk->next;
		return memset(chunk, 0, class * 32);
	}
	if (left < class * 32) {
		left = 1 << 18;
		map = mmap(NULL, left, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (map == MAP_FAILED) {
			left = 0;
			return NULL;
		}
		arena = map;
	}
	left -= class * 32;
	return arena + left;
}

void
fake_free(void *memory, size_t size)
{
	size_t class = (size + 31) / 32;
	struct chunk *chunk = memory;

	chunk->next = freed[class];
	freed[class] = chunk;
}

uint64_t
fake_tag(void)
{
	return ++tags;
}

/*
 * Duplicates a descriptor to a high number.  A test may have lowered the limit
 * on open files to run out of them, so the limit is raised meanwhile.
 */
static int
hidden_dup(int fd)
{
	int high = fake_fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN);
	struct rlimit limit, lifted;

	if (high >= 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return high;
	lifted = limit;
	lifted.rlim_cur = lifted.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lifted) == 0) {
		high = fake_fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN);
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* The hard limit is low: take any number. */
	return high >= 0 ? high : fake_fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int
fake_hide(int fd)
{
	int high = fd < 0 ? -1 : hidden_dup(fd);

	if (high < 0)
		return fd;
	(void)fake_close(fd);
	return high;
}

/* Never takes two numbers at a time, since only one may be left. */
static int
hidden_epoll(void)
{
	struct rlimit limit, lifted;
	int fd = fake_epoll();

	if (fd >= 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fake_hide(fd);
	lifted = limit;
	lifted.rlim_cur = lifted.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lifted) != 0)
		return -1;
	fd = fake_hide(fake_epoll());
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return fd;
}

void
fake_light(struct kqueue *kq)
{
	if (!kq->lit)
		(void)fake_epoll_ctl(kq->in, EPOLL_CTL_ADD, beacon, EPOLLIN,
		    0);
	kq->lit = true;
}

void
fake_dim(struct kqueue *kq)
{
	if (kq->lit)
		(void)fake_epoll_ctl(kq->in, EPOLL_CTL_DEL, beacon, 0, 0);
	kq->lit = false;
}

int64_t
fake_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/*
 * Kqueues.
 */

void
fake_free_kqueue(struct kqueue *kq)
{
	struct kqueue **link = &fake_kqueues;

	while (kq->knotes != NULL)
		fake_fd_closed(kq->knotes->watch);
	while (kq->others != NULL)
		fake_drop(kq->others);
	while (*link != kq)
		link = &(*link)->next;
	*link = kq->next;
	close_kqueue(kq);
	fake_free(kq, sizeof(*kq));
}

struct kqueue *
fake_find(int fd)
{
	struct kqueue *kq;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		if (kq->fd == fd && fd >= 0)
			return kq;
	}
#ifdef SYS_kcmp
	/* It may be a dup of one: 0 is KCMP_FILE. */
	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		if (kq->fd >= 0 && syscall(SYS_kcmp, getpid(), getpid(), 0,
		    fd, kq->in) == 0)
			return kq;
	}
#endif
	return NULL;
}

/*
 * The program's number is a dup of the epoll, since a waiter may still use the
 * epoll after the number is closed.
 */
static int
open_kqueue(struct kqueue *kq)
{
	if ((kq->fd = fake_epoll()) < 0)
		return -errno;
	kq->in = hidden_dup(kq->fd);
	kq->out = hidden_epoll();
	kq->waiter = hidden_epoll();
	if (kq->in < 0 || kq->out < 0 || kq->waiter < 0)
		return -EMFILE;
	if (fake_epoll_ctl(kq->in, EPOLL_CTL_ADD, kq->out, EPOLLIN, 0) < 0 ||
	    fake_epoll_ctl(kq->waiter, EPOLL_CTL_ADD, kq->in, EPOLLIN, 0) < 0)
		return -errno;
	return 0;
}

static void
close_kqueue(const struct kqueue *kq)
{
	if (kq->waiter >= 0)
		(void)fake_close(kq->waiter);
	if (kq->out >= 0)
		(void)fake_close(kq->out);
	if (kq->in >= 0)
		(void)fake_close(kq->in);
	if (kq->fd >= 0)
		(void)fake_close(kq->fd);
}

static int
make_kqueue(int cloexec)
{
	int error, result = -1, saved = errno;
	struct kqueue *kq;
	sigset_t mask;

	fake_enter(&mask);
	if ((kq = fake_alloc(sizeof(*kq))) != NULL) {
		kq->fd = kq->in = kq->out = kq->waiter = -1;
		error = open_kqueue(kq);
	} else
		error = -ENOMEM;
	if (error == 0) {
		kq->next = fake_kqueues;
		fake_kqueues = kq;
		result = kq->fd;
		(void)fake_fcntl(result, F_SETFD, cloexec ? FD_CLOEXEC : 0);
	} else if (kq != NULL) {
		close_kqueue(kq);
		fake_free(kq, sizeof(*kq));
	}
	fake_leave(&mask);
	errno = error < 0 ? -error : saved;
	return result;
}

int
kqueue(void)
{
	return make_kqueue(0);
}

#ifdef KQUEUE_CLOEXEC
int
kqueuex(unsigned int flags)
{
	if ((flags & ~(unsigned int)KQUEUE_CLOEXEC) != 0) {
		errno = EINVAL;
		return -1;
	}
	return make_kqueue((flags & KQUEUE_CLOEXEC) != 0);
}
#endif

#if defined FAKE_KQUEUE_FREEBSD || defined FAKE_KQUEUE_OPENBSD || \
    defined FAKE_KQUEUE_NETBSD || defined FAKE_KQUEUE_NETBSD10
int
kqueue1(int flags)
{
	if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
		errno = EINVAL;
		return -1;
	}
	return make_kqueue((flags & O_CLOEXEC) != 0);
}
#endif

/* A number is about to be closed: drops its knotes in all kqueues. */
static void
drop_number(int fd)
{
	struct kqueue *kq, *next;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		struct watch *watch = fake_watched(kq, fd);

		if (watch != NULL)
			fake_fd_closed(watch);
	}
	for (kq = fake_kqueues; kq != NULL; kq = next) {
		next = kq->next;
		if (kq->fd != fd)
			continue;
		kq->fd = -1;
		if (kq->waiters == 0)
			fake_free_kqueue(kq);
		else if (quirk(close_wakes))
			fake_light(kq);
	}
}

/* A sanitizer's close is a cancellation point, and the lock is held here. */
int
close(int fd)
{
	int result, error, state, saved = errno;
	sigset_t mask;

	if (quirk(close_cancels))
		pthread_testcancel();
	state = cancel_off();
	fake_enter(&mask);
	drop_number(fd);
	fake_before_close(fd);
	errno = saved;
	result = fake_close(fd);
	error = errno;
	fake_leave(&mask);
	cancel_restore(state);
	errno = error;
	return result;
}

int
dup3(int from, int to, int flags)
{
	int result, error, saved = errno;
	sigset_t mask;

	fake_enter(&mask);
	if (from != to && fake_fcntl(from, F_GETFD, 0) >= 0)
		drop_number(to);
	errno = saved;
	result = (int)syscall(SYS_dup3, from, to, flags);
	error = errno;
	fake_leave(&mask);
	errno = error;
	return result;
}

/*
 * A pipe has PIPE_BUF only: EINVAL for other limits, and 32767 links for a FIFO
 * (fpathconf, all systems; seen on FreeBSD, NetBSD and OpenBSD).
 */
long
fpathconf(int fd, int name)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISFIFO(st.st_mode) && !fake_named(fd) && name != _PC_PIPE_BUF) {
		errno = EINVAL;
		return -1;
	}
	return name == _PC_PIPE_BUF ? PIPE_BUF : 32767;
}

int
dup2(int from, int to)
{
	if (from == to)
		return fake_fcntl(from, F_GETFD, 0) < 0 ? -1 : to;
	return dup3(from, to, 0);
}

/*
 * A child has no kqueues, since their descriptors aren't inherited
 * (kqueue(2)).
 */
static void
before_fork(void)
{
	sigset_t mask;

	fake_enter(&mask);
	fork_mask = mask;
}

static void
after_fork(void)
{
	sigset_t mask = fork_mask;

	fake_leave(&mask);
}

/* Only closes them: the epolls themselves are still the parent's. */
static void
in_child(void)
{
	struct kqueue *kq;
	struct knote *kn;

	for (kq = fake_kqueues; kq != NULL; kq = kq->next) {
		close_kqueue(kq);
		for (kn = kq->others; kn != NULL; kn = kn->link) {
			if (kn->filter == &fake_timer_filter)
				(void)fake_close(kn->hook);
		}
	}
	fake_kqueues = NULL;
	after_fork();
}

/* The test interface. */

void
fake_kqueue_look(void)
{
	int saved = errno;
	sigset_t mask;

	fake_enter(&mask);
	fake_look_at_all();
	fake_leave(&mask);
	errno = saved;
}

int
fake_io_polled(struct pollfd *fds, unsigned long count, int n)
{
	(void)fds;
	(void)count;
	return n;
}

void
fake_io_done(void)
{
	fake_kqueue_look();
}

void
fake_kqueue_hold(int on)
{
	sigset_t mask;

	fake_enter(&mask);
	fake_network_held = on != 0;
	fake_leave(&mask);
}

void
fake_kqueue_pass(int ms)
{
	sigset_t mask;

	fake_enter(&mask);
	fake_passed += (int64_t)ms * 1000000;
	fake_look_at_all();
	fake_leave(&mask);
}

int
fake_kqueue_knotes(int fd)
{
	struct kqueue *kq;
	sigset_t mask;
	int n;

	fake_enter(&mask);
	kq = fake_find(fd);
	n = kq != NULL ? kq->nknotes : -1;
	fake_leave(&mask);
	return n;
}

/*
 * Before main.
 */

static void __attribute__((constructor))
begin(void)
{
	const char *p = getenv("FAKE_KQUEUE");
	char name[64];
	size_t n;

	beacon = fake_hide((int)syscall(SYS_eventfd2, 1,
	    EFD_CLOEXEC | EFD_NONBLOCK));
	(void)pthread_atfork(before_fork, after_fork, in_child);
	while (p != NULL && *p != '\0') {
		n = strcspn(p, "=");
		if (n < sizeof(name) && p[n] == '=') {
			memcpy(name, p, n);
			name[n] = '\0';
			if (fake_kqueue_quirk(name, atoi(p + n + 1)) < 0)
				abort();	/* an unknown quirk */
		}
		p = strchr(p, ',');
		p = p != NULL ? p + 1 : NULL;
	}
}

/* A tool that reports descriptors left open at exit must not find it. */
__attribute__((__destructor__))
static void
close_beacon(void)
{
	(void)fake_close(beacon);
}
