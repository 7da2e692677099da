# Checks that mio.h compiles alone, twice, in C and in C++, without a socket
# header.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0
strict="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

try() {
	what=$1
	shift
	n=$((n + 1))
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		$SED 's/^/# /' "$tmp/out"
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n # SKIP $1: $2"
}

cat >"$tmp/twice.c" <<'C'
#include <mio.h>
#include <mio.h>

/* Frozen: a token and two words. */
typedef char size[sizeof(struct mio_event) == sizeof(void *) + 8 ? 1 : -1];
size frozen;
C
cp "$tmp/twice.c" "$tmp/twice.cc"

# shellcheck disable=SC2086 # options
try "C99" $CC -std=c99 $strict -I"$top_srcdir/include" -c "$tmp/twice.c" \
    -o "$tmp/twice.o"
# shellcheck disable=SC2086
if echo 'int main() { return 0; }' >"$tmp/probe.cc" &&
    $CXX -c "$tmp/probe.cc" -o "$tmp/probe.o" >/dev/null 2>&1; then
	try "C++11" $CXX -std=c++11 $strict -I"$top_srcdir/include" \
	    -c "$tmp/twice.cc" -o "$tmp/twice.o"
else
	skip "C++11" "no C++ compiler"
fi

$CC -E -I"$top_srcdir/include" "$tmp/twice.c" >"$tmp/expanded"
# shellcheck disable=SC2016
try "no socket header" $AWK '
	/sys\/socket\.h|netinet|struct sockaddr_storage/ { print; bad = 1 }
	END { exit bad }' "$tmp/expanded"
echo "1..$n"
