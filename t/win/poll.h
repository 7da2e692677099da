/* See winposix.h.  Winsock has the structure and the bits. */
#include "winposix.h"

#define poll(fds, count, msec)	winposix_poll(fds, count, msec)
