# Checks that libmio has none of libsndio's names, since a program may use
# both.

. "${top_builddir:-.}/t/lib/env"

taken="mio_open mio_close mio_read mio_write mio_nfds mio_pollfd mio_revents
mio_eof mio_hdl MIO_IN MIO_OUT MIO_PORTANY"
n=0
for name in $taken; do
	n=$((n + 1))
	if grep -w "$name" "$top_srcdir/include/mio.h" \
	    "$top_srcdir/lib/libmio.map" >/dev/null; then
		echo "not ok $n - $name is libmio's, too"
	else
		echo "ok $n - $name is left to libsndio"
	fi
done
echo "1..$n"
