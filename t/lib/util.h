/*
 * What most tests need: pairs of sockets, a full buffer, a patient poll.
 */
#ifndef UTIL_H
#define UTIL_H

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <pthread.h>
#include <stdbool.h>

#include <mio.h>

#define PATIENCE	MIO_MSEC(10000)	/* for what must come */
#define MOMENT		MIO_MSEC(20)	/* for what must not come */

bool	on_selector(const char *);

/* Pollers that must be made for the test to make sense. */
struct mio_poller *new_poller(void);

/* An address that parses, or the test is broken. */
struct sockaddr *addr_of(const char *, struct sockaddr_storage *,
	    mio_socklen *);
/* As text, in a buffer of the call's own. */
const char *text_of(const struct sockaddr_storage *, mio_socklen);
/* The port, in network order. */
in_port_t *port_of(struct sockaddr_storage *);
/* The address that a source has been bound to. */
struct sockaddr *local_addr(const struct mio_source *,
	    struct sockaddr_storage *, mio_socklen *);
/* A link-local address of this machine, with its scope, or false. */
bool	link_local(struct sockaddr_in6 *);
/* A listener on a loopback port of the system's choice, and its address. */
void	listen_loopback(struct mio_source *, struct sockaddr_storage *,
	    mio_socklen *);
/* A listener on 127.0.0.1 that nobody listens on any more: refuses. */
void	refusing_addr(struct sockaddr_storage *, mio_socklen *);
/*
 * A UDP port of 127.0.0.1 that refuses, and that nobody else gets while the
 * source is open.
 */
void	refusing_udp(struct mio_source *, struct sockaddr_storage *,
	    mio_socklen *);
/* Two ends of a TCP connection, as libmio's own streams. */
void	tcp_pair(struct mio_source *, struct mio_source *);
/* A descriptor of the test's own, as a foreign non-blocking source. */
void	adopt_fd(struct mio_source *, int);
/* A pipe, read end and write end, as foreign non-blocking sources. */
void	pipe_pair(struct mio_source *, struct mio_source *);
/* A pipe of libmio's, or what can stand in for one. */
void	any_pipe(struct mio_source *, struct mio_source *);
/* Two ends of a Unix stream, as foreign non-blocking sources. */
void	unix_pair(struct mio_source *, struct mio_source *);
/* Does this system have Unix sockets of this type?  Linux and BSD do. */
bool	has_unix(int);
/* EPERM for a file, by its path and open(2)'s flags; the words name it. */
void	refuses_file(struct mio_poller *, const char *, int, const char *);
/* Closes by reset: the peer gets ECONNRESET. */
void	reset(struct mio_source *);

void	reg(struct mio_poller *, struct mio_source *, mio_token, unsigned int);
void	rereg(struct mio_poller *, struct mio_source *, mio_token,
	    unsigned int);
void	dereg(struct mio_poller *, struct mio_source *);
void	close_source(struct mio_source *);

/* Writes all of a string, reads it all back. */
void	put_text(const struct mio_source *, const char *);
/* A byte to a source: what readable_contract() takes to poke with. */
void	put_byte(void *);
/* Reads until would-block or the end; returns the bytes. */
size_t	drain(const struct mio_source *);
/* Writes until would-block; returns the bytes. */
size_t	fill(const struct mio_source *);
/*
 * What is full may make room by itself: TCP's acknowledgements come 40 ms
 * late, and a terminal carries bytes on when it likes.  Has it?
 */
bool	makes_room(mio_fd);
/* ... until it stays full, if nobody reads. */
size_t	fill_up(const struct mio_source *);

/*
 * Polls, PATIENCE at most, until the token is reported with all of these
 * bits (over one or more events); returns all bits seen for it.  Events of
 * other tokens are dropped.
 */
uint32_t wait_token(struct mio_poller *, mio_token, uint32_t);
/* The same; whether all of these bits were reported. */
bool	comes(struct mio_poller *, mio_token, uint32_t);
/* Takes one batch with no wait: how many events, and the token's bits. */
int	poll_now(struct mio_poller *, struct mio_event *, int);
/* Nothing comes for a moment: the number of events, which should be 0. */
int	quiet(struct mio_poller *);
/* How often an event comes for a moment; more than a few is a spin. */
int	spins(struct mio_poller *);

/*
 * The contract of a source that is not registered, which poke() makes
 * readable, and which drain() empties: edge, level, oneshot, and silence once
 * deregistered.  The words name it.  Leaves it as it was.
 */
void	readable_contract(struct mio_poller *, struct mio_source *,
	    void (*)(void *), void *, const char *);

pthread_t start_thread(void *(*)(void *), void *);
void	*join_thread(pthread_t);

/* A directory of the test's own, which it works in and leaves empty. */
void	enter_tmpdir(void);
void	leave_tmpdir(void);

/* Descriptors that this process has open. */
int	count_fds(void);

/* Monotonic milliseconds. */
long long msec(void);
void	sleep_msec(int);

#endif /* UTIL_H */
