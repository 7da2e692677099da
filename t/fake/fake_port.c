/*
 * Event ports for Linux: port_create(3C), port_associate(3C), port_get(3C),
 * port_send(3C) and port_alert(3C) as these pages describe them and as illumos
 * implements them.  Each behaviour names its source: the manual page, or the
 * file and function below illumos' usr/src/uts/common.  This is a model of
 * that code and not a copy.
 *
 * A port is an epoll instance with one-shot registrations, a queue of events,
 * and a bell.  The bell is an eventfd in the same epoll instance that is
 * readable while the queue isn't empty.  So the port's descriptor can be
 * polled, and a waiter sleeps on it.  Events that the host reports are queued
 * at once and don't change afterwards: a kernel doesn't check again when an
 * event is retrieved, either.
 *
 * Where it differs from a kernel:
 *  - It looks at descriptors only while it is called, or when a test calls
 *    port_fake_look(), or every 50 microseconds (PORT_FAKE_EAGER), or after
 *    each call that reads or writes (PORT_FAKE_CALLS), as a kernel does.
 *  - The bits are those of the host's poll(2), unless PORT_FAKE_ILLUMOS asks
 *    for illumos' (port_sockets.c).  Linux reports OUT together with HUP, which
 *    others don't.
 *  - A duplicate of a port's descriptor can be closed, but is no port.
 *  - shutdown(2) wakes an association of this descriptor alone, and not those of
 *    its duplicates (PORT_FAKE_UNIXERR).
 *  - A wait is a cancellation point.  cancellation(7) doesn't list port_getn;
 *    there the cancellation signal interrupts it (PORT_FAKE_SLICES).
 *  - A forked child must not use a port of its parent's, but may close it.
 *    Any other call with it aborts, which is stricter than a kernel.
 *  - The port's descriptor is never writable; a kernel's is while it has room.
 *
 * Its calls must not be counted by t/lib/wrap.c: system calls are made by
 * number, and memory is from mmap.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat/cancel.h"
#include "port.h"
#include "port_fake.h"
#include "port_impl.h"

#define SYSTEM_LIMIT	65536	/* process.port-max-events, by default */
#define BELL		UINT64_MAX
#define BELL_FROM	8192	/* above the numbers that tests count */

pthread_mutex_t fp_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t fp_left = PTHREAD_COND_INITIALIZER;
static pid_t pid;
static pid_t looker;		/* the process with the thread, or 0 */
static pthread_t looking;	/* the thread that looks */
static struct port *ports;
static struct port *port_of[FP_FDS];
unsigned int fp_quirks;
static unsigned int limit = SYSTEM_LIMIT;
static bool configured;		/* the quirks and the limit are set */

/*
 * In a forked child the mutex may be held by a thread that doesn't exist
 * there.
 */
static void
check_fork(void)
{
	const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
	pid_t now = getpid();

	if (__atomic_load_n(&pid, __ATOMIC_RELAXED) == now)
		return;
	if (pid != 0)
		memcpy(&fp_mutex, &unlocked, sizeof(fp_mutex));
	__atomic_store_n(&pid, now, __ATOMIC_RELAXED);
}

void
fp_enter(struct hold *hold)
{
	sigset_t all;

	hold->saved = errno;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &hold->mask);
	check_fork();
	(void)pthread_mutex_lock(&fp_mutex);
}

int
fp_leave(const struct hold *hold, int error)
{
	(void)pthread_mutex_unlock(&fp_mutex);
	(void)pthread_sigmask(SIG_SETMASK, &hold->mask, NULL);
	errno = error != 0 ? error : hold->saved;
	return error != 0 ? -1 : 0;
}

void
fp_impossible(const char *what)
{
	(void)fprintf(stderr, "fake event ports: %s\n", what);
	abort();
}

void
fp_control(const struct port *port, int op, int fd, uint32_t events,
    uint64_t data, int *error)
{
	struct epoll_event event;

	event.events = events;
	event.data.u64 = data;
	*error = syscall(SYS_epoll_ctl, port->fd, op, fd, &event) < 0 ?
	    errno : 0;
}

bool
fp_is_open(int fd)
{
	return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

/*
 * port.c portfs(): EBADF for a closed descriptor, EBADFD for one that is no
 * port.
 */
int
fp_find(int fd, struct port **port)
{
	if (!fp_is_open(fd))
		return EBADF;
	if (fd >= FP_FDS || (*port = port_of[fd]) == NULL)
		return EBADFD;
	if ((*port)->owner != pid)
		fp_impossible("a child uses its parent's port");
	return (*port)->closing ? EBADF : 0;
}

/*
 * The bell rings while there is an event to retrieve, or the port is closing.
 * An alert ends waits, but port_vnops.c port_poll() does not look at it.
 */
void
fp_set_bell(struct port *port)
{
	bool ring = port->count > 0 || port->closing ||
	    (port->alert && port->waiters > 0);
	uint64_t one = 1;

	if (ring == port->rung)
		return;
	if (ring && syscall(SYS_write, port->bell, &one, sizeof(one)) < 0)
		fp_impossible("the bell doesn't ring");
	if (!ring && syscall(SYS_read, port->bell, &one, sizeof(one)) < 0)
		fp_impossible("the bell doesn't stop");
	port->rung = ring;
}

/* port_subr.c port_send_event(): at the queue's end. */
void
fp_enqueue(struct port *port, struct slot *slot)
{
	slot->queued = true;
	slot->next = &port->queue;
	slot->prev = port->queue.prev;
	slot->prev->next = slot;
	port->queue.prev = slot;
	port->count++;
	fp_set_bell(port);
}

void
fp_dequeue(struct port *port, struct slot *slot)
{
	slot->queued = false;
	slot->prev->next = slot->next;
	slot->next->prev = slot->prev;
	port->count--;
	fp_set_bell(port);
}

/*
 * port_subr.c port_alloc_event_local(): associations and events that are not
 * yet retrieved share one limit, which is fixed when the port is created;
 * EAGAIN.
 */
int
fp_alloc_slot(struct port *port, struct slot **slot)
{
	unsigned int age;

	if (port->used >= port->limit)
		return EAGAIN;
	if ((*slot = port->free) != NULL)
		port->free = (*slot)->next;
	else
		*slot = &port->slots[port->unused++];
	port->used++;
	age = (*slot)->age;
	memset(*slot, 0, sizeof(**slot));
	(*slot)->age = age;
	return 0;
}

void
fp_free_slot(struct port *port, struct slot *slot)
{
	if (slot->queued)
		fp_dequeue(port, slot);
	slot->valid = false;
	slot->age++;
	slot->next = port->free;
	port->free = slot;
	port->used--;
}

/*
 * port_fd.c and poll.c pollwakeup(): an association fires once, for its
 * events, and always for HUP and ERR.  Later changes, before the event is
 * retrieved, are not added to it.
 */
void
fp_fire(struct port *port, struct slot *slot, int events)
{
	if (!slot->valid)
		return;
	slot->valid = false;
	slot->events = events;
	fp_enqueue(port, slot);
}

/* poll(2)'s bits are epoll's.  Unknown ones are ignored, as by illumos. */
uint32_t
fp_mask(int events)
{
	const int known = POLLIN | POLLPRI | POLLOUT | POLLRDNORM |
	    POLLRDBAND | POLLWRNORM | POLLWRBAND | EPOLLRDHUP;

	return (uint32_t)(events & known) | EPOLLONESHOT;
}

/*
 * The host reports these bits.  If they are none on illumos, the others are
 * still awaited.
 */
static void
notice(struct port *port, struct slot *slot, int bits)
{
	int events = fp_socket_bits(slot, bits, slot != port->asked);
	int error, left = fp_host_bits(slot->events) & ~bits;

	if (events != 0)
		fp_fire(port, slot, events);
	else if (slot->valid && (bits & (POLLERR | POLLHUP)) == 0)
		fp_control(port, EPOLL_CTL_MOD, (int)slot->object,
		    fp_mask(left), (uint64_t)slot->age << 32 | slot->object,
		    &error);
}

void
fp_look(struct port *port)
{
	struct epoll_event ready[64];
	struct slot *slot;
	long i, n;

	do {
		n = syscall(SYS_epoll_pwait, port->fd, ready, 64, 0, NULL, 8);
		for (i = 0; i < n; i++) {
			uint64_t data = ready[i].data.u64;

			if (data == BELL)
				continue;
			slot = port->by_fd[data & 0xffffffff];
			if (slot != NULL && slot->age == data >> 32)
				notice(port, slot, (int)ready[i].events);
		}
	} while (n == 64);
}

void
fp_look_at_all(void)
{
	struct port *port;
	struct hold hold;

	fp_enter(&hold);
	for (port = ports; port != NULL; port = port->next) {
		if (port->owner == pid)
			fp_look(port);
	}
	(void)fp_leave(&hold, 0);
}

/* Wakes all ports with which the descriptor is associated. */
void
port_fake_wake(int fd, int events)
{
	struct port *port;
	struct hold hold;

	fp_enter(&hold);
	for (port = ports; port != NULL; port = port->next) {
		if (port->owner == pid && fd < FP_FDS &&
		    port->by_fd[fd] != NULL)
			fp_fire(port, port->by_fd[fd], events);
	}
	(void)fp_leave(&hold, 0);
}

/* Memory that tests don't count, and that is not used until it is touched. */
static void *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void
read_environment(void)
{
	static const struct {
		const char	*name;
		unsigned int	 quirk;
	} names[] = {
		{ "late", PORT_FAKE_LATE },
		{ "eintr", PORT_FAKE_EINTR },
		{ "untouched", PORT_FAKE_UNTOUCHED },
		{ "etime", PORT_FAKE_ETIME },
		{ "slices", PORT_FAKE_SLICES },
		{ "eager", PORT_FAKE_EAGER },
		{ "calls", PORT_FAKE_CALLS },
		{ "unixerr", PORT_FAKE_UNIXERR },
		{ "band", PORT_FAKE_BAND },
		{ "soerror", PORT_FAKE_SOERROR },
		{ "illumos", PORT_FAKE_ILLUMOS }
	};
	const char *text = getenv("PORT_FAKE");
	const char *number;
	size_t i;

	if (configured || text == NULL)
		return;
	configured = true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(text, names[i].name) != NULL)
			fp_quirks |= names[i].quirk;
	}
	if ((number = strstr(text, "limit=")) != NULL)
		limit = (unsigned int)strtoul(number + 6, NULL, 10);
}

static int
open_descriptors(struct port *port)
{
	long fd;
	int error;

	/* port.c port_create(): not close-on-exec, and EMFILE. */
	if ((fd = syscall(SYS_epoll_create1, 0)) < 0)
		return errno;
	port->fd = (int)fd;
	if ((fd = syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		error = errno;
		(void)syscall(SYS_close, port->fd);
		return error;
	}
	port->bell = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, BELL_FROM);
	if (port->bell < 0)
		port->bell = (int)fd;
	else
		(void)syscall(SYS_close, fd);
	fp_control(port, EPOLL_CTL_ADD, port->bell, EPOLLIN, BELL, &error);
	return error;
}

/* The part of a kernel that runs without a call. */
static void *
look_all_the_time(void *arg)
{
	const struct timespec pause = { 0, 50000 };
	struct hold hold;
	bool stop;

	do {
		fp_look_at_all();
		fp_enter(&hold);
		stop = looker == 0;
		(void)fp_leave(&hold, 0);
		(void)nanosleep(&pause, NULL);
	} while (!stop);
	return arg;
}

/* A thread that still runs at exit would be reported as a leak. */
static void
stop_looking(void)
{
	struct hold hold;
	bool mine;

	fp_enter(&hold);
	if ((mine = looker == pid))
		looker = 0;
	(void)fp_leave(&hold, 0);
	if (mine)
		(void)pthread_join(looking, NULL);
}

static void
start_looking(void)
{
	if (looker == pid || (fp_quirks & PORT_FAKE_EAGER) == 0)
		return;
	looker = pid;
	if (pthread_create(&looking, NULL, look_all_the_time, NULL) != 0 ||
	    atexit(stop_looking) != 0)
		fp_impossible("no thread to look");
}

static int
create(struct port **made)
{
	struct port *port;
	int error;

	read_environment();
	start_looking();
	if ((port = map(sizeof(*port))) == NULL)
		return EAGAIN;
	port->limit = limit;
	port->slots = map(port->limit * sizeof(*port->slots));
	port->by_fd = map(FP_FDS * sizeof(struct slot *));
	if (port->slots == NULL || port->by_fd == NULL)
		fp_impossible("no memory");
	if ((error = open_descriptors(port)) != 0) {
		(void)munmap(port->slots, port->limit * sizeof(*port->slots));
		(void)munmap(port->by_fd, FP_FDS * sizeof(struct slot *));
		(void)munmap(port, sizeof(*port));
		return error;
	}
	port->owner = pid;
	port->queue.next = port->queue.prev = &port->queue;
	port->next = ports;
	ports = port;
	if (port->fd >= FP_FDS)
		fp_impossible("too many descriptors");
	port_of[port->fd] = port;
	*made = port;
	return 0;
}

int
port_create(void)
{
	struct port *port = NULL;
	struct hold hold;
	int error;

	fp_enter(&hold);
	error = create(&port);
	return fp_leave(&hold, error) < 0 ? -1 : port->fd;
}

void
fp_remove_fd(struct port *port, int fd)
{
	int error;

	fp_control(port, EPOLL_CTL_DEL, fd, 0, 0, &error);
	fp_free_slot(port, port->by_fd[fd]);
	port->by_fd[fd] = NULL;
}

/*
 * Frees a port.  A child only closes its descriptors, and doesn't touch the
 * epoll instance that it shares with its parent.
 */
static void
free_port(struct port *port)
{
	struct port **link;

	for (link = &ports; *link != port; link = &(*link)->next)
		continue;
	*link = port->next;
	port_of[port->fd] = NULL;
	(void)syscall(SYS_close, port->bell);
	(void)munmap(port->slots, port->limit * sizeof(*port->slots));
	(void)munmap(port->by_fd, FP_FDS * sizeof(struct slot *));
	(void)munmap(port, sizeof(*port));
}

/*
 * port_get(3C): a wait ends when another thread closes the port, and close(2)
 * waits for that.  fio.c closeandsetf(): a thread in the kernel with a
 * descriptor that is closed is interrupted, and its call fails with EBADF.
 */
static void
close_port(struct port *port)
{
	port->closing = true;
	if (port->owner == pid) {
		fp_set_bell(port);
		while (port->waiters > 0)
			(void)pthread_cond_wait(&fp_left, &fp_mutex);
	}
	free_port(port);
}

/*
 * Is it a duplicate of the port's descriptor?  epoll_ctl(2) distinguishes its
 * own epoll instance, EINVAL, from a file that is not registered.
 */
static bool
is_duplicate(const struct port *port, int fd)
{
	int error;

	fp_control(port, EPOLL_CTL_DEL, fd, 0, 0, &error);
	return error == EINVAL;
}

/*
 * port_vnops.c port_close(): a close that is not the last one removes all that
 * the process has associated, with its events, and the process' alert.
 */
static void
close_duplicates(int fd)
{
	struct port *port;
	int i;

	for (port = ports; port != NULL; port = port->next) {
		if (port->owner != pid || port->by_fd[fd] != NULL ||
		    !is_duplicate(port, fd))
			continue;
		for (i = 0; i < FP_FDS; i++) {
			if (port->by_fd[i] != NULL)
				fp_remove_fd(port, i);
		}
		port->alert = false;
		fp_set_bell(port);
	}
}

/*
 * fio.c closeandsetf(), port_close_fd(): a closed descriptor is removed from
 * all ports, with its event, even if a dup is still open.
 */
static void
closing(int fd)
{
	struct port *port;

	if (fd < 0 || fd >= FP_FDS)
		return;
	if (port_of[fd] != NULL)
		close_port(port_of[fd]);
	else
		close_duplicates(fd);
	for (port = ports; port != NULL; port = port->next) {
		if (port->owner == pid && port->by_fd[fd] != NULL)
			fp_remove_fd(port, fd);
	}
}

/* The thread sanitizer tracks descriptors in its own close(2). */
extern int __interceptor_close(int) __attribute__((__weak__));

static int
system_close(int fd)
{
	if (__interceptor_close != NULL)
		return __interceptor_close(fd);
	return (int)syscall(SYS_close, fd);
}

/* A sanitizer's close is a cancellation point, and the lock is held here. */
int
close(int fd)
{
	int error, result, state = cancel_off();
	struct hold hold;

	fp_enter(&hold);
	closing(fd);
	error = system_close(fd) < 0 ? errno : 0;
	result = fp_leave(&hold, error);
	cancel_restore(state);
	return result;
}

int
dup3(int from, int to, int flags)
{
	struct hold hold;
	int error = 0;

	fp_enter(&hold);
	if (from != to && fp_is_open(from))
		closing(to);
	if (syscall(SYS_dup3, from, to, flags) < 0)
		error = errno;
	return fp_leave(&hold, error) < 0 ? -1 : to;
}

int
dup2(int from, int to)
{
	if (from != to)
		return dup3(from, to, 0);
	if (fp_is_open(from))
		return to;
	errno = EBADF;
	return -1;
}

void
port_fake_quirks(unsigned int wanted)
{
	configured = true;
	fp_quirks = wanted;
}

void
port_fake_limit(unsigned int wanted)
{
	configured = true;
	limit = wanted > 0 ? wanted : SYSTEM_LIMIT;
}

void
port_fake_look(int fd)
{
	struct port *port;
	struct hold hold;

	fp_enter(&hold);
	if (fp_find(fd, &port) == 0)
		fp_look(port);
	(void)fp_leave(&hold, 0);
}

unsigned int
port_fake_slots(int fd)
{
	unsigned int used = 0;
	struct port *port;
	struct hold hold;

	fp_enter(&hold);
	if (fp_find(fd, &port) == 0)
		used = port->used;
	(void)fp_leave(&hold, 0);
	return used;
}
