# Checks the cost of an event in user space: instructions, which callgrind
# counts exactly.  A loop reads readiness and token of 1,024 events a batch; it
# may need at most 20 instructions more than the same loop over epoll's own
# array.  The library is compiled for this with -O2, whatever the build's flags
# are.

. "${top_builddir:-.}/t/lib/env"

if [ "$SELECTOR" != epoll ]; then
	echo "1..0 # SKIP only epoll has its own array to compare with"
	exit 0
fi
if ! command -v valgrind >/dev/null 2>&1; then
	echo "1..0 # SKIP no valgrind"
	exit 0
fi
. "$top_srcdir/t/lib/optimized"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/batch.c" <<'C'
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <stdlib.h>
#include <string.h>
#include <mio.h>

#define EVENTS	1024
#define ROUNDS	50

#define MUST(x)	((x) ? (void)0 : exit(1))

int	raw_batch(int);
int	mio_batch(struct mio_poller *);

static struct epoll_event raw[EVENTS];
static struct mio_event events[EVENTS];
static uintptr_t tokens;
static unsigned int readable;

__attribute__((noinline)) int
raw_batch(int epfd)
{
	int i, n = epoll_wait(epfd, raw, EVENTS, 0);

	for (i = 0; i < n; i++) {
		tokens += (uintptr_t)raw[i].data.u64;
		readable += (raw[i].events & EPOLLIN) != 0;
	}
	return n;
}

__attribute__((noinline)) int
mio_batch(struct mio_poller *poller)
{
	int i, n = mio_poll(poller, events, EVENTS, 0);

	for (i = 0; i < n; i++) {
		tokens += events[i].token;
		readable += (events[i].readiness & MIO_READABLE) != 0;
	}
	return n;
}

int
main(void)
{
	static struct mio_source sources[EVENTS];
	struct mio_poller *poller = mio_poller_new();
	int i, epfd = epoll_create1(0);

	MUST(poller != NULL && epfd >= 0);
	for (i = 0; i < EVENTS; i++) {
		struct epoll_event event = { EPOLLIN, { 0 } };
		int fd = eventfd(1, EFD_NONBLOCK);

		event.data.u64 = (uint64_t)i;
		MUST(fd >= 0);
		MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0);
		MUST(mio_source_from_fd(&sources[i], fd) == 0);
		MUST(mio_register(poller, &sources[i], (mio_token)i,
		    MIO_READABLE | MIO_LEVEL) == 0);
	}
	for (i = 0; i < ROUNDS; i++) {
		MUST(raw_batch(epfd) == EVENTS);
		MUST(mio_batch(poller) == EVENTS);
	}
	return readable == 2 * ROUNDS * EVENTS ? 0 : 1;
}
C
optimized "$tmp/batch" "$tmp/batch.c" || exit 99
# shellcheck disable=SC3045 # without it, the default may suffice
ulimit -n 4096 2>/dev/null

# instructions FUNCTION: prints the instructions of the function and of its
# callees, for each event.
instructions() {
	valgrind --tool=callgrind --callgrind-out-file="$tmp/$1.out" \
	    --toggle-collect="$1" "$tmp/batch" >"$tmp/$1.log" 2>&1 || return 1
	$AWK '/^(summary|totals):/ { printf "%.1f", $2 / (50 * 1024); exit }' \
	    "$tmp/$1.out"
}

raw=$(instructions raw_batch)
mio=$(instructions mio_batch)
if [ -z "$raw" ] || [ -z "$mio" ]; then
	$SED 's/^/# /' "$tmp"/*.log
	echo "Bail out! callgrind has no figures"
	exit 99
fi
if $AWK "BEGIN { exit !($mio - $raw <= 20 && $raw > 0) }"; then
	echo "ok 1 - an event: $mio instructions, epoll's own $raw"
else
	echo "not ok 1 - an event: $mio instructions, epoll's own $raw"
fi
echo "1..1"
