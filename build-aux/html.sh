# html.sh MANDOC VERSION MAN OUT: writes the pages of MAN as HTML to OUT, with
# an index in the order of mio.3.  A link to a function leads to its description
# in its page.  Pages of the system's manual are named, but not linked.

mandoc=$1
version=$2
man=$3
out=$4
names=$(dirname "$0")/names.sh

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# The file link has the target of every name.  The file entry has the contents
# of the index: "page FILE TEXT" and "name FILE NAME".
for page in "$man"/*.[37]; do
	file=${page##*/}.html
	"$mandoc" -Thtml -O man=%N.%S.html,style=style.css "$page" \
	    >"$tmp/$file" || exit 1
	echo "$file $file" >>"$tmp/link"
	echo "page $file $(sed -n 's/^\.Nd //p' "$page" |
	    sed 's/&/\&amp;/g; s/</\&lt;/g')" >>"$tmp/entry"
	# shellcheck disable=SC2013 # names are words
	for name in $(sh "$names" "$page" | sed 's/.* //'); do
		echo "name $file $name" >>"$tmp/entry"
		[ "$name.${page##*.}.html" = "$file" ] && continue
		anchor=
		grep -q " id=\"$name\"" "$tmp/$file" && anchor="#$name"
		echo "$name.${page##*.}.html $file$anchor" >>"$tmp/link"
	done
done

mkdir -p "$out" || exit 1
cp "$man/style.css" "$out/style.css" || exit 1

top="<nav><a href=\"index.html\">libmio $version</a>
<a href=\"mio.7.html\">guide</a>
<a href=\"mio.3.html\">overview</a></nav>"

for page in "$tmp"/*.html; do
	# shellcheck disable=SC2016 # awk's
	awk -v top="$top" '
		NR == FNR { to[$1] = $2; next }
		/^<html>$/ { print "<html lang=\"en\">"; next }
		/^<body>$/ { print; print top; next }
		{
			line = ""
			while (match($0,
			    /<a class="Xr" href="[^"]*">[^<]*<\/a>/)) {
				line = line substr($0, 1, RSTART - 1)
				split(substr($0, RSTART, RLENGTH), part, "\"")
				text = substr(part[5], 2)
				sub(/<\/a>/, "", text)
				if (part[4] in to)
					line = line "<a class=\"Xr\" href=\"" \
					    to[part[4]] "\">" text "</a>"
				else
					line = line "<span class=\"Xr\">" \
					    text "</span>"
				$0 = substr($0, RSTART + RLENGTH)
			}
			print line $0
		}
	' "$tmp/link" "$page" >"$out/${page##*/}" || exit 1
done

# shellcheck disable=SC2016
awk -v top="$top" '
	function show(file,    i) {
		if (shown[file]++)
			return
		print "<dt>"
		for (i = 1; i <= count[file]; i++)
			print "<a href=\"" to[name[file, i] section(file)] \
			    "\"><code>" name[file, i] "</code></a>" \
			    (i < count[file] ? "," : "")
		print "</dt>"
		print "<dd>" text[file] "</dd>"
	}
	function section(file) {
		return substr(file, length(file) - 6)
	}
	FILENAME ~ /link$/ { to[$1] = $2; next }
	FILENAME ~ /entry$/ && $1 == "page" {
		file = $2
		sub(/^page [^ ]* /, "")
		text[file] = $0
		next
	}
	FILENAME ~ /entry$/ {
		name[$2, ++count[$2]] = $3
		page[$3] = $2
		next
	}
	FNR == 1 {
		print "<!DOCTYPE html>"
		print "<html lang=\"en\">"
		print "<head>"
		print "<meta charset=\"utf-8\">"
		print "<meta name=\"viewport\"" \
		    " content=\"width=device-width, initial-scale=1.0\">"
		print "<link rel=\"stylesheet\" href=\"style.css\">"
		print "<title>libmio</title>"
		print "</head>"
		print "<body>"
		print top
		print "<h1>libmio</h1>"
		print "<dl class=\"index\">"
		print "<dt><a href=\"mio.7.html\">mio(7)</a></dt>"
		print "<dd>" text["mio.7.html"] "</dd>"
		print "<dt><a href=\"mio.3.html\">mio(3)</a></dt>"
		print "<dd>" text["mio.3.html"] "</dd>"
		shown["mio.3.html"] = shown["mio.7.html"] = 1
	}
	/^\.Ss / { heading = substr($0, 5) }
	/^\.It Xr mio_/ && $3 in page && !(page[$3] in shown) {
		if (heading != "")
			print "</dl>\n<h2>" heading "</h2>\n" \
			    "<dl class=\"index\">"
		heading = ""
		show(page[$3])
	}
	END {
		print "</dl>\n</body>\n</html>"
		for (file in text)
			if (!(file in shown)) {
				print "mio.3 does not list " file | "cat >&2"
				bad = 1
			}
		exit bad
	}
' "$tmp/link" "$tmp/entry" "$man/mio.3" >"$out/index.html"
