# shellcheck shell=bash
#
# Functions for .ci/run and the steps.  A step is a program, .ci/steps/NAME,
# that sources this file and ends with one of
#
#	step COMMAND...		The step is one assertion.
#	suite COMMAND...	Each assertion of COMMAND's make check counts.
#
# .ci/run passes its work directory in CI_WORK.  A step's output is in
# $work/NAME.log there, and a step builds in $work/NAME.  A step that is run by
# itself makes a work directory first, and shows its log while it runs.
# CI_KEEP=1 keeps the work directory.
#
# The steps build outside the tree, but ./bootstrap must have been run in it.  A
# step that needs no ./bootstrap sets bootstrap=no before its last line.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
top=$PWD
work=${CI_WORK:-}
name=${0##*/}
bootstrap=yes
running=()			# processes to end if this one is ended

# A work directory, and in it a compiler cache that all steps share: many steps
# compile the same code.  Objects name the directory where they were compiled
# first (CCACHE_NOHASHDIR), which no step looks at.  The cache is writable for
# all, because some steps run as another user.
make_work() {
	work=$(mktemp -d) || exit 1
	trap cleanup EXIT
	export CI_WORK=$work
	export CCACHE_DIR=$work/ccache CCACHE_NOHASHDIR=1 CCACHE_UMASK=000
	PATH=/usr/lib/ccache:$PATH
	mkdir -m 777 "$CCACHE_DIR"
	# configure would choose bash, with which it and libtool take a quarter
	# more time.
	export CONFIG_SHELL=/bin/dash
}

# end_trees PID...: terminates these processes and their descendants, parents
# first, and prints their ids.  timeout(1) leaves its parent's process group,
# so that a signal to the group is not enough.
end_trees() {
	local pid children

	for pid; do
		children=$(pgrep -P "$pid")
		kill "$pid" 2>/dev/null && echo "$pid"
		# shellcheck disable=SC2086 # a list
		end_trees $children
	done
}

# A step that is terminated may take a moment, for it ends Wine.
cleanup() {
	local pids i

	pids=$(end_trees "${running[@]}")
	for ((i = 0; i < 50; i++)); do
		# shellcheck disable=SC2086 # a list
		kill -0 $pids 2>/dev/null || break
		sleep 0.1
	done
	if [ -n "${CI_KEEP:-}" ]; then
		echo "kept: $work"
		return
	fi
	chmod -R u+w "$work"
	rm -rf --one-file-system "$work"
}

# Bootstraps the tree.  Step bootstrap uses the copy of what it was before.
prepare() {
	{
		{ [ ! -f Makefile ] || make distclean; } &&
		    cp -R . "$work/clone" && ./bootstrap
	} >"$work/tree.log" 2>&1 </dev/null && return
	tail -n 40 "$work/tree.log"
	return 1
}

# minutes SECONDS: the same in minutes, with one decimal.
minutes() {
	local tenths=$((($1 + 3) / 6))

	echo "$((tenths / 10)).$((tenths % 10)) min"
}

# run_logged STEP: runs it in the work directory, with its output in a log.
run_logged() {
	"$top/.ci/steps/$1" >"$work/$1.log" 2>&1 </dev/null
}

# Runs this step again with a work directory, and exits.
alone() {
	local result=ok status

	make_work
	[ $bootstrap = no ] || prepare || exit 1
	: >"$work/$name.log"
	# In process groups of their own, so that Ctrl-C ends this process,
	# which then ends them.
	set -m
	run_logged "$name" &
	running=($!)
	tail -n +1 -s 0.2 -f --pid="${running[0]}" "$work/$name.log" &
	running+=($!)
	set +m
	wait "${running[0]}"
	status=$?
	wait "${running[1]}"
	running=()
	[ $status = 0 ] || result=FAILED
	echo "$name: $result, $(minutes $SECONDS)"
	exit $status
}

# step COMMAND...: the status is 0 or 1.
step() {
	local status

	[ -n "$work" ] || alone
	("$@")
	status=$?
	return $((status != 0))
}

# The sum of one of automake's counts over all summaries in the log.
count() {
	sed -n "s/^# $1: *//p" "$work/$name.log" |
	    awk '{ n += $1 } END { print n + 0 }'
}

# suite COMMAND...: like step.  The counts also go to $work/NAME.tally.
suite() {
	local status pass fail skip

	[ -n "$work" ] || alone
	("$@")
	status=$?
	pass=$(count PASS) skip=$(count SKIP)
	fail=$(($(count FAIL) + $(count ERROR) + $(count XPASS)))
	# A build that broke, and a run without an assertion, are failures too.
	if [ "$fail" = 0 ] &&
	    { [ $status != 0 ] || [ $((pass + skip)) = 0 ]; }; then
		fail=1
	fi
	echo "$pass $fail $skip" >"$work/$name.tally"
	echo "$pass passed, $fail failed, $skip skipped"
	return $((fail != 0))
}

# need STEP: runs it, unless it has been started in this work directory.
need() {
	[ ! -f "$work/$1.log" ] || return 0
	echo "step $1 comes first"
	run_logged "$1" && return
	tail -n 40 "$work/$1.log"
	return 1
}

# assert TEXT COMMAND...: one assertion.
assert() {
	if "${@:2}"; then
		echo "# PASS: 1"
	else
		echo "not ok: $1"
		echo "# FAIL: 1"
	fi
}

# left_out PROGRAM REASON [COUNT]: records that it is not run.  COUNT is 4 for a
# test, which would be run on each of 4 selectors.
left_out() {
	echo "LEFT OUT: $1: $2"
	echo "# SKIP: ${3:-4}"
}

# limited COMMAND...: a program, which is terminated with all that it started if
# it takes longer than half an hour.
limited() {
	timeout -k 10 1800 "$@"
}

mk() {
	limited make -j"$(nproc)" "$@"
}

# build [VARIABLE=VALUE | --option]...: configures in a directory named after
# the step, and makes everything, tests included.
build() {
	mkdir -p "$work/$name" && cd "$work/$name" &&
	    "$top/configure" -q "$@" && mk all && mk check TESTS=
}

# The plain build, for the steps that only use it.
default() {
	(flock 9 && { [ -f "$work/default/libmio.la" ] || name=default build; }) \
	    9>"$work/default.lock"
	cd "$work/default" || exit 1
}

# The plain build's tarball, in its directory.
dist_made() {
	default
	(flock 9 && { ls libmio-*.tar.xz || mk dist; }) \
	    9>"$work/default.lock"
}

# The tarball's tree, in a directory of the step's.
unpack_only() {
	dist_made &&
	    mkdir -p "$work/$name/obj" && cd "$work/$name" &&
	    tar xf "$work"/default/libmio-*.tar.xz
}

# Sets PATH to a directory of all programs but those that a tarball must not
# need, and to ccache's.
bare_path() {
	local program

	mkdir -p "$work/bin"
	for program in /usr/local/bin/* /usr/sbin/* /usr/bin/* /sbin/* /bin/*
	do
		case ${program##*/} in
		auto*|aclocal*|libtool*|m4|perl*|mandoc|man|git) ;;
		*)	ln -sf "$program" "$work/bin" ;;
		esac
	done
	export PATH=/usr/lib/ccache:$work/bin
}

unpack() {
	unpack_only && bare_path
}

# check_programs CONFIGURE-ARGUMENT... -- MAKE-ARGUMENT...: only the programs of
# the suite, because its scripts look at the files of a build for this host.
check_programs() {
	local args=()

	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	build "${args[@]}" --disable-shared || return 1
	# shellcheck disable=SC2016 # make expands it
	mk check TESTS='$(check_PROGRAMS)' "$@"
}

# For a suite that step bootstrap runs as well: shorter storms, and a lower bound
# of the explorer.
shorter() {
	export T_SLOW=4 EXPLORE_BOUND=1
}

# programs SELECTOR...: their tests.
programs() {
	local selector

	for selector; do
		grep -ow "t/$selector/[a-z_]*" "$top/lists.am"
	done | sort -u | tr '\n' ' '
}

script_tests() {
	(cd "$top" && echo t/*.sh t/lib/*.sh)
}

# just PROGRAMS [SCRIPTS]: makes and runs these tests, and no others.
just() {
	mk check check_LTLIBRARIES= check_PROGRAMS="$1" TESTS="$1 ${2:-}"
}

# check_part PROGRAMS SCRIPTS CONFIGURE-ARGUMENT...: for a change that concerns
# some selectors only.
check_part() {
	local programs=$1 scripts=$2

	mkdir -p "$work/$name" && cd "$work/$name" &&
	    "$top/configure" -q "${@:3}" && mk all &&
	    just "$programs" "$scripts"
}

# emulate HOST EMULATOR [ARGUMENT...]: the selectors that Linux on HOST has.
emulate() {
	local host=$1 emulator=$2

	shift 2
	export T_SLOW=8
	LOG_COMPILER=$emulator check_part "$(programs epoll poll)" "" \
	    --build=x86_64-linux-gnu --host="$host" --disable-shared \
	    LDFLAGS=--static "$@"
}

# with_wine COMMAND...: in a Wine prefix of the step, because the end of a server
# ends all programs in its prefix.  The server runs until COMMAND has ended,
# because starting it takes longer than most tests.  The result is a failure if
# the server fails.
with_wine() {
	local status server server_status

	export WINEPREFIX=$work/wine.$name WINEDEBUG=-all
	export WINEDLLOVERRIDES="mscoree=;mshtml=;winedbg.exe=d"
	unset DISPLAY
	mkdir -p "$WINEPREFIX"
	/usr/lib/wine/wineserver64 -f -p600 </dev/null &
	server=$!
	trap '/usr/lib/wine/wineserver64 -k' EXIT
	timeout 120 wineboot -i >/dev/null 2>&1 </dev/null || return 1
	"$@"
	status=$?
	/usr/lib/wine/wineserver64 -k
	trap - EXIT
	wait $server
	server_status=$?
	[ $server_status = 0 ] ||
	    echo "Wine's server ended with $server_status"
	return $((status || server_status))
}

# mutants PARTS: all mutants, in so many parts at once: each runs one program at a
# time, and a mutant that hangs leaves the processors to others.
mutants() {
	local names part status=0 pids=()

	for ((part = 1; part <= $1; part++)); do
		names=$(cd "$top/t/mutants" && printf '%s\n' *.patch |
		    sed -n "$part~$1s/\.patch\$//p")
		# shellcheck disable=SC2086 # a list
		limited sh "$top/t/mutants/run" "$top" $names \
		    >"$work/$name.$part" 2>&1 &
		pids+=($!)
	done
	for part in "${pids[@]}"; do
		wait "$part" || status=1
	done
	cat "$work/$name".[0-9]
	grep -h -e '^not ok' -e '^Bail out' "$work/$name".[0-9]
	awk '/^mutants: / { killed += $2; survived += $4 }
	    END { print "mutants: " killed " killed, " survived " survived" }' \
	    "$work/$name".[0-9]
	return $status
}

# warnings COMPILER: from all code.  Only the library has assertions.
warnings() {
	mkdir -p "$work/$name" && cd "$work/$name" &&
	    "$top/configure" -q CC="$1" --disable-shared && mk -k warnings &&
	    "$top/configure" -q CC="$1" --disable-shared --disable-assert &&
	    mk -k warnings check_PROGRAMS= EXPLORERS= bench_programs= &&
	    echo "none, with and without assertions"
}

# With these, a program ends at the first fault that a sanitizer finds.
# shellcheck disable=SC2034 # for steps
san="-g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all"

vg="valgrind -q --leak-check=full --show-leak-kinds=all --error-exitcode=9"
vg+=" --track-fds=yes --child-silent-after-fork=yes"

# leaks LOG...: what valgrind's logs report as leaked.  Its exit status would
# count a forked child's memory too, which is all that the parent had, and never
# counts descriptors.  Descriptors that the test was started with are marked as
# inherited.
leaks() {
	awk '
		/Open (AF_[A-Z0-9]+ socket|file descriptor) [0-9]+/ {
			if (held != "") print held
			held = FILENAME ": " $0
			next
		}
		held != "" {
			if ($0 !~ /inherited from parent/) print held
			held = ""
		}
		/(lost|reachable) in loss record/ { print FILENAME ": " $0 }
		END { if (held != "") print held }
	' "$@"
}

# mirror CODENAME: the mirror that apt has this system's packages from.
mirror() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
	    "Codename: $1" | head -n 1
}
