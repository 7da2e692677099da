# Checks that each program in an EXAMPLES section of the manual, and README's,
# compiles without a warning and exits with 0.  README's program must be C++ as
# well.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

# displays PAGE: writes each display under EXAMPLES to $tmp/NAME.I.c, with
# mdoc's escapes undone.
displays() {
	$AWK -v out="$tmp/${1##*/}" '
		/^\.Sh / { inside = $2 == "EXAMPLES" }
		!inside { next }
		/^\.Bd -literal/ { file = out "." i++ ".c"; next }
		/^\.Ed/ { file = ""; next }
		file != "" {
			gsub(/\\&/, "")
			gsub(/\\e/, "\\")
			print >file
		}
	' "$1"
}

for page in "$top_srcdir"/man/*.[37]; do
	displays "$page"
done

readme=$tmp/README.0.c
$AWK -f "$top_srcdir/t/lib/readme.awk" "$top_srcdir/README" >"$readme"

library=$top_builddir/.libs/libmio.a
[ -f "$library" ] || library="-L$top_builddir/.libs -lmio"
LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

for source in "$tmp"/*.c; do
	name=${source##*/}
	program=${source%.c}
	n=$((n + 1))
	if grep -q mio_named_pipe "$source" && [ -z "$EXEEXT" ]; then
		echo "ok $n # SKIP $name: only Windows has named pipes"
		continue
	fi
	# shellcheck disable=SC2086 # options
	if ! $CC -std=c99 -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L \
	    -D_DEFAULT_SOURCE -I"$top_srcdir/include" $CFLAGS $LDFLAGS \
	    -o "$program" "$source" $library $LIBS >"$tmp/out" 2>&1; then
		echo "not ok $n - $name compiles"
		$SED 's/^/# /' "$tmp/out"
	elif ! timeout 20 "$program" >"$tmp/out" 2>&1; then
		echo "not ok $n - $name runs"
		$SED 's/^/# /' "$tmp/out"
	else
		echo "ok $n - $name compiles and runs"
	fi
done

n=$((n + 1))
cp "$readme" "$tmp/readme.cc"
# shellcheck disable=SC2086 # options
if ! echo 'int main() { return 0; }' >"$tmp/probe.cc" ||
    ! $CXX -c "$tmp/probe.cc" -o "$tmp/probe.o" >/dev/null 2>&1; then
	echo "ok $n # SKIP README's program in C++: no C++ compiler"
elif $CXX -std=c++11 -Wall -Wextra -Wpedantic -Werror \
    -I"$top_srcdir/include" -c "$tmp/readme.cc" -o "$tmp/readme.o" \
    >"$tmp/out" 2>&1; then
	echo "ok $n - README's program is C++ as well"
else
	echo "not ok $n - README's program is C++ as well"
	$SED 's/^/# /' "$tmp/out"
fi
echo "1..$n"
