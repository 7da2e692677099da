# Compares what the library calls with t/lib/sandbox, and that with the calls
# that t/sandbox.c allows and makes, and with mio(7), SANDBOXES.

. "${top_builddir:-.}/t/lib/env"

LC_ALL=C
export LC_ALL
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
table=$top_srcdir/t/lib/sandbox
program=$top_srcdir/t/sandbox.c
n=0

result() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

# none NAME FILE: passes if the file is empty, and shows it otherwise.
none() {
	if [ -s "$2" ]; then
		result "not ok" "$1"
		$SED 's/^/# /' "$2"
	else
		result ok "$1"
	fi
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

# column N: the words of this column of the table, sorted.
column() {
	$AWK -v n="$1" '!/^(#|$)/ && $n != "-" { print $n }' "$table" |
	    tr , '\n' | sort -u
}

# Names that begin with an underscore are the compiler's, or other names of a C
# library.  On macOS each name has one more.
$AWK '!/^(#|$)/ && NF != 4 { print "not 4 fields: " $0 }' "$table" >"$tmp/bad"
none "the table has four columns" "$tmp/bad"
column 1 >"$tmp/known"
for selector in $SELECTORS; do
	archive=$top_builddir/.libs/libsel_$selector.a
	[ -f "$archive" ] || continue
	$NM -A "$top_builddir/.libs/libcore.a" "$archive" |
	    grep -v -e 'fake_port\.o:' -e 'port_calls\.o:' \
	    -e 'port_sockets\.o:' |
	    $SED -n 's/.* U //p' | $SED 's/@.*//' >"$tmp/undefined"
	if grep -q '^_mio_' "$tmp/undefined"; then
		$SED -i.orig 's/^_//' "$tmp/undefined"
	fi
	grep -v -e '^mio_' -e '^_' "$tmp/undefined" | sort -u >"$tmp/called"
	comm -23 "$tmp/called" "$tmp/known" >"$tmp/unknown"
	[ -s "$tmp/called" ] || echo "no symbols" >>"$tmp/unknown"
	none "$selector: the table has all that the library calls" \
	    "$tmp/unknown"
done

column 3 | grep -vx -e stdio -e inet -e unix >"$tmp/bad"
none "no call needs another promise than stdio, inet and unix" "$tmp/bad"
column 4 | grep -vx -e yes -e no -e unnamed >"$tmp/bad"
none "capability mode allows a call, or not" "$tmp/bad"
$AWK '$4 == "no" { print $1 }' "$table" | sort >"$tmp/set_up"
printf '%s\n' bind connect if_nametoindex >"$tmp/want"
same "capability mode forbids these calls only" "$tmp/set_up" "$tmp/want"

column 2 >"$tmp/calls"
$SED -n '/\/\* begin \*\//,/\/\* end \*\//s/.*(\([a-z_0-9]*\))$/\1/p' \
    "$program" | sort >"$tmp/allowed"
same "t/sandbox.c allows what the table has" "$tmp/calls" "$tmp/allowed"
$SED -n '/^\.Ss seccomp/,/^\.S[sh] [^s]/p' "$top_srcdir/man/mio.7" |
    $SED -n '/^\.Bd/,/^\.Ed/p' | grep -v '^\.' | tr ' ' '\n' | sort \
    >"$tmp/page"
same "mio(7) lists the same" "$tmp/calls" "$tmp/page"

$SED -n 's/^	\(mio_[a-z0-9_]*\);$/\1/p' "$top_srcdir/lib/libmio.map" |
    sort >"$tmp/map"
grep -o 'mio_[a-z0-9_]*(' "$program" | tr -d '(' | sort -u >"$tmp/made"
comm -23 "$tmp/map" "$tmp/made" >"$tmp/bad"
none "t/sandbox.c makes each call of the library" "$tmp/bad"
echo "1..$n"
