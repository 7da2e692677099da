# Counts with strace the system calls of a program that does one thing.
# t/count_calls.c counts the functions that the library calls; this test counts
# the calls that reach the kernel.

. "${top_builddir:-.}/t/lib/env"

if [ -z "$STRACE" ]; then
	echo "1..0 # SKIP no strace"
	exit 0
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
if ! $STRACE -o "$tmp/probe" true 2>/dev/null; then
	echo "1..0 # SKIP strace may not trace here"
	exit 0
fi

cat >"$tmp/count.c" <<'C'
#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <mio.h>

#define MUST(x)	((x) ? (void)0 : exit(1))

int
main(int argc, char *argv[])
{
	struct mio_poller *poller = mio_poller_new();
	struct mio_waker *waker = mio_waker_new(poller, 1);
	struct mio_event event;
	struct mio_source s;
	int fds[2], i;

	MUST(argc == 2 && waker != NULL);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	MUST(mio_source_from_fd(&s, fds[0]) == 0);
	if (strcmp(argv[1], "register") == 0) {
		for (i = 0; i < 100; i++) {
			MUST(mio_register(poller, &s, 2, MIO_READABLE) == 0);
			MUST(mio_deregister(poller, &s) == 0);
		}
	} else if (strcmp(argv[1], "reregister") == 0) {
		MUST(mio_register(poller, &s, 2, MIO_READABLE) == 0);
		for (i = 0; i < 100; i++)
			MUST(mio_reregister(poller, &s, 2, MIO_WRITABLE) == 0);
	} else if (strcmp(argv[1], "poll") == 0) {
		for (i = 0; i < 100; i++)
			MUST(mio_poll(poller, &event, 1, 0) == 0);
	} else if (strcmp(argv[1], "from_fd") == 0) {
		for (i = 0; i < 100; i++)
			MUST(mio_source_from_fd(&s, fds[1]) == 0);
	} else {
		for (i = 0; i < 100000; i++)
			MUST(mio_waker_wake(waker) == 0);
	}
	return 0;
}
C
library=$top_builddir/.libs/libmio.a
[ -f "$library" ] || library="-L$top_builddir/.libs -lmio"
LD_LIBRARY_PATH=$top_builddir/.libs
export LD_LIBRARY_PATH
if ! $CC $CFLAGS $LDFLAGS -I"$top_srcdir/include" -o "$tmp/count" \
    "$tmp/count.c" $library $LIBS >"$tmp/out" 2>&1; then
	$SED 's/^/# /' "$tmp/out"
	echo "Bail out! the program doesn't compile"
	exit 99
fi

n=0
# calls WHAT PATTERN: prints how many calls that match the program makes.
calls() {
	$STRACE -qq -f -o "$tmp/$1.trace" "$tmp/count" "$1" || return 1
	grep -cE "^[0-9]+ +($2)\(" "$tmp/$1.trace"
}

# same WHAT PATTERN COUNT TEXT
same() {
	n=$((n + 1))
	got=$(calls "$1" "$2")
	if [ "$got" = "$3" ]; then
		echo "ok $n - $4: $got"
	else
		echo "not ok $n - $4: $got, not $3"
	fi
}

waits='epoll_wait|epoll_pwait|epoll_pwait2|poll|ppoll'
# The channel of an epoll poller takes one epoll_ctl when it is made.
if [ "$SELECTOR" = epoll ]; then
	same register epoll_ctl 201 "100 registers and deregisters"
	same reregister epoll_ctl 102 "one register and 100 reregisters"
	same from_fd epoll_ctl 1 "100 from_fd"
else
	same register "epoll_ctl|$waits" 0 "100 registers and deregisters"
	same reregister "epoll_ctl|$waits" 0 "100 reregisters"
	same from_fd "fcntl|fstat" 0 "100 from_fd"
fi
same poll "$waits" 100 "100 polls"
same wake write 1 "100,000 wakes"
echo "1..$n"
