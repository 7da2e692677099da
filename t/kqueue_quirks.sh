# The tests on a kqueue again, with what some kernels do and others don't:
# no EVFILT_USER, so that wakes go through a pipe; pipes that end otherwise.
# FAKE_KQUEUE tells the fake: see t/fake/fake_kqueue.def.

. "${top_builddir:-.}/t/env"

quirks="user=0 pipe_full_eof_lost=0 pipe_eof_oneshot=0,pipe_both_ways=0
pipe_refuses=0 user=0,pipe_eof_oneshot=0 network_late=1,reset_write_first=1"
programs="cancel closing directions dup echo emfile fork lifecycle modes nested
once pipe ready threads unix waker"
n=0

if [ ! -x "$top_builddir/t/kqueue/ready$EXEEXT" ] ||
    [ ! -x "$top_builddir/t/fake/changes_freebsd$EXEEXT" ]; then
	echo "1..0 # SKIP no fake kqueue: the real one has its own way"
	exit 0
fi
for quirk in $quirks; do
	for name in $programs; do
		program=$top_builddir/t/kqueue/$name$EXEEXT
		n=$((n + 1))
		if output=$(FAKE_KQUEUE=$quirk "$program" 2>&1); then
			echo "ok $n - $name, $quirk"
		else
			echo "not ok $n - $name, $quirk"
			echo "$output" | $SED -n '/^not ok/,/^ok/p' |
			    $SED 's/^/# /'
		fi
	done
done
echo "1..$n"
