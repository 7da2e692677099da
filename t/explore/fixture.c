/*
 * See fixture.h.
 */
#include "config.h"

#include <sys/socket.h>

#include <string.h>

#include "fixture.h"

#define ROOM_MAX	8
#define SPARES		31	/* MIO_WAKER_GROUPS - 1 */

struct mio_poller *poller;
struct mio_waker *wakers[3];
struct account accounts[3];
struct mio_source a, c;
int peer_a, peer_c;
int events[TOKENS];
bool a_gone, over;
static int expected[3];
static struct mio_waker *spares[SPARES];

void
with_poller(void)
{
	memset(wakers, 0, sizeof(wakers));
	memset(spares, 0, sizeof(spares));
	memset(accounts, 0, sizeof(accounts));
	memset(&a, 0, sizeof(a));
	memset(&c, 0, sizeof(c));
	memset(events, 0, sizeof(events));
	peer_a = peer_c = -1;
	a_gone = over = false;
	expect_wakes(0, 0);
	EXPECT((poller = mio_poller_new()) != NULL);
}

void
with_waker(void)
{
	with_poller();
	EXPECT((wakers[1] = mio_waker_new(poller, TOKEN_1)) != NULL);
}

void
with_wakers(void)
{
	with_waker();
	EXPECT((wakers[2] = mio_waker_new(poller, TOKEN_2)) != NULL);
}

/* The next waker is in the group of wakers[1]. */
void
with_full_groups(void)
{
	int i;

	with_waker();
	for (i = 0; i < SPARES; i++)
		EXPECT((spares[i] = mio_waker_new(poller, TOKEN_1)) != NULL);
}

void
open_source(struct mio_source *source, int *peer)
{
	int fds[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds) == 0);
	explore_own_fd(fds[0]);
	explore_own_fd(fds[1]);
	memset(source, 0, sizeof(*source));
	EXPECT(mio_source_from_fd(source, fds[0]) == 0);
	*peer = fds[1];
}

void
register_source(struct mio_source *source, int token)
{
	EXPECT(mio_register(poller, source, (mio_token)token,
	    MIO_READABLE) == 0);
}

static void
with_a(void)
{
	open_source(&a, &peer_a);
	register_source(&a, TOKEN_A);
}

void
with_poller_and_a(void)
{
	with_poller();
	with_a();
}

void
with_waker_and_a(void)
{
	with_waker();
	with_a();
}

void
expect_wakes(int first, int second)
{
	expected[1] = first;
	expected[2] = second;
}

int
wake(int i)
{
	int result, number = ++accounts[i].begun;

	result = mio_waker_wake(wakers[i]);
	if (result == 0 && number > accounts[i].accepted)
		accounts[i].accepted = number;
	explore_note("wake of %d returns %d", i, result);
	return result;
}

void
wake_1(void)
{
	EXPECT(wake(1) == 0);
}

void
wake_2(void)
{
	EXPECT(wake(2) == 0);
}

void
wake_1_2(void)
{
	wake_1();
	wake_2();
}

void
wake_1_maybe(void)
{
	if (wake(1) < 0)
		accounts[1].refused = true;
}

void
wake_2_maybe(void)
{
	if (wake(2) < 0)
		accounts[2].refused = true;
}

void
free_waker(int i)
{
	mio_waker_free(wakers[i]);
	wakers[i] = NULL;
	accounts[i].freed = true;
	explore_note("waker %d is freed", i);
}

void
send_byte(int peer)
{
	if (hook_sendto(peer, "x", 1, MSG_NOSIGNAL, NULL, 0, "peer") < 0)
		EXPECT(errno == EPIPE);
}

void
send_to_a(void)
{
	send_byte(peer_a);
}

void
register_a(void)
{
	register_source(&a, TOKEN_A);
}

void
reregister_a(void)
{
	EXPECT(mio_reregister(poller, &a, TOKEN_A2, MIO_READABLE) == 0);
}

void
deregister_a(void)
{
	EXPECT(mio_deregister(poller, &a) == 0);
	a_gone = true;
	explore_note("source a is deregistered");
}

/* The state at the begin of a wait, which decides what it may report. */
struct before {
	bool	freed[3];
	bool	a_gone;
};

static bool
known(mio_token token)
{
	return token == TOKEN_1 || token == TOKEN_2 || token == TOKEN_A ||
	    token == TOKEN_A2 || token == TOKEN_C;
}

static void
count_event(const struct mio_event *event, const struct before *before)
{
	int token = (int)event->token;

	explore_note("event of token %d", token);
	EXPECT(known(event->token));
	EXPECT(event->readiness != 0);
	events[token]++;
	if (token <= TOKEN_2) {
		EXPECT(!before->freed[token]);
		accounts[token].seen = accounts[token].begun;
	}
	EXPECT(token != TOKEN_A || !before->a_gone);
}

static void
count_events(const struct mio_event *list, int n, const struct before *before)
{
	int i, j;

	for (i = 0; i < n; i++) {
		/* Two registrations may have the token of source a. */
		for (j = 0; j < i; j++)
			EXPECT(list[j].token != list[i].token ||
			    list[i].token == TOKEN_A);
		count_event(&list[i], before);
	}
}

/* Returns a count or a negated errno. */
int
poll_room(int room, int64_t timeout)
{
	const struct before before = {
		{ false, accounts[1].freed, accounts[2].freed }, a_gone
	};
	struct mio_event list[ROOM_MAX];
	int error, n;

	errno = 777;
	n = mio_poll(poller, list, room, timeout);
	error = errno;
	if (n < 0) {
		explore_note("mio_poll fails with errno %d", error);
		return -error;
	}
	explore_note("mio_poll returns %d", n);
	EXPECT(error == 777);	/* success leaves errno alone */
	EXPECT(n <= room);
	EXPECT(n > 0 || timeout >= 0);
	count_events(list, n, &before);
	return n;
}

int
poll_now(int room)
{
	return poll_room(room, 0);
}

void
poll_forever(int room)
{
	EXPECT(poll_room(room, MIO_FOREVER) > 0);
}

bool
consumed(void)
{
	return accounts[1].seen >= expected[1] &&
	    accounts[2].seen >= expected[2];
}

/* EINTR is for signals, and EBUSY for a second waiter. */
static int
poll_some(int room)
{
	int n = poll_room(room, MIO_FOREVER);

	if (n < 0 && n != -EINTR && n != -EBUSY)
		explore_fail("mio_poll: errno %d", -n);
	return n;
}

static void
consume(int room)
{
	while (!consumed())
		EXPECT(poll_some(room) != -EBUSY);
}

void
consume_1(void)
{
	consume(1);
}

void
consume_4(void)
{
	consume(4);
}

static bool
lost(const struct account *account)
{
	return !account->freed && account->seen < account->accepted;
}

/* All that was accepted has been seen. */
bool
settled(void)
{
	over = !lost(&accounts[1]) && !lost(&accounts[2]);
	return over;
}

static void
consume_all(int room)
{
	while (!over)
		if (poll_some(room) == -EBUSY)
			return;
}

void
consume_all_1(void)
{
	consume_all(1);
}

void
consume_all_4(void)
{
	consume_all(4);
}

/*
 * After a refused signal the event of an earlier wake may still come with that
 * of a new one.
 */
static void
wake_again(int i)
{
	bool any_refused = accounts[1].refused || accounts[2].refused;
	int before = events[i], n;

	accounts[i].begun++;
	EXPECT(mio_waker_wake(wakers[i]) == 0);
	n = poll_now(4);
	EXPECT(n == 1 || any_refused);
	EXPECT(events[i] == before + 1 || any_refused);
}

static void
check_account(int i)
{
	const struct account *account = &accounts[i];

	EXPECT(events[i] <= account->begun);
	EXPECT(account->seen >= account->accepted || account->freed);
	EXPECT(account->seen == account->begun || account->freed ||
	    account->refused);
}

void
check_wakers(void)
{
	int i, n;

	while ((n = poll_now(4)) > 0)
		continue;
	EXPECT(n == 0);
	for (i = 1; i <= 2; i++) {
		check_account(i);
		if (wakers[i] != NULL)
			wake_again(i);
	}
}

static void
close_source(struct mio_source *source, int *peer)
{
	if (source->priv != 0)
		EXPECT(mio_source_close(source) == 0);
	if (*peer >= 0)
		EXPECT(hook_close(*peer) == 0);
	*peer = -1;
}

void
free_all(void)
{
	int i;

	for (i = 0; i < SPARES; i++)
		mio_waker_free(spares[i]);
	mio_waker_free(wakers[1]);
	mio_waker_free(wakers[2]);
	close_source(&a, &peer_a);
	close_source(&c, &peer_c);
	mio_poller_free(poller);
}

void
check_and_free(void)
{
	explore_no_refusal = true;
	check_wakers();
	free_all();
}

/* For scenarios whose own threads have checked what matters. */
void
drain_and_free(void)
{
	explore_no_refusal = true;
	(void)poll_now(4);
	(void)poll_now(4);
	free_all();
}
