# examples/udp_server: sends back datagrams of all sizes.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

# echoes FAMILY SIZE: sends one datagram, and compares the reply.
echoes() {
	noise "$tmp/sent" "$2"
	: >"$tmp/back"			# drop an earlier one's data
	timeout 20 socat -b 65536 -t 2 - "$1:$address" <"$tmp/sent" \
	    >"$tmp/back" &
	client=$!
	tries=200
	until [ "$(wc -c <"$tmp/back")" -ge "$2" ] || [ $tries = 0 ]; do
		tries=$((tries - 1))
		sleep 0.02
	done
	kill "$client" 2>/dev/null
	wait "$client" 2>/dev/null
	same "$tmp/sent" "$tmp/back"
}

serve udp_server
for size in 1 100 1472 9000 65507; do
	ok "a datagram of $size bytes comes back" echoes UDP4 $size
done

# socat ends when it gets a datagram of 0 bytes, and sends one when its input
# ends.
empty() {
	timeout 20 socat -t 60 - "UDP4:$address,shut-null,null-eof" </dev/null \
	    >"$tmp/back" && [ ! -s "$tmp/back" ]
}
ok "a datagram of 0 bytes comes back" empty

# 1,000 datagrams one by one: for both ends a line is a datagram.
lines() {
	seq 1 1000 >"$tmp/sent"
	timeout 60 socat -t 1 "EXEC:sh $tmp/talk" "UDP4:$address" 2>"$tmp/err"
	same "$tmp/sent" "$tmp/back"
}
# Each line waits for its reply, so that loopback has no reason to drop any.
cat >"$tmp/talk" <<E2
i=1
while [ \$i -le 1000 ]; do
	echo "\$i"
	read -r reply || exit 1
	echo "\$reply" >&3
	i=\$((i + 1))
done 3>"$tmp/back"
E2
ok "1,000 round trips" lines

# A client that has exited when its reply comes doesn't end the server.
vanish() {
	i=0
	while [ $i -lt 10 ]; do
		echo gone | timeout 5 socat -u - "UDP4-SENDTO:$address" ||
		    return 1
		i=$((i + 1))
	done
}
ok "10 clients that don't wait for their reply" vanish
ok "the next client gets its reply" echoes UDP4 500
ok "the server is alive" alive

if try_serve udp_server '[::1]:0'; then
	ok "over IPv6 too" echoes UDP6 1000
else
	skip "no IPv6 on loopback"
	serve udp_server
fi
ok "SIG$stop ends it in order" stopped

# strace makes every other reply fail with EAGAIN.
refusing() {
	# A leak checker in the server can't work while it is traced.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
	exec $STRACE -D -qq -o "$tmp/trace" -e trace=sendto \
	    -e inject=sendto:error=EAGAIN:when=2+2 "$@"
}
kept() {
	# shellcheck disable=SC2034 # used by t/lib/serve
	under=refusing
	try_serve udp_server && lines && refused=$(grep -c INJ "$tmp/trace") &&
	    echo "$refused failed at first" && [ "$refused" -ge 999 ]
}
if can_inject; then
	ok "replies that can't be sent at once are sent later" kept
	ok "the server is alive" alive
	ok "SIG$stop ends it in order" stopped
else
	skip "no strace, or it may not trace here"
fi
echo "1..$n"
