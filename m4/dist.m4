dnl MIO_DIST
dnl make dist gives the same bytes for the same commit: names in one order, one
dnl time, nobody's user and umask, and one thread for xz, which would write
dnl other blocks with several.  That takes GNU tar; with another the tarball is
dnl as good, but not the same again.  automake's own rule has no place for
dnl this but its tar, which stands first in a pipe into xz.
AC_DEFUN([MIO_DIST], [
AC_CACHE_CHECK([for a tar that makes the same tarball twice], [mio_cv_dist_tar],
    [mio_cv_dist_tar=none
    mio_tar_flags="--format=ustar --sort=name --owner=0 --group=0"
    mio_tar_flags="$mio_tar_flags --numeric-owner --mode=u=rwX,go=rX"
    echo tar > conftest.txt
    for mio_tar in tar gtar gnutar
    do
	AS_IF([$mio_tar -cf conftest.tar $mio_tar_flags --mtime=@0 conftest.txt \
	    >&AS_MESSAGE_LOG_FD 2>&AS_MESSAGE_LOG_FD],
	    [mio_cv_dist_tar="$mio_tar $mio_tar_flags"
	    break])
    done
    rm -f conftest.txt conftest.tar])
AS_IF([test "$mio_cv_dist_tar" != none],
    [am__tar='XZ_OPT=-eT1 && export XZ_OPT && unset XZ_DEFAULTS && '"\
$mio_cv_dist_tar"' --mtime=@`cat "$$tardir/build-aux/epoch"` -cf - "$$tardir"'])
])
