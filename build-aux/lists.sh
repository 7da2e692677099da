# Writes lists.am, the lists that automake needs in full although they follow
# from the tree.  A file in a directory of lib/ that defines mio_sel_name is a
# selector of that name.  A test program in t/NAME.c becomes t/SELECTOR/NAME for
# each selector.  The further names of a manual page become stubs.  bootstrap
# runs this script.

# The order of names and the meaning of [a-z] must not depend on a locale.
LC_ALL=C
export LC_ALL

echo '# Made by build-aux/lists.sh from lib/*/*.c, t/*.c and man/*.3.'
echo '# Do not edit.'
echo

# A test program for Windows.  t/win/left_out.c lists those that cannot exist
# there, and is their source.
program_afd() {
	id=t_afd_$1
	cppflags="\$(AM_CPPFLAGS) \$(test_cppflags)"
	if grep -q "^	{ \"$1\"," t/win/left_out.c; then
		echo "${id}_SOURCES = t/win/left_out.c"
		echo "${id}_CPPFLAGS = $cppflags -DPROGRAM='\"$1\"'"
	else
		echo "${id}_SOURCES = t/$1.c"
		echo "${id}_CPPFLAGS = $cppflags"
	fi
}

# program SELECTOR NAME: a test program.
program() {
	id=t_$1_$2
	if [ "$1" = afd ]; then
		program_afd "$2"
	else
		echo "${id}_SOURCES = t/$2.c"
	fi
	case $2 in
	model)	own='t/libmodel.la ' ;;
	*)	own='' ;;
	esac
	# These programs replace system calls; see t/lib/wrap.h.
	case $2 in
	fail_*|count_*)
		echo "${id}_LDADD = t/libtap.la libtest_$1.la t/libwrap.la"
		echo "${id}_LDFLAGS = \$(AM_LDFLAGS) \$(REPLACED) \$(${1}_ldflags)" ;;
	*)
		echo "${id}_LDADD = ${own}t/libtap.la \$(${1}_io) libtest_$1.la"
		echo "${id}_LDFLAGS = \$(AM_LDFLAGS) \$(${1}_io_ldflags)" ;;
	esac
}

selectors=$(sed -n 's/^const char mio_sel_name.* = "\(.*\)";/\1/p' lib/*/*.c)
for selector in $selectors; do
	upper=$(echo "$selector" | tr '[:lower:]' '[:upper:]')
	plain=''
	wrapped=''
	for file in t/*.c; do
		name=${file#t/}
		name=${name%.c}
		case $name in
		afd_*|named_*)	[ "$selector" = afd ] || continue ;;
		esac
		case $name in
		fail_*|count_*)	wrapped="$wrapped t/$selector/$name" ;;
		# The program that takes longest begins first.
		model)		plain=" t/$selector/$name$plain" ;;
		*)		plain="$plain t/$selector/$name" ;;
		esac
	done
	echo "if BUILD_$upper"
	echo "check_LTLIBRARIES += libtest_$selector.la"
	echo "libtest_${selector}_la_SOURCES ="
	echo "libtest_${selector}_la_LIBADD = libcore.la" \
	    "libsel_$selector.la \$(${selector}_libs)"
	echo "libtest_${selector}_la_DEPENDENCIES =" \
	    "\$(libtest_${selector}_la_LIBADD)"
	echo "check_PROGRAMS +=$plain"
	echo "TESTS +=$plain"
	echo "if HAVE_WRAP"
	echo "check_PROGRAMS +=$wrapped"
	echo "TESTS +=$wrapped"
	echo "endif"
	for test in $plain $wrapped; do
		program "$selector" "${test##*/}"
	done
	echo "endif"
	echo
done

# steps TEST: the further sources of a test that has recordings.
steps() {
	case $1 in
	replay)		echo t/fake/steps.c t/fake/steps.h ;;
	recorded)	echo t/fake/recorded.h t/fake/recorded_waits.c \
			    t/fake/steps.c t/fake/steps.h ;;
	esac
}

# fake_test SHAPE TEST [LIBRARY]: a test of the fake of a system's kqueue.
fake_test() {
	id=t_fake_$2_$1
	echo "check_PROGRAMS += t/fake/$2_$1"
	echo "TESTS += t/fake/$2_$1"
	echo "${id}_SOURCES = t/fake/$2.c $(steps "$2")"
	echo "${id}_CPPFLAGS = \$(t_fake_lib$1_la_CPPFLAGS)"
	echo "${id}_LDADD = t/libtap.la $3 t/fake/lib$1.la"
}

# fake SHAPE TEST...: the fake of a system's kqueue, and the tests of the fake.
fake() {
	shape=$1
	upper=$(echo "$shape" | tr '[:lower:]' '[:upper:]')
	id=t_fake_lib${shape}_la
	shift
	echo "check_LTLIBRARIES += t/fake/lib$shape.la"
	echo "${id}_SOURCES = \$(FAKE_KQUEUE_SOURCES)"
	echo "${id}_CPPFLAGS = \$(FAKE_CPPFLAGS) -DFAKE_KQUEUE_$upper"
	for test; do
		fake_test "$shape" "$test" ''
	done
}

# fake_io SHAPE TEST...: tests of the fake that looks after each read and write.
fake_io() {
	shape=$1
	shift
	for test; do
		fake_test "$shape" "$test" t/fake/libio.la
		echo "t_fake_${test}_${shape}_LDFLAGS =" \
		    "\$(AM_LDFLAGS) \$(FAKE_IO)"
	done
}

echo "if FAKE_KQUEUE"
for shape in freebsd netbsd; do
	fake $shape replay changes notes descriptors waits
done
for shape in netbsd10 openbsd; do
	fake $shape changes notes descriptors waits
done
for shape in darwin dragonfly; do
	fake $shape changes notes
done
echo "if HAVE_WRAP"
for shape in freebsd netbsd netbsd10 openbsd; do
	fake_io $shape activity recorded
done
echo "endif"
echo "endif"
echo

# explorer NAME KIND [FLAGS]: the explorer of a selector; see t/explore.
explorer() {
	id=t_explore_$1$2
	flags=${3:+" $3"}
	echo "EXTRA_PROGRAMS += t/explore/$1$2"
	echo "${id}_SOURCES = \$(explore_$1)"
	echo "${id}_CPPFLAGS = \$(EXPLORE_CPPFLAGS)" \
	    "\$(explore_${1}_cppflags) \$(EXPLORE_HOOKS)"
	echo "${id}_CFLAGS = \$(AM_CFLAGS)$flags"
	echo "${id}_LDADD = t/explore/libexplore.la t/libtap.la" \
	    "\$(explore_${1}_fake)"
	echo "${id}_DEPENDENCIES = \$(${id}_LDADD)"
	echo "${id}_LDFLAGS = \$(AM_LDFLAGS)$flags"
}

for name in epoll epoll_pipe poll kqueue port; do
	explorer $name ''
	# shellcheck disable=SC2016 # make expands them
	explorer $name _asan '$(EXPLORE_ASAN)'
	# shellcheck disable=SC2016
	explorer $name _tsan '$(EXPLORE_TSAN)'
done
echo

# t/lib/wraps lists the functions that t/lib/wrap.c replaces.
replaced() {
	sed -n "s/^\([A-Za-z0-9_][A-Za-z0-9_@]*\).*/ -Wl,--wrap=\1/p" "$1" |
	    tr -d '\n'
}
echo "if BUILD_AFD"
echo "REPLACED =$(replaced t/win/wraps)"
echo "else"
echo "REPLACED =$(replaced t/lib/wraps)"
echo "endif"
echo
echo "OBSERVED = $(echo t/fake/observed/*)"
echo "SCRIPT_TESTS = $(echo t/*.sh t/lib/*.sh)"
echo
stubs=$(sh build-aux/names.sh man/*.3 | while read -r page name; do
	[ "$name.3" = "$page" ] || echo "man/stubs/$name.3"
done | tr '\n' ' ')
echo "MAN_PAGES = $(echo man/*.[37])"
echo "MAN_STUBS = $stubs"

# The benchmark's report and plots, as far as they are recorded.
record=''
for file in bench/report.md bench/*.svg; do
	[ ! -f "$file" ] || record="$record $file"
done
echo "BENCH_RECORD =$record"
