/*
 * Contract 10 and EPOLL-5: every descriptor that the library makes is
 * close-on-exec and non-blocking; a program run by exec(2) has none of them.
 */
#include "config.h"

#ifdef _WIN32
#include <process.h>
#else
#include <sys/wait.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#ifdef _WIN32
#define MOST	8192	/* descriptors looked at */
#define STEP	4	/* handles are these numbers */
#else
#define MOST	256
#define STEP	1
#endif
#define CHILD	"--which-are-open"

static bool before[MOST];

static void
remember(void)
{
	int fd;

	for (fd = STEP; fd < MOST; fd += STEP)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
}

static bool
is_new(int fd)
{
	return !before[fd] && fcntl(fd, F_GETFD) >= 0;
}

/*
 * The poller's own descriptor has no blocking mode that could be switched off,
 * since it is neither read nor written.
 */
static void
check_flags(const struct mio_poller *poller, int least)
{
	int own = (int)mio_poller_fd(poller);
	int fd, count = 0, inherited = 0, blocking = 0;

	for (fd = STEP; fd < MOST; fd += STEP) {
		if (!is_new(fd))
			continue;
		count++;
		inherited += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
		blocking += fd != own &&
		    (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
	}
	tap_diag("%d descriptors", count);
	ok(count >= least, "the library's descriptors are found");
	is(inherited, 0, "every descriptor of the library is close-on-exec");
	is(blocking, 0, "every descriptor of the library is non-blocking");
}

/* Is it open?  Windows gives a child's own handles the same numbers. */
static bool
is_open(int fd)
{
#ifdef _WIN32
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
#else
	return fcntl(fd, F_GETFD) >= 0;
#endif
}

/* Returns how many of the descriptors given as arguments are open. */
static int
child(char **argv)
{
	int open = 0;

	for (; *argv != NULL; argv++)
		open += is_open(atoi(*argv));
	return open;
}

/* Runs a program; returns its exit status, or 126 if it can't be run. */
static int
run(char *program, char **argv)
{
#ifdef _WIN32
	intptr_t status = _spawnv(_P_WAIT, program,
	    (const char *const *)argv);

	return status < 0 ? 126 : (int)status;
#else
	int status;
	pid_t pid;

	need((pid = fork()) >= 0);
	if (pid == 0) {
		execv(program, argv);
		_exit(126);
	}
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
#endif
}

static void
run_child(char *self)
{
	static char names[MOST][8];
	static char which[] = CHILD;
	char *argv[MOST + 3] = { self, which };
	int fd, n = 2, status;

	for (fd = STEP; fd < MOST; fd += STEP) {
		if (!is_new(fd))
			continue;
		need(snprintf(names[fd], sizeof(names[fd]), "%d", fd) > 0);
		argv[n++] = names[fd];
	}
	/* An emulator's program may not be the kernel's. */
	if ((status = run(self, argv)) == 126)
		tap_skip(1, "this program can't be run by exec(2) here");
	else
		is(status, 0, "a program run by exec inherits none of them");
}

#define MADE	11

/* Makes some sources of each kind; returns their number. */
static int
make_sources(struct mio_source source[MADE])
{
	struct sockaddr_storage addr;
	mio_socklen len;
	int n = 4;

	listen_loopback(&source[0], &addr, &len);
	tcp_pair(&source[1], &source[2]);
	(void)addr_of("127.0.0.1:0", &addr, &len);
	need(mio_udp_bind(&source[3], (struct sockaddr *)&addr, len, 0) == 0);
	if (mio_pipe_new(&source[n], &source[n + 1], 0) == 0)
		n += 2;
	if (mio_unix_listen(&source[n], "s", 1, 0) == 0) {
		need(mio_unix_connect(&source[n + 1], "s", 0) == 0);
		need(mio_unix_accept(&source[n], &source[n + 2], NULL, NULL,
		    0) == 0);
		need(unlink("s") == 0);
		n += 3;
	}
	if (mio_unix_dgram_pair(&source[n], &source[n + 1], 0) == 0)
		n += 2;
	return n;
}

static char *
full_path(const char *name)
{
#ifdef _WIN32
	return _fullpath(NULL, name, 0);
#else
	return realpath(name, NULL);
#endif
}

int
main(int argc, char **argv)
{
	struct mio_source sources[MADE];
	struct mio_poller *poller;
	struct mio_waker *waker;
	char *self;
	int i, n;

	if (argc > 1 && strcmp(argv[1], CHILD) == 0)
		return child(argv + 2);
	tap_start();
	need((self = full_path(argv[0])) != NULL);
	enter_tmpdir();
	remember();
	poller = new_poller();
	need((waker = mio_waker_new(poller, 1)) != NULL);
	n = make_sources(sources);
	reg(poller, &sources[0], 2, MIO_READABLE);
	/* At least these, and the poller's channel. */
	check_flags(poller, n + 1);
	run_child(self);
	for (i = 0; i < n; i++)
		close_source(&sources[i]);
	mio_waker_free(waker);
	mio_poller_free(poller);
	leave_tmpdir();
	free(self);
	return tap_done();
}
