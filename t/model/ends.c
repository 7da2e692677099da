/*
 * Ends of connections, which can be registered.  Their buffers are small, so
 * that filling one is quick.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define BUFFER	4096

/*
 * Winsock sets POLLHUP after a half-close.  AFD may report that only after the
 * data has been read, and so the model does not expect it there.
 */
#ifdef _WIN32
#define HUP	0
#else
#define HUP	POLLHUP
#endif
#ifdef POLLRDHUP
#define ENDED	(HUP | POLLRDHUP)
#else
#define ENDED	HUP
#endif

/* Events of loopback may come a moment later. */
bool
is_late(const struct end *end)
{
	return end->kind == KIND_TCP || end->kind == KIND_LISTENER ||
	    end->kind == KIND_UDP;
}

/* Initializes an end whose source[0] has been made. */
static void
set_up(struct end *end, enum kind kind, unsigned int connection, int side)
{
	struct mio_source made = end->source[0];

	memset(end, 0, sizeof(*end));
	end->source[0] = made;
	end->kind = kind;
	end->connection = connection;
	end->side = side;
}

/* OpenBSD refuses the size of a buffer whose direction has ended already. */
static bool
is_unused(int error)
{
#ifdef __OpenBSD__
	return error == EINVAL;
#else
	(void)error;
	return false;
#endif
}

static void
small_buffers(const struct mio_source *made)
{
	int size = BUFFER;

	need(setsockopt(mio_source_fd(made), SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == 0 || is_unused(errno));
	need(setsockopt(mio_source_fd(made), SOL_SOCKET, SO_RCVBUF, &size,
	    sizeof(size)) == 0 || is_unused(errno));
}

static void
small_pipe(const struct mio_source *made)
{
#ifdef F_SETPIPE_SZ
	/* If this is refused, filling the pipe takes longer. */
	(void)fcntl(mio_source_fd(made), F_SETPIPE_SZ, BUFFER);
#else
	(void)made;
#endif
}

static void
connect_to(const struct mio_source *listener, struct mio_source *made)
{
	struct sockaddr_storage addr;
	mio_socklen len;

	(void)local_addr(listener, &addr, &len);
	need(mio_tcp_connect(made, (struct sockaddr *)&addr, len, 0) == 0);
}

static void
tcp_ends(const struct walk *walk, struct mio_source *a, struct mio_source *b,
    bool nodelay)
{
	connect_to(&walk->listener, a);
	accept_soon(&walk->listener, b);
	need(mio_tcp_set_nodelay(a, nodelay) == 0);
	need(mio_tcp_set_nodelay(b, nodelay) == 0);
	small_buffers(a);
	small_buffers(b);
}

static void
udp_ends(struct mio_source *a, struct mio_source *b)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa;
	mio_socklen len;

	sa = addr_of("127.0.0.1:0", &addr, &len);
	need(mio_udp_bind(a, sa, len, 0) == 0);
	need(mio_udp_bind(b, sa, len, 0) == 0);
	sa = local_addr(b, &addr, &len);
	need(mio_udp_connect(a, sa, len) == 0);
	sa = local_addr(a, &addr, &len);
	need(mio_udp_connect(b, sa, len) == 0);
}

static void
unix_ends(struct mio_source *a, struct mio_source *b, bool foreign)
{
	if (foreign)
		unix_pair(a, b);
	else
		need(mio_unix_pair(a, b, 0) == 0);
	small_buffers(a);
	small_buffers(b);
}

static void
pipe_ends(struct mio_source *a, struct mio_source *b, bool foreign)
{
	if (foreign)
		pipe_pair(a, b);
	else
		need(mio_pipe_new(a, b, 0) == 0);
	small_pipe(b);
}

static enum kind
make_pair(struct walk *walk, struct mio_source *a, struct mio_source *b,
    unsigned int which)
{
#ifdef _WIN32
	/* TCP instead of Unix sockets and pipes. */
	if (which == 7)
		which = 6;
	if (which > 1 && which < 6) {
		unix_pair(a, b);
		return KIND_TCP;
	}
#endif
	switch (which) {
	case 0: case 1:
		tcp_ends(walk, a, b, which == 0);
		return KIND_TCP;
	case 2: case 3:
		unix_ends(a, b, which == 3);
		return KIND_UNIX;
	case 4: case 5:
		pipe_ends(a, b, which == 5);
		return KIND_PIPE;
	case 6:
		udp_ends(a, b);
		return KIND_UDP;
	default:
		need(mio_unix_dgram_pair(a, b, 0) == 0);
		small_buffers(a);
		small_buffers(b);
		return KIND_DGRAM;
	}
}

/* Two ends that are connected; of a pipe, the reader comes first. */
bool
open_pair(struct walk *walk, struct end *a, struct end *b, unsigned int which)
{
	unsigned int connection = walk->next_connection++;
	enum kind kind;

	if (a->kind != KIND_NONE || b->kind != KIND_NONE)
		return false;
	kind = make_pair(walk, &a->source[0], &b->source[0], which);
	set_up(a, kind, connection, 0);
	set_up(b, kind, connection, 1);
	/* Data that Nagle's algorithm delays may come at any time. */
	a->vague = b->vague = kind == KIND_TCP && which != 0;
	return true;
}

void
open_listener(struct walk *walk, struct end *end)
{
	struct sockaddr_storage addr;
	mio_socklen len;

	listen_loopback(&end->source[0], &addr, &len);
	set_up(end, KIND_LISTENER, walk->next_connection++, 0);
}

/*
 * An end that was connected or accepted.  The model doesn't know the other
 * end, and so not the fill level.
 */
void
open_stream(struct walk *walk, struct end *end)
{
	small_buffers(&end->source[0]);
	set_up(end, KIND_TCP, walk->next_connection++, 0);
	end->vague = true;
}

/* Duplicates an end into another slot; false if either slot doesn't fit. */
bool
dup_end(const struct end *end, struct end *copy)
{
	int fd;

	if (end->kind == KIND_NONE || copy->kind != KIND_NONE)
		return false;
	fd = dup(mio_source_fd(&end->source[end->here]));
	need(fd >= 0 && mio_source_from_fd(&copy->source[0], fd) == 0);
	set_up(copy, end->kind, end->connection, end->side);
	copy->foreign = true;
	copy->vague = end->vague;
	copy->refuses = end->refuses;
	copy->blocked = end->blocked;
	copy->shut = end->shut;
	return true;
}

void
end_closed(struct end *end)
{
	memset(end, 0, sizeof(*end));
}

static struct pollfd
poll_entry(const struct end *end)
{
	struct pollfd pfd = { -1, POLLIN | POLLOUT, 0 };

#ifdef POLLRDHUP
	pfd.events |= POLLRDHUP;
#endif
	pfd.fd = mio_source_fd(&end->source[end->here]);
	return pfd;
}

static unsigned int
readiness_of(const struct pollfd *pfd)
{
	unsigned int bits = 0;

	if ((pfd->revents & ~POLLOUT) != 0)
		bits |= MIO_READABLE;
	if ((pfd->revents & (POLLOUT | POLLERR | HUP)) != 0)
		bits |= MIO_WRITABLE;
	return bits;
}

/* The directions that poll(2) reports now. */
unsigned int
truth(const struct end *end)
{
	struct pollfd pfd = poll_entry(end);

	need(poll(&pfd, 1, 0) >= 0);
	return readiness_of(&pfd);
}

/* The same for all registered ends, in one call. */
void
truths(struct walk *walk)
{
	struct pollfd pfds[SLOTS];
	nfds_t n = 0;
	int i;

	for (i = 0; i < SLOTS; i++) {
		if (walk->ends[i].registered)
			pfds[n++] = poll_entry(&walk->ends[i]);
	}
	need(poll(pfds, n, 0) >= 0);
	n = 0;
	for (i = 0; i < SLOTS; i++) {
		if (!walk->ends[i].registered)
			continue;
		walk->ends[i].eof = (pfds[n].revents & ENDED) != 0;
		walk->ends[i].truth = readiness_of(&pfds[n++]);
	}
}

bool
has_ended_now(const struct end *end)
{
	struct pollfd pfd = poll_entry(end);

	need(poll(&pfd, 1, 0) >= 0);
	return (pfd.revents & ENDED) != 0;
}
