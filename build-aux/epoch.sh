# epoch.sh SRCDIR: prints the time that make dist gives to all files, in
# seconds: SOURCE_DATE_EPOCH, or the time that a tarball has kept, or that of
# the commit.

if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
	echo "$SOURCE_DATE_EPOCH"
elif [ -f "$1/build-aux/epoch" ]; then
	cat "$1/build-aux/epoch"
elif [ -e "$1/.git" ] &&
    git -C "$1" log -1 --no-show-signature --format=%ct; then
	:
else
	echo "epoch.sh: no commit to take the time from: this tarball won't" \
	    "be the same again" >&2
	date +%s
fi
