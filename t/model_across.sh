# Runs the model test's sequences on each selector that is built, and compares
# the results of their calls and the events that all selectors must report.
#
# T_SEED and T_SEEDS are those of the model test.  Events of loopback may be
# late and cause a difference once, but not three times.  A fake kqueue is left
# out, because it gives sockets the behaviour of another system: for example,
# shutdown(2) discards what was not read.

. "${top_builddir:-.}/t/lib/env"

first=${T_SEED:-1}
seeds=${T_SEEDS:-5}
built=
for selector in $SELECTORS; do
	[ "$selector" != kqueue ] ||
	    [ ! -x "$top_builddir/t/fake/changes_freebsd$EXEEXT" ] || continue
	[ -x "$top_builddir/t/$selector/model$EXEEXT" ] &&
	    built="$built $selector"
done
# shellcheck disable=SC2086 # a list
set -- $built
if [ $# -lt 2 ]; then
	echo "1..0 # SKIP one selector only: nothing to compare it with"
	exit 0
fi
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# trace SELECTOR SEED: writes its trace to a file of its name.
trace() {
	rm -f "$dir/$1"
	T_SEED=$2 T_SEEDS=1 T_ONLY='' T_TRACE=$dir/$1 \
	    "$top_builddir/t/$1/model$EXEEXT" >"$dir/log" 2>&1 && return
	$SED 's/^/# /' "$dir/log"
	return 1
}

# agree SEED SELECTOR...: are the traces of all selectors equal?
agree() {
	seed=$1
	shift
	for selector; do
		trace "$selector" "$seed" || return 1
	done
	like=$1
	for selector; do
		cmp -s "$dir/$like" "$dir/$selector" && continue
		echo "# seed $seed, $like and $selector:"
		diff "$dir/$like" "$dir/$selector" | $SED 's/^/# /;10q'
		return 1
	done
}

n=0
while [ $n -lt "$seeds" ]; do
	seed=$((first + n))
	n=$((n + 1))
	if agree "$seed" "$@" || agree "$seed" "$@" ||
	    agree "$seed" "$@"; then
		echo "ok $n - seed $seed: the same on$built"
	else
		echo "not ok $n - seed $seed: the same on$built"
	fi
done
echo "1..$n"
