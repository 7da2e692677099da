/*
 * Checks the system calls of each operation: mio_poll() makes one wait call;
 * register, reregister and deregister make one epoll_ctl on epoll and one
 * association on event ports, and from_fd none; 100,000 wakes without a poll
 * make one write.
 */
#include "config.h"

#include <stdio.h>

#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

static int
waits(void)
{
	return wrap_count("epoll_wait") + wrap_count("epoll_pwait2") +
	    wrap_count("poll") + wrap_count("ppoll") +
	    wrap_count("port_getn") + wrap_count("kevent") +
	    (on_selector("afd") ? wrap_count("GetQueuedCompletionStatusEx") :
	    0);
}

/* The call that a change of a registration makes, if it makes any. */
static const char *
change_call(bool ends)
{
	if (on_selector("kqueue"))
		return "kevent";
	/*
	 * Only to find the base socket: all else is deferred to the next wait.
	 */
	if (on_selector("afd"))
		return "WSAIoctl";
	if (!on_selector("port"))
		return "epoll_ctl";
	return ends ? "port_dissociate" : "port_associate";
}

/* All wrapped calls, to find calls that are made in addition. */
static int
all_calls(void)
{
	const char *name;
	int i, n = 0;

	for (i = 0; (name = wrap_called(i)) != NULL; i++)
		n += wrap_count(name);
	return n;
}

static void
registration(struct mio_poller *poller)
{
	int per_register = on_selector("poll") ? 0 : 1;
	int per_change = on_selector("afd") ? 0 : per_register;
	struct mio_source a, b, foreign;

	tcp_pair(&a, &b);
	/* The first registration may allocate a record. */
	reg(poller, &a, 1, MIO_READABLE);
	dereg(poller, &a);
	wrap_reset();
	reg(poller, &a, 1, MIO_READABLE);
	is(wrap_count(change_call(false)), per_register, "register: %s",
	    change_call(false));
	is(all_calls(), per_register, "register: nothing else");
	wrap_reset();
	rereg(poller, &a, 2, MIO_READABLE | MIO_WRITABLE);
	is(wrap_count(change_call(false)), per_change, "reregister: %s",
	    change_call(false));
	is(all_calls(), per_change, "reregister: nothing else");
	wrap_reset();
	dereg(poller, &a);
	is(wrap_count(change_call(true)), per_change, "deregister: %s",
	    change_call(true));
	is(all_calls(), per_change, "deregister: nothing else");
	wrap_reset();
	need(mio_source_from_fd(&foreign, mio_source_fd(&a)) == 0);
	is(all_calls(), 0, "from_fd: no call at all");
	close_source(&a);
	close_source(&b);
}

/* The calls that closing a registered source makes, beside close(2). */
static int
before_close(void)
{
	return on_selector("epoll") ? 1 : 0;
}

static void
closing(struct mio_poller *poller)
{
	struct mio_source a, b;

	if (on_selector("afd")) {
		tap_skip(4, "closing has to cancel a poll request");
		return;
	}
	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	wrap_reset();
	need(mio_source_close(&a) == 0);
	is(all_calls(), 1 + before_close(), "a socket is closed");
	close_source(&b);
	pipe_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	reg(poller, &b, 2, MIO_WRITABLE);
	wrap_reset();
	need(mio_source_close(&a) == 0);
	is(all_calls(), 1 + before_close(), "a pipe's reader is closed");
	wrap_reset();
	need(mio_source_close(&b) == 0);
	is(all_calls(), 1 + before_close(), "a pipe's writer is closed");
	pipe_pair(&a, &b);
	close_source(&a);
	reg(poller, &b, 2, MIO_WRITABLE);
	wrap_reset();
	need(mio_source_close(&b) == 0);
	/* A kqueue that refuses its EVFILT_WRITE has another knote to delete. */
	ok(all_calls() <= (on_selector("kqueue") ? 2 : 1 + before_close()),
	    "the writer of a pipe without a reader is closed");
}

static void
polling(struct mio_poller *poller)
{
	static const int64_t timeouts[] = { 0, 1000, MIO_MSEC(1) };
	struct mio_event events[4];
	struct mio_source a, b;
	unsigned int i;
	int calls;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	/* The first one may detect that there is no epoll_pwait2. */
	need(mio_poll(poller, events, 4, 1000) == 0);
	for (i = 0; i < 3; i++) {
		wrap_reset();
		is(mio_poll(poller, events, 4, timeouts[i]), 0,
		    "no event in %lld ns", (long long)timeouts[i]);
		/* Waits on Windows may end early, and are then resumed. */
		calls = on_selector("afd") && timeouts[i] != 0 ? waits() : 1;
		ok(calls <= 3, "few waits");
		is(waits(), calls, "one wait");
		is(all_calls(), calls, "and nothing else");
	}
	put_text(&b, "x");
	wrap_reset();
	is(mio_poll(poller, events, 4, MIO_FOREVER), 1, "an event");
	is(waits(), 1, "one wait");
	is(all_calls(), 1, "and nothing else");
	close_source(&a);
	close_source(&b);
}

/* The calls that a wake makes: a kqueue may lack EVFILT_USER. */
static int
signals(void)
{
	if (on_selector("afd"))
		return wrap_count("PostQueuedCompletionStatus");
	if (on_selector("port"))
		return wrap_count("port_send");
	if (on_selector("kqueue"))
		return wrap_count("kevent") + wrap_count("write");
	return wrap_count("write");
}

static void
wakes(struct mio_poller *poller)
{
	struct mio_waker *waker = mio_waker_new(poller, 7);
	struct mio_event events[4];
	int i, failed = 0;

	need(waker != NULL);
	wrap_reset();
	for (i = 0; i < 100000; i++)
		failed += mio_waker_wake(waker) != 0;
	is(failed, 0, "100,000 wakes");
	is(signals(), 1, "one write, or packet");
	is(all_calls(), 1, "and nothing else");
	is(mio_poll(poller, events, 4, MIO_FOREVER), 1, "one event");
	is(events[0].token, 7, "its token");
	mio_waker_free(waker);
}

/*
 * Windows holds a port's packets back while this many threads that have taken
 * packets from the port are running.  Any thread of a program may be one, and
 * each has a handle, of which a process has 2^24 at most.
 */
static void
concurrency(void)
{
	if (on_selector("afd"))
		ok(wrap_concurrent_threads > 1 << 24,
		    "no number of running threads holds back a packet");
}

/*
 * Windows tries a refused connection again for 2 s, unless an option is set
 * first, which older builds do not understand.  Wine lacks the option, and
 * imitates the build that it is configured for.
 */
static void
connecting(void)
{
#ifdef _WIN32
	struct mio_source listener, stream;
	struct sockaddr_storage addr;
	mio_socklen len;

	listen_loopback(&listener, &addr, &len);
	wrap_reset();
	need(mio_tcp_connect(&stream, (struct sockaddr *)&addr, len, 0) == 0);
	is(wrap_count("WSAIoctl"), winposix_build() >= 16299 ? 1 : 0,
	    "connect to loopback: the option is set where there is one");
	close_source(&stream);
	close_source(&listener);
#endif
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	poller = new_poller();
	concurrency();
	registration(poller);
	closing(poller);
	polling(poller);
	wakes(poller);
	connecting();
	mio_poller_free(poller);
	return tap_done();
}
