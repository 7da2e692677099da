/*
 * Making sources, what their types have in common, and telling the selector
 * what an operation has learnt.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "compat/npipe.h"
#include "internal.h"

/* EINVAL and EBADF, the checks that every call on a source begins with. */
static inline int
mio_source_check(const struct mio_source *source)
{
	if (source == NULL)
		return -EINVAL;
	return mio_kind(source) == MIO_KIND_EMPTY ? -EBADF : 0;
}

/*
 * Can a call on this source be the system's own, because nobody wants to know
 * what it has learnt?
 */
static inline bool
mio_source_plain(const struct mio_source *source)
{
	return !mio_sel_learns && mio_source_check(source) == 0 &&
	    !mio_is_named(source);
}

void	mio_source_init(struct mio_source *, mio_fd, enum mio_kind);
void	mio_source_empty(struct mio_source *);

/*
 * The end of a constructor: takes the descriptor over if the last step, of
 * which this is the result, succeeded, and closes it otherwise.
 */
int	mio_source_adopt(struct mio_source *, mio_fd, enum mio_kind, int);

int	mio_source_accept(const struct mio_source *, struct mio_source *,
	    struct sockaddr *, mio_socklen *, unsigned int);
int	mio_source_shutdown(const struct mio_source *, int);

/* One message.  These set errno: their result is a public function's. */
mio_ssize mio_source_send(const struct mio_source *, const void *, size_t);
mio_ssize mio_source_send_to(const struct mio_source *, const void *, size_t,
	    const struct sockaddr *, mio_socklen);
mio_ssize mio_source_recv(const struct mio_source *, void *, size_t);
/* Without taking it, or with its sender. */
mio_ssize mio_source_recv_from(const struct mio_source *, void *, size_t, bool,
	    struct sockaddr *, mio_socklen *);

#endif /* SOURCE_H */
