/* See winposix.h. */
#pragma GCC system_header
#include_next <signal.h>
#include "winposix.h"
