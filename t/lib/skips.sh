# How much of the suite each selector skips: at most one assertion in twenty,
# and none without a reason.  A program that is skipped counts with all the
# assertions that it makes on the selector where it makes most.
#
# On Windows it is one in three at most: a quarter of the suite is about fork,
# terminals, FIFOs, signals and Linux's own descriptors, and Wine has no Unix
# sockets.  It is counted where the logs of another selector lie beside AFD's.

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
# Twice over: first for the most that each program makes.
# shellcheck disable=SC2016 # awk's
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
