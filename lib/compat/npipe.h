/*
 * Named pipes are a kind of source of their own, on Windows alone: what is
 * done with any source is done with them by these (npipe_source.c).
 */
#ifndef COMPAT_NAMED_H
#define COMPAT_NAMED_H

#include "internal.h"

#ifdef _WIN32
static inline bool
mio_is_named(const struct mio_source *source)
{
	return mio_kind(source) == MIO_KIND_NAMED;
}

mio_ssize mio_named_readv(const struct mio_source *,
	    const struct mio_iovec *, int);
mio_ssize mio_named_writev(const struct mio_source *,
	    const struct mio_iovec *, int);
int	mio_named_take_error(const struct mio_source *);
/* Frees reg as well; the source isn't registered. */
int	mio_named_close(struct mio_source *);
#else
static inline bool
mio_is_named(const struct mio_source *source)
{
	(void)source;
	return false;
}

static inline mio_ssize
mio_named_readv(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	(void)source;
	(void)iov;
	(void)iovcnt;
	return -EBADF;
}

static inline mio_ssize
mio_named_writev(const struct mio_source *source, const struct mio_iovec *iov,
    int iovcnt)
{
	return mio_named_readv(source, iov, iovcnt);
}

static inline int
mio_named_take_error(const struct mio_source *source)
{
	(void)source;
	return -EBADF;
}

static inline int
mio_named_close(struct mio_source *source)
{
	(void)source;
	return -EBADF;
}
#endif

#endif /* COMPAT_NAMED_H */
