# examples/unix_chat: passes each client's lines to all others; a client that
# doesn't read delays no others.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

path=$tmp/chat
serve unix_chat "$path"

# listener NUMBER: a client that writes all it receives to a file.
listener() {
	timeout 60 socat -u "UNIX-CONNECT:$path" "CREATE:$tmp/heard.$1" &
	servers="$servers $!"
	await "$tmp/unix_chat.out" "^client $1 came"
}
ok "a first client" listener 1
ok "a second" listener 2

# say WORD CLIENT...: sends 200,000 lines "WORD NUMBER" in parts; the named
# clients must have received each part before the next is sent.  A part fits
# into the server's buffer for a client, so that no client is dropped because
# it had no CPU.
mkfifo "$tmp/mouth"
say() {
	word=$1
	shift
	timeout 120 socat -u - "UNIX-CONNECT:$path" <"$tmp/mouth" &
	servers="$servers $!"
	exec 3>"$tmp/mouth"
	last=0
	while [ $last -lt 200000 ]; do
		seq -f "$word %.0f" $((last + 1)) $((last + 10000)) >&3
		last=$((last + 10000))
		for client; do
			await "$tmp/heard.$client" ": $word $last\$" || break 2
		done
	done
	exec 3>&-
	[ $last = 200000 ]
}
heard() {
	seq -f "$2 %.0f" 1 200000 >"$tmp/said"
	# The number of the sender precedes each line.
	$SED -n "s/^[0-9]*: \($2 .*\)/\1/p" "$tmp/heard.$1" >"$tmp/got"
	same "$tmp/said" "$tmp/got"
}
ok "a third sends 200,000 lines" say once 1 2
ok "the first receives them all, in order" heard 1 once
ok "so does the second" heard 2 once

# A client that is connected, but stopped: the 3 MB for it are more than the
# server and the kernel buffer.
deaf() {
	socat -u "UNIX-CONNECT:$path" "CREATE:$tmp/deaf" &
	deaf=$!
	servers="$servers $deaf"
	await "$tmp/unix_chat.out" '^client 4 came' && kill -STOP $deaf
}
ok "a fourth connects, and is stopped" deaf
ok "a fifth connects" listener 5
ok "another client sends 200,000 lines" say again 1 2 5
ok "the fifth receives them all" heard 5 again
ok "so does the first" heard 1 again
ok "the fourth is dropped" await "$tmp/unix_chat.out" "client 4 doesn't read"
only_one() {
	[ "$(grep -c "doesn't read" "$tmp/unix_chat.out")" = 1 ]
}
ok "and no other client" only_one
kill -KILL "$deaf" 2>/dev/null

# Three senders at once: the lines of each arrive whole, and in order.  The
# server continues only when they have left, and so can't write to any of them;
# their lines must be passed on nevertheless.
at_once() {
	talkers=
	kill -STOP "$server"
	for word in alpha beta gamma; do
		seq -f "$word %.0f" 1 2000 >"$tmp/said.$word"
		timeout 60 socat -u "$tmp/said.$word" "UNIX-CONNECT:$path" &
		talkers="$talkers $!"
	done
	for talker in $talkers; do
		wait "$talker" || break
	done
	kill -CONT "$server"
	for word in alpha beta gamma; do
		await "$tmp/heard.5" ": $word 2000\$" || return 1
		grep "^[0-9]*: $word " "$tmp/heard.5" | $SED 's/^[0-9]*: //' |
		    cmp - "$tmp/said.$word" || return 1
	done
}
ok "three send at once, each in order" at_once

# A line is passed on only when it is complete.
halves() {
	{ printf 'half '; sleep 0.2; echo 'whole'; } |
	    timeout 20 socat -u - "UNIX-CONNECT:$path"
	await "$tmp/heard.5" ': half whole$'
}
ok "a line in two pieces arrives whole" halves

taken() {
	"$top_builddir/examples/unix_chat$EXEEXT" "$path" 2>"$tmp/err" &&
	    return 1
	cat "$tmp/err"
	grep -q 'in use' "$tmp/err"
}
ok "a second server is refused" taken
ok "the server is alive" alive
ok "SIGTERM ends it in order" stopped
no_file() {
	[ ! -e "$path" ]
}
ok "and removes its file" no_file

# It doesn't replace a file that is no socket.
foreign() {
	echo "somebody's work" >"$tmp/work"
	ln -s work "$tmp/link"
	for file in "$tmp/work" "$tmp/link"; do
		timeout 10 "$top_builddir/examples/unix_chat$EXEEXT" "$file" &&
		    return 1
		[ $? != 124 ] || return 1
	done
	[ -h "$tmp/link" ] && grep -qx "somebody's work" "$tmp/work"
}
ok "a file that is no socket is left alone" foreign

# A socket file without a listener.
stale() {
	kill -KILL "$server"
	wait "$server"
	[ -S "$path" ]
}
serve unix_chat "$path"
ok "a server that is killed leaves its file" stale
ok "the next one starts nevertheless" try_serve unix_chat "$path"
ok "and serves" listener 1
echo "1..$n"
