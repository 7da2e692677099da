# Checks how much of the suite each selector skips: at most one assertion in
# twenty, and none without a reason.  A skipped program counts with the
# assertions that it makes on the selector where it makes most.
#
# On Windows the limit is one in three: a quarter of the suite is about fork,
# terminals, FIFOs, signals and descriptors that only Linux has, and Wine has
# no Unix sockets.  It is checked where logs of another selector exist beside
# those of AFD.

. "${top_builddir:-.}/t/lib/env"

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

for selector in $SELECTORS; do
	for log in "$top_builddir/t/$selector"/*.log; do
		[ ! -f "$log" ] || $AWK -v selector="$selector" \
		    -v program="$(basename "$log" .log)" '
			/^(not )?ok / { made++ }
			/^ok .*# SKIP/ { skipped++ }
			/# SKIP *$/ { mute++ }
			/^1\.\.0/ { none = 1 }
			END { print selector, program, made + 0, skipped + 0,
			    none + 0, mute + 0 }
		' "$log"
	done
done >"$tmp/counts"

if [ ! -s "$tmp/counts" ]; then
	echo "1..0 # SKIP no test of a selector has been run"
	exit 0
fi
# The counts are read twice, first for the maximum of each program.
# shellcheck disable=SC2016 # awk expands them
$AWK '
	BEGIN { share["afd"] = 3 }
	NR == FNR { if ($3 > most[$2]) most[$2] = $3; next }
	!($1 in all) { names[++n] = $1 }
	{
		all[$1] += $5 ? most[$2] : $3
		skipped[$1] += $5 ? most[$2] : $4
		mute[$1] += $6
	}
	END {
		for (i = 1; i <= n; i++) {
			s = names[i]
			part = s in share ? share[s] : 20
			printf "%s %d - %s: %d of %d assertions are skipped\n",
			    skipped[s] * part <= all[s] ? "ok" : "not ok",
			    2 * i - 1, s, skipped[s], all[s]
			printf "%s %d - %s: each with its reason\n",
			    mute[s] ? "not ok" : "ok", 2 * i, s
		}
		print "1.." 2 * n
	}
' "$tmp/counts" "$tmp/counts"
