/*
 * poll(2)'s bits, for the selectors whose kernel answers in these: what a
 * record asks for, and what its answer means.
 */
#ifndef POLL_BITS_H
#define POLL_BITS_H

#include "record.h"

/* What to ask for; HUP and ERR go without saying. */
short	mio_poll_bits(const struct mio_record *);
/*
 * Reports what came, or 0 if nothing of it is wanted (any more); disarms
 * what it reports.
 */
int	mio_poll_report(struct mio_record *, short, struct mio_event *);

#endif /* POLL_BITS_H */
