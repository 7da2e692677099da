/*
 * A wait outside of a selector's lock.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "unlocked_wait.h"

static void
cancelled(void *arg)
{
	struct mio_unlocked_wait *w = arg;

	mutex_lock(w->lock);
	w->leave(w);
	mutex_unlock(w->lock);
}

int
mio_unlocked_wait(struct mio_unlocked_wait *w)
{
	int n;

	mutex_unlock(w->lock);
	pthread_cleanup_push(cancelled, w);
	n = w->wait(w);
	pthread_cleanup_pop(0);
	mutex_lock(w->lock);
	w->leave(w);
	return n;
}
