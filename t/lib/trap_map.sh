# Checks that each line of the contract, and each known bug of other libraries,
# has a test that has run and held. t/lib/traps maps an id to a program and to
# words of an assertion; this script searches the programs' logs for them.

. "${top_builddir:-.}/t/lib/env"

ids="CONTRACT-1 CONTRACT-2 CONTRACT-3 CONTRACT-4 CONTRACT-5 CONTRACT-6
CONTRACT-7 CONTRACT-8 CONTRACT-9 CONTRACT-10 CONTRACT-11 CONTRACT-12
CONTRACT-13 EPOLL-1 EPOLL-2 EPOLL-3 EPOLL-4 EPOLL-5 EPOLL-6 EPOLL-7 KQ-1 KQ-2
KQ-3 KQ-4 KQ-5 KQ-6 KQ-7 KQ-8 KQ-9 KQ-10 KQ-11 LIFE-1 POLL-1 POLL-2 POLL-3
POLL-4 POLL-5 POLL-6 POLL-7 PORT-1 PORT-2 PORT-3 PORT-4 PORT-5 PORT-6 PORT-7
PORT-8 PORT-9 PORT-10 PORT-11 SOCK-1 SOCK-2 SOCK-3 SOCK-4 SOCK-5 SOCK-6 SOCK-7
TIME-1 TIME-2 TIME-3 TIME-4 TIME-5 TIME-6 WAKE-1"

# Windows has its own ids, and its tests check no others.
case " $SELECTORS " in
*" afd "*)
	ids="AFD-1 AFD-2 AFD-3 AFD-4 AFD-5 AFD-6 AFD-7 AFD-8 AFD-9 AFD-10
	    AFD-11 AFD-12 AFD-13 AFD-14 AFD-15"
	these='^AFD-' ;;
*)
	these='^[B-Z]' ;;
esac
tmp=$(mktemp) || exit 99
trap 'rm -f "$tmp"' EXIT
grep "$these" "$top_srcdir/t/lib/traps" >"$tmp"

list=$tmp
tab=$(printf '\t')
n=0

result() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

# held PROGRAM WORDS: prints the selectors on which the assertion held.
held() {
	for log in "$top_builddir"/t/*/"$1".log "$top_builddir"/t/"$1".log; do
		[ -f "$log" ] || continue
		if grep '^ok ' "$log" | grep -v '# SKIP' | grep -qF -e "$2"
		then
			dir=${log%/*}
			echo "${dir##*/}"
		fi
	done
}

# excused PROGRAM WORDS: a skip with these words shows that this system lacks
# the feature that the assertion needs.
excused() {
	[ -n "$2" ] && grep -Eq "# SKIP.*($2)" "$top_builddir"/t/*/"$1".log
}

# any FILE...: at least one of these exists.
any() {
	for file; do
		[ ! -f "$file" ] || return 0
	done
	return 1
}

# A program without a log has not been run, perhaps because of TESTS=.
for program in $($SED -n "s/^[A-Z][^$tab]*$tab\([^$tab]*\)$tab.*/\1/p" \
    "$list" | sort -u); do
	if ! any "$top_builddir"/t/*/"$program".log \
	    "$top_builddir/t/$program.log"; then
		if any "$top_srcdir/t/$program".* \
		    "$top_srcdir/t/fake/${program%_*}".*; then
			echo "1..0 # SKIP t/$program has not been run"
		else
			echo "not ok 1 - there is no t/$program.c"
			echo "1..1"
		fi
		exit 0
	fi
done

for id in $ids; do
	lines=$(grep "^$id$tab" "$list")
	if [ -z "$lines" ]; then
		result "not ok" "$id is in t/lib/traps"
		continue
	fi
	while IFS=$tab read -r _ program words missing; do
		where=$(held "$program" "$words" | tr '\n' ' ')
		if [ -n "$where" ]; then
			result ok "$id: $program: $words: ${where% }"
		elif excused "$program" "$missing"; then
			result ok "# SKIP $id: $program: $words: not here"
		else
			result "not ok" "$id: $program: $words"
		fi
	done <<END
$lines
END
done

# An id that is in t/lib/traps but not in the list above is a typing error.
for id in $($SED -n "s/^\([A-Z][^$tab]*\)$tab.*/\1/p" "$list" | sort -u); do
	case " $(echo "$ids" | tr '\n' ' ') " in
	*" $id "*)	;;
	*)		result "not ok" "$id is an id" ;;
	esac
done
echo "1..$n"
