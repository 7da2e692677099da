# coverage.sh DIR: builds the tree in DIR/src several times, runs the tests of
# each build, and compares what no test has reached with t/lib/unreached.  make
# coverage runs this script.
#
# Lines and branches are those of gcc without optimization and without
# assertions.  A branch is one of the ways that gcc goes on from a condition:
# "a && b" has four.  Functions that are always inlined elsewhere are not, so
# that a line counts once.

set -u
cd "$1" || exit 1
top=$PWD
lists=$top/src/lists.am
jobs=-j$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
# Shorter storms: this is about what is reached, and not about how often.
export T_SLOW=8
status=0

command -v gcovr >/dev/null ||
    { echo "make coverage: no gcovr (Debian: gcovr)" >&2; exit 1; }

# programs SELECTORS [PROGRAMS]: these tests of the selectors, or all.
programs() {
	for selector in $1; do
		if [ -n "$2" ]; then
			printf "t/$selector/%s\n" $2
		else
			grep -ow "t/$selector/[a-z_]*" "$lists"
		fi
		case $selector in
		kqueue|port)	echo "t/fake/${selector}_select" ;;
		esac
	done | sort -u | tr '\n' ' '
}

# try NAME SELECTORS PROGRAMS DEFINES CONFIGURE-ARGUMENT...: a build, and its
# tests.
try() {
	name=$1
	tests=$(programs "$2" "$3")
	defines=$4
	shift 4
	echo "$name"
	mkdir "$top/$name" && cd "$top/$name" || exit 1
	# What configure has found once holds for all builds.
	[ ! -f "$top/cache" ] || cp "$top/cache" config.cache
	if ! ../src/configure -q -C CC="${COVERAGE_CC:-gcc}" CFLAGS=-O0 \
	    LDFLAGS=--coverage --disable-shared --disable-assert "$@" \
	    >configure.log 2>&1; then
		cat configure.log
		exit 1
	fi
	[ -f "$top/cache" ] || grep -v '^ac_cv_env_' config.cache >"$top/cache"
	"$MAKE" "$jobs" -k check COVERAGE=--coverage \
	    CPPFLAGS="-include $top/src/t/lib/coverage.h $defines \
	    -DMIO_INLINE=inline" noinst_PROGRAMS= check_LTLIBRARIES= \
	    check_PROGRAMS="$tests" TESTS="$tests" >check.log 2>&1 || {
		status=1
		grep -E '^(FAIL|ERROR)|: error: ' check.log
	}
	grep -E '^# (PASS|SKIP|FAIL|ERROR): *[1-9]' check.log
	# gcovr refuses functions that #if has on several lines.
	gcovr -r ../src --object-directory . -f ../src/lib/ \
	    -e '.*/lib/windows/' --json raw.json . 2>gcovr.log ||
	    { cat gcovr.log; exit 1; }
	sed 's/"functions": \[[^]]*\]/"functions": []/g' raw.json \
	    >"$top/$name.json"
}

# The other builds need only the tests of what differs in them.
try default "epoll kqueue poll port" "" ""
try pipe "epoll poll" "fail_each fail_rare fail_wait fork threads waker" "" \
    --with-waker=pipe
try bounce epoll "fail_rare ready timeout waker" -DFORCE_BOUNCE
# A system that has none of Linux's system calls.  SO_KEEPALIVE is in place of
# an option against SIGPIPE.
try plain "epoll poll" "cancel fail_each fail_rare fail_wait pipe sigpipe tcp \
    timeout udp unix waker" "-DFORCE_FCNTL -DNOSIGPIPE_OPTION=SO_KEEPALIVE" \
    ac_cv_func_accept4=no ac_cv_func_pipe2=no ac_cv_func_ppoll=no \
    ac_cv_func_epoll_pwait2=no ac_cv_func_pthread_setcancelstate=no \
    ac_cv_have_decl___libc_single_threaded=no
knotes="closing fail_each fail_rare fail_wait foreign foreign_posix fork hints \
    modes nested pipe waker"
# The other systems' kqueues add nothing.
for shape in NETBSD DARWIN; do
	try $shape kqueue "$knotes" "" KQUEUE_SHAPE=$shape
done
# A header with EVFILT_USER on a kernel without it, which refuses a FIFO's other
# direction.
export FAKE_KQUEUE=user=0,fifo_refuses=1
try nouser kqueue "$knotes" "" KQUEUE_SHAPE=NETBSD10

cd "$top" || exit 1
for json in *.json; do
	set -- "$@" -a "$json"
done
gcovr -r src "$@" -x --xml-pretty -o coverage.xml \
    --html-details coverage.html 2>gcovr.log ||
    { cat gcovr.log; exit 1; }

# The lines of the sources, each with its function; then what was reached.
# Prints, as in t/lib/unreached, what was not.
(cd src && $AWK '
	FNR == 1 { function_name = "-" }
	/^[a-z_0-9]+\(/ { function_name = substr($0, 1, index($0, "(") - 1) }
	{
		text = $0
		gsub(/[\t ]+/, " ", text)
		sub(/^ /, "", text)
		print FILENAME "\t" FNR "\t" function_name "\t" text
	}' lib/*.[ch] lib/*/*.[ch]) >lines
$AWK -F '\t' '
	NR == FNR { place[$1, $2] = $1 " " $3; text[$1, $2] = $4; next }
	/<class / {
		match($0, /filename="[^"]*"/)
		file = substr($0, RSTART + 10, RLENGTH - 11)
	}
	/<line / {
		match($0, /number="[0-9]*"/)
		n = substr($0, RSTART + 8, RLENGTH - 9)
		lines++
		what = ""
		if (match($0, /\([0-9]+\/[0-9]+\)/)) {
			what = substr($0, RSTART + 1, RLENGTH - 2)
			split(what, of, "/")
			taken += of[1]
			branches += of[2]
			if (of[1] == of[2])
				what = ""
		}
		if ($0 ~ /hits="0"/)
			what = "line"
		else
			reached++
		if (what != "")
			print place[file, n] ": " what ": " text[file, n]
	}
	END {
		printf "%d of %d lines, %d of %d branches are reached\n",
		    reached, lines, taken, branches >"figures"
	}' lines coverage.xml | sort >unreached

# Entries begin with a tab, below their reason.  What depends on the order in
# which threads run may be reached, if the reason begins with "Sometimes".
$AWK '
	/^#/ || /^$/ { reason = ""; next }
	/^[^\t]/ { if (reason == "") reason = $1; next }
	reason == "" { print "no reason: " substr($0, 2) >"wrong"; next }
	{ print substr($0, 2) >(reason ~ /^Sometimes/ ? "sometimes" : "always") }
	' src/t/lib/unreached
touch always sometimes wrong
sort always sometimes | comm -13 - unreached >new
sort always | comm -23 - unreached >gone
cat wrong
sed 's/^/not reached, and not in t\/lib\/unreached: /' new
sed 's/^/reached or gone, and in t\/lib\/unreached: /' gone
cat figures
if [ -s wrong ] || [ -s new ] || [ -s gone ]; then
	echo "# FAIL:  1"
	exit 1
fi
echo "# PASS:  1"
exit $status
