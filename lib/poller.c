/*
 * Pollers: their creation, references and end.  The verbs that use a poller are
 * in verbs.c.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <limits.h>
#include <stdlib.h>

#include "compat/fork.h"
#include "internal.h"
#include "poller.h"

/* The frozen layout of an event: 16 bytes on LP64, 12 on ILP32. */
MIO_ASSERT(event_size, sizeof(struct mio_event) == sizeof(uintptr_t) + 8);

/*
 * A child of fork(2) inherits the parent's descriptors, and a change that it
 * made through them would change the parent's set.  Each poller therefore
 * belongs to a generation of processes.
 */
unsigned int mio_generation = 1;

static void
fork_child(void)
{
	if (++mio_generation == 0)
		mio_generation = 1;
}

static int
poller_open(struct mio_poller *poller)
{
	int error;

	if ((error = on_fork_child(fork_child)) != 0)
		return -error;
	poller->self = poller;
	poller->birth = mio_generation;
	if ((error = mio_channel_open(poller)) < 0)
		return error;
	if ((error = mio_sel_open(poller)) < 0) {
		mio_channel_close(poller);
		return error;
	}
	poller->handles = 1;
	poller->channel = 1;
	poller->memory = 1;
	poller->alive = poller->birth;
	return 0;
}

struct mio_poller *
mio_poller_new(void)
{
	struct mio_poller *poller;
	int error;

	if ((poller = calloc(1, mio_sel_size)) == NULL)
		return NULL;
	if ((error = poller_open(poller)) < 0) {
		free(poller);
		errno = -error;
		return NULL;
	}
	return poller;
}

struct mio_poller *
mio_poller_ref(struct mio_poller *poller)
{
	int error;

	if (poller == NULL) {
		errno = EINVAL;
		return NULL;
	}
	if ((error = mio_poller_check(poller)) < 0) {
		errno = -error;
		return NULL;
	}
	count_up(&poller->handles);
	return poller;
}

void
mio_poller_destroy(struct mio_poller *poller)
{
	mio_wakers_destroy(poller);
	mio_sel_destroy(poller);
	free(poller);
}

void
mio_poller_hold_channel(struct mio_poller *poller)
{
	count_up(&poller->channel);
	mio_poller_hold(poller);
}

void
mio_poller_drop_channel(struct mio_poller *poller)
{
	if (count_down(&poller->channel) == 0)
		mio_channel_close(poller);
	mio_poller_drop(poller);
}

void
mio_poller_free(struct mio_poller *poller)
{
	int saved = errno;

	if (poller == NULL || count_down(&poller->handles) > 0)
		return;
	atomic_put(&poller->alive, 0);
	mio_sel_close(poller);
	mio_poller_drop_channel(poller);
	errno = saved;
}

mio_fd
mio_poller_fd(const struct mio_poller *poller)
{
	mio_fd fd;
	int error;

	if (poller == NULL)
		return (mio_fd)mio_result(-EINVAL);
	if ((error = mio_poller_check(poller)) < 0 ||
	    (error = mio_sel_fd(poller, &fd)) < 0)
		return (mio_fd)mio_result(error);
	return fd;
}

int
mio_poller_set_spin(struct mio_poller *poller, int64_t spin_ns)
{
	int error;

	if (poller == NULL || spin_ns < 0)
		return mio_result(-EINVAL);
	if ((error = mio_poller_check(poller)) < 0)
		return mio_result(error);
	/* An int, because wider atomics are not lock-free everywhere. */
	if (spin_ns > UINT_MAX)
		spin_ns = UINT_MAX;
	atomic_put_relaxed(&poller->spin_ns, (unsigned int)spin_ns);
	return 0;
}
