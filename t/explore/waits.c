/*
 * System calls that wait.  A thread in one is woken when the kernel has
 * something for it, and then makes the call without waiting.  Another thread
 * may have taken that in between, and then it waits again.
 */
#include "config.h"

#include <sys/epoll.h>

#include <errno.h>

#include "sanitizer.h"

int64_t
nanoseconds(const struct timespec *ts)
{
	return ts == NULL ? -1 :
	    (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static int64_t
milliseconds(int msec)
{
	return msec < 0 ? -1 : (int64_t)msec * 1000000;
}

static int64_t
deadline_of(int64_t timeout)
{
	return timeout > 0 ? now_ns + timeout : timeout;
}

void
wait_for_fd(int fd)
{
	current->wait.fd = fd;
	current->wait.nfds = 0;
}

static void
wait_for_fds(struct pollfd *fds, nfds_t nfds)
{
	current->wait.fd = -1;
	current->wait.fds = fds;
	current->wait.nfds = nfds;
}

static void
enter(int64_t timeout)
{
	struct kernel_wait *wait = &current->wait;

	wait->timed_out = false;
	wait->interrupted = false;
	wait->entering = true;
	wait->looked = 0;
	wait->deadline = deadline_of(timeout);
}

int
wait_turn(const char *name, const char *function, int64_t timeout)
{
	struct thread *t = current;

	points++;
	enter(timeout);
	t->state = THREAD_IN_KERNEL;
	sched_yield_turn();
	t->state = THREAD_READY;
	trace_step(function, name, timeout < 0 ? NULL :
	    timeout == 0 ? "(without waiting)" : "(with a timeout)");
	if (t->wait.interrupted) {
		t->wait.interrupted = false;
		errno = EINTR;
		hook_result((uintptr_t)-EINTR);
		return -1;
	}
	return t->wait.timed_out || timeout == 0 ? 0 : 1;
}

/*
 * The thread is back from the kernel.  glibc until 2.40 may still cancel it
 * here, where what the call has returned is lost.
 */
void
wait_returns(void)
{
	current->wait.fd = -1;
	current->wait.nfds = 0;
	if (!explore_late_cancel || current->cancel_off)
		return;
	hook_point("returns", NULL, "-");
	hook_testcancel();
}

int
hook_epoll_create1(int flags)
{
	return (int)lib_result(fd_made(epoll_create1(flags)));
}

int
hook_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event,
    const char *function)
{
	int result;

	hook_point(op == EPOLL_CTL_ADD ? "epoll_ctl ADD" :
	    op == EPOLL_CTL_MOD ? "epoll_ctl MOD" : "epoll_ctl DEL", NULL,
	    function);
	fd_check(epfd, function);
	sanitizer_ignore();
	result = epoll_ctl(epfd, op, fd, event);
	sanitizer_watch();
	return traced_result(result);
}

/* The call itself, with a timeout of 0. */
static int
take_events(int epfd, struct epoll_event *events, int room,
    const char *function)
{
	int n;

	fd_check(epfd, function);
	sanitizer_ignore();
	n = epoll_wait(epfd, events, room, 0);
	sanitizer_watch();
	hook_result((uintptr_t)(intptr_t)n);
	kernel_changes++;
	return n;
}

static int
wait_epoll(int epfd, struct epoll_event *events, int room, int64_t timeout,
    const char *function)
{
	int n, turn;

	fd_check(epfd, function);
	if (current == NULL)
		return (int)lib_result(take_events(epfd, events, room,
		    function));
	wait_for_fd(epfd);
	do {
		turn = n = wait_turn("epoll_wait", function, timeout);
		if (turn >= 0) {
			hook_testcancel();
			n = take_events(epfd, events, room, function);
		}
	} while (n == 0 && turn > 0);
	if (turn >= 0)
		wait_returns();
	else
		current->wait.fd = -1;
	return (int)lib_result(n);
}

int
hook_epoll_wait(int epfd, struct epoll_event *events, int room, int msec,
    const char *function)
{
	return wait_epoll(epfd, events, room, milliseconds(msec), function);
}

int
hook_epoll_pwait2(int epfd, struct epoll_event *events, int room,
    const struct timespec *ts, const char *function)
{
	return wait_epoll(epfd, events, room, nanoseconds(ts), function);
}

static int
take_pollfds(struct pollfd *fds, nfds_t nfds)
{
	int n;

	sanitizer_ignore();
	n = poll(fds, nfds, 0);
	sanitizer_watch();
	hook_result((uintptr_t)(intptr_t)n);
	kernel_changes++;
	return n;
}

static int
wait_poll(struct pollfd *fds, nfds_t nfds, int64_t timeout,
    const char *function)
{
	int n, turn;
	nfds_t i;

	if (current == NULL)
		return (int)lib_result(take_pollfds(fds, nfds));
	for (i = 0; i < nfds; i++)
		if (fds[i].fd >= 0)
			fd_check(fds[i].fd, function);
	wait_for_fds(fds, nfds);
	do {
		turn = n = wait_turn("poll", function, timeout);
		if (turn >= 0) {
			hook_testcancel();
			n = take_pollfds(fds, nfds);
		}
	} while (n == 0 && turn > 0);
	if (turn >= 0)
		wait_returns();
	else
		current->wait.nfds = 0;
	return (int)lib_result(n);
}

int
hook_poll(struct pollfd *fds, nfds_t nfds, int msec, const char *function)
{
	return wait_poll(fds, nfds, milliseconds(msec), function);
}

int
hook_ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *ts,
    const char *function)
{
	return wait_poll(fds, nfds, nanoseconds(ts), function);
}
