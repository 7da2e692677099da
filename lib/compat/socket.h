/*
 * The system's socket headers: addresses, families and options.
 */
#ifndef COMPAT_SOCKET_H
#define COMPAT_SOCKET_H

#include <stddef.h>

#include "mio.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <afunix.h>

#ifndef IF_NAMESIZE
#define IF_NAMESIZE	256
#endif

typedef unsigned short in_port_t;

/* Interface names would need one more DLL (iphlpapi); indices work. */
static inline unsigned int
if_nametoindex(const char *name)
{
	(void)name;
	return 0;
}
#else
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <net/if.h>
#endif

/* The lengths of Winsock are signed: a negative length counts as 0. */
static inline size_t
socklen_size(mio_socklen len)
{
	return len > 0 ? (size_t)len : 0;
}

#endif /* COMPAT_SOCKET_H */
