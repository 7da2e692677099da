/*
 * Afd's bits: what a record asks for, and what the answer means.
 */
#ifndef AFD_BITS_H
#define AFD_BITS_H

#include "record.h"
#include "afd_driver.h"

#define AFD_ERRORS	(AFD_ABORT | AFD_CONNECT_FAIL)

/* For the bits of a record's "armed". */
unsigned int mio_afd_bits(unsigned int);
/*
 * Reports what came, or 0 if nothing of it is wanted (any more); disarms
 * what it reports.
 */
int	mio_afd_report(struct mio_record *, unsigned int, struct mio_event *);

#endif /* AFD_BITS_H */
