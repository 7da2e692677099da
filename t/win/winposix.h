/*
 * The part of POSIX that the tests use, by Winsock: sockets are descriptors,
 * and their errors are in errno.  The library does not use this.
 */
#ifndef WINPOSIX_H
#define WINPOSIX_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <afunix.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
/* <pthread.h> also declares the clocks and nanosleep(). */
#include <pthread.h>

#include "mio.h"

/* Windows lacks these signals; winposix.c emulates the last two. */
#define SIGPIPE		13
#define SIGALRM		14
#define SIGUSR1		21
#define SA_RESTART	0
struct sigaction {
	void	(*sa_handler)(int);
	int	  sa_flags;
};
void	(*winposix_signal(int, void (*)(int)))(int);
unsigned int winposix_alarm(unsigned int);
/* Calls the handler in the calling thread. */
int	winposix_raise(int);
#define signal(sig, handler)	winposix_signal(sig, handler)
#define sigaction(sig, action, old)					\
	(winposix_signal(sig, (action)->sa_handler) == SIG_ERR ? -1 : 0)
#define raise(sig)		winposix_raise(sig)
#undef pthread_kill
#define pthread_kill(thread, sig)					\
	((void)(thread), winposix_raise(sig))
#define alarm(seconds)		winposix_alarm(seconds)

/* The tests use these words as names. */
#undef ERROR
#undef IN
#undef OUT
#undef interface

typedef unsigned short in_port_t;
typedef unsigned short sa_family_t;
typedef unsigned long nfds_t;

#define iovec	mio_iovec

/* Interfaces have numbers only; names would need another library. */
#define if_nametoindex(name)		((void)(name), 0u)
#define if_indextoname(index, name)	((void)(index), (void)(name), NULL)

#define IF_NAMESIZE	256
#define IOV_MAX		1024
#define MSG_NOSIGNAL	0
#define MSG_DONTWAIT	0	/* its callers' sockets don't block */
#define SHUT_RD		SD_RECEIVE
#define SHUT_WR		SD_SEND
#define SHUT_RDWR	SD_BOTH

#ifndef AF_UNIX
#define AF_UNIX		1
#endif

/* Is the socket close-on-exec, and is it non-blocking? */
#define F_GETFD		1
#define F_GETFL		3
#define O_NONBLOCK	4
#define FD_CLOEXEC	1
int	winposix_fcntl(mio_fd, int);
#define fcntl(fd, command)	winposix_fcntl((mio_fd)(fd), command)

int	winposix_socket(int, int, int);
int	winposix_socketpair(int, int, int, int [2]);
int	winposix_close(mio_fd);
int	winposix_dup(mio_fd);
mio_ssize winposix_recv(mio_fd, void *, size_t, int);
mio_ssize winposix_write(mio_fd, const void *, size_t);
mio_ssize winposix_send(mio_fd, const void *, size_t, int);
int	winposix_setsockopt(mio_fd, int, int, const void *, int);
int	winposix_getsockopt(mio_fd, int, int, void *, int *);
int	winposix_connect(mio_fd, const void *, int);
int	winposix_bind(mio_fd, const void *, int);
int	winposix_poll(WSAPOLLFD *, nfds_t, int);

/* The number of this Windows' build, whatever the program's manifest. */
unsigned long winposix_build(void);

/* The number of open handles of any kind. */
int	winposix_handles(void);
char	*winposix_mkdtemp(char *);
#define mkdtemp(template)	winposix_mkdtemp(template)

#define socket(domain, type, proto)	winposix_socket(domain, type, proto)
#define socketpair(domain, type, proto, fds)				\
	winposix_socketpair(domain, type, proto, fds)
#define pipe(fds)		winposix_socketpair(AF_INET, SOCK_STREAM, 0, fds)
/* Here a file is a handle, not a descriptor of the C library. */
#define O_NOCTTY	0
int	winposix_open(const char *);
#define open(path, flags)	((void)(flags), winposix_open(path))
#define close(fd)		winposix_close((mio_fd)(fd))
#define dup(fd)			winposix_dup((mio_fd)(fd))
#define recv(fd, buf, size, flags)					\
	winposix_recv((mio_fd)(fd), buf, size, flags)
#define send(fd, buf, size, flags)					\
	winposix_send((mio_fd)(fd), buf, size, flags)
#define read(fd, buf, size)	winposix_recv((mio_fd)(fd), buf, size, 0)
#define write(fd, buf, size)	winposix_write((mio_fd)(fd), buf, size)
#define setsockopt(fd, level, name, value, size)			\
	winposix_setsockopt((mio_fd)(fd), level, name, value, (int)(size))
#define getsockopt(fd, level, name, value, size)			\
	winposix_getsockopt((mio_fd)(fd), level, name, value, size)
#define connect(fd, addr, len)						\
	winposix_connect((mio_fd)(fd), addr, (int)(len))
#define bind(fd, addr, len)	winposix_bind((mio_fd)(fd), addr, (int)(len))

#endif /* WINPOSIX_H */
