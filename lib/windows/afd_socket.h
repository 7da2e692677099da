/*
 * Sockets as sources of the selector.
 */
#ifndef AFD_SOCKET_H
#define AFD_SOCKET_H

#include "afd_poller.h"

struct afd_socket {
	struct afd_record	 common;	/* fd is the lowest socket */
	struct afd_poll		 poll;
	unsigned int		 pending;	/* armed bits of the request */
	unsigned int		 stale;		/* of pending */
	unsigned int		 result;	/* not reported yet */
	bool			 cancelled;	/* the request is */
	bool			 deleted;	/* the source is deregistered */
};

extern const struct afd_kind mio_afd_socket_kind;

#endif /* AFD_SOCKET_H */
