# stubs.sh SRCDIR OUT: writes the manual's stubs to OUT.  A stub is a page of
# one line for a further name of a page; the line makes man(1) read that page.

# A tarball has the stubs already, so that make dist there writes them again.
sh "$1/build-aux/names.sh" "$1"/man/*.3 | while read -r page name; do
	[ "$name.3" = "$page" ] || echo ".so man3/$page" >"$2/$name.3" || exit 1
done
