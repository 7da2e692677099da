#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <ifaddrs.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "util.h"

bool
on_selector(const char *name)
{
	return strcmp(mio_selector_name(), name) == 0;
}

struct mio_poller *
new_poller(void)
{
	struct mio_poller *poller = mio_poller_new();

	need(poller != NULL);
	return poller;
}

struct sockaddr *
addr_of(const char *text, struct sockaddr_storage *addr, mio_socklen *len)
{
	*len = sizeof(*addr);
	need(mio_addr_parse(text, (struct sockaddr *)addr, len) == 0);
	return (struct sockaddr *)addr;
}

const char *
text_of(const struct sockaddr_storage *addr, mio_socklen len)
{
	static char text[600];

	need(mio_addr_format((const struct sockaddr *)addr, len, text,
	    sizeof(text)) > 0);
	return text;
}

in_port_t *
port_of(struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET6)
		return &((struct sockaddr_in6 *)addr)->sin6_port;
	return &((struct sockaddr_in *)addr)->sin_port;
}

struct sockaddr *
local_addr(const struct mio_source *source, struct sockaddr_storage *addr,
    mio_socklen *len)
{
	*len = sizeof(*addr);
	need(mio_source_local_addr(source, (struct sockaddr *)addr, len) == 0);
	return (struct sockaddr *)addr;
}

bool
link_local(struct sockaddr_in6 *addr)
{
	struct ifaddrs *list, *i;
	bool found = false;

	need(getifaddrs(&list) == 0);
	for (i = list; i != NULL && !found; i = i->ifa_next) {
		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET6)
			continue;
		memcpy(addr, i->ifa_addr, sizeof(*addr));
		found = IN6_IS_ADDR_LINKLOCAL(&addr->sin6_addr);
	}
	freeifaddrs(list);
	return found;
}

void
listen_loopback(struct mio_source *listener, struct sockaddr_storage *addr,
    mio_socklen *len)
{
	struct sockaddr *sa = addr_of("127.0.0.1:0", addr, len);

	need(mio_tcp_listen(listener, sa, *len, 128, 0) == 0);
	(void)local_addr(listener, addr, len);
}

void
refusing_addr(struct sockaddr_storage *addr, mio_socklen *len)
{
	struct mio_source listener;

	listen_loopback(&listener, addr, len);
	close_source(&listener);
}

/* A connected socket receives from its peer only, and here that is itself. */
void
refusing_udp(struct mio_source *holder, struct sockaddr_storage *addr,
    mio_socklen *len)
{
	struct sockaddr *sa = addr_of("127.0.0.1:0", addr, len);

	need(mio_udp_bind(holder, sa, *len, 0) == 0);
	need(mio_udp_connect(holder, local_addr(holder, addr, len), *len) == 0);
}

void
await_connection(const struct mio_source *stream)
{
	long long end = msec() + 10000 * tap_slow();
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);

	while (mio_source_peer_addr(stream, (struct sockaddr *)&addr, &len) <
	    0) {
		need(errno == ENOTCONN && msec() < end);
		sleep_msec(1);
		len = sizeof(addr);
	}
}

void
await_readable(const struct mio_source *source)
{
	struct pollfd pfd = { mio_source_fd(source), POLLIN, 0 };

	need(poll(&pfd, 1, 10000 * tap_slow()) == 1);
}

void
accept_soon(const struct mio_source *listener, struct mio_source *stream)
{
	long long end = msec() + 10000 * tap_slow();
	int result;

	while ((result = mio_tcp_accept(listener, stream, NULL, NULL, 0)) < 0 &&
	    errno == EAGAIN && msec() < end)
		sleep_msec(1);
	need(result == 0);
}

void
tcp_pair(struct mio_source *a, struct mio_source *b)
{
	struct sockaddr_storage addr;
	struct mio_source listener;
	mio_socklen len;

	listen_loopback(&listener, &addr, &len);
	need(mio_tcp_connect(a, (struct sockaddr *)&addr, len, 0) == 0);
	accept_soon(&listener, b);
	close_source(&listener);
	/* The connecting end may be connected a moment later. */
	await_connection(a);
}

void
adopt_fd(struct mio_source *source, int fd)
{
	need(mio_source_from_fd(source, fd) == 0);
	need(mio_source_set_nonblocking(source, 1) == 0);
}

void
pipe_pair(struct mio_source *reader, struct mio_source *writer)
{
	int fds[2];

	need(pipe(fds) == 0);
	adopt_fd(reader, fds[0]);
	adopt_fd(writer, fds[1]);
}

bool
on_illumos(void)
{
#ifdef __sun
	return on_selector("port");
#else
	const char *quirks = getenv("PORT_FAKE");

	return on_selector("port") && quirks != NULL &&
	    strstr(quirks, "illumos") != NULL;
#endif
}

bool
pipes_go_both_ways(void)
{
	bool both;
	int fds[2];

	need(pipe(fds) == 0);
	both = write(fds[0], "x", 1) == 1;
	need(both || errno == EBADF);
	need(close(fds[0]) == 0 && close(fds[1]) == 0);
	return both;
}

void
any_pipe(struct mio_source *reader, struct mio_source *writer)
{
	if (mio_pipe_new(reader, writer, 0) < 0)
		unix_pair(reader, writer);
}

void
unix_pair(struct mio_source *a, struct mio_source *b)
{
	int fds[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	adopt_fd(a, fds[0]);
	adopt_fd(b, fds[1]);
}

bool
has_unix(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (fd >= 0)
		need(close(fd) == 0);
	return fd >= 0;
}

bool
has_dualstack(void)
{
	struct sockaddr_storage any;
	struct mio_source source;
	mio_socklen len;
	struct sockaddr *sa = addr_of("[::]:0", &any, &len);

	if (mio_udp_bind(&source, sa, len, MIO_DUALSTACK) == 0) {
		close_source(&source);
		return true;
	}
	need(errno == ENOTSUP);
	return false;
}

void
refuses_file(struct mio_poller *poller, const char *path, int flags,
    const char *what)
{
	struct mio_source source;

	need(mio_source_from_fd(&source, open(path, flags)) == 0);
	fails(mio_register(poller, &source, 50, MIO_READABLE | MIO_WRITABLE),
	    EPERM, "%s: refused", what);
	is(quiet(poller), 0, "%s: and silent", what);
	close_source(&source);
}

void
reset(struct mio_source *source)
{
	struct linger linger = { 1, 0 };

	need(setsockopt(mio_source_fd(source), SOL_SOCKET, SO_LINGER, &linger,
	    sizeof(linger)) == 0);
	close_source(source);
}

void
reg(struct mio_poller *poller, struct mio_source *source, mio_token token,
    unsigned int interest)
{
	need(mio_register(poller, source, token, interest) == 0);
}

void
rereg(struct mio_poller *poller, struct mio_source *source, mio_token token,
    unsigned int interest)
{
	need(mio_reregister(poller, source, token, interest) == 0);
}

void
dereg(struct mio_poller *poller, struct mio_source *source)
{
	need(mio_deregister(poller, source) == 0);
}

void
close_source(struct mio_source *source)
{
	need(mio_source_close(source) == 0);
}

void
put_text(const struct mio_source *source, const char *text)
{
	need(mio_source_write(source, text, strlen(text)) ==
	    (mio_ssize)strlen(text));
}

void
put_byte(void *source)
{
	put_text(source, "x");
}

size_t
drain(const struct mio_source *source)
{
	char buf[65536];
	size_t total = 0;
	mio_ssize n;

	while ((n = mio_source_read(source, buf, sizeof(buf))) > 0)
		total += (size_t)n;
	need(n == 0 || errno == EAGAIN);
	return total;
}

void
drain_bytes(const struct mio_source *source, size_t left)
{
	long long end = msec() + 10000 * tap_slow();

	for (;;) {
		size_t n = drain(source);

		need(n <= left && msec() < end);
		left -= n;
		if (left == 0)
			break;
		if (n == 0)
			sleep_msec(1);
	}
}

size_t
fill(const struct mio_source *source)
{
	static const char buf[65536];
	size_t total = 0;
	mio_ssize n;

	while ((n = mio_source_write(source, buf, sizeof(buf))) > 0)
		total += (size_t)n;
	need(n < 0 && errno == EAGAIN);
	return total;
}

bool
makes_room(mio_fd fd)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	int n = poll(&pfd, 1, 100 * tap_slow());

	need(n >= 0);
	return n > 0;
}

size_t
fill_up(const struct mio_source *source)
{
	size_t total = 0;

	do {
		total += fill(source);
	} while (makes_room(mio_source_fd(source)));
	return total;
}

uint32_t
wait_token(struct mio_poller *poller, mio_token token, uint32_t bits)
{
	long long end = msec() + PATIENCE / MIO_MSEC(1) * tap_slow();
	struct mio_event events[64];
	uint32_t seen = 0;
	int i, n;

	while ((seen & bits) != bits || seen == 0) {
		long long left = end - msec();

		if (left <= 0)
			break;
		n = mio_poll(poller, events, 64, MIO_MSEC(left));
		need(n >= 0 || errno == EINTR);
		for (i = 0; i < n; i++) {
			if (events[i].token == token)
				seen |= events[i].readiness;
		}
	}
	return seen;
}

bool
comes(struct mio_poller *poller, mio_token token, uint32_t bits)
{
	return (wait_token(poller, token, bits) & bits) == bits;
}

int
poll_now(struct mio_poller *poller, struct mio_event *events, int nevents)
{
	int n = mio_poll(poller, events, nevents, 0);

	need(n >= 0);
	return n;
}

int
quiet(struct mio_poller *poller)
{
	struct mio_event events[8];
	char text[160];
	int i, n;

	n = mio_poll(poller, events, 8, MOMENT);
	need(n >= 0);
	for (i = 0; i < n; i++) {
		need(mio_event_format(&events[i], text, sizeof(text)) > 0);
		tap_diag("not quiet: %s", text);
	}
	return n;
}

int
spins(struct mio_poller *poller)
{
	long long end = msec() + 50;
	struct mio_event events[8];
	int n, total = 0;

	while (msec() < end && total < 10000) {
		n = mio_poll(poller, events, 8, MIO_MSEC(10));
		need(n >= 0);
		total += n;
	}
	return total;
}

static void
readable_edges(struct mio_poller *poller, struct mio_source *source,
    void (*poke)(void *), void *arg, const char *what)
{
	int i;

	is(quiet(poller), 0, "%s: nothing to read, no event", what);
	for (i = 0; i < 3; i++) {
		poke(arg);
		ok(comes(poller, 1, MIO_READABLE),
		    "%s: round %d: readable", what, i);
		is(quiet(poller), 0, "%s: round %d: once", what, i);
		ok(drain(source) > 0, "%s: round %d: read", what, i);
		is(quiet(poller), 0, "%s: round %d: silence after EAGAIN", what,
		    i);
	}
	poke(arg);
	ok(comes(poller, 1, MIO_READABLE), "%s: and not read", what);
	rereg(poller, source, 2, MIO_READABLE);
	ok(comes(poller, 2, MIO_READABLE),
	    "%s: reregistered: readable again", what);
	need(drain(source) > 0);
}

static void
readable_modes(struct mio_poller *poller, struct mio_source *source,
    void (*poke)(void *), void *arg, const char *what)
{
	int i;

	rereg(poller, source, 3, MIO_READABLE | MIO_LEVEL);
	poke(arg);
	for (i = 0; i < 3; i++)
		ok(comes(poller, 3, MIO_READABLE),
		    "%s: level: readable, %d", what, i);
	need(drain(source) > 0);
	is(quiet(poller), 0, "%s: level: silence when empty", what);

	rereg(poller, source, 4, MIO_READABLE | MIO_ONESHOT);
	poke(arg);
	ok(comes(poller, 4, MIO_READABLE), "%s: oneshot: readable", what);
	need(drain(source) > 0);
	poke(arg);
	is(quiet(poller), 0, "%s: oneshot: then silence", what);
	rereg(poller, source, 5, MIO_READABLE | MIO_ONESHOT);
	ok(comes(poller, 5, MIO_READABLE),
	    "%s: oneshot: reregistered: readable", what);
	need(drain(source) > 0);
}

void
readable_contract(struct mio_poller *poller, struct mio_source *source,
    void (*poke)(void *), void *arg, const char *what)
{
	reg(poller, source, 1, MIO_READABLE);
	readable_edges(poller, source, poke, arg, what);
	readable_modes(poller, source, poke, arg, what);
	dereg(poller, source);
	poke(arg);
	is(quiet(poller), 0, "%s: deregistered: silence", what);
	reg(poller, source, 6, MIO_READABLE);
	ok(comes(poller, 6, MIO_READABLE),
	    "%s: ready when registered: readable", what);
	need(drain(source) > 0);
	dereg(poller, source);
}

pthread_t
start_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, run, arg) == 0);
	return thread;
}

void *
join_thread(pthread_t thread)
{
	void *result;

	need(pthread_join(thread, &result) == 0);
	return result;
}

static char tmpdir[] = "/tmp/mio-XXXXXX";

void
enter_tmpdir(void)
{
	need(mkdtemp(tmpdir) != NULL && chdir(tmpdir) == 0);
}

void
leave_tmpdir(void)
{
	need(chdir("/") == 0 && rmdir(tmpdir) == 0);
}

int
count_fds(void)
{
#ifdef _WIN32
	return winposix_handles();
#else
	long max = sysconf(_SC_OPEN_MAX);
	int fd, n = 0;

	/* Tests have few open; trying each number is portable. */
	if (max < 0 || max > 4096)
		max = 4096;
	for (fd = 0; fd < max; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
#endif
}

long long
msec(void)
{
	struct timespec ts;

	need(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
sleep_msec(int ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&ts, &ts) < 0)
		need(errno == EINTR);
}
