/*
 * libevent, with the base that event_base_new() makes, and events that are
 * assigned once.
 */
#include "config.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

struct slot {
	struct event	 event;
	struct lib	*lib;
};

struct lib {
	struct event_base	*base;
	struct slot		*slots;
	struct event		 waker;
	size_t			 waker_slot;
	bench_ready		*ready;
	void			*arg;
	int			 flags;
};

const char lib_name[] = "libevent";
const unsigned int lib_lazy = 0;
const size_t lib_slot_size = sizeof(struct event);

const char *
lib_version(void)
{
	static char version[64];
	struct event_base *base;

	MUST((base = event_base_new()) != NULL);
	(void)snprintf(version, sizeof(version), "%s (%s)",
	    event_get_version(), event_base_get_method(base));
	event_base_free(base);
	return version;
}

struct lib *
lib_open(size_t slots, int threads, bench_ready *ready, void *arg)
{
	struct lib *lib = bench_zalloc(1, sizeof(*lib));

	/* Locks; a program with one thread needs none. */
	if (threads)
		MUST(evthread_use_pthreads() == 0);
	lib->ready = ready;
	lib->arg = arg;
	lib->slots = bench_zalloc(slots, sizeof(*lib->slots));
	MUST((lib->base = event_base_new()) != NULL);
	return lib;
}

void
lib_close(struct lib *lib)
{
	event_base_free(lib->base);
}

static void
ready(evutil_socket_t fd, short what, void *arg)
{
	struct slot *slot = arg;
	struct lib *lib = slot->lib;
	unsigned int bits = 0;

	(void)fd;
	if ((what & EV_READ) != 0)
		bits |= ON_READ;
	if ((what & EV_WRITE) != 0)
		bits |= ON_WRITE;
	lib->ready(lib->arg, (size_t)(slot - lib->slots), bits);
}

static short
interests(unsigned int interest)
{
	return (short)(EV_PERSIST | ((interest & ON_READ) != 0 ? EV_READ : 0) |
	    ((interest & ON_WRITE) != 0 ? EV_WRITE : 0));
}

static void
assign(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	struct slot *s = &lib->slots[slot];

	s->lib = lib;
	MUST(event_assign(&s->event, lib->base, fd, interests(interest), ready,
	    s) == 0);
}

void
lib_add(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	struct event *event = &lib->slots[slot].event;

	if (lib->slots[slot].lib == NULL || event_get_fd(event) != fd ||
	    event_get_events(event) != interests(interest))
		assign(lib, slot, fd, interest);
	MUST(event_add(event, NULL) == 0);
}

void
lib_modify(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	struct event *event = &lib->slots[slot].event;

	MUST(event_del(event) == 0);
	assign(lib, slot, fd, interest);
	MUST(event_add(event, NULL) == 0);
}

void
lib_remove(struct lib *lib, size_t slot, int fd)
{
	(void)fd;
	MUST(event_del(&lib->slots[slot].event) == 0);
}

void
lib_shut(struct lib *lib, size_t slot, int fd)
{
	lib_remove(lib, slot, fd);
	MUST(close(fd) == 0);
}

void
lib_wait(struct lib *lib, int wait)
{
	MUST(event_base_loop(lib->base, lib->flags |
	    (wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK)) >= 0);
}

static void
woken(evutil_socket_t fd, short what, void *arg)
{
	struct lib *lib = arg;

	(void)fd;
	(void)what;
	lib->ready(lib->arg, lib->waker_slot, ON_READ);
}

void
lib_waker(struct lib *lib, size_t slot)
{
	lib->waker_slot = slot;
	MUST(event_assign(&lib->waker, lib->base, -1, EV_PERSIST, woken,
	    lib) == 0);
	/* A loop with no other event than this one would not wait. */
	lib->flags |= EVLOOP_NO_EXIT_ON_EMPTY;
}

void
lib_wake(struct lib *lib, size_t slot)
{
	(void)slot;
	event_active(&lib->waker, EV_READ, 0);
}

int
lib_spin(struct lib *lib, int64_t ns)
{
	(void)lib;
	(void)ns;
	return -1;
}
