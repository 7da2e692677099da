/*
 * Named pipes: resources after they and their pollers are closed, use without
 * a poller, threads, and misuse.
 */
#include "config.h"

/* No public function reports how much memory a poller keeps. */
#include "windows/afd_poller.h"

#include "lib/named.h"

#define RECYCLES 1000
#define MANY	50

/* The operations that a poller has memory for, and the pending ones. */
static unsigned int
memory(unsigned int *pending)
{
	struct afd_poller *ap = mio_afd_poller(poller);
	struct npipe_io *io;
	unsigned int n = 0;

	for (io = ap->ios.all; io != NULL; io = io->next_in_set)
		n++;
	*pending = ap->ios.pending;
	return n;
}

static void
recycle(struct mio_source *server, const char *name)
{
	struct mio_source client;
	int now = mio_named_pipe_connect(server);

	need(now == 0 || errno == EAGAIN);
	need(mio_named_pipe_open(&client, name, 0) == 0);
	reg(poller, &client, CLIENT, MIO_READABLE);
	need(comes(poller, SERVER, MIO_WRITABLE));
	need(mio_named_pipe_connect(server) == 0);
	put_text(&client, "ping");
	need(gets_text(server, "ping"));
	put_text(server, "pong");
	need(gets_text(&client, "pong"));
	need(mio_named_pipe_disconnect(server) == 0);
	close_source(&client);
}

static void
recycles(void)
{
	const char *name = new_name();
	unsigned int before, pending;
	struct mio_source server;
	int i, open;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	reg(poller, &server, SERVER, MIO_READABLE | MIO_WRITABLE);
	for (i = 0; i < 10; i++)
		recycle(&server, name);
	open = count_fds();
	before = memory(&pending);
	for (i = 0; i < RECYCLES; i++)
		recycle(&server, name);
	is(count_fds(), open, "%d clients: as many handles as before",
	    RECYCLES);
	is(memory(&pending), before, "and as much memory");
	close_source(&server);
	is(quiet(poller), 0, "closed: silence");
	(void)memory(&pending);
	is(pending, 0, "and nothing is pending");
	is(poller->memory, 1, "and the poller's is not held");
	tap_diag("%d handles, memory for %u operations", open, before);
}

/* Without a poll the memory in use doesn't grow. */
static void
unpolled(void)
{
	struct mio_source server, client;
	unsigned int before, pending;
	char buf[8];
	int i, n;

	pair(&server, &client, 0);
	before = memory(&pending);
	for (i = 0; i < 1000; i++) {
		put_text(&client, "x");
		n = 0;
		while (mio_source_read(&server, buf, 8) != 1 && n < 100000)
			n++;
	}
	ok(n < 100000, "a thousand bytes without a poll");
	ok(memory(&pending) <= before + 2, "and little more memory");
	close_both(&server, &client);
}

/* Nor does it with many clients, one after the other. */
static void
unpolled_clients(void)
{
	const char *name = new_name();
	struct mio_source server, client;
	unsigned int before, pending;
	int i;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	reg(poller, &server, SERVER, MIO_READABLE);
	before = memory(&pending);
	for (i = 0; i < 100; i++) {
		(void)mio_named_pipe_connect(&server);
		need(mio_named_pipe_open(&client, name, 0) == 0);
		while (mio_named_pipe_connect(&server) == -1)
			need(errno == EAGAIN);
		need(mio_named_pipe_disconnect(&server) == 0);
		close_source(&client);
	}
	ok(memory(&pending) <= before + 4,
	    "a hundred clients without a poll: little more memory");
	for (i = 0; i < 100; i++) {
		need(mio_named_pipe_connect(&server) == -1 && errno == EAGAIN);
		need(mio_named_pipe_disconnect(&server) == 0);
	}
	ok(memory(&pending) <= before + 4, "nor a hundred that didn't come");
	is(quiet(poller), 0, "and silence");
	close_source(&server);
}

static void
ties(void)
{
	struct mio_poller *other = new_poller();
	struct mio_source server, client;

	pair(&server, &client, 0);
	fails(mio_register(poller, &server, 9, MIO_READABLE), EEXIST,
	    "registered twice");
	fails(mio_register(other, &server, 9, MIO_READABLE), EXDEV,
	    "with another poller");
	fails(mio_deregister(other, &server), EXDEV, "not from there");
	dereg(poller, &server);
	fails(mio_deregister(poller, &server), ENOENT, "deregistered twice");
	fails(mio_reregister(poller, &server, 9, MIO_READABLE), ENOENT,
	    "nor reregistered");
	fails(mio_register(other, &server, 9, MIO_READABLE), EXDEV,
	    "the pipe keeps its first poller");
	fails(mio_source_release(&server), EOPNOTSUPP, "and not given away");
	reg(poller, &server, 9, MIO_READABLE);
	put_text(&client, "x");
	ok(comes(poller, 9, MIO_READABLE), "registered again, the new token");
	fails(mio_source_release(&server), EOPNOTSUPP, "nor then");
	ok(gets_text(&server, "x"), "it works still");
	close_both(&server, &client);
	mio_poller_free(other);
}

/*
 * The system's own libraries keep some handles after the first use of a call,
 * so it is the second run that must leave none.
 */
static void
leaves_no_handle(void (*body)(void), const char *what)
{
	int open;

	body();
	open = count_fds();
	body();
	is(count_fds(), open, "%s: no handle is lost", what);
}

/* Without a poller, reading again is the only way to wait for data. */
static bool
reads_alone(const struct mio_source *source, const char *text)
{
	long long end = msec() + PATIENCE / MIO_MSEC(1) * tap_slow();
	size_t got = 0, size = strlen(text);
	char buf[16];
	mio_ssize n;

	while (got < size && msec() < end) {
		n = mio_source_read(source, buf + got, size - got);
		need(n > 0 || errno == EAGAIN);
		got += n > 0 ? (size_t)n : 0;
	}
	return got == size && memcmp(buf, text, size) == 0;
}

static void
unregistered(void)
{
	const char *name = new_name();
	struct mio_source server, client;
	char byte;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	fails(mio_named_pipe_connect(&server), EAGAIN,
	    "not registered: waits for a client");
	need(mio_named_pipe_open(&client, name, 0) == 0);
	while (mio_named_pipe_connect(&server) == -1)
		need(errno == EAGAIN);
	fails(mio_source_read(&server, &byte, 1), EAGAIN, "nothing to read");
	put_text(&client, "alone");
	ok(reads_alone(&server, "alone"), "data come after some reads");
	need(fill(&server) > 0);
	close_source(&client);
	ok(next_read(&server, &byte, 1) == 0, "end of file is reported");
	close_source(&server);
	need(mio_named_pipe_new(&server, name, 0) == 0);
	fails(mio_named_pipe_connect(&server), EAGAIN, "waits again");
	is(mio_source_close(&server), 0, "closed while it waits");
	pipe_ends(&server, &client, 0);
	need(fill(&client) > 0);
	fails(mio_source_read(&client, &byte, 1), EAGAIN, "reads and writes");
	is(mio_source_close(&client), 0, "closed while it does");
	close_source(&server);
}

/* Operations that are pending at the first registration. */
static void
begun_before(void)
{
	const char *name = new_name();
	struct mio_source server, client;
	char byte;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	fails(mio_named_pipe_connect(&server), EAGAIN, "waits for a client");
	reg(poller, &server, SERVER, MIO_READABLE | MIO_WRITABLE);
	is(quiet(poller), 0, "registered while it waits: silence");
	need(mio_named_pipe_open(&client, name, 0) == 0);
	ok(comes(poller, SERVER, MIO_WRITABLE), "the client is reported");
	fails(mio_source_read(&client, &byte, 1), EAGAIN, "a read");
	reg(poller, &client, CLIENT, MIO_READABLE);
	put_text(&server, "x");
	ok(comes(poller, CLIENT, MIO_READABLE),
	    "registered while it reads: readable");
	ok(gets_text(&client, "x"), "and nothing is lost");
	close_both(&server, &client);
	pipe_ends(&server, &client, 0);
	put_text(&server, "y");
	ok(reads_alone(&client, "y"), "a read that was done");
	need(fill(&client) > 0);
	fails(mio_register(poller, &client, CLIENT, MIO_WRITABLE), EBUSY,
	    "a write that isn't: can't be registered");
	reg(poller, &server, SERVER, MIO_READABLE);
	while (mio_register(poller, &client, CLIENT, MIO_WRITABLE) == -1) {
		need(errno == EBUSY);
		need(next_read(&server, &byte, 1) == 1);
	}
	ok(comes(poller, CLIENT, MIO_WRITABLE), "but once it is");
	close_both(&server, &client);
}

static void *
begin_connect(void *arg)
{
	need(mio_named_pipe_connect(arg) == -1 && errno == EAGAIN);
	return arg;
}

static void *
begin_read(void *arg)
{
	char byte;

	need(mio_source_read(arg, &byte, 1) == -1 && errno == EAGAIN);
	return arg;
}

static void *
begin_write(void *arg)
{
	need(fill(arg) > 0);
	return arg;
}

/* Windows cancels an operation with an event when its thread ends. */
static void
in_thread(void *(*begin)(void *), struct mio_source *source)
{
	(void)join_thread(start_thread(begin, source));
}

static void
connect_of_thread(void)
{
	const char *name = new_name();
	struct mio_source server, client;
	int early;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	in_thread(begin_connect, &server);
	fails(mio_source_write(&server, "x", 1), EAGAIN,
	    "a thread waited for a client and ended: still waiting");
	need(mio_named_pipe_open(&client, name, 0) == 0);
	while (mio_source_write(&server, "x", 1) == -1)
		need(errno == EAGAIN);
	ok(reads_alone(&client, "x"), "and then connected");
	close_both(&server, &client);
	for (early = 0; early < 2; early++) {
		need(mio_named_pipe_new(&server, name, 0) == 0);
		if (early)
			reg(poller, &server, SERVER, MIO_WRITABLE);
		in_thread(begin_connect, &server);
		if (!early)
			reg(poller, &server, SERVER, MIO_WRITABLE);
		is(quiet(poller), 0, "no client: silence");
		need(mio_named_pipe_open(&client, name, 0) == 0);
		is(wait_token(poller, SERVER, MIO_WRITABLE), MIO_WRITABLE,
		    "registered %s a thread waited and ended: writable",
		    early ? "before" : "after");
		put_text(&server, "x");
		ok(reads_alone(&client, "x"), "and written to");
		close_both(&server, &client);
	}
}

static void
read_of_thread(void)
{
	struct mio_source server, client;

	pipe_ends(&server, &client, 0);
	in_thread(begin_read, &client);
	put_text(&server, "x");
	ok(reads_alone(&client, "x"), "a thread read and ended: data come");
	in_thread(begin_read, &client);
	reg(poller, &client, CLIENT, MIO_READABLE);
	put_text(&server, "y");
	ok(comes(poller, CLIENT, MIO_READABLE),
	    "a thread read and ended, then registered: readable");
	ok(gets_text(&client, "y"), "and nothing is lost");
	in_thread(begin_read, &client);
	put_text(&server, "z");
	ok(comes(poller, CLIENT, MIO_READABLE),
	    "registered, a thread read and ended: readable");
	ok(gets_text(&client, "z"), "and the text is that of one write");
	close_both(&server, &client);
}

/* A write cannot be submitted again, so its error is reported. */
static void
write_of_thread(void)
{
	struct mio_source server, client;

	pipe_ends(&server, &client, 0);
	in_thread(begin_write, &client);
	fails(mio_source_write(&client, "x", 1), ECANCELED,
	    "a thread wrote and ended: the next write returns the error");
	in_thread(begin_write, &client);
	reg(poller, &client, CLIENT, MIO_WRITABLE);
	ok(comes(poller, CLIENT, MIO_ERROR),
	    "a thread wrote and ended, then registered: an error");
	fails(mio_source_take_error(&client), ECANCELED,
	    "which mio_source_take_error returns");
	in_thread(begin_write, &client);
	is(mio_source_take_error(&client), 0,
	    "registered, a thread wrote and ended: no error");
	close_both(&server, &client);
}

/* The peer gets all of a write that is pending at a close. */
static void
close_mid_write(void)
{
	struct mio_source server, client;
	size_t n, got = 0;
	char buf[4096];
	mio_ssize m;

	pair(&server, &client, 0);
	n = fill(&client);
	close_source(&client);
	while ((m = next_read(&server, buf, sizeof(buf))) > 0)
		got += (size_t)m;
	is(m, 0, "closed mid-write: the peer reads to the end");
	is(got, n, "and gets all of it");
	close_source(&server);
	is(quiet(poller), 0, "silence");
}

static void
many(void)
{
	struct mio_source servers[MANY], clients[MANY];
	struct mio_event events[MANY + 8];
	bool seen[MANY] = { false };
	int i, j, n, total = 0;

	for (i = 0; i < MANY; i++) {
		pipe_ends(&servers[i], &clients[i], 0);
		reg(poller, &servers[i], (mio_token)i, MIO_READABLE);
		put_text(&clients[i], "x");
	}
	while (total < MANY && (n = mio_poll(poller, events, 7,
	    PATIENCE)) > 0) {
		for (j = 0; j < n; j++) {
			need(events[j].token < MANY);
			if (!seen[events[j].token])
				total++;
			seen[events[j].token] = true;
			need(drain(&servers[events[j].token]) == 1);
		}
	}
	is(total, MANY, "%d pipes, each is reported", MANY);
	is(quiet(poller), 0, "once");
	for (i = 0; i < MANY; i++)
		close_both(&servers[i], &clients[i]);
}

static struct mio_source late;

static void *
register_late(void *arg)
{
	sleep_msec(20);
	reg(poller, &late, 77, MIO_READABLE | MIO_WRITABLE);
	return arg;
}

static void *
write_late(void *arg)
{
	sleep_msec(20);
	put_text(arg, "x");
	return arg;
}

static void *
connect_late(void *arg)
{
	char byte;

	sleep_msec(20);
	need(mio_source_read(&late, &byte, 1) == -1 && errno == EAGAIN);
	put_text(arg, "z");
	return arg;
}

static void
threads(void)
{
	long long start = msec();
	struct mio_source server;
	struct mio_event event;
	pthread_t thread;

	pipe_ends(&server, &late, 0);
	thread = start_thread(register_late, NULL);
	is(mio_poll(poller, &event, 1, PATIENCE), 1, "a wait");
	is(event.token, 77, "reports a source registered meanwhile");
	ok(msec() - start < PATIENCE / MIO_MSEC(2), "and not at its end");
	(void)join_thread(thread);
	thread = start_thread(write_late, &server);
	is(wait_token(poller, 77, MIO_READABLE), MIO_READABLE,
	    "written to during a wait");
	(void)join_thread(thread);
	need(gets_text(&late, "x"));
	thread = start_thread(connect_late, &server);
	is(wait_token(poller, 77, MIO_READABLE), MIO_READABLE,
	    "read to EAGAIN by another thread, then written to");
	(void)join_thread(thread);
	close_both(&server, &late);
}

/* Reads until the pipe has been registered. */
static volatile bool registered;

static void *
read_on(void *arg)
{
	char byte;

	do
		need(mio_source_read(&late, &byte, 1) == -1 &&
		    errno == EAGAIN);
	while (!registered);
	return arg;
}

/* From the first registration on operations complete by packets. */
static void
reads_beside(void)
{
	struct mio_source server;
	pthread_t thread;
	int i;

	for (i = 0; i < 200; i++) {
		pipe_ends(&server, &late, 0);
		registered = false;
		thread = start_thread(read_on, NULL);
		sleep_msec(i % 3);
		reg(poller, &late, 77, MIO_READABLE);
		registered = true;
		(void)join_thread(thread);
		put_text(&server, "x");
		if (!comes(poller, 77, MIO_READABLE) ||
		    !gets_text(&late, "x"))
			break;
		close_both(&server, &late);
	}
	is(i, 200, "reads beside the first registration, and events after it");
}

/* One thread writes a thousand bytes, another polls and reads them. */
static void *
write_many(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		while (mio_source_write(arg, "x", 1) == -1) {
			need(errno == EAGAIN);
			sleep_msec(0);
		}
	}
	return arg;
}

static void
beside(void)
{
	struct mio_source server, client;
	struct mio_event event;
	size_t got = 0;
	pthread_t thread;

	pair(&server, &client, 0);
	thread = start_thread(write_many, &client);
	while (got < 1000 && mio_poll(poller, &event, 1, PATIENCE) == 1)
		got += event.token == SERVER ? drain(&server) : 0;
	is(got, 1000, "no byte and no event is lost between threads");
	(void)join_thread(thread);
	close_both(&server, &client);
}

/* A poller that is freed while operations of all kinds are pending. */
static void
destroyed(void)
{
	struct mio_poller *mine = new_poller(), *saved = poller;
	struct mio_source server, client, waiting, closed, peer;
	unsigned int memory_of;
	char byte;

	poller = mine;
	pair(&server, &client, 0);
	pipe_ends(&closed, &peer, 0);
	reg(mine, &closed, 9, MIO_WRITABLE);
	need(mio_named_pipe_new(&waiting, new_name(), 0) == 0);
	reg(mine, &waiting, 3, MIO_READABLE);
	need(mio_named_pipe_connect(&waiting) == -1 && errno == EAGAIN);
	need(fill(&client) > 0 && fill(&closed) > 0);
	close_source(&closed);
	put_text(&server, "x");
	mio_poller_free(mine);
	poller = saved;
	fails(mio_register(poller, &waiting, 3, MIO_READABLE), EXDEV,
	    "registered with a closed poller");
	need(drain(&server) > 0);
	ok(reads_alone(&client, "x"), "the pipe works on without its poller");
	fails(mio_source_write(&client, "y", 1), ECANCELED,
	    "the pending write's error is returned");
	put_text(&client, "y");
	ok(reads_alone(&server, "y"), "and the next write is taken");
	fails(mio_named_pipe_connect(&waiting), EAGAIN, "waits still");
	fails(mio_source_read(&server, &byte, 1), EAGAIN, "reads");
	is(mio_deregister(mine, &server), 0, "deregistered from the dead");
	close_source(&server);
	close_both(&waiting, &peer);
	memory_of = mine->memory;
	is(memory_of, 2, "the poller's memory is kept by a pipe, twice");
	close_source(&client);
}

/* In a pipe's name, dots may lead to the file systems. */
static void
open_dotted(void)
{
	char dir[MAX_PATH], file[MAX_PATH], name[2 * MAX_PATH];
	struct mio_source pipe;

	need(GetTempPathA(MAX_PATH, dir) > 0);
	need(GetTempFileNameA(dir, "mio", 0, file) > 0);
	need(snprintf(name, sizeof(name), "\\\\.\\pipe\\..\\%s", file) > 0);
	fails(mio_named_pipe_open(&pipe, name, 0), EINVAL,
	    "open: a file's name behind dots");
	need(DeleteFileA(file));
}

static void
misuse(void)
{
	const char *name = new_name();
	struct mio_source pipe, socket;
	char longest[1024];

	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "\\\\.\\pipe\\", 9);
	longest[sizeof(longest) - 1] = '\0';
	fails(mio_named_pipe_new(NULL, name, 0), EINVAL, "new: no source");
	fails(mio_named_pipe_new(&pipe, NULL, 0), EINVAL, "new: no name");
	fails(mio_named_pipe_new(&pipe, name, 1), EINVAL, "new: a bad flag");
	fails(mio_named_pipe_new(&pipe, "name", 0), EINVAL, "new: bad name");
	fails(mio_named_pipe_new(&pipe, "\\\\.\\pipe\\", 0), EINVAL, "empty");
	fails(mio_named_pipe_new(&pipe, "\\\\.\\pipe\\\xff", 0), EINVAL,
	    "new: not UTF-8");
	fails(mio_named_pipe_new(&pipe, longest, 0), ENAMETOOLONG, "long");
	fails(mio_named_pipe_open(NULL, name, 0), EINVAL, "open: no source");
	fails(mio_named_pipe_open(&pipe, NULL, 0), EINVAL, "open: no name");
	fails(mio_named_pipe_open(&pipe, name, MIO_PIPE_FIRST), EINVAL,
	    "open: a flag of the server's");
	fails(mio_named_pipe_open(&pipe, name, 0), ENOENT, "open: no server");
	fails(mio_named_pipe_open(&pipe, "C:\\windows\\win.ini", 0), EINVAL,
	    "open: a file's name");
	open_dotted();
	fails(mio_named_pipe_connect(NULL), EINVAL, "connect: no source");
	fails(mio_named_pipe_connect(&pipe), EBADF, "connect: an empty one");
	fails(mio_named_pipe_disconnect(NULL), EINVAL, "nor disconnect");
	fails(mio_named_pipe_disconnect(&pipe), EBADF, "nor an empty one");
	need(mio_source_from_fd(&socket, 4) == 0);
	fails(mio_named_pipe_connect(&socket), EINVAL, "connect: a socket");
	fails(mio_named_pipe_disconnect(&socket), EINVAL, "nor disconnect");
}

static void
busy(void)
{
	const char *name = new_name();
	struct mio_source first, second, client, other;
	DWORD flags;

	need(mio_named_pipe_new(&first, name, MIO_PIPE_FIRST) == 0);
	if (mio_named_pipe_new(&second, name, MIO_PIPE_FIRST) == 0) {
		tap_skip(1, "this system doesn't enforce the first instance");
		close_source(&second);
	} else
		is(errno, EACCES, "another that wants to be the first");
	need(GetHandleInformation((HANDLE)mio_source_fd(&first), &flags));
	is(flags & HANDLE_FLAG_INHERIT, 0, "a server isn't inherited");
	need(mio_named_pipe_open(&client, name, 0) == 0);
	need(GetHandleInformation((HANDLE)mio_source_fd(&client), &flags));
	is(flags & HANDLE_FLAG_INHERIT, 0, "nor is a client");
	fails(mio_named_pipe_open(&other, name, 0), EBUSY,
	    "no instance is free");
	is(mio_named_pipe_new(&second, name, 0), 0, "another instance");
	is(mio_named_pipe_open(&other, name, 0), 0, "is free");
	close_both(&first, &client);
	close_both(&second, &other);
	fails(mio_source_close(&first), EBADF, "closed twice");
	fails(mio_source_read(&first, &flags, 1), EBADF, "then read");
	fails(mio_source_write(&first, &flags, 1), EBADF, "or written");
	fails(mio_register(poller, &first, 1, MIO_READABLE), EBADF,
	    "or registered");
}

static HANDLE
make_handle(const char *name, DWORD flags)
{
	HANDLE handle = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | flags,
	    PIPE_TYPE_MESSAGE, 255, 4096, 4096, 0, NULL);

	need(handle != INVALID_HANDLE_VALUE);
	return handle;
}

static void
from_handle(void)
{
	const char *name = new_name();
	HANDLE handle = make_handle(name, FILE_FLAG_OVERLAPPED);
	struct mio_source server, client;
	DWORD mode = PIPE_NOWAIT;

	is(mio_named_pipe_from_handle(&server, (mio_fd)handle,
	    MIO_PIPE_MESSAGE), 0, "a handle of the program's own");
	is(mio_source_fd(&server), (mio_fd)handle, "is the source's now");
	need(mio_named_pipe_open(&client, name, MIO_PIPE_MESSAGE) == 0);
	is(mio_named_pipe_connect(&server), 0, "has its client");
	reg(poller, &server, SERVER, MIO_READABLE);
	put_text(&client, "x");
	ok(comes(poller, SERVER, MIO_READABLE), "is readable");
	ok(gets_text(&server, "x"), "and read");
	close_both(&server, &client);
	handle = make_handle(new_name(), FILE_FLAG_OVERLAPPED);
	need(SetNamedPipeHandleState(handle, &mode, NULL, NULL));
	is(mio_named_pipe_from_handle(&server, (mio_fd)handle, 0), 0,
	    "a handle in another mode");
	need(GetNamedPipeHandleStateA(handle, &mode, NULL, NULL, NULL, NULL,
	    0));
	is(mode & PIPE_NOWAIT, 0, "which is set right");
	close_source(&server);
	fails(mio_named_pipe_from_handle(NULL, 4, 0), EINVAL, "no source");
	fails(mio_named_pipe_from_handle(&server, (mio_fd)-1, 0), EBADF,
	    "no handle");
	fails(mio_named_pipe_from_handle(&server, (mio_fd)0x7ffc, 0), EBADF,
	    "one that isn't open");
}

/*
 * A success without a packet is never noticed.  The other mode does no harm: it
 * is about the event of the handle, which is not used.
 */
static void
no_packets(void)
{
	HANDLE handle = make_handle(new_name(), FILE_FLAG_OVERLAPPED);
	const char *name = new_name();
	struct mio_source server, client;

	need(SetFileCompletionNotificationModes(handle,
	    FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
	fails(mio_named_pipe_from_handle(&server, (mio_fd)handle, 0), EINVAL,
	    "a handle that sends no packets on success");
	ok(CloseHandle(handle), "which still is the program's");
	handle = make_handle(name, FILE_FLAG_OVERLAPPED);
	need(SetFileCompletionNotificationModes(handle,
	    FILE_SKIP_SET_EVENT_ON_HANDLE));
	is(mio_named_pipe_from_handle(&server, (mio_fd)handle, 0), 0,
	    "a handle whose own event is not set");
	need(mio_named_pipe_open(&client, name, 0) == 0);
	put_text(&client, "x");
	reg(poller, &server, SERVER, MIO_READABLE);
	need(mio_named_pipe_connect(&server) == 0);
	ok(comes(poller, SERVER, MIO_READABLE), "is readable");
	close_both(&server, &client);
}

/* Makes a server's end with this access, and the client's end to it. */
static void
one_way_ends(struct mio_source *server, struct mio_source *client,
    DWORD access, DWORD type)
{
	const char *name = new_name();
	HANDLE handle = CreateNamedPipeA(name, access | FILE_FLAG_OVERLAPPED,
	    type, 1, 4096, 4096, 0, NULL);

	need(handle != INVALID_HANDLE_VALUE);
	is(mio_named_pipe_from_handle(server, (mio_fd)handle, 0), 0,
	    "a server's %s end", access == PIPE_ACCESS_OUTBOUND ? "writing" :
	    "reading");
	fails(mio_named_pipe_connect(server), EAGAIN, "waits for a client");
	reg(poller, server, SERVER, MIO_READABLE | MIO_WRITABLE);
	is(quiet(poller), 0, "silence");
	handle = CreateFileA(name, access == PIPE_ACCESS_OUTBOUND ?
	    GENERIC_READ : GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
	    FILE_FLAG_OVERLAPPED, NULL);
	need(handle != INVALID_HANDLE_VALUE);
	is(mio_named_pipe_from_handle(client, (mio_fd)handle, 0), 0,
	    "the client's end");
	reg(poller, client, CLIENT, MIO_READABLE | MIO_WRITABLE);
}

static void
one_way(struct mio_source *out, mio_token out_token,
    struct mio_source *in, mio_token in_token)
{
	size_t n, got = 0;
	char buf[4096];
	mio_ssize m;

	is(wait_token(poller, out_token, MIO_WRITABLE), MIO_WRITABLE,
	    "the writing end is writable and no more");
	rereg(poller, in, in_token, MIO_READABLE | MIO_WRITABLE);
	is(quiet(poller), 0, "and the reading end silent");
	fails(mio_source_read(out, buf, 8), EBADF, "no reading from the one");
	fails(mio_source_write(in, "x", 1), EBADF, "no writing to the other");
	fails(mio_source_read(in, buf, 8), EAGAIN, "nothing to read");
	is(quiet(poller), 0, "silence");
	put_text(out, "abc");
	is(wait_token(poller, in_token, MIO_READABLE), MIO_READABLE,
	    "the reading end is readable and no more");
	ok(gets_text(in, "abc"), "as written");
	n = fill(out);
	while (got < n) {
		need((m = next_read(in, buf, sizeof(buf))) > 0);
		got += (size_t)m;
	}
	rereg(poller, out, out_token, MIO_READABLE | MIO_WRITABLE);
	is(wait_token(poller, out_token, MIO_WRITABLE), MIO_WRITABLE,
	    "filled and drained: writable again");
}

/* The peer of an end that only reads closes: end of file. */
static void
writer_closes(struct mio_source *out, struct mio_source *in, mio_token token)
{
	char byte;

	close_source(out);
	ok(comes(poller, token, MIO_READABLE | MIO_READ_CLOSED),
	    "the writing end closes: end of file");
	is(next_read(in, &byte, 1), 0, "which is read");
	close_source(in);
}

/* The peer of an end that only writes closes: writing fails. */
static void
reader_closes(struct mio_source *out, mio_token token, struct mio_source *in,
    bool pending)
{
	if (pending)
		need(fill(out) > 0);
	close_source(in);
	if (pending)
		ok(comes(poller, token, MIO_WRITABLE | MIO_WRITE_CLOSED),
		    "the reading end closes mid-write: write_closed");
	fails(mio_source_write(out, "x", 1), EPIPE, "no more writing");
	fails(mio_source_write(out, "x", 1), EPIPE, "nor then");
	is(quiet(poller), 0, "silence");
	close_source(out);
}

static void
one_way_pipes(void)
{
	struct mio_source server, client;
	int i;

	for (i = 0; i < 3; i++) {
		one_way_ends(&server, &client, PIPE_ACCESS_OUTBOUND,
		    PIPE_TYPE_BYTE);
		one_way(&server, SERVER, &client, CLIENT);
		if (i == 0)
			writer_closes(&server, &client, CLIENT);
		else
			reader_closes(&server, SERVER, &client, i == 1);
		one_way_ends(&server, &client, PIPE_ACCESS_INBOUND,
		    PIPE_TYPE_BYTE);
		one_way(&client, CLIENT, &server, SERVER);
		if (i == 0)
			writer_closes(&client, &server, SERVER);
		else
			reader_closes(&client, CLIENT, &server, i == 1);
	}
}

/* An end that only writes sends a message by each write. */
static void
one_way_messages(void)
{
	static const DWORD access[] = { PIPE_ACCESS_OUTBOUND,
	    PIPE_ACCESS_INBOUND };
	static char buf[100000];
	struct mio_source server, client;
	HANDLE handle;
	int i;

	for (i = 0; i < 2; i++) {
		one_way_ends(&server, &client, access[i],
		    PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE);
		need(wait_token(poller, i == 0 ? SERVER : CLIENT,
		    MIO_WRITABLE) == MIO_WRITABLE);
		is(mio_source_write(i == 0 ? &server : &client, buf,
		    sizeof(buf)), sizeof(buf), "a message is taken whole");
		close_both(&server, &client);
	}
	handle = CreateNamedPipeA(new_name(), PIPE_ACCESS_OUTBOUND |
	    FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1, 4096, 4096, 0, NULL);
	fails(mio_named_pipe_from_handle(&server, (mio_fd)handle,
	    MIO_PIPE_MESSAGE), EINVAL, "no messages of a stream");
	need(CloseHandle(handle));
}

static void
wrong_handle(void)
{
	struct mio_poller *other = new_poller();
	HANDLE handle = CreateEventW(NULL, TRUE, FALSE, NULL);
	struct mio_source server;

	fails(mio_named_pipe_from_handle(&server, (mio_fd)handle, 0), EINVAL,
	    "an event is no pipe");
	need(CloseHandle(handle));
	handle = make_handle(new_name(), 0);
	if (mio_named_pipe_from_handle(&server, (mio_fd)handle, 0) == 0) {
		tap_skip(1, "this system doesn't report a handle's mode");
		close_source(&server);
	} else {
		is(errno, EINVAL, "a handle that isn't overlapped");
		need(CloseHandle(handle));
	}
	handle = make_handle(new_name(), FILE_FLAG_OVERLAPPED);
	need(mio_named_pipe_from_handle(&server, (mio_fd)handle, 0) == 0);
	fails(mio_named_pipe_from_handle(&server, (mio_fd)handle, 2), EINVAL,
	    "a bad flag");
	need(CloseHandle(handle));
	mio_poller_free(other);
}

int
main(void)
{
	tap_start();
	poller = new_poller();
	recycles();
	unpolled();
	unpolled_clients();
	ties();
	leaves_no_handle(unregistered, "not registered");
	begun_before();
	connect_of_thread();
	read_of_thread();
	write_of_thread();
	leaves_no_handle(close_mid_write, "closed mid-write");
	many();
	threads();
	reads_beside();
	beside();
	leaves_no_handle(destroyed, "destroyed with all pending");
	misuse();
	busy();
	from_handle();
	no_packets();
	one_way_pipes();
	one_way_messages();
	wrong_handle();
	mio_poller_free(poller);
	return tap_done();
}
