# Reads t/lib/prose_words, t/lib/prose_exceptions, and what t/lib/prose.awk
# writes.  Writes each wrong word: "FILE:LINE: word (better): sentence".  Each
# pattern and exception that matched goes to the file USED.

BEGIN { FS = "\t" }

FNR == 1 { input++ }
/^(#|$)/ && input < 3 { next }

input == 1 {
	patterns++
	where[patterns] = $1
	pattern[patterns] = $2
	better[patterns] = $3
	any = any (any == "" ? "" : "|") "(" $2 ")"
}

input == 2 {
	exceptions++
	exception_file[exceptions] = $1
	exception[exceptions] = $2
}

# Words and punctuation marks, between single spaces.
function spaced(text) {
	text = " " text " "
	gsub(/\(\)/, "", text)
	gsub(/\([0-9][A-Z]*\)/, "", text)
	gsub(/[,;:?!()"]/, " & ", text)
	gsub(/\. /, " . ", text)
	gsub(/  +/, " ", text)
	return text
}

# What was found, or how that begins.
function wrong(text) {
	if (RLENGTH > 30)
		return substr(text, RSTART + 1, 27) "..."
	return substr(text, RSTART + 1, RLENGTH - 2)
}

input == 3 && $1 == "sentence" {
	text = spaced($3)
	if (tolower(text) !~ any)
		next
	name = $2
	sub(/:[0-9]*$/, "", name)
	for (i = 1; i <= exceptions; i++)
		if (exception_file[i] == "*" || exception_file[i] == name)
			if (gsub(exception[i], " ", text))
				print exception[i] >USED
	text = tolower(text)
	for (i = 1; i <= patterns; i++)
		if ((where[i] == "all" || name ~ /\.[37]$/) &&
		    match(text, pattern[i])) {
			print pattern[i] >USED
			print $2 ": \"" wrong(text) "\" (" better[i] "): " $3
		}
}
