# Reads manual pages (NAME.3, NAME.7) and plain texts.  Writes lines of three
# fields, with tabs: "sentence", "FILE:LINE" and a sentence, or "macro",
# "FILE:LINE" and a word of a page's heading that mdoc calls as a macro.
#
# Of a page its examples and its SYNOPSIS are left out.  ".Fn mio_poll ,"
# becomes "mio_poll(),", and ".Xr epoll 7" "epoll(7)".

BEGIN {
	OFS = "\t"
	callable = " Ac Ad An Ao Ap Aq Ar At Bc Bo Bq Brc Bro Brq Bsx Bx Cd Cm" \
	    " Dc Do Dq Dv Dx Ec Em En Eo Er Es Ev Fa Fc Fl Fn Fo Fr Ft Fx Ic" \
	    " In Lb Li Lk Ms Mt Nm No Ns Nx Oc Oo Op Ot Ox Pa Pc Pf Po Pq Qc" \
	    " Ql Qo Qq Sc Sm So Sq Sx Sy Ta Tn Ux Va Vt Xc Xo Xr "
}

function flush() {
	if (text != "")
		print "sentence", file ":" start, text
	text = ""
}

function add(word) {
	gsub(/\\&/, "", word)
	gsub(/\\-/, "-", word)
	gsub(/\\\(aq/, "'", word)
	if (word == "")
		return
	if (text == "") {
		text = word
		start = FNR
		file = FILENAME
	} else if (glue || word ~ /^[,.;:?!)]+$/)
		text = text word
	else
		text = text " " word
	glue = 0
	if (text ~ /[.?!][")]*$/ && text !~ /\.\.\.[")]*$/)
		flush()
}

function add_words(line,    n, i, word) {
	n = split(line, word, /[ \t]+/)
	for (i = 1; i <= n; i++)
		add(word[i])
}

# The arguments of a macro line; a quoted one is never a macro.
function parse(line,    n, end) {
	n = 0
	for (;;) {
		sub(/^[ \t]+/, "", line)
		if (line == "")
			break
		n++
		quoted[n] = substr(line, 1, 1) == "\""
		if (quoted[n])
			line = substr(line, 2)
		end = match(line, quoted[n] ? "\"" : "[ \t]")
		if (end == 0)
			end = length(line) + 1
		arg[n] = substr(line, 1, end - 1)
		line = substr(line, end + 1)
	}
	quoted[n + 1] = 0
	arg[n + 1] = ""
	return n
}

function is_macro(i) {
	return !quoted[i] && index(callable, " " arg[i] " ")
}

function add_arguments(n,    i, name) {
	for (i = 1; i <= n; i++) {
		if (i == 1 || is_macro(i) && arg[1] != "Nd") {
			# Its name is of interest, and no type.
			name = arg[i] ~ /^F[no]$/ ? 1 : 0
			if (arg[i] == "Xr") {
				add(arg[i + 1] "(" arg[i + 2] ")")
				i += 2
			} else if (arg[i] ~ /^(Ns|Pf|Ap)$/)
				glue = 1
			if (arg[i] == "Ap") {
				add("'")
				glue = 1
			}
		} else if (name == 1) {
			add(arg[i] "()")
			name = 2
		} else if (name == 0 || arg[i] ~ /^[,.;:?!)]+$/)
			add(arg[i])
	}
}

function closed_by(macro, i, n) {
	while (i <= n && (quoted[i] || arg[i] != macro))
		i++
	return i <= n
}

# Some macros are English words.  Is this one meant as a word?  As a macro it is
# followed by a file's name, by a version of UNIX, by a person or by its closing
# macro; or it stands in an item, first or after another macro (No only after).
function is_word(i, n,    next_arg, after_macro, k) {
	next_arg = arg[i + 1]
	after_macro = arg[1] == "It" && i == 2 && arg[i] != "No"
	for (k = 2; k < i && arg[1] == "It"; k++)
		if (is_macro(k))
			after_macro = 1
	if (arg[i] == "In")
		return next_arg !~ /\.h$/
	if (arg[i] == "Pa")
		return next_arg !~ /[.\/]/
	if (arg[i] == "At")
		return next_arg !~ /^(v[1-7]|32v|III|V|V\.[1-4])$/
	if (arg[i] == "An")
		return next_arg !~ /^[-A-Z]/
	if (arg[i] == "Do")
		return !closed_by("Dc", i, n)
	if (arg[i] == "So")
		return !closed_by("Sc", i, n)
	return arg[i] ~ /^(Ad|Bo|Em|En|Es|Ms|No|Op|Ox|Sm)$/ && !after_macro
}

function check_heading(n,    i) {
	for (i = 2; i <= n; i++)
		if (is_macro(i) && is_word(i, n))
			print "macro", FILENAME ":" FNR, arg[i]
}

FNR == 1 {
	flush()
	is_page = FILENAME ~ /\.[37]$/
	is_code = is_synopsis = 0
}

# In a text a paragraph, a heading, an item of a list and a column of a table
# end a sentence.
!is_page {
	if ($0 ~ /^[ \t]*$/ || $0 ~ /^[-=]+$/ || $0 ~ /^[A-Z ]+$/)
		flush()
	else {
		if (sub(/^[ \t]*([*]|[0-9]+\.) /, ""))
			flush()
		sub(/^[ \t]+/, "")
		columns = split($0, column, /\t+|   +/)
		for (i = 1; i <= columns; i++) {
			if (i > 1)
				flush()
			add_words(column[i])
		}
	}
	next
}

{ sub(/[ \t]*\\".*/, "") }
/^\.?$/			{ next }
/^\.Bd -literal/	{ flush(); is_code = 1; next }
/^\.Ed/			{ flush(); is_code = 0; next }
is_code			{ next }
/^\.Sh /		{ is_synopsis = $2 == "SYNOPSIS" }
is_synopsis		{ next }
/^\.(Dd|Dt|Os)/		{ next }
/^\.(Bd|Bl|El|Pp)/	{ flush(); next }
/^\./ {
	n = parse(substr($0, 2))
	if (arg[1] ~ /^(Sh|Ss|It)$/)
		check_heading(n)
	if (arg[1] ~ /^(Sh|Ss|It|Nd|D1|Dl)$/)
		flush()
	add_arguments(n)
	if (arg[1] ~ /^(Sh|Ss|It|Nd|D1|Dl)$/)
		flush()
	next
}
{ add_words($0) }

END { flush() }
