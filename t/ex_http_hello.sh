# examples/http_hello: what HTTP/1.1 requires of a server that only returns
# "Hello, world!".

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat curl

serve http_hello
url=http://$address/

# raw TEXT: sends these bytes, and stores what the server sends until it
# closes.
raw() {
	# shellcheck disable=SC2059 # the text has escapes
	printf "$1" | timeout 20 socat -t 10 - "TCP:$address" >"$tmp/got"
}

# says STATUS COUNT: there were so many responses with that status, and no
# others.
says() {
	tr -d '\r' <"$tmp/got" | head -n 40
	[ "$(grep -c "^HTTP/1.1 $1 " "$tmp/got")" = "$2" ] &&
	    [ "$(grep -c '^HTTP/1.1 ' "$tmp/got")" = "$2" ]
}

# answers STATUS TEXT: the server sends one response, and closes.
answers() {
	raw "$2" || { echo "socat: $?"; return 1; }
	says "$1" 1
}

hello() {
	[ "$(curl -s -m 20 "$url")" = 'Hello, world!' ]
}
head_only() {
	curl -s -m 20 -I "$url" >"$tmp/got"
	says 200 1 && grep -q '^Content-Length: 14' "$tmp/got" &&
	    grep -q '^Date: .* GMT' "$tmp/got"
}
ok "curl gets the greeting" hello
ok "HEAD: the head only" head_only

# Many requests on one connection: curl prints how many connections it made.
reuses() {
	seq -f "url = $url%.0f" 1 100 >"$tmp/urls"
	curl -s -m 30 -K "$tmp/urls" -w '%{stderr}%{num_connects}\n' \
	    >"$tmp/bodies" 2>"$tmp/connects"
	[ "$(grep -cx 'Hello, world!' "$tmp/bodies")" = 100 ] &&
	    [ "$($AWK '{ n += $1 } END { print n }' "$tmp/connects")" = 1 ]
}
ok "100 requests on one connection" reuses
parallel() {
	seq -f "url = $url%.0f" 1 500 >"$tmp/urls"
	curl -s -m 60 -Z --parallel-max 50 -K "$tmp/urls" >"$tmp/bodies" ||
	    return 1
	[ "$(grep -cx 'Hello, world!' "$tmp/bodies")" = 500 ]
}
ok "curl --parallel, 500 requests" parallel

host='Host: x\r\n'
get="GET / HTTP/1.1\r\n$host"
last="${get}Connection: close\r\n\r\n"
pipelined() {
	i=0
	text=
	while [ $i -lt 99 ]; do
		text="$text$get\\r\\n"
		i=$((i + 1))
	done
	raw "$text$last" && says 200 100
}
ok "100 requests in one piece: 100 responses, in order" pipelined
slowly() {
	# Through a pipe, one byte at a time.
	printf %b "$last" | timeout 30 dd bs=1 2>/dev/null |
	    timeout 30 socat -b 1 -t 10 - "TCP:$address,nodelay" >"$tmp/got"
	says 200 1
}
ok "a request in single bytes" slowly
ok "lines that end without a CR" answers 200 'GET / HTTP/1.1\nHost: x\nConnection: close\n\n'
ok "an empty line first" answers 200 "\\r\\n$last"

old() {
	answers 200 'GET / HTTP/1.0\r\n\r\n' &&
	    grep -q '^Connection: close' "$tmp/got"
}
ok "HTTP/1.0: one response, and a close" old
old_kept() {
	raw "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"
	says 200 2 && grep -q '^Connection: keep-alive' "$tmp/got"
}
ok "HTTP/1.0 with keep-alive: the next gets a response, too" old_kept
bodies() {
	raw "POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\n123456789$last"
	[ "$(grep -c '^HTTP/1.1 ' "$tmp/got")" = 2 ] &&
	    grep -q '^HTTP/1.1 405 ' "$tmp/got" &&
	    grep -q '^Allow: GET, HEAD' "$tmp/got" &&
	    grep -q '^HTTP/1.1 200 ' "$tmp/got"
}
ok "another method: 405, its body is skipped, the next gets a response" bodies

ok "400: no words" answers 400 '\001\002\003\r\n\r\n'
ok "400: no version" answers 400 'GET /\r\n\r\n'
ok "400: two blanks" answers 400 "GET  / HTTP/1.1\r\n$host\r\n"
ok "400: no Host" answers 400 'GET / HTTP/1.1\r\n\r\n'
ok "400: two Hosts" answers 400 "GET / HTTP/1.1\r\n$host$host\r\n"
ok "400: a blank before the colon" answers 400 "${get}Name : x\r\n\r\n"
ok "400: a folded line" answers 400 "${get}A: b\r\n c\r\n\r\n"
ok "400: a NUL in the head" answers 400 "${get}A: b\000c\r\n\r\n"
ok "400: an invalid length" answers 400 "${get}Content-Length: -1\r\n\r\n"
ok "400: two lengths" answers 400 "${get}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
ok "400: a length and an encoding" answers 400 "${get}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
ok "501: an encoding" answers 501 "${get}Transfer-Encoding: chunked\r\n\r\n"
ok "505: another version" answers 505 "GET / HTTP/3.0\r\n$host\r\n"
long_head() {
	{ printf %b "$get"; head -c 100000 /dev/zero | tr '\0' a; } |
	    timeout 20 socat -t 10 - "TCP:$address" >"$tmp/got"
	says 431 1
}
ok "431: a head that is too long, and the response arrives" long_head
ok "the server is alive" alive
ok "and serves" hello

# wrk counts no errors, and no responses other than 200.
load() {
	timeout 60 wrk -t 1 -c 64 -d 1 "$url" >"$tmp/wrk"
	cat "$tmp/wrk"
	grep -q 'Requests/sec' "$tmp/wrk" &&
	    ! grep -q 'Socket errors\|Non-2xx' "$tmp/wrk"
}
if command -v wrk >/dev/null; then
	ok "wrk: 64 connections, no error" load
else
	skip "no wrk"
fi
ok "SIG$stop ends it in order" stopped

if [ "$EXEEXT" = .exe ]; then
	skip "-p: Windows has no fork()"
	echo "1..$n"
	exit 0
fi

# A number of processes is digits only.
strict() {
	for number in 2x 0 65 1000 4294967298 -1 ' 2' +2 ''; do
		timeout 10 "$top_builddir/examples/http_hello" -p "$number" \
		    2>/dev/null
		status=$?
		[ $status = 1 ] || return 1
	done
}
ok "-p refuses what is not a number from 1 to 64" strict

# Two processes: both accept, and their responses are the same.
serve http_hello -p 2
url=http://$address/
shared() {
	i=0
	while [ $i -lt 40 ]; do
		hello || return 1
		i=$((i + 1))
	done
}
ok "-p 2: 40 connections are served" shared
both() {
	# Count the connections that each of the server's processes has open.
	i=0
	while [ $i -lt 40 ]; do
		timeout 30 socat -u "TCP:$address" - >/dev/null &
		servers="$servers $!"
		i=$((i + 1))
	done
	tries=200
	while [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		busy=0
		for child in $(pgrep -P "$server"); do
			open=$(find "/proc/$child/fd" -lname 'socket:*' |
			    wc -l)
			[ "$open" -gt 2 ] && busy=$((busy + 1))
		done
		[ $busy = 2 ] && return 0
		sleep 0.05
	done
	echo "$busy processes have connections"
	return 1
}
if [ -d "/proc/$server/fd" ] && command -v pgrep >/dev/null; then
	ok "-p 2: both processes have clients" both
else
	skip "no /proc, or no pgrep"
fi
ok "-p 2: SIGTERM ends all of them" stopped
echo "1..$n"
