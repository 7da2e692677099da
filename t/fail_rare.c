/*
 * Failures that are rare: arrays that cannot grow, changes beside a wait whose
 * thread cannot be woken, errors of a read that leave a source ready.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#else
#include <poll.h>

#include "compat/sigpipe.h"
#include "poll_bits.h"
#include "readiness.h"
#endif
#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

#define MANY	530	/* sources; more than eight times 64 records */

static struct mio_poller *poller;
static struct mio_event events[MANY];
static struct mio_source many[MANY];

static struct mio_source a, b, c, d;

/* Does the library see each EAGAIN, to re-arm the source? */
static bool
rearms(void)
{
	return on_selector("poll") || on_selector("port") ||
	    on_selector("afd");
}

/*
 * Registers a source while the nth call of a function fails.  Returns false if
 * there was no such call.
 */
static bool
fail_register(int i, const char *function, int nth)
{
	int result;

	wrap_fail(function, nth, 1, ENOMEM);
	errno = 0;
	result = mio_register(poller, &many[i], 100 + (mio_token)i,
	    MIO_WRITABLE);
	if (wrap_heal() == 0) {
		need(result == 0);
		dereg(poller, &many[i]);
		return false;
	}
	fails(result, ENOMEM, "source %d: call %d of %s fails", i, nth,
	    function);
	return true;
}

/* The arrays grow with the sources, and each allocation fails once. */
static void
growing(void)
{
	static const char *const functions[] = {
		"realloc", "calloc"
	};
	struct sockaddr_storage addr;
	mio_socklen len;
	struct sockaddr *sa = addr_of("127.0.0.1:0", &addr, &len);
	int i, n, nth, total = 0;
	size_t f;

	for (i = 0; i < MANY; i++) {
		need(mio_udp_bind(&many[i], sa, len, 0) == 0);
		for (f = 0; f < sizeof(functions) / sizeof(functions[0]); f++) {
			for (nth = 1; fail_register(i, functions[f], nth);)
				nth++;
		}
		reg(poller, &many[i], 100 + (mio_token)i, MIO_WRITABLE);
	}
	while ((n = mio_poll(poller, events, MANY, 0)) > 0)
		total += n;
	is(total, MANY, "all sources are reported at the end");
	for (i = 0; i < MANY; i++)
		close_source(&many[i]);
}

/* In the thread that waits, which therefore cannot be woken. */
static void
change_beside_wait(void *arg)
{
	(void)arg;
	wrap_fail("write", 1, -1, EIO);
	fails(mio_register(poller, &d, 4, MIO_WRITABLE), EIO,
	    "the waiter can't be woken: register fails");
	fails(mio_deregister(poller, &d), ENOENT, "and has no effect");
	fails(mio_reregister(poller, &a, 5, MIO_READABLE), EIO,
	    "reregister fails");
	fails(mio_deregister(poller, &b), EIO, "deregister returns the error");
	fails(mio_deregister(poller, &b), ENOENT, "and has its effect");
	is(drain(&c), 1, "an operation does not fail");
	ok(wrap_heal() > 0, "a signal was refused");
}

/* Two changes need one signal. */
static void
change_twice(void *arg)
{
	(void)arg;
	wrap_reset();
	is(mio_reregister(poller, &a, 1, MIO_READABLE), 0,
	    "beside a wait: reregister");
	is(mio_reregister(poller, &c, 3, MIO_READABLE), 0,
	    "beside a wait: reregister another");
	is(wrap_count("write"), 1, "one signal");
}

static void
unwakeable(void)
{
	unix_pair(&a, &b);
	unix_pair(&c, &d);
	reg(poller, &a, 1, MIO_READABLE);
	reg(poller, &b, 2, MIO_READABLE);
	reg(poller, &c, 3, MIO_READABLE);
	put_text(&d, "x");
	need(comes(poller, 3, MIO_READABLE));
	wrap_before("poll", change_beside_wait, NULL);
	is(mio_poll(poller, events, 4, 0), 0, "the wait goes on");
	put_text(&a, "x");
	is(quiet(poller), 0, "the deregistered source is silent");
	put_text(&b, "x");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "a refused change:");
	is(events[0].token, 1, "the old registration has an event");
	put_text(&d, "x");
	ok(comes(poller, 3, MIO_READABLE), "a refused re-arming: an event");
	reg(poller, &b, 2, MIO_READABLE);
	ok(comes(poller, 2, MIO_READABLE), "registered again: an event");
	wrap_before("poll", change_twice, NULL);
	is(mio_poll(poller, events, 4, 0), 2, "the wait reports both");
	close_source(&a);
	close_source(&b);
	close_source(&c);
	close_source(&d);
}

/*
 * The kernel refuses two associations, and a dissociation.  The registration
 * has ended even so.
 */
static void
refused_by_port(void)
{
	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE | MIO_LEVEL);
	reg(poller, &b, 2, MIO_READABLE | MIO_LEVEL);
	put_text(&a, "x");
	put_text(&b, "x");
	need(poll_now(poller, events, 4) == 2);
	wrap_fail("port_associate", 1, 2, ENOMEM);
	fails(mio_poll(poller, events, 4, 0), ENOMEM,
	    "two sources are not re-armed: the wait fails");
	is(wrap_heal(), 2, "both were refused");
	is(poll_now(poller, events, 4), 2, "the next wait reports both");
	wrap_fail("port_dissociate", 1, 1, EINVAL);
	fails(mio_deregister(poller, &a), EINVAL,
	    "deregister returns the error");
	is(wrap_heal(), 1, "it was refused");
	fails(mio_deregister(poller, &a), ENOENT, "and has its effect");
	close_source(&a);
	close_source(&b);
}

/* The call that registers a source with the kernel. */
static const char *
change_call(void)
{
	if (on_selector("epoll"))
		return "epoll_ctl";
	return on_selector("port") ? "port_associate" : "kevent";
}

static void
close_fd(void *fd)
{
	need(close(*(int *)fd) == 0);
}

/* Another thread closes the descriptor while it is registered. */
static void
closed_meanwhile(void)
{
	struct mio_source source;
	int fds[2];

	need(pipe(fds) == 0);
	need(mio_source_from_fd(&source, fds[1]) == 0);
	wrap_before(change_call(), close_fd, &fds[1]);
	fails(mio_register(poller, &source, 1, MIO_WRITABLE), EBADF,
	    "a descriptor that is closed during register: writable");
	need(mio_source_from_fd(&source, fds[0]) == 0);
	wrap_before(change_call(), close_fd, &fds[0]);
	fails(mio_register(poller, &source, 1, MIO_READABLE), EBADF,
	    "a descriptor that is closed during register: readable");
}

/* A kqueue can be read and not written. */
static void
refused_by_kqueue(void)
{
	struct mio_poller *inner = new_poller();
	struct mio_source source;

	need(mio_source_from_fd(&source, mio_poller_fd(inner)) == 0);
	ok(mio_register(poller, &source, 1, MIO_WRITABLE) < 0 &&
	    (errno == EINVAL || errno == EPERM), "a kqueue is not writable");
	is(mio_register(poller, &source, 1, MIO_READABLE | MIO_WRITABLE), 0,
	    "but readable");
	dereg(poller, &source);
	mio_poller_free(inner);
}

/* The first change of a new kqueue fails. */
static void
no_channel(int error)
{
	wrap_fail("kevent", 1, 1, error);
	errno = 0;
	ok(mio_poller_new() == NULL, "a poller that can't be made");
	is(errno, error, "fails with %s", strerror(error));
	is(wrap_heal(), 1, "once");
}

/* The change was made although the call was interrupted. */
static void
wake_interrupted(void)
{
	struct mio_waker *waker = mio_waker_new(poller, 9);

	need(waker != NULL);
	wrap_fail("kevent", 1, 1, EINTR);
	is(mio_waker_wake(waker), 0, "a wake that a signal interrupts");
	if (wrap_heal() == 0)
		tap_diag("this kqueue has no EVFILT_USER");
	is(mio_poll(poller, events, 4, PATIENCE), 1, "is reported");
	mio_waker_free(waker);
}

/*
 * Descriptors whose numbers differ by 256, the size of the table in which
 * kqueue finds the events of one descriptor.
 */
static void
same_cell(void)
{
	int fd;

	unix_pair(&a, &b);
	fd = mio_source_fd(&a) + 256;
	need(dup2(mio_source_fd(&b), fd) == fd);
	need(mio_source_from_fd(&c, fd) == 0);
	reg(poller, &a, 1, MIO_WRITABLE);
	reg(poller, &c, 2, MIO_WRITABLE);
	is(poll_now(poller, events, 4), 2, "descriptors 256 apart: two events");
	close_source(&a);
	close_source(&b);
	close_source(&c);
}

/* An option is set on a socket of the program's before it is written to. */
static void
option_refused(void)
{
#ifdef NOSIGPIPE_OPTION
	unix_pair(&a, &b);
	wrap_fail("setsockopt", 1, 1, EINVAL);
	fails(mio_source_write(&a, "x", 1), EPIPE,
	    "write: shut down in both directions");
	is(wrap_heal(), 1, "the option is refused");
	wrap_fail("setsockopt", 1, 1, ENOBUFS);
	fails(mio_udp_send(&a, "x", 1), ENOBUFS,
	    "send: the option is refused");
	is(wrap_heal(), 1, "once");
	close_source(&a);
	close_source(&b);
#else
	tap_diag("this system has a flag against SIGPIPE, or no SIGPIPE");
#endif
}

/* A read fails with this error, and a datagram is there. */
static void
read_fails(const char *call, int error, bool again)
{
	char buf[4];

	wrap_fail(call, 1, 1, error);
	fails(mio_source_read(&a, buf, sizeof(buf)), error,
	    "a read fails: %s", strerror(error));
	need(wrap_heal() == 1);
	is(mio_poll(poller, events, 4, 0), again, "%s",
	    again ? "re-armed: an event" : "no event");
	need(drain(&a) == 1);
	put_text(&b, "x");
	need(comes(poller, 1, MIO_READABLE));
}

/* A descriptor of the program's, which may be a datagram socket. */
static void
foreign_reads(void)
{
	static const int errors[] = {
		ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT, EMSGSIZE
	};
	size_t i;

	unix_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	put_text(&b, "x");
	need(comes(poller, 1, MIO_READABLE));
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		read_fails("read", errors[i], rearms());
	read_fails("read", EINTR, false);
	close_source(&a);
	close_source(&b);
}

static void
datagram_reads(void)
{
	need(mio_unix_dgram_pair(&a, &b, 0) == 0);
	reg(poller, &a, 1, MIO_READABLE);
	put_text(&b, "x");
	need(comes(poller, 1, MIO_READABLE));
	read_fails("read", ECONNREFUSED, rearms());
	read_fails("read", EINTR, false);
	read_fails("read", EPIPE, false);
	close_source(&a);
	close_source(&b);
}

/* A send with an address is refused, because the buffer is full. */
static void
full_send(void)
{
	struct sockaddr_storage addr;
	mio_socklen len;
	struct sockaddr *sa = addr_of("127.0.0.1:0", &addr, &len);

	need(mio_udp_bind(&a, sa, len, 0) == 0);
	need(mio_udp_bind(&b, sa, len, 0) == 0);
	reg(poller, &a, 1, MIO_WRITABLE);
	need(comes(poller, 1, MIO_WRITABLE));
	sa = local_addr(&b, &addr, &len);
	wrap_fail("sendto", 1, 1, EAGAIN);
	fails(mio_udp_send_to(&a, "x", 1, sa, len), EAGAIN,
	    "send_to: the buffer is full");
	is(wrap_heal(), 1, "once");
	is(mio_poll(poller, events, 4, 0), rearms(), "%s",
	    rearms() ? "re-armed: an event" : "no event");
	close_source(&a);
	close_source(&b);
}

static void
fail_this_read(void *arg)
{
	(void)arg;
	wrap_fail("read", 0, 1, EBADF);
}

/* The program has closed the descriptor of a channel that is full. */
static void
closed_channel(void)
{
	struct mio_waker *waker = mio_waker_new(poller, 9);

	need(waker != NULL);
	wrap_fail("write", 1, 1, EAGAIN);
	wrap_before("read", fail_this_read, NULL);
	fails(mio_waker_wake(waker), EBADF, "a full channel can't be emptied");
	is(wrap_heal(), 1, "it was tried");
	need(mio_waker_wake(waker) == 0);
	need(mio_poll(poller, events, 4, PATIENCE) == 1);
	mio_waker_free(waker);
}

/* The same, and a wait is to empty it. */
static void
unreadable_channel(void)
{
	struct mio_waker *waker = mio_waker_new(poller, 9);
	int result;

	need(waker != NULL);
	need(mio_waker_wake(waker) == 0);
	mio_waker_free(waker);
	wrap_fail("read", 1, 1, EBADF);
	result = mio_poll(poller, events, 4, 0);
	if (wrap_heal() > 0)
		fails(result, EBADF, "a wait can't empty the channel");
	else
		is(result, 0, "a wait need not empty it");
	is(mio_poll(poller, events, 4, 0), 0, "the next wait has no event");
}

/* A read of no bytes is not the end of the stream. */
static void
empty_read(void)
{
	char byte;

	need(mio_unix_pair(&a, &b, 0) == 0);
	reg(poller, &a, 1, MIO_READABLE);
	is(mio_source_read(&a, &byte, 0), 0, "a read of no bytes");
	put_text(&b, "x");
	ok(comes(poller, 1, MIO_READABLE), "then a byte comes");
	is(mio_source_read(&a, &byte, 1), 1, "and is read");
	close_source(&a);
	close_source(&b);
}

#ifndef _WIN32
/* Other selectors do not have these. */
#pragma weak mio_poll_report
#pragma weak mio_record_set

#ifndef POLLRDHUP
#define POLLRDHUP	0
#endif
#ifndef POLLRDBAND
#define POLLRDBAND	POLLPRI
#endif

/* Each set of poll(2)'s bits, also those that no file has at once. */
static void
all_bits(void)
{
	static const short bits[] = {
		POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLRDBAND,
		POLLRDHUP
	};
	struct mio_record record;
	struct mio_event event;
	int set, i, wrong = 0;

	for (set = 1; set < (POLLRDHUP != 0 ? 128 : 64); set++) {
		short revents = 0;

		for (i = 0; i < 7; i++)
			revents |= (short)(set >> i & 1 ? bits[i] : 0);
		memset(&record, 0, sizeof(record));
		mio_record_set(&record, 1, MIO_READABLE | MIO_WRITABLE |
		    MIO_PRIORITY);
		if (mio_poll_report(&record, revents, &event) != 1 ||
		    event.readiness != MIO_READINESS(set & 1, set & (2 | 32),
		    set & 4, set & 8, set & 16, set & 64))
			wrong++;
	}
	is(wrong, 0, "all sets of bits are reported as the page specifies");
	record.armed = 0;
	is(mio_poll_report(&record, POLLIN | POLLHUP, &event), 0,
	    "a record that is not armed reports nothing");
}
#endif

#ifdef _WIN32
/*
 * A server that only writes has no right to query whether its operations send
 * packets.  Wine does not ask for that right.
 */
static void
unknown_mode(void)
{
	struct mio_source server;
	HANDLE handle = CreateNamedPipeA("\\\\.\\pipe\\libmio-fail_rare",
	    PIPE_ACCESS_OUTBOUND | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1, 512,
	    512, 0, NULL);

	need(handle != INVALID_HANDLE_VALUE);
	wrap_fail("NtQueryInformationFile", 2, 1, EACCES);
	is(mio_named_pipe_from_handle(&server, (mio_fd)handle, 0), 0,
	    "a server that only writes, whose mode can't be queried");
	is(wrap_heal(), 1, "the query has failed");
	close_source(&server);
}
#endif

/* The kernel refuses room for more than INT_MAX bytes. */
static void
much_room(void)
{
	wrap_fail("epoll_wait", 1, 1, EINTR);
	fails(mio_poll(poller, events, INT_MAX, 0), EINTR,
	    "a wait with room for INT_MAX events");
	is(wrap_heal(), 1, "is one call");
	ok(wrap_room >= 128 && wrap_room <= INT_MAX / 12,
	    "with room for as many as the kernel allows");
}

int
main(void)
{
	tap_start();
	poller = new_poller();
	growing();
	if (on_selector("poll"))
		unwakeable();
	if (on_selector("port"))
		refused_by_port();
	if (on_selector("afd")) {
		tap_skip(1, "AFD: the calls of a read are others");
	} else {
		foreign_reads();
		datagram_reads();
		full_send();
		empty_read();
		same_cell();
		option_refused();
		if (!on_selector("poll"))
			closed_meanwhile();
	}
	if (on_selector("kqueue")) {
		refused_by_kqueue();
		no_channel(EMFILE);
		no_channel(ENFILE);
		no_channel(ENOMEM);
		wake_interrupted();
	}
	if (on_selector("epoll") || on_selector("poll"))
		closed_channel();
	if (!on_selector("port") && !on_selector("afd"))
		unreadable_channel();
#ifdef _WIN32
	unknown_mode();
#else
	if (on_selector("poll") || on_selector("port"))
		all_bits();
#endif
	if (on_selector("epoll"))
		much_room();
	mio_poller_free(poller);
	return tap_done();
}
