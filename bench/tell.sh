# Writes lines of the table of results, $out.  Sourced.

# tell KIND FIELD...
tell() {
	printf '%s' "$1" >>"$out"
	shift
	printf '\t%s' "$@" >>"$out"
	echo >>"$out"
}

# left_out ROW REASON: prints it on the terminal, too.
left_out() {
	tell left "$1" - "$2"
	echo "LEFT OUT: $1: $2"
}
