/*
 * Static tracing probes.  --enable-usdt compiles them in, and needs
 * <sys/sdt.h>.
 */
#ifndef COMPAT_PROBE_H
#define COMPAT_PROBE_H

#ifdef ENABLE_USDT
#include <sys/sdt.h>
#define MIO_PROBE1(name, a)		DTRACE_PROBE1(libmio, name, a)
#define MIO_PROBE2(name, a, b)		DTRACE_PROBE2(libmio, name, a, b)
#define MIO_PROBE4(name, a, b, c, d)	DTRACE_PROBE4(libmio, name, a, b, c, d)
#else
#define MIO_PROBE1(name, a)		((void)0)
#define MIO_PROBE2(name, a, b)		((void)0)
#define MIO_PROBE4(name, a, b, c, d)	((void)0)
#endif

#endif /* COMPAT_PROBE_H */
