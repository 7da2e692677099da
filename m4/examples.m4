dnl MIO_EXAMPLE_LIBRARY(EXAMPLE, NAME, PACKAGE, LIBS, PROGRAM)
dnl An example that needs another library.  The flags are those of PACKAGE if
dnl pkg-config has it, and otherwise LIBS; PROGRAM is linked to check them.
dnl Sets EXAMPLE_CFLAGS and EXAMPLE_LIBS, the conditional EXAMPLE, and left_out.
dnl Only the example is linked with the library.
AC_DEFUN([MIO_EXAMPLE_LIBRARY], [
AC_REQUIRE([MIO_PKG_CONFIG])
AC_ARG_WITH([$2],
    [AS_HELP_STRING([--without-$2], [leave out the example $1])],
    [mio_with=$withval], [mio_with=auto])
AS_VAR_PUSHDEF([mio_cflags], m4_toupper([$1])[_CFLAGS])
AS_VAR_PUSHDEF([mio_libs], m4_toupper([$1])[_LIBS])
mio_why=
mio_cflags=
mio_libs='$4'
AS_IF([test "x$PKG_CONFIG" != x && $PKG_CONFIG --exists $3 2>/dev/null],
    [mio_cflags=`$PKG_CONFIG --cflags $3`
    mio_libs=`$PKG_CONFIG --libs $3`])
AC_MSG_CHECKING([for $2, which the example $1 needs])
AS_IF([test "x$mio_with" = xno], [mio_why="--without-$2"],
    [test $mio_cv_afd = yes], [mio_why="for POSIX"], [
    mio_save_CFLAGS=$CFLAGS
    mio_save_LIBS=$LIBS
    CFLAGS="$CFLAGS $mio_cflags"
    LIBS="$mio_libs $LIBS"
    AC_LINK_IFELSE([$5], [], [mio_why="no $2 to link with"])
    CFLAGS=$mio_save_CFLAGS
    LIBS=$mio_save_LIBS])
AS_IF([test "x$mio_why" = x], [AC_MSG_RESULT([yes])],
    [test "x$mio_with" = xyes],
    [AC_MSG_ERROR([--with-$2: the example $1 is left out: $mio_why])],
    [AC_MSG_RESULT([no])
    left_out="$left_out $1 ($mio_why)"])
AC_SUBST(m4_toupper([$1])[_CFLAGS])
AC_SUBST(m4_toupper([$1])[_LIBS])
AM_CONDITIONAL(m4_toupper([$1]), [test "x$mio_why" = x])
AS_VAR_POPDEF([mio_libs])
AS_VAR_POPDEF([mio_cflags])
])

AC_DEFUN([MIO_PKG_CONFIG], [AC_PATH_TOOL([PKG_CONFIG], [pkg-config])])

dnl MIO_EXAMPLES
dnl Finds the examples that the system can build; left_out lists the others.
AC_DEFUN([MIO_EXAMPLES], [
left_out=
AM_COND_IF([BUILD_AFD],
    [left_out=" tcp_listenfd_server (for POSIX) unix_chat (for POSIX)"])
AC_CHECK_HEADERS([sys/signalfd.h sys/timerfd.h])
AM_CONDITIONAL([TIMER_SIGNAL], [test "$ac_cv_header_sys_signalfd_h" = yes &&
    test "$ac_cv_header_sys_timerfd_h" = yes])
AM_COND_IF([TIMER_SIGNAL], [],
    [left_out="$left_out timer_signal (no timerfd and signalfd)"])
MIO_EXAMPLE_LIBRARY([tls_echo], [openssl], [openssl], [-lssl -lcrypto],
    [AC_LANG_PROGRAM([[#include <openssl/ssl.h>]],
	[[return SSL_CTX_new(TLS_server_method()) == 0;]])])
MIO_EXAMPLE_LIBRARY([curl_multi], [libcurl], [libcurl], [-lcurl],
    [AC_LANG_PROGRAM([[#include <curl/curl.h>]],
	[[return curl_multi_socket_action(0, CURL_SOCKET_TIMEOUT, 0, 0);]])])
])
