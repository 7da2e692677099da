/*
 * Scenarios of waits that end before their time: cancellation, signals and
 * timeouts.
 */
#include "config.h"

#include <string.h>

#include "fixture.h"

#define SHORT_WAIT	1500000	/* ns; not in whole milliseconds */

/* The waiter is cancelled beside a wake. */
static void
one_wake_late_cancel(void)
{
	with_waker();
	expect_wakes(1, 0);
	explore_late_cancel = true;
}

static void
one_wake(void)
{
	with_waker();
	expect_wakes(1, 0);
}

static void
cancel_first(void)
{
	explore_cancel(0);
}

static void
poll_one(void)
{
	EXPECT(poll_room(4, MIO_FOREVER) == 1);
}

static void
check_one_wake(void)
{
	if (events[TOKEN_1] == 0)
		EXPECT(poll_now(4) == 1);
	EXPECT(events[TOKEN_1] == 1);
	check_and_free();
}

/* The waiter is cancelled beside a registration. */
static void
ready_a_late_cancel(void)
{
	with_waker();
	open_source(&a, &peer_a);
	send_to_a();
	explore_late_cancel = true;
}

/*
 * An edge that the kernel delivered to the cancelled thread is lost, where the
 * C library allows that; poll(2) has levels.
 */
static void
check_a_after_cancel(void)
{
	int n;

	if (events[TOKEN_A] == 0) {
		n = poll_now(4);
		EXPECT(n == 1 || strcmp(mio_sel_name, "poll") != 0);
	}
	check_and_free();
}

/*
 * The waiter is cancelled beside the end of a peer, which event ports check by
 * a call that must not be cancelled.
 */
static void
registered_a_late_cancel(void)
{
	with_waker();
	open_source(&a, &peer_a);
	register_source(&a, TOKEN_A);
	explore_late_cancel = true;
}

static void
end_peer_a(void)
{
	EXPECT(hook_close(peer_a) == 0);
	peer_a = -1;
}

/* The waiter is cancelled while two threads change registrations. */
static void
two_changes_late_cancel(void)
{
	ready_a_late_cancel();
	open_source(&c, &peer_c);
	register_source(&c, TOKEN_C);
}

static void
poll_any(void)
{
	poll_forever(4);
}

static void
deregister_c_and_cancel(void)
{
	EXPECT(mio_deregister(poller, &c) == 0);
	explore_cancel(0);
}

/* A thread is cancelled in a wake, which must be whole or not at all. */
static void
cancel_and_consume(void)
{
	explore_cancel(0);
	explore_join(0);
	if (accounts[1].begun > 0) {
		expect_wakes(1, 0);
		consume_1();
	}
}

/*
 * A thread is cancelled in a registration: poll(2)'s waiter must not be left
 * waiting for it.  The registration is made or not.
 */
static void
wake_and_open_a(void)
{
	one_wake();
	open_source(&a, &peer_a);
}

static void
register_deregister_a(void)
{
	register_a();
	EXPECT(mio_deregister(poller, &a) == 0);
}

static void
cancel_join_and_wake(void)
{
	explore_cancel(0);
	explore_join(0);
	wake_1();
}

/* The handler of a signal wakes. */
static void
handler_1(void)
{
	wake_1();
}

static void
handler_2(void)
{
	wake_2();
}

static bool
all_seen(void)
{
	return accounts[1].seen == accounts[1].begun &&
	    accounts[2].seen == accounts[2].begun;
}

/* Signals may come until the first thread has finished. */
static void
consume_signals(void)
{
	int n;

	while (!all_seen() || !explore_finished(0)) {
		if (all_seen()) {
			explore_join(0);
			continue;
		}
		n = poll_room(1, MIO_FOREVER);
		EXPECT(n > 0 || n == -EINTR);
	}
}

/* A signal interrupts the waiter while others change registrations. */
static void
two_changes_and_signal(void)
{
	with_wakers();
	open_source(&a, &peer_a);
	open_source(&c, &peer_c);
	register_source(&c, TOKEN_C);
}

static void
register_a_and_wake(void)
{
	register_a();
	wake_1();
}

static void
deregister_c(void)
{
	EXPECT(mio_deregister(poller, &c) == 0);
}

static void
consume_wake_and_signals(void)
{
	int n;

	while (accounts[1].seen < 1 || !all_seen()) {
		n = poll_room(4, MIO_FOREVER);
		EXPECT(n >= 1 || n == -EINTR);
	}
}

/* A wait with a timeout never ends before it without an event. */
static int64_t
virtual_now(void)
{
	struct timespec ts;

	EXPECT(hook_clock_gettime(&ts) == 0);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int
poll_short(void)
{
	int64_t start = virtual_now();
	int n = poll_room(4, SHORT_WAIT);

	EXPECT(n != 0 || virtual_now() - start >= SHORT_WAIT);
	return n;
}

static int polled;

static void
poll_timeout(void)
{
	polled = poll_short();
	EXPECT(polled >= 0);
}

/* EINTR is allowed if the first waker came and went during the wait. */
static void
poll_timeout_or_eintr(void)
{
	polled = poll_short();
	EXPECT(polled >= 0 || polled == -EINTR);
}

static void
first_waker(void)
{
	struct mio_waker *waker = mio_waker_new(poller, TOKEN_1);

	EXPECT(waker != NULL);
	accounts[1].begun++;
	EXPECT(mio_waker_wake(waker) == 0);
	mio_waker_free(waker);
	accounts[1].freed = true;
}

static void
check_silent(void)
{
	EXPECT(poll_now(4) == 0);
	free_all();
}

static void
open_a(void)
{
	with_poller();
	open_source(&a, &peer_a);
}

static void
check_timeout(void)
{
	EXPECT(polled == 0);
	free_all();
}

static void
spinning(void)
{
	one_wake();
	EXPECT(mio_poller_set_spin(poller, 3000) == 0);
}

const struct scenario wait_scenarios[] = {
	{ .name = "cancel", .setup = one_wake,
	    .body = { poll_one, cancel_first, wake_1 },
	    .check = check_one_wake },
	{ .name = "cancel-late", .setup = one_wake_late_cancel,
	    .body = { poll_one, cancel_first, wake_1 },
	    .check = check_one_wake, .only = "epoll poll kqueue" },
	{ .name = "cancel-register", .setup = ready_a_late_cancel,
	    .body = { poll_one, cancel_first, register_a },
	    .check = check_a_after_cancel },
	{ .name = "cancel-end", .setup = registered_a_late_cancel,
	    .body = { poll_one, cancel_first, end_peer_a },
	    .check = check_a_after_cancel },
	{ .name = "cancel-two-changers", .setup = two_changes_late_cancel,
	    .body = { poll_any, register_a, deregister_c_and_cancel },
	    .check = check_a_after_cancel },
	{ .name = "cancel-wake", .setup = with_waker,
	    .body = { wake_1, cancel_and_consume }, .check = free_all },
	{ .name = "cancel-changer", .setup = wake_and_open_a,
	    .body = { register_deregister_a, cancel_join_and_wake, consume_4 },
	    .check = drain_and_free },
	{ .name = "signal", .setup = with_waker,
	    .body = { wake_1, consume_signals }, .check = check_and_free,
	    .handler = handler_1, .signals = 2, .receivers = 3 },
	{ .name = "signal-other", .setup = with_wakers,
	    .body = { wake_1, consume_signals }, .check = check_and_free,
	    .handler = handler_2, .signals = 2, .receivers = 3 },
	{ .name = "signal-changers", .setup = two_changes_and_signal,
	    .body = { register_a_and_wake, deregister_c,
	    consume_wake_and_signals }, .check = drain_and_free,
	    .handler = handler_2, .signals = 1, .receivers = 4 },
	{ .name = "timeout", .setup = one_wake,
	    .body = { poll_timeout, wake_1 }, .check = check_one_wake },
	{ .name = "timeout-first-waker", .setup = with_poller,
	    .body = { poll_timeout_or_eintr, first_waker },
	    .check = check_silent },
	{ .name = "timeout-register", .setup = open_a,
	    .body = { poll_timeout, register_a }, .check = check_timeout },
	{ .name = "spin", .setup = spinning,
	    .body = { consume_1, wake_1 }, .check = check_and_free },
	{ .name = NULL }
};
