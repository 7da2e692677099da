/*
 * Input and output by system calls, for libraries that report readiness and
 * leave I/O to the program.
 */
#include "config.h"

#include <sys/socket.h>

#include <unistd.h>

#include "bench.h"
#include "called.h"

void
lib_pair(struct lib *lib, size_t here, size_t there, int fds[2])
{
	(void)lib;
	(void)here;
	(void)there;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds) == 0);
}

/* All are sockets; for these recv(2) is less work for Linux than read(2). */
ptrdiff_t
lib_read(struct lib *lib, size_t slot, int fd, void *buf, size_t size)
{
	(void)lib;
	(void)slot;
	return called_recv(fd, buf, size);
}

ptrdiff_t
lib_recv(struct lib *lib, size_t slot, int fd, void *buf, size_t size)
{
	return lib_read(lib, slot, fd, buf, size);
}

ptrdiff_t
lib_write(struct lib *lib, size_t slot, int fd, const void *buf, size_t size)
{
	(void)lib;
	(void)slot;
	return called_send(fd, buf, size);
}

int
lib_accept(struct lib *lib, size_t listener, int fd, size_t slot)
{
	(void)lib;
	(void)listener;
	(void)slot;
	return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
