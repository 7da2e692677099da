# examples/curl_multi: fetches many URLs at once, and prints the result of
# each.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"

fetcher=$top_builddir/examples/curl_multi$EXEEXT
if [ ! -x "$fetcher" ]; then
	echo "1..0 # SKIP curl_multi was left out"
	exit 0
fi
serve http_hello
no_proxy='*'
export no_proxy

fetch() {
	timeout 60 "$fetcher" "$@" >"$tmp/got" 2>"$tmp/err"
	status=$?
	tail -n 5 "$tmp/got" "$tmp/err"
	return $status
}
one() {
	fetch "http://$address/" &&
	    [ "$(cat "$tmp/got")" = "200 14 http://$address/" ]
}
ok "one URL" one
many() {
	# shellcheck disable=SC2046 # one argument each
	fetch $(seq -f "http://$address/%.0f" 1 200) &&
	    [ "$(grep -c '^200 14 ' "$tmp/got")" = 200 ] &&
	    [ "$(sort -u "$tmp/got" | wc -l)" = 200 ]
}
ok "200 URLs at once" many
refused() {
	gone=$address
	kill "$server"
	wait "$server"
	serve http_hello
	fetch "http://$gone/" "http://$address/" || return 1
	grep -q "^error http://$gone/: " "$tmp/got" &&
	    grep -q "^200 14 http://$address/" "$tmp/got"
}
ok "a server that refuses: an error, and the other URL is fetched" refused
nonsense() {
	fetch "http://$address/" "nonsense://x/" &&
	    grep -q "^error nonsense://x/: " "$tmp/got"
}
ok "an invalid URL" nonsense
ok "the server is alive" alive
echo "1..$n"
