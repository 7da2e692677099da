/* FIONREAD and FIONBIO are in <sys/filio.h>, or here with BSD_COMP. */
#pragma GCC system_header
#include_next <sys/ioctl.h>

#ifndef BSD_COMP
#undef FIONREAD
#undef FIONBIO
#undef FIOASYNC
#endif
