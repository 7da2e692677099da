# Every EXAMPLES section of the manual, and README's program, compile without
# a warning and do what they promise: end with 0.

. "${top_builddir:-.}/t/env"

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

# README: the indented block that includes mio.h.
$AWK '
	/^\t/ || /^$/ { block = block substr($0, 2) "\n"; next }
	{ if (block ~ /#include <mio.h>/) { printf "%s", block; exit }
	  block = "" }
' "$top_srcdir/README" >"$tmp/README.0.c"

library=$top_builddir/.libs/libmio.a
[ -f "$library" ] || library="-L$top_builddir/.libs -lmio"
LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

for source in "$tmp"/*.c; do
	name=${source##*/}
	program=${source%.c}
	n=$((n + 1))
	if grep -q mio_named_pipe "$source" && [ -z "$EXEEXT" ]; then
		echo "ok $n # SKIP $name: named pipes are of Windows"
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
echo "1..$n"
