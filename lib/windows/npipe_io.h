/*
 * One operation on a named pipe, with the memory that the kernel owns while
 * the operation is pending.
 */
#ifndef NPIPE_IO_H
#define NPIPE_IO_H

#include <windows.h>

#include "completion_port.h"
#include "internal.h"

struct npipe_ios;
struct npipe;

/*
 * An operation of a poller's set completes by a packet.  An operation of a
 * pipe's own set has an event instead, and no packet ever comes for it.
 */
struct npipe_io {
	struct completion	 completion;
	struct npipe_ios	*set;
	struct npipe_io		*next;		/* in set->free */
	struct npipe_io		*next_in_set;
	struct npipe		*pipe;		/* NULL: abandoned */
	HANDLE			 handle;
	HANDLE			 event;		/* NULL: a packet */
	bool			 pending;
	bool			 last;		/* close the handle after it */
	char			*buf;
	size_t			 room;
	size_t			 head;		/* the next byte to take */
	size_t			 tail;		/* the end of the data */
};

/* All zeroes except events: whether each operation has an event. */
struct npipe_ios {
	struct npipe_io	*all;
	struct npipe_io	*free;
	unsigned int	 pending;
	bool		 events;
};

/* Frees the whole set, of which nothing may be pending. */
void	mio_npipe_ios_destroy(struct npipe_ios *);
/* Cancels all pending operations; their packets still come. */
void	mio_npipe_ios_cancel(struct npipe_ios *);

int	mio_npipe_io_get(struct npipe_ios *, struct npipe_io **);
void	mio_npipe_io_put(struct npipe_io *);
/* Makes room for that many bytes. */
int	mio_npipe_io_grow(struct npipe_io *, size_t);

/*
 * Submit an operation, and return 0 if it is pending; mio_npipe_io_finish()
 * ends it after its completion.  Otherwise return the code of an error, and no
 * packet follows.
 */
DWORD	mio_npipe_io_read(struct npipe_io *, HANDLE);
DWORD	mio_npipe_io_write(struct npipe_io *, HANDLE);
DWORD	mio_npipe_io_connect(struct npipe_io *, HANDLE);

void	mio_npipe_io_cancel(struct npipe_io *);
/* These two are for operations with an event. */
bool	mio_npipe_io_completed(const struct npipe_io *);
void	mio_npipe_io_wait(struct npipe_io *);

/* Ends a completed operation; returns 0, or the code of its error. */
DWORD	mio_npipe_io_finish(struct npipe_io *);

#endif /* NPIPE_IO_H */
