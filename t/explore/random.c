/*
 * Random programs: two threads that make a few random calls each, beside one
 * that waits.  The calls follow from the program's number, explore_seed.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "scenario.h"

#undef errno
#define errno		SCENARIO_ERRNO

#define WORKERS		2
#define CALLS		8
#define TOKENS		200

enum call {
	CALL_WAKE,
	CALL_SEND,
	CALL_DRAIN,
	CALL_REGISTER,
	CALL_REREGISTER,
	CALL_DEREGISTER,
	CALL_CLOSE,
	CALL_NEW_WAKER,
	CALL_REF,
	CALLS_MAX
};

/* A thread, with a waker and a source of its own. */
struct worker {
	enum call		 calls[CALLS];
	int			 ncalls;
	struct mio_source	 source;
	int			 peer;
	int			 token;
	bool			 registered;
	unsigned int		 mode;
	struct mio_waker	*waker;
	int			 waker_token;
	bool			 has_ref;
};

/* No token is used twice, so each event shows what it is for. */
struct token {
	struct worker	*owner;
	bool		 of_waker;
	bool		 dead;
	bool		 reported;
	int		 begun, accepted, seen;	/* wakes */
};

static struct mio_poller *poller;
static struct worker workers[WORKERS];
static struct token tokens[TOKENS];
static int ntokens, room;
static bool over;
static uint32_t state;

static int
random_below(int n)
{
	state = state * 1664525 + 1013904223;
	return (int)((state >> 10) % (uint32_t)n);
}

static int
new_token(struct worker *w, bool of_waker)
{
	struct token *token;

	EXPECT(ntokens < TOKENS);
	token = &tokens[ntokens];
	memset(token, 0, sizeof(*token));
	token->owner = w;
	token->of_waker = of_waker;
	return ntokens++;
}

static void
open_source(struct worker *w)
{
	int fds[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds) == 0);
	explore_own_fd(fds[0]);
	explore_own_fd(fds[1]);
	EXPECT(mio_source_from_fd(&w->source, fds[0]) == 0);
	w->peer = fds[1];
	w->registered = false;
}

static void
open_waker(struct worker *w)
{
	w->waker_token = new_token(w, true);
	w->waker = mio_waker_new(poller, (mio_token)w->waker_token);
	EXPECT(w->waker != NULL);
}

static void
register_source(struct worker *w)
{
	w->token = new_token(w, false);
	EXPECT(mio_register(poller, &w->source, (mio_token)w->token,
	    MIO_READABLE | w->mode) == 0);
	w->registered = true;
	explore_note("%d is registered", w->token);
}

static unsigned int
random_mode_of_source(void)
{
	switch (random_below(6)) {
	case 0:
		return MIO_LEVEL;
	case 1:
		return MIO_ONESHOT;
	default:
		return 0;
	}
}

static void
make_worker(struct worker *w)
{
	int i;

	memset(w, 0, sizeof(*w));
	w->ncalls = 2 + random_below(5);
	for (i = 0; i < w->ncalls; i++)
		w->calls[i] = (enum call)random_below(CALLS_MAX);
	w->mode = random_mode_of_source();
	open_source(w);
	open_waker(w);
	if (random_below(2))
		register_source(w);
}

static void
setup(void)
{
	int i;

	state = explore_seed * 2654435761u + 12345;
	(void)random_below(2);
	ntokens = 1;
	over = false;
	room = 1 + random_below(3);
	EXPECT((poller = mio_poller_new()) != NULL);
	for (i = 0; i < WORKERS; i++)
		make_worker(&workers[i]);
}

static void
wake(struct worker *w)
{
	struct token *token = &tokens[w->waker_token];
	int number = ++token->begun;

	EXPECT(mio_waker_wake(w->waker) == 0);
	if (number > token->accepted)
		token->accepted = number;
	explore_note("%d is woken", w->waker_token);
}

/* After EAGAIN what comes next must be reported, but for a oneshot. */
static void
drain(struct worker *w)
{
	mio_ssize n;
	char buf[1];

	while ((n = mio_source_read(&w->source, buf, 1)) > 0)
		continue;
	EXPECT(n < 0 && errno == EAGAIN);
	if (w->registered && w->mode != MIO_ONESHOT)
		tokens[w->token].reported = false;
}

static void
reregister_source(struct worker *w)
{
	int token = new_token(w, false);

	EXPECT(mio_reregister(poller, &w->source, (mio_token)token,
	    MIO_READABLE | w->mode) == 0);
	w->token = token;
	explore_note("%d is reregistered", token);
}

static void
deregister_source(struct worker *w)
{
	EXPECT(mio_deregister(poller, &w->source) == 0);
	tokens[w->token].dead = true;
	w->registered = false;
	explore_note("%d is deregistered", w->token);
}

static void
close_source(struct worker *w)
{
	EXPECT(mio_source_close(&w->source) == 0);
	if (w->registered)
		tokens[w->token].dead = true;
	explore_note("the source is closed");
	EXPECT(hook_close(w->peer) == 0);
	open_source(w);
}

static void
replace_waker(struct worker *w)
{
	mio_waker_free(w->waker);
	tokens[w->waker_token].dead = true;
	explore_note("waker %d is freed", w->waker_token);
	open_waker(w);
}

static void
ref_or_free(struct worker *w)
{
	if (w->has_ref)
		mio_poller_free(poller);
	else
		EXPECT(mio_poller_ref(poller) == poller);
	w->has_ref = !w->has_ref;
}

static void
make_call(struct worker *w, enum call call)
{
	switch (call) {
	case CALL_WAKE:
		wake(w);
		break;
	case CALL_SEND:
		EXPECT(hook_sendto(w->peer, "x", 1, MSG_NOSIGNAL, NULL, 0,
		    "peer") == 1);
		break;
	case CALL_DRAIN:
		drain(w);
		break;
	case CALL_REGISTER:
		if (!w->registered)
			register_source(w);
		break;
	case CALL_REREGISTER:
		if (w->registered)
			reregister_source(w);
		break;
	case CALL_DEREGISTER:
		if (w->registered)
			deregister_source(w);
		break;
	case CALL_CLOSE:
		close_source(w);
		break;
	case CALL_NEW_WAKER:
		replace_waker(w);
		break;
	default:
		ref_or_free(w);
		break;
	}
}

static void
work(struct worker *w)
{
	int i;

	for (i = 0; i < w->ncalls; i++)
		make_call(w, w->calls[i]);
	if (w->has_ref)
		ref_or_free(w);
}

static void
work_first(void)
{
	work(&workers[0]);
}

static void
work_second(void)
{
	work(&workers[1]);
}

static bool
has_data(const struct worker *w)
{
	struct pollfd pfd = { w->source.fd, POLLIN, 0 };

	return poll(&pfd, 1, 0) > 0;
}

/*
 * A level-triggered source is reported until it is read, which only its own
 * thread may do while that runs.
 */
static void
silence(struct worker *w, int token)
{
	int id = (int)(w - workers);

	if (w->mode != MIO_LEVEL || !w->registered || w->token != token ||
	    !has_data(w))
		return;
	if (!explore_finished(id)) {
		explore_join(id);
		return;
	}
	explore_sync(id);
	drain(w);
}

static void
check_event(int token)
{
	struct token *t = &tokens[token];

	explore_note("event of %d", token);
	t->reported = true;
	if (t->of_waker)
		t->seen = t->begun;
	else
		silence(t->owner, token);
}

static void
check_events(const struct mio_event *events, int n, const bool *dead, int were)
{
	int i, j, token;

	for (i = 0; i < n; i++) {
		token = (int)events[i].token;
		EXPECT(token > 0 && token < ntokens);
		for (j = 0; j < i; j++)
			EXPECT(events[j].token != events[i].token);
		EXPECT(token >= were || !dead[token]);
		check_event(token);
	}
}

static void
wait_once(void)
{
	struct mio_event events[4];
	int i, n, were = ntokens;
	bool dead[TOKENS];

	for (i = 0; i < were; i++)
		dead[i] = tokens[i].dead;
	n = mio_poll(poller, events, room, MIO_FOREVER);
	if (n < 0) {
		EXPECT(errno == EINTR);
		return;
	}
	EXPECT(n > 0 && n <= room);
	check_events(events, n, dead, were);
}

static void
wait_until_over(void)
{
	while (!over)
		wait_once();
}

static bool
settled(void)
{
	const struct worker *w;
	int i;

	for (i = 1; i < ntokens; i++) {
		if (tokens[i].of_waker && !tokens[i].dead &&
		    tokens[i].seen < tokens[i].accepted) {
			explore_note("a wake of %d is lost", i);
			return false;
		}
	}
	for (i = 0; i < WORKERS; i++) {
		w = &workers[i];
		if (w->registered && has_data(w) &&
		    !tokens[w->token].reported) {
			explore_note("an event of %d is lost", w->token);
			return false;
		}
	}
	over = true;
	return true;
}

static void
check(void)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		mio_waker_free(workers[i].waker);
		EXPECT(mio_source_close(&workers[i].source) == 0);
		EXPECT(hook_close(workers[i].peer) == 0);
	}
	mio_poller_free(poller);
}

const struct scenario random_scenario = {
	.name = "random", .setup = setup,
	.body = { work_first, work_second, wait_until_over }, .check = check,
	.settled = settled
};
