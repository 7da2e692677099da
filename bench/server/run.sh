#!/bin/sh
#
# run.sh [-q] OUT PROGRAM...: measures the servers under load in turn, and adds
# to OUT, the table of bench/run.sh:
#
#	server	ROW LIBRARY ROUND REQUESTS/S P50 P99 P99.9 NS BUSY
#						microseconds; nanoseconds of the
#						processor for a request, and
#						the part of the time that the
#						server used its processor
#	server_calls	ROW LIBRARY COUNT	system calls a request
#	server_instructions ROW LIBRARY COUNT	in user space, a request
#	left, failed				as in bench/run.sh
#
# The server has one processor and the load another.  A round has several turns.
# Each turn starts all servers, one a program, and serve_raw a second time: the
# difference of raw and raw2 is what this machine cannot tell apart.  For each
# row all are put under load one after the other, beginning with another one in
# each turn.  The best turn of a server is its round: see bench/run.sh.  -q is
# short.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
. "$top_srcdir/bench/server/start.sh"
. "$top_srcdir/bench/tell.sh"

# wrk takes whole seconds.
rounds=${BENCH_ROUNDS:-11} turns=${BENCH_TURNS:-2}
seconds=${BENCH_SECONDS:-1} quick=no
msec=$((seconds * 1000))
if [ "$1" = -q ]; then
	quick=yes rounds=1 turns=1 msec=300
	shift
fi
out=$1
shift
status=0
tab=$(printf '\t')

# failed ROW LIBRARY FILE
failed() {
	tell failed "$1" "$2" "$(head -n 1 "$3")"
	echo "FAILED: $1 $2: $(head -n 5 "$3")"
	status=1
}

# name PROGRAM: sets $name to the name of its library.
name() {
	name=${1##*/}
	name=${name#serve_}
}

# ROW KIND CONNECTIONS DEPTH-OR-SIZE, for each kind of server.
http_rows="http_16:wrk:16:1 http_256:wrk:256:1 http_16x16:wrk:16:16
http_16x16_own:http:16:16"
echo_rows="echo_64_16:echo:16:64 echo_64_256:echo:256:64
echo_16k_16:echo:16:16384"

# drive KIND CONNECTIONS DEPTH-OR-SIZE ADDRESS: writes a line as load.c does.
drive() {
	case $1 in
	wrk)	set -- wrk -t 1 -c "$2" -d "${seconds}s" \
		    -s "$top_srcdir/bench/server/wrk.lua" "http://$4/" \
		    -- "$3" ;;
	http)	set -- "$load" -c "$2" -p "$3" -t "$msec" "$4" ;;
	echo)	set -- "$load" -c "$2" -s "$3" -t "$msec" "$4" ;;
	esac
	timeout 120 taskset -c 1 "$@" >"$tmp/driven" 2>&1 &&
	    grep "^load$tab" "$tmp/driven" >"$tmp/line"
}

# Nanoseconds of processor time of a process, if Linux counts them.
spent() {
	if [ -r "/proc/$1/schedstat" ]; then
		cut -d ' ' -f 1 "/proc/$1/schedstat"
	else
		echo -1
	fi
}

# measure ROW KIND CONNECTIONS DEPTH-OR-SIZE LIBRARY
measure() {
	eval "address=\$address_$5 pid=\$pid_$5"
	before=$(spent "$pid")
	if ! drive "$2" "$3" "$4" "$address"; then
		failed "$1" "$5" "$tmp/driven"
		return
	fi
	after=$(spent "$pid")
	# wrk adds to the latencies those of requests that it would have sent
	# meanwhile.  Of several requests in one piece its figures are wrong.
	none=0
	[ "$2" != wrk ] || [ "$4" = 1 ] || none=1
	$AWK -F '\t' -v OFS='\t' -v row="$1" -v library="$5" \
	    -v spent=$((after - before)) -v none=$none '{
		if (none)
			$4 = $5 = $6 = "-"
		ns = spent > 0 && $7 > 0 ? spent / $7 : 0
		rate = $2 / $3
		print row, library, sprintf("%.1f", rate), $4, $5, $6, \
		    sprintf("%.1f", ns), sprintf("%.3f", ns * rate / 1e9)
	}' "$tmp/line" >>"$tmp/round"
}

# told ROUND: writes the turn with the most requests of each row and library.
told() {
	$AWK -F '\t' -v OFS='\t' -v round="$1" '
		{ is = $1 OFS $2 }
		!(is in most) { names[++n] = is }
		!(is in most) || $3 > most[is] {
			most[is] = $3
			line[is] = $3 OFS $4 OFS $5 OFS $6 OFS $7 OFS $8
		}
		END {
			for (i = 1; i <= n; i++)
				print "server", names[i], round, line[names[i]]
		}' "$tmp/round" >>"$out"
	: >"$tmp/round"
}

# begin PROTOCOL PROGRAM...: starts all servers, and sets $libraries.
begin() {
	protocol=$1 libraries=
	shift
	for program in "$@" "$1"; do
		[ "$protocol" = http ] || [ "$program" != "$example" ] ||
		    continue
		name "$program"
		case " $libraries " in
		*" $name "*)	name=${name}2 ;;
		esac
		under="taskset -c 0"
		start_server "$program" "$protocol" || exit 1
		eval "address_$name=\$address pid_$name=\$server"
		libraries="$libraries $name"
	done
}

end() {
	for library in $libraries; do
		eval "stop_server \$pid_$library"
	done
}

# turned LIBRARY...: rotates the list by the number of turns before this one.
turned() {
	i=$(((turn - 1) % $#))
	while [ $i -gt 0 ]; do
		first=$1
		shift
		set -- "$@" "$first"
		i=$((i - 1))
	done
	libraries=$*
}

# rows PROTOCOL ROW... -- PROGRAM...: one turn.
rows() {
	protocol=$1 wanted=
	shift
	while [ "$1" != -- ]; do
		wanted="$wanted $1"
		shift
	done
	shift
	begin "$protocol" "$@"
	turned $libraries
	for row in $wanted; do
		printf ' %s' "${row%%:*}"
		for library in $libraries; do
			# shellcheck disable=SC2046 # words
			measure $(echo "$row" | tr : ' ') "$library"
		done
	done
	end
}

under_load() {
	if ! taskset -c 1 true 2>/dev/null; then
		left_out servers "two processors and taskset are needed"
		return
	fi
	if ! command -v wrk >/dev/null; then
		left_out "servers under wrk" "no wrk"
		http_rows=$(echo "$http_rows" | tr ' ' '\n' | grep -v :wrk:)
	fi
	tell host "rounds of servers" \
	    "$rounds, the best of $turns turns of $seconds s"
	turn=1
	: >"$tmp/round"
	while [ $turn -le $((rounds * turns)) ]; do
		printf 'servers, turn %d of %d:' $turn $((rounds * turns))
		rows http $http_rows -- "$@"
		rows echo $echo_rows -- "$@"
		echo
		[ $((turn % turns)) != 0 ] || told $((turn / turns))
		turn=$((turn + 1))
	done
}

# Exact counts, for one connection: what a server does between the answers to
# message 101 and to message 1,101.

# The lines of strace between two answers.  The count is right only if each
# answer is one write, which is checked; a program that starts a server may
# write as well.
strace_count() {
	$AWK -v first=101 -v last=1101 -v messages=1200 '
		/ (write|writev|send|sendto|sendmsg)\(/ {
			if (++writes == first)
				from = NR
			if (writes == last)
				to = NR
		}
		END {
			if (writes < messages || writes > 1.05 * messages)
				exit 1
			print (to - from) / (last - first)
		}' "$tmp/counted"
}
calls() {
	under="$STRACE -I 2 -f -o $tmp/counted"
	counted 1200 "$@" && count=$(strace_count)
}

# Instructions: the difference of two runs, accurate to some units.
cachegrind() {
	# shellcheck disable=SC2034 # for start_server
	under="valgrind -q --tool=cachegrind --cache-sim=no
	    --cachegrind-out-file=$tmp/counted"
	counted "$@" &&
	    total=$($AWK '/^summary:/ { print $2 }' "$tmp/counted") &&
	    [ -n "$total" ]
}
instructions() {
	cachegrind 100 "$@" && once=$total && cachegrind 1100 "$@" &&
	    count=$($AWK "BEGIN { print ($total - $once) / 1000 }")
}

# counted MESSAGES PROGRAM PROTOCOL LOAD-OPTION...: a whole run under $under.
counted() {
	messages=$1
	rm -f "$tmp/counted"
	start_server "$2" "$3" || exit 1
	shift 3
	driven=yes
	timeout 120 "$load" -c 1 -n "$messages" "$@" "$address" \
	    >"$tmp/driven" 2>&1 || driven=no
	sleep 0.1			# the close of the load is an event, too
	stop_server "$server"
	[ $driven = yes ] && [ -s "$tmp/counted" ]
}

# one WHAT PROGRAM PROTOCOL LOAD-OPTION...: sets $count.
one() {
	what=$1
	shift
	case $what in
	calls)	calls "$@" ;;
	*)	instructions "$@" ;;
	esac
}

# count WHAT ROW PROTOCOL OPTION VALUE PROGRAM...
count() {
	what=$1 row=$2 protocol=$3 option=$4 value=$5 each=1
	[ "$option" != -p ] || each=$value
	shift 5
	printf ' %s' "$row"
	for program; do
		[ "$protocol" = http ] || [ "$program" != "$example" ] ||
		    continue
		name "$program"
		library=$name
		if one "$what" "$program" "$protocol" "$option" "$value"; then
			tell "server_$what" "$row" "$library" "$($AWK \
			    "BEGIN { printf \"%.4f\", $count / $each }")"
		else
			failed "$row" "$library" "$tmp/driven"
		fi
	done
}

# counts WHAT PROGRAM...
counts() {
	what=$1
	shift
	printf 'counting %s of servers:' "$what"
	count "$what" http http -p 1 "$@"
	count "$what" http_x16 http -p 16 "$@"
	count "$what" echo_64 echo -s 64 "$@"
	echo
}

under_load "$@"
if [ -n "$STRACE" ] && $STRACE -o "$tmp/probe" true 2>/dev/null; then
	counts calls "$@"
else
	left_out server_calls "strace is missing, or may not"
fi
[ $quick = no ] || exit $status
# A script starts the example, and valgrind would count the script.
for program; do
	shift
	[ "$program" = "$example" ] || set -- "$@" "$program"
done
if command -v valgrind >/dev/null; then
	counts instructions "$@"
else
	left_out server_instructions "no valgrind"
fi
exit $status
