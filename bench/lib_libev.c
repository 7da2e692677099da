/*
 * libev, with the loop that ev_loop_new(EVFLAG_AUTO) makes.
 */
#include "config.h"

#include <ev.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

struct lib {
	struct ev_loop	*loop;
	struct ev_io	*watchers;
	struct ev_async	 async;
	size_t		 async_slot;
	bench_ready	*ready;
	void		*arg;
};

/*
 * The next wait passes ev_io_start and _modify to the kernel.  ev_io_stop never
 * reaches the kernel; an event that comes later is dropped.
 */
const char lib_name[] = "libev";
const unsigned int lib_lazy = LAZY_ADD | LAZY_REMOVE | LAZY_MODIFY;
const size_t lib_slot_size = sizeof(struct ev_io);

static const char *
backend(void)
{
	switch (ev_backend(ev_default_loop(EVFLAG_AUTO))) {
	case EVBACKEND_EPOLL:	return "epoll";
	case EVBACKEND_POLL:	return "poll";
	case EVBACKEND_SELECT:	return "select";
	default:		return "another backend";
	}
}

const char *
lib_version(void)
{
	static char version[64];

	(void)snprintf(version, sizeof(version), "%d.%d (%s)",
	    ev_version_major(), ev_version_minor(), backend());
	return version;
}

struct lib *
lib_open(size_t slots, int threads, bench_ready *ready, void *arg)
{
	struct lib *lib = bench_zalloc(1, sizeof(*lib));

	(void)threads;
	lib->ready = ready;
	lib->arg = arg;
	lib->watchers = bench_zalloc(slots, sizeof(*lib->watchers));
	MUST((lib->loop = ev_loop_new(EVFLAG_AUTO)) != NULL);
	ev_set_userdata(lib->loop, lib);
	return lib;
}

void
lib_close(struct lib *lib)
{
	ev_loop_destroy(lib->loop);
}

static void
ready(struct ev_loop *loop, struct ev_io *watcher, int revents)
{
	struct lib *lib = ev_userdata(loop);
	unsigned int bits = 0;

	if ((revents & EV_READ) != 0)
		bits |= ON_READ;
	if ((revents & EV_WRITE) != 0)
		bits |= ON_WRITE;
	lib->ready(lib->arg, (size_t)(watcher - lib->watchers), bits);
}

static int
interests(unsigned int interest)
{
	return ((interest & ON_READ) != 0 ? EV_READ : 0) |
	    ((interest & ON_WRITE) != 0 ? EV_WRITE : 0);
}

void
lib_add(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	struct ev_io *watcher = &lib->watchers[slot];

	ev_io_init(watcher, ready, fd, interests(interest));
	ev_io_start(lib->loop, watcher);
}

void
lib_modify(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	struct ev_io *watcher = &lib->watchers[slot];

	(void)fd;
	ev_io_stop(lib->loop, watcher);
	ev_io_modify(watcher, interests(interest));
	ev_io_start(lib->loop, watcher);
}

void
lib_remove(struct lib *lib, size_t slot, int fd)
{
	(void)fd;
	ev_io_stop(lib->loop, &lib->watchers[slot]);
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
	(void)ev_run(lib->loop, wait ? EVRUN_ONCE : EVRUN_NOWAIT);
}

static void
woken(struct ev_loop *loop, struct ev_async *async, int revents)
{
	struct lib *lib = ev_userdata(loop);

	(void)async;
	(void)revents;
	lib->ready(lib->arg, lib->async_slot, ON_READ);
}

void
lib_waker(struct lib *lib, size_t slot)
{
	lib->async_slot = slot;
	ev_async_init(&lib->async, woken);
	ev_async_start(lib->loop, &lib->async);
}

void
lib_wake(struct lib *lib, size_t slot)
{
	(void)slot;
	ev_async_send(lib->loop, &lib->async);
}

int
lib_spin(struct lib *lib, int64_t ns)
{
	(void)lib;
	(void)ns;
	return -1;
}
