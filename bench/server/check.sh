# Checks that all servers of the benchmark give the same answers, whatever their
# loop.  Run by make bench-quick, with the servers as arguments; a failure makes
# make fail.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
. "$top_srcdir/bench/server/start.sh"
wants curl socat cmp

failed=0
# is NAME COMMAND...: like ok, and counts failures.
is() {
	ok "$@" >"$tmp/line"
	cat "$tmp/line"
	! grep -q '^not ok' "$tmp/line" || failed=$((failed + 1))
}

# raw: sends standard input and saves the answer; fails unless the server
# closes.
raw() {
	timeout 30 socat -t 60 - "TCP:$address,nodelay" >"$tmp/got"
}

get="GET / HTTP/1.1\r\nHost: x\r\n"

head_is_right() {
	curl -s -m 20 -D "$tmp/head" -o "$tmp/body" "$@" "http://$address/" ||
	    return 1
	tr -d '\r' <"$tmp/head" | $SED 's/[0-9][0-9]:[0-9:]* GMT/TIME GMT/' \
	    >"$tmp/got"
	cat "$tmp/got"
	grep -qx 'HTTP/1.1 200 OK' "$tmp/got" &&
	    grep -q '^Date: [A-Z].*TIME GMT$' "$tmp/got" &&
	    grep -qx 'Content-Type: text/plain' "$tmp/got" &&
	    grep -qx 'Content-Length: 14' "$tmp/got"
}
hello() {
	head_is_right && [ "$(cat "$tmp/body")" = 'Hello, world!' ] &&
	    [ "$(wc -c <"$tmp/body")" -eq 14 ]
}
head_only() {
	head_is_right -I && ! grep -q Hello "$tmp/body"
}
# All requests in one piece, followed by a half-close of the client.
pipelined() {
	printf '%b' "$get\r\n" >"$tmp/one"
	yes "$tmp/one" | head -n 1000 | xargs cat | raw || return 1
	[ "$(grep -c '^HTTP/1.1 200 OK' "$tmp/got")" -eq 1000 ] &&
	    [ "$(grep -c '^Hello, world!$' "$tmp/got")" -eq 1000 ] &&
	    [ "$(tail -c 14 "$tmp/got")" = 'Hello, world!' ]
}
# held COUNT: a stopped server finds COUNT requests and end of file at once.
held() {
	yes 'GET / HTTP/1.1
Host:
' | head -n $((3 * $1)) >"$tmp/many"
	kill -STOP "$server"
	{ sleep 0.5; kill -CONT "$server"; } &
	raw <"$tmp/many" || return 1
	[ "$(grep -c '^HTTP/1.1 200 OK' "$tmp/got")" -eq "$1" ]
}
slowly() {
	printf '%b' "${get}X: y\r\n\r\n" | dd bs=1 2>/dev/null |
	    timeout 30 socat -b 1 -t 60 - "TCP:$address,nodelay" >"$tmp/got" ||
	    return 1
	[ "$(grep -c '^HTTP/1.1 200 OK' "$tmp/got")" -eq 1 ] &&
	    grep -qx 'Hello, world!' "$tmp/got"
}
# The server closes, although the client does not.
closes() {
	printf '%b' "${get}Connection: close\r\n\r\n$get\r\n" |
	    timeout 20 socat -,ignoreeof "TCP:$address" >"$tmp/got" ||
	    return 1
	[ "$(grep -c '^HTTP/1.1 200 OK' "$tmp/got")" -eq 1 ] &&
	    grep -q '^Connection: close' "$tmp/got"
}
refuses() {
	printf 'POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx' | raw
	grep -q '^HTTP/1.1 400 Bad Request' "$tmp/got"
}
by_load() {
	timeout 60 "$load" -c 100 -n 2000 "$@" "$address"
}

# More than all buffers of both sides hold.
head -c 24000000 /dev/urandom >"$tmp/sent"
comes_back() {
	raw <"$tmp/sent" && cmp "$tmp/sent" "$tmp/got"
}
# The server must wait with a partly written answer.
reads_later() {
	# shellcheck disable=SC2094 # it is only read
	timeout 60 socat -t 120 - "TCP:$address" <"$tmp/sent" | {
		sleep 1
		cmp - "$tmp/sent"
	}
}

for program; do
	who=${program##*/}
	start_server "$program" http || exit 99
	is "$who: hello, and a head that is right" hello
	is "$who: HEAD" head_only
	is "$who: 1,000 requests in one piece, with a half-close" pipelined
	is "$who: an end that comes with the request" held 1
	# More answers than it gives before it serves others.
	is "$who: 2,700 requests at once" held 2700
	is "$who: a request in single bytes" slowly
	is "$who: Connection: close" closes
	is "$who: a body is refused" refuses
	is "$who: 100 clients, by our load" by_load -p 16
	[ "$program" != "$example" ] || continue
	start_server "$program" echo || exit 99
	is "$who: 24 MB come back, after a half-close" comes_back
	is "$who: so they do to one who reads late" reads_later
	is "$who: 100 clients, 16 KiB each" by_load -s 16384
done
echo "1..$n"
[ $failed = 0 ]
