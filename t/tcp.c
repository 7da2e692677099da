/*
 * Checks TCP: listening, connecting, refused connections, options, peeking,
 * shutting down, and vectored I/O.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

/* Makes a listener, and stores its address; returns 0 or -1. */
static int
listen_on(const char *text, unsigned int flags, struct mio_source *listener,
    struct sockaddr_storage *storage, mio_socklen *len)
{
	struct sockaddr *sa = addr_of(text, storage, len);

	if (mio_tcp_listen(listener, sa, *len, 16, flags) < 0)
		return -1;
	(void)local_addr(listener, storage, len);
	return 0;
}

static bool
can_listen(const char *text)
{
	struct sockaddr_storage storage;
	struct mio_source listener;
	mio_socklen len;

	if (listen_on(text, 0, &listener, &storage, &len) < 0)
		return false;
	close_source(&listener);
	return true;
}

/* SOCK-4: a connected stream is writable, has no error, and has a peer. */
static void
connects(const char *text)
{
	struct sockaddr_storage storage, peer;
	struct mio_source listener, client, server, other;
	mio_socklen len, peer_len = sizeof(peer);
	char wanted[128], got[128];

	need(listen_on(text, 0, &listener, &storage, &len) == 0);
	reg(poller, &listener, 1, MIO_READABLE);
	is(mio_tcp_connect(&client, (struct sockaddr *)&storage, len, 0), 0,
	    "%s: connect begins", text);
	reg(poller, &client, 2, MIO_READABLE | MIO_WRITABLE);
	ok(comes(poller, 2, MIO_WRITABLE), "a connected stream is writable");
	is(mio_source_take_error(&client), 0, "has no error");
	is(mio_source_peer_addr(&client, (struct sockaddr *)&peer, &peer_len),
	    0, "and a peer");
	ok(peer_len == len && *port_of(&peer) == *port_of(&storage),
	    "which is the listener");
	rereg(poller, &listener, 1, MIO_READABLE);
	ok(comes(poller, 1, MIO_READABLE), "the listener is readable");
	peer_len = sizeof(peer);
	is(mio_tcp_accept(&listener, &server, (struct sockaddr *)&peer,
	    &peer_len, 0), 0, "accept");
	need(mio_addr_format((struct sockaddr *)&peer, peer_len, got,
	    sizeof(got)) > 0);
	len = sizeof(storage);
	need(mio_source_local_addr(&client, (struct sockaddr *)&storage,
	    &len) == 0);
	need(mio_addr_format((struct sockaddr *)&storage, len, wanted,
	    sizeof(wanted)) > 0);
	is_str(got, wanted, "accept returns the client's address");
	fails(mio_tcp_accept(&listener, &other, NULL, NULL, 0), EAGAIN,
	    "there is no other client");
	fails(mio_source_fd(&other), EBADF, "which leaves the source empty");
	close_source(&client);
	close_source(&server);
	close_source(&listener);
}

static void
refused(void)
{
	struct sockaddr_storage storage;
	struct mio_source client;
	mio_socklen len;

	refusing_addr(&storage, &len);
	if (mio_tcp_connect(&client, (struct sockaddr *)&storage, len, 0) < 0) {
		/* Loopback may refuse at once. */
		is(errno, ECONNREFUSED, "refused at once");
		tap_skip(4, "the system refuses at once");
		return;
	}
	reg(poller, &client, 3, MIO_READABLE | MIO_WRITABLE);
	ok(comes(poller, 3, MIO_WRITABLE), "a refused connect is writable");
	fails(mio_source_take_error(&client), ECONNREFUSED,
	    "the refusal is the pending error");
	if (on_selector("afd"))
		tap_skip(1, "Winsock doesn't clear an error when it is read");
	else
		is(mio_source_take_error(&client), 0, "only once");
	ok(spins(poller) <= 3, "and no spin");
	len = sizeof(storage);
	fails(mio_source_peer_addr(&client, (struct sockaddr *)&storage,
	    &len), ENOTCONN, "there is no peer");
	close_source(&client);
}

/* SOCK-5. */
static void
sharing(void)
{
	struct sockaddr_storage storage;
	struct mio_source a, b, c, d;
	mio_socklen len;

	need(listen_on("127.0.0.1:0", 0, &a, &storage, &len) == 0);
	fails(mio_tcp_listen(&b, (struct sockaddr *)&storage, len, 1, 0),
	    EADDRINUSE, "a second bind fails");
	fails(mio_tcp_listen(&b, (struct sockaddr *)&storage, len, 1,
	    MIO_REUSEPORT), on_selector("afd") ? ENOTSUP : EADDRINUSE,
	    "sharing requires the flag on both");
	/* This end closes first, so its port is in TIME_WAIT. */
	need(mio_tcp_connect(&c, (struct sockaddr *)&storage, len, 0) == 0);
	reg(poller, &a, 4, MIO_READABLE);
	need(comes(poller, 4, MIO_READABLE));
	need(mio_tcp_accept(&a, &d, NULL, NULL, 0) == 0);
	close_source(&d);
	reg(poller, &c, 5, MIO_READABLE);
	need(comes(poller, 5, MIO_READABLE));
	close_source(&c);
	close_source(&a);
	is(mio_tcp_listen(&a, (struct sockaddr *)&storage, len, 1, 0), 0,
	    "a port with connections in TIME_WAIT can be bound again");
	close_source(&a);
	if (listen_on("127.0.0.1:0", MIO_REUSEPORT, &a, &storage, &len) < 0) {
		is(errno, ENOTSUP, "no SO_REUSEPORT here");
		return;
	}
	is(mio_tcp_listen(&b, (struct sockaddr *)&storage, len, 1,
	    MIO_REUSEPORT), 0, "two listeners with the flag share a port");
	close_source(&a);
	close_source(&b);
}

/* Does 127.0.0.1 reach a listener on [::] with these flags? */
static bool
reached_by_v4(unsigned int flags)
{
	struct sockaddr_storage storage, v4;
	struct mio_source listener, client;
	mio_socklen len, v4_len;
	in_port_t port;
	bool reached;

	need(listen_on("[::]:0", flags, &listener, &storage, &len) == 0);
	port = *port_of(&storage);
	(void)addr_of("127.0.0.1:0", &v4, &v4_len);
	*port_of(&v4) = port;
	if (mio_tcp_connect(&client, (struct sockaddr *)&v4, v4_len, 0) < 0) {
		close_source(&listener);
		return false;
	}
	reg(poller, &client, 6, MIO_WRITABLE);
	need(comes(poller, 6, MIO_WRITABLE));
	/* Check both ends: another program may have that port for IPv4. */
	reg(poller, &listener, 7, MIO_READABLE);
	reached = mio_source_take_error(&client) == 0 &&
	    comes(poller, 7, MIO_READABLE);
	close_source(&client);
	close_source(&listener);
	return reached;
}

/*
 * Listens on one port for IPv6 and for IPv4.  Another program may have the
 * IPv6 listener's port for IPv4, so several ports are tried.
 */
static int
listen_apart(struct mio_source *v6, struct mio_source *v4)
{
	struct sockaddr_storage addr6, addr4;
	mio_socklen len;
	int i;

	for (i = 0; i < 100; i++) {
		need(listen_on("[::]:0", 0, v6, &addr6, &len) == 0);
		(void)addr_of("0.0.0.0:0", &addr4, &len);
		*port_of(&addr4) = *port_of(&addr6);
		if (mio_tcp_listen(v4, (struct sockaddr *)&addr4, len, 1,
		    0) == 0)
			return 0;
		need(errno == EADDRINUSE);
		close_source(v6);
	}
	return -1;
}

static void
dual_stack(void)
{
	struct sockaddr_storage storage;
	struct mio_source a;
	mio_socklen len;

	if (!has_dualstack()) {
		fails(listen_on("[::]:0", MIO_DUALSTACK, &a, &storage, &len),
		    ENOTSUP, "no dual-stack listeners on this system");
		tap_skip(3, "no dual-stack sockets on this system");
		return;
	}
	ok(reached_by_v4(MIO_DUALSTACK), "with MIO_DUALSTACK it does");
	need(listen_on("[::]:0", MIO_DUALSTACK, &a, &storage, &len) == 0);
	ok(mio_tcp_ttl(&a) >= 0, "dual-stack has a hop limit, or a default");
	is(mio_tcp_set_ttl(&a, 11), 0, "the hop limit of dual-stack");
	is(mio_tcp_ttl(&a), 11, "is what was set");
	close_source(&a);
}

static void
families(void)
{
	struct mio_source a, b;

	/* Even if IPv6 is switched off, its sockets can be made. */
	if (!can_listen("[::]:0")) {
		tap_skip(9, "no IPv6 on this system");
		return;
	}
	ok(!reached_by_v4(0), "IPv6 accepts no IPv4 by default");
	dual_stack();
	if (!ok(listen_apart(&a, &b) == 0, "so both can have the same port"))
		return;
	ok(mio_tcp_ttl(&a) >= 0, "IPv6 has a hop limit, or a default");
	is(mio_tcp_set_ttl(&a, 9), 0, "the hop limit of IPv6");
	is(mio_tcp_ttl(&a), 9, "is what was set");
	close_source(&a);
	close_source(&b);
	if (can_listen("[::1]:0"))
		connects("[::1]:0");
	else
		tap_skip(1, "no IPv6 on this system's loopback");
}

static void
options(void)
{
	struct mio_source a, b;

	tcp_pair(&a, &b);
	is(mio_tcp_nodelay(&a), 0, "nodelay is off");
	is(mio_tcp_set_nodelay(&a, 4711), 0, "set it");
	is(mio_tcp_nodelay(&a), 1, "it is on");
	is(mio_tcp_set_nodelay(&a, 0), 0, "clear it");
	is(mio_tcp_nodelay(&a), 0, "it is off");
	ok(mio_tcp_ttl(&a) > 0, "a ttl");
	is(mio_tcp_set_ttl(&a, 255), 0, "255 hops");
	is(mio_tcp_ttl(&a), 255, "are set");
	is(mio_tcp_set_ttl(&a, 1), 0, "1 hop");
	is(mio_tcp_ttl(&a), 1, "is set");
	close_source(&a);
	close_source(&b);
}

/* A peek doesn't consume the data, and a peek that returns EAGAIN re-arms. */
static void
peeks(void)
{
	struct mio_source a, b;
	char buf[8];

	tcp_pair(&a, &b);
	reg(poller, &a, 7, MIO_READABLE);
	put_text(&b, "hello");
	need(comes(poller, 7, MIO_READABLE));
	is(mio_tcp_peek(&a, buf, sizeof(buf)), 5, "peek");
	is(mio_tcp_peek(&a, buf, 2), 2, "peek at part of it");
	is(drain(&a), 5, "all is still there");
	fails(mio_tcp_peek(&a, buf, sizeof(buf)), EAGAIN,
	    "peek without data");
	put_text(&b, "x");
	ok(comes(poller, 7, MIO_READABLE), "new data is reported after that");
	/* Read exactly what is there, so that only the peek returns EAGAIN. */
	is(mio_source_read(&a, buf, 1), 1, "a read that isn't short");
	fails(mio_tcp_peek(&a, buf, 1), EAGAIN, "peek without data again");
	put_text(&b, "y");
	ok(comes(poller, 7, MIO_READABLE), "the peek alone re-arms");
	close_source(&a);
	close_source(&b);
}

static void
shutdowns(void)
{
	struct mio_source a, b;
	char buf[8];

	tcp_pair(&a, &b);
	reg(poller, &b, 8, MIO_READABLE | MIO_WRITABLE);
	put_text(&a, "last");
	is(mio_tcp_shutdown(&a, MIO_SHUT_WR), 0, "shut down writing");
	fails(mio_source_write(&a, "x", 1), EPIPE, "no more writes");
	ok(comes(poller, 8, MIO_READABLE), "the peer is readable");
	is(mio_source_read(&b, buf, sizeof(buf)), 4, "what was sent arrives");
	while (mio_source_read(&b, buf, sizeof(buf)) == -1 && errno == EAGAIN)
		need(comes(poller, 8, MIO_READABLE));
	is(mio_source_read(&b, buf, sizeof(buf)), 0, "then end of file");
	put_text(&b, "back");
	reg(poller, &a, 9, MIO_READABLE);
	need(comes(poller, 9, MIO_READABLE));
	is(mio_source_read(&a, buf, sizeof(buf)), 4, "the other way is open");
	is(mio_tcp_shutdown(&b, MIO_SHUT_RDWR), 0, "shut down both");
	is(mio_source_read(&b, buf, sizeof(buf)), 0,
	    "a read returns end of file");
	close_source(&a);
	close_source(&b);
}

static void
vectors(void)
{
	struct mio_source a, b;
	char one[3], two[8];
	struct iovec iov[2];
	struct iovec *many;

	tcp_pair(&a, &b);
	reg(poller, &b, 10, MIO_READABLE);
	iov[0].iov_base = memcpy(one, "abc", 3);
	iov[0].iov_len = 3;
	iov[1].iov_base = memcpy(two, "defgh", 5);
	iov[1].iov_len = 5;
	is(mio_source_writev(&a, iov, 2), 8, "writev");
	need(comes(poller, 10, MIO_READABLE));
	memset(one, 0, sizeof(one));
	memset(two, 0, sizeof(two));
	iov[1].iov_len = sizeof(two);
	is(mio_source_readv(&b, iov, 2), 8, "readv");
	ok(memcmp(one, "abc", 3) == 0 && memcmp(two, "defgh", 5) == 0,
	    "the data is in order");
	put_text(&a, "again");
	ok(comes(poller, 10, MIO_READABLE), "a short readv re-arms");
	fails(mio_source_writev(&a, iov, -1), EINVAL,
	    "writev: a negative count");
	fails(mio_source_readv(&a, iov, -1), EINVAL, "readv: a negative count");
	is(mio_source_writev(&a, NULL, 0), 0, "writev: no buffers");
	is(mio_source_readv(&b, NULL, 0), 0, "readv: no buffers, but data");
	need(drain(&b) == 5);
	is(mio_source_readv(&b, NULL, 0), 0, "readv: no buffers and no data");
	need((many = calloc(IOV_MAX + 1, sizeof(*many))) != NULL);
	fails(mio_source_writev(&a, many, IOV_MAX + 1), EINVAL,
	    "writev: too many vectors");
	fails(mio_source_readv(&a, many, IOV_MAX + 1), EINVAL,
	    "readv: too many vectors");
	is(mio_source_writev(&a, many, IOV_MAX), 0,
	    "writev: IOV_MAX empty vectors");
	free(many);
	fails(mio_source_writev(&a, NULL, 1), EFAULT, "writev: a null vector");
	close_source(&a);
	close_source(&b);
}

/* A descriptor of the program can be a listener as well. */
static void
adopted(void)
{
	struct mio_source listener, client, server;
	struct sockaddr_storage addr;
	mio_socklen len;

	listen_loopback(&listener, &addr, &len);
	need(mio_source_from_fd(&listener, mio_source_release(&listener)) ==
	    0);
	reg(poller, &listener, 1, MIO_READABLE);
	need(mio_tcp_connect(&client, (struct sockaddr *)&addr, len, 0) == 0);
	ok(comes(poller, 1, MIO_READABLE), "an adopted listener");
	is(mio_tcp_accept(&listener, &server, NULL, NULL, 0), 0, "accepts");
	is(mio_source_take_error(&listener), 0, "and has no error");
	close_source(&client);
	close_source(&server);
	close_source(&listener);
}

int
main(void)
{
	tap_start();
	poller = new_poller();
	connects("127.0.0.1:0");
	refused();
	sharing();
	families();
	options();
	peeks();
	shutdowns();
	vectors();
	adopted();
	mio_poller_free(poller);
	return tap_done();
}
