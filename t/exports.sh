# Checks that the header declares, the map exports, the library defines and the
# manual describes the same functions.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

result() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

# same NAME ONE OTHER: two sorted lists are equal, and not empty.
same() {
	if [ -s "$2" ] && cmp -s "$2" "$3"; then
		result ok "$1"
	else
		result "not ok" "$1"
		diff "$2" "$3" | $SED 's/^/# /'
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n # SKIP $1: $2"
}

# The header as preprocessed for Windows, which has all functions, with one
# declaration a line.
$CC -E -P -D_WIN32 -I"$top_srcdir/include" "$top_srcdir/include/mio.h" |
    tr '\n' ' ' |
    tr ';{}' '\n\n\n' | grep -o 'mio_[a-z0-9_]*(.*' |
    $SED 's/(.*//' | sort -u >"$tmp/declared"
# The map is for systems without named pipes.
grep -v -e '^mio_event_is_' -e '^mio_named_pipe_' "$tmp/declared" \
    >"$tmp/functions"

$SED -n 's/^	\(mio_[a-z0-9_]*\);$/\1/p' "$top_srcdir/lib/libmio.map" |
    sort >"$tmp/map"
same "the map exports what the header declares" "$tmp/functions" "$tmp/map"

# Each function, including inline ones, must be named by exactly one page.
sh "$top_srcdir/build-aux/names.sh" "$top_srcdir"/man/*.3 |
    $SED -n '/^mio\.3 /!s/.* //p' | sort >"$tmp/pages"
same "the manual names each function once" "$tmp/declared" "$tmp/pages"

# A page for each name: the page itself, or a stub that points to it.
bad=
while read -r name; do
	page=$top_srcdir/man/$name.3
	for stub in "$top_builddir" "$top_srcdir"; do
		stub=$stub/man/stubs/$name.3
		[ ! -f "$stub" ] ||
		    page=$top_srcdir/man/$($SED 's/^\.so man3\///' "$stub")
	done
	grep -qs "^\.Nm $name\( ,\)*\$" "$page" || bad="$bad $name"
done <"$tmp/declared"
if [ -z "$bad" ]; then
	result ok "man finds a page for each function"
else
	result "not ok" "man finds a page for each function"
	echo "#$bad"
fi

shared=$top_builddir/.libs/libmio.so
if [ -f "$shared" ]; then
	$NM -D --defined-only "$shared" | $AWK '{ print $2, $3 }' |
	    sort >"$tmp/dynamic"
	$SED -n 's/^T \(.*\)@@MIO_1.0$/\1/p' "$tmp/dynamic" >"$tmp/code"
	same "the shared library exports the map, versioned" "$tmp/map" \
	    "$tmp/code"
	grep -v '^T mio_.*@@MIO_1.0$' "$tmp/dynamic" >"$tmp/other"
	echo 'A MIO_1.0' >"$tmp/node"
	same "and its version node, no data" "$tmp/node" "$tmp/other"
else
	skip "the shared library" "not built (or not ELF)"
	skip "its version node" "not built (or not ELF)"
fi

archive=$top_builddir/.libs/libmio.a
if [ -f "$archive" ]; then
	$NM --defined-only "$archive" 2>/dev/null |
	    $AWK '$2 ~ /^[A-TV-Z]$/ { print $3 }' |
	    grep -v -e '^mio_' \
	    -e '^__asan' -e '^__odr_asan' -e '^_Z' \
	    -e '^_\.stapsdt' >"$tmp/foreign"
	if [ -s "$tmp/foreign" ]; then
		result "not ok" "the archive defines no other names"
		$SED 's/^/# /' "$tmp/foreign"
	else
		result ok "the archive defines no other names"
	fi
else
	skip "the archive" "not built"
fi
echo "1..$n"
