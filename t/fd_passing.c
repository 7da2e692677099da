/*
 * Checks that descriptors can be passed between sockets, by sendmsg(2) and
 * recvmsg(2) on the descriptor itself, since libmio has no calls for that.
 * After EAGAIN the program calls would_block, and the next change is reported.
 * A received descriptor is a source like any other.
 */
#define WANT_XOPEN	/* for msg_control on illumos */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#ifdef MSG_CMSG_CLOEXEC
#define RECV_FLAGS	MSG_CMSG_CLOEXEC
#else
#define RECV_FLAGS	0
#endif

static struct mio_poller *poller;

static char payload[32768];

/* One descriptor's worth of control data, aligned. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* Sends a descriptor along with so many bytes; returns the count, or -1. */
static ssize_t
send_fd(const struct mio_source *source, int fd, size_t size)
{
	struct iovec iov = { payload, size };
	struct cmsghdr *header;
	union control control;
	struct msghdr msg;

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	header = CMSG_FIRSTHDR(&msg);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(mio_source_fd(source), &msg, 0);
}

/* Receives bytes, and a descriptor or -1 along with them. */
static ssize_t
recv_fd(const struct mio_source *source, int *fd)
{
	static char buf[sizeof(payload)];
	struct iovec iov = { buf, sizeof(buf) };
	struct cmsghdr *header;
	union control control;
	struct msghdr msg;
	ssize_t n;

	*fd = -1;
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	n = recvmsg(mio_source_fd(source), &msg, RECV_FLAGS);
	header = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return n;
}

/* Receives until EAGAIN, closes the descriptors, and counts both. */
static size_t
recv_all(const struct mio_source *source, int *fds)
{
	size_t total = 0;
	ssize_t n;
	int fd;

	while ((n = recv_fd(source, &fd)) > 0) {
		total += (size_t)n;
		if (fd < 0)
			continue;
		(*fds)++;
		need(close(fd) == 0);
	}
	need(n == -1 && errno == EAGAIN);
	return total;
}

/*
 * Sends until EAGAIN; counts bytes and descriptors.  NetBSD compares the size
 * of a descriptor with the room that is left, and so returns EMSGSIZE for what
 * it takes when there is room (sosend, uipc_socket.c).
 */
static size_t
send_all(const struct mio_source *source, int fd, int *fds)
{
	size_t total = 0;
	ssize_t n;

	while ((n = send_fd(source, fd, sizeof(payload))) > 0) {
		total += (size_t)n;
		(*fds)++;
	}
	need(n == -1 && (errno == EAGAIN || (errno == EMSGSIZE && *fds > 0)));
	return total;
}

/*
 * The program got EAGAIN and didn't call would_block, and then the source
 * changed.  poll(2) and event ports were not re-armed; kernels with edges of
 * their own don't need it.
 */
static void
without_would_block(mio_token token, unsigned int direction, const char *what)
{
	if (on_selector("poll") || on_selector("port"))
		is(quiet(poller), 0, "%s: would_block not called: no event",
		    what);
	else
		ok(wait_token(poller, token, direction) & direction,
		    "%s: would_block not called: an event as well", what);
}

static void
receiving(void)
{
	struct mio_source a, b;
	int i, fd, fds = 0;

	need(mio_unix_pair(&a, &b, 0) == 0);
	need((fd = dup(STDOUT_FILENO)) >= 0);
	reg(poller, &b, 1, MIO_READABLE);
	need(send_fd(&a, fd, 1) == 1);
	ok(comes(poller, 1, MIO_READABLE),
	    "receiving: a descriptor was sent: readable");
	need(recv_all(&b, &fds) == 1);
	need(send_fd(&a, fd, 1) == 1);
	without_would_block(1, MIO_READABLE, "receiving");
	for (i = 0; i < 3; i++) {
		need(recv_all(&b, &fds) == 1);
		is(mio_source_would_block(&b, MIO_READABLE), 0,
		    "receiving: round %d: would_block", i);
		is(quiet(poller), 0, "receiving: round %d: silence", i);
		need(send_fd(&a, fd, 1) == 1);
		ok(comes(poller, 1, MIO_READABLE),
		    "receiving: round %d: would_block called: the next "
		    "descriptor is reported", i);
	}
	need(recv_all(&b, &fds) == 1);
	is(fds, 5, "receiving: each message brought one");
	need(close(fd) == 0);
	close_source(&a);
	close_source(&b);
}

/* Receives all that was sent. */
static void
empty(const struct mio_source *source, size_t bytes, int *fds)
{
	while (bytes > 0) {
		size_t n = recv_all(source, fds);

		need(n <= bytes);
		bytes -= n;
		if (n == 0)
			sleep_msec(1);
	}
}

static void
sending(void)
{
	struct mio_source a, b;
	int i, fd, sent = 0, received = 0;
	size_t bytes;

	need(mio_unix_pair(&a, &b, 0) == 0);
	need((fd = dup(STDOUT_FILENO)) >= 0);
	reg(poller, &a, 2, MIO_WRITABLE);
	ok(comes(poller, 2, MIO_WRITABLE), "sending: writable");
	bytes = send_all(&a, fd, &sent);
	is(quiet(poller), 0, "sending: full: silence");
	empty(&b, bytes, &received);
	without_would_block(2, MIO_WRITABLE, "sending");
	for (i = 0; i < 3; i++) {
		bytes = send_all(&a, fd, &sent);
		is(mio_source_would_block(&a, MIO_WRITABLE), 0,
		    "sending: round %d: would_block", i);
		is(quiet(poller), 0, "sending: round %d: full: silence", i);
		empty(&b, bytes, &received);
		ok(comes(poller, 2, MIO_WRITABLE),
		    "sending: round %d: would_block called: emptied, and "
		    "writable again", i);
	}
	ok(sent > 0, "sending: %d descriptors were sent", sent);
	is(received, sent, "sending: and as many received");
	need(close(fd) == 0);
	close_source(&a);
	close_source(&b);
}

/* Sends a descriptor through a socket pair; returns the received one. */
static int
pass(int fd)
{
	struct mio_source a, b;
	int got;

	need(mio_unix_pair(&a, &b, 0) == 0);
	reg(poller, &b, 3, MIO_READABLE);
	need(send_fd(&a, fd, 1) == 1);
	need(wait_token(poller, 3, MIO_READABLE) != 0);
	need(recv_fd(&b, &got) == 1 && got >= 0);
	close_source(&a);
	close_source(&b);
	return got;
}

/* The sender's copy is registered, sent and closed; the received one works. */
static void
received_stream(void)
{
	struct mio_source a, b, got;

	tcp_pair(&a, &b);
	reg(poller, &a, 4, MIO_READABLE);
	need(mio_source_from_fd(&got, pass(mio_source_fd(&a))) == 0);
	close_source(&a);
	put_text(&b, "x");
	is(quiet(poller), 0,
	    "sent, and closed here: no event with the old token");
	reg(poller, &got, 5, MIO_READABLE);
	ok(comes(poller, 5, MIO_READABLE), "a received stream: readable");
	is(drain(&got), 1, "a received stream: read");
	is(quiet(poller), 0, "a received stream: silence");
	put_text(&b, "hello");
	ok(comes(poller, 5, MIO_READABLE), "a received stream: readable again");
	is(drain(&got), 5, "a received stream: read again");
	ok(fcntl(mio_source_fd(&got), F_GETFL) & O_NONBLOCK,
	    "a received stream: still non-blocking");
	close_source(&got);
	close_source(&b);
}

static void
received_listener(void)
{
	struct mio_source listener, got, a, b;
	struct sockaddr_storage addr;
	mio_socklen len;

	listen_loopback(&listener, &addr, &len);
	need(mio_source_from_fd(&got, pass(mio_source_fd(&listener))) == 0);
	close_source(&listener);
	reg(poller, &got, 6, MIO_READABLE);
	is(quiet(poller), 0, "a received listener: silence");
	need(mio_tcp_connect(&a, (struct sockaddr *)&addr, len, 0) == 0);
	ok(comes(poller, 6, MIO_READABLE), "a received listener: readable");
	is(mio_tcp_accept(&got, &b, NULL, NULL, 0), 0,
	    "a received listener: accepts");
	close_source(&b);
	fails(mio_tcp_accept(&got, &b, NULL, NULL, 0), EAGAIN,
	    "a received listener: once");
	close_source(&a);
	need(mio_tcp_connect(&a, (struct sockaddr *)&addr, len, 0) == 0);
	ok(comes(poller, 6, MIO_READABLE),
	    "a received listener: readable again");
	close_source(&a);
	close_source(&got);
}

int
main(void)
{
	int before;

	tap_start();
	poller = new_poller();
	before = count_fds();
	receiving();
	sending();
	received_stream();
	received_listener();
	is(count_fds(), before, "no descriptor is left");
	mio_poller_free(poller);
	return tap_done();
}
