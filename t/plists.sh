# Checks that the ports' packing lists, which are derived from the manual, match
# what make install installs.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

plist=$top_srcdir/packaging/plist
MAKE=$MAKE sh "$plist" check "$top_builddir" >"$tmp/out" 2>&1
status=$?
if [ $status = 3 ]; then
	echo "1..0 # SKIP $($SED 's/^plist: //' "$tmp/out")"
	exit 0
fi

n=0
for list in freebsd/pkg-plist openbsd/pkg/PLIST pkgsrc/PLIST; do
	n=$((n + 1))
	ok="not ok"
	if grep -q "^$list: [0-9]* names" "$tmp/out"; then
		ok=ok
	fi
	echo "$ok $n - packaging/$list is what make install installs"
done
if [ $status != 0 ]; then
	$SED 's/^/# /' "$tmp/out"
	echo "# ./bootstrap derives the lists from the manual."
fi
echo "1..$n"
