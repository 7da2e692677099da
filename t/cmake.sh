# Checks the build with CMake, packaging/windows, against the one with configure
# and make: they compile the same sources, with the same configuration.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

# same NAME ONE OTHER: two lists are equal, and not empty.
same() {
	n=$((n + 1))
	if [ -s "$2" ] && cmp -s "$2" "$3"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		diff "$2" "$3" | $SED 's/^/# /'
	fi
}

# What Makefile.am puts into the library when configure has found AFD.
$AWK '
	{ line = line $0 }
	sub(/\\$/, "", line) { next }
	line ~ /^if / { skipped[++depth] = 0; afd[depth] = line ~ / BUILD_AFD$/ }
	line ~ /^else/ && afd[depth] { skipped[depth] = 1 }
	line ~ /^endif/ { depth-- }
	line ~ /^(libcore_la|libsel_afd_la|record)_[sS](OURCES|ources) *\+?=/ &&
	    !skipped[depth] { print line }
	{ line = "" }
' "$top_srcdir/Makefile.am" | tr ' \t' '\n\n' | grep '\.c$' | sort \
    >"$tmp/make"
$SED -n '/^set(sources$/,/^)$/s/^	\(.*\)/\1/p' \
    "$top_srcdir/packaging/windows/CMakeLists.txt" | sort >"$tmp/cmake"
same "CMake compiles what make does" "$tmp/make" "$tmp/cmake"

# The macros of configure that the library uses.
find "$top_srcdir/lib" "$top_srcdir/include" -name '*.[ch]' \
    -exec cat {} + | tr -cs 'A-Za-z0-9_' '\n' | sort -u >"$tmp/words"
$SED -n 's/^# *undef \([A-Za-z0-9_]*\).*/\1/p' "$top_srcdir/config.h.in" |
    sort -u | comm -12 - "$tmp/words" >"$tmp/used"
config=$top_srcdir/packaging/windows/config.h
$SED -n 's/^\/\* #undef \([A-Z0-9_]*\) \*\/$/\1/p
    s/^#define \([A-Z0-9_]*\).*/\1/p' "$config" |
    grep -v -e '^MIO_' -e '^__' | sort >"$tmp/has"
same "packaging/windows/config.h has $(wc -l <"$tmp/used" |
    tr -d ' ') macros" "$tmp/used" "$tmp/has"

# values DIRECTORY [OPTION]: what the macros are with the config.h there.
values() {
	{
		echo '#include "config.h"'
		echo '#include "mio.h"'
		for macro in MIO_DLL_EXPORT MIO_STATIC $(cat "$tmp/used"); do
			echo "#ifdef $macro"
			echo "#define IS_$macro \"$macro\" is [$macro]"
			echo "IS_$macro"
			echo "#else"
			echo "\"$macro\" is not defined"
			echo "#endif"
		done
	} >"$tmp/macros.c"
	$CC -E -P $2 -I"$1" -I"$top_srcdir/include" "$tmp/macros.c" |
	    $SED -n '/ is /{s/"\([^" ]*\)" is/\1 is/; s/" *"//g; p;}'
}

for option in "" -DDLL_EXPORT; do
	name="the same values${option:+ in a DLL}"
	if [ "$SELECTOR" = afd ]; then
		values "$top_builddir" $option >"$tmp/configure"
		values "$top_srcdir/packaging/windows" $option >"$tmp/cmake"
		same "$name" "$tmp/configure" "$tmp/cmake"
	else
		n=$((n + 1))
		echo "ok $n # SKIP configure's values are not those of Windows"
	fi
done

# The version in the manifest of the vcpkg port.
echo "$PACKAGE_VERSION" >"$tmp/version"
$SED -n 's/^  "version": "\(.*\)",$/\1/p' \
    "$top_srcdir/packaging/windows/vcpkg/vcpkg.json" >"$tmp/port"
same "the port for vcpkg has the version" "$tmp/version" "$tmp/port"
echo "1..$n"
