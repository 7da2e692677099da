/*
 * The poller on Windows: the part that its sockets (afd_socket.c) and its
 * named pipes (npipe_source.c) share.  afd.c defines the terms.
 */
#ifndef AFD_POLLER_H
#define AFD_POLLER_H

#include "compat/socket.h"
#include <windows.h>

#include "record.h"
#include "afd_driver.h"
#include "npipe_io.h"

struct afd_poller {
	struct mio_poller	 poller;
	SRWLOCK			 lock;		/* never held during a wait */
	bool			 waiting;	/* a thread, in mio_sel_wait */
	struct mio_record	*to_submit;
	struct mio_record	*completed;	/* newest first */
	struct mio_record	*ready;		/* oldest first */

	/* Sockets. */
	struct mio_records	 records;
	struct afd_handles	 handles;	/* record.index selects one */
	unsigned int		 pending;	/* poll requests */
	unsigned int		 cancelled;	/* requests still pending */
	unsigned int		 deleted;	/* sources with a request */

	/* Named pipes. */
	struct npipe_ios	 ios;
};

struct afd_kind;

/* A source's record. */
struct afd_record {
	struct mio_record	 record;
	const struct afd_kind	*kind;
};

/*
 * The functions of the seam in which sockets and named pipes differ.  add is
 * called without the poller's lock, the others are called with it.
 *
 *   add	See mio_sel_add().
 *   mod	Re-evaluates readiness after the interest was replaced.
 *   del	Ends the registration.
 *   forget	Ends the registration with a closed poller.
 *   rearm	See mio_sel_rearm(); the record is known to be the source's.
 *   submit	Submits the operation that the record needs, or cancels one
 *		that is not enough.  On an error the record is on a list again.
 *   report	Stores the record's result as an event; 0 if there is none to
 *		report.
 */
struct afd_kind {
	int	(*add)(struct afd_poller *, struct mio_source *, mio_token,
		    unsigned int);
	int	(*mod)(struct afd_record *);
	void	(*del)(struct afd_record *);
	void	(*forget)(struct afd_record *);
	void	(*rearm)(struct afd_record *, unsigned int);
	int	(*submit)(struct afd_record *);
	int	(*report)(struct afd_record *, struct mio_event *);
};

static inline struct afd_poller *
mio_afd_poller(const struct mio_poller *poller)
{
	return (struct afd_poller *)(uintptr_t)poller;
}

/*
 * Both are called locked, and may change any record.
 *
 *   wait	Waits up to so many milliseconds (-1: without limit) for
 *		completions, and takes them.  The lock is released during the
 *		wait unless the timeout is 0.  Returns the number of packets,
 *		or a negated errno.
 *   collect	Takes the completions that are there.  A thread that waits
 *		takes them instead.
 */
int	mio_afd_wait(struct afd_poller *, int);
void	mio_afd_collect(struct afd_poller *);

#endif /* AFD_POLLER_H */
