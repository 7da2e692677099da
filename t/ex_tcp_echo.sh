# examples/tcp_echo: many clients at once get back what they send.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

serve tcp_echo 127.0.0.1:0
noise "$tmp/sent" 1000000

i=0
clients=
while [ $i -lt 40 ]; do
	timeout 60 socat -t 30 - "TCP:$address" <"$tmp/sent" >"$tmp/back.$i" &
	clients="$clients $!"
	i=$((i + 1))
done
for client in $clients; do
	wait "$client"
done
all_same() {
	for file in "$tmp"/back.*; do
		same "$tmp/sent" "$file" || return 1
	done
}
ok "40 clients at once: each gets its 1 MB back" all_same

# A client that never reads doesn't delay others.
head -c 50000000 /dev/zero | timeout 30 socat -u - "TCP:$address" &
servers="$servers $!"
small() {
	echo "hello" | timeout 20 socat -t 10 - "TCP:$address" | grep -qx hello
}
ok "while one never reads, another is served" small
ok "the server is alive" alive

# All addresses of IPv6 and IPv4, by one listener.
serve tcp_echo '[::]:0'
both() {
	address=127.0.0.1:$port
	small
}
ok "[::]: an IPv4 client is served" both
ok "[::]: the server is alive" alive

# By two, where there are no dual-stack sockets: OpenBSD refuses to clear
# IPV6_V6ONLY, which is the first option that is set.
apart() {
	# A leak checker in the server can't work while it is traced.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
	exec $STRACE -D -qq -o "$tmp/trace" -e trace=setsockopt \
	    -e inject=setsockopt:error=EINVAL:when=1 "$@"
}
six() {
	address="[::1]:$port"
	small
}
if can_inject; then
	# shellcheck disable=SC2034 # used by t/lib/serve
	under=apart
	serve tcp_echo '[::]:0'
	ok "no dual-stack sockets: an IPv4 client is served" both
	if [ -s /proc/net/if_inet6 ]; then
		ok "and an IPv6 client" six
	else
		skip "no IPv6 on this system"
	fi
	ok "SIG$stop ends it in order" stopped
else
	skip "no strace, or it may not trace here"
fi
echo "1..$n"
