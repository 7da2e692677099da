/*
 * The waker channel of the kqueue selector: EVFILT_USER where the header has
 * it and the running kernel takes it (KQ-8), else a pipe.
 *
 * The kqueue itself is opened and closed here, because a wake may run beside
 * the last mio_poller_free and must not trigger a descriptor that is somebody
 * else's by then.
 *
 * What EVFILT_USER asks for:
 *
 *  - EV_CLEAR when the note is made, and never again: in a trigger, or in a
 *    note made anew, it erases a trigger that is pending (KQ-11).
 *  - No NOTE_TRIGGER with the first EV_ADD: on FreeBSD it doesn't fire.
 *  - A trigger carries the real udata, because FreeBSD and OpenBSD take the
 *    udata of every change.
 *
 * It relies on kevent being async-signal-safe, as a bare system call is.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "kqueue.h"
#include "compat/cancel.h"
#include "self_pipe.h"
#include "sock.h"

const bool mio_channel_edges = false;

/* Close-on-exec; a kqueue isn't inherited by fork(2) in any case. */
static int
open_kqueue(void)
{
	int kq;

#if defined HAVE_KQUEUE1
	kq = kqueue1(O_CLOEXEC);
#elif defined HAVE_KQUEUEX
	kq = kqueuex(KQUEUE_CLOEXEC);
#else
	kq = kqueue();
	if (kq >= 0 && fcntl(kq, F_SETFD, FD_CLOEXEC) < 0) {
		int error = -errno;

		(void)close(kq);	/* the first error is told */
		return error;
	}
#endif
	return kq < 0 ? -errno : kq;
}

#ifdef EVFILT_USER
static int
user(struct mio_poller *poller, unsigned int flags, unsigned int fflags)
{
	struct timespec zero = { 0, 0 };
	struct kevent kev;

	mio_kq_change(&kev, MIO_KQ_CHANNEL, EVFILT_USER, flags, fflags,
	    (mio_token)poller);
	return mio_kevent(poller, &kev, 1, NULL, 0, &zero) < 0 ? -errno : 0;
}

/* The header may promise what an older kernel doesn't keep: 1, 0 or errno. */
static int
has_user(struct mio_poller *poller)
{
	int saved = errno;
	int error = user(poller, EV_ADD | EV_CLEAR, 0);

	if (error != -EINVAL)
		return error == 0 ? 1 : error;
	errno = saved;
	return 0;
}

static int
trigger(struct mio_poller *poller)
{
	int error = user(poller, 0, NOTE_TRIGGER);

	/* Interrupted, the change has been made (KQ-5). */
	return error == -EINTR ? 0 : error;
}
#else
static int
has_user(struct mio_poller *poller)
{
	(void)poller;
	return 0;
}

static int
trigger(struct mio_poller *poller)
{
	(void)poller;
	return -ENOSYS;
}
#endif

int
mio_channel_open(struct mio_poller *poller)
{
	struct kqueue_poller *kp = mio_kqueue(poller);
	int error;

	poller->wake_fd[0] = poller->wake_fd[1] = -1;
	if ((kp->kq = open_kqueue()) < 0)
		return kp->kq;
	if ((error = has_user(poller)) == 0)
		error = mio_sock_pipe(poller->wake_fd);
	if (error < 0) {
		(void)close(kp->kq);	/* the first error is told */
		return error;
	}
	kp->user = poller->wake_fd[0] < 0;
	return 0;
}

/* A full pipe is a wake on its way: a read end is watched level-triggered. */
int
mio_channel_signal(struct mio_poller *poller)
{
	int state = cancel_off();
	int error = mio_kqueue(poller)->user ? trigger(poller) :
	    self_pipe_put(poller);

	cancel_restore(state);
	return error == -EAGAIN ? 0 : error;
}

/* An EVFILT_USER note with EV_CLEAR has been cleared by its delivery. */
void
mio_channel_drain(struct mio_poller *poller)
{
	int saved = errno;
	int state;

	if (mio_kqueue(poller)->user)
		return;
	state = cancel_off();
	self_pipe_empty(poller);
	cancel_restore(state);
	errno = saved;
}

/*
 * In a forked child the kqueue's number may be another file's: it is
 * forgotten.  A pipe is inherited.
 */
void
mio_channel_close(struct mio_poller *poller)
{
	if (poller->birth == mio_generation)
		(void)close(mio_kqueue(poller)->kq);
	if (poller->wake_fd[0] >= 0)
		self_pipe_close(poller);
}
