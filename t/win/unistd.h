/* See winposix.h. */
#pragma GCC system_header
#include_next <unistd.h>
#include "winposix.h"
