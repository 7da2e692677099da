# examples/demo: has both ends of 500 connections, and gets back each byte.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"

demo() {
	timeout 100 $RUN "$top_builddir/examples/demo$EXEEXT" "$@" \
	    >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	cat "$tmp/out" "$tmp/err"
	return $status
}
all() {
	demo -c 500 && grep -q '500 were open at once' "$tmp/out"
}
ok "500 connections" all

# The data depends on the seed; times and events don't.
same_seed() {
	demo -c 20 -s 7 && grep '^messages\|^bytes' "$tmp/out" >"$tmp/first" &&
	    demo -c 20 -s 7 && grep '^messages\|^bytes' "$tmp/out" |
	    cmp "$tmp/first" - && [ "$(wc -l <"$tmp/first")" = 2 ]
}
ok "the same seed, the same bytes" same_seed
no_number() {
	! demo -c 0 && grep -q '0: not a number' "$tmp/err"
}
ok "no connections are refused" no_number
echo "1..$n"
