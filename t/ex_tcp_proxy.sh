# examples/tcp_proxy: data in both directions, half-closes, back-pressure and
# refused connections.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

# An address sanitizer in the proxy must not keep freed memory, since the test
# checks below that the memory in use stays the same.
keep=thread_local_quarantine_size_kb=0:quarantine_size_mb=0
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}$keep
export ASAN_OPTIONS

serve tcp_echo
target=$address
serve tcp_proxy 127.0.0.1:0 "$target"

noise "$tmp/sent" 67108864
# A client that doesn't see end of file still waits when its time is over.
back() {
	timeout 90 socat -t 100 - "TCP:$address" <"$tmp/sent" \
	    >"$tmp/back" || return 1
	same "$tmp/sent" "$tmp/back"
}
ok "64 MB are sent and come back" back
rm -f "$tmp/back"

head -c 300000 "$tmp/sent" >"$tmp/part"
# at_once COUNT: so many clients, each of which must get its data back.
at_once() {
	clients=
	while [ $# -le "$1" ]; do
		timeout 90 socat -t 100 - "TCP:$address" <"$tmp/part" \
		    >"$tmp/back.$#" &
		clients="$clients $!"
		set -- "$@" client
	done
	for client in $clients; do
		wait "$client" || return 1
	done
	for file in "$tmp"/back.*; do
		same "$tmp/part" "$file" || return 1
	done
	rm -f "$tmp"/back.*
}
resident() {
	# shellcheck disable=SC2016 # awk expands it
	$AWK '/^VmRSS:/ { print $2 }' "/proc/$server/status"
}
descriptors() {
	find "/proc/$server/fd" -type l | wc -l
}
# without_proc NAME: skips a test that needs /proc.
without_proc() {
	skip "no /proc: $1"
}
[ -r "/proc/$server/status" ] && [ -r "/proc/$server/fd" ] && proc=yes
ok "100 clients at once: each gets its data back" at_once 100
# If more clients than before happen to be connected at once, more memory is
# needed, once; a leak grows each time.
flat() {
	for crowd in 1 2 3 4 5; do
		before=$(resident)
		at_once 100 || return 1
		after=$(resident)
		echo "resident: $before kB before, $after kB after $crowd"
		[ $((after - before)) -ge 1000 ] || return 0
	done
	return 1
}
if [ "$proc" ]; then
	ok "100 more need no memory" flat
else
	without_proc "100 more need no memory"
fi
ok "the proxy is alive" alive

# There are no descriptors for some of these clients, and for one of them
# perhaps only one of two.
limited() {
	# shellcheck disable=SC3045 # not in POSIX, but in every sh
	ulimit -n "$limit"
	exec "$@"
}
crowded() {
	under=limited
	limit=$1
	try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	# shellcheck disable=SC2034 # used by t/lib/serve
	under=
	at_once 50 && await "$tmp/tcp_proxy.err" 'tcp_proxy: accept: ' &&
	    ! grep connect "$tmp/tcp_proxy.err"
	result=$?
	stopped || return 1
	return $result
}
if [ "$EXEEXT" = .exe ]; then
	skip "Windows doesn't limit descriptors"
else
	ok "50 clients share 16 descriptors" crowded 16
	ok "50 clients share 17 descriptors" crowded 17
fi

# At first there are no descriptors, and no event indicates when there are.
# accept fails twice: with the event, and after it.
without() {
	# A leak checker in the proxy can't work while it is traced.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	export ASAN_OPTIONS
	exec $STRACE -D -qq -o "$tmp/trace" -e trace=accept4,?accept \
	    -e inject=accept4,?accept:error=ENFILE:when=1..2 "$@"
}
again() {
	under=without
	try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	# shellcheck disable=SC2034 # used by t/lib/serve
	under=
	at_once 1 && grep INJECTED "$tmp/trace"
	result=$?
	stopped || return 1
	return $result
}
if can_inject; then
	ok "an accept that fails is tried again" again
else
	skip "no strace, or it may not trace here"
fi

# listens ADDRESS: starts socat on a port of the system's choice, and sets
# $target.
listens() {
	: >"$tmp/socat.err"		# drop an earlier one's output
	socat -d -d -t 60 "TCP-LISTEN:0,bind=127.0.0.1" "$@" \
	    2>"$tmp/socat.err" &
	listener=$!
	servers="$servers $listener"
	await "$tmp/socat.err" 'listening on' || return 1
	target=$($SED -n 's/.*listening on AF=2 //p' "$tmp/socat.err")
}

# It replies only when the client has shut down its side.
echo 'wc -c | tr -d " "' >"$tmp/count"
half_close() {
	listens "EXEC:sh $tmp/count" &&
	    try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	timeout 90 socat -t 100 - "TCP:$address" <"$tmp/sent" >"$tmp/reply"
	cat "$tmp/reply"
	grep -qx 67108864 "$tmp/reply"
}
ok "a half-close is passed on, and the reply comes back" half_close
ok "SIG$stop ends it in order" stopped

# A stopped reader stops the sender, and needs no memory.  When the sender
# resets its connection, that to the reader is closed, too.
blocked() {
	listens "CREATE:$tmp/slow" &&
	    try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	kill -STOP "$listener"
	before=$(resident)
	idle=$(descriptors)
	head -c 500000000 /dev/zero |
	    timeout 2 socat -u - "TCP:$address,linger=0" && return 1
	after=$(resident)
	echo "resident: $before kB before, $after kB after"
	[ $((after - before)) -lt 1000 ]
}
reset() {
	tries=500
	until [ "$(descriptors)" = "$idle" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.02
	done
}
if [ "$proc" ]; then
	ok "a stopped reader needs no memory" blocked
	ok "and its connection is closed when the sender resets" reset
	ok "SIG$stop ends it in order" stopped
	kill -KILL "$listener"
else
	without_proc "a stopped reader needs no memory"
fi

refused() {
	# A port whose listener has exited.
	listens - </dev/null >/dev/null || return 1
	kill "$listener"
	wait "$listener"
	try_serve tcp_proxy 127.0.0.1:0 "$target" || return 1
	timeout 20 socat -t 100 - "TCP:$address" </dev/null >"$tmp/reply" ||
	    [ $? != 124 ] || return 1
	await "$tmp/tcp_proxy.err" 'refused' && kill -0 "$server"
}
ok "a target that refuses ends the client, not the proxy" refused
ok "SIG$stop ends it in order" stopped
echo "1..$n"
