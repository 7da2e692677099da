/*
 * SOCK-1, EPOLL-6: makes each system call and allocation of an operation fail
 * in turn.  The operation must then fail with that error, or succeed where the
 * page specifies it; no descriptor may be lost, and afterwards the operation
 * must work.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

#ifdef SO_REUSEPORT
#define SHARED	MIO_REUSEPORT
#else
#define SHARED	0
#endif

static struct sockaddr_storage addr;
static mio_socklen addr_len;
static struct mio_source listener, subject;
static struct mio_poller *poller;

/*
 * An operation: the preparation, which is not counted; the operation itself,
 * which returns 0 or an errno; and the cleanup after it.
 */
struct operation {
	const char	*name;
	void		(*prepare)(void);
	int		(*run)(void);
	void		(*undo)(void);
};

static struct mio_poller *made;
static struct mio_waker *waker;

static void
prepare_nothing(void)
{
}

static int
run_poller(void)
{
	return (made = mio_poller_new()) != NULL ? 0 : errno;
}

static void
undo_poller(void)
{
	mio_poller_free(made);
	made = NULL;
}

/* A poller without freed wakers, which mio_waker_new would make again. */
static void
prepare_waker(void)
{
	made = new_poller();
}

static int
run_waker(void)
{
	return (waker = mio_waker_new(made, 9)) != NULL ? 0 : errno;
}

static void
undo_waker(void)
{
	mio_waker_free(waker);
	waker = NULL;
	undo_poller();
}

static int
run_listen(void)
{
	struct sockaddr_storage any;
	mio_socklen len;
	struct sockaddr *sa = addr_of("127.0.0.1:0", &any, &len);

	return mio_tcp_listen(&subject, sa, len, 0, SHARED) == 0 ? 0 : errno;
}

static int
run_connect(void)
{
	return mio_tcp_connect(&subject, (struct sockaddr *)&addr, addr_len,
	    0) == 0 ? 0 : errno;
}

static int
run_udp(void)
{
	struct sockaddr_storage any;
	mio_socklen len;
	struct sockaddr *sa = addr_of("127.0.0.1:0", &any, &len);

	return mio_udp_bind(&subject, sa, len, SHARED) == 0 ? 0 : errno;
}

static int
run_unix_listen(void)
{
	return mio_unix_listen(&subject, "s", 1, 0) == 0 ? 0 : errno;
}

static int
run_dgram_bind(void)
{
	return mio_unix_dgram_bind(&subject, "s", 0) == 0 ? 0 : errno;
}

static int
run_unbound(void)
{
	return mio_unix_dgram_unbound(&subject, 0) == 0 ? 0 : errno;
}

static int
run_listen_v6(void)
{
	struct sockaddr_storage any;
	mio_socklen len;
	struct sockaddr *sa = addr_of("[::1]:0", &any, &len);

	return mio_tcp_listen(&subject, sa, len, 0, SHARED) == 0 ? 0 : errno;
}

/*
 * Dual-stack if the system has such sockets.  Without IPv6 the subject stays
 * empty, and there is nothing to set.
 */
static void
prepare_v6(void)
{
	struct sockaddr_storage any;
	mio_socklen len;
	struct sockaddr *sa = addr_of("[::]:0", &any, &len);

	if (mio_udp_bind(&subject, sa, len, MIO_DUALSTACK) < 0)
		(void)mio_udp_bind(&subject, sa, len, 0);
}

static int
run_set_ttl(void)
{
	if (mio_source_fd(&subject) == (mio_fd)-1)
		return EAFNOSUPPORT;
	return mio_udp_set_ttl(&subject, 9) == 0 ? 0 : errno;
}

static struct mio_source other;

static int
run_pair(void)
{
	return mio_unix_pair(&subject, &other, 0) == 0 ? 0 : errno;
}

static int
run_pipe(void)
{
	return mio_pipe_new(&subject, &other, 0) == 0 ? 0 : errno;
}

static void
undo_subject(void)
{
	if (mio_source_fd(&subject) != (mio_fd)-1)
		close_source(&subject);
}

/*
 * The file may exist even if a later step failed: removing it is up to the
 * caller.
 */
static void
undo_file(void)
{
	undo_subject();
	need(unlink("s") == 0 || errno == ENOENT);
}

static void
undo_both(void)
{
	undo_subject();
	if (mio_source_fd(&other) != (mio_fd)-1)
		close_source(&other);
}

/* The client of an accept, whose calls are not counted. */
static struct mio_source client;

static void
connect_to_listener(struct mio_source *stream)
{
	need(mio_tcp_connect(stream, (struct sockaddr *)&addr, addr_len, 0) ==
	    0);
	await_connection(stream);
}

static int
run_accept(void)
{
	return mio_tcp_accept(&listener, &subject, NULL, NULL, 0) == 0 ? 0 :
	    errno;
}

/* A pipe without a reader, of which a kqueue needs a knote of its own. */
static void
prepare_broken(void)
{
	made = new_poller();
	if (mio_pipe_new(&other, &subject, 0) == 0)
		close_source(&other);
}

static int
run_broken(void)
{
	if (mio_source_fd(&subject) == (mio_fd)-1)
		return EOPNOTSUPP;
	return mio_register(made, &subject, 5, MIO_WRITABLE) == 0 ? 0 : errno;
}

static void
undo_broken(void)
{
	undo_subject();
	undo_poller();
}

/* A new poller, since its first registration is the one that allocates. */
static void
prepare_register(void)
{
	made = new_poller();
}

static int
run_register(void)
{
	return mio_register(made, &client, 5, MIO_READABLE) == 0 ? 0 : errno;
}

static void
undo_register(void)
{
	if (mio_deregister(made, &client) < 0)
		need(errno == ENOENT);
	undo_poller();
}

static const struct operation operations[] = {
	{ "poller_new",	prepare_nothing,	run_poller,	undo_poller },
	{ "waker_new",	prepare_waker,	run_waker,	undo_waker },
	{ "listen",	prepare_nothing,	run_listen,	undo_subject },
	{ "connect",	prepare_nothing,	run_connect,	undo_subject },
	{ "listen_v6",	prepare_nothing,	run_listen_v6,	undo_subject },
	{ "set_ttl",	prepare_v6,		run_set_ttl,	undo_subject },
	{ "register",	prepare_register,	run_register,	undo_register },
	{ "broken_pipe", prepare_broken,	run_broken,	undo_broken },
	{ "udp_bind",	prepare_nothing,	run_udp,	undo_subject },
	{ "unix_listen", prepare_nothing,	run_unix_listen, undo_file },
	{ "dgram_bind",	prepare_nothing,	run_dgram_bind,	undo_file },
	{ "unbound",	prepare_nothing,	run_unbound,	undo_subject },
	{ "unix_pair",	prepare_nothing,	run_pair,	undo_both },
	{ "pipe_new",	prepare_nothing,	run_pipe,	undo_both }
};

/* Functions that release something are left out: they can't be retried. */
static bool
can_fail(const char *function)
{
	return strncmp(function, "close", 5) != 0 &&
	    strcmp(function, "CloseHandle") != 0 &&
	    strcmp(function, "CancelIoEx") != 0;
}

/*
 * Some Windows lack the second option that is set on a UDP socket, and the one
 * that is set before a connection.
 */
static bool
survives(const struct operation *op, const char *function, int nth)
{
	return strcmp(function, "WSAIoctl") == 0 &&
	    ((op->run == run_udp && nth == 2) || op->run == run_connect);
}

static int
error_for(const char *function)
{
	if (strstr(function, "alloc") != NULL)
		return ENOMEM;
	if (strcmp(function, "fcntl") == 0)
		return EBADF;		/* kqueue tests with it for this one */
	return strcmp(function, "connect") == 0 ? ENETUNREACH : EMFILE;
}

static void
fail_one(const struct operation *op, const char *function, int nth)
{
	int error = error_for(function);
	int before, got;

	op->prepare();
	before = count_fds();
	wrap_fail(function, nth, 1, error);
	got = op->run();
	is(wrap_heal(), 1, "%s: call %d of %s fails", op->name, nth,
	    function);
	if (survives(op, function, nth))
		is(got, 0, "%s: succeeds nevertheless", op->name);
	else
		is(got, error, "%s: fails with that error", op->name);
	if (got == 0)
		op->undo();
	is(count_fds(), before, "%s: no descriptor is lost", op->name);
	if (got != 0)
		op->undo();
}

static void
fail_each(const struct operation *op)
{
	const char *names[32];
	int counts[32];
	int i, nth, n, error;

	op->prepare();
	wrap_reset();
	if ((error = op->run()) == EAFNOSUPPORT || error == EOPNOTSUPP ||
	    error == EADDRNOTAVAIL) {
		tap_skip(1, "%s: %s", op->name, mio_strerror(error));
		return;
	}
	need(error == 0);
	for (n = 0; n < 32 && (names[n] = wrap_called(n)) != NULL; n++)
		counts[n] = wrap_count(names[n]);
	op->undo();
	ok(n > 0, "%s: calls %d functions", op->name, n);
	for (i = 0; i < n; i++) {
		for (nth = 1; can_fail(names[i]) && nth <= counts[i]; nth++)
			fail_one(op, names[i], nth);
	}
	op->prepare();
	is(op->run(), 0, "%s: works afterwards", op->name);
	op->undo();
}

/*
 * SOCK-3: where accept4 is missing or forbidden, accept is used and the flags
 * are set.
 */
static void
accept_fallback(int error)
{
	int fd;

	await_readable(&listener);
	wrap_fail("accept4", 1, 1, error);
	errno = 4711;
	is(run_accept(), 0, "accept without accept4 (%s)", strerror(error));
	is(errno, 4711, "leaves errno alone");
	if (wrap_heal() == 0)
		tap_diag("this system has no accept4; accept was used");
	fd = mio_source_fd(&subject);
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "is close-on-exec");
	ok(fcntl(fd, F_GETFL) & O_NONBLOCK, "and non-blocking");
	close_source(&subject);
}

static const char *
accept_call(void)
{
#ifdef HAVE_ACCEPT4
	return "accept4";
#else
	return "accept";
#endif
}

/* A failed accept loses no descriptor, and the next one works. */
static void
accept_failures(void)
{
	int before = count_fds();

	await_readable(&listener);
	wrap_fail(accept_call(), 1, 1, EMFILE);
	is(run_accept(), EMFILE, "accept fails");
	(void)wrap_heal();
	is(count_fds(), before, "no descriptor is lost by accept");
	wrap_fail(accept_call(), 1, 1, ECONNABORTED);
	is(run_accept(), ECONNABORTED, "accept: the peer has closed");
	(void)wrap_heal();
	is(run_accept(), 0, "accept works afterwards");
	close_source(&subject);
}

#ifdef HAVE_ACCEPT4
static int nth_fcntl, fcntl_error;

static void
fail_fcntl(void *arg)
{
	(void)arg;
	wrap_fail("fcntl", nth_fcntl, 1, fcntl_error);
}

/* accept4 is missing, and the nth fcntl after accept fails. */
static void
accept_unflagged(int nth, int error, int want)
{
	int before = count_fds();

	await_readable(&listener);
	nth_fcntl = nth;
	fcntl_error = error;
	wrap_fail("accept4", 1, 1, ENOSYS);
	wrap_before("accept", fail_fcntl, NULL);
	is(run_accept(), want, "accept: call %d of fcntl fails with %s", nth,
	    strerror(error));
	is(wrap_heal(), 1, "it has failed");
	is(count_fds(), before, "accept: no descriptor is lost");
}
#endif

/* A socket that cannot have its flags is closed; mio_tcp_accept fails. */
static void
accept_without_flags(void)
{
#ifdef HAVE_ACCEPT4
	struct mio_source peers[4];
	int i;

	while (run_accept() == 0)
		close_source(&subject);
	wrap_fail("accept4", 1, 1, ENOSYS);
	is(run_accept(), EAGAIN, "accept4 is missing, and no connection");
	(void)wrap_heal();
	for (i = 0; i < 4; i++)
		connect_to_listener(&peers[i]);
	accept_unflagged(1, EMFILE, EMFILE);
	accept_unflagged(2, EMFILE, EMFILE);
	accept_unflagged(3, EMFILE, EMFILE);
	accept_unflagged(1, EPIPE, ECONNABORTED);
	for (i = 0; i < 4; i++)
		close_source(&peers[i]);
#else
	tap_skip(13, "this system has no accept4");
#endif
}

/* Before Windows 7 SP1 the flag against inheritance is refused. */
static void
inheritance_fallback(int error)
{
	int fd;

	if (!on_selector("afd"))
		return;
	wrap_fail("WSASocketW", 1, 1, error);
	is(run_udp(), 0, "a socket on a system without the flag");
	is(wrap_heal(), 1, "which was refused");
	fd = (int)mio_source_fd(&subject);
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "is not inherited");
	close_source(&subject);
	wrap_fail("WSASocketW", 1, 2, error);
	is(run_udp(), error, "it is refused without the flag as well");
	is(wrap_heal(), 2, "after two attempts");
}

/* The first registration of a handler for fork(2) fails. */
static void
no_handler(void)
{
	if (on_selector("afd")) {
		tap_skip(2, "Windows has no fork");
		return;
	}
	wrap_fail("pthread_atfork", 1, 1, ENOMEM);
	is(run_poller(), ENOMEM, "the first poller_new: pthread_atfork fails");
	is(wrap_heal(), 1, "it has failed");
}

/* A close that a signal interrupts has closed the descriptor. */
static void
close_interrupted(void)
{
	struct mio_source source;
	int fd;

	if (on_selector("afd")) {
		tap_skip(2, "Windows: closing is never interrupted");
		return;
	}
	need(mio_udp_bind(&source, (struct sockaddr *)&addr, addr_len, 0) ==
	    0);
	fd = mio_source_fd(&source);
	wrap_fail("close", 1, 1, EINTR);
	is(mio_source_close(&source), 0, "an interrupted close");
	is(wrap_heal(), 1, "it was interrupted");
	need(close(fd) == 0);
}

/* EINTR doesn't fail a connect, since the connection goes on. */
static void
connect_survives(void)
{
	if (on_selector("afd")) {
		tap_skip(3, "Windows: connect is never interrupted");
		return;
	}
	wrap_fail("connect", 1, 1, EINTR);
	is(run_connect(), 0, "an interrupted connect goes on");
	is(wrap_heal(), 1, "it was interrupted");
	undo_subject();
	wrap_fail("connect", 1, 1, EAGAIN);
	is(run_connect(), EAGAIN, "EAGAIN of connect is an error");
	(void)wrap_heal();
}

int
main(void)
{
	static const int refusals[] = { ENOSYS, EPERM, EOPNOTSUPP, EACCES };
	size_t i;

	tap_start();
	enter_tmpdir();
	no_handler();
	poller = new_poller();
	listen_loopback(&listener, &addr, &addr_len);
	connect_to_listener(&client);
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		fail_each(&operations[i]);
	reg(poller, &listener, 1, MIO_READABLE);
	need(comes(poller, 1, MIO_READABLE));
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		accept_fallback(refusals[i]);
		close_source(&client);
		connect_to_listener(&client);
	}
	inheritance_fallback(EINVAL);
	inheritance_fallback(EPROTOTYPE);
	accept_failures();
	accept_without_flags();
	close_interrupted();
	connect_survives();
	close_source(&client);
	close_source(&listener);
	mio_poller_free(poller);
	leave_tmpdir();
	return tap_done();
}
