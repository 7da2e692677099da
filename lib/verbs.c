/*
 * The public verbs: argument checks, and one call into the selector.
 *
 * This file is not compiled by itself.  Each selector includes it at its end,
 * so that the compiler can inline across the seam.  After a system call a
 * processor mispredicts the returns that follow.  On epoll, separate functions
 * cost two such returns: 8 ns for a wait with a read and about 30 ns for a
 * registration, as measured on x86-64 (gcc 12).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */

#include "compat/clock.h"
#include "poller.h"

/*
 * Defaults of the seam (internal.h).  A selector that replaces one of these
 * functions has defined a macro of its name.
 */
#ifndef mio_sel_close
void
mio_sel_close(struct mio_poller *poller)
{
	(void)poller;
}
#endif

#ifndef mio_sel_destroy
void
mio_sel_destroy(struct mio_poller *poller)
{
	(void)poller;
}
#endif

#ifndef mio_sel_fd
int
mio_sel_fd(const struct mio_poller *poller, mio_fd *fd)
{
	(void)poller;
	(void)fd;
	return -ENOTSUP;
}
#endif

#ifdef mio_sel_closing
const bool mio_sel_closes = true;
#else
const bool mio_sel_closes = false;

MIO_SEL int
mio_sel_closing(struct mio_poller *poller, const struct mio_source *source)
{
	return mio_sel_del(poller, source);
}
#endif

#ifndef mio_sel_forget
MIO_SEL void
mio_sel_forget(struct mio_poller *poller, const struct mio_source *source)
{
	(void)poller;
	(void)source;
}
#endif

#ifdef mio_sel_rearm
const bool mio_sel_rearms = true;
#else
const bool mio_sel_rearms = false;

void
mio_sel_rearm(const struct mio_source *source, unsigned int directions)
{
	(void)source;
	(void)directions;
}
#endif

/* When a wait ends; saturates, because callers pass INT64_MAX for "long". */
static int64_t
deadline_of(int64_t timeout)
{
	int64_t start = clock_now();

	return timeout > INT64_MAX - start ? INT64_MAX : start + timeout;
}

/* What is left of a wait's timeout, unless that is 0 or infinite. */
static int64_t
time_left(int64_t timeout, int64_t deadline)
{
	if (timeout > 0 && (timeout = deadline - clock_now()) < 0)
		return 0;
	return timeout;
}

/*
 * Out of line, so that callers that wait repeatedly do not each inline
 * mio_sel_wait().
 */
static MIO_NOINLINE int
wait_again(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	return mio_sel_wait(poller, events, nevents, timeout);
}

/* Polls with a timeout of 0 until there is an event or the time has passed. */
static int
spin(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t until)
{
	int n;

	do {
		n = wait_again(poller, events, nevents, 0);
	} while ((n == 0 || n == MIO_RESUME) && clock_now() < until);
	return n == MIO_RESUME ? 0 : n;
}

/* A wait that may have to be resumed, or that spins first. */
static MIO_COLD int
wait_until(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int64_t deadline = timeout > 0 ? deadline_of(timeout) : timeout;
	unsigned int spin_ns = atomic_get_relaxed(&poller->spin_ns);
	int n;

	if (spin_ns > 0 && timeout != 0) {
		int64_t until = deadline_of(spin_ns);

		if (timeout > 0 && deadline < until)
			until = deadline;
		if ((n = spin(poller, events, nevents, until)) != 0)
			return n;
		timeout = time_left(timeout, deadline);
	}
	for (;;) {
		n = wait_again(poller, events, nevents, timeout);
		if (n == 0 ? timeout >= 0 : n != MIO_RESUME)
			return n;
		timeout = time_left(timeout, deadline);
	}
}

/*
 * After a plain wait that returned no event, although it has no limit or the
 * time has not passed; or after one that failed.  If a finite wait has to be
 * resumed, the time that is left is unknown, and -EINTR ends it.  This requires
 * that resumes was set during the wait: the poller's first waker was created
 * and woken, and then freed or taken by another waiter; or, on kqueue, a broken
 * pipe was registered and its event is stale.
 */
static MIO_COLD int
resume(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout, int n)
{
	if (n != 0 && n != MIO_RESUME)
		return n;
	if (timeout > 0)
		return -EINTR;
	return wait_until(poller, events, nevents, timeout);
}

/*
 * The plain wait, which reads no clock.  Some kernels end an infinite wait
 * without an event and without an error, and so may a selector (internal.h).
 */
static MIO_INLINE int
wait_once(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n = mio_sel_wait(poller, events, nevents, timeout);

	if (n > 0 || (n == 0 && timeout >= 0))
		return n;
	return resume(poller, events, nevents, timeout, n);
}

static MIO_INLINE int
do_poll(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n;

	if (MIO_UNLIKELY(poller == NULL || events == NULL || nevents < 1))
		return mio_refuse(-EINVAL);
	if (MIO_UNLIKELY((n = mio_poller_check(poller)) < 0))
		return mio_refuse(n);
	if (MIO_UNLIKELY(atomic_get_relaxed(&poller->spin_ns) > 0) ||
	    (timeout > 0 && atomic_get_relaxed(&poller->resumes)))
		n = wait_until(poller, events, nevents, timeout);
	else
		n = wait_once(poller, events, nevents, timeout);
	MIO_PROBE4(poll, poller, nevents, timeout, n);
	return MIO_UNLIKELY(n < 0) ? mio_refuse(n) : n;
}

/*
 * Finite timeouts.  A separate function, so that this code is not in the middle
 * of the path for 0 and MIO_FOREVER.
 */
static MIO_NOINLINE int
poll_for(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	return do_poll(poller, events, nevents, timeout);
}

int
mio_poll(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout_ns)
{
	if (timeout_ns > 0)
		return poll_for(poller, events, nevents, timeout_ns);
	return do_poll(poller, events, nevents, timeout_ns);
}

/* Interests and modes that some selectors lack, and undefined bits. */
static MIO_NOINLINE int
check_rare(unsigned int interest)
{
	unsigned int wanted = interest & MIO_INTERESTS;

	if (wanted == 0 || (interest & ~(MIO_INTERESTS | MIO_MODES)) != 0)
		return -EINVAL;
	if ((interest & MIO_EXCLUSIVE) != 0 && ((interest & MIO_ONESHOT) != 0 ||
	    (wanted & ~(MIO_READABLE | MIO_WRITABLE)) != 0))
		return -EINVAL;
	if ((wanted & ~mio_sel_interests) != 0)
		return -ENOTSUP;
	return 0;
}

/* The checks of register and reregister that every selector shares. */
static inline int
check_interest(const struct mio_poller *poller, mio_token token,
    unsigned int interest)
{
	const unsigned int plain = MIO_READABLE | MIO_WRITABLE;

	/* The poller's address is the token of the selector's channel. */
	if (MIO_UNLIKELY(token == (mio_token)poller))
		return -EINVAL;
	if (MIO_UNLIKELY((interest & plain) == 0 ||
	    (interest & ~(plain | MIO_LEVEL | MIO_ONESHOT)) != 0))
		return check_rare(interest);
	return 0;
}

/* Whether the source is registered with this poller. */
static int
check_registered(const struct mio_poller *poller,
    const struct mio_source *source)
{
	if (poller == NULL || source == NULL)
		return -EINVAL;
	if (mio_kind(source) == MIO_KIND_EMPTY)
		return -EBADF;
	if (!mio_registered(source))
		return -ENOENT;
	if (mio_poller_of(source) != poller)
		return -EXDEV;
	return 0;
}

static int
do_register(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	int error;

	if (poller == NULL || source == NULL)
		return -EINVAL;
	if ((error = mio_poller_check(poller)) < 0)
		return error;
	if ((error = check_interest(poller, token, interest)) < 0)
		return error;
	if (mio_kind(source) == MIO_KIND_EMPTY)
		return -EBADF;
	if (MIO_UNLIKELY(mio_registered(source)))
		return mio_poller_of(source) == poller ? -EEXIST : -EXDEV;
	/* Before the system call, because code after the call costs more. */
	mio_poller_hold(poller);
	error = mio_sel_add(poller, source, token, interest);
	if (MIO_UNLIKELY(error < 0)) {
		mio_poller_drop(poller);
		return error;
	}
	mio_set_interest(source, interest);
	return 0;
}

int
mio_register(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	int error = do_register(poller, source, token, interest);

	MIO_PROBE4(register, poller, source, token, interest);
	return mio_result(error);
}

static int
do_reregister(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	int error;

	if ((error = check_registered(poller, source)) < 0)
		return error;
	if ((error = mio_poller_check(poller)) < 0)
		return error;
	if ((error = check_interest(poller, token, interest)) < 0)
		return error;
	/* epoll_ctl(2) cannot modify an exclusive registration. */
	if (((interest | mio_interest(source)) & MIO_EXCLUSIVE) != 0)
		return -EINVAL;
	if ((error = mio_sel_mod(poller, source, token, interest)) < 0)
		return error;
	mio_set_interest(source, interest);
	return 0;
}

int
mio_reregister(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest)
{
	int error = do_reregister(poller, source, token, interest);

	MIO_PROBE4(reregister, poller, source, token, interest);
	return mio_result(error);
}

/*
 * Ends a registration in the way that the poller's state allows.  A closed
 * poller has no kernel object any more, and in a forked child the kernel object
 * is the parent's.  Returns a public function's result.
 */
static MIO_INLINE int
unregister(struct mio_source *source, bool closing)
{
	struct mio_poller *poller = mio_poller_of(source);
	const struct mio_source was = *source;

	source->priv = mio_kind(source);
	if (MIO_UNLIKELY(mio_poller_check(poller) < 0)) {
		mio_sel_forget(poller, &was);
		mio_poller_drop(poller);
		return 0;
	}
	/* An open poller has a handle, which keeps the memory here. */
	(void)count_down(&poller->memory);
	return closing ? mio_sel_closing(poller, &was) :
	    mio_sel_del(poller, &was);
}

void
mio_unregister(struct mio_source *source, bool closing)
{
	int saved = errno;

	(void)unregister(source, closing);
	errno = saved;
}

static MIO_INLINE int
do_deregister(struct mio_poller *poller, struct mio_source *source)
{
	int error;

	if (MIO_UNLIKELY((error = check_registered(poller, source)) < 0))
		return mio_refuse(error);
	if (MIO_UNLIKELY(mio_poller_check(poller) == -EINVAL))
		return mio_refuse(-EINVAL);
	return unregister(source, false);
}

int
mio_deregister(struct mio_poller *poller, struct mio_source *source)
{
	int result = do_deregister(poller, source);

	MIO_PROBE2(deregister, poller, source);
	return result;
}
