/*
 * Input and output by the system's own calls: for libraries that tell of
 * readiness and leave the rest to the program.
 */
#include "config.h"

#include <sys/socket.h>

#include <unistd.h>

#include "bench.h"

ptrdiff_t
lib_read(struct lib *lib, size_t slot, int fd, void *buf, size_t size)
{
	(void)lib;
	(void)slot;
	return read(fd, buf, size);
}

ptrdiff_t
lib_write(struct lib *lib, size_t slot, int fd, const void *buf, size_t size)
{
	(void)lib;
	(void)slot;
	return send(fd, buf, size, MSG_NOSIGNAL);
}

int
lib_accept(struct lib *lib, size_t listener, int fd, size_t slot)
{
	(void)lib;
	(void)listener;
	(void)slot;
	return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
