/*
 * Rust's mio.  The adapter is rust/src/lib.rs; this file only closes.
 */
#include "config.h"

#include <unistd.h>

#include "bench.h"

void
lib_shut(struct lib *lib, size_t slot, int fd)
{
	lib_remove(lib, slot, fd);
	MUST(close(fd) == 0);
}
