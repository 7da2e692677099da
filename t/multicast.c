/*
 * Checks multicast over loopback: joining, leaving, and which sockets receive.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <net/if.h>

#include <errno.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

#define GROUP_V4	"239.255.109.105"
#define GROUP_V6	"ff02::6d69:6f"

static struct mio_poller *poller;
static struct mio_source sender, receiver;

static void
bind_on(const char *text, struct mio_source *source)
{
	struct sockaddr_storage addr;
	mio_socklen len;
	struct sockaddr *sa = addr_of(text, &addr, &len);

	need(mio_udp_bind(source, sa, len, 0) == 0);
}

/* Sends to the group at the receiver's port. */
static mio_ssize
send_group(struct sockaddr_storage *group, mio_socklen len)
{
	struct sockaddr_storage addr;
	mio_socklen addr_len;

	(void)local_addr(&receiver, &addr, &addr_len);
	*port_of(group) = *port_of(&addr);
	return mio_udp_send_to(&sender, "x", 1, (struct sockaddr *)group, len);
}

static bool
receives(void)
{
	char buf[8];

	if (wait_token(poller, 1, MIO_READABLE) == 0)
		return false;
	need(mio_udp_recv(&receiver, buf, sizeof(buf)) == 1);
	fails(mio_udp_recv(&receiver, buf, sizeof(buf)), EAGAIN, "drained");
	return true;
}

/* The value of an option by getsockopt(2); its type may be a byte. */
static int
raw_option(const struct mio_source *source, int name)
{
	unsigned char value[4] = { 0 };
	socklen_t len = 1;

	need(getsockopt(mio_source_fd(source), IPPROTO_IP, name, value,
	    &len) == 0);
	return value[0];
}

/*
 * That loop is off can't be observed on a loopback interface, which always
 * loops back.
 */
static void
options_v4(void)
{
	struct mio_source a;

	bind_on("127.0.0.1:0", &a);
	is(mio_udp_multicast_ttl_v4(&a), 1, "ttl: one hop at first");
	is(mio_udp_set_multicast_ttl_v4(&a, 200), 0, "ttl: set");
	is(mio_udp_multicast_ttl_v4(&a), 200, "ttl: it was set");
	is(raw_option(&a, IP_MULTICAST_TTL), 200,
	    "ttl: the system's option is set");
	is(mio_udp_set_multicast_ttl_v4(&a, 0), 0, "ttl: this host only");
	is(mio_udp_multicast_ttl_v4(&a), 0, "ttl: it was set");
	fails(mio_udp_set_multicast_ttl_v4(&a, 256), EINVAL, "ttl: too large");
	fails(mio_udp_set_multicast_ttl_v4(&a, -1), EINVAL, "ttl: negative");
	is(mio_udp_multicast_loop_v4(&a), 1, "loop: on at first");
	is(mio_udp_set_multicast_loop_v4(&a, 0), 0, "loop: switched off");
	is(mio_udp_multicast_loop_v4(&a), 0, "loop: is off");
	is(raw_option(&a, IP_MULTICAST_LOOP), 0,
	    "loop: the system's option is set");
	is(mio_udp_set_multicast_loop_v4(&a, 256), 0, "loop: on");
	is(mio_udp_multicast_loop_v4(&a), 1, "loop: is on");
	close_source(&a);
}

static void
options_v6(void)
{
	struct mio_source a;

	bind_on("[::]:0", &a);
	is(mio_udp_multicast_loop_v6(&a), 1, "v6 loop: on at first");
	is(mio_udp_set_multicast_loop_v6(&a, 0), 0, "v6 loop: off");
	is(mio_udp_multicast_loop_v6(&a), 0, "v6 loop: is off");
	is(mio_udp_set_multicast_loop_v6(&a, 7), 0, "v6 loop: on");
	is(mio_udp_multicast_loop_v6(&a), 1, "v6 loop: is on");
	close_source(&a);
}

/* The errno of leaving a group twice; Wine returns EINVAL. */
static int
not_member(void)
{
	return on_selector("afd") && errno == EINVAL ? EINVAL : EADDRNOTAVAIL;
}

static void
group_v4(void)
{
	struct in_addr group, interface;
	struct sockaddr_storage to;
	mio_socklen len;
	int n;

	need(inet_pton(AF_INET, GROUP_V4, &group) == 1);
	need(inet_pton(AF_INET, "127.0.0.1", &interface) == 1);
	(void)addr_of(GROUP_V4 ":1", &to, &len);
	bind_on("0.0.0.0:0", &receiver);
	bind_on("127.0.0.1:0", &sender);
	reg(poller, &receiver, 1, MIO_READABLE);
	is(mio_udp_join_multicast_v4(&receiver, &group, &interface), 0,
	    "v4: join");
	fails(mio_udp_join_multicast_v4(&receiver, &group, &interface),
	    EADDRINUSE, "v4: joined already");
	/* The sender chooses the interface, which qemu doesn't support. */
	if (setsockopt(mio_source_fd(&sender), IPPROTO_IP, IP_MULTICAST_IF,
	    &interface, sizeof(interface)) == 0) {
		is(send_group(&to, len), 1, "v4: sent to the group");
		ok(receives(), "v4: a member receives it");
	} else {
		tap_skip(2, "v4: IP_MULTICAST_IF: %s", strerror(errno));
	}
	is(mio_udp_leave_multicast_v4(&receiver, &group, &interface), 0,
	    "v4: leave");
	n = mio_udp_join_multicast_v4(&receiver, &group, NULL);
	if (n == 0)
		is(mio_udp_leave_multicast_v4(&receiver, &group, NULL), 0,
		    "v4: joined and left on an interface of the system's");
	else
		tap_skip(1, "v4: no route to the group: %s", strerror(errno));
	n = mio_udp_leave_multicast_v4(&receiver, &group, &interface);
	fails(n, not_member(), "v4: left already");
	fails(mio_udp_join_multicast_v4(&receiver, &interface, &interface),
	    EINVAL, "v4: not a multicast address");
	fails(mio_udp_join_multicast_v4(&receiver, NULL, &interface), EINVAL,
	    "v4: no group");
	close_source(&receiver);
	close_source(&sender);
}

/* The errno of joining a group twice: mio_udp_join_multicast_v6(3), ERRORS. */
static int
member_v6(void)
{
#ifdef __FreeBSD__
	return EINVAL;
#else
	return EADDRINUSE;
#endif
}

static void
group_v6(unsigned int interface)
{
	struct sockaddr_storage to;
	struct in6_addr group;
	mio_socklen len;
	int n;

	need(inet_pton(AF_INET6, GROUP_V6, &group) == 1);
	(void)addr_of("[" GROUP_V6 "]:1", &to, &len);
	((struct sockaddr_in6 *)&to)->sin6_scope_id = interface;
	bind_on("[::]:0", &receiver);
	bind_on("[::]:0", &sender);
	reg(poller, &receiver, 1, MIO_READABLE);
	is(mio_udp_join_multicast_v6(&receiver, &group, interface), 0,
	    "v6: join");
	fails(mio_udp_join_multicast_v6(&receiver, &group, interface),
	    member_v6(), "v6: joined already");
	if (send_group(&to, len) == 1)
		ok(receives(), "v6: a member receives it");
	else
		tap_skip(1, "v6: no route to the group: %s", strerror(errno));
	is(mio_udp_leave_multicast_v6(&receiver, &group, interface), 0,
	    "v6: leave");
	n = mio_udp_leave_multicast_v6(&receiver, &group, interface);
	fails(n, not_member(), "v6: left already");
	fails(mio_udp_join_multicast_v6(&receiver, NULL, interface), EINVAL,
	    "v6: no group");
	close_source(&receiver);
	close_source(&sender);
}

static void
misuse(void)
{
	struct mio_source empty = { 0 };
	struct in_addr group = { 0 };
	struct in6_addr group6;

	memset(&group6, 0, sizeof(group6));
	fails(mio_udp_join_multicast_v4(&empty, &group, NULL), EBADF,
	    "join on an empty source");
	fails(mio_udp_leave_multicast_v6(&empty, &group6, 0), EBADF,
	    "leave on an empty source");
	fails(mio_udp_multicast_ttl_v4(&empty), EBADF,
	    "ttl of an empty source");
	fails(mio_udp_set_multicast_ttl_v4(&empty, 1), EBADF,
	    "set_ttl of an empty source");
	fails(mio_udp_set_multicast_loop_v6(&empty, 1), EBADF,
	    "loop of an empty source");
}

/* An interface with IPv6, or else loopback. */
static unsigned int
interface_v6(void)
{
	struct sockaddr_in6 addr;
	unsigned int index;

	if (link_local(&addr))
		return addr.sin6_scope_id;
	index = if_nametoindex("lo");
	return index != 0 ? index : if_nametoindex("lo0");
}

static bool
has_v6(void)
{
	struct sockaddr_storage addr;
	struct mio_source source;
	mio_socklen len;
	struct sockaddr *sa = addr_of("[::]:0", &addr, &len);

	if (mio_udp_bind(&source, sa, len, 0) < 0)
		return false;
	close_source(&source);
	return true;
}

int
main(void)
{
	tap_start();
	poller = new_poller();
	options_v4();
	group_v4();
	if (has_v6()) {
		options_v6();
		group_v6(interface_v6());
	} else {
		tap_skip(1, "no IPv6 sockets");
	}
	misuse();
	mio_poller_free(poller);
	return tap_done();
}
