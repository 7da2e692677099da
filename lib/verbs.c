/*
 * The public verbs: argument checks, and one call into the selector.
 *
 * Each lib/sel_*.c ends by including this, so that the compiler sees both sides
 * of the seam.  After a system call a processor knows little of the branches
 * and returns that follow; on epoll a verb of its own, which calls the
 * selector's in another file, takes 10 to 20 ns more.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#ifndef VERBS_H
#define VERBS_H

#include "compat/clock.h"
#include "poller.h"

/* Out of the way of the calls that aren't refused. */
static MIO_COLD int
refuse(int error)
{
	return mio_result(error);
}

/* When a wait ends; saturates, because callers pass INT64_MAX for "long". */
static int64_t
deadline_of(int64_t timeout)
{
	int64_t start = clock_now();

	return timeout > INT64_MAX - start ? INT64_MAX : start + timeout;
}

/* What waits more than once has no copies of the wait, which may be inline. */
static MIO_APART int
wait_again(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	return mio_sel_wait(poller, events, nevents, timeout);
}

/* Asks without waiting until something comes, or the time is over. */
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
	int n = 0;

	if (spin_ns > 0 && timeout != 0) {
		int64_t until = deadline_of(spin_ns);

		if (timeout > 0 && deadline < until)
			until = deadline;
		n = spin(poller, events, nevents, until);
	}
	while (n == 0 || n == MIO_RESUME) {
		if (timeout > 0 && (timeout = deadline - clock_now()) < 0)
			timeout = 0;
		n = wait_again(poller, events, nevents, timeout);
		if (n == 0)
			break;
	}
	return n;
}

/*
 * The plain wait, which reads no clock.  If it has to be resumed, nobody knows
 * how much of a finite one is left: that is for a first waker that was made,
 * woken and freed while the wait was on.
 */
static MIO_INLINE int
wait_once(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n = mio_sel_wait(poller, events, nevents, timeout);

	if (MIO_RARE(n == MIO_RESUME)) {
		if (timeout > 0)
			return -EINTR;
		return wait_until(poller, events, nevents, timeout);
	}
	return n;
}

static MIO_INLINE int
do_poll(struct mio_poller *poller, struct mio_event *events, int nevents,
    int64_t timeout)
{
	int n;

	if (MIO_RARE(poller == NULL || events == NULL || nevents < 1))
		return refuse(-EINVAL);
	if (MIO_RARE((n = mio_poller_check(poller)) < 0))
		return refuse(n);
	if (MIO_RARE(atomic_get_relaxed(&poller->spin_ns) > 0) ||
	    (timeout > 0 && atomic_get_relaxed(&poller->resumes)))
		n = wait_until(poller, events, nevents, timeout);
	else
		n = wait_once(poller, events, nevents, timeout);
	MIO_PROBE4(poll, poller, nevents, timeout, n);
	return MIO_RARE(n < 0) ? refuse(n) : n;
}

/* A wait that ends by itself: apart, or the others would go round it. */
static MIO_APART int
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

/* Interests and modes that not every selector has, or that nobody has. */
static MIO_APART int
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

/* What register and reregister refuse, whatever the selector. */
static inline int
check_interest(const struct mio_poller *poller, mio_token token,
    unsigned int interest)
{
	const unsigned int plain = MIO_READABLE | MIO_WRITABLE;

	/* The selector marks its channel by this address. */
	if (MIO_RARE(token == (mio_token)poller))
		return -EINVAL;
	if (MIO_RARE((interest & plain) == 0 ||
	    (interest & ~(plain | MIO_LEVEL | MIO_ONESHOT)) != 0))
		return check_rare(interest);
	return 0;
}

/* Is the source registered, with this poller, in this process? */
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
	if (MIO_RARE(mio_registered(source)))
		return mio_poller_of(source) == poller ? -EEXIST : -EXDEV;
	/* What can be done before the system call isn't done after it. */
	mio_poller_hold(poller);
	error = mio_sel_add(poller, source, token, interest);
	if (MIO_RARE(error < 0)) {
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
	/* epoll_ctl(2) can't modify an exclusive registration. */
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
 * Ends a registration in the way that the poller's state allows: a dead
 * poller's kernel object is gone, and a child's is the parent's.  The result
 * is a public function's.
 */
static MIO_INLINE int
unregister(struct mio_source *source)
{
	struct mio_poller *poller = mio_poller_of(source);
	const struct mio_source was = *source;

	source->priv = mio_kind(source);
	if (MIO_RARE(mio_poller_check(poller) < 0)) {
		mio_sel_forget(poller, &was);
		mio_poller_drop(poller);
		return 0;
	}
	/* A handle holds the memory, and stays while we are in here. */
	(void)count_down(&poller->memory);
	return mio_sel_del(poller, &was);
}

void
mio_unregister(struct mio_source *source)
{
	int saved = errno;

	(void)unregister(source);
	errno = saved;
}

static MIO_INLINE int
do_deregister(struct mio_poller *poller, struct mio_source *source)
{
	int error;

	if (MIO_RARE((error = check_registered(poller, source)) < 0))
		return refuse(error);
	if (MIO_RARE(mio_poller_check(poller) == -EINVAL))
		return refuse(-EINVAL);
	return unregister(source);
}

int
mio_deregister(struct mio_poller *poller, struct mio_source *source)
{
	int result = do_deregister(poller, source);

	MIO_PROBE2(deregister, poller, source);
	return result;
}

#endif /* VERBS_H */
