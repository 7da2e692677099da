# mio_rust(7): every item of mio has a row; every row has its call, its page and
# its test, and these exist; every call of the library is accounted for.

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

# The rows, with tabs: heading, item, call, test.  The test is the comment at a
# row's end.  "Xr mio_poll 3" becomes "mio_poll(3)".
$AWK '
	/^\.Ss / { head = substr($0, 5) }
	/^\.Bl -column/ { inside = 1 }
	/^\.El/ { inside = 0 }
	!inside || !/^\.It / { next }
	{
		row = substr($0, 5)
		test = ""
		if ((at = index(row, " \\\" ")) > 0) {
			test = substr(row, at + 4)
			row = substr(row, 1, at - 1)
		}
		call = ""
		if ((at = index(row, " Ta ")) > 0) {
			call = substr(row, at + 4)
			row = substr(row, 1, at - 1)
		}
		while (match(call, /Xr [a-z0-9_]+ [0-9]/)) {
			name = substr(call, RSTART + 3, RLENGTH - 5)
			call = substr(call, 1, RSTART - 1) name "(" \
			    substr(call, RSTART + RLENGTH - 1, 1) ")" \
			    substr(call, RSTART + RLENGTH)
		}
		print head "\t" row "\t" call "\t" test
	}
' "$top_srcdir/man/mio_rust.7" >"$tmp/rows"

$AWK -F '\t' 'NF != 4 || $2 == "" || $4 == "" ||
	$3 !~ /[a-z0-9_]\([37]\)|README|^examples\//' "$tmp/rows" \
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
' "$tmp/rows" "$top_srcdir/t/lib/mio_items" >"$tmp/wrong" ||
    echo "no list of items" >"$tmp/wrong"
result "each item of mio has a row"

# The page of a call is the one that names it.
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

# beyond CALL: the HISTORY section of its page names the call and says that it
# has no counterpart in mio.  Such a call needs no row.
beyond() {
	page=$(grep -l "^\.Nm $1\( ,\)*\$" "$top_srcdir"/man/*.3)
	[ -n "$page" ] || return 1
	$SED -n '/^\.Sh HISTORY/,/^\.Sh A/p' "$page" >"$tmp/history"
	grep -q "^\.Fn $1\( .*\)*\$" "$tmp/history" &&
	    tr '\n' ' ' <"$tmp/history" | grep -q "no counterpart in mio"
}
$SED -n 's/^	\(mio_[a-z0-9_]*\);$/\1/p' "$top_srcdir/lib/libmio.map" |
    while read -r call; do
	grep -q "[^a-z0-9_]$call([37])" "$tmp/rows" || beyond "$call" ||
	    echo "$call"
done >"$tmp/wrong"
result "each call is in the table, or its page says that mio has none"

# covered CALL TEST: the test exists and makes that call.
covered() {
	case $2 in
	.ci/run\ *)
		# A tarball has no .ci.
		[ ! -d "$top_srcdir/.ci" ] ||
		    [ -f "$top_srcdir/.ci/steps/${2#* }" ] ;;
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
result "each test exists and makes the call"

$AWK -F '\t' '$3 ~ /^examples\// { print $3 }' "$tmp/rows" |
    while read -r example; do
	[ -f "$top_srcdir/$example" ] || echo "$example"
done >"$tmp/wrong"
result "each example exists"

# Each test has a log on every selector that this build tests, and passed.  With
# TESTS= on make's command line there are no logs, and this check is skipped.
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
	result "each test has passed on each selector"
fi
echo "1..$n"
