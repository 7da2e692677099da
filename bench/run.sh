#!/bin/sh
#
# run.sh [-q] OUT PROGRAM...: measures every row with every program in turn, and
# writes OUT, a table of fields with tabs:
#
#	host	WHAT VALUE			the machine
#	library	LIBRARY VERSION
#	missing	LIBRARY				not found by configure
#	lazy	ROW LIBRARY			deferred calls: not compared
#	time	ROW LIBRARY ROUND NS OPS	an operation's time
#	left	ROW LIBRARY REASON		not possible here
#	failed	ROW LIBRARY WHAT
#	trend	ROW LIBRARY PROCESSES NS OPS	beside others of the same size
#	slab	ROW LIBRARY PROCESSES BYTES	of the kernel, for a source
#
# A round has several turns.  In each turn every program runs once, for MSEC;
# the fastest of its turns is its round.  The place of a process in memory, and
# other processes, can only make it slower: one process in three is slower by an
# eighth and more.  Without taking the fastest, the comparison would be one of
# luck.
#
# The first program of each turn is the one for raw epoll, and it runs again as
# raw2: the difference of the two is what this machine cannot tell apart.  The
# others change places from turn to turn.  -q is short, and checks only that
# everything works.

AWK=${AWK:-awk}
rounds=${BENCH_ROUNDS:-11} turns=${BENCH_TURNS:-5} msec=${BENCH_MSEC:-20}
quick=no
if [ "$1" = -q ]; then
	quick=yes rounds=3 turns=1 msec=10
	shift
fi
out=$1
shift
raw=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
. "$(dirname "$0")/tell.sh"

# The name of the processor; its label depends on the kind of machine.
cpu() {
	$AWK -F ': *' '/^(model name|Model|Processor|cpu)[ \t]*:/ {
		print $2
		exit
	}' /proc/cpuinfo
}

host() {
	tell host date "$(date -u +%Y-%m-%d)"
	tell host kernel "$(uname -srm)"
	tell host processor "$(cpu)"
	tell host processors "$(getconf _NPROCESSORS_ONLN)"
	tell host memory \
	    "$($AWK '/^MemTotal/ { print int($2 / 1024) " MB" }' /proc/meminfo)"
	tell host hypervisor \
	    "$(grep -qw hypervisor /proc/cpuinfo && echo yes || echo no)"
	tell host compiler "$($CC --version 2>/dev/null | head -n 1)"
	tell host flags "$CFLAGS"
	# shellcheck disable=SC3045 # a shell without it reports nothing
	tell host descriptors "$(ulimit -H -n 2>/dev/null)"
	tell host load "$(cut -d ' ' -f 1-3 /proc/loadavg)"
	tell host rounds "$rounds, the best of $turns turns of $msec ms"
}

# failed ROW LIBRARY: records the failure with its message.
failed() {
	tell failed "$1" "$2" "$(head -n 1 "$tmp/errors")"
	echo "FAILED: $1 $2: $(cat "$tmp/errors")"
	status=1
}

# measure ROW PROGRAM NAME [CALLED]: a turn; false if the program has no more.
measure() {
	"$2" -t "$msec" "$1" >"$tmp/result" 2>"$tmp/errors"
	case $? in
	0)	printf '%s\t%s\n' "$3" "$(cut -f 3,4 "$tmp/result")" \
		    >>"$tmp/round"
		return 0 ;;
	77)	tell left "${4:-$1}" "$3" "$(cat "$tmp/errors")" ;;
	*)	failed "${4:-$1}" "$3" ;;
	esac
	return 1
}

# told KIND ROW NUMBER: writes the fastest of each program's turns.
told() {
	$AWK -v kind="$1" -v row="$2" -v number="$3" -v OFS='\t' -F '\t' '
		!($1 in ns) { names[++n] = $1 }
		!($1 in ns) || $2 < ns[$1] {
			ns[$1] = $2
			ops[$1] = $3
		}
		END {
			for (i = 1; i <= n; i++)
				print kind, row, names[i], number, \
				    ns[names[i]], ops[names[i]]
		}' "$tmp/round" >>"$out"
	: >"$tmp/round"
}

# All rounds of a row.  A program that fails in a turn takes no further part.
row() {
	name=$1 turn=1 with_raw=yes
	shift
	: >"$tmp/round"
	while [ "$turn" -le $((rounds * turns)) ]; do
		with=
		[ $with_raw = no ] ||
		    measure "$name" "$raw" raw || with_raw=no
		for program; do
			measure "$name" "$program" "${program##*run_}" &&
			    with="$with $program"
		done
		[ $with_raw = no ] || measure "$name" "$raw" raw2
		[ $((turn % turns)) != 0 ] ||
		    told time "$name" $((turn / turns))
		# shellcheck disable=SC2086 # words
		set -- $with
		if [ $# -gt 0 ]; then
			next=$1
			shift
			set -- "$@" "$next"
		elif [ $with_raw = no ]; then
			return
		fi
		turn=$((turn + 1))
	done
}

slab() {
	$AWK '/^Slab:/ { printf "%.0f\n", $2 * 1024 }' /proc/meminfo
}

# holders ROW PROGRAM: starts three processes that hold the same set-up until
# file descriptor 9 is closed; false if they do not become ready.
holders() {
	holding=
	: >"$tmp/held"
	mkfifo "$tmp/hold" || return 1
	for i in 1 2 3; do
		"$2" -h "$1" <"$tmp/hold" >>"$tmp/held" 2>>"$tmp/errors" &
		holding="$holding $!"
	done
	exec 9>"$tmp/hold"
	i=0
	while [ "$(grep -c ready "$tmp/held")" != 3 ] && [ $i -lt 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ "$(grep -c ready "$tmp/held")" = 3 ]
}

# released: sets $ended to 77 if one of them left the row out, else to an error.
released() {
	exec 9>&-
	ended=0
	for pid in $holding; do
		wait "$pid"
		code=$?
		[ $code = 0 ] || [ $ended = 77 ] || ended=$code
	done
	rm -f "$tmp/hold"
}

# trend ROW SIZE PROGRAM: measures beside three processes with the same set-up.
trend() {
	name="$1, 4 processes" library=${3##*run_}
	before=$(slab)
	: >"$tmp/errors"
	: >"$tmp/round"
	if holders "$1" "$3"; then
		tell slab "$1" "$library" 3 $((($(slab) - before) / (3 * $2)))
		turn=1
		while [ $turn -le $((5 * turns)) ] &&
		    measure "$1" "$3" "$library" "$name"; do
			[ $((turn % turns)) != 0 ] || told trend "$1" 4
			turn=$((turn + 1))
		done
		released
		return
	fi
	released
	if [ $ended = 77 ]; then
		tell left "$name" "$library" "$(head -n 1 "$tmp/errors")"
	else
		[ -s "$tmp/errors" ] || echo "not ready" >"$tmp/errors"
		failed "$name" "$library"
	fi
}

: >"$out" || exit 1
host
for program; do
	"$program" -V >"$tmp/version" || exit 1
	tell library "$(cat "$tmp/version")"
	"$program" -l | $AWK -v l="${program##*run_}" -F '\t' \
	    '$2 == "lazy" { print "lazy\t" $1 "\t" l }' >>"$out"
done
for library in $BENCH_MISSING; do
	tell missing "$library"
	echo "LEFT OUT: $library: not found by configure"
done
rows=$("$raw" -l | cut -f 1)
shift
printf 'measuring, %s rounds:' "$rounds"
for name in $rows; do
	case $quick$name in
	yesidle_9000|yesudp_18000)
		tell left "$name" - "it takes long"
		continue ;;
	esac
	printf ' %s' "$name"
	row "$name" "$@"
done
echo
if [ $quick = no ]; then
	for program in "$raw" "$@"; do
		case $program in
		*run_raw|*run_mio)
			trend idle_9000 18000 "$program"
			trend udp_18000 18000 "$program" ;;
		esac
	done
fi
exit $status
