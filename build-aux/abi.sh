# abi.sh check|record SRCDIR: compares the shared library's binary interface
# with lib/libmio.abi, or records it there.  make runs this, and specifies by
# ABI_SOURCES, ABI_COMPILE, ABI_LINK and ABI_LIBS how the library is built:
# types are read from debugging information, which the user's build may not
# have.  All output goes to ./abi.
#
# abidiff compares symbols and types, but not the values of macros.

action=$1
srcdir=$2
reference=$srcdir/lib/libmio.abi

skip() {
	echo "SKIP: $action-abi: $1"
	[ "$action" = check ]
	exit
}

[ -n "$ABI_SOURCES" ] || skip "the reference is of Linux"
./libtool --features | grep '^enable shared' >/dev/null ||
    skip "this build makes no shared library"
for tool in abidw abidiff; do
	command -v $tool >/dev/null 2>&1 || skip "no $tool"
done

rm -rf abi
mkdir abi || exit 1
for source in $ABI_SOURCES; do
	case $source in
	*.c)	object=${source##*/}
		object=abi/${object%.c}.lo
		objects="${objects:-} $object"
		$ABI_COMPILE -shared -c -o "$object" "$srcdir/$source" ||
		    exit 1 ;;
	esac
done
# shellcheck disable=SC2086 # a list
$ABI_LINK -o abi/libmio.la $objects $ABI_LIBS || exit 1

# Record only what a program can see: the header's types, without this tree's
# paths.
abidw --headers-dir "$srcdir/include" --drop-private-types \
    --exported-interfaces-only --no-corpus-path --no-comp-dir-path \
    --no-show-locs --no-elf-needed --no-parameter-names \
    --type-id-style hash abi/.libs/libmio.so >abi/raw || exit 1
sed "s|path='[^']*/lib/|path='lib/|" abi/raw >abi/libmio.abi || exit 1

if [ "$action" = record ]; then
	cp abi/libmio.abi "$reference" && echo "recorded: $reference"
	exit
fi

architecture() {
	sed -n "s/^<abi-corpus.* architecture='\([^']*\)'.*/\1/p" "$1"
}

here=$(architecture abi/libmio.abi)
there=$(architecture "$reference")
[ "$here" = "$there" ] || skip "the reference is of $there, this is $here"

# abidiff may exit with 0 although it could not parse a file.
abidiff "$reference" abi/libmio.abi 2>abi/errors
status=$?
if [ -s abi/errors ]; then
	cat abi/errors >&2
	status=$((status | 1))
fi
# The bits of the status: 1 and 2 are failures of abidiff, 4 is any change.
if [ $status = 0 ]; then
	echo "check-abi: as recorded"
elif [ $((status & 3)) != 0 ]; then
	echo "check-abi: abidiff failed" >&2
elif abidiff --no-added-syms "$reference" abi/libmio.abi >/dev/null; then
	echo "check-abi: the interface has grown.  A released node of" \
	    "libmio.map is frozen: HACKING, \"THE ABI\".  make record-abi" \
	    "records it." >&2
else
	echo "check-abi: programs that run with what was recorded may fail" \
	    "with this.  If that was never released, make record-abi" \
	    "records it." >&2
fi
exit $status
