# examples/tls_echo: OpenSSL's own client gets back what it sends.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants openssl

# The examples' OpenSSL may differ from that of openssl(1).
key() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj /CN=localhost -keyout "$tmp/key" \
	    -out "$tmp/certificate"
}
key >"$tmp/key.log" 2>&1 || {
	echo "1..0 # SKIP openssl makes no key: $(tail -n 1 "$tmp/key.log")"
	exit 0
}
serve tls_echo "$tmp/certificate" "$tmp/key"

# grown FILE FILE: waits until the first is as long as the second.
grown() {
	tries=1500
	until [ "$(wc -c <"$1")" -ge "$(wc -c <"$2")" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.02
	done
}

# client SENT BACK OPTION...: sends a file and compares what comes back; -quiet
# keeps it connected when all is sent.
client() {
	sent=$1
	back=$2
	shift 2
	: >"$back"
	timeout 60 openssl s_client -quiet -verify_quiet -connect "$address" \
	    "$@" <"$sent" >"$back" 2>"$back.err" &
	s_client=$!
	grown "$back" "$sent" || cat "$back.err"
	kill $s_client
	wait $s_client
	same "$sent" "$back"
}
noise "$tmp/sent" 1000000
ok "1 MB comes back" client "$tmp/sent" "$tmp/back"
ok "over TLS 1.2 as well" client "$tmp/sent" "$tmp/back" -tls1_2

i=0
clients=
while [ $i -lt 8 ]; do
	(client "$tmp/sent" "$tmp/back.$i" >/dev/null 2>&1) &
	clients="$clients $!"
	i=$((i + 1))
done
all_same() {
	for pid in $clients; do
		wait "$pid" || return 1
	done
}
ok "eight clients at once: each gets its data back" all_same

# The server replies to close_notify with close_notify, and does not just
# close.
goodbye() {
	echo Q | timeout 20 openssl s_client -connect "$address" -msg \
	    -tls1_2 >"$tmp/msg" 2>&1
	grep -A 1 'Alert' "$tmp/msg"
	grep -q '>>> .*Alert.*close_notify' "$tmp/msg"
}
ok "a client's close_notify gets one back" goodbye

# Connections that don't speak TLS, or are cut off, affect no others.
nonsense() {
	echo 'GET / HTTP/1.0' | timeout 20 socat -t 5 - "TCP:$address" >/dev/null
	timeout 0.3 openssl s_client -connect "$address" </dev/zero \
	    >/dev/null 2>&1
	client "$tmp/sent" "$tmp/back"
}
if command -v socat >/dev/null; then
	ok "after garbage and a cut connection, the next is served" nonsense
else
	skip "no socat"
fi
ok "the server is alive" alive
echo "1..$n"
