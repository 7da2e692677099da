/* sigset_t, for headers that use it without a declaration of it. */
#pragma GCC system_header
#include_next <signal.h>

#ifndef FAKE_SIGSET_T
#define FAKE_SIGSET_T
#endif
