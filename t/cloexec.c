/*
 * Contract 10 and EPOLL-5: every descriptor that the library makes is
 * close-on-exec and non-blocking; a program run by exec(2) has none of them.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "util.h"

#define MOST	256	/* descriptors looked at */
#define CHILD	"--which-are-open"

static bool before[MOST];

static void
remember(void)
{
	int fd;

	for (fd = 0; fd < MOST; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
}

static bool
is_new(int fd)
{
	return !before[fd] && fcntl(fd, F_GETFD) >= 0;
}

/*
 * The poller's own is not read from or written to, so it has no blocking
 * that could be switched off.
 */
static void
check_flags(const struct mio_poller *poller, int least)
{
	int own = mio_poller_fd(poller);
	int fd, count = 0, inherited = 0, blocking = 0;

	for (fd = 0; fd < MOST; fd++) {
		if (!is_new(fd))
			continue;
		count++;
		inherited += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
		blocking += fd != own &&
		    (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
	}
	tap_diag("%d descriptors", count);
	ok(count >= least, "the library's descriptors are seen");
	is(inherited, 0, "every descriptor of ours is close-on-exec");
	is(blocking, 0, "every descriptor of ours is non-blocking");
}

/* Ends with how many of the descriptors named by the arguments are open. */
static int
child(char **argv)
{
	int open = 0;

	for (; *argv != NULL; argv++)
		open += fcntl(atoi(*argv), F_GETFD) >= 0;
	return open;
}

static void
run_child(char *self)
{
	static char names[MOST][8];
	static char which[] = CHILD;
	char *argv[MOST + 3] = { self, which };
	int fd, n = 2, status;
	pid_t pid;

	for (fd = 0; fd < MOST; fd++) {
		if (!is_new(fd))
			continue;
		need(snprintf(names[fd], sizeof(names[fd]), "%d", fd) > 0);
		argv[n++] = names[fd];
	}
	need((pid = fork()) >= 0);
	if (pid == 0) {
		execv(self, argv);
		_exit(126);
	}
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	/* An emulator's program may not be the kernel's. */
	if (WEXITSTATUS(status) == 126)
		tap_skip(1, "this program can't be run by exec(2) here");
	else
		is(WEXITSTATUS(status), 0,
		    "a program run by exec sees none of them");
}

int
main(int argc, char **argv)
{
	struct mio_source listener, a, b;
	struct sockaddr_storage addr;
	struct mio_poller *poller;
	struct mio_waker *waker;
	mio_socklen len;

	if (argc > 1 && strcmp(argv[1], CHILD) == 0)
		return child(argv + 2);
	tap_start();
	remember();
	poller = new_poller();
	need((waker = mio_waker_new(poller, 1)) != NULL);
	listen_loopback(&listener, &addr, &len);
	tcp_pair(&a, &b);
	reg(poller, &a, 2, MIO_READABLE);
	/* At the least a listener, two ends, and a way to wake. */
	check_flags(poller, 4);
	run_child(argv[0]);
	close_source(&a);
	close_source(&b);
	close_source(&listener);
	mio_waker_free(waker);
	mio_poller_free(poller);
	return tap_done();
}
