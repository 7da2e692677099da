dnl MIO_ATOMICS
dnl Checks the lock-free atomics that the library needs.  Each is linked by
dnl itself, so that the error names those that are missing.
AC_DEFUN([MIO_ATOMICS], [
missing=
m4_foreach([mio_op], [[load], [store], [exchange], [compare_exchange],
    [add_fetch], [sub_fetch], [fetch_add], [fetch_or],
    [fetch_and]], [MIO_ATOMIC(mio_op)])
AS_IF([test "x$missing" != x],
    [AC_MSG_ERROR([the compiler lacks these lock-free atomics:$missing])])
])

AC_DEFUN([MIO_ATOMIC], [
AC_CACHE_CHECK([for lock-free __atomic_$1], [mio_cv_atomic_$1],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[
		static int i, j;
		static void *p, *q;
		typedef char int_lock_free[__GCC_ATOMIC_INT_LOCK_FREE == 2 ?
		    1 : -1];
		typedef char pointer_lock_free[
		    __GCC_ATOMIC_POINTER_LOCK_FREE == 2 ? 1 : -1];
		#define DO_load		__atomic_load(&i, &j, __ATOMIC_ACQUIRE); \
					__atomic_load(&p, &q, __ATOMIC_ACQUIRE)
		#define DO_store	__atomic_store(&i, &j, __ATOMIC_RELEASE); \
					__atomic_store(&p, &q, __ATOMIC_RELEASE)
		#define DO_exchange	j = __atomic_exchange_n(&i, 1, \
					    __ATOMIC_ACQ_REL); \
					q = __atomic_exchange_n(&p, 0, \
					    __ATOMIC_ACQ_REL)
		#define DO_compare_exchange \
			(void)__atomic_compare_exchange_n(&i, &j, 1, 0, \
			    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
			(void)__atomic_compare_exchange_n(&p, &q, 0, 0, \
			    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
		#define DO_add_fetch	j = __atomic_add_fetch(&i, 1, \
					    __ATOMIC_RELAXED)
		#define DO_sub_fetch	j = __atomic_sub_fetch(&i, 1, \
					    __ATOMIC_ACQ_REL)
		#define DO_fetch_add	j = __atomic_fetch_add(&i, 0, \
					    __ATOMIC_ACQ_REL)
		#define DO_fetch_or	j = __atomic_fetch_or(&i, 1, \
					    __ATOMIC_ACQ_REL)
		#define DO_fetch_and	j = __atomic_fetch_and(&i, 1, \
					    __ATOMIC_ACQ_REL)
	]], [[DO_$1; return j + (q != 0);]])],
	[mio_cv_atomic_$1=yes], [mio_cv_atomic_$1=no])])
AS_IF([test "$mio_cv_atomic_$1" = no], [missing="$missing __atomic_$1"])
])

dnl MIO_SYMBOLS
dnl Hidden symbols if the compiler has them, and a version script if the linker
dnl has those.
AC_DEFUN([MIO_SYMBOLS], [
VISIBILITY_CFLAGS=
AX_CHECK_COMPILE_FLAG([-fvisibility=hidden],
    [VISIBILITY_CFLAGS=-fvisibility=hidden], [], [-Werror])
AC_SUBST([VISIBILITY_CFLAGS])
echo 'PROBE { global: main; local: *; };' > conftest.map
AX_CHECK_LINK_FLAG([-Wl,--version-script=conftest.map], [vscript=yes],
    [vscript=no])
rm -f conftest.map
dnl A DLL exports what the header declares so.
AM_CONDITIONAL([HAVE_VSCRIPT],
    [test "$vscript" = yes && test $mio_cv_afd = no])
])

dnl MIO_AFD
dnl Checks Winsock, and what the selector for Windows is built on.
AC_DEFUN([MIO_AFD], [
mio_save_LIBS=$LIBS
LIBS="-lws2_32 -lntdll $LIBS"
AC_CACHE_CHECK([for Winsock, completion ports and NtCreateFile], [mio_cv_afd],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <winsock2.h>
		#include <windows.h>
		#include <winternl.h>]],
	[[OVERLAPPED_ENTRY entry;
	HANDLE afd;
	OBJECT_ATTRIBUTES attributes = { 0 };
	IO_STATUS_BLOCK status;
	ULONG n;
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
	(void)NtCreateFile(&afd, SYNCHRONIZE, &attributes, &status, NULL, 0,
	    0, FILE_OPEN, 0, NULL, 0);
	(void)CancelIoEx(afd, NULL);
	return !GetQueuedCompletionStatusEx((HANDLE)s, &entry, 1, &n, 0, 0);]])],
	[mio_cv_afd=yes], [mio_cv_afd=no])])
LIBS=$mio_save_LIBS
])

dnl MIO_SELECTOR
dnl Finds the selectors that the host can build, and chooses the one that goes
dnl into libmio.  The others become libraries for the tests alone.
AC_DEFUN([MIO_SELECTOR], [
AC_ARG_WITH([selector],
    [AS_HELP_STRING([--with-selector=NAME],
	[auto, epoll, kqueue, port, afd or poll @<:@auto@:>@])],
    [selector=$withval], [selector=auto])

AC_CACHE_CHECK([for epoll], [mio_cv_epoll],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/epoll.h>]],
	[[return epoll_create1(EPOLL_CLOEXEC | (EPOLLEXCLUSIVE & 0));]])],
	[mio_cv_epoll=yes], [mio_cv_epoll=no])])
AC_CACHE_CHECK([for poll], [mio_cv_poll],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <poll.h>]],
	[[struct pollfd p = { -1, POLLIN, 0 }; return poll(&p, 1, 0);]])],
	[mio_cv_poll=yes], [mio_cv_poll=no])])

AC_CACHE_CHECK([for kqueue], [mio_cv_kqueue],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
		#include <sys/event.h>
		#include <sys/time.h>]],
	[[struct kevent event = { 0 };
	event.filter = EVFILT_READ;
	event.flags = EV_ADD | EV_CLEAR | EV_RECEIPT;
	return kevent(kqueue(), &event, 1, &event, 1, 0) < 0;]])],
	[mio_cv_kqueue=yes], [mio_cv_kqueue=no])])

dnl On a system without kqueue the tests use a fake, which is built on epoll.
mio_cv_fake_kqueue=no
AS_IF([test $mio_cv_kqueue = no && test $mio_cv_epoll = yes],
    [AC_CHECK_DECL([SYS_epoll_create1], [mio_cv_fake_kqueue=yes], [],
	[[#include <sys/syscall.h>]])])
FAKE_KQUEUE_LA=
AS_IF([test $mio_cv_fake_kqueue = yes],
    [FAKE_KQUEUE_LA=t/fake/lib`echo "$KQUEUE_SHAPE" |
	tr '[[:upper:]]' '[[:lower:]]'`.la])
AC_SUBST([FAKE_KQUEUE_LA])
AC_CHECK_FUNCS([kqueue1 kqueuex])

AC_CACHE_CHECK([for event ports], [mio_cv_port],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <poll.h>
		#include <port.h>]],
	[[port_event_t event;
	unsigned int n = 1;
	struct timespec ts = { 0, 0 };
	int port = port_create();
	(void)port_associate(port, PORT_SOURCE_FD, 0, POLLIN, &event);
	(void)port_dissociate(port, PORT_SOURCE_FD, 0);
	(void)port_send(port, 0, &event);
	return port_getn(port, &event, 1, &n, &ts) < 0 &&
	    event.portev_source == PORT_SOURCE_USER;]])],
	[mio_cv_port=yes], [mio_cv_port=no])])

dnl On a system with epoll and without event ports the tests use a fake of
dnl these.
AC_CACHE_CHECK([for what fake event ports need], [mio_cv_fake_port],
    [AS_IF([test $mio_cv_epoll = yes && test $mio_cv_port = no],
	[AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/epoll.h>
		#include <sys/mman.h>
		#include <sys/syscall.h>
		#include <unistd.h>]],
	    [[return syscall(SYS_epoll_pwait, -1, NULL, 0, 0, NULL, 8) +
		syscall(SYS_eventfd2, 0, 0) + syscall(SYS_dup3, 0, 0, 0) +
		(mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE, -1, 0) == MAP_FAILED);]])],
	    [mio_cv_fake_port=yes], [mio_cv_fake_port=no])],
	[mio_cv_fake_port=no])])

dnl Where there are event ports, epoll is emulated by /dev/poll, where
dnl EPOLLEXCLUSIVE has no effect.  It is built on request only.
build_epoll=$mio_cv_epoll
AS_IF([test $mio_cv_port = yes && test "x$selector" != xepoll],
    [build_epoll=no])

AS_CASE([$selector],
    [auto], [AS_IF([test $mio_cv_afd = yes], [selector=afd],
	[test $mio_cv_kqueue = yes], [selector=kqueue],
	[test $mio_cv_port = yes], [selector=port],
	[test $mio_cv_epoll = yes], [selector=epoll],
	[test $mio_cv_poll = yes], [selector=poll],
	[AC_MSG_ERROR([this system has no Winsock, kqueue, event ports, epoll or poll])])],
    [kqueue], [AS_IF([test $mio_cv_kqueue = no],
	[AC_MSG_ERROR([--with-selector=kqueue: this system has no kqueue])])],
    [port], [AS_IF([test $mio_cv_port = no],
	[AC_MSG_ERROR([--with-selector=port: this system has no event ports])])],
    [epoll], [AS_IF([test $mio_cv_epoll = no],
	[AC_MSG_ERROR([--with-selector=epoll: this system has no epoll_create1 and EPOLLEXCLUSIVE])])],
    [poll], [AS_IF([test $mio_cv_poll = no],
	[AC_MSG_ERROR([--with-selector=poll: this system has no poll])])],
    [afd], [AS_IF([test $mio_cv_afd = no],
	[AC_MSG_ERROR([--with-selector=afd: this system has no Winsock and completion ports])])],
    [yes|no|''],
	[AC_MSG_ERROR([--with-selector wants a name: auto, epoll, kqueue, port, afd or poll])],
    [AC_MSG_ERROR([--with-selector=$selector: unknown; auto, epoll, kqueue, port, afd and poll are])])
AC_MSG_CHECKING([which selector to build])
AC_MSG_RESULT([$selector])
AC_SUBST([SELECTOR], [$selector])
AC_SUBST([SELECTOR_LA], [libsel_$selector.la])

others=
for s in `sed -n 's/^const char mio_sel_name.* = "\(.*\)";/\1/p' \
    "$srcdir"/lib/*/*.c`; do
	AS_IF([test $s != $selector && test $s.$build_epoll != epoll.no &&
	    { eval test "\$mio_cv_$s" = yes ||
	    eval test "x\$mio_cv_fake_$s" = xyes; }],
	    [others="$others$s "])
done
AC_SUBST([SELECTORS], ["$selector $others"])
test "x$others" = x && others=none
AM_CONDITIONAL([BUILD_KQUEUE],
    [test $mio_cv_kqueue = yes || test $mio_cv_fake_kqueue = yes])
AM_CONDITIONAL([FAKE_KQUEUE], [test $mio_cv_fake_kqueue = yes])
AM_CONDITIONAL([BUILD_EPOLL], [test $build_epoll = yes])
AM_CONDITIONAL([BUILD_POLL], [test $mio_cv_poll = yes])
AM_CONDITIONAL([BUILD_PORT],
    [test $mio_cv_port = yes || test $mio_cv_fake_port = yes])
AM_CONDITIONAL([FAKE_PORT], [test $mio_cv_fake_port = yes])
AM_CONDITIONAL([BUILD_AFD], [test $mio_cv_afd = yes])
])

dnl MIO_WAKER
dnl Chooses the channel that wakes a waiting thread.
AC_DEFUN([MIO_WAKER], [
AC_ARG_WITH([waker],
    [AS_HELP_STRING([--with-waker=NAME],
	[auto, eventfd or pipe @<:@auto@:>@])],
    [waker=$withval], [waker=auto])
AC_CACHE_CHECK([for eventfd], [mio_cv_eventfd],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/eventfd.h>]],
	[[return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);]])],
	[mio_cv_eventfd=yes], [mio_cv_eventfd=no])])
AS_CASE([$waker],
    [auto], [AS_IF([test $mio_cv_eventfd = yes], [waker=eventfd],
	[waker=pipe])],
    [eventfd], [AS_IF([test $mio_cv_eventfd = no],
	[AC_MSG_ERROR([--with-waker=eventfd: this system has no eventfd])])],
    [pipe], [],
    [yes|no|''],
	[AC_MSG_ERROR([--with-waker wants a name: auto, eventfd or pipe])],
    [AC_MSG_ERROR([--with-waker=$waker: unknown; auto, eventfd and pipe are])])
waker_channel=$waker
dnl Completion ports, event ports and kqueues carry wakes without a channel.
AS_CASE([$selector], [afd], [waker=packet], [port], [waker=port_send],
    [kqueue], [waker=kqueue])
AC_SUBST([WAKER], [$waker])
AM_CONDITIONAL([WAKE_EVENTFD], [test $waker_channel = eventfd])
])

dnl MIO_USDT
dnl Static tracing probes, on request.
AC_DEFUN([MIO_USDT], [
AC_ARG_ENABLE([usdt],
    [AS_HELP_STRING([--enable-usdt],
	[static tracing probes for register, reregister, deregister and poll])],
    [usdt=$enableval], [usdt=no])
AS_CASE([$usdt],
    [no], [],
    [yes], [AC_CHECK_HEADER([sys/sdt.h],
	[AC_DEFINE([ENABLE_USDT], [1], [Define to compile in tracing probes.])],
	[AC_MSG_ERROR([--enable-usdt needs <sys/sdt.h> (SystemTap's, or DTrace's)])])],
    [AC_MSG_ERROR([--enable-usdt takes yes or no, not $usdt])])
])

dnl MIO_XOPEN
dnl illumos and Solaris declare msg_control, and an mmap that returns void *,
dnl only for programs that define _XOPEN_SOURCE.  These get other sockets, too:
dnl the library and the examples do without, and of the tests those that need it
dnl define WANT_XOPEN before they include config.h.
AC_DEFUN([MIO_XOPEN], [
AC_CACHE_CHECK([whether msg_control needs _XOPEN_SOURCE], [mio_cv_xopen],
    [mio_cv_xopen=no
    MIO_MSG_CONTROL([], [],
	[MIO_MSG_CONTROL([#define _XOPEN_SOURCE 600], [mio_cv_xopen=yes])])])
AS_IF([test $mio_cv_xopen = yes],
    [AC_DEFINE([NEED_XOPEN], [1],
	[Define to 1 if msg_control needs _XOPEN_SOURCE.])])
AH_BOTTOM([
#if defined(NEED_XOPEN) && defined(WANT_XOPEN)
#define _XOPEN_SOURCE 600
#endif])
])

dnl MIO_MSG_CONTROL(PROLOGUE, IF-DECLARED, [IF-NOT])
AC_DEFUN([MIO_MSG_CONTROL],
[AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[$1
	#include <sys/types.h>
	#include <sys/socket.h>]],
    [[struct msghdr msg;
    char room[CMSG_SPACE(sizeof(int))];
    msg.msg_control = room;
    return msg.msg_control == 0;]])], [$2], [$3])])
