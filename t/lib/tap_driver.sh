# Checks that automake's driver takes a program without a plan for a failure.
# Under Wine, a program that cannot be started prints nothing and exits with 0.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

# verdict RESULT WORDS COMMAND...: the result of a program by the driver.
verdict() {
	n=$((n + 1))
	result=$1
	words=$2
	shift 2
	AM_TAP_AWK=${AWK:-awk} sh "$top_srcdir/build-aux/tap-driver.sh" \
	    --test-name program --log-file "$tmp/log" --trs-file "$tmp/trs" \
	    --color-tests no --enable-hard-errors yes --expect-failure no \
	    -- "$@" >"$tmp/out" 2>&1
	if grep -q "^:global-test-result: $result" "$tmp/trs"; then
		echo "ok $n - $words: $result"
	else
		echo "not ok $n - $words: $result"
		sed 's/^/# /' "$tmp/out" "$tmp/trs"
	fi
}

verdict PASS "all as planned" printf 'ok 1\n1..1\n'
verdict ERROR "nothing is printed" true
verdict ERROR "there is no plan" echo 'ok 1'
verdict ERROR "an assertion is missing" printf 'ok 1\n1..2\n'
echo "1..$n"
