# README's table from mio to libmio: every item of mio's has a row, every row
# has its call, the page and the test, and these exist; every call is in it.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

# result NAME: ok if $tmp/wrong is empty, and its lines as diagnostics.
result() {
	n=$((n + 1))
	if [ -s "$tmp/wrong" ]; then
		echo "not ok $n - $1"
		$SED 's/^/# /' "$tmp/wrong"
	else
		echo "ok $n - $1"
	fi
}

# The rows, with tabs: heading, item, call, test.
$AWK '
	/^From mio to libmio/ { inside = 1; next }
	!inside { next }
	/^----/ && inside++ > 1 { exit }
	/^[a-zA-Z]/ { head = $0; sub(/: .*/, "", head) }
	/^  [^ ]/ { row = substr($0, 3); gsub(/   */, "\t", row)
		print head "\t" row }
' "$top_srcdir/README" >"$tmp/rows"

$AWK -F '\t' 'NF != 4 || $2 == "" || $3 == "" || $4 == ""' "$tmp/rows" \
    >"$tmp/wrong"
[ -s "$tmp/rows" ] || echo "there are no rows" >"$tmp/wrong"
result "each of $(wc -l <"$tmp/rows" | tr -d ' ') rows has a call, a page and a test"

$AWK -F '\t' '
	FILENAME == ARGV[1] {
		m = split($2, parts, /, */)
		for (i = 1; i <= m; i++)
			has[$1, parts[i]] = 1
		next
	}
	/^#/ { next }
	{ m = split($2, parts, /, */)
	  for (i = 1; i <= m; i++)
		if (!(($1, parts[i]) in has))
			print $1 ": " parts[i] }
' "$tmp/rows" "$top_srcdir/t/lib/mio_items" >"$tmp/wrong"
result "each item of mio's has a row"

# Pages: a call's is the one that names it.
: >"$tmp/wrong"
for page in $($SED 's/([37])/&\
/g' "$tmp/rows" | $SED -n 's/.*[^a-z0-9_]\([a-z0-9_]*([37])\)$/\1/p' | sort -u)
do
	name=${page%(*}
	section=${page#*(}
	section=${section%)}
	[ -f "$top_srcdir/man/$name.$section" ] ||
	    grep -q "^\.Nm $name\( ,\)*\$" "$top_srcdir"/man/*."$section" ||
	    echo "$page" >>"$tmp/wrong"
done
result "each page is there, and names its call"

$SED -n 's/^	\(mio_[a-z0-9_]*\);$/\1/p' "$top_srcdir/lib/libmio.map" |
    while read -r call; do
	grep -q "[^a-z0-9_]$call([37])" "$tmp/rows" || echo "$call"
done >"$tmp/wrong"
result "each call is in the table"

# covered CALL TEST: the test is there, and makes that call.
covered() {
	case $2 in
	-)	[ "$1" = "comes with Windows" ] ;;
	.ci/run\ *)
		# A tarball has none of it.
		[ ! -d "$top_srcdir/.ci" ] ||
		    grep -q "^	*suite ${2#* } " "$top_srcdir/.ci/run" ;;
	*.sh)	[ -f "$top_srcdir/t/$2" ] ;;
	*)	[ -f "$top_srcdir/t/$2.c" ] || return 1
		for word in $(echo "$1" |
		    tr -c 'A-Za-z0-9_' '\n' | grep '^mio_\|^MIO_'); do
			cat "$top_srcdir/t/$2.c" "$top_srcdir/t/lib/util.c" \
			    "$top_srcdir/t/lib/tap.c" | grep -qw "$word" ||
			    return 1
		done ;;
	esac
}
while IFS='	' read -r head item call test; do
	covered "$call" "$test" || echo "$head: $item: $call: $test"
done <"$tmp/rows" >"$tmp/wrong"
result "each test is there, and makes the call"

$AWK -F '\t' '$3 == "examples/" { print $2 }' "$tmp/rows" |
    while read -r example; do
	[ -f "$top_srcdir/examples/$example.c" ] || echo "$example"
done >"$tmp/wrong"
result "each example is there"

# On every selector that this build tests: a log, and something that held.
# With TESTS= given there are no logs, and nothing can be said.
for test in $($AWK -F '\t' '$4 ~ /^[a-z0-9_]*$/ { print $4 }' "$tmp/rows" |
    sort -u); do
	for dir in "$top_builddir"/t/*/; do
		[ -x "$dir$test" ] || continue
		if [ ! -f "$dir$test.log" ]; then
			echo "$test" >>"$tmp/unrun"
		elif ! grep -q '^ok ' "$dir$test.log" ||
		    grep -q '^not ok ' "$dir$test.log"; then
			echo "$dir$test"
		fi
	done
done >"$tmp/wrong"
if [ -s "$tmp/unrun" ]; then
	n=$((n + 1))
	echo "ok $n # SKIP not all of the suite has been run"
else
	result "each test has held on each selector"
fi
echo "1..$n"
