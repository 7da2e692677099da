/*
 * The operations, except for those in data.c.  An operation does nothing if
 * its end isn't in the right state.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "ops.h"

void
check_result(struct walk *walk, const char *call, int result, int wanted)
{
	int error = result < 0 ? errno : 0;

	note(walk, "%s: %d", call, error);
	if (result != (wanted != 0 ? -1 : 0) || error != wanted)
		fault(walk, FAULT_RESULT, "%s: %d and errno %d, not %d", call,
		    result, error, wanted);
}

static bool
has_twin(const struct walk *walk, const struct end *end)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		const struct end *twin = &walk->ends[i];

		if (twin != end && twin->kind != KIND_NONE &&
		    twin->connection == end->connection &&
		    twin->side == end->side)
			return true;
	}
	return false;
}

/*
 * If this was the last descriptor of its side, the other side sees end of
 * file.
 */
static void
has_closed(struct walk *walk, struct end *end)
{
	if (!has_twin(walk, end))
		has_gone(walk, end);
	end_closed(end);
}

static void
do_close(struct walk *walk, struct end *end)
{
	if (end->kind == KIND_NONE)
		return;
	check_result(walk, "close", mio_source_close(source(end)), 0);
	has_closed(walk, end);
}

/* NetBSD refuses options of a socket whose connection was reset. */
static bool
is_dropped(int error)
{
#ifdef __NetBSD__
	return error == ECONNRESET;
#else
	(void)error;
	return false;
#endif
}

static void
do_reset(struct walk *walk, struct end *end)
{
	struct linger linger = { 1, 0 };

	if (end->kind != KIND_TCP)
		return;
	need(setsockopt(mio_source_fd(source(end)), SOL_SOCKET, SO_LINGER,
	    &linger, sizeof(linger)) == 0 || is_dropped(errno));
	do_close(walk, end);
}

/* Moves the descriptor to a new foreign source. */
static void
do_adopt(struct walk *walk, struct end *end)
{
	int fd;

	if (end->kind == KIND_NONE)
		return;
	need((fd = mio_source_release(source(end))) >= 0);
	check_result(walk, "from_fd", mio_source_from_fd(source(end), fd), 0);
	end->registered = false;
	end->foreign = true;
}

static void
do_raw_close(struct walk *walk, struct end *end)
{
	int fd;

	if (end->kind == KIND_NONE)
		return;
	if (end->registered)
		check_result(walk, "deregister", mio_deregister(walk->poller,
		    source(end)), 0);
	need((fd = mio_source_release(source(end))) >= 0);
	need(close(fd) == 0);
	has_closed(walk, end);
}

/*
 * Closes a registered descriptor with close(2).  Its events stop, though on
 * epoll not if it was duplicated.  The kernel may have dropped the
 * registration.
 */
static void
do_gone(struct walk *walk, struct end *end)
{
	int result;

	if (!end->registered || has_twin(walk, end))
		return;
	/* AFD can't detect that the socket of a queued event is closed. */
	if (on_selector("afd") && (truth(end) | end->was_true) != 0)
		return;
	need(close(mio_source_fd(source(end))) == 0);
	has_gone(walk, end);
	end->registered = false;
	(void)poll_once(walk, ROOM, 0);
	result = mio_deregister(walk->poller, source(end));
	if (result < 0 && errno != EBADF && errno != ENOENT)
		fault(walk, FAULT_RESULT, "deregister: errno %d", errno);
	need(mio_source_release(source(end)) >= 0);
	end_closed(end);
}

/* Copies a source to its other place, and overwrites the old one. */
static void
do_move(struct end *end)
{
	struct mio_source *from = source(end);

	if (end->kind == KIND_NONE)
		return;
	end->here = !end->here;
	*source(end) = *from;
	memset(from, 0xa5, sizeof(*from));
}

static struct end *
find_listener(struct walk *walk)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].kind == KIND_LISTENER)
			return &walk->ends[i];
	}
	return NULL;
}

static void
do_connect(struct walk *walk, struct end *end)
{
	struct end *listener = find_listener(walk);
	struct sockaddr_storage addr;
	mio_socklen len;

	if (end->kind != KIND_NONE || listener == NULL)
		return;
	(void)local_addr(source(listener), &addr, &len);
	check_result(walk, "connect", mio_tcp_connect(&end->source[0],
	    (struct sockaddr *)&addr, len, 0), 0);
	open_stream(walk, end);
}

/*
 * BSD reports a connection that was reset before it was accepted: accept(2).
 * Others accept it, or drop it.
 */
static bool
is_aborted(int error)
{
#ifdef BSD
	return error == ECONNABORTED;
#else
	(void)error;
	return false;
#endif
}

static void
do_accept(struct walk *walk, struct end *end)
{
	struct end *listener = find_listener(walk);
	int result;

	if (end->kind != KIND_NONE || listener == NULL)
		return;
	result = mio_tcp_accept(source(listener), &end->source[0], NULL, NULL,
	    0);
	note(walk, "accept: %d", result < 0 ? errno : 0);
	if (result == 0) {
		has_moved(walk, listener, MIO_READABLE);
		open_stream(walk, end);
	} else if (errno == EAGAIN) {
		got_eagain(listener, MIO_READABLE);
	} else if (is_aborted(errno)) {
		has_moved(walk, listener, MIO_READABLE);
	} else {
		fault(walk, FAULT_RESULT, "accept: errno %d", errno);
	}
}

static void
do_register(struct walk *walk, struct end *end, unsigned int interest)
{
	int result = mio_register(walk->poller, source(end), walk->next_token,
	    interest);

	if (end->kind == KIND_NONE) {
		check_result(walk, "register", result, EBADF);
	} else if (end->registered) {
		check_result(walk, "register", result, EEXIST);
	} else {
		check_result(walk, "register", result, 0);
		has_registered(end, interest, false);
		end->token = walk->next_token++;
	}
}

static void
do_reregister(struct walk *walk, struct end *end, unsigned int interest)
{
	int result = mio_reregister(walk->poller, source(end),
	    walk->next_token, interest);

	if (end->kind == KIND_NONE) {
		check_result(walk, "reregister", result, EBADF);
	} else if (!end->registered) {
		check_result(walk, "reregister", result, ENOENT);
	} else if (((end->interest | interest) & MIO_EXCLUSIVE) != 0) {
		check_result(walk, "reregister", result, EINVAL);
	} else {
		check_result(walk, "reregister", result, 0);
		has_registered(end, interest, true);
		end->token = walk->next_token++;
	}
}

static void
do_deregister(struct walk *walk, struct end *end)
{
	if (end->kind == KIND_NONE)
		return;
	check_result(walk, "deregister", mio_deregister(walk->poller,
	    source(end)), end->registered ? 0 : ENOENT);
	end->registered = false;
}

/* These calls must fail and change nothing; they have the order of ops.c. */
static void
do_mistake(struct walk *walk, struct end *end, unsigned int which)
{
	struct mio_source *made = source(end);
	int stranger = end->registered ? EXDEV : ENOENT;

	if (end->kind == KIND_NONE)
		return;
	if (which == 0 && end->registered)
		check_result(walk, "register", mio_register(walk->other, made,
		    1, BOTH), EXDEV);
	if (which == 1)
		check_result(walk, "reregister", mio_reregister(walk->other,
		    made, 1, BOTH), stranger);
	if (which == 2)
		check_result(walk, "deregister", mio_deregister(walk->other,
		    made), stranger);
	if (which == 3)
		check_result(walk, "register", mio_register(walk->poller,
		    made, 1, 0), EINVAL);
	if (which == 4 && end->registered)
		check_result(walk, "reregister", mio_reregister(walk->poller,
		    made, 1, BOTH | 0x8000), EINVAL);
	if (which == 5 && !end->registered)
		check_result(walk, "register", mio_register(walk->poller,
		    made, 1, BOTH | MIO_ONESHOT | MIO_EXCLUSIVE), EINVAL);
}

static void
do_waker(struct walk *walk, struct waker *waker)
{
	if (waker->waker != NULL)
		return;
	memset(waker, 0, sizeof(*waker));
	waker->token = walk->next_token++;
	waker->waker = mio_waker_new(walk->poller, waker->token);
	need(waker->waker != NULL);
}

static void
do_wake(struct walk *walk, struct waker *waker)
{
	if (waker->waker == NULL)
		return;
	check_result(walk, "wake", mio_waker_wake(waker->waker), 0);
	waker->pending = true;
}

static struct mio_waker *signalled;

static void
on_signal(int sig)
{
	(void)sig;
	if (mio_waker_wake(signalled) < 0)
		_exit(97);
}

static void
do_wake_signal(struct waker *waker)
{
	if (waker->waker == NULL)
		return;
	signalled = waker->waker;
	need(signal(SIGUSR1, on_signal) != SIG_ERR && raise(SIGUSR1) == 0);
	waker->pending = true;
}

static void
do_free_waker(struct waker *waker)
{
	mio_waker_free(waker->waker);
	memset(waker, 0, sizeof(*waker));
}

static void *
run_wake(void *arg)
{
	return mio_waker_wake(arg) == 0 ? arg : NULL;
}

/* A thread wakes while this one waits, or just before. */
static void
do_wake_beside(struct walk *walk, struct waker *waker)
{
	pthread_t thread;

	if (waker->waker == NULL || waker->pending)
		return;
	waker->pending = waker->beside = true;
	thread = start_thread(run_wake, waker->waker);
	while (waker->pending)
		(void)poll_once(walk, ROOM, MIO_FOREVER);
	need(join_thread(thread) != NULL);
}

static bool
step_of_end(struct walk *walk, struct end *end, const struct op *op)
{
	switch (op->code) {
	case OP_OPEN:
		/* A connection takes a pair of slots. */
		end = &walk->ends[op->end & ~1];
		if (open_pair(walk, end, end + 1, op->arg))
			note(walk, "open");
		return true;
	case OP_LISTEN:
		if (end->kind == KIND_NONE && find_listener(walk) == NULL)
			open_listener(walk, end);
		return true;
	case OP_CONNECT:
		do_connect(walk, end);
		return true;
	case OP_ACCEPT:
		do_accept(walk, end);
		return true;
	case OP_DUP:
		if (dup_end(end, &walk->ends[op->arg]))
			note(walk, "dup");
		return true;
	case OP_MOVE:
		do_move(end);
		return true;
	case OP_CLOSE:
		do_close(walk, end);
		return true;
	case OP_CLOSE_BOTH:
		do_close(walk, &walk->ends[op->end & ~1]);
		do_close(walk, &walk->ends[op->end | 1]);
		return true;
	case OP_RESET:
		do_reset(walk, end);
		return true;
	case OP_ADOPT:
		do_adopt(walk, end);
		return true;
	case OP_RAW_CLOSE:
		do_raw_close(walk, end);
		return true;
	case OP_GONE:
		do_gone(walk, end);
		return true;
	default:
		return false;
	}
}

static bool
step_of_registration(struct walk *walk, struct end *end, const struct op *op)
{
	switch (op->code) {
	case OP_REGISTER:
		do_register(walk, end, interests[op->arg]);
		return true;
	case OP_REREGISTER:
		do_reregister(walk, end, interests[op->arg]);
		return true;
	case OP_DEREGISTER:
		do_deregister(walk, end);
		return true;
	case OP_MISTAKE:
		do_mistake(walk, end, op->arg);
		return true;
	default:
		return false;
	}
}

static void
step_of_none(struct walk *walk, const struct op *op)
{
	switch (op->code) {
	case OP_WAKER:
		do_waker(walk, &walk->wakers[op->arg]);
		break;
	case OP_WAKE:
		do_wake(walk, &walk->wakers[op->arg]);
		break;
	case OP_FREE_WAKER:
		do_free_waker(&walk->wakers[op->arg]);
		break;
	case OP_WAKE_BESIDE:
		do_wake_beside(walk, &walk->wakers[op->arg]);
		break;
	case OP_WAKE_SIGNAL:
		do_wake_signal(&walk->wakers[op->arg]);
		break;
	case OP_SPIN:
		check_result(walk, "spin", mio_poller_set_spin(walk->poller,
		    op->arg * 1000), 0);
		break;
	case OP_BRIEF:
		(void)poll_once(walk, ROOM, op->arg * 1000);
		break;
	case OP_POLL:
		(void)poll_once(walk, op->arg, 0);
		break;
	case OP_WAIT:
		if (something_due(walk))
			(void)poll_once(walk, ROOM, MIO_FOREVER);
		break;
	case OP_ROUND:
		poll_round(walk, op->arg);
		break;
	default:
		settle(walk);
		break;
	}
}

void
take_step(struct walk *walk, const struct op *op)
{
	struct end *end = &walk->ends[op->end];

	walk->op = op;
	if (walk->verbose)
		(void)fprintf(stderr, "%s\n", op_text(op));
	if (op->code >= OP_FIRST_OF_NONE)
		step_of_none(walk, op);
	else if (!step_of_end(walk, end, op) &&
	    !step_of_registration(walk, end, op))
		step_of_data(walk, end, op);
}
