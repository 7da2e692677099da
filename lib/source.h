/*
 * Making sources, and telling the selector what an operation learnt.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "internal.h"

void	mio_source_init(struct mio_source *, mio_fd, enum mio_kind);
void	mio_source_empty(struct mio_source *);
int	mio_source_check(const struct mio_source *);
mio_ssize mio_source_done(const struct mio_source *, unsigned int, mio_ssize,
	    size_t);
mio_ssize mio_source_result(mio_ssize);

#endif /* SOURCE_H */
