/*
 * Creation of sources, and the operations that their types share.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "internal.h"

/*
 * The operations in which a named pipe differs from a descriptor.  A public
 * function looks them up once.  The reads, the writes and a descriptor's
 * take_error re-arm what their result requires (mio_sel_rearm).  All return a
 * count or a negated errno.
 */
struct mio_source_ops {
	mio_ssize	(*read)(const struct mio_source *, void *, size_t);
	mio_ssize	(*readv)(const struct mio_source *,
			    const struct mio_iovec *, int);
	mio_ssize	(*write)(const struct mio_source *, const void *,
			    size_t);
	mio_ssize	(*writev)(const struct mio_source *,
			    const struct mio_iovec *, int);
	int		(*set_nonblocking)(const struct mio_source *, int);
	int		(*take_error)(const struct mio_source *);
	int		(*close)(const struct mio_source *);
};

/* The operations of a named pipe (Windows only); close frees reg. */
extern const struct mio_source_ops mio_npipe_ops;

/* EINVAL and EBADF, the checks that every call on a source begins with. */
static inline int
mio_source_check(const struct mio_source *source)
{
	if (source == NULL)
		return -EINVAL;
	return mio_kind(source) == MIO_KIND_EMPTY ? -EBADF : 0;
}

/*
 * Whether a read or write of this source can be the system's own call, because
 * the selector does not need the result.  Such a selector has no named pipes.
 */
static inline bool
mio_source_plain(const struct mio_source *source)
{
	return !mio_sel_rearms && mio_source_check(source) == 0;
}

void	mio_source_init(struct mio_source *, mio_fd, enum mio_kind);
void	mio_source_empty(struct mio_source *);

/*
 * Ends a constructor, given the result of its last step: makes the descriptor
 * a source if the step succeeded, and closes it otherwise.
 */
int	mio_source_adopt(struct mio_source *, mio_fd, enum mio_kind, int);

int	mio_source_accept(const struct mio_source *, struct mio_source *,
	    struct sockaddr *, mio_socklen *, unsigned int);
int	mio_source_shutdown(const struct mio_source *, int);

/* Send or receive one message, with a public function's result. */
mio_ssize mio_source_send(const struct mio_source *, const void *, size_t);
mio_ssize mio_source_send_to(const struct mio_source *, const void *, size_t,
	    const struct sockaddr *, mio_socklen);
mio_ssize mio_source_recv(const struct mio_source *, void *, size_t);
/* If the bool is true, the message stays in the queue. */
mio_ssize mio_source_recv_from(const struct mio_source *, void *, size_t, bool,
	    struct sockaddr *, mio_socklen *);

#endif /* SOURCE_H */
