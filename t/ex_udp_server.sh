# examples/udp_server: datagrams of all sizes come back.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

# echoes FAMILY SIZE: one datagram there and back.
echoes() {
	noise "$tmp/sent" "$2"
	: >"$tmp/back"			# what an earlier one has left
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

# socat ends one of 0 bytes that it gets, and sends it when its input ends.
empty() {
	timeout 20 socat -t 60 - "UDP4:$address,shut-null,null-eof" </dev/null \
	    >"$tmp/back" && [ ! -s "$tmp/back" ]
}
ok "and so does one of 0 bytes" empty

# 1,000 of them one by one: a line is a datagram, for both ends.
lines() {
	seq 1 1000 >"$tmp/sent"
	timeout 60 socat -t 1 "EXEC:sh $tmp/talk" "UDP4:$address" 2>"$tmp/err"
	same "$tmp/sent" "$tmp/back"
}
# Each line waits for its answer, so that loopback has no reason to lose any.
cat >"$tmp/talk" <<E2
i=1
while [ \$i -le 1000 ]; do
	echo "\$i"
	read -r answer || exit 1
	echo "\$answer" >&3
	i=\$((i + 1))
done 3>"$tmp/back"
E2
ok "1,000 round trips" lines

# A client that is gone when its answer comes is no reason to stop.
vanish() {
	i=0
	while [ $i -lt 10 ]; do
		echo gone | timeout 5 socat -u - "UDP4-SENDTO:$address" ||
		    return 1
		i=$((i + 1))
	done
}
ok "10 clients that don't wait for the answer" vanish
ok "the next one gets its own" echoes UDP4 500
ok "the server is alive" alive

if try_serve udp_server '[::1]:0'; then
	ok "over IPv6 too" echoes UDP6 1000
else
	skip "no IPv6 on loopback"
	serve udp_server
fi
ok "SIG$stop ends it in order" stopped

# strace has the kernel claim that every other answer can't be sent yet.
refusing() {
	# A leak checker, if it is built with one, can't work while traced.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
	exec $STRACE -D -qq -o "$tmp/trace" -e trace=sendto \
	    -e inject=sendto:error=EAGAIN:when=2+2 "$@"
}
kept() {
	# shellcheck disable=SC2034 # t/lib/serve's
	under=refusing
	try_serve udp_server && lines && refused=$(grep -c INJ "$tmp/trace") &&
	    echo "$refused were refused at first" && [ "$refused" -ge 999 ]
}
if can_inject; then
	ok "what can't be sent at once is sent later" kept
	ok "the server is alive" alive
	ok "SIG$stop ends it in order" stopped
else
	skip "no strace, or it may not trace here"
fi
echo "1..$n"
