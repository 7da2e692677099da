# examples/unix_chat: what one says all others hear, and one that doesn't read
# holds up nobody.

. "${top_builddir:-.}/t/lib/env"
. "$top_srcdir/t/lib/serve"
wants socat

path=$tmp/chat
serve unix_chat "$path"

# Clients that hear all, and write it to a file.
listener() {
	timeout 60 socat -u "UNIX-CONNECT:$path" "CREATE:$tmp/heard.$1" &
	servers="$servers $!"
	await "$tmp/unix_chat.out" "^client $1 came"
}
ok "a first client" listener 1
ok "a second" listener 2

# say WORD CLIENT...: 200,000 lines "WORD NUMBER", in parts that the clients
# named must all have heard before the next.  A part fits what is kept for a
# client, so none of them is dropped for having been kept from running.
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
	# The number of who said it goes before each line.
	$SED -n "s/^[0-9]*: \($2 .*\)/\1/p" "$tmp/heard.$1" >"$tmp/got"
	same "$tmp/said" "$tmp/got"
}
ok "a third says 200,000 lines" say once 1 2
ok "the first hears them all, in order" heard 1 once
ok "and so does the second" heard 2 once

# A client that is connected, but stopped: its 3 MB are more than the server
# and the kernel keep.
deaf() {
	socat -u "UNIX-CONNECT:$path" "CREATE:$tmp/deaf" &
	deaf=$!
	servers="$servers $deaf"
	await "$tmp/unix_chat.out" '^client 4 came' && kill -STOP $deaf
}
ok "a fourth comes, and is stopped" deaf
ok "a fifth comes" listener 5
ok "somebody talks again" say again 1 2 5
ok "the fifth hears all" heard 5 again
ok "so does the first" heard 1 again
ok "the fourth is dropped" await "$tmp/unix_chat.out" "client 4 doesn't read"
only_one() {
	[ "$(grep -c "doesn't read" "$tmp/unix_chat.out")" = 1 ]
}
ok "and nobody else" only_one
kill -KILL "$deaf" 2>/dev/null

# Three at once: each one's lines are whole, and in order.  The server goes on
# only when they have left, and can't write to any of them; what they said
# counts all the same.
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
ok "three talk at once, each in order" at_once

# Half a line isn't passed on before it is whole.
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

# Nor does it take the place of what is no socket.
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

# A file that nobody listens at any more.
stale() {
	kill -KILL "$server"
	wait "$server"
	[ -S "$path" ]
}
serve unix_chat "$path"
ok "killed, it leaves its file" stale
ok "which is no obstacle" try_serve unix_chat "$path"
ok "it serves" listener 1
echo "1..$n"
