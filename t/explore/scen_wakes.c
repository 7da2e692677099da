/*
 * Scenarios of wakers: one wait or two beside wakes, frees and refused signals.
 */
#include "config.h"

#include "fixture.h"

static void
wake_1_twice(void)
{
	wake_1();
	wake_1();
}

static void
wake_2_1(void)
{
	wake_2();
	wake_1();
}

static void
wake_1_2_1(void)
{
	wake_1();
	wake_2();
	wake_1();
}

static void
one_wake(void)
{
	with_waker();
	expect_wakes(1, 0);
}

static void
two_wakes(void)
{
	with_waker();
	expect_wakes(2, 0);
}

static void
wake_of_each(void)
{
	with_wakers();
	expect_wakes(1, 1);
}

static void
two_wakes_of_each(void)
{
	with_wakers();
	expect_wakes(2, 2);
}

static void
three_wakes_and_two(void)
{
	with_wakers();
	expect_wakes(3, 2);
}

/* A waker is freed while its wake is pending. */
static void
wake_of_second(void)
{
	with_wakers();
	expect_wakes(0, 1);
}

static void
wake_and_free_1(void)
{
	wake_1();
	free_waker(1);
}

/* The poller is freed at the same time; a wake may be too late. */
static void
late_wake_and_free(int i)
{
	if (mio_waker_wake(wakers[i]) < 0)
		EXPECT(errno == EBADF);
	free_waker(i);
}

static void
late_1(void)
{
	late_wake_and_free(1);
}

static void
late_2(void)
{
	late_wake_and_free(2);
}

static void
free_poller(void)
{
	mio_poller_free(poller);
}

static void
nothing(void)
{
}

/* The program has three handles, and the last free closes the poller. */
static void
three_handles(void)
{
	with_poller_and_a();
	EXPECT(mio_poller_ref(poller) == poller);
	EXPECT(mio_poller_ref(poller) == poller);
}

static void
deregister_and_free(void)
{
	deregister_a();
	free_poller();
}

static void
poll_and_free(void)
{
	EXPECT(poll_now(1) == 0);
	free_poller();
}

static void
close_a_and_peer(void)
{
	EXPECT(mio_source_close(&a) == 0);
	EXPECT(hook_close(peer_a) == 0);
}

/* The poller is closed before the last sources and the last waker go. */
static void
closed_poller(void)
{
	with_waker_and_a();
	open_source(&c, &peer_c);
	register_source(&c, TOKEN_C);
	free_poller();
}

static void
close_a(void)
{
	EXPECT(mio_source_close(&a) == 0);
}

static void
close_c(void)
{
	EXPECT(mio_source_close(&c) == 0);
}

static void
free_waker_1(void)
{
	free_waker(1);
}

static void
close_peers(void)
{
	EXPECT(hook_close(peer_a) == 0);
	EXPECT(hook_close(peer_c) == 0);
}

static void
two_handles(void)
{
	with_waker();
	EXPECT(mio_poller_ref(poller) == poller);
}

static void
ref_and_free_twice(void)
{
	EXPECT(mio_poller_ref(poller) == poller);
	free_poller();
	free_poller();
}

static void
new_waker_and_free(void)
{
	struct mio_waker *waker = mio_waker_new(poller, TOKEN_2);

	EXPECT(waker != NULL);
	free_poller();
	if (mio_waker_wake(waker) < 0)
		EXPECT(errno == EBADF);
	mio_waker_free(waker);
}

static void
free_first_waker(void)
{
	mio_waker_free(wakers[1]);
}

/* The system refuses a signal, and the program wakes again. */
static void
wake_1_until_accepted(void)
{
	while (wake(1) < 0) {
		accounts[1].refused = true;
		explore_no_refusal = true;
	}
}

/* A refused wake is there for the next wait. */
static void
poll_once_now(void)
{
	(void)poll_now(4);
}

static void
check_refused(void)
{
	if (events[TOKEN_1] == 0)
		EXPECT(poll_now(4) == 1 && events[TOKEN_1] == 1);
	check_and_free();
}

/* A second waker comes and goes beside a wait. */
static void
come_and_go(void)
{
	struct mio_waker *waker = mio_waker_new(poller, TOKEN_2);

	EXPECT(waker != NULL);
	accounts[2].begun++;
	EXPECT(mio_waker_wake(waker) == 0);
	mio_waker_free(waker);
	accounts[2].freed = true;
	wake_1();
}

/*
 * The memory of a freed waker is used for the next one, which must not be
 * reported: it was never woken.
 */
static void
wake_free_and_replace(void)
{
	wake_1();
	free_waker(1);
	EXPECT((wakers[2] = mio_waker_new(poller, TOKEN_2)) != NULL);
}

static void
poll_twice(void)
{
	EXPECT(poll_now(4) >= 0);
	EXPECT(poll_now(4) >= 0);
}

static void
replace_and_wake(void)
{
	wake_free_and_replace();
	wake_2();
}

/* A thread makes a waker of the memory that another thread has freed. */
static void
new_waker_and_free_it(void)
{
	struct mio_waker *waker = mio_waker_new(poller, TOKEN_1);

	EXPECT(waker != NULL);
	mio_waker_free(waker);
}

static void
wake_of_new(void)
{
	with_poller();
	expect_wakes(0, 1);
}

/* Two wakers of one group, of which one is made beside the wait. */
static void
two_in_a_group(void)
{
	with_full_groups();
	EXPECT((wakers[2] = mio_waker_new(poller, TOKEN_2)) != NULL);
	expect_wakes(1, 1);
}

static void
one_in_each_group(void)
{
	with_full_groups();
	expect_wakes(1, 1);
}

static void
new_waker_and_wake(void)
{
	EXPECT((wakers[2] = mio_waker_new(poller, TOKEN_2)) != NULL);
	wake_2();
}

/* Two waiters, of whom the selectors with a lock refuse one. */
static void
poll_for_one(void)
{
	int n = poll_room(1, MIO_FOREVER);

	EXPECT(n == 1 || n == -EBUSY);
}

static void
poll_now_twice(void)
{
	int i, n;

	for (i = 0; i < 2; i++) {
		n = poll_now(1);
		EXPECT(n >= 0 || n == -EBUSY);
	}
}

static void
check_one_of_each(void)
{
	int n;

	while ((n = poll_now(1)) > 0)
		continue;
	EXPECT(n == 0);
	EXPECT(events[TOKEN_1] == 1 && events[TOKEN_2] == 1);
	check_and_free();
}

/* What was written before a wake can be read after the event. */
static int written[2];

static void
unwritten(void)
{
	with_waker();
	written[0] = written[1] = 0;
}

static void
write_first_and_wake(void)
{
	hb_write(&written[0]);
	wake_1();
}

static void
write_second_and_wake(void)
{
	hb_write(&written[1]);
	wake_1();
}

static void
poll_and_read_first(void)
{
	poll_forever(1);
	EXPECT(hb_read(&written[0]) == 1);
}

/* The bit of the group may be that of the other waker. */
static void
group_unwritten(void)
{
	two_in_a_group();
	written[0] = 0;
}

static void
poll_for_first_and_read(void)
{
	while (events[TOKEN_1] == 0)
		poll_forever(4);
	EXPECT(hb_read(&written[0]) == 1);
}

/* The second wake may have been part of the first event, or have its own. */
static void
poll_and_read_both(void)
{
	poll_forever(1);
	explore_join(0);
	explore_join(1);
	EXPECT(poll_now(1) >= 0);
	EXPECT(hb_read(&written[0]) == 1 && hb_read(&written[1]) == 1);
}

const struct scenario wake_scenarios[] = {
	{ .name = "wake", .setup = one_wake,
	    .body = { wake_1, consume_1 }, .check = check_and_free },
	{ .name = "wake-twice", .setup = two_wakes,
	    .body = { wake_1_twice, consume_1 }, .check = check_and_free },
	{ .name = "wake-same", .setup = two_wakes,
	    .body = { wake_1, wake_1, consume_1 }, .check = check_and_free },
	{ .name = "two-wakers", .setup = wake_of_each,
	    .body = { wake_1, wake_2, consume_1 }, .check = check_and_free },
	{ .name = "two-wakers-room", .setup = wake_of_each,
	    .body = { wake_1, wake_2, consume_4 }, .check = check_and_free },
	{ .name = "crossed", .setup = two_wakes_of_each,
	    .body = { wake_1_2, wake_2_1, consume_1 },
	    .check = check_and_free },
	{ .name = "three-and-two", .setup = three_wakes_and_two,
	    .body = { wake_1_2_1, wake_1_2, consume_1 },
	    .check = check_and_free },
	{ .name = "waker-free", .setup = wake_of_second,
	    .body = { wake_and_free_1, wake_2, consume_1 },
	    .check = check_and_free },
	{ .name = "come-and-go", .setup = one_wake,
	    .body = { come_and_go, consume_1 }, .check = drain_and_free },
	{ .name = "waker-replaced", .setup = with_waker,
	    .body = { wake_free_and_replace, poll_twice },
	    .check = check_and_free },
	{ .name = "waker-replaced-two", .setup = with_waker,
	    .body = { replace_and_wake, poll_once_now, consume_all_1 },
	    .check = check_and_free, .settled = settled },
	{ .name = "waker-passed", .setup = wake_of_new,
	    .body = { new_waker_and_free_it, new_waker_and_wake, consume_1 },
	    .check = check_and_free },
	{ .name = "waker-passed-again", .setup = with_poller,
	    .body = { new_waker_and_free_it, new_waker_and_free_it,
	    new_waker_and_wake }, .check = drain_and_free },
	{ .name = "same-group", .setup = two_in_a_group,
	    .body = { wake_1, wake_2, consume_1 }, .check = check_and_free },
	{ .name = "group-grows", .setup = one_in_each_group,
	    .body = { wake_1, new_waker_and_wake, consume_1 },
	    .check = check_and_free },
	{ .name = "poller-free", .setup = with_wakers,
	    .body = { late_1, free_poller, late_2 }, .check = nothing },
	{ .name = "handles", .setup = three_handles,
	    .body = { free_poller, deregister_and_free, poll_and_free },
	    .check = close_a_and_peer },
	{ .name = "handles-waker", .setup = two_handles,
	    .body = { ref_and_free_twice, new_waker_and_free },
	    .check = free_first_waker },
	{ .name = "closed-poller", .setup = closed_poller,
	    .body = { close_a, close_c, free_waker_1 }, .check = close_peers },
	{ .name = "refused", .setup = one_wake,
	    .body = { wake_1_until_accepted, consume_1 },
	    .check = check_and_free, .refusals = 1 },
	{ .name = "refused-same", .setup = one_wake,
	    .body = { wake_1_maybe, wake_1_maybe, consume_all_1 },
	    .check = check_and_free, .refusals = 1, .settled = settled },
	{ .name = "refused-other", .setup = wake_of_each,
	    .body = { wake_1_maybe, wake_2_maybe, consume_all_1 },
	    .check = check_and_free, .refusals = 1, .settled = settled },
	{ .name = "refused-next", .setup = one_wake,
	    .body = { wake_1_maybe, poll_once_now }, .check = check_refused,
	    .refusals = 1 },
	{ .name = "two-waiters", .setup = with_wakers,
	    .body = { poll_for_one, poll_for_one, wake_1_2 },
	    .check = check_one_of_each },
	{ .name = "two-waiters-now", .setup = with_wakers,
	    .body = { poll_now_twice, poll_now_twice, wake_1_2 },
	    .check = check_one_of_each },
	{ .name = "two-waiters-room", .setup = with_wakers,
	    .body = { consume_all_4, consume_all_4, wake_1_2 },
	    .check = check_and_free, .settled = settled },
	{ .name = "two-waiters-same", .setup = with_waker,
	    .body = { consume_all_1, consume_all_1, wake_1_twice },
	    .check = check_and_free, .settled = settled },
	{ .name = "second-waiter-now", .setup = with_waker,
	    .body = { consume_all_1, poll_once_now, wake_1 },
	    .check = check_and_free, .settled = settled },
	{ .name = "write-wake", .setup = unwritten,
	    .body = { write_first_and_wake, poll_and_read_first },
	    .check = drain_and_free },
	{ .name = "write-wake-group", .setup = group_unwritten,
	    .body = { write_first_and_wake, wake_2, poll_for_first_and_read },
	    .check = drain_and_free },
	{ .name = "write-wake-two", .setup = unwritten,
	    .body = { write_first_and_wake, write_second_and_wake,
	    poll_and_read_both }, .check = drain_and_free },
	{ .name = NULL }
};
