/*
 * Socket options as other systems have them: an IPv6 socket whose hop limit is
 * the kernel's default, no IPv4 option on an IPv6 socket, and no dual-stack
 * sockets.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>

#include "lib/tap.h"
#include "lib/util.h"
#include "lib/wrap.h"

/* A UDP socket and a listener have these functions. */
static const struct kind {
	const char	*name;
	int		(*make)(struct mio_source *, const struct sockaddr *,
			    mio_socklen, unsigned int);
	int		(*ttl)(const struct mio_source *);
	int		(*set_ttl)(const struct mio_source *, int);
} *kind;

static int
listen_to(struct mio_source *source, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	return mio_tcp_listen(source, addr, addrlen, 0, flags);
}

static const struct kind kinds[] = {
	{ "udp",	mio_udp_bind,	mio_udp_ttl,	mio_udp_set_ttl },
	{ "tcp",	listen_to,	mio_tcp_ttl,	mio_tcp_set_ttl },
	{ "connect",	mio_tcp_connect, mio_tcp_ttl,	mio_tcp_set_ttl }
};

/* What is connected to. */
static struct mio_source listener;

static bool
listen_v6(void)
{
	struct sockaddr_storage any;
	mio_socklen len;
	struct sockaddr *sa = addr_of("[::1]:0", &any, &len);

	return mio_tcp_listen(&listener, sa, len, 0, 0) == 0;
}

static int
open_v6(struct mio_source *source, unsigned int flags)
{
	struct sockaddr_storage any;
	mio_socklen len;
	struct sockaddr *sa = addr_of("[::]:0", &any, &len);

	if (kind->make == mio_tcp_connect)
		sa = local_addr(&listener, &any, &len);
	return kind->make(source, sa, len, flags);
}

/* The kernel's own option, which the answers of wrap_option() don't change. */
static int
raw_hops(const struct mio_source *source)
{
	int value = -2;
	socklen_t len = sizeof(value);

	need(getsockopt(mio_source_fd(source), IPPROTO_IPV6,
	    IPV6_UNICAST_HOPS, &value, &len) == 0);
	return value;
}

/* The BSDs and macOS: -1 until a limit is set. */
static void
default_hops(void)
{
	struct mio_source source;

	need(open_v6(&source, 0) == 0);
	wrap_option(IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1, 0);
	errno = 4711;
	is(kind->ttl(&source), 0, "%s: the default limit is 0", kind->name);
	is(errno, 4711, "%s: which is no error", kind->name);
	wrap_options_heal();
	wrap_fail("getsockopt", 1, 1, ENOBUFS);
	fails(kind->ttl(&source), ENOBUFS, "%s: the limit cannot be read",
	    kind->name);
	(void)wrap_heal();
	is(kind->set_ttl(&source, 9), 0, "%s: a limit is set", kind->name);
	is(kind->ttl(&source), 9, "%s: and returned", kind->name);
	close_source(&source);
}

/* NetBSD, FreeBSD and macOS: an IPv6 socket has no options of IPPROTO_IP. */
static void
no_v4_option(int error)
{
	struct mio_source source;

	need(open_v6(&source, MIO_DUALSTACK) == 0);
	need(kind->set_ttl(&source, 30) == 0);
	wrap_option(IPPROTO_IP, IP_TTL, 11, error);
	errno = 4711;
	is(kind->set_ttl(&source, 11), 0, "%s: dual-stack without IP_TTL: %s",
	    kind->name, mio_strerror(error));
	is(errno, 4711, "%s: leaves errno alone", kind->name);
	is(raw_hops(&source), 11, "%s: the limit of IPv6 is set", kind->name);
	wrap_options_heal();
	close_source(&source);
}

/* A call that fails changes nothing. */
static void
half_set(void)
{
	struct mio_source source;

	need(open_v6(&source, MIO_DUALSTACK) == 0);
	need(kind->set_ttl(&source, 30) == 0);
	wrap_option(IPPROTO_IP, IP_TTL, 11, ENOBUFS);
	fails(kind->set_ttl(&source, 11), ENOBUFS,
	    "%s: the limit of IPv4 cannot be set", kind->name);
	is(raw_hops(&source), 30, "%s: nor is that of IPv6", kind->name);
	is(kind->ttl(&source), 30, "%s: the limit is as before", kind->name);
	wrap_options_heal();
	close_source(&source);
}

/* OpenBSD refuses with EINVAL, and DragonFly with EOPNOTSUPP. */
static void
no_dual_stack(int error)
{
	struct mio_source source;
	int before = count_fds();

	wrap_option(IPPROTO_IPV6, IPV6_V6ONLY, 0, error);
	fails(open_v6(&source, MIO_DUALSTACK), ENOTSUP,
	    "%s: no dual-stack sockets: %s", kind->name, mio_strerror(error));
	is(count_fds(), before, "%s: no descriptor is lost", kind->name);
	fails(mio_source_close(&source), EBADF, "%s: the source is empty",
	    kind->name);
	is(open_v6(&source, 0), 0, "%s: IPv6 alone works", kind->name);
	wrap_options_heal();
	close_source(&source);
}

/* Another error is that of the system. */
static void
no_v6_only(void)
{
	struct mio_source source;

	wrap_option(IPPROTO_IPV6, IPV6_V6ONLY, 0, ENOBUFS);
	fails(open_v6(&source, MIO_DUALSTACK), ENOBUFS,
	    "%s: another error is returned as it is", kind->name);
	wrap_options_heal();
	wrap_option(IPPROTO_IPV6, IPV6_V6ONLY, 1, EINVAL);
	fails(open_v6(&source, 0), EINVAL, "%s: IPV6_V6ONLY cannot be set",
	    kind->name);
	wrap_options_heal();
}

static void
test_kind(void)
{
	default_hops();
	if (has_dualstack()) {
		no_v4_option(ENOPROTOOPT);
		no_v4_option(EINVAL);
		half_set();
	} else {
		tap_skip(9, "no dual-stack sockets on this system");
	}
	no_dual_stack(EINVAL);
	no_dual_stack(EOPNOTSUPP);
	no_dual_stack(ENOPROTOOPT);
	no_v6_only();
}

int
main(void)
{
	struct mio_source source;
	bool listens;
	size_t i;

	if (on_selector("afd"))
		return tap_skip_all("Windows has all of these options");
	tap_start();
	listens = listen_v6();
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind = &kinds[i];
		if ((kind->make == mio_tcp_connect && !listens) ||
		    open_v6(&source, 0) < 0) {
			tap_skip(28, "%s: no IPv6 on this system", kind->name);
			continue;
		}
		close_source(&source);
		test_kind();
	}
	if (listens)
		close_source(&listener);
	return tap_done();
}
