# names.sh PAGE...: prints a line "PAGE NAME" for each name in a page's NAME
# section; PAGE without its directory.

for page; do
	sed -n "/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z0-9_]*\).*/${page##*/} \1/p" \
	    "$page"
done
