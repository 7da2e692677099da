/*
 * libmio: readiness notification and non-blocking sockets, with one contract
 * over epoll, kqueue, event ports, AFD and poll(2).
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 *
 * mio(7) is a guide, and mio(3) lists all functions.  Unless a comment states
 * otherwise, a function returns 0 or a count on success, and -1 with errno
 * set on failure.
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
 * This header includes no socket header, because <winsock2.h> defines macros
 * named IN, OUT and ERROR.  Programs that use socket addresses must include
 * <sys/socket.h> as well.
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
typedef uint32_t mio_socklen;		/* the same as socklen_t */
#define mio_iovec iovec
#endif

typedef uintptr_t mio_token;		/* the program's index or pointer */

/* Interest of a registration, and readiness in an event. */
#define MIO_READABLE		0x0001u
#define MIO_WRITABLE		0x0002u
#define MIO_PRIORITY		0x0004u
#define MIO_AIO			0x0008u
#define MIO_LIO			0x0010u

/* Readiness only.  These three bits and MIO_PRIORITY are hints. */
#define MIO_ERROR		0x0020u
#define MIO_READ_CLOSED		0x0040u
#define MIO_WRITE_CLOSED	0x0080u

/* Modes, added to an interest.  The default mode is edge-triggered. */
#define MIO_LEVEL		0x0100u
#define MIO_ONESHOT		0x0200u
#define MIO_EXCLUSIVE		0x0400u

/* Flags of the functions that make sources. */
#define MIO_REUSEPORT		0x0001u	/* share the port: SO_REUSEPORT */
#define MIO_DUALSTACK		0x0002u	/* accept IPv4 on an IPv6 socket */
#define MIO_PIPE_FIRST		0x0004u	/* fail if an instance exists */
#define MIO_PIPE_MESSAGE	0x0008u	/* messages instead of a stream */

/* Timeouts are in nanoseconds. */
#define MIO_FOREVER		((int64_t)-1)
#define MIO_MSEC(n)		((int64_t)(n) * 1000000)

struct mio_poller;
struct mio_waker;

struct mio_event {
	uintptr_t	token;
	uint32_t	readiness;	/* MIO_READABLE | ... */
	uint32_t	native;		/* the kernel's bits: mio_event(3) */
};

/*
 * A descriptor that can be registered.  Programs embed this structure in
 * their own.  A source of all zeroes is empty.  Only the library may use priv
 * and reg.
 */
struct mio_source {
	mio_fd		 fd;
	uint32_t	 priv;
	void		*reg;
};

/* Pollers. */
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

/* Wakers.  Any thread and any signal handler may call mio_waker_wake(). */
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

/* Returns the length of the complete text, as snprintf() does. */
MIO_API int mio_event_format(const struct mio_event *event, char *buf,
    size_t size);

/*
 * Sources.  Several threads may use a const source at once.  A function that
 * takes a source without const must not run concurrently with any other call
 * on that source.
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

/* UDP.  The part of a datagram that does not fit into the buffer is lost. */
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
 * Unix domain sockets.  A path is that of a socket file.  The _addr functions
 * take any address of the family, including an abstract one.
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
/* Windows named pipes, with names in UTF-8 such as "\\\\.\\pipe\\name". */
MIO_API int mio_named_pipe_new(struct mio_source *pipe, const char *name,
    unsigned int flags);
MIO_API int mio_named_pipe_open(struct mio_source *pipe, const char *name,
    unsigned int flags);
MIO_API int mio_named_pipe_from_handle(struct mio_source *pipe, mio_fd handle,
    unsigned int flags);
MIO_API int mio_named_pipe_connect(const struct mio_source *pipe);
MIO_API int mio_named_pipe_disconnect(const struct mio_source *pipe);
#endif

/* Numeric addresses, such as "127.0.0.1:13265" or "[::1]:80". */
MIO_API int mio_addr_parse(const char *text, struct sockaddr *addr,
    mio_socklen *addrlen);
MIO_API int mio_addr_format(const struct sockaddr *addr, mio_socklen addrlen,
    char *buf, size_t size);

/* The library and its errors. */
MIO_API const char *mio_selector_name(void);
MIO_API const char *mio_version(void);
MIO_API const char *mio_strerror(int error);
MIO_API int mio_errno(void);

#ifdef __cplusplus
}
#endif

#endif /* MIO_H */
