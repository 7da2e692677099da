/*
 * Included before each file of a build for "make coverage": a process that
 * ends by _exit(2) stores what it has reached.
 */
#include "config.h"

#include <unistd.h>

void	__gcov_dump(void);

#define _exit(status)	(__gcov_dump(), (_exit)(status))
