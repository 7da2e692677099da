dnl MIO_BENCH_PEER(NAME, PACKAGE, LIBS, PROGRAM)
dnl Another library to measure beside libmio.  Its flags are those of PACKAGE if
dnl pkg-config has it, and otherwise LIBS; PROGRAM is linked to check them.
dnl Sets NAME_CFLAGS and NAME_LIBS, the conditional HAVE_NAME, and bench_peers
dnl or bench_missing.  Only the benchmark is linked with the library.
AC_DEFUN([MIO_BENCH_PEER], [
AC_REQUIRE([MIO_PKG_CONFIG])
AS_VAR_PUSHDEF([mio_cflags], m4_toupper([$1])[_CFLAGS])
AS_VAR_PUSHDEF([mio_libs], m4_toupper([$1])[_LIBS])
mio_found=no
mio_cflags=
mio_libs='$3'
AS_IF([test $bench = yes], [
    AS_IF([test "x$PKG_CONFIG" != x && $PKG_CONFIG --exists $2 2>/dev/null],
	[mio_cflags=`$PKG_CONFIG --cflags $2`
	mio_libs=`$PKG_CONFIG --libs $2`])
    AC_MSG_CHECKING([for $1, to measure beside libmio])
    mio_save_CFLAGS=$CFLAGS
    mio_save_LIBS=$LIBS
    CFLAGS="$CFLAGS $mio_cflags"
    LIBS="$mio_libs $LIBS"
    AC_LINK_IFELSE([$4], [mio_found=yes])
    CFLAGS=$mio_save_CFLAGS
    LIBS=$mio_save_LIBS
    AC_MSG_RESULT([$mio_found])
    AS_IF([test $mio_found = yes], [bench_peers="$bench_peers $1"],
	[bench_missing="$bench_missing $1"])])
AC_SUBST(m4_toupper([$1])[_CFLAGS])
AC_SUBST(m4_toupper([$1])[_LIBS])
AM_CONDITIONAL([HAVE_]m4_toupper([$1]), [test $mio_found = yes])
AS_VAR_POPDEF([mio_libs])
AS_VAR_POPDEF([mio_cflags])
])

dnl MIO_BENCH_RUST
dnl Rust's mio as distributions package it: a directory of crates, which cargo
dnl uses instead of the network.
AC_DEFUN([MIO_BENCH_RUST], [
AC_ARG_VAR([CARGO], [Rust's cargo, to measure Rust's mio])
AC_ARG_VAR([CRATES], [the directory of Rust's mio and what it depends on
    @<:@/usr/share/cargo/registry@:>@])
: "${CRATES=/usr/share/cargo/registry}"
mio_found=no
AS_IF([test $bench = yes], [
    AC_PATH_PROGS([CARGO], [cargo], [])
    AC_MSG_CHECKING([for the crate mio 0.8 in $CRATES])
    for dir in "$CRATES"/mio-0.8*; do
	AS_IF([test "x$CARGO" != x && test -f "$dir/Cargo.toml"],
	    [mio_found=yes])
    done
    AC_MSG_RESULT([$mio_found])
    AS_IF([test $mio_found = yes], [bench_peers="$bench_peers rust_mio"],
	[bench_missing="$bench_missing rust_mio"])])
AM_CONDITIONAL([HAVE_RUST_MIO], [test $mio_found = yes])
])

dnl MIO_BENCH
dnl Decides whether "make bench" can run, and which libraries it measures beside
dnl libmio.  The figures are ratios to epoll, measured on this machine.
AC_DEFUN([MIO_BENCH], [
bench=yes
bench_why=
bench_peers=
bench_missing=
AS_IF([test $mio_cv_epoll = no], [bench_why="no epoll to compare with"],
    [test $selector != epoll],
	[bench_why="libmio doesn't use epoll here"],
    [test $mio_cv_eventfd = no], [bench_why="no eventfd"],
    [test "$cross_compiling" = yes], [bench_why="cross-compiled"])
AS_IF([test "x$bench_why" != x], [bench=no])
AM_CONDITIONAL([BENCH], [test $bench = yes])
AC_SUBST([BENCH_WHY], [$bench_why])
MIO_BENCH_PEER([libev], [libev], [-lev -lm],
    [AC_LANG_PROGRAM([[#include <ev.h>]],
	[[return ev_version_major() < 4 || !ev_loop_new(EVFLAG_AUTO);]])])
MIO_BENCH_PEER([libevent], [libevent libevent_pthreads],
    [-levent -levent_pthreads],
    [AC_LANG_PROGRAM([[#include <event2/event.h>
	#include <event2/thread.h>]],
	[[return evthread_use_pthreads() < 0 || !event_base_new();]])])
MIO_BENCH_PEER([libuv], [libuv], [-luv],
    [AC_LANG_PROGRAM([[#include <uv.h>]],
	[[return uv_loop_init(uv_default_loop()) < 0;]])])
MIO_BENCH_RUST
AC_SUBST([BENCH_MISSING], [$bench_missing])
AC_PATH_PROGS([GNUPLOT], [gnuplot], [])
AS_IF([test $bench = yes], [bench_told="${bench_peers:- nobody}"],
    [bench_told=" nobody: $bench_why"])
AS_IF([test "x$bench_missing" != x],
    [bench_told="$bench_told (missing:$bench_missing)"])
])
