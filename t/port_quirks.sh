# The tests on event ports again, with what some kernels do and others don't:
# events that come with ETIME or EINTR, an nget that is left as it was, ETIME
# where there was nothing to wait for.  PORT_FAKE tells the fake: see
# t/fake/port_fake.h.

. "${top_builddir:-.}/t/env"

quirks="late eintr untouched,etime eager,late,untouched,etime"
programs="cancel closing directions echo lifecycle model modes once ready
threads timeout waker"
n=0

if [ ! -x "$top_builddir/t/fake/port_test$EXEEXT" ]; then
	echo "1..0 # SKIP no fake event ports: the real ones have their own way"
	exit 0
fi
for quirk in $quirks; do
	for name in $programs; do
		program=$top_builddir/t/port/$name$EXEEXT
		n=$((n + 1))
		if output=$(PORT_FAKE=$quirk "$program" 2>&1); then
			echo "ok $n - $name, $quirk"
		else
			echo "not ok $n - $name, $quirk"
			echo "$output" | $SED -n '/^not ok/,/^ok/p' |
			    $SED 's/^/# /'
		fi
	done
done
echo "1..$n"
