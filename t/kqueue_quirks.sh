# Runs tests on the fake kqueue again, with behaviour that some kernels have:
# no EVFILT_USER, so that wakes go through a pipe; other ends of pipes; and
# more.  Each quirk has the programs that can detect it.  FAKE_KQUEUE sets
# quirks: see t/fake/fake_kqueue.def.  With configure's KQUEUE_SHAPE, the whole
# suite runs with all quirks of one system.

. "${top_builddir:-.}/t/lib/env"

if [ ! -x "$top_builddir/t/kqueue/ready$EXEEXT" ] ||
    [ ! -x "$top_builddir/t/fake/changes_freebsd$EXEEXT" ]; then
	echo "1..0 # SKIP a real kqueue has no quirks to set"
	exit 0
fi
VARIABLE=FAKE_KQUEUE
. "$top_srcdir/t/lib/quirks"

quirk user=0 kqueue/cancel kqueue/cloexec kqueue/emfile kqueue/fork \
    kqueue/lifecycle kqueue/nested kqueue/one_event kqueue/threads kqueue/waker \
    fake/kqueue_select
quirk user=0,pipe_eof_oneshot=0 kqueue/closing kqueue/pipe fake/kqueue_select
quirk pipe_eof_oneshot=0,pipe_full_eof_lost=1 kqueue/closing kqueue/pipe
quirk pipe_eof_oneshot=0,pipe_refuses=0,pipe_read_notifies=1 kqueue/closing \
    kqueue/pipe
quirk pipe_first_read=1 kqueue/closing kqueue/pipe
quirk pipe_eof_oneshot=0,pipe_both_ways=0 kqueue/closing kqueue/pipe
quirk pipe_refuses=0 kqueue/closing kqueue/pipe fake/kqueue_select
quirk network_late=1,reset_write_first=1 kqueue/closing kqueue/directions \
    kqueue/one_event kqueue/tcp
quirk change_udata=0,change_looks=0,enable_looks=0,oneshot_stale=0 \
    kqueue/directions kqueue/modes kqueue/one_event kqueue/waker
quirk report_actions=1,receipt_flags=1 kqueue/closing kqueue/nested \
    kqueue/ready
quirk user_clear_erases=0,user_first_trigger=1 kqueue/waker
quirk ack_timer=0 kqueue/directions kqueue/echo
quirk ack_delay=0 kqueue/directions kqueue/echo kqueue/tcp
quirk overfull_writable=1 kqueue/unix
quirk tty_einval=1 kqueue/foreign_posix
quirks_end
