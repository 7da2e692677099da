# Runs tests on the fake event ports again, with behaviour that some kernels
# have: events returned with ETIME or EINTR, an nget that is unchanged, ETIME
# without a wait, a port that looks all the time, and illumos' sockets.
# PORT_FAKE sets quirks: see t/fake/port_fake.h.

. "${top_builddir:-.}/t/lib/env"

if [ ! -x "$top_builddir/t/fake/port_test$EXEEXT" ]; then
	echo "1..0 # SKIP real event ports have no quirks to set"
	exit 0
fi
VARIABLE=PORT_FAKE
. "$top_srcdir/t/lib/quirks"

for setting in late eintr untouched,etime eager,late,untouched,etime; do
	quirk $setting port/cancel port/closing port/directions port/echo \
	    port/lifecycle port/model port/modes port/one_event port/ready \
	    port/threads port/timeout port/waker
done
quirk illumos port/closing port/directions port/fd_passing port/foreign_posix \
    port/model port/modes port/one_event port/pipe port/ready port/tcp \
    port/udp port/unix port/unix_dgram
quirks_end
