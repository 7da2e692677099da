/*
 * epoll(7) itself, as a careful program uses it: edge-triggered, with
 * EPOLLRDHUP, and with an eventfd as its waker, which need not be read because
 * it is edge-triggered.  With BENCH_CALLED this is run_called; with BENCH_LEVEL
 * it is run_level, where only the waker is edge-triggered.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/utsname.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "called.h"

#define EVENTS	1024

#ifdef BENCH_LEVEL
#define TRIGGER	0
#else
#define TRIGGER	EPOLLET
#endif

struct lib {
	int			 epfd;
	int			 efd;
	bench_ready		*ready;
	void			*arg;
	struct epoll_event	 events[EVENTS];
};

const char lib_name[] = BENCH_NAME;
const unsigned int lib_lazy = 0;
const size_t lib_slot_size = 0;

const char *
lib_version(void)
{
	static struct utsname name;

	MUST(uname(&name) == 0);
	return name.release;
}

struct lib *
lib_open(size_t slots, int threads, bench_ready *ready, void *arg)
{
	struct lib *lib = bench_zalloc(1, sizeof(*lib));

	(void)slots;
	(void)threads;
	lib->ready = ready;
	lib->arg = arg;
	lib->efd = -1;
	MUST((lib->epfd = epoll_create1(EPOLL_CLOEXEC)) >= 0);
	return lib;
}

void
lib_close(struct lib *lib)
{
	if (lib->efd >= 0)
		MUST(close(lib->efd) == 0);
	MUST(close(lib->epfd) == 0);
}

static void
control(struct lib *lib, int op, int fd, unsigned int interest, size_t slot)
{
	uint32_t events = TRIGGER;

	if ((interest & ON_READ) != 0)
		events |= EPOLLIN | EPOLLRDHUP;
	if ((interest & ON_WRITE) != 0)
		events |= EPOLLOUT;
	MUST(called_ctl(lib->epfd, op, fd, events, slot) == 0);
}

void
lib_add(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	control(lib, EPOLL_CTL_ADD, fd, interest, slot);
}

void
lib_modify(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	control(lib, EPOLL_CTL_MOD, fd, interest, slot);
}

void
lib_remove(struct lib *lib, size_t slot, int fd)
{
	(void)slot;
	MUST(called_ctl(lib->epfd, EPOLL_CTL_DEL, fd, 0, 0) == 0);
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
	int i, n;

	n = called_wait(lib->epfd, lib->events, EVENTS, wait ? -1 : 0);
	MUST(n >= 0 || errno == EINTR);
	for (i = 0; i < n; i++) {
		const struct epoll_event *event = &lib->events[i];
		unsigned int ready = 0;

		if ((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
			ready |= ON_READ;
		if ((event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
			ready |= ON_WRITE;
		lib->ready(lib->arg, (size_t)event->data.u64, ready);
	}
}

void
lib_waker(struct lib *lib, size_t slot)
{
	MUST((lib->efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) >= 0);
	MUST(called_ctl(lib->epfd, EPOLL_CTL_ADD, lib->efd, EPOLLIN | EPOLLET,
	    slot) == 0);
}

void
lib_wake(struct lib *lib, size_t slot)
{
	const uint64_t one = 1;

	(void)slot;
	MUST(write(lib->efd, &one, sizeof(one)) == sizeof(one));
}

int
lib_spin(struct lib *lib, int64_t ns)
{
	(void)lib;
	(void)ns;
	return -1;
}
