/*
 * Prevents SIGPIPE on writes to sockets, by a flag of each send or by an option
 * of the socket.  Include <sys/socket.h> first.
 *
 * Darwin's kernels have MSG_NOSIGNAL since macOS 11 and iOS 14.  Its headers
 * define the flag also for programs that run on earlier kernels, which ignore
 * the flag; these programs need the option.
 */
#ifndef COMPAT_SIGPIPE_H
#define COMPAT_SIGPIPE_H

#ifdef __ENVIRONMENT_MAC_OS_X_VERSION_MIN_REQUIRED__
#if __ENVIRONMENT_MAC_OS_X_VERSION_MIN_REQUIRED__ < 110000
#define NOSIGPIPE_OPTION	SO_NOSIGPIPE
#endif
#endif
#ifdef __ENVIRONMENT_IPHONE_OS_VERSION_MIN_REQUIRED__
#if __ENVIRONMENT_IPHONE_OS_VERSION_MIN_REQUIRED__ < 140000
#define NOSIGPIPE_OPTION	SO_NOSIGPIPE
#endif
#endif

#ifdef MSG_NOSIGNAL
#define NOSIGPIPE_FLAG		MSG_NOSIGNAL
#elif defined SO_NOSIGPIPE
#define NOSIGPIPE_FLAG		0
#undef NOSIGPIPE_OPTION
#define NOSIGPIPE_OPTION	SO_NOSIGPIPE
#else
#error "no way to write to a socket without SIGPIPE"
#endif

#endif /* COMPAT_SIGPIPE_H */
