/*
 * poll(2)'s bits, for the selectors whose kernel reports these.
 */
#ifndef POLL_BITS_H
#define POLL_BITS_H

#include "record.h"

/* The bits to wait for.  HUP and ERR are always reported. */
short	mio_poll_bits(const struct mio_record *);
/*
 * Stores an event of the bits that the record is armed for, and disarms them.
 * Returns 1, or 0 if there are none.
 */
int	mio_poll_report(struct mio_record *, short, struct mio_event *);

#endif /* POLL_BITS_H */
