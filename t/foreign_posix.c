/*
 * Checks foreign descriptors that only POSIX systems have: terminals, FIFOs, a
 * child's standard input and output, Unix sockets of each type, devices.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)

static struct mio_poller *poller;

/* Raw mode: no echo, no line buffering. */
static void
make_raw(int fd)
{
	struct termios tio;

	need(tcgetattr(fd, &tio) == 0);
	tio.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	tio.c_oflag &= ~(tcflag_t)OPOST;
	tio.c_cc[VMIN] = 1;
	tio.c_cc[VTIME] = 0;
	need(tcsetattr(fd, TCSANOW, &tio) == 0);
}

/* Both ends of a pseudo-terminal, and the slave's name. */
static bool
terminal(struct mio_source *master, struct mio_source *slave, char *path,
    size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	if (fd < 0) {
		tap_skip(1, "no pseudo-terminals: %s", strerror(errno));
		return false;
	}
	need(grantpt(fd) == 0 && unlockpt(fd) == 0);
	need(snprintf(path, size, "%s", ptsname(fd)) > 0);
	adopt_fd(master, fd);
	need((fd = open(path, O_RDWR | O_NOCTTY)) >= 0);
	make_raw(fd);
	adopt_fd(slave, fd);
	return true;
}

/*
 * After end of file the other end is opened again. epoll's edges report new
 * data; poll(2) would report end of file forever, so that selector has stopped
 * polling for it, and needs a reregistration.
 */
static void
opened_again(struct mio_source *source, const struct mio_source *peer,
    mio_token token, const char *what)
{
	is(quiet(poller), 0, "%s: opened again: silence", what);
	put_text(peer, "back");
	if (on_selector("poll"))
		is(quiet(poller), 0, "%s: not reregistered: silence", what);
	if (!on_selector("epoll") && !on_selector("kqueue"))
		rereg(poller, source, token, MIO_READABLE);
	ok(comes(poller, token, MIO_READABLE),
	    "%s: opened again, and data: readable", what);
	is(drain(source), 4, "%s: opened again: read", what);
	is(quiet(poller), 0, "%s: opened again, and read: silence", what);
}

/*
 * The slave's last descriptor is closed: a hang-up, for which a read returns
 * EIO on Linux and end of file elsewhere.  It ends when the slave is opened
 * again.
 */
static void
hang_up(struct mio_source *master, struct mio_source *slave, const char *path)
{
	struct mio_source again;
	char buf[8];
	int fd;

	reg(poller, master, 10, MIO_READABLE);
	close_source(slave);
	ok(comes(poller, 10, MIO_READABLE), "terminal: hang-up: readable");
	ok(mio_source_read(master, buf, sizeof(buf)) <= 0,
	    "terminal: hang-up: nothing to read");
	is(spins(poller), 0, "terminal: hang-up: one event, then silence");

	need((fd = open(path, O_RDWR | O_NOCTTY)) >= 0);
	make_raw(fd);
	adopt_fd(&again, fd);
	opened_again(master, &again, 10, "terminal");
	close_source(master);

	reg(poller, &again, 12, MIO_READABLE | MIO_LEVEL);
	ok(comes(poller, 12, MIO_READABLE),
	    "terminal: the master is closed: readable");
	ok(mio_source_read(&again, buf, sizeof(buf)) <= 0,
	    "terminal: the master is closed: nothing to read");
	close_source(&again);
}

static void
terminals(void)
{
	struct mio_source master, slave;
	char path[128];

	if (!terminal(&master, &slave, path, sizeof(path)))
		return;
	readable_contract(poller, &master, put_byte, &slave, "terminal");
	readable_contract(poller, &slave, put_byte, &master, "slave terminal");
	reg(poller, &master, 13, MIO_WRITABLE);
	ok(comes(poller, 13, MIO_WRITABLE), "terminal: writable");
	ok(fill_up(&master) > 0, "terminal: filled");
	/* Events of room that was made meanwhile. */
	while (quiet(poller) > 0)
		fill(&master);
	is(quiet(poller), 0, "terminal: full: silence");
	ok(drain(&slave) > 0, "terminal: emptied");
	ok(comes(poller, 13, MIO_WRITABLE), "terminal: writable again");
	dereg(poller, &master);
	hang_up(&master, &slave, path);
}

/*
 * Makes a terminal the controlling one of this process, which leads a session
 * without one.  Where the first open(2) doesn't, TIOCSCTTY does: tty(4) of the
 * BSDs.
 */
static bool
take_terminal(const char *path)
{
	int fd = open(path, O_RDWR);

#ifdef TIOCSCTTY
	return fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0;
#else
	return fd >= 0;
#endif
}

static bool
register_tty(struct mio_poller *own, struct mio_source *tty, const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK);

	return fd >= 0 && mio_source_from_fd(tty, fd) == 0 &&
	    mio_register(own, tty, 14, MIO_READABLE) == 0;
}

/*
 * Runs in a child with its own session; returns the step that failed, or 0.
 * macOS' kqueue refuses /dev/tty by that name: mio_register(3) has the
 * alternative.
 */
static int
use_tty(struct mio_source *master, const char *path)
{
	static struct mio_poller *own;	/* valgrind: not lost at _exit */
	struct mio_event event;
	struct mio_source tty;
	char buf[8];

	own = mio_poller_new();
	if (own == NULL || setsid() < 0 || !take_terminal(path))
		return 1;
	if (signal(SIGHUP, SIG_IGN) == SIG_ERR)
		return 2;
	if (!register_tty(own, &tty, "/dev/tty") &&
	    (!on_selector("kqueue") || errno != EINVAL ||
	    mio_source_close(&tty) < 0 || !register_tty(own, &tty, path)))
		return 3;
	if (mio_poll(own, &event, 1, MOMENT) != 0)
		return 4;
	if (mio_source_write(master, "abc", 3) != 3 ||
	    mio_poll(own, &event, 1, PATIENCE * tap_slow()) != 1 ||
	    event.token != 14 || !mio_event_is_readable(&event))
		return 5;
	if (mio_source_read(&tty, buf, sizeof(buf)) != 3 ||
	    mio_source_read(&tty, buf, sizeof(buf)) != -1 || errno != EAGAIN ||
	    mio_poll(own, &event, 1, MOMENT) != 0)
		return 6;
	/* The child's descriptor is the last one: see controlling(). */
	if (mio_source_close(master) < 0 ||
	    mio_poll(own, &event, 1, PATIENCE * tap_slow()) != 1 ||
	    !mio_event_is_readable(&event))
		return 7;
	if (mio_source_read(&tty, buf, sizeof(buf)) > 0 ||
	    mio_poll(own, &event, 1, MOMENT) != 0)
		return 8;
	return 0;
}

/* Tests /dev/tty, the controlling terminal. */
static void
controlling(void)
{
	struct mio_source master, slave;
	char path[128];
	int status;
	pid_t pid;

	if (!terminal(&master, &slave, path, sizeof(path)))
		return;
	need((pid = fork()) >= 0);
	if (pid == 0)
		_exit(use_tty(&master, path));
	close_source(&master);
	close_source(&slave);
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	is(WEXITSTATUS(status), 0, "/dev/tty: data, silence, hang-up");
}

/*
 * Writers open and close a FIFO.  Its end of file lasts until the next writer
 * opens it.
 */
static void
fifo_ends(struct mio_source *reader, const char *path)
{
	struct mio_source writer;
	char buf[8];

	reg(poller, reader, 20, MIO_READABLE);
	is(quiet(poller), 0, "FIFO: no writer yet: silence");
	adopt_fd(&writer, open(path, O_WRONLY | O_NONBLOCK));
	is(quiet(poller), 0, "FIFO: opened: silence");
	put_text(&writer, "last");
	close_source(&writer);
	ok(comes(poller, 20, MIO_READABLE),
	    "FIFO: the writer closed: readable");
	is(mio_source_read(reader, buf, 4), 4, "FIFO: the data is read first");
	is(mio_source_read(reader, buf, 4), 0, "FIFO: then end of file");
	/*
	 * A kqueue may report end of file again when the last data is read, and
	 * event ports may have queued the data's event before the writer
	 * closed.
	 */
	ok(spins(poller) <= (on_selector("kqueue") || on_selector("port")),
	    "FIFO: end of file: silence");

	adopt_fd(&writer, open(path, O_WRONLY | O_NONBLOCK));
	opened_again(reader, &writer, 20, "FIFO");
	dereg(poller, reader);
	readable_contract(poller, reader, put_byte, &writer, "FIFO");
	close_source(&writer);
}

/* If the program holds a writer open itself, end of file never comes. */
static void
fifo_held_open(struct mio_source *reader, const char *path)
{
	int held = open(path, O_WRONLY | O_NONBLOCK);
	struct mio_source writer;
	int i;

	need(held >= 0);
	reg(poller, reader, 21, MIO_READABLE);
	drain(reader);
	for (i = 0; i < 3; i++) {
		adopt_fd(&writer, open(path, O_WRONLY | O_NONBLOCK));
		put_text(&writer, "hello");
		close_source(&writer);
		ok(comes(poller, 21, MIO_READABLE),
		    "FIFO held open: writer %d: readable", i);
		is(drain(reader), 5, "FIFO held open: writer %d: read", i);
		is(quiet(poller), 0, "FIFO held open: writer %d: silence", i);
	}
	dereg(poller, reader);
	(void)close(held);
}

/* Unread data for the reader is no event for the writer. */
static void
fifo_writes(const struct mio_source *reader, const char *path,
    unsigned int mode, const char *words)
{
	struct mio_source writer;
	uint32_t bits;

	adopt_fd(&writer, open(path, O_WRONLY | O_NONBLOCK));
	reg(poller, &writer, 22, MIO_WRITABLE | mode);
	bits = wait_token(poller, 22, MIO_WRITABLE);
	ok((bits & MIO_WRITABLE) != 0, "FIFO: %s: writable", words);
	(void)fill(&writer);
	if ((bits & MIO_WRITE_CLOSED) != 0) {
		tap_skip(2, "this system reports that the reader has closed "
		    "(mio_event(3), NetBSD 7)");
		need(drain(reader) > 0);
	} else {
		is(quiet(poller), 0, "FIFO: %s: full: silence", words);
		need(drain(reader) > 0);
		is(wait_token(poller, 22, MIO_WRITABLE), MIO_WRITABLE,
		    "FIFO: %s: drained: writable, and nothing else", words);
	}
	dereg(poller, &writer);
	close_source(&writer);
}

static void
fifos(void)
{
	char dir[] = "/tmp/mio-foreign.XXXXXX", path[64];
	struct mio_source reader;

	need(mkdtemp(dir) != NULL);
	need(snprintf(path, sizeof(path), "%s/fifo", dir) > 0);
	need(mkfifo(path, 0600) == 0);
	adopt_fd(&reader, open(path, O_RDONLY | O_NONBLOCK));
	fifo_ends(&reader, path);
	fifo_held_open(&reader, path);
	fifo_writes(&reader, path, 0, "edge");
	fifo_writes(&reader, path, MIO_LEVEL, "level");
	close_source(&reader);
	need(unlink(path) == 0 && rmdir(dir) == 0);
}

/*
 * Starts a child with pipes for standard input and output.  The child's ends
 * block, as programs expect; ours don't, and the next child doesn't inherit
 * them.
 */
static pid_t
spawn(struct mio_source *in, struct mio_source *out, void (*run)(void))
{
	int to[2], from[2];
	pid_t pid;

	need(pipe(to) == 0 && pipe(from) == 0);
	need((pid = fork()) >= 0);
	if (pid == 0) {
		if (dup2(to[0], STDIN_FILENO) < 0 ||
		    dup2(from[1], STDOUT_FILENO) < 0)
			_exit(90);
		(void)close(to[0]);
		(void)close(to[1]);
		(void)close(from[0]);
		(void)close(from[1]);
		run();
		_exit(91);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	adopt_fd(in, to[1]);
	adopt_fd(out, from[0]);
	return pid;
}

static void
cat(void)
{
	execlp("cat", "cat", (char *)NULL);
}

/* Writes one byte, reads nothing, and waits to be killed. */
static void
pause_unread(void)
{
	if (write(STDOUT_FILENO, "x", 1) == 1)
		pause();
}

static void
reap(pid_t pid, bool killed, const char *what)
{
	int status;

	need(waitpid(pid, &status, 0) == pid);
	if (killed)
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s",
		    what);
	else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", what);
}

/* The byte at this position; the pattern's period is not a power of two. */
static unsigned char
byte_at(size_t at)
{
	return (unsigned char)(at % 251);
}

/* Writes from a position until EAGAIN; returns the new position. */
static size_t
send_from(const struct mio_source *in, size_t at, size_t end)
{
	unsigned char buf[1000];
	size_t i, n;
	mio_ssize sent;

	while (at < end) {
		n = end - at < sizeof(buf) ? end - at : sizeof(buf);
		for (i = 0; i < n; i++)
			buf[i] = byte_at(at + i);
		if ((sent = mio_source_write(in, buf, n)) < 0)
			break;
		at += (size_t)sent;
	}
	need(at == end || errno == EAGAIN);
	return at;
}

/*
 * Reads from a position until EAGAIN or end of file; returns the new position.
 */
static size_t
receive_from(const struct mio_source *out, size_t at, bool *end)
{
	unsigned char buf[3000];
	mio_ssize i, n;

	while ((n = mio_source_read(out, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			need(buf[i] == byte_at(at + (size_t)i));
		at += (size_t)n;
	}
	need(n == 0 || errno == EAGAIN);
	*end = n == 0;
	return at;
}

/*
 * More data than two pipes hold: both directions have to wait for each other.
 */
static void
through_cat(void)
{
	const size_t size = 1000000;
	struct mio_source in, out;
	struct mio_event events[2];
	size_t sent = 0, received = 0;
	pid_t pid = spawn(&in, &out, cat);
	bool end = false;
	int i, n;

	reg(poller, &in, 30, MIO_WRITABLE);
	reg(poller, &out, 31, MIO_READABLE);
	while (!end) {
		n = mio_poll(poller, events, 2, PATIENCE * tap_slow());
		if (n <= 0)
			break;
		for (i = 0; i < n; i++) {
			if (events[i].token == 31)
				received = receive_from(&out, received, &end);
			else if (sent < size &&
			    (sent = send_from(&in, sent, size)) == size)
				close_source(&in);
		}
	}
	is(received, size, "child: all of it came back");
	ok(end, "child: its stdin closed: end of file");
	/* A short read may have re-armed readable before end of file. */
	ok(spins(poller) <= 1, "child: end of file: at most one more event");
	is(spins(poller), 0, "child: end of file: silence");
	close_source(&out);
	reap(pid, false, "child: exited with 0");
}

/* Each write to the child gets one reply. */
static void
conversation(void)
{
	struct mio_source in, out;
	pid_t pid = spawn(&in, &out, cat);
	int i;

	reg(poller, &out, 32, MIO_READABLE);
	is(quiet(poller), 0, "child: silence");
	for (i = 0; i < 3; i++) {
		put_text(&in, "hello");
		ok(comes(poller, 32, MIO_READABLE),
		    "child: round %d: readable", i);
		is(drain(&out), 5, "child: round %d: read", i);
		is(quiet(poller), 0, "child: round %d: silence", i);
	}
	dereg(poller, &out);
	put_text(&in, "hello");
	is(quiet(poller), 0, "child: deregistered: silence");
	close_source(&in);
	close_source(&out);
	/*
	 * The child may have been ended by SIGPIPE, so its status is not
	 * checked.
	 */
	need(waitpid(pid, NULL, 0) == pid);
}

static void
unread_stdin(void)
{
	struct mio_source in, out;
	pid_t pid = spawn(&in, &out, pause_unread);
	uint32_t seen;
	char byte;

	reg(poller, &out, 32, MIO_READABLE);
	need(wait_token(poller, 32, MIO_READABLE) != 0);
	dereg(poller, &out);
	reg(poller, &in, 33, MIO_WRITABLE);
	wait_token(poller, 33, MIO_WRITABLE);
	fill(&in);
	is(quiet(poller), 0, "child: its stdin is full: silence");
	need(kill(pid, SIGKILL) == 0);
	seen = wait_token(poller, 33, MIO_WRITABLE);
	ok(seen & MIO_WRITABLE, "child: died with unread stdin: writable");
	ok(seen & (MIO_ERROR | MIO_WRITE_CLOSED),
	    "child: died with unread stdin: a hint indicates it");
	fails(mio_source_write(&in, "x", 1), EPIPE,
	    "child: died with unread stdin: EPIPE");
	is(spins(poller), 0, "child: died with unread stdin: silence");
	close_source(&in);
	reap(pid, true, "child: died of a signal");
	reg(poller, &out, 34, MIO_READABLE);
	ok(comes(poller, 34, MIO_READABLE),
	    "child: died: its stdout is readable");
	is(mio_source_read(&out, &byte, 1), 1, "child: died: its last byte");
	is(mio_source_read(&out, &byte, 1), 0, "child: died: end of file");
	close_source(&out);
}

/* A pair of sockets that keep message boundaries. */
static void
own_pair(int type, const char *what)
{
	struct mio_source a, b;
	char buf[16] = "";
	int fds[2], full;

	if (socketpair(AF_UNIX, type, 0, fds) < 0) {
		need(errno == EPROTONOSUPPORT || errno == EPROTOTYPE);
		tap_skip(1, "no %s here: %s", what, strerror(errno));
		return;
	}
	adopt_fd(&a, fds[0]);
	adopt_fd(&b, fds[1]);
	readable_contract(poller, &a, put_byte, &b, what);
	reg(poller, &a, 42, MIO_READABLE);
	put_text(&b, "one");
	put_text(&b, "three");
	ok(comes(poller, 42, MIO_READABLE), "%s: two messages", what);
	is(mio_source_read(&a, buf, sizeof(buf)), 3, "%s: the first", what);
	is(mio_source_read(&a, buf, sizeof(buf)), 5, "%s: the second", what);
	fails(mio_source_read(&a, buf, sizeof(buf)), EAGAIN, "%s: no third",
	    what);
	is(quiet(poller), 0, "%s: silence", what);

	reg(poller, &b, 43, MIO_WRITABLE);
	ok(comes(poller, 43, MIO_WRITABLE), "%s: writable", what);
	while (mio_source_write(&b, buf, sizeof(buf)) == sizeof(buf))
		continue;
	full = mio_errno();
	/* BSD returns ENOBUFS for datagrams, which doesn't mean EAGAIN. */
	ok(full == EAGAIN || (full == ENOBUFS && type == SOCK_DGRAM),
	    "%s: full: %s", what, strerror(full));
	wait_token(poller, 42, MIO_READABLE);
	is(quiet(poller), 0, "%s: full: silence", what);
	drain(&a);
	if (full == EAGAIN)
		ok(comes(poller, 43, MIO_WRITABLE),
		    "%s: emptied: writable again", what);
	else
		is(quiet(poller), 0, "%s: emptied: silence after ENOBUFS",
		    what);
	close_source(&a);
	close_source(&b);
}

/*
 * A device without readiness: epoll refuses it like a file, and poll(2) always
 * reports it ready.
 */
static void
always_ready(const char *path)
{
	struct mio_source source;
	struct mio_event event;
	int fd;

	if (on_selector("epoll")) {
		refuses_file(poller, path, O_RDWR, path);
		return;
	}
	need((fd = open(path, O_RDWR)) >= 0);
	need(mio_source_from_fd(&source, fd) == 0);
	reg(poller, &source, 51, BOTH);
	ok((wait_token(poller, 51, BOTH) & BOTH) == BOTH, "%s: ready", path);
	is(quiet(poller), 0, "%s: once", path);
	rereg(poller, &source, 52, MIO_READABLE | MIO_LEVEL);
	is(poll_now(poller, &event, 1), 1, "%s: level: ready", path);
	is(poll_now(poller, &event, 1), 1, "%s: level: always", path);
	dereg(poller, &source);
	is(quiet(poller), 0, "%s: deregistered: silence", path);
	close_source(&source);
}

int
main(void)
{
	tap_start();
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	poller = new_poller();
	terminals();
	controlling();
	fifos();
	conversation();
	through_cat();
	unread_stdin();
	own_pair(SOCK_DGRAM, "Unix datagrams");
	own_pair(SOCK_SEQPACKET, "SOCK_SEQPACKET");
	always_ready("/dev/null");
	mio_poller_free(poller);
	return tap_done();
}
