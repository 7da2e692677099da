/* Linux alone has these, but for O_DIRECTORY, which illumos did not have in 2018. */
#pragma GCC system_header
#include_next <fcntl.h>

#undef F_ADD_SEALS
#undef F_GETPIPE_SZ
#undef F_SETPIPE_SZ
#undef O_ASYNC
#undef O_DIRECTORY
#undef O_NOATIME
#undef O_PATH
#undef O_TMPFILE
