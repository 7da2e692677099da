# Counts the cost of a row's operation.  Sourced by bench/counts.sh and
# t/bench_counts.sh.
#
# A count is the difference of two runs, the second of twice as many steps, so
# that everything that a program does before and after its work cancels out.

# All system calls of all threads.
calls_in() {
	$STRACE -f -c -U calls,name -o "$counted/strace" "$@" \
	    >"$counted/ops" 2>"$counted/errors" || return
	$AWK '$2 == "total" { n = $1 } END { print n + 0 }' "$counted/strace"
}

# Instructions in user space of all threads.
instructions_in() {
	valgrind --tool=cachegrind --cache-sim=no \
	    --cachegrind-out-file="$counted/cachegrind" "$@" \
	    >"$counted/ops" 2>"$counted/errors" || return
	$AWK '/^summary:/ { print $2 }' "$counted/cachegrind"
}

# Calls of malloc and similar functions, including those of C++ and Rust.
allocations_in() {
	valgrind --leak-check=no --undef-value-errors=no "$@" \
	    >"$counted/ops" 2>"$counted/errors" || return
	$SED -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' \
	    "$counted/errors" | tr -d ,
}

# an_op COUNT PROGRAM ROW: what COUNT counts, for one operation.  If the program
# fails, so does this function, with its exit status.
an_op() {
	# The time when a thread starts or ends makes a difference of a call.
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
