/*
 * A poller's completion port, and whose packets it brings.
 */
#ifndef WIN_PORT_H
#define WIN_PORT_H

#include <windows.h>

#include "internal.h"

/* Completion keys.  Packets with others are somebody else's, and ignored. */
#define MIO_KEY_AFD	((ULONG_PTR)0x6d696f01)	/* struct afd_poll */
#define MIO_KEY_WAKE	((ULONG_PTR)0x6d696f02)
#define MIO_KEY_PIPE	((ULONG_PTR)0x6d696f03)	/* struct pipe_io */

static inline HANDLE
mio_port(const struct mio_poller *poller)
{
	return (HANDLE)poller->channel_fd[0];
}

#endif /* WIN_PORT_H */
