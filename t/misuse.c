/*
 * Checks that misuse fails with the documented error, and that everything else
 * still works.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <net/if.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller, *other;
static struct mio_source a, b;		/* a is registered, token 1 */
static struct mio_event events[4];

/* Checks that the poller and its registered source still work. */
static void
still_works(const char *after)
{
	put_text(&b, "x");
	ok(comes(poller, 1, MIO_READABLE), "everything works after %s", after);
	is(drain(&a), 1, "the byte is there");
	is(quiet(poller), 0, "and no other event");
}

/*
 * Asynchronous I/O exists on kqueue only, and not all kqueues have both kinds.
 */
static void
asynchronous(struct mio_source *source, unsigned int bit, const char *name)
{
	if ((mio_sel_interests & bit) != 0) {
		is(mio_register(poller, source, 2, MIO_READABLE | bit), 0,
		    "%s", name);
		dereg(poller, source);
		is(mio_register(poller, source, 2, bit), 0, "%s alone", name);
		dereg(poller, source);
	} else {
		fails(mio_register(poller, source, 2, MIO_READABLE | bit),
		    ENOTSUP, "%s", name);
	}
}

static void
interests(void)
{
	struct mio_source c, d;

	tcp_pair(&c, &d);
	fails(mio_register(poller, &c, 2, 0), EINVAL, "no interest");
	fails(mio_register(poller, &c, 2, MIO_LEVEL), EINVAL,
	    "a mode without an interest");
	fails(mio_register(poller, &c, 2, MIO_READABLE | 0x80000000u), EINVAL,
	    "an unknown bit");
	fails(mio_register(poller, &c, 2, MIO_READABLE | MIO_ERROR), EINVAL,
	    "a bit that is only reported");
	asynchronous(&c, MIO_AIO, "AIO");
	asynchronous(&c, MIO_LIO, "LIO");
	fails(mio_register(poller, &c, 2, MIO_EXCLUSIVE), EINVAL,
	    "exclusive alone");
	fails(mio_register(poller, &c, 2, MIO_READABLE | MIO_PRIORITY |
	    MIO_EXCLUSIVE), EINVAL, "exclusive with priority");
	fails(mio_register(poller, &c, 2, MIO_READABLE | MIO_ONESHOT |
	    MIO_EXCLUSIVE), EINVAL, "exclusive with oneshot");
	fails(mio_register(poller, &c, (mio_token)poller, MIO_READABLE),
	    EINVAL, "the poller's own token");
	fails(mio_reregister(poller, &a, (mio_token)poller, MIO_READABLE),
	    EINVAL, "reregister: the poller's own token");
	fails(mio_reregister(poller, &a, 1, 0), EINVAL,
	    "reregister: no interest");
	fails(mio_reregister(poller, &a, 1, MIO_READABLE | MIO_EXCLUSIVE),
	    EINVAL, "reregister to exclusive");
	need(mio_register(poller, &c, 2, MIO_READABLE | MIO_EXCLUSIVE) == 0);
	fails(mio_reregister(poller, &c, 2, MIO_READABLE), EINVAL,
	    "reregister from exclusive");
	is(mio_deregister(poller, &c), 0, "exclusive can be deregistered");
	close_source(&c);
	close_source(&d);
	still_works("wrong interests");
}

static void
states(void)
{
	struct mio_source c, d;

	tcp_pair(&c, &d);
	fails(mio_register(poller, &a, 1, MIO_READABLE), EEXIST,
	    "registered already");
	fails(mio_register(other, &a, 1, MIO_READABLE), EXDEV,
	    "registered with another poller");
	fails(mio_reregister(other, &a, 1, MIO_READABLE), EXDEV,
	    "reregister: another poller");
	fails(mio_deregister(other, &a), EXDEV, "deregister: another poller");
	fails(mio_reregister(poller, &c, 2, MIO_READABLE), ENOENT,
	    "reregister: not registered");
	fails(mio_deregister(poller, &c), ENOENT,
	    "deregister: not registered");
	reg(poller, &c, 2, MIO_READABLE);
	dereg(poller, &c);
	fails(mio_deregister(poller, &c), ENOENT, "deregister: twice");
	fails(mio_register(NULL, &c, 2, MIO_READABLE), EINVAL, "no poller");
	fails(mio_register(poller, NULL, 2, MIO_READABLE), EINVAL,
	    "no source");
	fails(mio_reregister(poller, NULL, 2, MIO_READABLE), EINVAL,
	    "reregister: no source");
	fails(mio_deregister(NULL, &a), EINVAL, "deregister: no poller");
	close_source(&c);
	fails(mio_source_close(&c), EBADF, "closed twice");
	close_source(&d);
	still_works("wrong states");
}

static void
empties(void)
{
	struct mio_source empty = { 0, 0, NULL };
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);
	struct iovec iov = { NULL, 0 };
	char buf[4];

	fails(mio_register(poller, &empty, 1, MIO_READABLE), EBADF,
	    "empty: register");
	fails(mio_reregister(poller, &empty, 1, MIO_READABLE), EBADF,
	    "empty: reregister");
	fails(mio_deregister(poller, &empty), EBADF, "empty: deregister");
	fails(mio_source_fd(&empty), EBADF, "empty: fd");
	fails(mio_source_release(&empty), EBADF, "empty: release");
	fails(mio_source_close(&empty), EBADF, "empty: close");
	fails(mio_source_read(&empty, buf, 4), EBADF, "empty: read");
	fails(mio_source_write(&empty, buf, 4), EBADF, "empty: write");
	fails(mio_source_readv(&empty, &iov, 1), EBADF, "empty: readv");
	fails(mio_source_writev(&empty, &iov, 1), EBADF, "empty: writev");
	fails(mio_source_would_block(&empty, MIO_READABLE), EBADF,
	    "empty: would_block");
	fails(mio_source_set_nonblocking(&empty, 1), EBADF,
	    "empty: set_nonblocking");
	fails(mio_source_take_error(&empty), EBADF, "empty: take_error");
	fails(mio_source_local_addr(&empty, (struct sockaddr *)&addr, &len),
	    EBADF, "empty: local_addr");
	fails(mio_source_peer_addr(&empty, (struct sockaddr *)&addr, &len),
	    EBADF, "empty: peer_addr");
	fails(mio_tcp_accept(&empty, &(struct mio_source){ 0 }, NULL, NULL,
	    0), EBADF, "empty: accept");
	fails(mio_tcp_shutdown(&empty, MIO_SHUT_WR), EBADF, "empty: shutdown");
	fails(mio_tcp_peek(&empty, buf, 4), EBADF, "empty: peek");
	fails(mio_tcp_nodelay(&empty), EBADF, "empty: nodelay");
	fails(mio_tcp_set_nodelay(&empty, 1), EBADF, "empty: set_nodelay");
	fails(mio_tcp_ttl(&empty), EBADF, "empty: ttl");
	fails(mio_tcp_set_ttl(&empty, 1), EBADF, "empty: set_ttl");
	fails(mio_udp_connect(&empty, (struct sockaddr *)&addr, len), EBADF,
	    "empty: udp_connect");
	fails(mio_udp_send_to(&a, buf, 1, NULL, 0), EINVAL,
	    "null: the address of send_to");
	fails(mio_source_close(NULL), EINVAL, "null: close");
	fails(mio_source_from_fd(NULL, 0), EINVAL, "null: from_fd");
	fails(mio_source_read(NULL, buf, 4), EINVAL, "null: read");
	fails(mio_tcp_listen(NULL, (struct sockaddr *)&addr, len, 0, 0),
	    EINVAL, "null: listen");
	fails(mio_tcp_connect(NULL, (struct sockaddr *)&addr, len, 0), EINVAL,
	    "null: connect");
	fails(mio_tcp_accept(&a, NULL, NULL, NULL, 0), EINVAL,
	    "null: accept");
	fails(mio_waker_wake(NULL), EINVAL, "null: wake");
	mio_waker_free(NULL);
	mio_poller_free(NULL);
	still_works("empty sources");
}

static void
polls(void)
{
	fails(mio_poll(poller, events, 0, 0), EINVAL, "no room for events");
	fails(mio_poll(poller, events, -1, 0), EINVAL, "negative room");
	fails(mio_poll(poller, events, INT_MIN, 0), EINVAL, "INT_MIN as room");
	fails(mio_poll(poller, NULL, 4, 0), EINVAL, "no array");
	fails(mio_poll(NULL, events, 4, 0), EINVAL, "no poller");
	fails(mio_poller_set_spin(poller, -1), EINVAL, "a negative spin");
	fails(mio_poller_set_spin(NULL, 1), EINVAL, "spin: no poller");
	fails(mio_poller_fd(NULL), EINVAL, "fd: no poller");
	ok(mio_poller_ref(NULL) == NULL && errno == EINVAL, "ref: no poller");
	ok(mio_waker_new(NULL, 1) == NULL && errno == EINVAL,
	    "waker: no poller");
	still_works("wrong polls");
}

static void
files(const char *self)
{
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);
	struct mio_source file;
	int fd;

	need((fd = open(".", O_RDONLY)) >= 0);
	need(mio_source_from_fd(&file, fd) == 0);
	fails(mio_register(poller, &file, 2, MIO_READABLE), EPERM,
	    "a directory");
	close_source(&file);
	need((fd = open(self, O_RDONLY)) >= 0);
	need(mio_source_from_fd(&file, fd) == 0);
	fails(mio_register(poller, &file, 2, MIO_READABLE), EPERM,
	    "a regular file");
	fails(mio_source_take_error(&file), ENOTSOCK, "take_error of a file");
	if (on_selector("afd")) {
		tap_skip(3, "Wine: getsockname fails with EOPNOTSUPP");
	} else {
		fails(mio_source_local_addr(&file, (struct sockaddr *)&addr,
		    &len), ENOTSOCK, "local_addr of a file");
		fails(mio_tcp_ttl(&file), ENOTSOCK, "ttl of a file");
		fails(mio_tcp_set_ttl(&file, 1), ENOTSOCK,
		    "set_ttl of a file");
	}
	fails(mio_udp_multicast_ttl_v4(&file), ENOTSOCK,
	    "multicast_ttl of a file");
	close_source(&file);
	need(mio_source_from_fd(&file, fd) == 0);
	fails(mio_register(poller, &file, 2, MIO_READABLE), EBADF,
	    "a foreign descriptor that isn't open");
	fails(mio_source_close(&file), EBADF, "closing it fails");
	fails(mio_source_from_fd(&file, -1), EBADF, "a negative descriptor");
	fails(mio_source_fd(&file), EBADF, "which leaves the source empty");
	still_works("files");
}

static void
constructors(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	struct mio_source s;

	need(mio_addr_parse("127.0.0.1:0", sa, &len) == 0);
	fails(mio_tcp_listen(&s, sa, len, 0, 0x8000u), EINVAL,
	    "listen: unknown flag");
	fails(mio_source_fd(&s), EBADF, "which leaves the source empty");
	fails(mio_tcp_connect(&s, sa, len, MIO_REUSEPORT), EINVAL,
	    "connect: a flag for listen only");
	fails(mio_tcp_accept(&a, &s, NULL, NULL, 1), EINVAL,
	    "accept: unknown flag");
	fails(mio_tcp_accept(&a, &s, sa, NULL, 0), EINVAL,
	    "accept: an address without a length");
	fails(mio_tcp_accept(&s, &s, NULL, NULL, 0), EINVAL,
	    "accept: into the listener");
	fails(mio_tcp_listen(&s, sa, len, 0, MIO_DUALSTACK), EINVAL,
	    "dual-stack on IPv4");
	fails(mio_tcp_listen(&s, sa, len - 1, 0, 0), EINVAL, "a short IPv4");
	fails(mio_tcp_listen(&s, sa, 0, 0, 0), EINVAL, "no length");
	fails(mio_tcp_listen(&s, NULL, len, 0, 0), EINVAL, "no address");
	sa->sa_family = AF_INET6;
	fails(mio_tcp_connect(&s, sa, sizeof(struct sockaddr_in6) - 1, 0),
	    EINVAL, "a short IPv6");
	sa->sa_family = AF_UNIX;
	fails(mio_tcp_connect(&s, sa, len, 0), EAFNOSUPPORT,
	    "another family");
	fails(mio_tcp_shutdown(&a, 3), EINVAL,
	    "shutdown: an unknown direction");
	fails(mio_tcp_shutdown(&a, -1), EINVAL,
	    "shutdown: a negative direction");
	fails(mio_tcp_set_ttl(&a, 0), EINVAL, "a ttl of 0");
	fails(mio_tcp_set_ttl(&a, 256), EINVAL, "a ttl of 256");
	fails(mio_source_would_block(&a, 0), EINVAL,
	    "would_block: no direction");
	fails(mio_source_would_block(&a, MIO_READABLE | MIO_ERROR), EINVAL,
	    "would_block: error is no direction");
	still_works("constructors");
}

/* Success leaves errno alone, even where a call is tried twice internally. */
#define KEEPS(what, expression) do {					\
	int kept, held;							\
	errno = 4711;							\
	held = (expression);						\
	kept = errno;							\
	ok(held, "%s succeeds", what);					\
	is(kept, 4711, "%s leaves errno alone", what);			\
} while (0)

static void
keeps_errno(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	struct mio_source c, d, listener, reader, writer;
	struct mio_poller *third;
	struct mio_waker *waker;
	const char *with_scope;
	mio_socklen len;
	char text[64];

	KEEPS("poller_new", (third = mio_poller_new()) != NULL);
	KEEPS("poller_ref", mio_poller_ref(third) == third);
	KEEPS("poller_free", (mio_poller_free(third), 1));
	KEEPS("waker_new", (waker = mio_waker_new(third, 9)) != NULL);
	KEEPS("wake", mio_waker_wake(waker) == 0);
	KEEPS("poll of a wake", mio_poll(third, events, 4, 0) == 1);
	KEEPS("an empty poll", mio_poll(third, events, 4, 1000) == 0);
	KEEPS("waker_free", (mio_waker_free(waker), 1));
	listen_loopback(&listener, &addr, &len);
	KEEPS("connect", mio_tcp_connect(&c, sa, len, 0) == 0);
	KEEPS("register", mio_register(third, &c, 5, MIO_WRITABLE) == 0);
	KEEPS("poll", mio_poll(third, events, 4, PATIENCE) == 1);
	await_readable(&listener);
	KEEPS("accept", mio_tcp_accept(&listener, &d, NULL, NULL, 0) == 0);
	KEEPS("reregister", mio_reregister(third, &c, 5, MIO_READABLE) == 0);
	KEEPS("write", mio_source_write(&d, "hello", 5) == 5);
	need(comes(third, 5, MIO_READABLE));
	KEEPS("read", mio_source_read(&c, text, sizeof(text)) == 5);
	KEEPS("deregister", mio_deregister(third, &c) == 0);
	KEEPS("take_error", mio_source_take_error(&c) == 0);
	KEEPS("set_ttl", mio_tcp_set_ttl(&c, 7) == 0);
	KEEPS("ttl", mio_tcp_ttl(&c) == 7);
	KEEPS("shutdown", mio_tcp_shutdown(&c, MIO_SHUT_WR) == 0);
	KEEPS("close", mio_source_close(&c) == 0);
	close_source(&d);
	close_source(&listener);
	pipe_pair(&reader, &writer);
	KEEPS("write to a foreign pipe",
	    mio_source_write(&writer, "hello", 5) == 5);
	close_source(&reader);
	close_source(&writer);
	len = sizeof(addr);
	/* The scope's name is looked up, and there may be no such interface. */
	with_scope = if_nametoindex("lo") != 0 ? "[::1%lo]:1" :
	    if_nametoindex("lo0") != 0 ? "[::1%lo0]:1" : "[::1]:1";
	KEEPS("addr_parse", mio_addr_parse(with_scope, sa, &len) == 0);
	KEEPS("addr_format", mio_addr_format(sa, len, text, 64) > 0);
	mio_poller_free(third);
	still_works("successful calls");
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_start();
	poller = new_poller();
	other = new_poller();
	tcp_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	interests();
	states();
	empties();
	polls();
	files(argv[0]);
	constructors();
	keeps_errno();
	close_source(&a);
	close_source(&b);
	mio_poller_free(poller);
	mio_poller_free(other);
	return tap_done();
}
