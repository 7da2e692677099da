/*
 * What TCP and UDP share.
 */
#ifndef INET_H
#define INET_H

#include "internal.h"

struct sockaddr;

/* Checks that the address is IPv4 or IPv6, and that the flags are known. */
int	mio_inet_check(const struct sockaddr *, mio_socklen, unsigned int,
	    unsigned int);

/* Opens a socket of the address's family and applies the flags; unbound. */
int	mio_inet_open(const struct sockaddr *, int, int, unsigned int,
	    mio_fd *);

/* Options of a source: 1 or 0, or a negated errno. */
int	mio_inet_get_bool(const struct mio_source *, int, int);
int	mio_inet_set(const struct mio_source *, int, int, int);

/*
 * The hop limit of outgoing packets, of IPv4 or IPv6; 0 is the default of the
 * system.
 */
int	mio_inet_ttl(const struct mio_source *);
int	mio_inet_set_ttl(const struct mio_source *, int);

#endif /* INET_H */
