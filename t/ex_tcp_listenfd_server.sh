# examples/tcp_listenfd_server: takes listening sockets from the process that
# starts it, such as systemd's own tool, and refuses other descriptors.

. "${top_builddir:-.}/t/lib/env"

program=$top_builddir/examples/tcp_listenfd_server$EXEEXT
if ! command -v socat >/dev/null; then
	echo "1..0 # SKIP no socat"
	exit 0
fi
if [ ! -x "$program" ]; then
	echo "1..0 # SKIP tcp_listenfd_server was left out"
	exit 0
fi
slow=${T_SLOW:-1}
tmp=$(mktemp -d) || exit 99
pid=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
n=0
: >"$tmp/out"
: >"$tmp/err"

# A starter that needs no other program: makes so many sockets on ports of the
# system's choice, from descriptor 3 on.
cat >"$tmp/start.c" <<'C'
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(x)	((x) ? (void)0 : (perror(#x), exit(2)))

static int
make(const char *kind)
{
	struct sockaddr_in sin;
	int udp = strcmp(kind, "udp") == 0;
	int fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(fd >= 0);
	MUST(bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	if (strcmp(kind, "listen") == 0)
		MUST(listen(fd, 16) == 0);
	return fd;
}

/* start listen|bound|udp COUNT PROGRAM, or start port: prints a free one */
int
main(int argc, char *argv[])
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char text[16];
	int fd, i;

	/* The parent process may have left some open. */
	for (i = 3; i < 20; i++)
		(void)close(i);
	MUST((fd = make(argv[1])) == 3);
	if (argc < 4) {
		MUST(getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
		printf("%d\n", (int)ntohs(sin.sin_port));
		return 0;
	}
	for (i = 1; i < atoi(argv[2]); i++)
		MUST((fd = make(argv[1])) == 3 + i);
	MUST(snprintf(text, sizeof(text), "%ld", (long)getpid()) > 0);
	MUST(setenv("LISTEN_PID", text, 1) == 0);
	MUST(setenv("LISTEN_FDS", argv[2], 1) == 0);
	MUST(setenv("LISTEN_FDNAMES", "a:b", 1) == 0);
	MUST(execv(argv[3], argv + 3) == 0);
	return 2;
}
C
# shellcheck disable=SC2086 # options
if ! $CC $CFLAGS $LDFLAGS -o "$tmp/start" "$tmp/start.c" >"$tmp/out" 2>&1
then
	$SED 's/^/# /' "$tmp/out"
	echo "Bail out! the starter doesn't compile"
	exit 99
fi

# check TEXT COMMAND...
check() {
	text=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		$SED 's/^/# /' "$tmp/out" "$tmp/err"
	fi
}

pause() {
	sleep 0.1 2>/dev/null || sleep 1	# POSIX has whole seconds only
}

# wait_lines COUNT PATTERN FILE: waits until there are so many, with a limit.
wait_lines() {
	i=0
	until [ "$(grep -c "$2" "$3")" -ge "$1" ]; do
		kill -0 "$pid" 2>/dev/null || return 1
		i=$((i + 1))
		[ $i -le $((100 * slow)) ] || return 1
		pause
	done
}

# start KIND COUNT: starts the server in the background.
start() {
	: >"$tmp/out"			# drop an earlier one's output
	"$tmp/start" "$1" "$2" "$program" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
}

stop() {
	kill "$pid"
	wait "$pid" 2>/dev/null
	pid=
}

# The port that the server prints in a line.
port() {
	$SED -n "$1s/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p" "$tmp/out"
}

# echoes PORT TEXT: a client gets back what it sends, and then end of file.
echoes() {
	got=$(echo "$2" | timeout $((20 * slow)) socat -t $((10 * slow)) - \
	    "TCP:127.0.0.1:$1")
	[ "$got" = "$2" ]
}

# echoes_much PORT: the same with more data than all buffers hold.
echoes_much() {
	$AWK 'BEGIN { while (i++ < 40000) print "line " i }' >"$tmp/much"
	timeout $((60 * slow)) socat -t $((30 * slow)) - "TCP:127.0.0.1:$1" \
	    <"$tmp/much" >"$tmp/back"
	cmp "$tmp/much" "$tmp/back"
}

# refuses WORDS COMMAND...: fails with these words.
refuses() {
	words=$1
	shift
	timeout $((20 * slow)) "$@" >"$tmp/out" 2>"$tmp/err"
	[ $? -eq 1 ] && grep -q "$words" "$tmp/err"
}

# given PID FDS WORDS: started with these variables, the server fails with
# these words; PID self stands for its own process id.
given() {
	# shellcheck disable=SC2016 # the inner shell expands it
	refuses "$3" sh -c '
		LISTEN_FDS=$2
		LISTEN_PID=$1
		[ "$1" != self ] || LISTEN_PID=$$
		export LISTEN_FDS LISTEN_PID
		exec "$0" 3</dev/null
	' "$program" "$1" "$2"
}

# The flags of its descriptor 3: non-blocking and close-on-exec, in octal.
flags() {
	# shellcheck disable=SC2046 # two words
	set -- $(grep '^flags:' "/proc/$pid/fdinfo/3")
	flags=$(($2))
	[ $((flags & 02004000)) -eq $((02004000)) ]
}

start listen 1
check "a passed socket: the server listens" wait_lines 1 '^listening' "$tmp/out"
check "it echoes" echoes "$(port 1)" "hello"
check "it echoes again" echoes "$(port 1)" "hello again"
check "it echoes more than the buffers hold" echoes_much "$(port 1)"
if [ "$(uname -sm)" = "Linux x86_64" ]; then
	check "its socket is non-blocking and close-on-exec" flags
else
	n=$((n + 1))
	echo "ok $n # SKIP the flags in /proc have other values elsewhere"
fi
stop

start listen 3
check "three sockets" wait_lines 3 '^listening' "$tmp/out"
for i in 1 2 3; do
	check "it echoes on each, $i" echoes "$(port $i)" "this is $i"
done
stop

# Without these variables, the usual case, it prints how to run it.
unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
check "nothing passed" refuses "LISTEN_PID doesn't name" "$program"
check "it prints how to run it" grep -q \
    'systemd-socket-activate -l 127.0.0.1:9000 ./tcp_listenfd_server' \
    "$tmp/err"
check "meant for another process" given 1 1 "LISTEN_PID doesn't name"
check "no process" given "" 1 "LISTEN_PID doesn't name"
for fds in 0 -1 1x 17 99999999999999999999 ""; do
	check "LISTEN_FDS=$fds" given self "$fds" "LISTEN_FDS is not"
done
check "a file" given self 1 "descriptor 3 is not a listening TCP socket"
check "a socket that doesn't listen" refuses \
    "descriptor 3 is not a listening TCP socket" \
    "$tmp/start" bound 1 "$program"
check "a datagram socket" refuses \
    "descriptor 3 is not a listening TCP socket" \
    "$tmp/start" udp 1 "$program"

# activate: starts the server by systemd's tool, on a port that was free
# before.  The tool requires descriptor 3 to be unused.
activate() {
	for try in 1 2 3 4 5; do
		free=$("$tmp/start" port) || return 1
		: >"$tmp/err"
		SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info \
		    systemd-socket-activate -l "127.0.0.1:$free" --fdname=echo \
		    "$program" >"$tmp/out" 2>"$tmp/err" 3<&- 4<&- 5<&- &
		pid=$!
		wait_lines 1 '^Listening on' "$tmp/err" && return 0
		wait "$pid"
		pid=
		echo "# try $try: port $free"
	done
	return 1
}

# The tool starts the server for the first client, which must not be lost.
if command -v systemd-socket-activate >/dev/null; then
	check "systemd-socket-activate listens" activate
	check "not started yet" test ! -s "$tmp/out"
	check "the first client" echoes "$free" "hello"
	check "started by then" grep -qx "listening on 127.0.0.1:$free" \
	    "$tmp/out"
	check "the second client" echoes "$free" "hello again"
	stop
else
	n=$((n + 1))
	echo "ok $n # SKIP no systemd-socket-activate"
fi
echo "1..$n"
