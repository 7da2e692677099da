/* caddr_t, and the short names of unsigned types, in any program. */
#ifndef FAKE_ILLUMOS_TYPES_H
#define FAKE_ILLUMOS_TYPES_H
#pragma GCC system_header

#include_next <sys/types.h>

typedef char *caddr_t;
typedef unsigned char uchar_t;
typedef unsigned short ushort_t;
typedef unsigned int uint_t;
typedef unsigned long ulong_t;

#endif /* FAKE_ILLUMOS_TYPES_H */
