/*
 * Memory, descriptors, and system calls that do not wait.  A call is a point
 * and then the real call: the kernel's calls are atomic, and so are those of
 * the fakes.
 *
 * The explorer counts what the library allocates and opens, and knows which
 * descriptors are open: a call with a closed one fails the scenario.
 */
#include "config.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sanitizer.h"

#define FDS		1024
#define CLOCK_STEP	1000	/* ns for each look at the clock */

static bool fd_open[FDS], fd_own[FDS];
static int nopen;
static long nallocated;
static int refusals_left;
bool explore_no_refusal;
bool explore_late_cancel;

/* The fakes look at what they watch, as a kernel does after each change. */
void	fake_kqueue_look(void) __attribute__((weak));
void	ports_look(void) __attribute__((weak));

void
calls_reset(void)
{
	nopen = 0;
	nallocated = 0;
	refusals_left = scenario->refusals;
	explore_no_refusal = false;
}

void
calls_check(void)
{
	if (nopen != 0)
		explore_fail("%d descriptors are left open", nopen);
	if (nallocated != 0)
		explore_fail("%ld allocations are not freed", nallocated);
}

void *
hook_malloc(size_t size)
{
	void *p = malloc(size);

	nallocated += p != NULL;
	return p;
}

void *
hook_calloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	nallocated += p != NULL;
	return p;
}

void *
hook_realloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	nallocated += old == NULL && p != NULL;
	return p;
}

void
hook_free(void *p)
{
	nallocated -= p != NULL;
	free(p);
}

static void
look_again(void)
{
	if (fake_kqueue_look != NULL)
		fake_kqueue_look();
	if (ports_look != NULL)
		ports_look();
}

int
fd_made(int fd)
{
	if (fd < 0)
		return fd;
	if (fd >= FDS || fd_open[fd])
		explore_fail("descriptor %d is out of range or open", fd);
	fd_open[fd] = true;
	nopen++;
	kernel_changes++;
	return fd;
}

void
explore_own_fd(int fd)
{
	fd_own[fd_made(fd)] = true;
}

void
fd_check(int fd, const char *function)
{
	if (fd < 0 || fd >= FDS || !fd_open[fd])
		explore_fail("%s uses descriptor %d, which is closed", function,
		    fd);
}

/* Whether the system refuses a signal that is sent by this descriptor. */
bool
refused(int fd)
{
	if (current == NULL || refusals_left <= 0 || explore_no_refusal ||
	    fd_own[fd] || choose(2) == 0)
		return false;
	refusals_left--;
	explore_note("the system refuses this");
	return true;
}

ssize_t
lib_result(ssize_t result)
{
	if (result < 0)
		*hook_errno() = errno;
	return result;
}

/* The fakes have looked at what they watch in calls of their own. */
int
traced_result(int result)
{
	hook_result((uintptr_t)(intptr_t)(result < 0 ? -errno : result));
	kernel_changes++;
	return (int)lib_result(result);
}

/* The begin of a system call that is a cancellation point. */
static void
begin(const char *name, int fd, const char *function)
{
	hook_point(name, NULL, function);
	hook_testcancel();
	fd_check(fd, function);
}

static int
end(ssize_t result)
{
	int n = traced_result((int)result);

	look_again();
	return n;
}

int
hook_eventfd(unsigned int value, int flags)
{
	return (int)lib_result(fd_made(eventfd(value, flags)));
}

int
hook_pipe2(int *fds, int flags)
{
	if (pipe2(fds, flags) < 0)
		return (int)lib_result(-1);
	fd_made(fds[0]);
	fd_made(fds[1]);
	return 0;
}

ssize_t
hook_write(int fd, const void *buf, size_t size)
{
	ssize_t n;

	begin("write", fd, "-");
	if (refused(fd)) {
		errno = EIO;
		return end(-1);
	}
	sanitizer_ignore();
	n = write(fd, buf, size);
	sanitizer_watch();
	return end(n);
}

ssize_t
hook_read(int fd, void *buf, size_t size)
{
	ssize_t n;

	begin("read", fd, "-");
	sanitizer_ignore();
	n = read(fd, buf, size);
	sanitizer_watch();
	return end(n);
}

ssize_t
hook_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
    socklen_t *len, const char *function)
{
	ssize_t n;

	begin("recv", fd, function);
	sanitizer_ignore();
	n = recvfrom(fd, buf, size, flags, addr, len);
	sanitizer_watch();
	return end(n);
}

ssize_t
hook_sendto(int fd, const void *buf, size_t size, int flags,
    const struct sockaddr *addr, socklen_t len, const char *function)
{
	ssize_t n;

	begin("send", fd, function);
	sanitizer_ignore();
	n = sendto(fd, buf, size, flags, addr, len);
	sanitizer_watch();
	return end(n);
}

/* What a kernel does with a descriptor that is closed in a wait differs. */
static void
check_waits(int fd)
{
	int i;

	for (i = 0; i < nthreads; i++)
		if (&threads[i] != current && sched_waits_on(&threads[i], fd))
			explore_fail("descriptor %d is closed, on which "
			    "thread %d waits", fd, i);
}

int
hook_close(int fd)
{
	int result;

	begin("close", fd, "-");
	if (current != NULL)
		check_waits(fd);
	fd_open[fd] = fd_own[fd] = false;
	nopen--;
	sanitizer_ignore();
	result = close(fd);
	sanitizer_watch();
	return end(result);
}

/* Each look takes a little time, so that a loop until a deadline ends. */
int
hook_clock_gettime(struct timespec *ts)
{
	hook_point("clock_gettime", NULL, "-");
	now_ns += CLOCK_STEP;
	ts->tv_sec = now_ns / 1000000000;
	ts->tv_nsec = now_ns % 1000000000;
	return 0;
}
