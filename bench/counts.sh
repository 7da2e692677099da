#!/bin/sh
#
# counts.sh [-q] OUT PROGRAM...: counts what can be counted exactly, and adds
# lines like run.sh's to OUT.  -q counts system calls only, of a few rows.
#
#	calls		ROW LIBRARY COUNT	system calls an operation
#	instructions	ROW LIBRARY COUNT	in user space, an operation
#	allocations	ROW LIBRARY COUNT	an operation
#	memory		KIND LIBRARY N HEAP OWN WATCHED OPEN	bytes a source
#	size		LIBRARY BYTES		of the stripped shared library
#	load		LIBRARY COUNT		instructions to load it

AWK=${AWK:-awk} SED=${SED:-sed} STRACE=${STRACE:-strace}
quick=no
if [ "$1" = -q ]; then
	quick=yes
	shift
fi
# shellcheck disable=SC2034 # for tell.sh
out=$1
shift
counted=$(mktemp -d) || exit 1
trap 'rm -rf "$counted"' EXIT
status=0
. "$(dirname "$0")/count.sh"
. "$(dirname "$0")/tell.sh"

can_count() {
	case $1 in
	calls)	$STRACE -o "$counted/probe" true 2>/dev/null ;;
	*)	valgrind true >/dev/null 2>&1 ;;
	esac
}

# Rows with a second thread can be counted as well, although the system may
# start the thread early or late: it sleeps whenever it has nothing to do.
count() {
	what=$1 rows=$2
	shift 2
	if ! can_count "$what"; then
		left_out "$what" "strace or valgrind is missing, or may not"
		return
	fi
	printf 'counting %s:' "$what"
	for row in $rows; do
		printf ' %s' "$row"
		for program; do
			library=${program##*run_}
			n=$(an_op "$what" "$program" "$row")
			case $? in
			0)	tell "$what" "$row" "$library" "$n" ;;
			77)	;;	# run.sh has reported it
			*)	tell failed "$row" "$library" "$what"
				cat "$counted/errors"
				status=1 ;;
			esac
		done
	done
	echo
}

memory() {
	for program; do
		for kind in "udp 1000" "udp 18000" "tcp 1000" "tcp 9000"; do
			# shellcheck disable=SC2086 # kind and count
			if "$program" -m $kind >"$counted/memory" \
			    2>"$counted/errors"; then
				tell memory "$(cat "$counted/memory")"
			else
				left_out "memory" "$(cat "$counted/errors")"
			fi
		done
	done
}

# library PROGRAM: the shared library that the program measures.
library() {
	case $1 in
	*run_mio)	pattern='libmio\.so' ;;
	*run_libev)	pattern='libev\.so' ;;
	*run_libevent)	pattern='libevent-[0-9.]*\.so|libevent\.so' ;;
	*run_libuv)	pattern='libuv\.so' ;;
	*)		return 1 ;;
	esac
	ldd "$1" | $AWK -v p="$pattern" '$1 ~ p && $3 ~ /^\// { print $3 }'
}

preloaded() {
	LD_PRELOAD=$1 instructions_in "$(command -v true)"
}

sizes() {
	can_count instructions && none=$(preloaded "")
	for program; do
		file=$(library "$program")
		[ -f "$file" ] || continue	# no shared one
		cp "$file" "$counted/stripped" || return
		strip "$counted/stripped" || return
		tell size "${program##*run_}" "$(wc -c <"$counted/stripped")"
		[ -n "$none" ] || continue
		tell load "${program##*run_}" $(($(preloaded "$file") - none))
	done
}

plain="pingpong fanin events idle_10 churn churn_wait reregister accept"
threads="wake_burst wake_sleeper roundtrip"
if [ $quick = yes ]; then
	count calls "pingpong churn wake_burst" "$@"
	exit $status
fi
count calls "$plain udp_1000 $threads" "$@"
count instructions "$plain wake_burst" "$@"
count allocations "$plain wake_burst" "$@"
memory "$@"
sizes "$@"
exit $status
