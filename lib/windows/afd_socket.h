/*
 * Sockets as sources of the selector.
 */
#ifndef AFD_SOCKET_H
#define AFD_SOCKET_H

#include "afd_poller.h"

struct afd_socket {
	struct afd_record	 common;	/* fd: the lowest socket */
	struct afd_poll		 poll;
	unsigned int		 pending;	/* armed bits; 0: none is */
	unsigned int		 stale;		/* of these: drained since */
	unsigned int		 result;	/* not reported yet */
	bool			 cancelled;	/* the pending request */
	bool			 deleted;	/* the source; pending still */
};

extern const struct afd_kind mio_afd_socket_kind;

#endif /* AFD_SOCKET_H */
