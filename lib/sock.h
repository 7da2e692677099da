/*
 * Sockets and descriptors, as the core needs them: sock_posix.c, or
 * windows/sock_windows.c.  sock_io.h has the reads and writes.  All functions
 * return a count or a negated errno value.  A new descriptor is stored in the
 * last argument, because its type has no room for an errno.
 *
 * The descriptors that these functions create are close-on-exec and
 * non-blocking, atomically where the system can.  A socket raises no SIGPIPE.
 */
#ifndef SOCK_H
#define SOCK_H

#include <stdbool.h>

#include "mio.h"

/* Whether fd is not -1, which a failed call returns for every type. */
static inline bool
mio_fd_valid(mio_fd fd)
{
#ifdef _WIN32
	return fd != (mio_fd)-1;
#else
	return fd >= 0;
#endif
}

int	mio_sock_open(int, int, int, mio_fd *);
int	mio_sock_accept(mio_fd, struct sockaddr *, mio_socklen *, mio_fd *);
int	mio_sock_bind(mio_fd, const struct sockaddr *, mio_socklen);
/* Makes a listener's port exclusive, and free again once it is closed. */
int	mio_sock_claim(mio_fd);
int	mio_sock_listen(mio_fd, int);
int	mio_sock_connect(mio_fd, const struct sockaddr *, mio_socklen);
int	mio_sock_shutdown(mio_fd, int);
int	mio_sock_pipe(mio_fd [2]);
int	mio_sock_pair(int, int, mio_fd [2]);
int	mio_sock_close(mio_fd);
/* The same for one that is still registered (mio_sel_closing). */
int	mio_sock_close_registered(mio_fd);
int	mio_sock_set_nonblocking(mio_fd, int);
int	mio_sock_local(mio_fd, struct sockaddr *, mio_socklen *);
int	mio_sock_peer(mio_fd, struct sockaddr *, mio_socklen *);

/* Integer options, whose value may be negative; SO_ERROR's is an errno value. */
int	mio_sock_get(mio_fd, int, int, int *);
int	mio_sock_set(mio_fd, int, int, int);

/* Options of other types. */
int	mio_sock_get_raw(mio_fd, int, int, void *, size_t);
int	mio_sock_set_raw(mio_fd, int, int, const void *, size_t);

/* As mio_check_file. */
int	mio_fd_check(mio_fd);

/* strerror(3), with the errors of sockets on all systems. */
const char *mio_sock_strerror(int);

#endif /* SOCK_H */
