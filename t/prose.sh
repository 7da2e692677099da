# The words and headings of the manual, README, HACKING and the READMEs of
# directories.  t/lib/prose_words lists the words that are rejected, and
# t/lib/prose_exceptions the phrases that are accepted nevertheless.

. "${top_builddir:-.}/t/lib/env"

LC_ALL=C
export LC_ALL
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
cd "$top_srcdir" || exit 99
n=0

# none NAME FILE: passes if the file is empty, and shows it otherwise.
none() {
	n=$((n + 1))
	if [ -s "$2" ]; then
		echo "not ok $n - $1"
		$SED 's/^/# /' "$2"
	else
		echo "ok $n - $1"
	fi
}

# wrong_words USED: reads what prose.awk wrote.
wrong_words() {
	$AWK -v USED="$1" -f t/lib/prose_match.awk t/lib/prose_words \
	    t/lib/prose_exceptions -
}

# wrong_headings: likewise.
wrong_headings() {
	$SED -n 's/^macro	\(.*\)	\(.*\)/\1: "\2" is a macro: quote it/p'
}

# The patterns of t/lib/prose_words, or the phrases of t/lib/prose_exceptions.
second_fields() {
	$AWK -F '\t' '!/^(#|$)/ { print $2 }' "$1" | sort
}

# First the test tests itself.
$SED '/^#/d; s/$/\
.Pp/' t/lib/prose_old >"$tmp/old.7"
$AWK -f t/lib/prose.awk "$tmp/old.7" | wrong_words "$tmp/old_used" |
    $SED 's/^[^:]*:\([0-9]*\):.*/\1/' | sort -u >"$tmp/found"
$AWK 'NR == FNR { found[$1] = 1; next } !(FNR in found) && !/^\.Pp/' \
    "$tmp/found" "$tmp/old.7" >"$tmp/wrong"
none "each sentence of t/lib/prose_old is rejected" "$tmp/wrong"
second_fields t/lib/prose_words >"$tmp/patterns"
sort -u "$tmp/old_used" | comm -23 "$tmp/patterns" - >"$tmp/wrong"
none "each pattern of t/lib/prose_words matches one of them" "$tmp/wrong"

cat >"$tmp/bad.3" <<'END'
.Sh SIGNALS AND En OTHERS
.Ss In a forked child
.Ss The best of An hour
.It No more than one
.It While At work
.It waiting, No matter how
.It Do nothing
END
cat >"$tmp/good.3" <<'END'
.Sh A SERVER, STEP BY STEP
.Ss "In a forked child"
.Ss \&In a forked child
.Ss Windows
.It Bq Er EAGAIN No or Er EWOULDBLOCK
.It Dv MIO_READABLE | Dv MIO_WRITABLE
.It In sys/socket.h
.It Pa /dev/tty
.It Fn mio_poll "struct mio_poller *poller" , No with Xr poll 2
.It a column Ta Xr mio_poll 3 No for each \" a comment
.It Do quoted Dc
END
$AWK -f t/lib/prose.awk "$tmp/bad.3" | grep '^macro' |
    $SED 's/.*:\([0-9]*\)	.*/\1/' | sort -u >"$tmp/found"
$AWK 'NR == FNR { found[$1] = 1; next } !(FNR in found)' \
    "$tmp/found" "$tmp/bad.3" >"$tmp/wrong"
$AWK -f t/lib/prose.awk "$tmp/good.3" | wrong_headings >>"$tmp/wrong"
none "words of headings that are macros are found, and true macros are not" \
    "$tmp/wrong"

: >"$tmp/used"
for file in man/*.[37] README HACKING t/README bench/README packaging/README; do
	$AWK -f t/lib/prose.awk "$file" >"$tmp/text"
	wrong_words "$tmp/file_used" <"$tmp/text" >"$tmp/wrong"
	none "$file: plain words" "$tmp/wrong"
	[ ! -f "$tmp/file_used" ] || cat "$tmp/file_used" >>"$tmp/used"
	case $file in
	*.[37])	wrong_headings <"$tmp/text" >"$tmp/wrong"
		none "$file: no word of a heading is a macro" "$tmp/wrong" ;;
	esac
done

second_fields t/lib/prose_exceptions >"$tmp/exceptions"
sort -u "$tmp/used" | comm -23 "$tmp/exceptions" - >"$tmp/wrong"
none "each exception is needed" "$tmp/wrong"
echo "1..$n"
