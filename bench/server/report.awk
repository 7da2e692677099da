# Makes the report of servers of the lines that bench/server/run.sh writes.
#
#	awk -f ../middle.awk -f report.awk -v form=markdown|text results.tsv

# Quartiles of a library's figures, "rate", "p50" and so on, over all rounds.
function values(row, lib, what,	i)
{
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((row, lib, i, what) in shown)
			v[++n] = shown[row, lib, i, what]
	return middle()
}

# Quartiles of its ratios to epoll in the same round.
function ratios(row, lib, what,	i)
{
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((row, lib, i, what) in shown &&
		    shown[row, "raw", i, what] > 0)
			v[++n] = shown[row, lib, i, what] / \
			    shown[row, "raw", i, what]
	return middle()
}

function value(row, lib, what, format)
{
	return values(row, lib, what) ? sprintf(format, median) : "-"
}

function ratio(row, lib, what)
{
	return ratios(row, lib, what) ? sprintf("%.3f", median) : "-"
}

function spread(row, lib, what)
{
	return ratios(row, lib, what) ? sprintf("%.3f (%.3f to %.3f)", \
	    median, q1, q3) : "-"
}

function label(lib)
{
	return lib in labels ? labels[lib] : lib
}

# Keeps a figure if it is a number above zero.
function keep(what, figure)
{
	if (figure + 0 > 0)
		shown[$2, $3, $4, what] = figure + 0
}

BEGIN {
	FS = "\t"
	libraries = split("raw raw2 mio rust_mio libevent libuv http_hello", \
	    order, " ")
	labels["raw"] = "epoll"
	labels["raw2"] = "epoll again"
	labels["mio"] = "libmio"
	labels["rust_mio"] = "Rust mio"
	does["http_16"] = "HTTP, 16 connections, by wrk"
	does["http_256"] = "HTTP, 256 connections, by wrk"
	does["http_16x16"] = "HTTP, 16 connections, 16 requests in one" \
	    " piece, by wrk"
	does["http_16x16_own"] = "the same, by a load of our own"
	does["echo_64_16"] = "echo of 64 bytes, 16 connections"
	does["echo_64_256"] = "echo of 64 bytes, 256 connections"
	does["echo_16k_16"] = "echo of 16 KiB, 16 connections"
}

$1 == "server" {
	if (!($2 in seen)) {
		seen[$2] = 1
		row_names[++rows] = $2
	}
	keep("rate", $5)
	keep("p50", $6)
	keep("p99", $7)
	keep("p99.9", $8)
	keep("cost", $9)
	keep("busy", $10)
	if ($4 > rounds)
		rounds = $4
}
$1 ~ /^server_(calls|instructions)$/ {
	counted[$1, $2, $3] = $4 + 0
	if (!(($1, $2) in counted_row)) {
		counted_row[$1, $2] = 1
		count_rows[$1, ++count_n[$1]] = $2
	}
}

END {
	if (form == "text")
		text()
	else
		markdown()
}

function text(	i, j, row, lib)
{
	if (rows > 0) {
		print "\nServers: medians of each round's ratio to epoll;" \
		    " \"raw2\" is epoll itself, again."
		printf "%-15s %-10s %9s %7s %7s %7s %7s %7s %5s\n", "", "", \
		    "requests", "ratio", "p50", "p99", "p99.9", "CPU", "busy"
	}
	for (i = 1; i <= rows; i++) {
		row = row_names[i]
		for (j = 1; j <= libraries; j++) {
			lib = order[j]
			if (!values(row, lib, "rate"))
				continue
			printf "%-15s %-10s %9.0f %7s %7s %7s %7s %7s %5s\n", \
			    row, lib, median, ratio(row, lib, "rate"), \
			    ratio(row, lib, "p50"), ratio(row, lib, "p99"), \
			    ratio(row, lib, "p99.9"), \
			    ratio(row, lib, "cost"), \
			    value(row, lib, "busy", "%.2f")
		}
	}
	text_counts("server_calls", "System calls a request:", "%.4f")
	text_counts("server_instructions", "Instructions a request:", "%.0f")
	text_standing()
}

function text_counts(what, title, format,	i, j, row)
{
	if (count_n[what] == 0)
		return
	printf "\n%-24s", title
	for (j = 1; j <= libraries; j++)
		if (order[j] != "raw2")
			printf " %10s", order[j]
	print ""
	for (i = 1; i <= count_n[what]; i++) {
		row = count_rows[what, i]
		printf "%-24s", row
		for (j = 1; j <= libraries; j++)
			if (order[j] != "raw2")
				printf " %10s", count(what, row, order[j], \
				    format)
		print ""
	}
}

function count(what, row, lib, format)
{
	return (what, row, lib) in counted ? sprintf(format, \
	    counted[what, row, lib]) : "-"
}

# The difference of epoll from itself, which loosens the limits.
function noise(row, what, worse)
{
	if (!ratios(row, "raw2", what))
		return 1
	return (worse == "less" ? median < 1 : median > 1) ? median : 1
}

# libmio's ratio to another library in the same round, and the verdict, for
# which three quarters of the rounds must agree.
function beside(row, peer, what,	i)
{
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((row, "mio", i, what) in shown &&
		    (row, peer, i, what) in shown)
			v[++n] = shown[row, "mio", i, what] / \
			    shown[row, peer, i, what]
	if (!middle())
		return "-"
	verdict = q1 > 1 ? "above" : q3 < 1 ? "below" : "a tie"
	return sprintf("%.3f", median)
}

function loses(what)
{
	losses[++lost] = what
}

# Requests a second, or p99, and the limit.
function limited(row, what, bound,	bad)
{
	if (!ratios(row, "mio", what))
		return "- | -"
	bad = what == "rate" ? median < bound : median > bound
	if (bad)
		loses(sprintf("%s: %s %.3f of epoll's, and the limit is %.3f",
		    row, what == "rate" ? "requests a second are" : \
		    "p99 is", median, bound))
	return sprintf("%.3f | %.3f", median, bound)
}

# If both servers wait for their load, CPU is the better measure.
function waiting(row, peer, cost,	busy)
{
	if (!values(row, "mio", "busy") || median >= 0.9)
		return ""
	busy = median
	if (!values(row, peer, "busy") || median >= 0.9)
		return ""
	return sprintf(" (busy: %.2f and %.2f; CPU a request: %s)", busy, \
	    median, cost)
}

function against(row, peer,	s, stands, cost)
{
	if ((s = beside(row, peer, "rate")) == "-")
		return "- | - | -"
	stands = verdict
	cost = beside(row, peer, "cost")
	if (stands == "below")
		loses(sprintf("%s: %.3f of %s's requests a second%s", row, s, \
		    label(peer), waiting(row, peer, cost)))
	s = s " | " (stands == "above" ? "ahead" : \
	    stands == "below" ? "**behind**" : stands)
	s = s " | " cost
	if (cost != "-" && verdict == "above")
		loses(sprintf("%s: %.3f of %s's CPU a request", row, cost, \
		    label(peer)))
	return s
}

function line(row)
{
	return row " | " limited(row, "rate", noise(row, "rate", \
	    "less") - 0.02) " | " limited(row, "p99", noise(row, "p99", \
	    "more") + 0.05) " | " against(row, "libuv") " | " \
	    against(row, "libevent") " | " against(row, "rust_mio")
}

# libmio against its limits and against the other libraries.
function standing(	i)
{
	print "### libmio against its limits, libuv, libevent and Rust mio\n"
	print "The limits are 0.98 of epoll's requests a second and 1.05 of its" \
	    " p99, or as much worse\nthan \"epoll again\" as these are than" \
	    " 1.  \"Ahead\" and \"behind\" mean that three quarters\nof the" \
	    " rounds agree.  More CPU than another library uses is a loss by" \
	    " the same rule.\n"
	print "| row | requests to epoll | limit | p99 to epoll | limit |" \
	    " requests to libuv | | CPU to libuv | requests to libevent | |" \
	    " CPU to libevent | requests to Rust mio | | CPU to Rust mio |"
	print "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |" \
	    " ---: | --- | ---: | ---: | --- | ---: |"
	for (i = 1; i <= rows; i++)
		print "| " line(row_names[i]) " |"
	print "\n### Where libmio's server is slower\n"
	tell_losses()
	print ""
}

function text_standing(	i)
{
	if (rounds < 3)
		return
	for (i = 1; i <= rows; i++)
		line(row_names[i])
	print "\nWhere libmio's server is slower:"
	tell_losses()
}

function tell_losses(	i)
{
	if (lost == 0)
		print "Nowhere in this run."
	for (i = 1; i <= lost; i++)
		print "- " losses[i]
}

function markdown(	i, j, row, lib)
{
	if (rows + count_n["server_calls"] == 0)
		return
	print "## A server's view\n"
	print "Servers that do the same work on each library: an HTTP/1.1" \
	    " server with a fixed answer, and\nan echo server" \
	    " (`bench/server`).  The server has one processor and the load" \
	    " another.  All\nservers read into buffers of the same size and" \
	    " answer by the same code.  libmio, libevent\nand Rust mio report" \
	    " readiness, as epoll does, and are edge-triggered, as epoll is" \
	    " here.\nThe server on epoll closes without deregistering, which" \
	    " saves a system call for each\nconnection.  libuv is used by its" \
	    " own streams, for which it is written, and reads by\nitself." \
	    "  `http_hello` is an example of libmio that has timeouts and a" \
	    " stricter parser: compare\nit with libmio, not with the" \
	    " others.\n"
	print "Each figure is the median of " rounds " rounds.  A round has" \
	    " several turns with fresh servers, of\nwhich the one with the" \
	    " most requests counts, with its latencies.  Ratios are to epoll" \
	    " in\nthe same round.  Latencies are in microseconds.  wrk adds" \
	    " to them those of requests that\nit would have sent while it" \
	    " waited.  When it sends several requests in one piece, its" \
	    "\nlatencies have no meaning; the row after that one has them." \
	    "  \"CPU\" is the processor time\nof the server for a request." \
	    "  \"Busy\" is the part of its processor that the server used:" \
	    "\nwhere it is well below 1, the load was the bottleneck, and" \
	    " CPU is a better measure than\nrequests a second.\n"
	for (i = 1; i <= rows; i++)
		markdown_row(row_names[i])
	if (rows > 0)
		standing()
	markdown_counts("server_calls", "System calls a request", "%.4f", \
	    "Counted by strace, for one connection; `x16`: 16 requests in" \
	    " one piece.")
	markdown_counts("server_instructions", \
	    "Instructions in user space a request", "%.0f", \
	    "Counted by valgrind; a library adds the difference to epoll.")
}

function markdown_row(row,	j, lib)
{
	print "### " row ": " does[row] "\n"
	print "| | requests/s | to epoll (quartiles) | p50 | to epoll | p99" \
	    " | to epoll | p99.9 | to epoll | CPU, ns | to epoll | busy |"
	print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |" \
	    " ---: | ---: | ---: | ---: |"
	for (j = 1; j <= libraries; j++) {
		lib = order[j]
		if (!values(row, lib, "rate"))
			continue
		print "| " label(lib) " | " sprintf("%.0f", median) " | " \
		    spread(row, lib, "rate") " | " \
		    two(row, lib, "p50", "%.1f") " | " \
		    two(row, lib, "p99", "%.1f") " | " \
		    two(row, lib, "p99.9", "%.1f") " | " \
		    two(row, lib, "cost", "%.0f") " | " \
		    value(row, lib, "busy", "%.2f") " |"
	}
	print ""
}

function two(row, lib, what, format)
{
	return value(row, lib, what, format) " | " ratio(row, lib, what)
}

function markdown_counts(what, title, format, words,	i, j, row, s)
{
	if (count_n[what] == 0)
		return
	print "### " title "\n\n" words "\n"
	s = "| row |"
	for (j = 1; j <= libraries; j++)
		if (order[j] != "raw2")
			s = s " " label(order[j]) " |"
	print s
	gsub(/[^|]+/, " ---: ", s)
	sub(/---:/, "---", s)
	print s
	for (i = 1; i <= count_n[what]; i++) {
		row = count_rows[what, i]
		s = "| " row " |"
		for (j = 1; j <= libraries; j++)
			if (order[j] != "raw2")
				s = s " " count(what, row, order[j], format) \
				    " |"
		print s
	}
	print ""
}
