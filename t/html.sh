# Checks the manual as HTML: each link has a target, and the index has each
# function.

. "${top_builddir:-.}/t/lib/env"

if [ -z "$MANDOC" ]; then
	echo "1..0 # SKIP no mandoc"
	exit 0
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
out=$tmp/html
n=0

# none NAME FILE: the assertion holds if the file is empty.
none() {
	n=$((n + 1))
	if [ -s "$2" ]; then
		echo "not ok $n - $1"
		$SED 's/^/# /' "$2"
	else
		echo "ok $n - $1"
	fi
}

sh "$top_srcdir/build-aux/html.sh" "$MANDOC" "$PACKAGE_VERSION" \
    "$top_srcdir/man" "$out" >"$tmp/messages" 2>&1 ||
    echo "exit $?" >>"$tmp/messages"
none "made, without a message" "$tmp/messages"

for page in "$top_srcdir"/man/*.[37]; do
	[ -s "$out/${page##*/}.html" ] || echo "$page"
done >"$tmp/missing"
[ -s "$out/style.css" ] || echo style.css >>"$tmp/missing"
none "a file for each page, and the style sheet" "$tmp/missing"

# One line "FILE TARGET" for each link, and "FILE#ID" for each anchor.
(cd "$out" && grep -o 'href="[^"]*"' ./*.html) |
    $SED 's/^\.\///; s/:href="/ /; s/"$//' >"$tmp/links"
(cd "$out" && grep -o ' id="[^"]*"' ./*.html) |
    $SED 's/^\.\///; s/: id="/#/; s/"$//' >"$tmp/anchors"
while read -r file target; do
	case $target in
	'#'*)	target=$file$target ;;
	esac
	case $target in
	*'#'*)	grep -qxF "$target" "$tmp/anchors" || echo "$file: $target" ;;
	*)	[ -f "$out/$target" ] || echo "$file: $target" ;;
	esac
done <"$tmp/links" >"$tmp/broken"
[ -s "$tmp/links" ] || echo "no link at all" >>"$tmp/broken"
none "$(wc -l <"$tmp/links" | tr -d ' ') links, and each has its target" \
    "$tmp/broken"

sh "$top_srcdir/build-aux/names.sh" "$top_srcdir"/man/*.3 |
    $SED -n 's/.* \(mio_\)/\1/p' >"$tmp/names"
while read -r name; do
	grep -q "^<a href=\"mio_[^\"]*\"><code>$name</code></a>" \
	    "$out/index.html" || echo "$name"
done <"$tmp/names" >"$tmp/unlisted"
[ -s "$tmp/names" ] || echo "no name at all" >>"$tmp/unlisted"
none "the index has each of $(wc -l <"$tmp/names" | tr -d ' ') calls" \
    "$tmp/unlisted"

grep -il '<script' "$out"/*.html >"$tmp/scripts"
grep -l '://' "$out"/* >>"$tmp/scripts"
none "no script, and nothing loaded from elsewhere" "$tmp/scripts"
echo "1..$n"
