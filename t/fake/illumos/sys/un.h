/* The kernel alone has SUN_LEN. */
#pragma GCC system_header
#include_next <sys/un.h>

#undef SUN_LEN
