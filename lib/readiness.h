/*
 * Readiness of the bits that poll(2) and its relatives report.
 *
 * HUP and ERR make both directions ready, because neither would block: a read
 * returns end of file or the error, and a write returns the error.  A
 * half-close (RDHUP) does not affect writing.  PRI is not readable, because
 * there may be an urgent byte and no other data.
 */
#ifndef READINESS_H
#define READINESS_H

#include "mio.h"

#define MIO_READINESS(in, pri, out, err, hup, rdhup) (			\
	((in) || (rdhup) || (hup) || (err) ? MIO_READABLE : 0) |	\
	((out) || (hup) || (err) ? MIO_WRITABLE : 0) |			\
	((pri) ? MIO_PRIORITY : 0) |					\
	((err) ? MIO_ERROR : 0) |					\
	((hup) || (rdhup) ? MIO_READ_CLOSED : 0) |			\
	((hup) || ((out) && (err)) || ((err) && !(in) && !(pri) &&	\
	    !(rdhup)) ? MIO_WRITE_CLOSED : 0))

#endif /* READINESS_H */
