/*
 * Afd, the driver below Winsock.  Its poll request completes when a socket
 * is ready.
 */
#ifndef AFD_DRIVER_H
#define AFD_DRIVER_H

#include "compat/socket.h"
#include <windows.h>

#include "completion_port.h"

/* The conditions that a poll request is for, and those of its result. */
#define AFD_RECEIVE		0x0001u
#define AFD_RECEIVE_EXPEDITED	0x0002u
#define AFD_SEND		0x0004u
#define AFD_DISCONNECT		0x0008u
#define AFD_ABORT		0x0010u
#define AFD_LOCAL_CLOSE		0x0020u
#define AFD_CONNECT		0x0040u
#define AFD_ACCEPT		0x0080u
#define AFD_CONNECT_FAIL	0x0100u

/* A poll request. */
struct afd_poll {
	struct completion	 completion;
	struct {
		LARGE_INTEGER	 timeout;
		ULONG		 count;
		ULONG		 exclusive;
		HANDLE		 handle;
		ULONG		 events;
		LONG		 status;
	} info;
};

/*
 * Handles of the driver.  Several sockets, chosen by the indices of their
 * records, share one: few handles are opened, and a cancel, which searches
 * all requests of a handle, has few to search.  All zeroes is an empty set.
 */
struct afd_handles {
	HANDLE		*handles;
	unsigned int	 count;
};

/* Makes sure that this index has a handle, whose packets go to the port. */
int	mio_afd_join(struct afd_handles *, HANDLE, unsigned int);
HANDLE	mio_afd_handle(const struct afd_handles *, unsigned int);
/* Cancels all poll requests. */
void	mio_afd_cancel_all(const struct afd_handles *);
/* Closes the handles; no request may be pending. */
void	mio_afd_close(struct afd_handles *);

/* The socket below all layers; fails if the descriptor is not a socket. */
int	mio_afd_base(mio_fd, mio_fd *);

/*
 * Submits a poll request.  A packet follows even if the request completes at
 * once, but not if this fails.
 */
int	mio_afd_submit(HANDLE, struct afd_poll *, mio_fd, unsigned int);

/* Makes a pending poll request complete at once. */
void	mio_afd_cancel(HANDLE, struct afd_poll *);

/*
 * The result of a completed poll request: conditions, or a negated errno
 * value, which is -ECANCELED if the request was cancelled.
 */
int	mio_afd_result(const struct afd_poll *);

#endif /* AFD_DRIVER_H */
