/*
 * Checks UDP: datagrams sent and received, connected and unconnected; their
 * edges; truncated, empty and refused ones; options. t/multicast.c has
 * multicast.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

static int
bind_on(const char *text, unsigned int flags, struct mio_source *source,
    struct sockaddr_storage *addr, mio_socklen *len)
{
	struct sockaddr *sa = addr_of(text, addr, len);

	if (mio_udp_bind(source, sa, *len, flags) < 0)
		return -1;
	(void)local_addr(source, addr, len);
	return 0;
}

static bool
can_bind(const char *text)
{
	struct sockaddr_storage addr;
	struct mio_source source;
	mio_socklen len;

	if (bind_on(text, 0, &source, &addr, &len) < 0)
		return false;
	close_source(&source);
	return true;
}

/* Two sockets on loopback, the first connected to the second. */
static void
udp_pair(struct mio_source *a, struct mio_source *b)
{
	struct sockaddr_storage addr;
	mio_socklen len;

	need(bind_on("127.0.0.1:0", 0, a, &addr, &len) == 0);
	need(bind_on("127.0.0.1:0", 0, b, &addr, &len) == 0);
	need(mio_udp_connect(a, (struct sockaddr *)&addr, len) == 0);
	need(mio_udp_connect(b, local_addr(a, &addr, &len), len) == 0);
}

/*
 * Waits until all that was sent has come: a datagram of another pair comes
 * behind it.
 */
static void
await_delivery(void)
{
	struct mio_source a, b;

	udp_pair(&a, &b);
	put_text(&a, "behind");
	await_readable(&b);
	close_source(&a);
	close_source(&b);
}

/* Waits for a datagram and receives it; returns its length. */
static mio_ssize
await(struct mio_source *source, mio_token token, char *buf, size_t size)
{
	need(comes(poller, token, MIO_READABLE));
	memset(buf, 0, size);
	return mio_udp_recv(source, buf, size);
}

static void
unconnected(const char *text)
{
	struct sockaddr_storage a_addr, b_addr, from, peer;
	mio_socklen a_len, b_len, len = sizeof(from);
	struct mio_source a, b;
	char buf[32] = "";

	need(bind_on(text, 0, &a, &a_addr, &a_len) == 0);
	need(bind_on(text, 0, &b, &b_addr, &b_len) == 0);
	ok(*port_of(&a_addr) != 0, "%s: bound to a free port", text);
	reg(poller, &a, 1, MIO_READABLE | MIO_WRITABLE);
	reg(poller, &b, 2, MIO_READABLE);
	ok(comes(poller, 1, MIO_WRITABLE), "a UDP socket is writable");
	is(mio_udp_send_to(&a, "hello", 5, (struct sockaddr *)&b_addr, b_len),
	    5, "send_to");
	ok(comes(poller, 2, MIO_READABLE), "the other is readable");
	is(mio_udp_peek_from(&b, buf, sizeof(buf), (struct sockaddr *)&from,
	    &len), 5, "peek_from");
	is_str(buf, "hello", "returns the text");
	ok(len == a_len && *port_of(&from) == *port_of(&a_addr),
	    "and its sender");
	memset(&from, 0, sizeof(from));
	len = sizeof(from);
	is(mio_udp_recv_from(&b, buf, sizeof(buf), (struct sockaddr *)&from,
	    &len), 5, "recv_from returns the same datagram");
	ok(len == a_len && *port_of(&from) == *port_of(&a_addr),
	    "and its sender's address");
	fails(mio_udp_recv_from(&b, buf, sizeof(buf), NULL, NULL), EAGAIN,
	    "there is no other datagram");
	ok(mio_udp_send(&a, "x", 1) < 0 && (errno == EDESTADDRREQ ||
	    on_selector("afd")), "send needs a connection");
	len = sizeof(peer);
	fails(mio_source_peer_addr(&a, (struct sockaddr *)&peer, &len),
	    ENOTCONN, "without a connection there is no peer");
	is(mio_udp_send_to(&b, "re", 2, (struct sockaddr *)&from, a_len), 2,
	    "a reply");
	is(await(&a, 1, buf, sizeof(buf)), 2, "arrives");
	close_source(&a);
	close_source(&b);
}

static void
connected(void)
{
	struct sockaddr_storage addr, other_addr, peer;
	struct mio_source a, b, other;
	mio_socklen len, other_len, peer_len = sizeof(peer);
	char buf[32];

	udp_pair(&a, &b);
	need(bind_on("127.0.0.1:0", 0, &other, &other_addr, &other_len) == 0);
	reg(poller, &a, 1, MIO_READABLE);
	reg(poller, &b, 2, MIO_READABLE);
	reg(poller, &other, 3, MIO_READABLE);
	is(mio_udp_send(&a, "one", 3), 3, "send");
	is(await(&b, 2, buf, sizeof(buf)), 3, "arrives at the peer");
	(void)local_addr(&b, &addr, &len);
	is(mio_source_peer_addr(&a, (struct sockaddr *)&peer, &peer_len), 0,
	    "peer_addr");
	ok(*port_of(&peer) == *port_of(&addr), "is the peer's");
	(void)local_addr(&a, &addr, &len);
	need(mio_udp_send_to(&other, "stray", 5, (struct sockaddr *)&addr,
	    len) == 5);
	await_delivery();
	is(quiet(poller), 0, "a datagram of another sender is not received");
	is(mio_udp_connect(&a, (struct sockaddr *)&other_addr, other_len), 0,
	    "connected to another peer");
	is(mio_source_write(&a, "two", 3), 3, "write sends too");
	is(await(&other, 3, buf, sizeof(buf)), 3, "arrives at the new peer");
	need(mio_udp_send_to(&other, "three", 5, (struct sockaddr *)&addr,
	    len) == 5);
	ok(comes(poller, 1, MIO_READABLE),
	    "a datagram of the new peer is received");
	is(mio_udp_peek(&a, buf, sizeof(buf)), 5, "peek");
	is(mio_source_read(&a, buf, sizeof(buf)), 5, "read receives too");
	close_source(&a);
	close_source(&b);
	close_source(&other);
}

static void
send_two(struct mio_source *source)
{
	need(mio_udp_send(source, "1", 1) == 1);
	need(mio_udp_send(source, "2", 1) == 1);
	await_delivery();
}

/* Contract 2, for datagrams: a short count does not mean EAGAIN. */
static void
edges(void)
{
	struct mio_source a, b;
	char buf[32];

	udp_pair(&a, &b);
	reg(poller, &b, 2, MIO_READABLE);
	send_two(&a);
	is(await(&b, 2, buf, sizeof(buf)), 1, "one of two datagrams");
	is(quiet(poller), 0, "read in part: no second event for it");
	is(mio_udp_recv(&b, buf, sizeof(buf)), 1, "the other is there");
	fails(mio_source_read(&b, buf, sizeof(buf)), EAGAIN, "drained");
	is(quiet(poller), 0, "drained: silence");
	send_two(&a);
	need(comes(poller, 2, MIO_READABLE));
	is(mio_source_read(&b, buf, sizeof(buf)), 1, "one of two, by read");
	is(quiet(poller), 0, "a short count of a datagram re-arms nothing");
	need(mio_source_read(&b, buf, sizeof(buf)) == 1);
	fails(mio_source_read(&b, buf, sizeof(buf)), EAGAIN, "drained again");
	need(mio_udp_send(&a, "3", 1) == 1);
	is(await(&b, 2, buf, sizeof(buf)), 1, "drained by read: a new event");
	fails(mio_udp_recv_from(&b, buf, sizeof(buf), NULL, NULL), EAGAIN,
	    "drained by recv_from");
	need(mio_udp_send(&a, "4", 1) == 1);
	is(await(&b, 2, buf, sizeof(buf)), 1, "a new event again");
	fails(mio_udp_peek(&b, buf, sizeof(buf)), EAGAIN, "drained by peek");
	need(mio_udp_send(&a, "5", 1) == 1);
	ok(comes(poller, 2, MIO_READABLE), "and once more");
	close_source(&a);
	close_source(&b);
}

/* A descriptor of the program, which it also uses itself, can be a source. */
static void
raw(void)
{
	struct mio_source a, b;
	char buf[8];

	udp_pair(&a, &b);
	need(mio_source_from_fd(&b, mio_source_release(&b)) == 0);
	reg(poller, &b, 2, MIO_READABLE);
	need(mio_udp_send(&a, "1", 1) == 1);
	is(await(&b, 2, buf, sizeof(buf)), 1, "an adopted socket receives");
	need(recv(mio_source_fd(&b), buf, 1, 0) < 0 && errno == EAGAIN);
	is(mio_source_would_block(&b, MIO_READABLE), 0, "would_block");
	need(mio_udp_send(&a, "2", 1) == 1);
	is(await(&b, 2, buf, sizeof(buf)), 1,
	    "after would_block: a new event");
	is(mio_source_take_error(&b), 0, "no error");
	close_source(&a);
	close_source(&b);
}

/* SOCK-6. */
static void
odd_sizes(void)
{
	static char big[70000];
	struct mio_source a, b;
	char buf[32];

	udp_pair(&a, &b);
	reg(poller, &b, 2, MIO_READABLE);
	is(mio_udp_send(&a, "", 0), 0, "an empty datagram is sent");
	is(await(&b, 2, buf, sizeof(buf)), 0,
	    "an empty datagram: an event, and length 0");
	fails(mio_udp_recv(&b, buf, sizeof(buf)), EAGAIN,
	    "it was one datagram");
	is(mio_source_writev(&a, NULL, 0), 0, "writev of no buffers");
	is(await(&b, 2, buf, sizeof(buf)), 0, "is an empty datagram too");
	fails(mio_udp_recv(&b, buf, sizeof(buf)), EAGAIN, "and one only");
	need(mio_udp_send(&a, "", 0) == 0 && mio_udp_send(&a, "x", 1) == 1);
	is(await(&b, 2, buf, sizeof(buf)), 0, "an empty one before another");
	is(mio_udp_recv(&b, buf, sizeof(buf)), 1, "is not end of file");
	fails(mio_udp_recv(&b, buf, sizeof(buf)), EAGAIN, "drained");
	need(mio_udp_send(&a, "0123456789", 10) == 10);
	is(await(&b, 2, buf, 4), 4, "a datagram too long for its buffer");
	ok(memcmp(buf, "0123", 4) == 0, "is truncated");
	fails(mio_udp_recv(&b, buf, sizeof(buf)), EAGAIN, "its rest is lost");
	fails(mio_udp_send(&a, big, sizeof(big)), EMSGSIZE,
	    "more than a datagram holds");
	is(quiet(poller), 0, "is not sent");
	close_source(&a);
	close_source(&b);
}

/*
 * A datagram to a closed port causes an error.  Whichever call returns that
 * error, later datagrams must have their events.
 */
static void
refused(bool take, bool foreign)
{
	const char *how = foreign ? "foreign" : take ? "take_error" : "recv";
	struct sockaddr_storage addr, a_addr;
	struct mio_source a, b, holder;
	mio_socklen len, a_len;
	char buf[32];

	refusing_udp(&holder, &addr, &len);
	need(bind_on("127.0.0.1:0", 0, &a, &a_addr, &a_len) == 0);
	need(mio_udp_connect(&a, (struct sockaddr *)&addr, len) == 0);
	if (foreign)
		need(mio_source_from_fd(&a, mio_source_release(&a)) == 0);
	reg(poller, &a, 1, MIO_READABLE);
	is(mio_udp_send(&a, "x", 1), 1, "%s: sent to a closed port", how);
	/*
	 * AFD-14.  What follows is not tested on Wine, whose sockets differ
	 * there.
	 */
	if (on_selector("afd")) {
		fails(mio_udp_recv(&a, buf, sizeof(buf)), EAGAIN,
		    "a datagram to a closed port causes no error");
		tap_skip(3, "Windows: a refusal is not reported");
		close_source(&a);
		close_source(&holder);
		return;
	}
	ok(comes(poller, 1, MIO_READABLE), "the refusal is an event");
	if (take)
		fails(mio_source_take_error(&a), ECONNREFUSED, "take_error");
	else
		fails(mio_udp_recv(&a, buf, sizeof(buf)), ECONNREFUSED,
		    "recv");
	is(quiet(poller), 0, "%s: reported once", how);
	need(bind_on("127.0.0.1:0", 0, &b, &addr, &len) == 0);
	need(mio_udp_connect(&a, (struct sockaddr *)&addr, len) == 0);
	need(mio_udp_send_to(&b, "y", 1, (struct sockaddr *)&a_addr, a_len) ==
	    1);
	is(await(&a, 1, buf, sizeof(buf)), 1,
	    "%s: a datagram after the error is an event", how);
	close_source(&a);
	close_source(&b);
	close_source(&holder);
}

static void
ttl(const char *text)
{
	struct sockaddr_storage addr;
	struct mio_source a;
	mio_socklen len;

	need(bind_on(text, 0, &a, &addr, &len) == 0);
	/* An IPv6 socket may have the system's default. */
	ok(mio_udp_ttl(&a) >= (text[0] != '['), "%s: a ttl", text);
	is(mio_udp_set_ttl(&a, 17), 0, "set");
	is(mio_udp_ttl(&a), 17, "got");
	is(mio_udp_set_ttl(&a, 255), 0, "the longest");
	fails(mio_udp_set_ttl(&a, 0), EINVAL, "none");
	fails(mio_udp_set_ttl(&a, 256), EINVAL, "too long");
	is(mio_udp_ttl(&a), 255, "which leaves it unchanged");
	close_source(&a);
}

/* Not all systems have IP_RECVTTL, and its value isn't always an int. */
#if defined(IP_RECVTTL) && defined(__linux__)
/* The ttl that the next datagram arrives with, or -1. */
static int
hops(struct mio_source *source)
{
	union {
		struct cmsghdr align;
		char room[256];
	} control;
	char buf[32];
	struct mio_iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { 0 };
	struct cmsghdr *c;
	int value;

	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	need(recvmsg(mio_source_fd(source), &msg, 0) >= 0);
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
			memcpy(&value, CMSG_DATA(c), sizeof(value));
			return value;
		}
	}
	return -1;
}

static void
ttl_arrives(void)
{
	struct mio_source a, b;
	int on = 1;

	udp_pair(&a, &b);
	reg(poller, &b, 2, MIO_READABLE);
	need(setsockopt(mio_source_fd(&b), IPPROTO_IP, IP_RECVTTL, &on,
	    sizeof(on)) == 0);
	need(mio_udp_set_ttl(&a, 23) == 0 && mio_udp_send(&a, "x", 1) == 1);
	need(comes(poller, 2, MIO_READABLE));
	is(hops(&b), 23, "a datagram carries its ttl");
	close_source(&a);
	close_source(&b);
}
#else
static void
ttl_arrives(void)
{
	tap_skip(1, "this system has another way to receive the ttl");
}
#endif

/* Only Linux has a broadcast address on loopback. */
static void
broadcast(void)
{
	struct sockaddr_storage addr, to;
	struct mio_source a, b;
	mio_socklen len, to_len;
	char buf[8];

	need(bind_on("127.0.0.1:0", 0, &a, &addr, &len) == 0);
	need(bind_on("0.0.0.0:0", 0, &b, &addr, &len) == 0);
	reg(poller, &b, 2, MIO_READABLE);
	(void)addr_of("127.255.255.255:1", &to, &to_len);
	*port_of(&to) = *port_of(&addr);
	is(mio_udp_broadcast(&a), 0, "no broadcast at first");
	if (mio_udp_send_to(&a, "x", 1, (struct sockaddr *)&to, to_len) < 0 &&
	    errno == EACCES) {
		ok(1, "a broadcast is refused then");
	} else {
		tap_skip(1, "loopback has no broadcast address");
	}
	is(mio_udp_set_broadcast(&a, 5), 0, "switched on");
	is(mio_udp_broadcast(&a), 1, "is on");
	if (mio_udp_send_to(&a, "x", 1, (struct sockaddr *)&to, to_len) == 1)
		is(await(&b, 2, buf, sizeof(buf)), 1, "and arrives");
	else
		tap_skip(1, "loopback has no broadcast address");
	is(mio_udp_set_broadcast(&a, 0), 0, "switched off");
	is(mio_udp_broadcast(&a), 0, "is off");
	close_source(&a);
	close_source(&b);
}

static void
only_v6(void)
{
	struct sockaddr_storage v6, v4, from;
	mio_socklen v6_len, v4_len, len = sizeof(from);
	struct mio_source only, both, sender;
	char buf[8];

	need(bind_on("[::]:0", 0, &only, &v6, &v6_len) == 0);
	is(mio_udp_only_v6(&only), 1, "IPv6 takes no IPv4 datagrams");
	close_source(&only);
	if (!has_dualstack()) {
		tap_skip(7, "no dual-stack sockets on this system");
		return;
	}
	need(bind_on("[::]:0", MIO_DUALSTACK, &both, &v6, &v6_len) == 0);
	is(mio_udp_only_v6(&both), 0, "with MIO_DUALSTACK it does");
	need(bind_on("127.0.0.1:0", 0, &sender, &v4, &v4_len) == 0);
	reg(poller, &both, 1, MIO_READABLE);
	*port_of(&v4) = *port_of(&v6);
	need(mio_udp_send_to(&sender, "x", 1, (struct sockaddr *)&v4,
	    v4_len) == 1);
	ok(comes(poller, 1, MIO_READABLE), "then IPv4 arrives");
	is(mio_udp_recv_from(&both, buf, sizeof(buf), (struct sockaddr *)&from,
	    &len), 1, "and is read");
	ok(strncmp(text_of(&from, len), "[::ffff:127.0.0.1]:", 19) == 0,
	    "from a mapped address");
	is(mio_udp_set_ttl(&both, 9), 0, "its ttl is set for both");
	is(mio_udp_ttl(&both), 9, "and got");
	close_source(&both);
	ok(mio_udp_only_v6(&sender) == -1, "an IPv4 socket has no such option");
	close_source(&sender);
}

/* The scope of an address is passed to the kernel and back, and formatted. */
static void
scope(void)
{
	struct sockaddr_storage addr, from;
	struct sockaddr_in6 local;
	struct mio_source a, b;
	mio_socklen len, from_len = sizeof(from);
	char text[128], buf[8];

	if (!link_local(&local)) {
		tap_skip(1, "no link-local address");
		return;
	}
	local.sin6_port = 0;
	if (mio_udp_bind(&a, (struct sockaddr *)&local, sizeof(local), 0) < 0) {
		tap_skip(1, "no link-local address: %s", strerror(errno));
		return;
	}
	(void)local_addr(&a, &addr, &len);
	strcpy(text, text_of(&addr, len));
	ok(strchr(text, '%') != NULL, "bound with a scope: %s", text);
	need(bind_on("[::]:0", 0, &b, &from, &from_len) == 0);
	/* qemu's user mode passes the scope in the wrong byte order. */
	if (connect(mio_source_fd(&b), (struct sockaddr *)&addr, len) < 0) {
		tap_skip(1, "connect(2) to a link-local address: %s",
		    strerror(errno));
		goto out;
	}
	is(mio_udp_connect(&b, (struct sockaddr *)&addr, len), 0,
	    "connected with a scope");
	(void)local_addr(&b, &addr, &len);
	reg(poller, &a, 1, MIO_READABLE);
	need(mio_udp_send(&b, "x", 1) == 1);
	need(comes(poller, 1, MIO_READABLE));
	from_len = sizeof(from);
	need(mio_udp_recv_from(&a, buf, sizeof(buf), (struct sockaddr *)&from,
	    &from_len) == 1);
	strcpy(text, text_of(&addr, len));
	is_str(text_of(&from, from_len), text,
	    "a sender's address has its scope");
out:
	close_source(&a);
	close_source(&b);
}

static void
flags(void)
{
	struct sockaddr_storage addr, none;
	struct mio_source a, b;
	mio_socklen len, none_len;

#ifdef SO_REUSEPORT
	need(bind_on("127.0.0.1:0", MIO_REUSEPORT, &a, &addr, &len) == 0);
	is(mio_udp_bind(&b, (struct sockaddr *)&addr, len, MIO_REUSEPORT), 0,
	    "a shared port");
	close_source(&b);
	close_source(&a);
#else
	(void)addr_of("127.0.0.1:0", &addr, &len);
	fails(mio_udp_bind(&b, (struct sockaddr *)&addr, len, MIO_REUSEPORT),
	    ENOTSUP, "ports can't be shared here");
#endif
	need(bind_on("127.0.0.1:0", 0, &a, &addr, &len) == 0);
	fails(mio_udp_bind(&b, (struct sockaddr *)&addr, len, 0), EADDRINUSE,
	    "a port that isn't shared");
	fails(mio_source_fd(&b), EBADF, "which leaves the source empty");
	close_source(&a);
	(void)addr_of("127.0.0.1:0", &none, &none_len);
	fails(mio_udp_bind(&b, (struct sockaddr *)&none, none_len, 0x8000),
	    EINVAL, "an unknown flag");
	fails(mio_udp_bind(&b, (struct sockaddr *)&none, none_len,
	    MIO_DUALSTACK), EINVAL, "dual-stack on IPv4");
	fails(mio_udp_bind(&b, NULL, 0, 0), EINVAL, "no address");
	fails(mio_udp_bind(NULL, (struct sockaddr *)&none, none_len, 0),
	    EINVAL, "no source");
	fails(mio_udp_bind(&b, (struct sockaddr *)&none, 3, 0), EINVAL,
	    "a truncated address");
	none.ss_family = AF_UNIX;
	fails(mio_udp_bind(&b, (struct sockaddr *)&none, none_len, 0),
	    EAFNOSUPPORT, "another family");
}

static void
misuse(void)
{
	struct mio_source empty = { 0 };
	struct sockaddr_storage addr;
	struct mio_source a;
	mio_socklen len;
	char buf[8];

	fails(mio_udp_send(&empty, "x", 1), EBADF, "send on an empty source");
	fails(mio_udp_recv(&empty, buf, 1), EBADF, "recv on an empty source");
	fails(mio_udp_ttl(&empty), EBADF, "ttl of an empty source");
	fails(mio_udp_only_v6(&empty), EBADF, "only_v6 of an empty source");
	fails(mio_udp_send(NULL, "x", 1), EINVAL, "send on no source");
	fails(mio_udp_recv_from(NULL, buf, 1, NULL, NULL), EINVAL,
	    "recv_from no source");
	need(bind_on("127.0.0.1:0", 0, &a, &addr, &len) == 0);
	fails(mio_udp_recv_from(&a, buf, 1, (struct sockaddr *)&addr, NULL),
	    EINVAL, "an address without a length");
	fails(mio_udp_connect(&a, NULL, 0), EINVAL,
	    "connect to a null address");
	addr.ss_family = AF_UNIX;
	fails(mio_udp_connect(&a, (struct sockaddr *)&addr, len), EAFNOSUPPORT,
	    "connect to another family");
	close_source(&a);
}

int
main(void)
{
	bool v6;

	tap_start();
	poller = new_poller();
	v6 = can_bind("[::1]:0");
	unconnected("127.0.0.1:0");
	if (v6)
		unconnected("[::1]:0");
	else
		tap_skip(1, "no IPv6 on loopback");
	connected();
	edges();
	raw();
	odd_sizes();
	refused(false, false);
	refused(true, false);
	refused(false, true);
	ttl("127.0.0.1:0");
	ttl_arrives();
	broadcast();
	if (can_bind("[::]:0")) {
		ttl("[::]:0");
		only_v6();
		scope();
	} else {
		tap_skip(1, "no IPv6 sockets");
	}
	flags();
	misuse();
	mio_poller_free(poller);
	return tap_done();
}
