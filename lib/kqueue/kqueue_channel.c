/*
 * The waker channel of the kqueue selector: EVFILT_USER if the header defines
 * it and the running kernel supports it (KQ-8), else a pipe.
 *
 * This file also opens and closes the kqueue, because a wake may run beside the
 * last mio_poller_free and must not trigger a descriptor that has been closed
 * and reused.
 *
 * The rules of EVFILT_USER:
 *
 *  - EV_CLEAR when the knote is added, and never again: in a trigger, or in a
 *    second EV_ADD, EV_CLEAR erases a pending trigger (KQ-11).
 *  - No NOTE_TRIGGER with the first EV_ADD: on FreeBSD it does not fire.
 *  - A trigger carries the real udata, because FreeBSD and OpenBSD store the
 *    udata of every change.
 *
 * It relies on kevent being async-signal-safe, as a plain system call is.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "channel.h"
#include "kqueue.h"
#include "self_pipe.h"
#include "sock.h"

const bool mio_channel_edges = false;

/* Close-on-exec; a forked child never inherits a kqueue. */
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

		(void)close(kq);	/* return the first error */
		return error;
	}
#endif
	return kq < 0 ? -errno : kq;
}

#ifdef EVFILT_USER
static int
change_user_knote(struct mio_poller *poller, unsigned int flags,
    unsigned int fflags)
{
	struct timespec zero = { 0, 0 };
	struct kevent kev;

	mio_kq_change(&kev, MIO_KQ_CHANNEL, EVFILT_USER, flags, fflags,
	    (mio_token)poller);
	return mio_kevent(poller, &kev, 1, NULL, 0, &zero) < 0 ? -errno : 0;
}

/*
 * 1 if the running kernel has EVFILT_USER, 0 if not, or a negated errno.  Any
 * error that is not a shortage means that the kernel lacks or forbids it;
 * kernels that lack it return EINVAL.  An interrupted change has been made
 * (KQ-5), and making it again is harmless.
 */
static int
has_user(struct mio_poller *poller)
{
	int error, saved = errno;

	do {
		error = change_user_knote(poller, EV_ADD | EV_CLEAR, 0);
	} while (error == -EINTR);
	if (error == -EMFILE || error == -ENFILE || error == -ENOMEM)
		return error;
	errno = saved;
	return error == 0;
}

static int
trigger(struct mio_poller *poller)
{
	int error = change_user_knote(poller, 0, NOTE_TRIGGER);

	/* The change was made although the call was interrupted (KQ-5). */
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

	poller->channel_fd[0] = poller->channel_fd[1] = -1;
	if ((kp->kq = open_kqueue()) < 0)
		return kp->kq;
	if ((error = has_user(poller)) == 0)
		error = mio_sock_pipe(poller->channel_fd);
	if (error < 0) {
		(void)close(kp->kq);	/* return the first error */
		return error;
	}
	kp->user = poller->channel_fd[0] < 0;
	return 0;
}

int
mio_channel_signal(struct mio_poller *poller)
{
	int error, state;

	if (!mio_kqueue(poller)->user)
		return channel_signal(poller, self_pipe_put, self_pipe_empty);
	state = cancel_off();
	error = trigger(poller);
	cancel_restore(state);
	return error;
}

/* The delivery of an EVFILT_USER knote with EV_CLEAR has cleared it. */
int
mio_channel_drain(struct mio_poller *poller)
{
	return mio_kqueue(poller)->user ? 0 :
	    channel_drain(poller, self_pipe_empty);
}

/*
 * A forked child does not inherit the kqueue, and its descriptor may refer to
 * another file there.  A pipe is inherited.
 */
void
mio_channel_close(struct mio_poller *poller)
{
	if (poller->birth == mio_generation)
		(void)close(mio_kqueue(poller)->kq);
	if (poller->channel_fd[0] >= 0)
		self_pipe_close(poller);
}
