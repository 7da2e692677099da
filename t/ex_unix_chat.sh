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

# says CLIENT...: 200,000 lines, by one after another.  The server keeps a
# quarter of a megabyte for who is slow, and these clients may be, on a busy
# machine: so each part waits until they have heard the one before.
seq 1 200000 >"$tmp/said"
says() {
	part=0
	while [ $part -lt 20 ]; do
		$SED -n "$((part * 10000 + 1)),$((part * 10000 + 10000))p" \
		    "$tmp/said" >"$tmp/part"
		part=$((part + 1))
		timeout 60 socat -u "$tmp/part" "UNIX-CONNECT:$path" ||
		    return 1
		for client; do
			await "$tmp/heard.$client" " ${part}0000\$" ||
			    return 1
		done
	done
}
heard() {
	# The number of who said it goes before each line.
	$SED 's/^[0-9]*: //' "$tmp/heard.$1" >"$tmp/got"
	same "$tmp/said" "$tmp/got"
}
ok "200,000 lines are said" says 1 2
ok "the first hears them all, in order" heard 1
ok "and so does the second" heard 2

# A client that is connected, but stopped.
number=$(($(grep -c ' came$' "$tmp/unix_chat.out") + 1))
deaf() {
	socat -u "UNIX-CONNECT:$path" "CREATE:$tmp/deaf" &
	deaf=$!
	servers="$servers $deaf"
	await "$tmp/unix_chat.out" "^client $number came" &&
	    kill -STOP $deaf
}
ok "a client comes, and is stopped" deaf
last=$((number + 1))
ok "so does another" listener $last
ok "200,000 lines are said again" says $last
ok "who listens hears all" heard $last
ok "who doesn't is dropped" await "$tmp/unix_chat.out" \
    "client $number doesn't read"
kill -CONT $deaf
kill $deaf

# Half a line isn't passed on before it is whole.
halves() {
	{ printf 'half '; sleep 0.2; echo 'whole'; } |
	    timeout 20 socat -u - "UNIX-CONNECT:$path"
	await "$tmp/heard.$last" ': half whole$'
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
