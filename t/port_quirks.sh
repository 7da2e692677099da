# Tests on event ports again, with what some kernels do and others don't:
# events that come with ETIME or EINTR, an nget that is left as it was, ETIME
# where there was nothing to wait for, a port that looks all the time.
# PORT_FAKE tells the fake: see t/fake/port_fake.h.

. "${top_builddir:-.}/t/lib/env"

if [ ! -x "$top_builddir/t/fake/port_test$EXEEXT" ]; then
	echo "1..0 # SKIP no fake event ports: the real ones have their own way"
	exit 0
fi
VARIABLE=PORT_FAKE
. "$top_srcdir/t/lib/quirks"

for setting in late eintr untouched,etime eager,late,untouched,etime; do
	quirk $setting port/cancel port/closing port/directions port/echo \
	    port/lifecycle port/model port/modes port/one_event port/ready \
	    port/threads port/timeout port/waker
done
quirks_end
