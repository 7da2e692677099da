/*
 * Afd's conditions: those that a record's poll request is for, and the event
 * that the result becomes.
 */
#ifndef AFD_BITS_H
#define AFD_BITS_H

#include "record.h"
#include "afd_driver.h"

#define AFD_ERRORS	(AFD_ABORT | AFD_CONNECT_FAIL)

/* The conditions for the bits of a record's "armed". */
unsigned int mio_afd_bits(unsigned int);
/*
 * Reports the conditions that the record is armed for and disarms them; 0 if
 * there are none.
 */
int	mio_afd_report(struct mio_record *, unsigned int, struct mio_event *);

#endif /* AFD_BITS_H */
