/*
 * Checks that the fake event ports behave as the manual pages and illumos'
 * sources specify; fake_port.c names the sources.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <port.h>

#include "port_fake.h"
#include "../lib/tap.h"
#include "../lib/util.h"

static struct timespec zero;
static struct timespec moment = { 0, 20000000 };
static port_event_t list[8];
static int users[8];			/* their addresses are cookies */

static void
pair(int fds[2])
{
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	need(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
	need(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
}

static void
close_pair(const int fds[2])
{
	need(close(fds[0]) == 0 && close(fds[1]) == 0);
}

static void
put(int fd)
{
	need(write(fd, "x", 1) == 1);
}

static void
get(int fd)
{
	char c;

	need(read(fd, &c, 1) == 1);
}

static int
assoc(int port, int fd, int events, int user)
{
	return port_associate(port, PORT_SOURCE_FD, (uintptr_t)fd, events,
	    &users[user]);
}

static int
dissoc(int port, int fd)
{
	return port_dissociate(port, PORT_SOURCE_FD, (uintptr_t)fd);
}

/* Takes up to eight events without waiting; returns their number. */
static int
take(int port)
{
	unsigned int nget = 1;

	memset(list, 0, sizeof(list));
	need(port_getn(port, list, 8, &nget, &zero) == 0);
	return (int)nget;
}

/* The number of events in the queue, which stay there. */
static int
queued(int port)
{
	unsigned int nget = 0;

	need(port_getn(port, list, 0, &nget, &zero) == 0);
	return (int)nget;
}

static int
new_port(void)
{
	int port = port_create();

	need(port >= 0);
	return port;
}

static void
bad_arguments(void)
{
	unsigned int nget = 1;
	int port = new_port(), fds[2];

	pair(fds);
	is(fcntl(port, F_GETFD), 0, "a port is not close-on-exec");
	fails(assoc(-1, fds[0], POLLIN, 0), EBADF, "no descriptor: EBADF");
	fails(assoc(fds[0], fds[1], POLLIN, 0), EBADFD, "no port: EBADFD");
	fails(port_send(fds[0], 1, NULL), EBADFD, "send to no port: EBADFD");
	fails(port_send(-1, 1, NULL), EBADF, "send to -1: EBADF");
	fails(port_getn(fds[0], list, 8, &nget, &zero), EBADFD,
	    "getn of no port: EBADFD");
	fails(port_alert(-1, PORT_ALERT_SET, 1, NULL), EBADF,
	    "alert of -1: EBADF");
	fails(dissoc(port, -1), EBADFD, "dissociate -1: EBADFD");
	fails(dissoc(port, 4000), ENOENT,
	    "dissociate a bad descriptor, nothing ever associated: ENOENT");
	fails(assoc(port, 4000, POLLIN, 0), EBADFD,
	    "associate a bad descriptor: EBADFD");
	is(assoc(port, fds[0], POLLIN, 0), 0, "associate");
	fails(dissoc(port, 4000), EBADFD,
	    "dissociate a bad descriptor: EBADFD");
	fails(dissoc(port, fds[1]), ENOENT, "dissociate another: ENOENT");
	fails(port_associate(port, PORT_SOURCE_USER, (uintptr_t)fds[0], POLLIN,
	    NULL), EINVAL, "associate another source: EINVAL");
	fails(port_dissociate(port, PORT_SOURCE_TIMER, (uintptr_t)fds[0]),
	    EINVAL, "dissociate another source: EINVAL");
	fails(port_associate(port, PORT_SOURCE_FD, (uintptr_t)INT_MAX + 1,
	    POLLIN, NULL), EBADFD, "more than INT_MAX: EBADFD");
	close_pair(fds);
	need(close(port) == 0);
	fails(port_send(port, 1, NULL), EBADF, "a closed port: EBADF");
}

/* An association ends with its event; a new one checks the descriptor. */
static void
one_event(int port)
{
	int fds[2];

	pair(fds);
	is(assoc(port, fds[0], POLLIN, 1), 0, "associate");
	is(take(port), 0, "nothing to read: no event");
	put(fds[1]);
	is(take(port), 1, "data: an event");
	is(list[0].portev_source, PORT_SOURCE_FD, "from a descriptor");
	is(list[0].portev_object, fds[0], "this one");
	is(list[0].portev_events, POLLIN, "with poll(2)'s bits");
	ok(list[0].portev_user == &users[1], "and the cookie");
	put(fds[1]);
	is(take(port), 0, "more data: no other event");
	fails(dissoc(port, fds[0]), ENOENT,
	    "dissociate after the event: ENOENT");
	is(assoc(port, fds[0], POLLIN, 2), 0, "associate again");
	is(take(port), 1, "still ready: an event at once");
	is(assoc(port, fds[0], POLLIN | POLLOUT, 2), 0, "for both directions");
	is(take(port), 1, "one event");
	is(list[0].portev_events, POLLIN | POLLOUT, "for both");
	close_pair(fds);
}

static void
renewed(int port)
{
	int fds[2];

	pair(fds);
	is(assoc(port, fds[0], POLLIN, 1), 0, "associate");
	is(assoc(port, fds[0], POLLOUT, 2), 0,
	    "associate again: other bits, another cookie");
	is(take(port), 1, "an event");
	is(list[0].portev_events, POLLOUT, "for the new bits");
	ok(list[0].portev_user == &users[2], "with the new cookie");

	is(assoc(port, fds[0], POLLIN, 1), 0, "associate");
	put(fds[1]);
	is(queued(port), 1, "an event is in the queue");
	get(fds[0]);
	is(queued(port), 1, "and stays when its reason is gone");
	is(assoc(port, fds[0], POLLIN, 2), 0, "associate again");
	is(queued(port), 0, "removes the event");
	put(fds[1]);
	is(queued(port), 1, "the next one");
	is(dissoc(port, fds[0]), 0, "dissociate: it was associated");
	is(queued(port), 0, "removes the event too");
	fails(dissoc(port, fds[0]), ENOENT, "not associated any more: ENOENT");
	close_pair(fds);
}

/* A queued event doesn't change. */
static void
stale(int port)
{
	int fds[2];

	pair(fds);
	is(assoc(port, fds[0], POLLIN | POLLPRI, 1), 0, "associate");
	put(fds[1]);
	port_fake_look(port);
	get(fds[0]);
	need(close(fds[1]) == 0);
	port_fake_look(port);
	is(take(port), 1, "stale when it is retrieved: still an event");
	is(list[0].portev_events, POLLIN, "with the bits of that time: no HUP");
	is(assoc(port, fds[0], 0, 1), 0, "associate without bits");
	is(take(port), 1, "a hang-up is an event nevertheless");
	is(list[0].portev_events, POLLHUP, "alone");
	need(close(fds[0]) == 0);
}

static void
closed(int port)
{
	int copy, fds[2], other[2];

	pair(fds);
	pair(other);
	need((copy = dup(fds[0])) >= 0);
	is(assoc(port, fds[0], POLLIN, 1), 0, "associate");
	put(fds[1]);
	is(queued(port), 1, "an event");
	need(close(fds[0]) == 0);
	is(queued(port), 0, "closed, a dup is open: its event is removed");
	need(dup2(other[0], fds[0]) == fds[0]);
	put(fds[1]);
	put(other[1]);
	is(take(port), 0, "another file at the same number: no event");
	fails(dissoc(port, fds[0]), ENOENT, "which isn't associated");
	is(assoc(port, fds[0], POLLIN, 2), 0, "but can be");
	is(take(port), 1, "and has its event");
	is(assoc(port, copy, POLLIN, 3), 0, "the dup can be");
	is(take(port), 1, "and has its event");
	is(assoc(port, fds[0], POLLIN, 4), 0, "associate");
	need(dup2(copy, fds[0]) == fds[0]);
	is(queued(port), 0, "dup2 closes, too");
	need(close(copy) == 0);
	close_pair(fds);
	close_pair(other);
}

static void
always_ready(int port)
{
	FILE *file = tmpfile();

	need(file != NULL);
	is(assoc(port, fileno(file), POLLIN, 0), 0, "associate a file");
	is(take(port), 1, "it is always ready");
	is(list[0].portev_events, POLLIN, "for the bits wanted");
	need(fclose(file) == 0);
}

static void
sending(int port)
{
	int ports[3], errors[3] = { -1, -1, -1 };

	is(port_send(port, 17, &users[3]), 0, "send");
	is(port_send(port, 18, &users[4]), 0, "and again");
	is(take(port), 2, "two events");
	is(list[0].portev_source, PORT_SOURCE_USER, "from a user");
	is(list[0].portev_events, 17,
	    "with the bits sent, the first one first");
	ok(list[0].portev_user == &users[3], "and the cookie");
	is(list[1].portev_events, 18, "the second");
	ports[0] = port;
	ports[1] = -1;
	ports[2] = STDIN_FILENO;
	is(port_sendn(ports, errors, 3, 1, NULL), 1, "sendn: one of three");
	is(errors[0], 0, "no error there");
	is(errors[1], EBADF, "EBADF");
	is(errors[2], EBADFD, "EBADFD");
	fails(port_sendn(ports, errors, 0, 1, NULL), EINVAL,
	    "sendn to none: EINVAL");
	is(take(port), 1, "one event");
}

static void
order(int port)
{
	int fds[2];

	pair(fds);
	is(assoc(port, fds[0], POLLIN, 1), 0, "associate");
	need(port_send(port, 1, NULL) == 0);
	put(fds[1]);
	port_fake_look(port);
	need(port_send(port, 2, NULL) == 0);
	is(take(port), 3, "three events");
	is(list[0].portev_events, 1, "in the order in which");
	is(list[1].portev_source, PORT_SOURCE_FD, "they");
	is(list[2].portev_events, 2, "happened");
	close_pair(fds);
}

static void
counts(int port)
{
	struct timespec bad = { 0, 1000000000 };
	unsigned int nget;
	port_event_t event;
	long long before;

	errno = 4711;
	nget = 1;
	is(port_getn(port, list, 8, &nget, &zero), 0,
	    "no event, no wait: success");
	is(nget, 0, "and none");
	is(errno, 4711, "which leaves errno alone");
	nget = 1;
	before = msec();
	fails(port_getn(port, list, 8, &nget, &moment), ETIME,
	    "no event, a wait: ETIME");
	is(nget, 0, "and none");
	ok(msec() - before >= 20, "after that time");
	fails(port_get(port, &event, &moment), ETIME, "get: ETIME");
	need(port_send(port, 1, NULL) == 0);
	nget = 2;
	fails(port_getn(port, list, 8, &nget, &moment), ETIME,
	    "one, but two are wanted: ETIME");
	is(nget, 1, "and returns the one");
	is(list[0].portev_events, 1, "which is in the list");
	need(port_send(port, 1, NULL) == 0 && port_send(port, 2, NULL) == 0 &&
	    port_send(port, 3, NULL) == 0);
	nget = 0;
	is(port_getn(port, list, 8, &nget, NULL), 0, "none wanted: success");
	is(nget, 0, "and none");
	nget = 4711;
	is(port_getn(port, list, 0, &nget, NULL), 0, "max 0: success");
	is(nget, 3, "and the number of events");
	nget = 1;
	is(port_getn(port, list, 2, &nget, NULL), 0, "up to two");
	is(nget, 2, "come");
	nget = 3;
	fails(port_getn(port, list, 2, &nget, NULL), EINVAL,
	    "more wanted than there is room for: EINVAL");
	nget = 1;
	fails(port_getn(port, NULL, 2, &nget, NULL), EFAULT,
	    "no list: EFAULT");
	fails(port_getn(port, list, 2, NULL, NULL), EINVAL,
	    "no nget: EINVAL");
	is(port_get(port, &event, NULL), 0, "get");
	is(event.portev_events, 3, "the last");
	fails(port_getn(port, list, 2, &nget, &bad), EINVAL,
	    "a bad timeout: EINVAL");
	is(port_get(port, &event, &zero), 0,
	    "get, no event, no wait: success, as in the kernel");
}

static void
nothing(int signal)
{
	(void)signal;
}

/* A signal ends a wait, and takes no event. */
static void
interrupted(int port)
{
	struct sigaction action;
	unsigned int nget = 2;

	memset(&action, 0, sizeof(action));
	action.sa_handler = nothing;
	need(sigaction(SIGALRM, &action, NULL) == 0);
	need(port_send(port, 1, NULL) == 0);
	(void)alarm(1);
	fails(port_getn(port, list, 8, &nget, NULL), EINTR,
	    "interrupted: EINTR");
	is(nget, 2, "nget is untouched");
	is(queued(port), 1, "and so is the queue");
	is(take(port), 1, "take it");
}

static void
quirky(int port)
{
	unsigned int nget;
	int quirk;

	port_fake_quirks(PORT_FAKE_UNTOUCHED);
	nget = 1;
	fails(port_getn(port, list, 8, &nget, &moment), ETIME, "untouched:");
	is(nget, 1, "ETIME leaves nget alone");
	port_fake_quirks(PORT_FAKE_ETIME);
	nget = 1;
	fails(port_getn(port, list, 8, &nget, &zero), ETIME,
	    "etime: without a wait, ETIME");
	for (quirk = PORT_FAKE_LATE; quirk <= (int)PORT_FAKE_EINTR; quirk++) {
		port_fake_quirks((unsigned int)quirk);
		need(port_send(port, quirk, NULL) == 0);
		nget = 1;
		fails(port_getn(port, list, 8, &nget, &moment),
		    quirk == (int)PORT_FAKE_LATE ? ETIME : EINTR,
		    "late, or eintr: an error");
		is(nget, 1, "and an event");
		is(list[0].portev_events, quirk, "this one");
	}
	port_fake_quirks(PORT_FAKE_SLICES);
	nget = 1;
	fails(port_getn(port, list, 8, &nget, NULL), EINTR,
	    "slices: EINTR without a signal");
	port_fake_quirks(0);
}

/* Associations and events share the limit; a slot remains after its event. */
static void
limited(void)
{
	int port, fds[2], more[2];

	port_fake_limit(3);
	port = new_port();
	port_fake_limit(0);
	pair(fds);
	pair(more);
	need(assoc(port, fds[0], POLLOUT, 0) == 0);
	need(assoc(port, fds[1], POLLIN, 0) == 0);
	need(port_send(port, 1, NULL) == 0);
	fails(port_send(port, 2, NULL), EAGAIN, "full: send fails with EAGAIN");
	fails(assoc(port, more[0], POLLIN, 0), EAGAIN,
	    "full: associate fails with EAGAIN");
	is(assoc(port, fds[1], POLLIN | POLLOUT, 1), 0,
	    "associating again needs no slot");
	is(take(port), 3, "three events");
	is(port_fake_slots(port), 2, "retrieved: the user's slot is free");
	is(port_send(port, 2, NULL), 0, "and can be used");
	fails(port_send(port, 3, NULL), EAGAIN, "once");
	fails(dissoc(port, fds[0]), ENOENT, "dissociate after the event");
	is(port_fake_slots(port), 2, "frees the slot");
	need(close(fds[1]) == 0);
	is(port_fake_slots(port), 1, "so does close");
	need(close(fds[0]) == 0 && close(port) == 0);
	close_pair(more);
}

static void
alerted(int port)
{
	unsigned int nget = 2;

	need(port_send(port, 1, NULL) == 0);
	is(port_alert(port, PORT_ALERT_UPDATE, 5, &users[5]), 0, "alert");
	fails(port_alert(port, PORT_ALERT_UPDATE, 6, NULL), EBUSY,
	    "alert again, by update: EBUSY");
	is(port_alert(port, PORT_ALERT_SET, 7, &users[6]), 0,
	    "alert again, by set");
	fails(port_alert(port, PORT_ALERT_INVALID, 7, NULL), EINVAL,
	    "alert again, by both: EINVAL");
	is(port_getn(port, list, 8, &nget, NULL), 0, "a wait ends at once");
	is(nget, 1, "with one event");
	is(list[0].portev_source, PORT_SOURCE_ALERT, "the alert");
	is(list[0].portev_events, 7, "with its events");
	ok(list[0].portev_user == &users[6], "and its cookie");
	is(take(port), 1, "and again");
	is(port_alert(port, PORT_ALERT_SET, 0, NULL), 0, "end of alert mode");
	is(take(port), 1, "one event");
	is(list[0].portev_source, PORT_SOURCE_USER, "the one sent before");
}

static bool
pollable(int port)
{
	struct pollfd pfd = { port, POLLIN, 0 };

	need(poll(&pfd, 1, 0) >= 0);
	return (pfd.revents & POLLIN) != 0;
}

static void
polled(int port)
{
	int fds[2];

	pair(fds);
	ok(!pollable(port), "an empty port isn't readable");
	need(port_send(port, 1, NULL) == 0);
	ok(pollable(port), "with an event it is");
	need(take(port) == 1);
	ok(!pollable(port), "retrieved: not any more");
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	ok(!pollable(port), "associated, not ready: not readable");
	put(fds[1]);
	ok(pollable(port), "ready: readable");
	need(take(port) == 1);
	ok(!pollable(port), "retrieved: not any more");
	need(port_alert(port, PORT_ALERT_SET, 1, NULL) == 0);
	ok(!pollable(port), "in alert mode: not readable");
	need(port_alert(port, PORT_ALERT_SET, 0, NULL) == 0);
	close_pair(fds);
}

/* Closing a duplicate of the port's descriptor. */
static void
duplicated(int port)
{
	unsigned int before = port_fake_slots(port);
	int copy, fds[2];

	pair(fds);
	need((copy = dup(port)) >= 0);
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	need(assoc(port, fds[1], POLLOUT, 0) == 0);
	need(port_send(port, 3, NULL) == 0);
	need(port_alert(port, PORT_ALERT_SET, 7, NULL) == 0);
	is(port_fake_slots(port), before + 3, "two associations and an event");
	need(close(copy) == 0);
	is(port_fake_slots(port), before + 1,
	    "a duplicate is closed: both associations are gone");
	put(fds[1]);
	is(take(port), 1, "with the event of one, and the alert");
	is(list[0].portev_events, 3, "but not what was sent");
	is(assoc(port, fds[0], POLLIN, 1), 0, "associate again");
	is(take(port), 1, "an event");
	close_pair(fds);
}

#ifdef LOOKS_IN_CALLS
/* The event that the port has, or 0. */
static int
event_of(int port)
{
	return take(port) > 0 ? list[0].portev_events : 0;
}

static void
illumos_unix(int port)
{
	int fds[2];

	pair(fds);
	need(assoc(port, fds[0], POLLIN | POLLOUT, 0) == 0);
	need(event_of(port) == POLLOUT);
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	put(fds[1]);
	get(fds[0]);
	is(event_of(port), POLLIN, "calls: written and read: an event");
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	need(shutdown(fds[0], SHUT_RD) == 0);
	is(event_of(port), POLLIN, "a Unix socket shuts down reading: IN");
	close_pair(fds);
	pair(fds);
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	need(shutdown(fds[0], SHUT_WR) == 0);
	is(event_of(port), POLLERR, "it shuts down writing: ERR alone");
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	is(event_of(port), 0, "associated again: nothing");
	need(shutdown(fds[1], SHUT_RD) == 0);
	need(close(fds[1]) == 0);
	is(event_of(port), POLLERR, "its peer closes: ERR alone");
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	is(event_of(port), POLLIN | POLLHUP, "associated again: IN and HUP");
	need(close(fds[0]) == 0);
}

/* What poll(2) returns once it returns anything. */
static int
polls(int fd, int events)
{
	struct pollfd pfd = { fd, (short)events, 0 };

	need(poll(&pfd, 1, 1000 * tap_slow()) == 1);
	return pfd.revents;
}

/* Loopback delivers in its own time. */
static int
later(int port)
{
	unsigned int nget = 1;
	struct timespec second = { 1, 0 };

	return port_getn(port, list, 1, &nget, &second) == 0 ?
	    list[0].portev_events : 0;
}

static void
illumos_inet(int port)
{
	const struct linger abort = { 1, 0 };
	struct sockaddr_storage addr;
	struct mio_source a, b;
	mio_socklen len;
	int fd, peer;

	tcp_pair(&a, &b);
	fd = mio_source_fd(&a);
	peer = mio_source_fd(&b);
	need(assoc(port, fd, POLLPRI, 0) == 0);
	need(send(peer, "!", 1, MSG_OOB) == 1);
	need(polls(fd, POLLPRI) == POLLPRI);
	is(event_of(port), 0, "urgent data, PRI: no event");
	need(assoc(port, fd, POLLPRI | POLLRDBAND, 0) == 0);
	is(event_of(port), POLLPRI | POLLRDBAND, "associated again: both bits");
	need(assoc(port, fd, POLLIN, 0) == 0);
	put(peer);
	is(later(port), POLLIN, "a byte: IN");
	close_source(&a);
	close_source(&b);

	tcp_pair(&a, &b);
	fd = mio_source_fd(&a);
	peer = mio_source_fd(&b);
	need(assoc(port, fd, POLLPRI | POLLRDBAND, 0) == 0);
	need(send(peer, "!", 1, MSG_OOB) == 1);
	is(later(port), POLLRDBAND, "urgent data, both bits: RDBAND");
	need(assoc(port, fd, POLLIN, 0) == 0);
	need(setsockopt(peer, SOL_SOCKET, SO_LINGER, &abort,
	    sizeof(abort)) == 0);
	close_source(&b);
	is(later(port), POLLIN | POLLHUP, "a reset: IN and HUP");
	need(assoc(port, fd, POLLIN | POLLOUT, 0) == 0);
	is(event_of(port), POLLIN | POLLOUT,
	    "associated again: IN and OUT alone");
	is(polls(fd, POLLIN), POLLIN, "poll(2), IN: IN alone");
	is(polls(fd, 0), POLLHUP, "poll(2), neither IN nor OUT: HUP");
	close_source(&a);

	refusing_addr(&addr, &len);
	need((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
	need(connect(fd, (struct sockaddr *)&addr, len) < 0);
	need(errno == EINPROGRESS);
	need(assoc(port, fd, POLLIN | POLLOUT, 0) == 0);
	is(later(port), POLLIN | POLLOUT, "refused: IN and OUT alone");
	need(close(fd) == 0);
}

#endif /* LOOKS_IN_CALLS */

static void
illumos(int port)
{
#ifdef LOOKS_IN_CALLS
	port_fake_quirks(PORT_FAKE_ILLUMOS);
	illumos_unix(port);
	illumos_inet(port);
	port_fake_quirks(0);
#else
	(void)port;
	tap_skip(12, "the linker cannot replace calls");
#endif
}

struct scene {
	int	port;
	int	got;
	int	error;
};

static void *
wait_for_one(void *arg)
{
	struct scene *scene = arg;
	unsigned int nget = 1;
	port_event_t event;

	scene->error = port_getn(scene->port, &event, 1, &nget, NULL) < 0 ?
	    errno : 0;
	scene->got = event.portev_events;
	return NULL;
}

static void
beside(int port)
{
	struct scene scene = { 0, 0, 0 };
	pthread_t thread;
	int fds[2];

	scene.port = port;
	pair(fds);
	thread = start_thread(wait_for_one, &scene);
	sleep_msec(20);
	need(assoc(port, fds[0], POLLOUT, 0) == 0);
	join_thread(thread);
	is(scene.got, POLLOUT, "associated during a wait: an event");
	thread = start_thread(wait_for_one, &scene);
	sleep_msec(20);
	need(port_send(port, 9, NULL) == 0);
	join_thread(thread);
	is(scene.got, 9, "sent during a wait: an event");
	scene.port = new_port();
	thread = start_thread(wait_for_one, &scene);
	sleep_msec(20);
	need(close(scene.port) == 0);
	join_thread(thread);
	is(scene.error, EBADF, "closed during a wait: EBADF");
	scene.port = port;
	thread = start_thread(wait_for_one, &scene);
	sleep_msec(20);
	need(port_alert(port, PORT_ALERT_SET, 5, NULL) == 0);
	join_thread(thread);
	is(scene.got, 5, "alert mode begins during a wait: the alert");
	need(port_alert(port, PORT_ALERT_SET, 0, NULL) == 0);
	close_pair(fds);
}

static int
child_ends(int port, const int fds[2], bool use)
{
	int status;
	pid_t pid;

	need((pid = fork()) >= 0);
	if (pid == 0) {
		if (use)
			(void)port_send(port, 1, NULL);
		if (close(fds[0]) < 0 || close(port) < 0 ||
		    port_create() < 0)
			_exit(1);
		_exit(0);
	}
	need(waitpid(pid, &status, 0) == pid);
	return status;
}

static void
forked(int port)
{
	int fds[2];

	pair(fds);
	need(assoc(port, fds[0], POLLIN, 0) == 0);
	is(child_ends(port, fds, false), 0,
	    "a child closes its parent's port, and makes a new one");
	put(fds[1]);
	is(take(port), 1, "the parent's association is there");
	ok(WIFSIGNALED(child_ends(port, fds, true)),
	    "a child that uses its parent's port is aborted");
	close_pair(fds);
}

/* Looking all the time, it notices conditions that end before the next call. */
static void
eager(void)
{
	int port, fds[2], tries, seen = 0;

	port_fake_quirks(PORT_FAKE_EAGER);
	port = new_port();
	pair(fds);
	for (tries = 0; tries < 1000 && seen == 0; tries++) {
		need(assoc(port, fds[0], POLLIN, 1) == 0);
		put(fds[1]);
		sleep_msec(1);
		get(fds[0]);
		seen = take(port);
	}
	is(seen, 1, "eager: an event for a condition that has ended");
	close_pair(fds);
	need(close(port) == 0);
}

int
main(void)
{
	int port;

	tap_start();
	bad_arguments();
	port = new_port();
	one_event(port);
	renewed(port);
	stale(port);
	closed(port);
	always_ready(port);
	sending(port);
	order(port);
	counts(port);
	interrupted(port);
	quirky(port);
	limited();
	alerted(port);
	polled(port);
	duplicated(port);
	illumos(port);
	beside(port);
	forked(port);
	need(close(port) == 0);
	eager();
	return tap_done();
}
