/*
 * The poller on Windows: what its two kinds of sources share.  Sockets are
 * afd.c's, named pipes npipe_source.c's.
 */
#ifndef AFD_POLLER_H
#define AFD_POLLER_H

#include "compat/socket.h"
#include <windows.h>

#include "record.h"
#include "afd_driver.h"
#include "npipe_io.h"

/* Each record of this selector begins with these fields. */
struct afd_any_record {
	struct mio_record	 record;
	unsigned int		 kind;
};

#define AFD_PIPE	1u		/* a kind; sockets have 0 */

static inline unsigned int
mio_afd_kind(const struct mio_record *record)
{
	return ((const struct afd_any_record *)record)->kind;
}

struct afd_poller {
	struct mio_poller	 poller;
	SRWLOCK			 lock;		/* never held across a wait */
	bool			 waiting;	/* a thread, in mio_sel_wait */
	bool			 woken;		/* the channel's packet came */
	unsigned int		 out;		/* questions with the kernel */
	unsigned int		 taken_back;	/* of these */
	unsigned int		 ended;		/* of these */
	struct mio_record	*due;
	struct mio_record	*ready;		/* the oldest first */
	struct mio_record	*fresh;		/* the newest first; after these */
	struct mio_records	 records;	/* of sockets */
	struct afd_handles	 handles;	/* by these records' indices */
	struct pipe_ios		 ios;		/* of pipes */
};

static inline struct afd_poller *
mio_afd_poller(const struct mio_poller *poller)
{
	return (struct afd_poller *)(uintptr_t)poller;
}

/*
 * Takes the packets that are there, unless a thread waits, which does so
 * itself.  Locked; any record may change.
 */
void	mio_afd_collect(struct afd_poller *);

#endif /* AFD_POLLER_H */
