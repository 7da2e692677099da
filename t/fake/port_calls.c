/*
 * The calls of the fake event ports; fake_port.c explains the names of
 * sources.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "port.h"
#include "port_fake.h"
#include "port_impl.h"
#include "sleep.h"

/* Finds the descriptor's association, or makes a new one. */
static int
slot_for(struct port *port, int fd, struct slot **slot)
{
	int error;

	if ((*slot = port->by_fd[fd]) == NULL) {
		if ((error = fp_alloc_slot(port, slot)) != 0)
			return error;
		port->by_fd[fd] = *slot;
		return 0;
	}
	/*
	 * port_fd.c port_associate_fd(): an event that has fired, but was not
	 * retrieved, is removed from the queue.
	 */
	if ((*slot)->queued)
		fp_dequeue(port, *slot);
	return 0;
}

static int
watch(struct port *port, int fd, struct slot *slot, int events)
{
	uint64_t data = (uint64_t)slot->age << 32 | (unsigned int)fd;
	uint32_t mask = fp_mask(fp_host_bits(events));
	int error;

	fp_control(port, EPOLL_CTL_MOD, fd, mask, data, &error);
	if (error == ENOENT)
		fp_control(port, EPOLL_CTL_ADD, fd, mask, data, &error);
	/* fs_subr.c fs_poll(): a regular file is always ready. */
	if (error == EPERM) {
		events &= POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
		if (events != 0)
			fp_fire(port, slot, events);
		error = 0;
	}
	return error;
}

/*
 * port_associate(3C): an association has at most one event; associating again
 * replaces events and user, and checks the descriptor again, which fires at
 * once if it is ready.  port_fd.c: no new slot is needed then, so no EAGAIN
 * either.
 */
static int
associate(struct port *port, int source, uintptr_t object, int events,
    void *user)
{
	struct slot *slot;
	int error, fd = (int)object;

	if (source != PORT_SOURCE_FD)
		return EINVAL;
	/* port_fd.c port_associate_fd(): EBADFD, not EBADF. */
	if (object > INT_MAX || !fp_is_open(fd))
		return EBADFD;
	if (fd >= FP_FDS)
		fp_impossible("too many descriptors");
	fp_look(port);
	port->cached = true;
	if ((error = slot_for(port, fd, &slot)) != 0)
		return error;
	slot->source = PORT_SOURCE_FD;
	slot->object = object;
	slot->user = user;
	slot->events = events;
	if (fp_quirks != 0) {
		slot->domain = fp_domain(fd);
		slot->connected = fp_connected(fd);
	}
	slot->valid = true;
	slot->age++;
	if ((error = watch(port, fd, slot, events)) != 0) {
		port->by_fd[fd] = NULL;
		fp_free_slot(port, slot);
		return error;
	}
	port->asked = slot;
	fp_look(port);
	port->asked = NULL;
	return 0;
}

int
port_associate(int fd, int source, uintptr_t object, int events, void *user)
{
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	if ((error = fp_find(fd, &port)) == 0)
		error = associate(port, source, object, events, user);
	return fp_leave(&hold, error);
}

/*
 * port_fd.c port_dissociate_fd(): removes a fired event from the queue, and
 * frees the slot; ENOENT if there was no association, or if its event has been
 * retrieved.  A bad descriptor is detected only by a port with which any
 * descriptor has been associated.
 */
static int
dissociate(struct port *port, int source, uintptr_t object)
{
	struct slot *slot;
	bool active;

	if (source != PORT_SOURCE_FD)
		return EINVAL;
	if (object > INT_MAX)
		return EBADFD;
	fp_look(port);
	if (!port->cached)
		return ENOENT;
	if (!fp_is_open((int)object))
		return EBADFD;
	if (object >= FP_FDS || (slot = port->by_fd[object]) == NULL)
		return ENOENT;
	active = slot->valid || slot->queued;
	fp_remove_fd(port, (int)object);
	return active ? 0 : ENOENT;
}

int
port_dissociate(int fd, int source, uintptr_t object)
{
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	if ((error = fp_find(fd, &port)) == 0)
		error = dissociate(port, source, object);
	return fp_leave(&hold, error);
}

/* port_send(3C): EAGAIN if the port is at its limit of events. */
static int
send_event(struct port *port, int events, void *user)
{
	struct slot *slot;
	int error;

	fp_look(port);
	if ((error = fp_alloc_slot(port, &slot)) != 0)
		return error;
	slot->source = PORT_SOURCE_USER;
	slot->events = events;
	slot->user = user;
	fp_enqueue(port, slot);
	return 0;
}

int
port_send(int fd, int events, void *user)
{
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	if ((error = fp_find(fd, &port)) == 0)
		error = send_event(port, events, user);
	return fp_leave(&hold, error);
}

/*
 * port_send(3C): returns how many were sent; if not all, each has its error or
 * 0.
 */
int
port_sendn(int fds[], int errors[], unsigned int count, int events,
    void *user)
{
	unsigned int i, j, sent = 0;
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	for (i = 0; i < count; i++) {
		if ((error = fp_find(fds[i], &port)) == 0)
			error = send_event(port, events, user);
		if (error != 0 && sent == i) {
			for (j = 0; j < count; j++)
				errors[j] = 0;
		}
		if (error != 0)
			errors[i] = error;
		else
			sent++;
	}
	return fp_leave(&hold, count == 0 ? EINVAL : 0) < 0 ? -1 : (int)sent;
}

/*
 * port_alert(3C): in alert mode each wait ends with one alert event, and no
 * other event is retrieved.  No events: ends alert mode.
 */
static int
alert(struct port *port, int flags, int events, void *user)
{
	if (events == 0) {
		port->alert = false;
	} else if ((flags & PORT_ALERT_INVALID) == PORT_ALERT_INVALID) {
		return EINVAL;
	} else if (flags == PORT_ALERT_UPDATE && port->alert) {
		return EBUSY;
	} else {
		port->alert = true;
		port->alert_events = events;
		port->alert_user = user;
	}
	fp_set_bell(port);
	return 0;
}

int
port_alert(int fd, int flags, int events, void *user)
{
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	if ((error = fp_find(fd, &port)) == 0)
		error = alert(port, flags, events, user);
	return fp_leave(&hold, error);
}

static int64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NSEC + ts.tv_nsec;
}

/* port.c port_get_timeout(): 0 doesn't wait. */
static int
deadline_of(const struct timespec *timeout, int64_t *deadline)
{
	const time_t most = INT32_MAX / 2;

	*deadline = timeout == NULL ? EVER : 0;
	if (timeout == NULL || (timeout->tv_sec == 0 && timeout->tv_nsec == 0))
		return 0;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= NSEC)
		return EINVAL;
	*deadline = now() + timeout->tv_nsec +
	    (timeout->tv_sec < most ? timeout->tv_sec : most) * NSEC;
	return 0;
}

static void
left(struct port *port)
{
	port->waiters--;
	fp_set_bell(port);
	(void)pthread_cond_broadcast(&fp_left);
}

static void
cancelled(void *arg)
{
	struct port *port = arg;

	(void)pthread_mutex_lock(&fp_mutex);
	left(port);
	(void)pthread_mutex_unlock(&fp_mutex);
}

/* Sleeps on the port, unlocked: 0 or EINTR. */
static int
sleep_unlocked(struct port *port, int64_t ns, const sigset_t *mask)
{
	/*
	 * Don't poll the port while the bell rings and more events are wanted.
	 */
	int fd = port->count > 0 ? -1 : port->fd;
	int error;

	port->waiters++;
	(void)pthread_mutex_unlock(&fp_mutex);
	pthread_cleanup_push(cancelled, port);
	error = fake_sleep(fd, ns, mask);
	pthread_cleanup_pop(0);
	(void)pthread_mutex_lock(&fp_mutex);
	left(port);
	return error;
}

/*
 * Sleeps until the port may have an event; returns 0, or the error that ends
 * the wait.
 */
static int
nap(struct port *port, int64_t deadline, const sigset_t *mask)
{
	bool slices = (fp_quirks & PORT_FAKE_SLICES) != 0;
	int64_t ns = EVER;
	int error;

	if (deadline < EVER && (ns = deadline - now()) <= 0)
		return ETIME;
	if (port->count > 0 && ns > NSEC / 1000)
		ns = NSEC / 1000;
	else if (slices && ns > NSEC / 50)
		ns = NSEC / 50;
	error = sleep_unlocked(port, ns, mask);
	if (port->closing)
		return EBADF;
	fp_look(port);
	return slices && port->count == 0 ? EINTR : error;
}

/* port.c port_getn(): waits until there are enough events, or alert mode. */
static int
await(struct port *port, unsigned int wanted, int64_t deadline,
    const sigset_t *mask)
{
	int error = 0;

	while (error == 0 && !port->alert && port->count < wanted)
		error = nap(port, deadline, mask);
	return error;
}

static void
copy(const struct slot *slot, port_event_t *event)
{
	event->portev_events = slot->events;
	event->portev_source = slot->source;
	event->portev_object = slot->object;
	event->portev_user = slot->user;
}

/*
 * port.c port_copy_event(): the slot of a user event is freed; that of a
 * descriptor remains, without an association, until the descriptor is
 * dissociated or closed (port_fd.c: PORT_ALLOC_CACHED).
 */
static unsigned int
take(struct port *port, port_event_t *list, unsigned int max)
{
	struct slot *slot;
	unsigned int n;

	for (n = 0; n < max && port->count > 0; n++) {
		slot = port->queue.next;
		copy(slot, &list[n]);
		if (slot->source == PORT_SOURCE_USER)
			fp_free_slot(port, slot);
		else
			fp_dequeue(port, slot);
	}
	return n;
}

static unsigned int
take_alert(const struct port *port, port_event_t *list)
{
	list->portev_source = PORT_SOURCE_ALERT;
	list->portev_events = port->alert_events;
	list->portev_object = 0;
	list->portev_user = port->alert_user;
	return 1;
}

/*
 * port.c port_getn() and libc's event_port.c:
 *  - If max is 0, it returns the number of events; if nget is 0, none.
 *  - It waits for nget events, and returns up to max.
 *  - With a zero timeout it succeeds, even with too few events or none.
 *  - When the time is over it fails with ETIME, and returns the events that
 *    there are.
 *  - EINTR leaves nget and the queue alone.
 */
static int
getn(struct port *port, port_event_t *list, unsigned int max,
    unsigned int *nget, const struct timespec *timeout, const sigset_t *mask)
{
	unsigned int wanted = *nget;
	int64_t deadline = EVER;
	int error = 0;

	if (wanted > max && max > 0)
		return EINVAL;
	fp_look(port);
	if (max == 0) {
		*nget = port->count;
		return 0;
	}
	if (list == NULL)
		return EFAULT;
	if (wanted == 0)
		return 0;
	if (port->count < wanted && !port->alert) {
		if ((error = deadline_of(timeout, &deadline)) != 0)
			return error;
		if (deadline > 0)
			error = await(port, wanted, deadline, mask);
		else if ((fp_quirks & PORT_FAKE_ETIME) != 0)
			error = ETIME;
	}
	if (error != 0 && error != ETIME)
		return error;
	if (port->alert) {
		*nget = take_alert(port, list);
		return 0;
	}
	wanted = take(port, list, max);
	if (error == 0 && wanted > 0 && (fp_quirks & PORT_FAKE_EINTR) != 0)
		error = EINTR;
	if (error == 0 && wanted > 0 && (fp_quirks & PORT_FAKE_LATE) != 0 &&
	    timeout != NULL)
		error = ETIME;
	if (error == 0 || wanted > 0 || (fp_quirks & PORT_FAKE_UNTOUCHED) == 0)
		*nget = wanted;
	return error;
}

int
port_getn(int fd, port_event_t list[], unsigned int max, unsigned int *nget,
    struct timespec *timeout)
{
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	if ((error = fp_find(fd, &port)) == 0)
		error = nget == NULL ? EINVAL : getn(port, list, max, nget,
		    timeout, &hold.mask);
	return fp_leave(&hold, error);
}

/*
 * port.c portfs(), PORT_GET: one event; with ETIME, none.  With a zero timeout
 * it succeeds without an event, contrary to port_get(3C).
 */
int
port_get(int fd, port_event_t *event, struct timespec *timeout)
{
	unsigned int nget = 1;
	struct port *port;
	struct hold hold;
	int error;

	fp_enter(&hold);
	if ((error = fp_find(fd, &port)) == 0)
		error = getn(port, event, 1, &nget, timeout, &hold.mask);
	return fp_leave(&hold, error);
}

