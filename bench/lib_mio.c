/*
 * libmio.  With the poll(2) selector this is run_mio_poll.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mio.h>

#include "bench.h"

#define EVENTS	1024

struct lib {
	struct mio_poller	*poller;
	struct mio_waker	*waker;
	struct mio_source	*sources;
	bench_ready		*ready;
	void			*arg;
	struct mio_event	 events[EVENTS];
};

const char lib_name[] = BENCH_NAME;
#ifdef BENCH_POLL
const unsigned int lib_lazy = SEES_READS;
#else
const unsigned int lib_lazy = 0;
#endif
const size_t lib_slot_size = sizeof(struct mio_source);

const char *
lib_version(void)
{
	static char version[64];

	(void)snprintf(version, sizeof(version), "%s (%s)", mio_version(),
	    mio_selector_name());
	return version;
}

struct lib *
lib_open(size_t slots, int threads, bench_ready *ready, void *arg)
{
	struct lib *lib = bench_zalloc(1, sizeof(*lib));

	(void)threads;
	lib->ready = ready;
	lib->arg = arg;
	lib->sources = bench_zalloc(slots, sizeof(*lib->sources));
	MUST((lib->poller = mio_poller_new()) != NULL);
	return lib;
}

void
lib_close(struct lib *lib)
{
	mio_waker_free(lib->waker);
	mio_poller_free(lib->poller);
}

static unsigned int
interests(unsigned int interest)
{
	return ((interest & ON_READ) != 0 ? MIO_READABLE : 0) |
	    ((interest & ON_WRITE) != 0 ? MIO_WRITABLE : 0);
}

void
lib_add(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	struct mio_source *source = &lib->sources[slot];

	/* An accepted connection is a source already. */
	if (source->fd != fd)
		MUST(mio_source_from_fd(source, fd) == 0);
	MUST(mio_register(lib->poller, source, slot, interests(interest)) == 0);
}

void
lib_modify(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	(void)fd;
	MUST(mio_reregister(lib->poller, &lib->sources[slot], slot,
	    interests(interest)) == 0);
}

void
lib_remove(struct lib *lib, size_t slot, int fd)
{
	(void)fd;
	MUST(mio_deregister(lib->poller, &lib->sources[slot]) == 0);
}

void
lib_pair(struct lib *lib, size_t here, size_t there, int fds[2])
{
	struct mio_source *a = &lib->sources[here], other;
	struct mio_source *b = there == NO_SLOT ? &other :
	    &lib->sources[there];

	MUST(mio_unix_pair(a, b, 0) == 0);
	fds[0] = mio_source_fd(a);
	fds[1] = mio_source_fd(b);
}

int
lib_accept(struct lib *lib, size_t listener, int fd, size_t slot)
{
	(void)fd;
	if (mio_tcp_accept(&lib->sources[listener], &lib->sources[slot], NULL,
	    NULL, 0) < 0)
		return -1;
	return mio_source_fd(&lib->sources[slot]);
}

void
lib_shut(struct lib *lib, size_t slot, int fd)
{
	(void)fd;
	MUST(mio_source_close(&lib->sources[slot]) == 0);
}

ptrdiff_t
lib_read(struct lib *lib, size_t slot, int fd, void *buf, size_t size)
{
	(void)fd;
	return mio_source_read(&lib->sources[slot], buf, size);
}

ptrdiff_t
lib_recv(struct lib *lib, size_t slot, int fd, void *buf, size_t size)
{
	(void)fd;
#ifdef BENCH_POLL
	/* A short count re-arms; mio_udp_recv needs EAGAIN for that. */
	return mio_source_read(&lib->sources[slot], buf, size);
#else
	return mio_udp_recv(&lib->sources[slot], buf, size);
#endif
}

ptrdiff_t
lib_write(struct lib *lib, size_t slot, int fd, const void *buf, size_t size)
{
	(void)fd;
	return mio_source_write(&lib->sources[slot], buf, size);
}

void
lib_wait(struct lib *lib, int wait)
{
	int i, n;

	n = mio_poll(lib->poller, lib->events, EVENTS, wait ? MIO_FOREVER : 0);
	MUST(n >= 0 || errno == EINTR);
	for (i = 0; i < n; i++) {
		const struct mio_event *event = &lib->events[i];
		unsigned int ready = 0;

		if (mio_event_is_readable(event))
			ready |= ON_READ;
		if (mio_event_is_writable(event))
			ready |= ON_WRITE;
		lib->ready(lib->arg, event->token, ready);
	}
}

void
lib_waker(struct lib *lib, size_t slot)
{
	MUST((lib->waker = mio_waker_new(lib->poller, slot)) != NULL);
}

void
lib_wake(struct lib *lib, size_t slot)
{
	(void)slot;
	MUST(mio_waker_wake(lib->waker) == 0);
}

int
lib_spin(struct lib *lib, int64_t ns)
{
	return mio_poller_set_spin(lib->poller, ns);
}
