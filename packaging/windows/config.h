/*
 * The configuration of the build with CMake, instead of configure's.  It has
 * each macro of configure that the library uses, and no other: t/cmake.sh.
 */

/* #undef ENABLE_USDT */
/* #undef HAVE_ACCEPT4 */
#define HAVE_DECL___LIBC_SINGLE_THREADED 0
/* #undef HAVE_EPOLL_PWAIT2 */
/* #undef HAVE_KQUEUE1 */
/* #undef HAVE_KQUEUEX */
/* #undef HAVE_PIPE2 */
/* #undef HAVE_PORT_CREATE */
/* #undef HAVE_PPOLL */
/* #undef HAVE_PTHREAD_SETCANCELSTATE */
/* #undef HAVE_STRUCT_SOCKADDR_SA_LEN */
/* #undef KEVENT_IS_NOT_CANCELLED */

/* The version is that of mio.h, which the library includes later. */
#define MIO_TEXT(number)	#number
#define MIO_VERSION_TEXT(a, b, c)					\
	MIO_TEXT(a) "." MIO_TEXT(b) "." MIO_TEXT(c)
#define PACKAGE_VERSION MIO_VERSION_TEXT(MIO_VERSION_MAJOR,		\
	    MIO_VERSION_MINOR, MIO_VERSION_PATCH)

/* Objects for a DLL define DLL_EXPORT; all others are linked statically. */
#ifdef DLL_EXPORT
#define MIO_DLL_EXPORT
#else
#define MIO_STATIC
#endif
