# examples/tcp_server: greets, echoes and prints; one client doesn't delay
# another.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

serve tcp_server 127.0.0.1:0

talk() {
	printf '%s' "$1" | timeout 20 socat -t 10 - "TCP:$address" >"$tmp/got"
	printf 'Hello world!\n%s' "$1" | cmp - "$tmp/got"
}
ok "a client is greeted, and gets back what it sends" talk 'one line
'
ok "a second client" talk 'two
lines'
ok "the server prints what they send" \
    grep -q 'client 1: one line' "$tmp/tcp_server.out"

# 30 clients that send nothing don't delay others.
i=0
while [ $i -lt 30 ]; do
	timeout 30 socat -u "TCP:$address" "CREATE:$tmp/idle.$i" &
	servers="$servers $!"
	i=$((i + 1))
done
greeted() {
	i=0
	while [ $i -lt 30 ]; do
		await "$tmp/idle.$i" 'Hello world!' || return 1
		i=$((i + 1))
	done
}
ok "30 silent clients are greeted" greeted
ok "and one that sends is served" talk 'hello'

noise "$tmp/big" 1000000
big() {
	timeout 30 socat -t 20 - "TCP:$address" <"$tmp/big" |
	    tail -c +14 >"$tmp/big.got"
	same "$tmp/big" "$tmp/big.got"
}
ok "1 MB comes back whole" big
ok "the server is alive" alive
echo "1..$n"
