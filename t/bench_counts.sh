# Compares exact counts of libmio and of epoll itself, which do the same work
# by the same code (bench/).  An operation must make as many system calls as
# with epoll, and fewer for wakes; nothing may allocate once warm; an event may
# cost at most 20 instructions more; a source may have no memory of its own.
# The library is compiled for this with -O2, whatever the build's flags are.

. "${top_builddir:-.}/t/lib/env"

if [ "$SELECTOR" != epoll ]; then
	echo "1..0 # SKIP another selector can't be compared with epoll"
	exit 0
fi
if [ -z "$STRACE" ] || ! command -v valgrind >/dev/null 2>&1; then
	echo "1..0 # SKIP no strace, or no valgrind"
	exit 0
fi
counted=$(mktemp -d) || exit 99
trap 'rm -rf "$counted"' EXIT
if ! $STRACE -c -U calls,name -o "$counted/probe" true 2>/dev/null; then
	echo "1..0 # SKIP strace may not trace here, or not count"
	exit 0
fi
# shellcheck disable=SC3045 # systems without it have no strace
descriptors=$(ulimit -H -n)
if [ "$descriptors" != unlimited ] && [ "$descriptors" -lt 2100 ]; then
	echo "1..0 # SKIP no more than $descriptors descriptors"
	exit 0
fi
. "$top_srcdir/bench/count.sh"
. "$top_srcdir/t/lib/optimized"

# program NAME FILE...: builds run_NAME.
program() {
	name=$1
	shift
	for file; do
		set -- "$@" "$top_srcdir/bench/$file"
		shift
	done
	optimized "$counted/run_$name" "$@" -DBENCH_NAME="\"$name\"" ||
	    exit 99
}

work="main.c measure.c memory.c threads.c work.c"
program raw $work io_plain.c lib_raw.c
program mio $work lib_mio.c

n=0
# result TRUTH TEXT
result() {
	n=$((n + 1))
	if $AWK "BEGIN { exit !($1) }"; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

# take COUNT LIBRARY ROW: prints the count for an operation.
take() {
	if ! an_op "$1" "$counted/run_$2" "$3"; then
		echo "Bail out! $2, $3: no count of $1" >&2
		$SED 's/^/# /' "$counted/errors" >&2
		return 1
	fi
}

plain="pingpong fanin events idle_10 udp_1000 churn churn_wait reregister"
plain="$plain accept"
for row in $plain; do
	raw=$(take calls raw $row) && mio=$(take calls mio $row) || exit 99
	result "$mio == $raw && $raw > 0" "$row: $mio system calls, epoll $raw"
done
# Threads that end can make a few calls more or fewer, a handful of 800.  A
# wait that begins between the two halves of a wake returns it at once, and one
# later system call returns without an event (see t/fail_wait.c); the scheduler
# decides how often, so a row is tried again.
for row in wake_sleeper roundtrip; do
	raw=$(take calls raw $row) || exit 99
	for try in 1 2 3 4 5; do
		mio=$(take calls mio $row) || exit 99
		! $AWK "BEGIN { exit !($mio - $raw <= 0.1) }" || break
	done
	result "$mio - $raw <= 0.1 && $raw - $mio <= 0.1 && $raw > 0" \
	    "$row: $mio system calls, epoll $raw (try $try)"
done
raw=$(take calls raw wake_burst) && mio=$(take calls mio wake_burst) || exit 99
result "$mio == 0 && $raw == 1" "wake_burst: $mio system calls, eventfd $raw"
for row in $plain wake_burst; do
	mio=$(take allocations mio $row) || exit 99
	result "$mio == 0" "$row: $mio allocations"
done
raw=$(take instructions raw events) && mio=$(take instructions mio events) ||
    exit 99
result "$mio - $raw <= 20 && $raw > 0" \
    "an event: $mio instructions, epoll $raw"
for kind in "udp 1000" "tcp 400"; do
	heap=$("$counted/run_mio" -m $kind | cut -f 4)
	if [ "$heap" = -1.0 ]; then
		n=$((n + 1))
		echo "ok $n # SKIP no mallinfo2"
	else
		result "$heap == 0" "$kind sources: $heap bytes of heap each"
	fi
done
echo "1..$n"
