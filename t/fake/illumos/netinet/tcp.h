/* The header uses uint_t and does not declare it. */
#pragma GCC system_header

#ifndef FAKE_ILLUMOS_TYPES_H
#error "illumos' <netinet/tcp.h> needs <sys/types.h> first"
#endif

#include_next <netinet/tcp.h>
