/* The header uses sigset_t and does not declare it. */
#pragma GCC system_header
#include <features.h>

#ifndef FAKE_SIGSET_T
#error "illumos' <sys/signalfd.h> needs <signal.h> first"
#endif

#include_next <sys/signalfd.h>
