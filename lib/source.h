/*
 * Making sources, what their types have in common, and telling the selector
 * what an operation has learnt.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "internal.h"

void	mio_source_init(struct mio_source *, mio_fd, enum mio_kind);
void	mio_source_empty(struct mio_source *);
int	mio_source_check(const struct mio_source *);

/*
 * The end of a constructor: takes the descriptor over if the last step, of
 * which this is the result, succeeded, and closes it otherwise.
 */
int	mio_source_adopt(struct mio_source *, mio_fd, enum mio_kind, int);

int	mio_source_accept(const struct mio_source *, struct mio_source *,
	    struct sockaddr *, mio_socklen *, unsigned int);
int	mio_source_shutdown(const struct mio_source *, int);
mio_ssize mio_source_send(const struct mio_source *, const void *, size_t,
	    const struct sockaddr *, mio_socklen);
mio_ssize mio_source_recv(const struct mio_source *, void *, size_t, bool,
	    struct sockaddr *, mio_socklen *);

mio_ssize mio_source_result(mio_ssize);

#endif /* SOURCE_H */
