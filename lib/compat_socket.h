/*
 * The system's socket headers: addresses, families, options.
 */
#ifndef COMPAT_SOCKET_H
#define COMPAT_SOCKET_H

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <afunix.h>
#else
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <net/if.h>
#endif

#endif /* COMPAT_SOCKET_H */
