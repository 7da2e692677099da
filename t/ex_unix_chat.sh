# examples/unix_chat: what one says all others hear, and one that doesn't read
# holds up nobody.

. "${top_builddir:-.}/t/env"
. "$top_srcdir/t/serve"
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

# It says so much that it is blocked if anybody else is.
seq 1 200000 >"$tmp/said"
say() {
	timeout 60 socat -u "$tmp/said" "UNIX-CONNECT:$path"
}
heard() {
	# The number of who said it goes before each line.
	await "$tmp/heard.$1" ' 200000$' || return 1
	$SED 's/^[0-9]*: //' "$tmp/heard.$1" >"$tmp/got"
	same "$tmp/said" "$tmp/got"
}
ok "a third says 200,000 lines" say
ok "the first hears them all, in order" heard 1
ok "and so does the second" heard 2

# A client that is connected, but stopped.
deaf() {
	socat -u "UNIX-CONNECT:$path" "CREATE:$tmp/deaf" &
	deaf=$!
	servers="$servers $deaf"
	await "$tmp/unix_chat.out" '^client 4 came' && kill -STOP $deaf
}
ok "a fourth comes, and is stopped" deaf
ok "a fifth comes" listener 5
ok "somebody talks again" say
ok "the fifth hears all" heard 5
ok "the fourth is dropped" await "$tmp/unix_chat.out" "client 4 doesn't read"
kill -CONT $deaf
kill $deaf

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
