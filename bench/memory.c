/*
 * The memory of a source: in the library's heap; in the program, which keeps
 * lib_slot_size bytes; and in the kernel, by its own account of its slab, which
 * other processes disturb.
 */
#include "config.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#ifdef HAVE_MALLINFO2
#include <malloc.h>
#endif
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* Bytes in use, or -1 if this C library does not report them. */
static double
heap(void)
{
#ifdef HAVE_MALLINFO2
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd);
#else
	return -1;
#endif
}

static double
slab(void)
{
	FILE *file;
	char line[128];
	unsigned long kb = 0;

	if ((file = fopen("/proc/meminfo", "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Slab: %lu kB", &kb) == 1)
			break;
	}
	(void)fclose(file);		/* read only */
	return (double)kb * 1024;
}

static void
ignore(void *arg, size_t slot, unsigned int ready)
{
	(void)arg;
	(void)slot;
	(void)ready;
}

static void
open_udp(int *fds, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		MUST((fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0)) >= 0);
}

/* Connections over loopback: the server's ends first, then the clients'. */
static void
open_tcp(int *fds, size_t n)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC;
	struct sockaddr_in server;
	socklen_t len = sizeof(server);
	int listener;
	size_t i;

	memset(&server, 0, sizeof(server));
	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST((listener = socket(AF_INET, type, 0)) >= 0);
	MUST(bind(listener, (struct sockaddr *)&server, len) == 0);
	MUST(listen(listener, 16) == 0);
	MUST(getsockname(listener, (struct sockaddr *)&server, &len) == 0);
	for (i = 0; i < n; i++) {
		MUST((fds[n + i] = socket(AF_INET, type, 0)) >= 0);
		MUST(connect(fds[n + i], (struct sockaddr *)&server,
		    len) == 0);
		MUST((fds[i] = accept4(listener, NULL, NULL, SOCK_NONBLOCK |
		    SOCK_CLOEXEC)) >= 0);
	}
	MUST(close(listener) == 0);
}

static double
each(double before, double after, size_t n)
{
	return before < 0 || after < 0 ? -1 : (after - before) / (double)n;
}

/*
 * Prints the kind, the library, the number of sources, and the bytes for each
 * source: of the library's heap, of the program, of the kernel for the
 * registration and of the kernel for the descriptor.
 */
void
memory(const char *kind, size_t n)
{
	int tcp = strcmp(kind, "tcp") == 0;
	size_t i, made = tcp ? 2 * n : n;
	int *fds = bench_zalloc(made, sizeof(*fds));
	double slab_start, slab_open, slab_added, heap_start, heap_added;
	struct lib *lib;

	MUST(n > 0 && (tcp || strcmp(kind, "udp") == 0));
	bench_want_fds(kind, made);
	/* The loop comes first: its arrays by descriptor are the sources'. */
	lib = lib_open(n, 0, ignore, NULL);
	lib_wait(lib, WAIT_NOT);
	(void)slab();			/* allocates the buffer of stdio */
	heap_start = heap();
	slab_start = slab();
	(tcp ? open_tcp : open_udp)(fds, n);
	slab_open = slab();
	for (i = 0; i < n; i++)
		lib_add(lib, i, fds[i], ON_READ);
	lib_wait(lib, WAIT_NOT);
	slab_added = slab();
	heap_added = heap();
	(void)printf("%s\t%s\t%lu\t%.1f\t%lu\t%.0f\t%.0f\n", kind, lib_name,
	    (unsigned long)n, each(heap_start, heap_added, n),
	    (unsigned long)lib_slot_size, each(slab_open, slab_added, n),
	    each(slab_start, slab_open, made));
	lib_close(lib);
}
