# What a row's operation takes, counted.  Sourced by bench/counts.sh and
# t/bench_counts.sh.
#
# Each is the difference of two runs, the second of twice as many steps, so that
# all that a program does before and after its work cancels out.

# All system calls, of all its threads.
calls_in() {
	$STRACE -f -c -U calls,name -o "$counted/strace" "$@" \
	    >"$counted/ops" 2>"$counted/errors" || return
	$AWK '$2 == "total" { n = $1 } END { print n + 0 }' "$counted/strace"
}

# Instructions in user space, of all its threads.
instructions_in() {
	valgrind --tool=cachegrind --cache-sim=no \
	    --cachegrind-out-file="$counted/cachegrind" "$@" \
	    >"$counted/ops" 2>"$counted/errors" || return
	$AWK '/^summary:/ { print $2 }' "$counted/cachegrind"
}

# Calls of malloc and its kin, also what they are called in C++ and Rust.
allocations_in() {
	valgrind --leak-check=no --undef-value-errors=no "$@" \
	    >"$counted/ops" 2>"$counted/errors" || return
	$SED -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' \
	    "$counted/errors" | tr -d ,
}

# an_op COUNT PROGRAM ROW: of what COUNT counts, how much an operation.  If the
# program fails, so does this, with its exit status.
an_op() {
	# Threads that start or end earlier or later make a call of difference.
	case $3 in
	wake_sleeper|roundtrip)	steps=200 ;;
	*)			steps=4 ;;
	esac
	one=$("$1_in" "$2" -n $steps "$3") || return
	two=$("$1_in" "$2" -n $((2 * steps)) "$3") || return
	ops=$($AWK -F '\t' '{ print $3 / 2 }' "$counted/ops")
	[ -n "$one" ] && [ -n "$two" ] && [ -n "$ops" ] || return 1
	$AWK "BEGIN {
		n = int(($two - $one) / $ops * 100 + 1000.5) - 1000
		print n / 100
	}"
}
