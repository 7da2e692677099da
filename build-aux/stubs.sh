# stubs.sh PAGES OUT: for every further name of a page in PAGES, writes a
# page to OUT that consists of the request to read the real one.

for page in "$1"/*.3; do
	base=${page##*/}
	base=${base%.3}
	# shellcheck disable=SC2013 # names are words
	for name in $(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z0-9_]*\).*/\1/p' \
	    "$page"); do
		[ "$name" = "$base" ] && continue
		# Those that make a dist from a tarball have them already.
		echo ".so man3/$base.3" >"$2/$name.3" || exit 1
	done
done
