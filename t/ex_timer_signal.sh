# examples/timer_signal: ticks as often as its arguments specify, and signals
# end it.

. "${top_builddir:-.}/t/lib/env"

program=$top_builddir/examples/timer_signal$EXEEXT
if [ ! -x "$program" ]; then
	echo "1..0 # SKIP examples/timer_signal is left out here"
	exit 0
fi
slow=${T_SLOW:-1}
tmp=$(mktemp -d) || exit 99
pid=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
n=0

# check TEXT COMMAND...
check() {
	text=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		$SED 's/^/# /' "$tmp/out" "$tmp/err"
	fi
}

pause() {
	sleep 0.1 2>/dev/null || sleep 1	# POSIX has whole seconds only
}

# Waits until the output has such a line.
wait_line() {
	i=0
	until grep -q "$1" "$tmp/out"; do
		i=$((i + 1))
		[ $i -le $((100 * slow)) ] || return 1
		pause
	done
}

# ended STATUS: $pid ends in time, with this status.
ended() {
	i=0
	while kill -0 "$pid" 2>/dev/null; do
		i=$((i + 1))
		[ $i -le $((100 * slow)) ] || return 1
		pause
	done
	wait "$pid"
	status=$?
	pid=
	[ $status -eq "$1" ]
}

ticks() {
	timeout $((30 * slow)) "$program" "$@" >"$tmp/out" 2>"$tmp/err"
}

last_line() {
	[ "$(tail -n 1 "$tmp/out")" = "$1" ]
}

: >"$tmp/err"
check "five ticks" ticks 5 10
check "and the last is the fifth" last_line "tick 5"

for signal in TERM INT; do
	: >"$tmp/out"			# drop an earlier one's output
	"$program" 1000000 20 >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	check "it ticks, $signal" wait_line '^tick '
	check "it continues to tick, $signal" wait_line '^tick [0-9]*[3-9]$'
	kill -$signal "$pid"
	check "SIG$signal ends it with 0" ended 0
	check "and the signal is printed" \
	    grep -q "^SIG$signal from process $$\$" "$tmp/out"
done

check "0 ticks are refused" test "$(ticks 0 >/dev/null; echo $?)" = 1
check "a word is refused" test "$(ticks 1 soon >/dev/null; echo $?)" = 1
check "with a message" grep -q 'soon: not a number above 0' "$tmp/err"
echo "1..$n"
