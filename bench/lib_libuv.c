/*
 * libuv, with uv_poll_t for descriptors.  The memory of a closed handle belongs
 * to the library until its next wait, so handles are separate from the slots.
 */
#include "config.h"

#include <unistd.h>
#include <uv.h>

#include "bench.h"

struct handle {
	uv_poll_t	 poll;
	size_t		 slot;
	int		 fd;
	struct handle	*next;
};

struct lib {
	uv_loop_t	 loop;
	struct handle	**slots;
	struct handle	*spare;
	uv_async_t	 async;
	size_t		 async_slot;
	bench_ready	*ready;
	void		*arg;
};

/*
 * The next wait passes uv_poll_start to the kernel.  uv_poll_stop calls the
 * kernel at once, even if there is nothing to remove.
 */
const char lib_name[] = "libuv";
const unsigned int lib_lazy = LAZY_ADD | LAZY_MODIFY;
const size_t lib_slot_size = sizeof(uv_poll_t);

const char *
lib_version(void)
{
	return uv_version_string();
}

struct lib *
lib_open(size_t slots, int threads, bench_ready *ready, void *arg)
{
	struct lib *lib = bench_zalloc(1, sizeof(*lib));
	struct handle *handles;
	size_t i;

	(void)threads;
	lib->ready = ready;
	lib->arg = arg;
	lib->slots = bench_zalloc(slots, sizeof(*lib->slots));
	handles = bench_zalloc(slots + 1, sizeof(*handles));
	for (i = 0; i <= slots; i++) {
		handles[i].next = lib->spare;
		lib->spare = &handles[i];
	}
	MUST(uv_loop_init(&lib->loop) == 0);
	lib->loop.data = lib;
	return lib;
}

static void
close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void
lib_close(struct lib *lib)
{
	uv_walk(&lib->loop, close_handle, NULL);
	MUST(uv_run(&lib->loop, UV_RUN_DEFAULT) == 0);
	MUST(uv_loop_close(&lib->loop) == 0);
}

/* An error makes the descriptor readable: a read returns the error. */
static void
ready(uv_poll_t *poll, int status, int events)
{
	struct handle *handle = poll->data;
	struct lib *lib = poll->loop->data;
	unsigned int bits = 0;

	if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)) != 0)
		bits |= ON_READ;
	if (status < 0 || (events & UV_WRITABLE) != 0)
		bits |= ON_WRITE;
	lib->ready(lib->arg, handle->slot, bits);
}

static int
interests(unsigned int interest)
{
	return ((interest & ON_READ) != 0 ? UV_READABLE : 0) |
	    ((interest & ON_WRITE) != 0 ? UV_WRITABLE : 0);
}

static struct handle *
take_handle(struct lib *lib, size_t slot, int fd)
{
	struct handle *handle;

	MUST((handle = lib->spare) != NULL);
	lib->spare = handle->next;
	MUST(uv_poll_init(&lib->loop, &handle->poll, fd) == 0);
	handle->poll.data = handle;
	handle->slot = slot;
	handle->fd = fd;
	return handle;
}

void
lib_add(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	if (lib->slots[slot] == NULL)
		lib->slots[slot] = take_handle(lib, slot, fd);
	MUST(lib->slots[slot]->fd == fd);
	lib_modify(lib, slot, fd, interest);
}

void
lib_modify(struct lib *lib, size_t slot, int fd, unsigned int interest)
{
	(void)fd;
	MUST(uv_poll_start(&lib->slots[slot]->poll, interests(interest),
	    ready) == 0);
}

void
lib_remove(struct lib *lib, size_t slot, int fd)
{
	(void)fd;
	MUST(uv_poll_stop(&lib->slots[slot]->poll) == 0);
}

static void
closed(uv_handle_t *poll)
{
	struct handle *handle = poll->data;
	struct lib *lib = poll->loop->data;

	handle->next = lib->spare;
	lib->spare = handle;
}

void
lib_shut(struct lib *lib, size_t slot, int fd)
{
	lib_remove(lib, slot, fd);
	uv_close((uv_handle_t *)&lib->slots[slot]->poll, closed);
	lib->slots[slot] = NULL;
	MUST(close(fd) == 0);
}

/* The callback of a closed handle ends a wait, too. */
void
lib_wait(struct lib *lib, int wait)
{
	(void)uv_run(&lib->loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

static void
woken(uv_async_t *async)
{
	struct lib *lib = async->loop->data;

	lib->ready(lib->arg, lib->async_slot, ON_READ);
}

void
lib_waker(struct lib *lib, size_t slot)
{
	lib->async_slot = slot;
	MUST(uv_async_init(&lib->loop, &lib->async, woken) == 0);
}

void
lib_wake(struct lib *lib, size_t slot)
{
	(void)slot;
	MUST(uv_async_send(&lib->async) == 0);
}

int
lib_spin(struct lib *lib, int64_t ns)
{
	(void)lib;
	(void)ns;
	return -1;
}
