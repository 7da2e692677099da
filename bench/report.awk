# Makes the report of the lines that run.sh and counts.sh write.
#
#	awk -f middle.awk -f report.awk -v form=markdown|text results.tsv

# Sets q1, median and q3 of a library's times; returns false if there are none.
function times(row, lib,	i)
{
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((row, lib, i) in ns)
			v[++n] = ns[row, lib, i]
	return middle()
}

# The same for the ratios of two libraries in the same round.
function ratios(row, lib, other_row, other,	i)
{
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((row, lib, i) in ns && (other_row, other, i) in ns)
			v[++n] = ns[row, lib, i] / ns[other_row, other, i]
	return middle()
}

function label(lib)
{
	return lib in labels ? labels[lib] : lib
}

# libmio's median ratio to the fastest other library; sets peer to its name.
function fastest(row,	i, lib, best)
{
	peer = ""
	for (i = 1; i <= peers; i++) {
		lib = peer_names[i]
		if (!((row, lib) in lazy) && ratios(row, lib, row, "raw") &&
		    (peer == "" || median < best)) {
			peer = lib
			best = median
		}
	}
	return peer != "" && ratios(row, "mio", row, peer)
}

function cell(row, lib)
{
	if ((row, lib) in lazy)
		return "lazy"
	return ratios(row, lib, row == "roundtrip_spin" ? "roundtrip" : row, \
	    "raw") ? sprintf("%.3f", median) : "-"
}

function limit(row)
{
	return ratios(row, "raw2", row, "raw") ? median + 0.02 : 1.02
}

# How libmio compares with another library, by the quartiles of their ratios.
function stands()
{
	return q1 > 1 ? "behind" : q3 < 1 ? "ahead" : "a tie"
}

function number(x)
{
	return sprintf(x < 100 ? "%.1f" : "%.0f", x)
}

BEGIN {
	FS = "\t"
	labels["raw"] = "epoll"
	labels["raw2"] = "epoll again"
	labels["called"] = "epoll, called"
	labels["level"] = "epoll, level"
	labels["mio"] = "libmio"
	labels["mio_poll"] = "libmio, poll(2)"
	labels["rust_mio"] = "Rust mio"
	split("raw2 called level mio mio_poll rust_mio libuv libev libevent",
	    order, " ")
	does["pingpong"] = "a byte back and forth, a wait for each hop"
	does["fanin"] = "100 active of 1,000"
	does["events"] = "1,000 eventfds: a write, an event, a read of each"
	does["idle_10"] = "one active of 10"
	does["idle_1000"] = "one active of 1,000"
	does["idle_9000"] = "one active of 9,000"
	does["udp_1000"] = "one active of 1,000 UDP sockets"
	does["udp_18000"] = "one active of 18,000 UDP sockets"
	does["churn"] = "register and deregister"
	does["churn_wait"] = "the same, with a wait after each"
	does["reregister"] = "change of interest"
	does["accept"] = "accept, register, echo and close a TCP connection"
	does["wake_burst"] = "wakes of a busy loop"
	does["wake_sleeper"] = "wake a thread, which answers through a pipe"
	does["roundtrip"] = "two loops wake each other"
	does["roundtrip_spin"] = "the same, spinning for 100 us first; epoll" \
	    " does not spin"
}

$1 == "host" { host[++hosts] = $2; value[hosts] = $3 }
$1 == "library" { version[$2] = $3 }
$1 == "missing" { missing[++missings] = $2 }
$1 == "lazy" { lazy[$2, $3] = 1 }
$1 == "time" {
	if (!($2 in seen)) {
		seen[$2] = 1
		row_names[++rows] = $2
	}
	ns[$2, $3, $4] = $5
	if ($4 > rounds)
		rounds = $4
}
# A library without spinning is not reported as left out.
$1 == "left" && $2 != "roundtrip_spin" { left[++lefts] = $0 }
$1 == "failed" { failed[++fails] = $0 }
$1 ~ /^(calls|instructions|allocations)$/ { counted[$1, $2, $3] = $4 + 0 }
$1 ~ /^(calls|instructions|allocations)$/ && !(($1, $2) in counted_row) {
	counted_row[$1, $2] = 1
	count_rows[$1, ++count_n[$1]] = $2
}
$1 == "memory" {
	memory[++memories] = $0
	if ($2 == "tcp" && $3 == "raw") {
		watched = $7
		endpoint = $8
		connections = $4
	}
	if ($3 == "mio")
		own = $6
	if ($3 == "mio" && $5 + 0 > heap)
		heap = $5
}
$1 == "size" { size[$2] = $3 }
$1 == "load" { load[$2] = $3 }
$1 == "trend" { trend[$2, $3] = trend[$2, $3] " " $5; trends = 1 }
$1 == "slab" { slab[$2, $3] = $5 }

END {
	for (i = 1; i in order; i++) {
		lib = order[i]
		if (lib == "raw2" || lib in version)
			columns[++shown] = lib
		if (lib !~ /^(raw2|called|level|mio|mio_poll)$/ &&
		    lib in version)
			peer_names[++peers] = lib
	}
	if (form == "text")
		text()
	else
		markdown()
}

# The table for the terminal.
function text(	i, j, row)
{
	printf "\n%-14s %9s", "", "epoll, ns"
	for (j = 1; j <= shown; j++)
		printf " %8s", columns[j] == "raw2" ? "again" : columns[j]
	print ""
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		printf "%-14s %9s", row,
		    times(row, "raw") ? number(median) : "-"
		for (j = 1; j <= shown; j++)
			printf " %8s", cell(row, columns[j])
		print ""
	}
	print "\nMedians of each round's ratio to epoll; \"again\" is epoll" \
	    " itself, a second time."
	for (i = 1; i <= lefts; i++) {
		split(left[i], f, "\t")
		print "left out: " f[2] (f[3] == "-" ? "" : ", " \
		    label(f[3])) ": " f[4]
	}
	text_counts("calls", "System calls an operation:")
	for (i = 1; i <= fails; i++)
		print "FAILED: " failed[i]
}

function text_counts(what, title,	i, j, row)
{
	if (count_n[what] == 0)
		return
	print "\n" title
	for (i = 1; i <= count_n[what]; i++) {
		row = count_rows[what, i]
		printf "%-14s %9s %8s", row, counted[what, row, "raw"], ""
		for (j = 2; j <= shown; j++)
			printf " %8s", (what, row, columns[j]) in counted ? \
			    counted[what, row, columns[j]] : "-"
		print ""
	}
}

function rule(cells,	j, s)
{
	s = "| --- |"
	for (j = 1; j < cells; j++)
		s = s " ---: |"
	print s
}

function markdown()
{
	print "# The benchmark's report\n"
	print "`make bench` makes this report, and `make bench-record` copies" \
	    " it here.  The raw results,\n`results.tsv`, are published with" \
	    " each release.\n"
	machine()
	how_to_read()
	ratio_table()
	standing()
	ns_table()
	count_table("calls", "System calls an operation",
	    "Counted by strace, all threads together.")
	count_table("instructions", "Instructions in user space an operation",
	    "Counted by valgrind, including those of the benchmark and of the" \
	    " C library, which are the\nsame for all: a library adds the" \
	    " difference to epoll.")
	count_table("allocations", "Allocations an operation",
	    "Once warm.  Counted by valgrind.")
	memory_table()
	size_table()
	ten_million()
	what_is_missing()
}

function machine(	i)
{
	print "## Where\n"
	for (i = 1; i <= hosts; i++)
		print "- " host[i] ": " value[i]
	print ""
	print "| | version |\n| --- | --- |"
	print "| " label("raw") " | Linux " version["raw"] " |"
	for (i = 2; i <= shown; i++)
		print "| " label(columns[i]) " | " version[columns[i]] " |"
	print ""
}

function how_to_read()
{
	print "## How to read it\n"
	print "Each figure is the median of " rounds " rounds.  A round has" \
	    " several turns, in each of which every\nprogram runs once, in a" \
	    " process of its own, one after the other.  The fastest turn" \
	    " of a\nprogram counts, because its place in memory can make a" \
	    " process slower by an eighth or\nmore.  Ratios are to epoll in" \
	    " the same round: 1.000 is as fast, and 1.100 takes a tenth" \
	    "\nlonger.  \"Epoll again\" is the same program a second time in" \
	    " each turn: this machine\ncannot tell apart what differs by as" \
	    " much.  So libmio's limit is that figure and 0.02.\n"
	print "\"Epoll, called\" is epoll by way of a shared library that" \
	    " does nothing else\n(`bench/called.c`).  No library that is" \
	    " not compiled into its program can be much\nfaster; and" \
	    " processors mispredict a function's return after a system" \
	    " call.\n"
	print "\"Epoll, level\" is epoll without EPOLLET.  libuv, libev and" \
	    " libevent are\nlevel-triggered: a reported source stays on the" \
	    " kernel's list until a wait finds it no\nlonger ready, and" \
	    " until then it is cheaper to make it ready again.\n"
	print "\"Behind\" and \"ahead\" mean that three quarters of the" \
	    " rounds agree; all else is a tie.\n\"lazy\" marks calls that a" \
	    " library defers to its next wait or never makes, so that" \
	    " there\nis nothing to compare.  `churn_wait` includes the" \
	    " waits.\n"
	print "Except for the calls of the library, all programs have the" \
	    " same code (`bench/work.c`,\n`bench/threads.c`).  Epoll itself is" \
	    " used edge-triggered, and its waker is an eventfd\nthat is" \
	    " never read.  In `accept` it deregisters before it closes," \
	    " as libmio does; where no\ndescriptor is ever duplicated, this" \
	    " is not needed.  Sockets are read by recv(2), as\nlibmio reads" \
	    " them.\n"
	print "Times include the system calls that make the work, which are" \
	    " the same for all: in\n`events`, a write and a read for each" \
	    " event.  The table of instructions has the cost of\nan event" \
	    " itself.\n"
}

function ratio_table(	i, j, row, s)
{
	print "## Times, as ratios to epoll\n"
	s = "| row | what | epoll, ns |"
	for (j = 1; j <= shown; j++)
		s = s " " label(columns[j]) " |"
	print s
	s = "| --- | --- | ---: |"
	for (j = 1; j <= shown; j++)
		s = s " ---: |"
	print s
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		s = "| " row " | " does[row] " | " \
		    (times(row, "raw") ? number(median) : "-") " |"
		for (j = 1; j <= shown; j++)
			s = s " " cell(row, columns[j]) " |"
		print s
	}
	print "\n![ratios](times.svg)\n"
}

function loses(what)
{
	losses[++lost] = what
}

# libmio against its limits, and against the fastest other library.
function standing(	i, row, s, ratio, most, range, how)
{
	print "## libmio against its limits, and against the fastest peer\n"
	print "| row | libmio | quartiles | limit | | fastest peer |" \
	    " libmio to it | quartiles | |"
	print "| --- | ---: | ---: | ---: | --- | --- | ---: | ---: | --- |"
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		most = row == "wake_burst" ? 0.02 : limit(row)
		limit_of[row] = most
		if (row == "roundtrip_spin" || !ratios(row, "mio", row, "raw"))
			continue
		ratio = median
		s = sprintf(row == "wake_burst" ? \
		    "| %s | %.4f | %.4f to %.4f | %.4f |" : \
		    "| %s | %.3f | %.3f to %.3f | %.3f |", row, ratio,
		    q1, q3, most)
		how = ratio <= most ? "within" : "**above**"
		if (ratio > most)
			loses(sprintf("%s: %.4f of epoll, and the limit is" \
			    " %.4f", row, ratio, most))
		s = s " " how " |"
		if (fastest(row)) {
			s = s sprintf(" %s | %.3f | %.3f to %.3f | %s |",
			    label(peer), median, q1, q3, stands())
			if (q1 > 1)
				loses(sprintf("%s: %.3f of %s", row, median,
				    label(peer)))
			behind[row] = q1 > 1
		} else
			s = s " - | - | - | - |"
		print s
	}
	print ""
	against("wake_burst", "a wake that finds one pending")
	idle_trend()
	if (ratios("roundtrip_spin", "mio", "roundtrip", "mio")) {
		printf "With spinning, a round trip of libmio takes %.3f" \
		    " of what it takes without (limit\n0.25).\n\n", median
		if (median > 0.25)
			loses(sprintf("roundtrip_spin: %.3f of the blocking" \
			    " one", median))
	}
	print "### Where libmio is slower\n"
	if (lost == 0)
		print "Nowhere in this run."
	for (i = 1; i <= lost; i++)
		print "- " losses[i]
	print ""
	by_contract()
	by_trigger()
}

# Rows above their limit, with the cost that any shared library has.
function by_contract(	i, row, called, s)
{
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		if (row ~ /^(wake_|roundtrip)/ ||
		    !ratios(row, "called", row, "raw"))
			continue
		called = median
		if (ratios(row, "mio", row, "raw") && median > limit_of[row])
			s = s sprintf("- %s: libmio %.3f, epoll, called %.3f\n",
			    row, median, called)
	}
	if (s == "")
		return
	print "For comparison, where libmio is above its limit: \"epoll," \
	    " called\" does nothing but call epoll,\nand Rust's mio is" \
	    " compiled into its program.\n\n" s
}

# Rows where level-triggered libraries are ahead because of that.
function by_trigger(	i, row, edge, s)
{
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		if (!behind[row] || row ~ /^(wake_|roundtrip)/ ||
		    !fastest(row) || peer == "rust_mio")
			continue
		edge = median
		if (ratios(row, "level", row, "raw") && stands() == "ahead")
			s = s sprintf("- %s: %s to libmio %.3f; epoll," \
			    " level, to epoll %.3f\n", row, label(peer),
			    1 / edge, median)
	}
	if (s == "")
		return
	print "Where a level-triggered library is ahead of libmio," \
	    " level-triggered epoll is ahead of\nedge-triggered epoll:\n\n" s
}

# In nanoseconds, where ratios have little meaning.
function against(row, words,	mine)
{
	if (!fastest(row) || !times(row, "mio"))
		return
	mine = median
	if (times(row, peer))
		printf "%s: %s takes %.1f ns with libmio and %.1f ns with" \
		    " %s, the fastest\npeer (limit: 3 ns more).\n\n", row,
		    words, mine, median, label(peer)
	if (mine > median + 3 && !behind[row])
		loses(sprintf("%s: %.1f ns, and %s %.1f ns", row, mine,
		    label(peer), median))
}

function idle_trend(	row)
{
	for (row = "idle_9000"; ratios(row, "mio", "idle_10", "mio"); ) {
		printf "For libmio, one of 9,000 takes %.3f of the time of one of" \
		    " 10 (limit 1.05)", median
		if (median > 1.05)
			loses(sprintf("idle_9000: %.3f of idle_10", median))
		if (ratios(row, "raw", "idle_10", "raw"))
			printf "; for epoll, %.3f", median
		print ".\n"
		break
	}
}

function ns_table(	i, j, row, s)
{
	print "## Nanoseconds: median and quartiles\n"
	s = "| row | epoll |"
	for (j = 1; j <= shown; j++)
		s = s " " label(columns[j]) " |"
	print s
	rule(shown + 2)
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		s = "| " row " | " spread(row, "raw") " |"
		for (j = 1; j <= shown; j++)
			s = s " " spread(row, columns[j]) " |"
		print s
	}
	print ""
}

function spread(row, lib)
{
	if (!times(row, lib))
		return "-"
	return ((row, lib) in lazy ? "lazy: " : "") number(median) " (" \
	    number(q1) " to " number(q3) ")"
}

function count_table(what, title, words,	i, j, row, s)
{
	if (count_n[what] == 0)
		return
	print "## " title "\n"
	print words "\n"
	s = "| row | epoll |"
	for (j = 2; j <= shown; j++)
		s = s " " label(columns[j]) " |"
	print s
	rule(shown + 1)
	for (i = 1; i <= count_n[what]; i++) {
		row = count_rows[what, i]
		s = "| " row " | " counted[what, row, "raw"] " |"
		for (j = 2; j <= shown; j++)
			s = s " " ((what, row, columns[j]) in counted ? \
			    counted[what, row, columns[j]] : "-") " |"
		print s
	}
	print ""
}

function memory_table(	i, f)
{
	if (memories == 0)
		return
	print "## Memory, bytes a source\n"
	print "The heap of the library; the memory of the program for each" \
	    " source, a `struct mio_source`\nor the like; and the kernel's" \
	    " slab, for the registration and for the descriptor itself." \
	    "\nThe figures of the kernel are the growth of the whole system's" \
	    " slab, to which other\nprocesses contribute.  They are accurate" \
	    " to some tens of bytes with many sources, and\nmeaningless with" \
	    " few.\n"
	print "| | sources | library | heap | program | kernel:" \
	    " registration | kernel: descriptor |"
	print "| --- | ---: | --- | ---: | ---: | ---: | ---: |"
	for (i = 1; i <= memories; i++) {
		split(memory[i], f, "\t")
		print "| " toupper(f[2]) " | " f[4] " | " label(f[3]) " | " \
		    (f[5] < 0 ? "-" : f[5]) " | " f[6] " | " f[7] " | " f[8] \
		    " |"
	}
	print ""
}

function size_table(	j, lib)
{
	print "## Size, and the cost of loading\n"
	print "The size of the stripped shared library, and the instructions" \
	    " in user space that loading\nit and its dependencies adds to a" \
	    " program.  Rust's mio comes as source, and is part of\nthe" \
	    " program.\n"
	print "| library | bytes | instructions |\n| --- | ---: | ---: |"
	for (j = 2; j <= shown; j++) {
		lib = columns[j]
		if (lib in size)
			print "| " label(lib) " | " size[lib] " | " \
			    (lib in load ? load[lib] : "-") " |"
	}
	print ""
}

function gigabytes(bytes)
{
	return sprintf("%.1f GB", bytes * 10000000 / 1000000000)
}

function ten_million_table()
{
	print "Computed from the figures above, for " connections \
	    " TCP connections; not measured.\n"
	print "| | bytes a connection | of ten million |"
	print "| --- | ---: | ---: |"
	print "| kernel: the socket and its descriptor | " endpoint " | " \
	    gigabytes(endpoint) " |"
	print "| kernel: its registration | " watched " | " \
	    gigabytes(watched) " |"
	print "| the program's `struct mio_source` | " own " | " \
	    gigabytes(own) " |"
	heap += 0
	print "| libmio's heap | " heap " | " gigabytes(heap) " |"
	print "| in all, before a byte is sent | " endpoint + watched + own + \
	    heap " | " gigabytes(endpoint + watched + own + heap) " |\n"
}

function ten_million(	i, lib)
{
	if (connections == 0)
		return
	print "## Ten million connections\n"
	if (watched > 0 && endpoint > 0)
		ten_million_table()
	else
		print "The kernel's slab could not be measured here, so there" \
		    " is nothing to compute from.\n"
	print "Data in flight and the state of the program are not included." \
	    "  A process may have\n1,048,576 descriptors unless `fs.nr_open`" \
	    " is raised, so ten processes or that setting are\nneeded, and" \
	    " `fs.file-max`.  The cost of a wait is that of its events," \
	    " independent of the\nnumber of silent sources, as far as this" \
	    " was measured:\n"
	print "| sources | processes | epoll, ns | libmio, ns |"
	print "| --- | ---: | ---: | ---: |"
	trend_row("one of 10", "idle_10")
	trend_row("one of 1,000", "idle_1000")
	trend_row("one of 9,000", "idle_9000")
	trend_several("one of 9,000 in each", "idle_9000")
	trend_row("one of 1,000 UDP sockets", "udp_1000")
	trend_row("one of 18,000 UDP sockets", "udp_18000")
	trend_several("one of 18,000 UDP sockets in each", "udp_18000")
	print "\n![one active of many](idle.svg)\n"
	for (i = 1; i in order; i++) {
		lib = order[i]
		if (slab["udp_18000", lib] > 0)
			print "Three more processes with 18,000 UDP sockets" \
			    " each, all registered with " label(lib) ",\n" \
			    "took " slab["udp_18000", lib] \
			    " bytes of the kernel's slab a socket.\n"
	}
}

function trend_row(words, row,	s)
{
	if (!times(row, "raw"))
		return
	s = "| " words " | 1 | " number(median)
	print s " | " (times(row, "mio") ? number(median) : "-") " |"
}

function several(row, lib,	i, f)
{
	n = split(trend[row, lib], f, " ")
	for (i = 1; i <= n; i++)
		v[i] = f[i] + 0
	if (n == 0)
		return "-"
	middle()
	return number(median)
}

function trend_several(words, row)
{
	if ((row, "raw") in trend)
		print "| " words " | 4 | " several(row, "raw") " | " \
		    several(row, "mio") " |"
}

function what_is_missing(	i, f)
{
	if (missings + lefts + fails == 0)
		return
	print "## Left out\n"
	for (i = 1; i <= missings; i++)
		print "- " label(missing[i]) ": not found"
	for (i = 1; i <= lefts; i++) {
		split(left[i], f, "\t")
		print "- " f[2] (f[3] == "-" ? "" : ", " label(f[3])) ": " f[4]
	}
	for (i = 1; i <= fails; i++) {
		split(failed[i], f, "\t")
		print "- FAILED: " f[2] ", " label(f[3]) ": " f[4]
	}
	print ""
}
