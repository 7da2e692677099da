/*
 * Helpers that most tests need: socket pairs, full buffers, polls with a
 * deadline.
 */
#ifndef UTIL_H
#define UTIL_H

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <pthread.h>
#include <stdbool.h>

#include <mio.h>

#define PATIENCE	MIO_MSEC(10000)	/* for events that must come */
#define MOMENT		MIO_MSEC(20)	/* for events that must not */

bool	on_selector(const char *);

/* A poller, or the test bails out. */
struct mio_poller *new_poller(void);

/* Parses an address, or bails out. */
struct sockaddr *addr_of(const char *, struct sockaddr_storage *,
	    mio_socklen *);
/* The address as text, in a static buffer. */
const char *text_of(const struct sockaddr_storage *, mio_socklen);
/* The port, in network order. */
in_port_t *port_of(struct sockaddr_storage *);
/* The local address of a source. */
struct sockaddr *local_addr(const struct mio_source *,
	    struct sockaddr_storage *, mio_socklen *);
/*
 * A link-local address of this machine, with its scope; false if there is
 * none.
 */
bool	link_local(struct sockaddr_in6 *);
/* A listener on a loopback port of the system's choice, and its address. */
void	listen_loopback(struct mio_source *, struct sockaddr_storage *,
	    mio_socklen *);
/* An address on 127.0.0.1 whose listener is closed: connecting is refused. */
void	refusing_addr(struct sockaddr_storage *, mio_socklen *);
/*
 * A UDP port of 127.0.0.1 that refuses datagrams.  No other program can get it
 * while the source is open.
 */
void	refusing_udp(struct mio_source *, struct sockaddr_storage *,
	    mio_socklen *);
/* Waits until a connect(2) that was begun has succeeded. */
void	await_connection(const struct mio_source *);
/* Waits until data, or a connection to a listener, has come. */
void	await_readable(const struct mio_source *);
/* Accepts a connection, which may take a moment to come. */
void	accept_soon(const struct mio_source *, struct mio_source *);
/* The two ends of a TCP connection, made by libmio. */
void	tcp_pair(struct mio_source *, struct mio_source *);
/* Makes a foreign non-blocking source of a descriptor. */
void	adopt_fd(struct mio_source *, int);
/* A pipe, read end and write end, as foreign non-blocking sources. */
void	pipe_pair(struct mio_source *, struct mio_source *);
/*
 * Whether a pipe carries data both ways, as FreeBSD's and OpenBSD's do: whether
 * its read end can be written.
 */
bool	pipes_go_both_ways(void);
/* Event ports with illumos' sockets, or a fake of both (t/fake/port_fake.h). */
bool	on_illumos(void);
/* A pipe made by libmio, or Unix sockets where mio_pipe_new() fails. */
void	any_pipe(struct mio_source *, struct mio_source *);
/* Two ends of a Unix stream, as foreign non-blocking sources. */
void	unix_pair(struct mio_source *, struct mio_source *);
/* Does this system have Unix sockets of this type?  Linux and BSD do. */
bool	has_unix(int);
/* Does it have dual-stack sockets?  OpenBSD and DragonFly do not. */
bool	has_dualstack(void);
/* Checks that registering this file fails with EPERM; the text names it. */
void	refuses_file(struct mio_poller *, const char *, int, const char *);
/* Closes with a reset: the peer gets ECONNRESET. */
void	reset(struct mio_source *);

void	reg(struct mio_poller *, struct mio_source *, mio_token, unsigned int);
void	rereg(struct mio_poller *, struct mio_source *, mio_token,
	    unsigned int);
void	dereg(struct mio_poller *, struct mio_source *);
void	close_source(struct mio_source *);

/* Writes all of a string. */
void	put_text(const struct mio_source *, const char *);
/* Writes a byte to a source; a poke() for readable_contract(). */
void	put_byte(void *);
/* Reads until EAGAIN or end of file; returns the number of bytes. */
size_t	drain(const struct mio_source *);
/* Reads until so many bytes have been read, which may come a moment later. */
void	drain_bytes(const struct mio_source *, size_t);
/* Writes until EAGAIN; returns the number of bytes. */
size_t	fill(const struct mio_source *);
/*
 * A full buffer may make room although its peer doesn't read: TCP's
 * acknowledgements come 40 ms late, and a terminal passes bytes on at any
 * time.  Returns whether that happened.
 */
bool	makes_room(mio_fd);
/* fill(), repeated until the buffer stays full while the peer doesn't read. */
size_t	fill_up(const struct mio_source *);

/*
 * Polls, PATIENCE at most, until the token is reported with all of these
 * bits (over one or more events); returns all bits seen for it.  Events of
 * other tokens are dropped.
 */
uint32_t wait_token(struct mio_poller *, mio_token, uint32_t);
/* The same; whether all of these bits were reported. */
bool	comes(struct mio_poller *, mio_token, uint32_t);
/* Polls once without waiting; returns the number of events. */
int	poll_now(struct mio_poller *, struct mio_event *, int);
/* Polls for a MOMENT; returns the number of events, which should be 0. */
int	quiet(struct mio_poller *);
/* The number of events in 50 ms; more than a few are a spin. */
int	spins(struct mio_poller *);

/*
 * Checks the contract of a source that is not registered, which poke() makes
 * readable and drain() empties: edge, level, oneshot, and silence once it is
 * deregistered.  The text names the source, which is unregistered again at the
 * end.
 */
void	readable_contract(struct mio_poller *, struct mio_source *,
	    void (*)(void *), void *, const char *);

pthread_t start_thread(void *(*)(void *), void *);
void	*join_thread(pthread_t);

/* Changes into a new directory; leave_tmpdir() removes it, empty. */
void	enter_tmpdir(void);
void	leave_tmpdir(void);

/* The number of descriptors that this process has open. */
int	count_fds(void);

/* Monotonic milliseconds. */
long long msec(void);
void	sleep_msec(int);

#endif /* UTIL_H */
