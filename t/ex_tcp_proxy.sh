# examples/tcp_proxy: bytes both ways, half-closes, back-pressure, refusals.

. "${top_builddir:-.}/t/env"
. "$top_srcdir/t/serve"
wants socat

serve tcp_echo
target=$address
serve tcp_proxy 127.0.0.1:0 "$target"

noise "$tmp/sent" 20000000
back() {
	timeout 60 socat -t 30 - "TCP:$address" <"$tmp/sent" >"$tmp/back"
	same "$tmp/sent" "$tmp/back"
}
ok "20 MB come back through it" back

head -c 300000 "$tmp/sent" >"$tmp/part"
i=0
clients=
while [ $i -lt 50 ]; do
	timeout 60 socat -t 30 - "TCP:$address" <"$tmp/part" >"$tmp/back.$i" &
	clients="$clients $!"
	i=$((i + 1))
done
for client in $clients; do
	wait "$client"
done
all_same() {
	for file in "$tmp"/back.*; do
		same "$tmp/part" "$file" || return 1
	done
}
ok "50 clients at once get their own" all_same

# What listens on a port of the system's choice, by socat: $target.
listens() {
	: >"$tmp/socat.err"		# what an earlier one has said
	timeout 60 socat -d -d -t 30 "TCP-LISTEN:0,bind=127.0.0.1" "$@" \
	    2>"$tmp/socat.err" &
	servers="$servers $!"
	await "$tmp/socat.err" 'listening on' || return 1
	target=$($SED -n 's/.*listening on AF=2 //p' "$tmp/socat.err")
}

# It answers only when the client has ended its side.
echo 'wc -c | tr -d " "' >"$tmp/count"
half_close() {
	listens "EXEC:sh $tmp/count" &&
	    try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	timeout 60 socat -t 30 - "TCP:$address" <"$tmp/sent" >"$tmp/answer"
	cat "$tmp/answer"
	grep -qx 20000000 "$tmp/answer"
}
ok "a half-close goes through, and the answer comes back" half_close

# A reader that has stopped holds up the sender, and costs no memory.
resident() {
	$AWK '/^VmRSS:/ { print $2 }' "/proc/$server/status"
}
blocked() {
	listens "CREATE:$tmp/slow" &&
	    try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	before=$(resident)
	kill -STOP "$(pgrep -n -f "$tmp/slow")"
	head -c 500000000 /dev/zero |
	    timeout 2 socat -u - "TCP:$address" && return 1
	after=$(resident)
	echo "resident: $before kB before, $after kB after"
	kill -CONT "$(pgrep -n -f "$tmp/slow")"
	[ $((after - before)) -lt 1000 ]
}
if [ -r "/proc/$server/status" ] && command -v pgrep >/dev/null; then
	ok "against a reader that has stopped, memory stays as it is" blocked
else
	n=$((n + 1))
	echo "ok $n # SKIP no /proc and pgrep to see memory with"
fi

refused() {
	# Whoever listened here is gone.
	listens - </dev/null >/dev/null
	kill "${servers##* }"
	wait "${servers##* }" 2>/dev/null
	try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	timeout 20 socat -t 10 - "TCP:$address" </dev/null >"$tmp/answer" ||
	    [ $? != 124 ]
	await "$tmp/tcp_proxy.err" 'refused' && kill -0 "$server"
}
ok "a target that refuses ends the client, not the proxy" refused
ok "SIGTERM ends it in order" stopped
echo "1..$n"
