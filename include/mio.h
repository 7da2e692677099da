/*
 * libmio: readiness notification and non-blocking sockets, with one contract
 * over epoll, kqueue, event ports, AFD and poll(2).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * Start with mio(7); mio(3) lists every call.  Unless a comment says
 * otherwise, a function returns 0 or a count, and -1 with errno set.
 */
#ifndef MIO_H
#define MIO_H

#include <stddef.h>
#include <stdint.h>
#ifndef _WIN32
#include <sys/types.h>
#include <sys/uio.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(MIO_DLL_EXPORT)
#define MIO_API __declspec(dllexport)
#elif defined(_WIN32) && !defined(MIO_STATIC)
#define MIO_API __declspec(dllimport)
#elif defined(__GNUC__)
#define MIO_API __attribute__((visibility("default")))
#else
#define MIO_API
#endif

#define MIO_VERSION_MAJOR	0
#define MIO_VERSION_MINOR	1
#define MIO_VERSION_PATCH	0

/*
 * No socket header is included here: <winsock2.h> would bring macros named
 * IN, OUT and ERROR.  Who names addresses includes <sys/socket.h> as well.
 */
struct sockaddr;
struct in_addr;
struct in6_addr;

#ifdef _WIN32
typedef uintptr_t mio_fd;		/* a SOCKET or a HANDLE */
typedef intptr_t mio_ssize;
typedef int mio_socklen;
struct mio_iovec {
	void	*iov_base;
	size_t	 iov_len;
};
#else
typedef int mio_fd;
typedef ssize_t mio_ssize;
typedef uint32_t mio_socklen;		/* socklen_t */
#define mio_iovec iovec
#endif

typedef uintptr_t mio_token;		/* yours: an index or a pointer */

/* Interest, asked for; readiness, reported. */
#define MIO_READABLE		0x0001u
#define MIO_WRITABLE		0x0002u
#define MIO_PRIORITY		0x0004u
#define MIO_AIO			0x0008u
#define MIO_LIO			0x0010u

/* Reported only.  These three, and MIO_PRIORITY, are hints. */
#define MIO_ERROR		0x0020u
#define MIO_READ_CLOSED		0x0040u
#define MIO_WRITE_CLOSED	0x0080u

/* Modes, added to an interest.  Edge-triggered is the default. */
#define MIO_LEVEL		0x0100u
#define MIO_ONESHOT		0x0200u
#define MIO_EXCLUSIVE		0x0400u

/* Flags of the calls that make a source. */
#define MIO_REUSEPORT		0x0001u	/* share the port: SO_REUSEPORT */
#define MIO_DUALSTACK		0x0002u	/* an IPv6 socket takes IPv4 too */
#define MIO_PIPE_FIRST		0x0004u	/* no instance may be there yet */
#define MIO_PIPE_MESSAGE	0x0008u	/* messages instead of a stream */

/* Timeouts are nanoseconds. */
#define MIO_FOREVER		((int64_t)-1)
#define MIO_MSEC(n)		((int64_t)(n) * 1000000)

struct mio_poller;
struct mio_waker;

struct mio_event {
	uintptr_t	token;
	uint32_t	readiness;	/* MIO_READABLE | ... */
	uint32_t	native;		/* what the kernel said; see mio_event(3) */
};

/*
 * A descriptor that can be registered.  Embed it in your own structure; all
 * zeroes means empty.  priv and reg belong to the library.
 */
struct mio_source {
	mio_fd		 fd;
	uint32_t	 priv;
	void		*reg;
};

/* The poller. */
MIO_API struct mio_poller *mio_poller_new(void);
MIO_API struct mio_poller *mio_poller_ref(struct mio_poller *poller);
MIO_API void mio_poller_free(struct mio_poller *poller);
MIO_API mio_fd mio_poller_fd(const struct mio_poller *poller);
MIO_API int mio_poller_set_spin(struct mio_poller *poller, int64_t spin_ns);

MIO_API int mio_poll(struct mio_poller *poller, struct mio_event *events,
    int nevents, int64_t timeout_ns);

/* Registration. */
MIO_API int mio_register(struct mio_poller *poller, struct mio_source *source,
    mio_token token, unsigned int interest);
MIO_API int mio_reregister(struct mio_poller *poller,
    struct mio_source *source, mio_token token, unsigned int interest);
MIO_API int mio_deregister(struct mio_poller *poller,
    struct mio_source *source);

/* Wakers: from any thread, and from signal handlers. */
MIO_API struct mio_waker *mio_waker_new(struct mio_poller *poller,
    mio_token token);
MIO_API int mio_waker_wake(struct mio_waker *waker);
MIO_API void mio_waker_free(struct mio_waker *waker);

/* Events. */
static inline int
mio_event_is_readable(const struct mio_event *event)
{
	return (event->readiness & MIO_READABLE) != 0;
}

static inline int
mio_event_is_writable(const struct mio_event *event)
{
	return (event->readiness & MIO_WRITABLE) != 0;
}

static inline int
mio_event_is_priority(const struct mio_event *event)
{
	return (event->readiness & MIO_PRIORITY) != 0;
}

static inline int
mio_event_is_aio(const struct mio_event *event)
{
	return (event->readiness & MIO_AIO) != 0;
}

static inline int
mio_event_is_lio(const struct mio_event *event)
{
	return (event->readiness & MIO_LIO) != 0;
}

static inline int
mio_event_is_error(const struct mio_event *event)
{
	return (event->readiness & MIO_ERROR) != 0;
}

static inline int
mio_event_is_read_closed(const struct mio_event *event)
{
	return (event->readiness & MIO_READ_CLOSED) != 0;
}

static inline int
mio_event_is_write_closed(const struct mio_event *event)
{
	return (event->readiness & MIO_WRITE_CLOSED) != 0;
}

/* As snprintf: returns the length of the whole text. */
MIO_API int mio_event_format(const struct mio_event *event, char *buf,
    size_t size);

/*
 * Sources.  A const source may be used by several threads at once; the calls
 * that take it without const want it for themselves.
 */
MIO_API int mio_source_from_fd(struct mio_source *source, mio_fd fd);
MIO_API mio_fd mio_source_fd(const struct mio_source *source);
MIO_API mio_fd mio_source_release(struct mio_source *source);
MIO_API int mio_source_close(struct mio_source *source);
MIO_API mio_ssize mio_source_read(const struct mio_source *source, void *buf,
    size_t size);
MIO_API mio_ssize mio_source_write(const struct mio_source *source,
    const void *buf, size_t size);
MIO_API mio_ssize mio_source_readv(const struct mio_source *source,
    const struct mio_iovec *iov, int iovcnt);
MIO_API mio_ssize mio_source_writev(const struct mio_source *source,
    const struct mio_iovec *iov, int iovcnt);
MIO_API int mio_source_would_block(const struct mio_source *source,
    unsigned int directions);
MIO_API int mio_source_set_nonblocking(const struct mio_source *source,
    int on);
MIO_API int mio_source_take_error(const struct mio_source *source);
MIO_API int mio_source_local_addr(const struct mio_source *source,
    struct sockaddr *addr, mio_socklen *addrlen);
MIO_API int mio_source_peer_addr(const struct mio_source *source,
    struct sockaddr *addr, mio_socklen *addrlen);

/* TCP. */
#define MIO_SHUT_RD		0
#define MIO_SHUT_WR		1
#define MIO_SHUT_RDWR		2

MIO_API int mio_tcp_listen(struct mio_source *listener,
    const struct sockaddr *addr, mio_socklen addrlen, int backlog,
    unsigned int flags);
MIO_API int mio_tcp_accept(const struct mio_source *listener,
    struct mio_source *stream, struct sockaddr *addr, mio_socklen *addrlen,
    unsigned int flags);
MIO_API int mio_tcp_connect(struct mio_source *stream,
    const struct sockaddr *addr, mio_socklen addrlen, unsigned int flags);
MIO_API int mio_tcp_shutdown(const struct mio_source *stream, int how);
MIO_API mio_ssize mio_tcp_peek(const struct mio_source *stream, void *buf,
    size_t size);
MIO_API int mio_tcp_nodelay(const struct mio_source *stream);
MIO_API int mio_tcp_set_nodelay(const struct mio_source *stream, int on);
MIO_API int mio_tcp_ttl(const struct mio_source *source);
MIO_API int mio_tcp_set_ttl(const struct mio_source *source, int ttl);

/* UDP.  A datagram longer than the buffer is cut; its rest is lost. */
MIO_API int mio_udp_bind(struct mio_source *source,
    const struct sockaddr *addr, mio_socklen addrlen, unsigned int flags);
MIO_API int mio_udp_connect(const struct mio_source *source,
    const struct sockaddr *addr, mio_socklen addrlen);
MIO_API mio_ssize mio_udp_send(const struct mio_source *source,
    const void *buf, size_t size);
MIO_API mio_ssize mio_udp_send_to(const struct mio_source *source,
    const void *buf, size_t size, const struct sockaddr *addr,
    mio_socklen addrlen);
MIO_API mio_ssize mio_udp_recv(const struct mio_source *source, void *buf,
    size_t size);
MIO_API mio_ssize mio_udp_recv_from(const struct mio_source *source,
    void *buf, size_t size, struct sockaddr *addr, mio_socklen *addrlen);
MIO_API mio_ssize mio_udp_peek(const struct mio_source *source, void *buf,
    size_t size);
MIO_API mio_ssize mio_udp_peek_from(const struct mio_source *source,
    void *buf, size_t size, struct sockaddr *addr, mio_socklen *addrlen);
MIO_API int mio_udp_broadcast(const struct mio_source *source);
MIO_API int mio_udp_set_broadcast(const struct mio_source *source, int on);
MIO_API int mio_udp_ttl(const struct mio_source *source);
MIO_API int mio_udp_set_ttl(const struct mio_source *source, int ttl);
MIO_API int mio_udp_only_v6(const struct mio_source *source);
MIO_API int mio_udp_multicast_loop_v4(const struct mio_source *source);
MIO_API int mio_udp_set_multicast_loop_v4(const struct mio_source *source,
    int on);
MIO_API int mio_udp_multicast_ttl_v4(const struct mio_source *source);
MIO_API int mio_udp_set_multicast_ttl_v4(const struct mio_source *source,
    int ttl);
MIO_API int mio_udp_multicast_loop_v6(const struct mio_source *source);
MIO_API int mio_udp_set_multicast_loop_v6(const struct mio_source *source,
    int on);
MIO_API int mio_udp_join_multicast_v4(const struct mio_source *source,
    const struct in_addr *group, const struct in_addr *interface_addr);
MIO_API int mio_udp_leave_multicast_v4(const struct mio_source *source,
    const struct in_addr *group, const struct in_addr *interface_addr);
MIO_API int mio_udp_join_multicast_v6(const struct mio_source *source,
    const struct in6_addr *group, unsigned int interface_index);
MIO_API int mio_udp_leave_multicast_v6(const struct mio_source *source,
    const struct in6_addr *group, unsigned int interface_index);

/*
 * Unix domain sockets.  A path names a file; the _addr forms take any
 * address of the family, abstract ones included.
 */
MIO_API int mio_unix_addr(const char *path, struct sockaddr *addr,
    mio_socklen *addrlen);
MIO_API int mio_unix_addr_abstract(const void *name, size_t size,
    struct sockaddr *addr, mio_socklen *addrlen);
MIO_API int mio_unix_listen(struct mio_source *listener, const char *path,
    int backlog, unsigned int flags);
MIO_API int mio_unix_listen_addr(struct mio_source *listener,
    const struct sockaddr *addr, mio_socklen addrlen, int backlog,
    unsigned int flags);
MIO_API int mio_unix_accept(const struct mio_source *listener,
    struct mio_source *stream, struct sockaddr *addr, mio_socklen *addrlen,
    unsigned int flags);
MIO_API int mio_unix_connect(struct mio_source *stream, const char *path,
    unsigned int flags);
MIO_API int mio_unix_connect_addr(struct mio_source *stream,
    const struct sockaddr *addr, mio_socklen addrlen, unsigned int flags);
MIO_API int mio_unix_pair(struct mio_source *a, struct mio_source *b,
    unsigned int flags);
MIO_API int mio_unix_shutdown(const struct mio_source *source, int how);

/* Unix domain datagram sockets. */
MIO_API int mio_unix_dgram_bind(struct mio_source *source, const char *path,
    unsigned int flags);
MIO_API int mio_unix_dgram_bind_addr(struct mio_source *source,
    const struct sockaddr *addr, mio_socklen addrlen, unsigned int flags);
MIO_API int mio_unix_dgram_unbound(struct mio_source *source,
    unsigned int flags);
MIO_API int mio_unix_dgram_pair(struct mio_source *a, struct mio_source *b,
    unsigned int flags);
MIO_API int mio_unix_dgram_connect(const struct mio_source *source,
    const char *path);
MIO_API int mio_unix_dgram_connect_addr(const struct mio_source *source,
    const struct sockaddr *addr, mio_socklen addrlen);
MIO_API mio_ssize mio_unix_dgram_send(const struct mio_source *source,
    const void *buf, size_t size);
MIO_API mio_ssize mio_unix_dgram_send_to(const struct mio_source *source,
    const void *buf, size_t size, const char *path);
MIO_API mio_ssize mio_unix_dgram_send_to_addr(const struct mio_source *source,
    const void *buf, size_t size, const struct sockaddr *addr,
    mio_socklen addrlen);
MIO_API mio_ssize mio_unix_dgram_recv(const struct mio_source *source,
    void *buf, size_t size);
MIO_API mio_ssize mio_unix_dgram_recv_from(const struct mio_source *source,
    void *buf, size_t size, struct sockaddr *addr, mio_socklen *addrlen);

/* Pipes. */
MIO_API int mio_pipe_new(struct mio_source *reader, struct mio_source *writer,
    unsigned int flags);

#ifdef _WIN32
/* Named pipes of Windows, whose names are UTF-8: "\\\\.\\pipe\\name". */
MIO_API int mio_named_pipe_new(struct mio_source *pipe, const char *name,
    unsigned int flags);
MIO_API int mio_named_pipe_open(struct mio_source *pipe, const char *name,
    unsigned int flags);
MIO_API int mio_named_pipe_from_handle(struct mio_source *pipe, mio_fd handle,
    unsigned int flags);
MIO_API int mio_named_pipe_connect(const struct mio_source *pipe);
MIO_API int mio_named_pipe_disconnect(const struct mio_source *pipe);
#endif

/* Addresses: numeric only, "127.0.0.1:13265" or "[::1]:80". */
MIO_API int mio_addr_parse(const char *text, struct sockaddr *addr,
    mio_socklen *addrlen);
MIO_API int mio_addr_format(const struct sockaddr *addr, mio_socklen addrlen,
    char *buf, size_t size);

/* About the library, and errors. */
MIO_API const char *mio_selector_name(void);
MIO_API const char *mio_version(void);
MIO_API const char *mio_strerror(int error);
MIO_API int mio_errno(void);

#ifdef __cplusplus
}
#endif

#endif /* MIO_H */
