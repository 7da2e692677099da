/*
 * Checks that foreign descriptors of Linux (timers, signals, file changes,
 * processes, counters) follow the same contract as a socket; and what
 * mio_register(3) specifies of others.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#ifdef HAVE_SYS_EVENTFD_H
#include <sys/eventfd.h>
#endif
#ifdef HAVE_INOTIFY_INIT1
#include <sys/inotify.h>
#endif
#ifdef HAVE_SYS_SIGNALFD_H
#include <sys/signalfd.h>
#endif
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif
#ifdef HAVE_SYS_TIMERFD_H
#include <sys/timerfd.h>
#endif
#ifdef HAVE_LINUX_IF_TUN_H
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>
#include <netinet/in.h>

#include <linux/if_tun.h>
#include <sched.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

#if defined(HAVE_SYS_EVENTFD_H) || defined(HAVE_INOTIFY_INIT1) || \
    defined(HAVE_SYS_SIGNALFD_H) || defined(HAVE_SYS_TIMERFD_H)
/*
 * Makes a source of the descriptor.  If it is -1 because the kernel or the
 * emulator lacks this kind, skips and returns false.
 */
static bool
adopt(struct mio_source *source, int fd, const char *what)
{
	if (fd < 0) {
		need(errno == ENOSYS || errno == EPERM || errno == EINVAL);
		tap_skip(1, "no %s: %s", what, strerror(errno));
		return false;
	}
	adopt_fd(source, fd);
	return true;
}
#endif

#ifdef HAVE_SYS_TIMERFD_H
static void
set_timer(const struct mio_source *timer, long value_ns, long interval_ns)
{
	struct itimerspec its = { { 0, interval_ns }, { 0, value_ns } };

	need(timerfd_settime(mio_source_fd(timer), 0, &its, NULL) == 0);
}

static void
expire(void *timer)
{
	set_timer(timer, 1, 0);
}

static void
timers(void)
{
	uint64_t ticks, total = 0;
	struct mio_source timer;
	int events = 0;

	if (!adopt(&timer, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
	    "timerfd"))
		return;
	readable_contract(poller, &timer, expire, &timer, "timerfd");

	reg(poller, &timer, 10, MIO_READABLE);
	set_timer(&timer, 1000000, 1000000);
	while (total < 10 && wait_token(poller, 10, MIO_READABLE) != 0) {
		events++;
		if (mio_source_read(&timer, &ticks, sizeof(ticks)) ==
		    sizeof(ticks))
			total += ticks;
		drain(&timer);
	}
	ok(total >= 10, "timerfd: periodic: 10 ticks, in %d events", events);
	set_timer(&timer, 0, 0);
	drain(&timer);
	is(quiet(poller), 0, "timerfd: stopped: silence");
	close_source(&timer);
}
#else
static void
timers(void)
{
	tap_skip(1, "no timerfd: no <sys/timerfd.h>");
}
#endif

#ifdef HAVE_SYS_SIGNALFD_H
static void
raise_one(void *arg)
{
	(void)arg;
	need(raise(SIGUSR1) == 0);
}

/* Two signals, read at once into a buffer for three: a short count. */
static void
two_signals(const struct mio_source *source)
{
	struct signalfd_siginfo infos[3];

	need(raise(SIGUSR2) == 0);
	need(raise(SIGUSR1) == 0);
	ok(comes(poller, 11, MIO_READABLE), "signalfd: two signals");
	memset(infos, 0, sizeof(infos));
	is(mio_source_read(source, infos, sizeof(infos)), 2 * sizeof(infos[0]),
	    "signalfd: both are read at once");
	is(infos[0].ssi_signo + infos[1].ssi_signo, SIGUSR1 + SIGUSR2,
	    "signalfd: and are the two raised");
	need(raise(SIGUSR1) == 0);
	ok(comes(poller, 11, MIO_READABLE), "signalfd: and a third");
	drain(source);
}

static void
signals(void)
{
	struct mio_source source;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	need(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	if (!adopt(&source, signalfd(-1, &set, SFD_CLOEXEC), "signalfd"))
		return;
	readable_contract(poller, &source, raise_one, NULL, "signalfd");
	reg(poller, &source, 11, MIO_READABLE);
	two_signals(&source);
	close_source(&source);
}
#else
static void
signals(void)
{
	tap_skip(1, "no signalfd: no <sys/signalfd.h>");
}
#endif

#ifdef HAVE_INOTIFY_INIT1
static void
write_byte(void *fd)
{
	need(write(*(int *)fd, "x", 1) == 1);
}

static void
deleted(const struct mio_source *source, const char *path)
{
	union {
		struct inotify_event event;
		char room[4096];
	} buf;

	need(unlink(path) == 0);
	ok(comes(poller, 12, MIO_READABLE), "inotify: a file deleted");
	memset(&buf, 0, sizeof(buf));
	ok(mio_source_read(source, &buf, sizeof(buf)) > 0 &&
	    (buf.event.mask & IN_DELETE) != 0, "inotify: the deletion is read");
	is_str(buf.event.name, "file", "inotify: with the file's name");
	is(quiet(poller), 0, "inotify: then silence");
}

static void
changes(void)
{
	char dir[] = "/tmp/mio-foreign.XXXXXX", path[64];
	struct mio_source source;
	int fd;

	if (!adopt(&source, inotify_init1(IN_CLOEXEC), "inotify"))
		return;
	need(mkdtemp(dir) != NULL);
	need(snprintf(path, sizeof(path), "%s/file", dir) > 0);
	need((fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0);
	need(inotify_add_watch(mio_source_fd(&source), dir,
	    IN_MODIFY | IN_DELETE) >= 0);
	readable_contract(poller, &source, write_byte, &fd, "inotify");
	reg(poller, &source, 12, MIO_READABLE);
	deleted(&source, path);
	(void)close(fd);
	(void)rmdir(dir);
	close_source(&source);
}
#else
static void
changes(void)
{
	tap_skip(1, "no inotify: not on this system");
}
#endif

#ifdef HAVE_SYS_EVENTFD_H
static void
count_up(void *source)
{
	uint64_t one = 1;

	need(write(mio_source_fd(source), &one, sizeof(one)) == sizeof(one));
}

/*
 * NetBSD's fstat(2) reports a counter as a FIFO.  A kqueue then has a knote for
 * reading, and reports the counter as readable, like the end of a pipe that
 * carries data both ways.
 */
static bool
looks_like_pipe(const struct mio_source *source)
{
	struct stat st;

	need(fstat(mio_source_fd(source), &st) == 0);
	return on_selector("kqueue") && S_ISFIFO(st.st_mode);
}

/* A foreign descriptor that is no socket and can be full. */
static void
full_counter(const struct mio_source *source)
{
	const uint64_t most = UINT64_MAX - 1, one = 1;

	is(mio_source_write(source, &most, sizeof(most)), sizeof(most),
	    "eventfd: filled");
	fails(mio_source_write(source, &one, sizeof(one)), EAGAIN,
	    "eventfd: full");
	ok(quiet(poller) <= (looks_like_pipe(source) ? 1 : 0),
	    "eventfd: full: silence");
	is(drain(source), 8, "eventfd: emptied");
	ok(comes(poller, 13, MIO_WRITABLE), "eventfd: writable again");
}

static void
counters(void)
{
	struct mio_source source;

	if (!adopt(&source, eventfd(0, EFD_CLOEXEC), "eventfd"))
		return;
	readable_contract(poller, &source, count_up, &source, "eventfd");
	reg(poller, &source, 13, MIO_WRITABLE);
	ok(comes(poller, 13, MIO_WRITABLE), "eventfd: writable");
	full_counter(&source);
	close_source(&source);
}
#else
static void
counters(void)
{
	tap_skip(1, "no eventfd: no <sys/eventfd.h>");
}
#endif

/*
 * A regular file of /proc that the kernel can watch.  Only epoll accepts it,
 * because the other selectors refuse each regular file.
 */
static void
proc_files(void)
{
	struct mio_source source;
	int fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		tap_skip(1, "no /proc/self/mounts: %s", strerror(errno));
		return;
	}
	need(mio_source_from_fd(&source, fd) == 0);
	if (on_selector("epoll")) {
		is(mio_register(poller, &source, 19, MIO_PRIORITY), 0,
		    "/proc/self/mounts: registered");
		is(quiet(poller), 0, "/proc/self/mounts: no change");
	} else {
		fails(mio_register(poller, &source, 19, MIO_READABLE), EPERM,
		    "/proc/self/mounts: refused");
	}
	close_source(&source);
}

#if defined(HAVE_LINUX_IF_TUN_H) && defined(CLONE_NEWNET)
/*
 * Sets up a TUN device.  Returns a socket that sends packets through it, or
 * -1.
 */
static int
set_up_tun(int fd, struct sockaddr_in *addr)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (s < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -1;
	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_port = htons(9);
	addr->sin_addr.s_addr = htonl(0x0a000001);
	memcpy(&ifr.ifr_addr, addr, sizeof(*addr));
	if (ioctl(s, SIOCSIFADDR, &ifr) < 0)
		return -1;
	ifr.ifr_flags = IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &ifr) < 0)
		return -1;
	addr->sin_addr.s_addr = htonl(0xffffff00);
	memcpy(&ifr.ifr_netmask, addr, sizeof(*addr));
	if (ioctl(s, SIOCSIFNETMASK, &ifr) < 0)
		return -1;
	addr->sin_addr.s_addr = htonl(0x0a000002);
	return s;
}

/* Waits for a packet of IPv4; the kernel also sends some of IPv6. */
static bool
packet_comes(struct mio_poller *own, const struct mio_source *source)
{
	struct mio_event event;
	unsigned char buf[2048];

	while (mio_poll(own, &event, 1, PATIENCE) == 1) {
		while (mio_source_read(source, buf, sizeof(buf)) > 0) {
			if (buf[0] >> 4 == 4)
				return true;
		}
	}
	return false;
}

#define NO_TUN	77

/*
 * In a process with a network of its own: registered, set up, registered
 * again, as the page advises.  Returns the exit status.
 */
static int
use_tun(void)
{
	struct mio_poller *own = mio_poller_new();
	struct mio_source source;
	struct sockaddr_in addr;
	int fd, s;

	if (own == NULL || (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 &&
	    unshare(CLONE_NEWNET) < 0))
		return NO_TUN;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NO_TUN;
	if (mio_source_from_fd(&source, fd) < 0 ||
	    mio_register(own, &source, 1, MIO_READABLE) < 0)
		return 1;
	if ((s = set_up_tun(fd, &addr)) < 0)
		return NO_TUN;
	if (mio_deregister(own, &source) < 0 ||
	    mio_register(own, &source, 2, MIO_READABLE) < 0)
		return 2;
	if (sendto(s, "x", 1, 0, (struct sockaddr *)&addr, sizeof(addr)) != 1)
		return 3;
	return packet_comes(own, &source) ? 0 : 4;
}

static void
tun(void)
{
	int status;
	pid_t pid;

	need((pid = fork()) >= 0);
	if (pid == 0)
		_exit(use_tun());
	need(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_TUN)
		tap_skip(1, "no TUN device can be made here");
	else
		is(status, 0, "TUN: set up, then registered again: a packet");
}
#else
static void
tun(void)
{
	tap_skip(1, "no TUN device can be made here");
}
#endif

#ifdef SYS_pidfd_open
/* A child that lives for as long as the writer is open, and its pidfd. */
static int
spawn(int *writer, pid_t *child)
{
	int fds[2];
	char byte;

	need(pipe(fds) == 0);
	need((*child = fork()) >= 0);
	if (*child == 0) {
		(void)close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 0 ? 7 : 1);
	}
	(void)close(fds[0]);
	*writer = fds[1];
	return (int)syscall(SYS_pidfd_open, *child, 0);
}

static void
reap(pid_t child, int status)
{
	int got;

	need(waitpid(child, &got, 0) == child);
	need(WIFEXITED(got) && WEXITSTATUS(got) == status);
}

/* A pidfd can't be read, so no read can return EAGAIN. */
static void
process_modes(struct mio_source *source)
{
	int i;

	rereg(poller, source, 15, MIO_READABLE);
	ok(comes(poller, 15, MIO_READABLE),
	    "pidfd: reregistered: readable again");
	rereg(poller, source, 16, MIO_READABLE | MIO_LEVEL);
	for (i = 0; i < 3; i++)
		ok(comes(poller, 16, MIO_READABLE),
		    "pidfd: level: readable, %d", i);
	rereg(poller, source, 17, MIO_READABLE | MIO_ONESHOT);
	ok(comes(poller, 17, MIO_READABLE), "pidfd: oneshot: readable");
	is(quiet(poller), 0, "pidfd: oneshot: then silence");
}

static void
processes(void)
{
	struct mio_source source;
	pid_t child, other;
	int writer, fd;

	if ((fd = spawn(&writer, &child)) < 0) {
		tap_skip(1, "no pidfd: %s", strerror(errno));
		(void)close(writer);
		reap(child, 7);
		return;
	}
	need(mio_source_from_fd(&source, fd) == 0);
	reg(poller, &source, 14, MIO_READABLE);
	is(quiet(poller), 0, "pidfd: the child lives: no event");
	(void)close(writer);
	ok(comes(poller, 14, MIO_READABLE), "pidfd: the child exits: readable");
	is(quiet(poller), 0, "pidfd: once");
	process_modes(&source);
	reap(child, 7);
	close_source(&source);

	need((fd = spawn(&writer, &other)) >= 0);
	need(mio_source_from_fd(&source, fd) == 0);
	reg(poller, &source, 18, MIO_READABLE);
	dereg(poller, &source);
	(void)close(writer);
	reap(other, 7);
	is(quiet(poller), 0, "pidfd: deregistered: silence");
	close_source(&source);
}
#else
static void
processes(void)
{
	tap_skip(1, "no pidfd: no SYS_pidfd_open");
}
#endif

int
main(void)
{
	tap_start();
	poller = new_poller();
	timers();
	signals();
	changes();
	counters();
	proc_files();
	tun();
	processes();
	mio_poller_free(poller);
	return tap_done();
}
