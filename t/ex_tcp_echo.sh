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
echo "1..$n"
