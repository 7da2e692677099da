/*
 * A program's own data: accesses that the sanitizer of threads sees, because
 * this file is compiled as the library is.
 */
#include "scenario.h"

void
hb_write(int *p)
{
	*p = 1;
}

int
hb_read(const int *p)
{
	return *p;
}
