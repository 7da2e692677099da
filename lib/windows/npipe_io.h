/*
 * One operation on a named pipe, with the memory that the kernel has until it
 * is over.
 */
#ifndef WIN_IO_H
#define WIN_IO_H

#include <windows.h>

#include "internal.h"

struct pipe_ios;
struct win_pipe;

/*
 * Who tells that an operation is over?  Its packet, for one of a poller's
 * set.  In a pipe's own set there is an event instead, and no packet ever.
 */
struct pipe_io {
	OVERLAPPED	 overlapped;	/* the packet's; comes first */
	struct pipe_ios	*set;
	struct pipe_io	*next;		/* of those that are free */
	struct pipe_io	*other;		/* of all */
	struct win_pipe	*pipe;		/* NULL: its result is nobody's */
	HANDLE		 handle;
	HANDLE		 event;		/* NULL: a packet */
	bool		 busy;		/* the kernel has it */
	bool		 last;		/* the handle is closed after it */
	char		*buf;
	size_t		 room;
	size_t		 head;		/* buf[head] to buf[tail - 1] is */
	size_t		 tail;		/* what was read, or is written */
};

/* All zeroes but for events, if its operations have one. */
struct pipe_ios {
	struct pipe_io	*all;
	struct pipe_io	*free;
	unsigned int	 out;		/* with the kernel */
	bool		 events;
};

/* Frees all, of which none is with the kernel. */
void	mio_ios_destroy(struct pipe_ios *);
/* Takes back all that are; their packets come all the same. */
void	mio_ios_cancel(struct pipe_ios *);

int	mio_io_get(struct pipe_ios *, struct pipe_io **);
void	mio_io_put(struct pipe_io *);
/* Makes room for so many bytes. */
int	mio_io_grow(struct pipe_io *, size_t);

/*
 * Begin.  0: the kernel has it, until mio_io_over.  Otherwise the code of an
 * error, and it is over.
 */
DWORD	mio_io_read(struct pipe_io *, HANDLE);
DWORD	mio_io_write(struct pipe_io *, HANDLE);
DWORD	mio_io_connect(struct pipe_io *, HANDLE);

void	mio_io_cancel(struct pipe_io *);
/* These are for operations with an event. */
bool	mio_io_is_over(const struct pipe_io *);
void	mio_io_wait(struct pipe_io *);

/* The kernel has it no more; 0, or the code of its error. */
DWORD	mio_io_over(struct pipe_io *);

#endif /* WIN_IO_H */
