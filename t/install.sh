# Checks what make install installs, and builds and runs a program by
# pkg-config alone.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0

result() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

skip() {
	n=$((n + 1))
	echo "ok $n # SKIP $1: $2"
}

if (cd "$top_builddir" && $MAKE install DESTDIR="$tmp/root") \
    >"$tmp/out" 2>&1; then
	result ok "make install DESTDIR"
else
	result "not ok" "make install DESTDIR"
	$SED 's/^/# /' "$tmp/out"
fi

root=$tmp/root
bad=
for file in "$includedir/mio.h" "$pkgconfigdir/libmio.pc"; do
	[ -f "$root$file" ] || bad="$bad $file"
done
for name in $(sh "$top_srcdir/build-aux/names.sh" "$top_srcdir"/man/*.3 |
    $SED 's/.* //'); do
	[ -f "$root$mandir/man3/$name.3" ] || bad="$bad $name.3"
done
for page in "$top_srcdir"/man/*.[37]; do
	[ -f "$root$mandir/man${page##*.}/${page##*/}" ] || bad="$bad $page"
done
if [ -z "$bad" ]; then
	result ok "the header, pkg-config's file and the manual are there"
else
	result "not ok" "the header, pkg-config's file and the manual are there"
	echo "# missing:$bad"
	echo "# ./bootstrap derives the list of the manual's stubs."
fi

if ! command -v pkg-config >/dev/null 2>&1; then
	skip "README's program" "no pkg-config"
	skip "the version" "no pkg-config"
else
	PKG_CONFIG_PATH=$root$pkgconfigdir
	PKG_CONFIG_SYSROOT_DIR=$root
	PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
	PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
	export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
	export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
	$AWK -f "$top_srcdir/t/lib/readme.awk" "$top_srcdir/README" \
	    >"$tmp/readme.c"
	static=
	ls "$root$libdir"/libmio.so* >/dev/null 2>&1 || static=--static
	# shellcheck disable=SC2046,SC2086 # options
	if $CC $CFLAGS -o "$tmp/readme" "$tmp/readme.c" \
	    $(pkg-config $static --cflags --libs libmio) >"$tmp/out" 2>&1 &&
	    LD_LIBRARY_PATH="$root$libdir" timeout 20 "$tmp/readme" \
	    >>"$tmp/out" 2>&1; then
		result ok "README's program, by pkg-config: $(cat "$tmp/out")"
	else
		result "not ok" "README's program, by pkg-config"
		$SED 's/^/# /' "$tmp/out"
	fi
	version=$(pkg-config --modversion libmio)
	if [ "$version" = "$PACKAGE_VERSION" ]; then
		result ok "pkg-config has the version"
	else
		result "not ok" "pkg-config has the version: $version"
	fi
fi

# configure.ac and README have the same placeholder for the home page.
home=$(echo "$PACKAGE_URL" | $SED 's/[()]//g')
if grep -q "$home" "$top_srcdir/README"; then
	result ok "README has: $home"
else
	result "not ok" "README has: $home"
fi
echo "1..$n"
