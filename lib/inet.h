/*
 * What TCP and UDP have in common.
 */
#ifndef INET_H
#define INET_H

#include "internal.h"

struct sockaddr;

/* Is it an IPv4 or IPv6 address, and are the flags among the known ones? */
int	mio_inet_check(const struct sockaddr *, mio_socklen, unsigned int,
	    unsigned int);

/* A socket for this address, with what the flags ask for; not bound. */
int	mio_inet_open(const struct sockaddr *, int, int, unsigned int, mio_fd *);

/* Options of a source: the value, or a negated errno. */
int	mio_inet_get(const struct mio_source *, int, int);
int	mio_inet_get_bool(const struct mio_source *, int, int);
int	mio_inet_set(const struct mio_source *, int, int, int);

/* The hop limit of outgoing packets, by either version's name. */
int	mio_inet_ttl(const struct mio_source *);
int	mio_inet_set_ttl(const struct mio_source *, int);

#endif /* INET_H */
