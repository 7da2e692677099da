/*
 * A poller's completion port and the packets that it receives.
 */
#ifndef COMPLETION_PORT_H
#define COMPLETION_PORT_H

#include <windows.h>

#include "internal.h"

/* Completion keys.  Packets with any other key are not ours: ignore them. */
#define MIO_KEY_COMPLETION	((ULONG_PTR)0x6d696f01)
#define MIO_KEY_WAKE		((ULONG_PTR)0x6d696f02)

/*
 * An operation whose end the kernel reports by a packet.  The kernel owns
 * this memory from the submission until the packet is taken from the port.
 * complete is then called, with the poller locked.
 */
struct completion {
	OVERLAPPED	 overlapped;
	void		(*complete)(struct completion *);
};

static inline HANDLE
mio_port(const struct mio_poller *poller)
{
	return (HANDLE)poller->channel_fd[0];
}

#endif /* COMPLETION_PORT_H */
