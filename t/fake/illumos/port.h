/* The header uses timestruc_t, which strict programs do not have. */
#pragma GCC system_header
#include <features.h>

#ifdef FAKE_STRICT
#error "illumos' <port.h> needs __EXTENSIONS__"
#endif

#include_next <port.h>
