/*
 * Microsoft's headers are not free.  clang-cl compiles libmio against those of
 * MinGW-w64 instead, which are for a compiler with __GNUC__.  This file is
 * included first.  It includes all system headers that the library includes,
 * and then removes that macro, so that the library sees what clang-cl defines.
 */
#define __MINGW_IMPORT	extern __declspec(dllimport)

#include <winsock2.h>
#include <windows.h>
#include <ws2tcpip.h>
#include <afunix.h>
#include <mswsock.h>
#include <winternl.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef __GNUC__
#undef __GNUC_MINOR__
#undef __GNUC_PATCHLEVEL__
