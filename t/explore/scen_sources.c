/*
 * Scenarios of sources: a registration changes, or its descriptor is used,
 * beside a wait.
 */
#include "config.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* Source a is ready, and is registered beside a wait. */
static void
ready_a(void)
{
	with_poller();
	open_source(&a, &peer_a);
	send_to_a();
}

static void
poll_a(void)
{
	EXPECT(poll_room(4, MIO_FOREVER) == 1 && events[TOKEN_A] == 1);
}

static void
open_a(void)
{
	with_waker();
	open_source(&a, &peer_a);
	expect_wakes(1, 0);
}

static void
register_a_and_wake(void)
{
	register_a();
	wake_1();
}

/* Two threads change registrations. */
static void
open_a_and_c(void)
{
	open_a();
	open_source(&c, &peer_c);
	register_source(&c, TOKEN_C);
}

static void
deregister_c(void)
{
	EXPECT(mio_deregister(poller, &c) == 0);
}

static void
reregister_c(void)
{
	EXPECT(mio_reregister(poller, &c, TOKEN_C, MIO_READABLE) == 0);
}

static void
reregister_and_rearm_c(void)
{
	reregister_c();
	EXPECT(mio_source_would_block(&c, MIO_READABLE) == 0);
}

static void
register_deregister_a(void)
{
	register_a();
	EXPECT(mio_deregister(poller, &a) == 0);
	wake_1();
}

/*
 * The system refuses the signal by which poll(2)'s waiter is woken for a
 * change: the call fails, but the change may be made.
 */
static void
register_a_until_accepted(void)
{
	while (mio_register(poller, &a, TOKEN_A, MIO_READABLE) < 0) {
		EXPECT(errno == EIO);
		explore_no_refusal = true;
	}
}

static void
a_reported(void)
{
	with_poller_and_a();
	send_to_a();
	EXPECT(poll_now(4) == 1);
}

static void
reregister_a_until_accepted(void)
{
	while (mio_reregister(poller, &a, TOKEN_A2, MIO_READABLE) < 0) {
		EXPECT(errno == EIO);
		explore_no_refusal = true;
	}
}

static void
deregister_a_maybe(void)
{
	if (mio_deregister(poller, &a) < 0)
		EXPECT(errno == EIO);
	explore_no_refusal = true;
	a_gone = true;
	explore_note("source a is deregistered");
	wake_1();
}

static void
poll_until_a2(void)
{
	while (events[TOKEN_A2] == 0)
		poll_forever(4);
}

/* No wait that begins after a deregistration reports the source. */
static void
a_and_expected_wake(void)
{
	with_waker_and_a();
	expect_wakes(1, 0);
}

static void
deregister_a_and_wake(void)
{
	deregister_a();
	wake_1();
}

/* Whatever takes the place of a registration inherits no event of it. */
static void
ready_a_and_open_c(void)
{
	with_poller_and_a();
	send_to_a();
	open_source(&c, &peer_c);
}

static void
replace_a_by_c(void)
{
	deregister_a();
	register_source(&c, TOKEN_C);
}

static void
poll_now_twice(void)
{
	EXPECT(poll_now(4) >= 0);
	EXPECT(poll_now(4) >= 0);
}

static void
check_c_silent(void)
{
	EXPECT(poll_now(4) == 0);
	EXPECT(events[TOKEN_C] == 0);
	free_all();
}

/* The descriptor of source a is closed, and its number is used again. */
static void
reuse_number(int number)
{
	open_source(&c, &peer_c);
	EXPECT(mio_source_fd(&c) == number);
}

static void
deregister_and_reuse(void)
{
	int number = mio_source_fd(&a);

	deregister_a();
	EXPECT(hook_close(mio_source_release(&a)) == 0);
	reuse_number(number);
	send_byte(peer_c);
	wake_1();
}

static void
close_and_reuse(void)
{
	int number = mio_source_fd(&a);

	EXPECT(mio_source_close(&a) == 0);
	a_gone = true;
	reuse_number(number);
	register_source(&c, TOKEN_C);
	send_byte(peer_c);
}

static void
poll_until_c(void)
{
	while (events[TOKEN_C] == 0)
		poll_forever(4);
}

/*
 * The end of a pipe is reported while its descriptor is registered once more,
 * for itself or for another file.
 */
static void
reader_a(void)
{
	int fds[2];

	with_waker();
	EXPECT(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
	explore_own_fd(fds[0]);
	explore_own_fd(fds[1]);
	EXPECT(mio_source_from_fd(&a, fds[0]) == 0);
	peer_a = fds[1];
	register_source(&a, TOKEN_A);
}

static void
end_a(void)
{
	EXPECT(hook_close(peer_a) == 0);
	peer_a = -1;
}

static void
end_and_reregister_a(void)
{
	end_a();
	reregister_a();
}

static void
end_and_reuse(void)
{
	end_a();
	close_and_reuse();
}

/* A source is closed beside two waiters, one of which poll(2) refuses. */
static void
close_a_and_wake(void)
{
	EXPECT(mio_source_close(&a) == 0);
	a_gone = true;
	wake_1();
}

/* Modes. */
static void
oneshot_a(void)
{
	with_poller();
	open_source(&a, &peer_a);
	EXPECT(mio_register(poller, &a, TOKEN_A, MIO_READABLE |
	    MIO_ONESHOT) == 0);
}

static void
read_a(void)
{
	char buf[4];

	EXPECT(mio_source_read(&a, buf, sizeof(buf)) == 1);
}

static void
poll_oneshot_twice(void)
{
	EXPECT(poll_room(4, MIO_FOREVER) == 1);
	EXPECT(poll_now(4) == 0);
	EXPECT(mio_reregister(poller, &a, TOKEN_A, MIO_READABLE |
	    MIO_ONESHOT) == 0);
	EXPECT(poll_room(4, MIO_FOREVER) == 1);
	read_a();
}

static void
level_a(void)
{
	with_poller();
	open_source(&a, &peer_a);
	EXPECT(mio_register(poller, &a, TOKEN_A, MIO_READABLE |
	    MIO_LEVEL) == 0);
}

static void
poll_level_twice(void)
{
	EXPECT(poll_room(4, MIO_FOREVER) == 1);
	EXPECT(poll_room(4, MIO_FOREVER) == 1);
	read_a();
	EXPECT(poll_now(4) == 0);
}

/* A source is reregistered beside a wait and a peer that writes. */
static void
widen_a(void)
{
	EXPECT(mio_reregister(poller, &a, TOKEN_A2, MIO_READABLE |
	    MIO_WRITABLE) == 0);
}

static void
poll_one(void)
{
	EXPECT(poll_room(4, MIO_FOREVER) == 1);
}

static void
check_either_token(void)
{
	EXPECT(events[TOKEN_A] + events[TOKEN_A2] == 1);
	if (events[TOKEN_A2] == 0)
		EXPECT(poll_now(4) == 1 && events[TOKEN_A2] == 1);
	free_all();
}

static void
two_with_one_token(void)
{
	with_poller_and_a();
	open_source(&c, &peer_c);
	register_source(&c, TOKEN_A);
}

static void
send_to_both(void)
{
	send_byte(peer_a);
	send_byte(peer_c);
}

static void
poll_until_both(void)
{
	while (events[TOKEN_A2] == 0 || events[TOKEN_C] == 0)
		poll_forever(1);
}

/*
 * A source is read until EAGAIN beside a peer that writes and a wait: the next
 * byte must be reported.
 */
static int received;

static void
one_byte_unreported(void)
{
	with_waker_and_a();
	received = 0;
	send_to_a();
}

static void
one_byte(void)
{
	one_byte_unreported();
	EXPECT(poll_now(4) == 1);
}

/* One byte at a time, so that no read is short. */
static void
drain_a(void)
{
	char buf[1];
	mio_ssize n;

	while ((n = mio_source_read(&a, buf, 1)) > 0)
		received += (int)n;
	EXPECT(n == -1 && errno == EAGAIN);
}

static void
drain_foreign_a(void)
{
	char buf[1];
	ssize_t n;

	while ((n = hook_recvfrom(mio_source_fd(&a), buf, 1, 0, NULL, NULL,
	    "user")) > 0)
		received += (int)n;
	EXPECT(n == -1 && errno == EAGAIN);
	EXPECT(mio_source_would_block(&a, MIO_READABLE) == 0);
}

static void
drain_and_wake(void)
{
	drain_a();
	if (received == 2)
		wake_1();
}

static void
drain_foreign_and_wake(void)
{
	drain_foreign_a();
	if (received == 2)
		wake_1();
}

static void
poll_and_drain(void)
{
	int before;

	while (received < 2) {
		before = events[TOKEN_A];
		poll_forever(4);
		if (events[TOKEN_A] > before)
			drain_a();
	}
}

static void
poll_and_drain_always(void)
{
	while (received < 2) {
		poll_forever(1);
		drain_a();
	}
}

static void
check_received(void)
{
	EXPECT(received == 2);
	(void)poll_now(4);
	send_to_a();
	EXPECT(poll_now(4) == 1);
	free_all();
}

/* A wait that does not block reports a source that is ready. */
static void
wake_free_and_send(void)
{
	wake_1();
	free_waker(1);
	send_to_a();
}

static void
join_and_poll_now(void)
{
	explore_join(0);
	EXPECT(poll_now(1) == 1);
}

static void
check_a_once(void)
{
	if (events[TOKEN_A] == 0)
		EXPECT(poll_now(1) == 1);
	EXPECT(events[TOKEN_A] == 1);
	EXPECT(poll_now(1) == 0);
	free_all();
}

/* Sources and wakers share a small array. */
static void
sources_and_wakers(void)
{
	with_wakers();
	open_source(&a, &peer_a);
	register_a();
	open_source(&c, &peer_c);
	register_source(&c, TOKEN_C);
	expect_wakes(1, 1);
}

static void
send_to_both_and_wake(void)
{
	send_to_both();
	wake_1();
}

static void
poll_for_all(int room)
{
	while (!consumed() || events[TOKEN_A] == 0 || events[TOKEN_C] == 0)
		poll_forever(room);
}

static void
poll_for_all_1(void)
{
	poll_for_all(1);
}

static void
poll_for_all_2(void)
{
	poll_for_all(2);
}

/*
 * Wakers that are woken before each wait and a source that is always ready do
 * not keep each other out of an array for one event.
 */
static void
ready_a_in(unsigned int mode)
{
	open_source(&a, &peer_a);
	send_to_a();
	EXPECT(mio_register(poller, &a, TOKEN_A, MIO_READABLE | mode) == 0);
}

static void
edge_and_wakers(void)
{
	with_wakers();
	ready_a_in(0);
}

static void
level_and_wakers(void)
{
	with_wakers();
	ready_a_in(MIO_LEVEL);
}

static void
edge_and_group(void)
{
	with_full_groups();
	EXPECT((wakers[2] = mio_waker_new(poller, TOKEN_2)) != NULL);
	ready_a_in(0);
}

/* A group that has no place in the array gets another waker. */
static void
edge_and_woken_group(void)
{
	with_full_groups();
	ready_a_in(0);
	wake_1();
}

static void
poll_for_a(void)
{
	EXPECT(poll_now(1) == 1 && events[TOKEN_A] == 1);
}

static void
add_waker(void)
{
	EXPECT((wakers[2] = mio_waker_new(poller, TOKEN_2)) != NULL);
}

static void
wake_both_and_poll(int rounds)
{
	int i;

	for (i = 0; i < rounds; i++) {
		wake_1_2();
		EXPECT(poll_now(1) == 1);
	}
	EXPECT(events[TOKEN_A] > 0 && events[TOKEN_1] > 0 &&
	    events[TOKEN_2] > 0);
}

static void
poll_four_times(void)
{
	wake_both_and_poll(4);
}

static void
poll_five_times(void)
{
	wake_both_and_poll(5);
	EXPECT(events[TOKEN_A] > 1);
}

const struct scenario source_scenarios[] = {
	{ .name = "register", .setup = ready_a,
	    .body = { register_a, poll_a }, .check = check_and_free },
	{ .name = "register-wake", .setup = open_a,
	    .body = { register_a_and_wake, consume_1 },
	    .check = check_and_free },
	{ .name = "two-changers", .setup = open_a_and_c,
	    .body = { register_a_and_wake, deregister_c, consume_1 },
	    .check = check_and_free },
	{ .name = "add-and-modify", .setup = open_a_and_c,
	    .body = { register_a_and_wake, reregister_c, consume_1 },
	    .check = check_and_free },
	{ .name = "add-delete-modify", .setup = open_a_and_c,
	    .body = { register_deregister_a, reregister_and_rearm_c,
	    consume_1 }, .check = check_and_free },
	{ .name = "register-refused", .setup = ready_a,
	    .body = { register_a_until_accepted, poll_a },
	    .check = check_and_free, .refusals = 1, .only = "poll" },
	{ .name = "reregister-refused", .setup = a_reported,
	    .body = { reregister_a_until_accepted, poll_until_a2 },
	    .check = drain_and_free, .refusals = 1, .only = "poll" },
	{ .name = "deregister-refused", .setup = with_waker_and_a,
	    .body = { deregister_a_maybe, send_to_a, consume_all_4 },
	    .check = drain_and_free, .refusals = 1, .only = "poll",
	    .settled = settled },
	{ .name = "deregister", .setup = a_and_expected_wake,
	    .body = { deregister_a_and_wake, send_to_a, consume_4 },
	    .check = drain_and_free },
	{ .name = "replace", .setup = ready_a_and_open_c,
	    .body = { replace_a_by_c, poll_now_twice },
	    .check = check_c_silent },
	{ .name = "reuse-number", .setup = a_and_expected_wake,
	    .body = { deregister_and_reuse, send_to_a, consume_4 },
	    .check = drain_and_free },
	{ .name = "close-and-reuse", .setup = with_waker_and_a,
	    .body = { close_and_reuse, poll_until_c },
	    .check = drain_and_free },
	{ .name = "end-reregister", .setup = reader_a,
	    .body = { end_and_reregister_a, poll_until_a2 },
	    .check = drain_and_free },
	{ .name = "end-and-reuse", .setup = reader_a,
	    .body = { end_and_reuse, poll_until_c },
	    .check = drain_and_free },
	{ .name = "close-two-waiters", .setup = with_waker_and_a,
	    .body = { consume_all_4, consume_all_4, close_a_and_wake },
	    .check = check_and_free, .settled = settled },
	{ .name = "oneshot", .setup = oneshot_a,
	    .body = { send_to_a, poll_oneshot_twice },
	    .check = drain_and_free },
	{ .name = "level", .setup = level_a,
	    .body = { send_to_a, poll_level_twice }, .check = drain_and_free },
	{ .name = "reregister", .setup = with_poller_and_a,
	    .body = { reregister_a, send_to_a, poll_one },
	    .check = check_either_token },
	{ .name = "widen", .setup = with_poller_and_a,
	    .body = { widen_a, send_to_a, poll_until_a2 },
	    .check = drain_and_free },
	{ .name = "reregister-two", .setup = two_with_one_token,
	    .body = { reregister_a, reregister_c, send_to_both,
	    poll_until_both }, .check = drain_and_free },
	{ .name = "drain", .setup = one_byte,
	    .body = { drain_and_wake, send_to_a, poll_and_drain },
	    .check = check_received },
	{ .name = "drain-unreported", .setup = one_byte_unreported,
	    .body = { drain_and_wake, send_to_a, poll_and_drain },
	    .check = check_received },
	{ .name = "drain-two", .setup = one_byte,
	    .body = { drain_and_wake, send_to_a, poll_and_drain_always },
	    .check = check_received },
	{ .name = "would-block", .setup = one_byte,
	    .body = { drain_foreign_and_wake, send_to_a, poll_and_drain },
	    .check = check_received },
	{ .name = "ready-now", .setup = with_waker_and_a,
	    .body = { wake_free_and_send, join_and_poll_now },
	    .check = check_a_once },
	{ .name = "shared-array", .setup = sources_and_wakers,
	    .body = { send_to_both_and_wake, wake_2, poll_for_all_1 },
	    .check = check_and_free },
	{ .name = "shared-array-2", .setup = sources_and_wakers,
	    .body = { send_to_both_and_wake, wake_2, poll_for_all_2 },
	    .check = check_and_free },
	{ .name = "fair-edge", .setup = edge_and_wakers,
	    .body = { poll_four_times, send_to_a },
	    .check = drain_and_free },
	{ .name = "fair-level", .setup = level_and_wakers,
	    .body = { poll_five_times, send_to_a },
	    .check = drain_and_free },
	{ .name = "fair-group", .setup = edge_and_group,
	    .body = { poll_four_times, send_to_a },
	    .check = drain_and_free },
	{ .name = "group-grows-left", .setup = edge_and_woken_group,
	    .body = { poll_for_a, add_waker }, .check = check_and_free },
	{ .name = NULL }
};
