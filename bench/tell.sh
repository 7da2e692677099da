# The lines of a table of results.  Sourced; the table is $out.

# tell KIND FIELD...
tell() {
	printf '%s' "$1" >>"$out"
	shift
	printf '\t%s' "$@" >>"$out"
	echo >>"$out"
}

# left_out ROW REASON: on the terminal, too.
left_out() {
	tell left "$1" - "$2"
	echo "LEFT OUT: $1: $2"
}
