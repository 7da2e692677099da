/*
 * Unix domain sockets, stream and datagram.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <string.h>

#include "compat/socket.h"
#include "sock.h"
#include "source.h"

#define PATH_OFFSET	offsetof(struct sockaddr_un, sun_path)
#define PATH_ROOM	(sizeof(struct sockaddr_un) - PATH_OFFSET)

/* An address and its length. */
struct unix_addr {
	struct sockaddr_un un;
	mio_socklen len;
};

/* Some systems store the length in the address, too. */
static void
set_family(struct unix_addr *addr)
{
	addr->un.sun_family = AF_UNIX;
#ifdef HAVE_STRUCT_SOCKADDR_SA_LEN
	addr->un.sun_len = (unsigned char)addr->len;
#endif
}

/*
 * The terminating NUL is part of the length and must fit: not every system
 * accepts a path that fills sun_path, and no system returns such a path with a
 * NUL.
 */
static int
addr_of_path(struct unix_addr *addr, const char *path)
{
	size_t size;

	if (path == NULL || path[0] == '\0')
		return -EINVAL;
	if ((size = strlen(path) + 1) > PATH_ROOM)
		return -ENAMETOOLONG;
	memset(addr, 0, sizeof(*addr));
	memcpy(addr->un.sun_path, path, size);
	addr->len = (mio_socklen)(PATH_OFFSET + size);
	set_family(addr);
	return 0;
}

static int
check_addr(const struct sockaddr *addr, mio_socklen addrlen)
{
	size_t size = socklen_size(addrlen);

	if (addr == NULL || size < PATH_OFFSET ||
	    size > sizeof(struct sockaddr_un))
		return -EINVAL;
	return addr->sa_family == AF_UNIX ? 0 : -EAFNOSUPPORT;
}

static int
give_addr(const struct unix_addr *from, struct sockaddr *addr,
    mio_socklen *addrlen)
{
	if (addr == NULL || addrlen == NULL)
		return -EINVAL;
	if (socklen_size(*addrlen) < socklen_size(from->len))
		return -ENOSPC;
	memcpy(addr, &from->un, socklen_size(from->len));
	*addrlen = from->len;
	return 0;
}

int
mio_unix_addr(const char *path, struct sockaddr *addr, mio_socklen *addrlen)
{
	struct unix_addr un;
	int error;

	if ((error = addr_of_path(&un, path)) == 0)
		error = give_addr(&un, addr, addrlen);
	return mio_result(error);
}

/* An abstract name begins with a NUL, and only its length ends it. */
int
mio_unix_addr_abstract(const void *name, size_t size, struct sockaddr *addr,
    mio_socklen *addrlen)
{
	struct unix_addr un;

	if (name == NULL && size > 0)
		return mio_result(-EINVAL);
	if (size > PATH_ROOM - 1)
		return mio_result(-ENAMETOOLONG);
	memset(&un, 0, sizeof(un));
	if (size > 0)
		memcpy(un.un.sun_path + 1, name, size);
	un.len = (mio_socklen)(PATH_OFFSET + 1 + size);
	set_family(&un);
	return mio_result(give_addr(&un, addr, addrlen));
}

static int
bind_listen(mio_fd fd, const struct sockaddr *addr, mio_socklen addrlen,
    int backlog)
{
	int error;

	if ((error = mio_sock_bind(fd, addr, addrlen)) < 0)
		return error;
	return mio_sock_listen(fd, backlog);
}

/* Begins each constructor.  No flag is defined yet. */
static int
open_source(struct mio_source *source, int type, unsigned int flags,
    mio_fd *fd)
{
	if (source == NULL)
		return -EINVAL;
	mio_source_empty(source);
	return flags != 0 ? -EINVAL : mio_sock_open(AF_UNIX, type, 0, fd);
}

static int
do_listen(struct mio_source *listener, const struct sockaddr *addr,
    mio_socklen addrlen, int backlog, unsigned int flags)
{
	mio_fd fd;
	int error;

	if ((error = open_source(listener, SOCK_STREAM, flags, &fd)) < 0)
		return error;
	return mio_source_adopt(listener, fd, MIO_KIND_LISTENER,
	    bind_listen(fd, addr, addrlen, backlog));
}

int
mio_unix_listen(struct mio_source *listener, const char *path, int backlog,
    unsigned int flags)
{
	struct unix_addr un;
	int error;

	if (listener != NULL)
		mio_source_empty(listener);
	if ((error = addr_of_path(&un, path)) == 0)
		error = do_listen(listener, (struct sockaddr *)&un.un, un.len,
		    backlog, flags);
	return mio_result(error);
}

int
mio_unix_listen_addr(struct mio_source *listener, const struct sockaddr *addr,
    mio_socklen addrlen, int backlog, unsigned int flags)
{
	int error;

	if (listener != NULL)
		mio_source_empty(listener);
	if ((error = check_addr(addr, addrlen)) == 0)
		error = do_listen(listener, addr, addrlen, backlog, flags);
	return mio_result(error);
}

int
mio_unix_accept(const struct mio_source *listener, struct mio_source *stream,
    struct sockaddr *addr, mio_socklen *addrlen, unsigned int flags)
{
	return mio_result(mio_source_accept(listener, stream, addr, addrlen,
	    flags));
}

static int
do_connect(struct mio_source *stream, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	mio_fd fd;
	int error;

	if ((error = open_source(stream, SOCK_STREAM, flags, &fd)) < 0)
		return error;
	return mio_source_adopt(stream, fd, MIO_KIND_STREAM,
	    mio_sock_connect(fd, addr, addrlen));
}

int
mio_unix_connect(struct mio_source *stream, const char *path,
    unsigned int flags)
{
	struct unix_addr un;
	int error;

	if (stream != NULL)
		mio_source_empty(stream);
	if ((error = addr_of_path(&un, path)) == 0)
		error = do_connect(stream, (struct sockaddr *)&un.un, un.len,
		    flags);
	return mio_result(error);
}

int
mio_unix_connect_addr(struct mio_source *stream, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	int error;

	if (stream != NULL)
		mio_source_empty(stream);
	if ((error = check_addr(addr, addrlen)) == 0)
		error = do_connect(stream, addr, addrlen, flags);
	return mio_result(error);
}

static int
do_pair(struct mio_source *a, struct mio_source *b, int type,
    unsigned int flags, enum mio_kind kind)
{
	mio_fd fds[2];
	int error;

	if (a == NULL || b == NULL || a == b)
		return -EINVAL;
	mio_source_empty(a);
	mio_source_empty(b);
	if (flags != 0)
		return -EINVAL;
	if ((error = mio_sock_pair(AF_UNIX, type, fds)) < 0)
		return error;
	mio_source_init(a, fds[0], kind);
	mio_source_init(b, fds[1], kind);
	return 0;
}

int
mio_unix_pair(struct mio_source *a, struct mio_source *b, unsigned int flags)
{
	return mio_result(do_pair(a, b, SOCK_STREAM, flags, MIO_KIND_STREAM));
}

int
mio_unix_shutdown(const struct mio_source *source, int how)
{
	return mio_result(mio_source_shutdown(source, how));
}

static int
do_bind(struct mio_source *source, const struct sockaddr *addr,
    mio_socklen addrlen, unsigned int flags)
{
	mio_fd fd;
	int error;

	if ((error = open_source(source, SOCK_DGRAM, flags, &fd)) < 0)
		return error;
	return mio_source_adopt(source, fd, MIO_KIND_DGRAM,
	    mio_sock_bind(fd, addr, addrlen));
}

int
mio_unix_dgram_bind(struct mio_source *source, const char *path,
    unsigned int flags)
{
	struct unix_addr un;
	int error;

	if (source != NULL)
		mio_source_empty(source);
	if ((error = addr_of_path(&un, path)) == 0)
		error = do_bind(source, (struct sockaddr *)&un.un, un.len,
		    flags);
	return mio_result(error);
}

int
mio_unix_dgram_bind_addr(struct mio_source *source,
    const struct sockaddr *addr, mio_socklen addrlen, unsigned int flags)
{
	int error;

	if (source != NULL)
		mio_source_empty(source);
	if ((error = check_addr(addr, addrlen)) == 0)
		error = do_bind(source, addr, addrlen, flags);
	return mio_result(error);
}

int
mio_unix_dgram_unbound(struct mio_source *source, unsigned int flags)
{
	mio_fd fd;
	int error;

	if ((error = open_source(source, SOCK_DGRAM, flags, &fd)) == 0)
		mio_source_init(source, fd, MIO_KIND_DGRAM);
	return mio_result(error);
}

int
mio_unix_dgram_pair(struct mio_source *a, struct mio_source *b,
    unsigned int flags)
{
	return mio_result(do_pair(a, b, SOCK_DGRAM, flags, MIO_KIND_DGRAM));
}

static int
dgram_connect(const struct mio_source *source, const struct sockaddr *addr,
    mio_socklen addrlen)
{
	int error;

	if ((error = mio_source_check(source)) < 0)
		return error;
	return mio_sock_connect(source->fd, addr, addrlen);
}

int
mio_unix_dgram_connect(const struct mio_source *source, const char *path)
{
	struct unix_addr un;
	int error;

	if ((error = addr_of_path(&un, path)) == 0)
		error = dgram_connect(source, (struct sockaddr *)&un.un,
		    un.len);
	return mio_result(error);
}

int
mio_unix_dgram_connect_addr(const struct mio_source *source,
    const struct sockaddr *addr, mio_socklen addrlen)
{
	int error;

	if ((error = check_addr(addr, addrlen)) == 0)
		error = dgram_connect(source, addr, addrlen);
	return mio_result(error);
}

mio_ssize
mio_unix_dgram_send(const struct mio_source *source, const void *buf,
    size_t size)
{
	return mio_source_send(source, buf, size);
}

mio_ssize
mio_unix_dgram_send_to(const struct mio_source *source, const void *buf,
    size_t size, const char *path)
{
	struct unix_addr un;
	int error;

	if ((error = addr_of_path(&un, path)) < 0)
		return mio_result(error);
	return mio_source_send_to(source, buf, size,
	    (struct sockaddr *)&un.un, un.len);
}

mio_ssize
mio_unix_dgram_send_to_addr(const struct mio_source *source, const void *buf,
    size_t size, const struct sockaddr *addr, mio_socklen addrlen)
{
	int error;

	if ((error = check_addr(addr, addrlen)) < 0)
		return mio_result(error);
	return mio_source_send_to(source, buf, size, addr, addrlen);
}

mio_ssize
mio_unix_dgram_recv(const struct mio_source *source, void *buf, size_t size)
{
	return mio_source_recv(source, buf, size);
}

mio_ssize
mio_unix_dgram_recv_from(const struct mio_source *source, void *buf,
    size_t size, struct sockaddr *addr, mio_socklen *addrlen)
{
	return mio_source_recv_from(source, buf, size, false, addr, addrlen);
}
