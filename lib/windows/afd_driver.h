/*
 * What Winsock itself stands on: the driver Afd, which can be asked to tell
 * when sockets are ready.  The answer is a packet of a completion port.
 */
#ifndef WIN_AFD_H
#define WIN_AFD_H

#include "compat/socket.h"
#include <windows.h>

/* What to ask for, and what the answer says. */
#define AFD_RECEIVE		0x0001u
#define AFD_RECEIVE_EXPEDITED	0x0002u
#define AFD_SEND		0x0004u
#define AFD_DISCONNECT		0x0008u
#define AFD_ABORT		0x0010u
#define AFD_LOCAL_CLOSE		0x0020u
#define AFD_CONNECT		0x0040u
#define AFD_ACCEPT		0x0080u
#define AFD_CONNECT_FAIL	0x0100u

/* One question.  It belongs to the kernel until its packet has come. */
struct afd_poll {
	OVERLAPPED	 overlapped;	/* the packet's; comes first */
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
 * Handles to ask, each for some of those who do, by their indices: a cancel
 * searches all that is asked on a handle.  All zeroes is an empty set.
 */
struct afd_handles {
	HANDLE		*handles;
	unsigned int	 count;
};

/* Sees to a handle for this index, whose answers go to the port. */
int	mio_afd_join(struct afd_handles *, HANDLE, unsigned int);
HANDLE	mio_afd_handle(const struct afd_handles *, unsigned int);
/* Takes back all that is asked, and when that has come, ends. */
void	mio_afd_cancel_all(const struct afd_handles *);
void	mio_afd_close(struct afd_handles *);

/* The socket below all layers; an error tells that it is none. */
int	mio_afd_base(mio_fd, mio_fd *);

/* Asks.  0: a packet will come, or has; anything else: none will. */
int	mio_afd_ask(HANDLE, struct afd_poll *, mio_fd, unsigned int);

/* Takes a question back; its packet comes at once all the same. */
void	mio_afd_cancel(HANDLE, struct afd_poll *);

/* What came: bits, or a negated errno; -ECANCELED if it was taken back. */
int	mio_afd_answer(const struct afd_poll *);

#endif /* WIN_AFD_H */
