/*
 * kevent(2), over the fake kqueue.  A call with changes does not wait.  The
 * fake has an fpathconf(2) as well.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/event.h>

#include <errno.h>
#include <unistd.h>

#include "sanitizer.h"

static const struct timespec zero;

/* A result of -1 without an error is possible, so errno begins as 0. */
long
hook_fpathconf(int fd, int name)
{
	long value;

	errno = 0;
	if ((value = fpathconf(fd, name)) < 0 && errno != 0)
		*hook_errno() = errno;
	return value;
}

int
hook_kqueue(void)
{
	return (int)lib_result(fd_made(kqueue()));
}

static int
call(int kq, const void *changes, int nchanges, void *events, int room,
    const char *function)
{
	int n;

	fd_check(kq, function);
	sanitizer_ignore();
	n = kevent(kq, changes, nchanges, events, room, &zero);
	sanitizer_watch();
	return n;
}

/* Only a call that stores events is a cancellation point. */
static int
change(int kq, const void *changes, int nchanges, void *events, int room,
    const char *function)
{
	hook_point("kevent (changes)", NULL, function);
	if (room > 0)
		hook_testcancel();
	if (room == 0 && refused(kq)) {
		errno = ENOMEM;
		return traced_result(-1);
	}
	return traced_result(call(kq, changes, nchanges, events, room,
	    function));
}

int
hook_kevent(int kq, const void *changes, int nchanges, void *events, int room,
    const struct timespec *ts, const char *function)
{
	int n, turn;

	if (current == NULL || nchanges > 0 || room == 0)
		return change(kq, changes, nchanges, events, room, function);
	fd_check(kq, function);
	wait_for_fd(kq);
	do {
		turn = n = wait_turn("kevent", function, nanoseconds(ts));
		if (turn >= 0) {
			hook_testcancel();
			n = call(kq, NULL, 0, events, room, function);
			hook_result((uintptr_t)(intptr_t)n);
			kernel_changes++;
		}
	} while (n == 0 && turn > 0);
	if (turn >= 0)
		wait_returns();
	else
		current->wait.fd = -1;
	return (int)lib_result(n);
}
