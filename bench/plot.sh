#!/bin/sh
#
# plot.sh RESULTS DIRECTORY: times.svg and idle.svg, by gnuplot.

AWK=${AWK:-awk}
rm -f "$2/times.svg" "$2/idle.svg"	# old ones may show other results
if [ -z "$GNUPLOT" ]; then
	echo "LEFT OUT: plots: no gnuplot"
	exit 0
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
here=$(dirname "$0")

# The table of the report: each row with its description, ns and ratios.
LC_ALL=C $AWK -f "$here/middle.awk" -f "$here/report.awk" -v form=markdown \
    "$1" | $AWK '
	/^## Times/ { on = 1; next }
	/^## / { on = 0 }
	on && /^\| / && !/^\| ---/ {
		n = split($0, f, / *\| */)
		line = "\"" f[2] "\""
		for (i = 5; i < n; i++)
			line = line "\t\"" (f[i] ~ /^(-|lazy)$/ ? "?" : f[i]) \
			    "\""
		print line
	}' >"$tmp/ratios"
columns=$(head -n 1 "$tmp/ratios" | $AWK -F '\t' '{ print NF }')
grep -v '^"roundtrip_spin"' "$tmp/ratios" >"$tmp/times"

# The idle_ rows, in ns.
$AWK -F '\t' '
	$1 == "time" && $2 ~ /^idle_/ {
		split($2, f, "_")
		n[$3, f[2]]++
		ns[$3, f[2], n[$3, f[2]]] = $5
		libs[$3] = 1
		sizes[f[2]] = 1
	}
	END {
		for (lib in libs) for (size in sizes) {
			k = n[lib, size]
			if (k == 0)
				continue
			for (i = 1; i <= k; i++) for (j = i + 1; j <= k; j++)
				if (ns[lib, size, j] < ns[lib, size, i]) {
					x = ns[lib, size, i]
					ns[lib, size, i] = ns[lib, size, j]
					ns[lib, size, j] = x
				}
			print lib, size, ns[lib, size, int((k + 1) / 2)]
		}
	}' "$1" | sort -k 1,1 -k 2,2n >"$tmp/idle"
label() {
	case $1 in
	raw)		echo "epoll" ;;
	called)		echo "epoll, called" ;;
	level)		echo "epoll, level" ;;
	mio)		echo "libmio" ;;
	mio_poll)	echo "libmio, poll(2)" ;;
	rust_mio)	echo "Rust mio" ;;
	*)		echo "$1" ;;
	esac
}

lines=
# shellcheck disable=SC2013 # names are words
for lib in $(cut -d ' ' -f 1 "$tmp/idle" | sort -u); do
	[ "$lib" != raw2 ] || continue
	grep "^$lib " "$tmp/idle" >"$tmp/idle.$lib"
	lines="$lines${lines:+, }'$tmp/idle.$lib' using 2:3 with linespoints \
title '$(label "$lib")'"
done

"$GNUPLOT" <<END
set terminal svg size 1000,420 font "sans-serif,12" background "white"
set output "$2/times.svg"
set datafile separator "\t"
set datafile missing "?"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 noborder
set yrange [0:3]
set ylabel "time, epoll's is 1 (cut off at 3)"
set xtics rotate by -25 noenhanced
set key outside above horizontal noenhanced
set grid ytics
plot 1 notitle lc "gray" with lines, for [i=3:$columns] "$tmp/times" \
    using i:xtic(1) title columnheader(i)
set output "$2/idle.svg"
set datafile separator whitespace
set style data linespoints
set logscale xy
set autoscale y
set xlabel "sources, of which one is active"
set ylabel "ns"
set xtics norotate
plot $lines
END
