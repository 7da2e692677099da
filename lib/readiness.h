/*
 * The poll(2) family's bits as readiness, for epoll and poll(2) alike.
 *
 * HUP and ERR make both directions ready, because neither would block any
 * more: a read gets the end of file or the error, a write the error.
 * Half-closing (RDHUP) leaves writing alone.  PRI is not readable: an urgent
 * byte may be all there is.
 */
#ifndef READINESS_H
#define READINESS_H

#include "mio.h"

#define MIO_READINESS(in, pri, out, err, hup, rdhup) (			\
	((in) || (rdhup) || (hup) || (err) ? MIO_READABLE : 0) |	\
	((out) || (hup) || (err) ? MIO_WRITABLE : 0) |			\
	((pri) ? MIO_PRIORITY : 0) |					\
	((err) ? MIO_ERROR : 0) |					\
	((hup) || ((in) && (rdhup)) ? MIO_READ_CLOSED : 0) |		\
	((hup) || ((out) && (err)) || ((err) && !(in) && !(pri) &&	\
	    !(rdhup)) ? MIO_WRITE_CLOSED : 0))

#endif /* READINESS_H */
