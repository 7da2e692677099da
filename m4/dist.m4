dnl MIO_DIST
dnl Has make dist write the same bytes for the same commit: names are sorted,
dnl all files have one time, users and umask do not matter, and xz has one
dnl thread, because it would write other blocks with several.  This needs GNU
dnl tar; with another tar the tarball is as good, but its bytes may differ each
dnl time.  automake's rule can be changed only in its tar command, the first in
dnl a pipe into xz.
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
