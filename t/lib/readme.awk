# README's program: the indented block that includes mio.h.

/^\t/ || /^$/ { block = block substr($0, 2) "\n"; next }
{
	if (block ~ /#include <mio.h>/) {
		printf "%s", block
		exit
	}
	block = ""
}
