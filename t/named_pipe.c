/*
 * Named pipes: data, edges, modes, messages, peers that close, and several
 * clients one after the other.
 */
#include "config.h"

#include <stdlib.h>

#include "lib/named.h"

static void
client_comes(void)
{
	const char *name = new_name();
	struct mio_source server, client;
	char buf[8];

	is(mio_named_pipe_new(&server, name, 0), 0, "mio_named_pipe_new");
	fails(mio_source_read(&server, buf, 8), ENOTCONN,
	    "no client, and none waited for: no reading");
	fails(mio_source_write(&server, "x", 1), ENOTCONN, "nor writing");
	reg(poller, &server, SERVER, MIO_READABLE | MIO_WRITABLE);
	is(quiet(poller), 0, "registered without a client: silence");
	fails(mio_named_pipe_connect(&server), EAGAIN, "connect: not yet");
	fails(mio_named_pipe_connect(&server), EAGAIN, "still not");
	fails(mio_source_read(&server, buf, 8), EAGAIN,
	    "waiting for a client: nothing to read");
	fails(mio_source_write(&server, "x", 1), EAGAIN, "nor to write to");
	is(quiet(poller), 0, "waiting for a client: silence");
	is(mio_named_pipe_open(&client, name, 0), 0, "mio_named_pipe_open");
	is(wait_token(poller, SERVER, MIO_WRITABLE), MIO_WRITABLE,
	    "a client: the server is writable");
	is(mio_named_pipe_connect(&server), 0, "connect: a client is there");
	is(quiet(poller), 0, "then silence");
	close_both(&server, &client);
}

static void
client_is_there(void)
{
	const char *name = new_name();
	struct mio_source server, client;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	need(mio_named_pipe_open(&client, name, 0) == 0);
	is(mio_named_pipe_connect(&server), 0, "the client came first");
	reg(poller, &client, CLIENT, MIO_READABLE | MIO_WRITABLE);
	is(wait_token(poller, CLIENT, MIO_WRITABLE), MIO_WRITABLE,
	    "the client is writable");
	reg(poller, &server, SERVER, MIO_READABLE | MIO_WRITABLE);
	is(wait_token(poller, SERVER, MIO_WRITABLE), MIO_WRITABLE,
	    "and so is the server");
	close_both(&server, &client);
	need(mio_named_pipe_new(&server, name, 0) == 0);
	need(mio_named_pipe_open(&client, name, 0) == 0);
	put_text(&client, "bye");
	close_source(&client);
	is(mio_named_pipe_connect(&server), 0, "came, wrote and went");
	reg(poller, &server, SERVER, MIO_READABLE);
	ok(gets_text(&server, "bye"), "what it wrote is there");
	close_source(&server);
}

static void
carries(void)
{
	struct mio_source server, client;
	char one[] = "one", two[] = "two", buf[8], rest[8];
	struct mio_iovec out[2] = { { one, 3 }, { two, 3 } };
	struct mio_iovec in[2] = { { buf, 4 }, { rest, 8 } };

	pair(&server, &client, 0);
	is(quiet(poller), 0, "nothing to read: silence");
	fails(mio_source_read(&server, buf, 8), EAGAIN, "EAGAIN");
	is(mio_source_writev(&client, out, 2), 6, "writev");
	is(wait_token(poller, SERVER, MIO_READABLE), MIO_READABLE,
	    "readable, and no more than that");
	is(mio_source_readv(&server, in, 2), 6, "readv");
	ok(memcmp(buf, "onet", 4) == 0 && memcmp(rest, "wo", 2) == 0,
	    "what was written");
	fails(mio_source_read(&server, buf, 8), EAGAIN, "drained");
	is(quiet(poller), 0, "drained: silence");
	put_text(&server, "back");
	is(wait_token(poller, CLIENT, MIO_READABLE), MIO_READABLE,
	    "the other way");
	ok(gets_text(&client, "back"), "comes out");
	is(mio_source_write(&client, "x", 0), 0, "an empty write");
	is(mio_source_read(&client, buf, 0), 0, "an empty read");
	fails(mio_source_readv(&client, in, -1), EINVAL, "a negative count");
	is(quiet(poller), 0, "nothing came of these");
	close_both(&server, &client);
}

static void
pattern(char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		buf[i] = (char)(i * 7 + i / 251);
}

/* Writes size bytes and reads them in steps; none is lost or changed. */
static void
big(size_t size, size_t step)
{
	char *out = malloc(size), *in = malloc(size);
	struct mio_source server, client;
	size_t sent = 0, got = 0;
	mio_ssize n;

	need(out != NULL && in != NULL);
	pattern(out, size);
	pair(&server, &client, 0);
	while (got < size) {
		n = sent < size ? mio_source_write(&client, out + sent,
		    size - sent) : 0;
		need(n >= 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		n = next_read(&server, in + got,
		    size - got < step ? size - got : step);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	is(got, size, "%lu bytes by %lu: all of them", (unsigned long)size,
	    (unsigned long)step);
	ok(memcmp(in, out, size) == 0, "as they were");
	close_both(&server, &client);
	free(out);
	free(in);
}

static void
one_write(void)
{
	struct mio_source server, client;
	struct mio_event events[8];
	size_t n, got = 0;
	char byte;

	pair(&server, &client, 0);
	n = fill(&client);
	ok(n > 0, "filled with %lu bytes", (unsigned long)n);
	ok(comes(poller, SERVER, MIO_READABLE), "full: readable");
	is(quiet(poller), 0, "full: silence");
	while (got < n) {
		got += drain(&server);
		need(mio_poll(poller, events, 1, MIO_MSEC(1)) >= 0);
		if (events[0].token == CLIENT)
			break;
	}
	got += drain(&server);
	rereg(poller, &client, CLIENT, MIO_WRITABLE);
	ok(comes(poller, CLIENT, MIO_WRITABLE), "drained: writable again");
	while (got < n && next_read(&server, &byte, 1) == 1)
		got++;
	is(got, n, "and as many came");
	close_both(&server, &client);
}

/* The event itself, without a reregistration. */
static void
writable_again(void)
{
	struct mio_source server, client;
	uint32_t seen = 0;
	size_t n, got = 0;

	pair(&server, &client, 0);
	n = fill(&client);
	is(mio_deregister(poller, &server), 0, "the reader leaves");
	is(quiet(poller), 0, "no reader: silence");
	while (got < n && (seen & MIO_WRITABLE) == 0) {
		struct mio_event event;

		got += drain(&server);
		if (mio_poll(poller, &event, 1, MIO_MSEC(1)) == 1)
			seen |= event.readiness;
	}
	is(seen, MIO_WRITABLE, "somebody reads: writable");
	put_text(&client, "x");
	is(quiet(poller), 0, "and silence after a write that was taken");
	close_both(&server, &client);
}

static void
poke(void *arg)
{
	put_text(arg, "x");
}

static void
contract(void)
{
	struct mio_source server, client;

	pipe_ends(&server, &client, 0);
	readable_contract(poller, &server, poke, &client, "server");
	readable_contract(poller, &client, poke, &server, "client");
	close_both(&server, &client);
	pipe_ends(&server, &client, MIO_PIPE_MESSAGE);
	readable_contract(poller, &server, poke, &client, "messages");
	close_both(&server, &client);
}

static void
level(void)
{
	struct mio_source server, client;
	struct mio_event event;

	pipe_ends(&server, &client, 0);
	reg(poller, &server, SERVER, MIO_WRITABLE | MIO_LEVEL);
	is(wait_token(poller, SERVER, MIO_WRITABLE), MIO_WRITABLE,
	    "level: writable");
	is(poll_now(poller, &event, 1), 1, "level: and again");
	need(fill(&server) > 0);
	is(quiet(poller), 0, "level: full, silence");
	rereg(poller, &server, SERVER, MIO_READABLE | MIO_LEVEL);
	put_text(&client, "ab");
	ok(comes(poller, SERVER, MIO_READABLE), "level: readable");
	is(mio_source_read(&server, &event, 1), 1, "level: a byte of two");
	is(poll_now(poller, &event, 1), 1, "level: still readable");
	is(mio_source_read(&server, &event, 1), 1, "level: the other");
	is(quiet(poller), 0, "level: drained, silence");
	close_source(&client);
	ok(comes(poller, SERVER, MIO_READABLE | MIO_READ_CLOSED),
	    "level: end of file");
	is(poll_now(poller, &event, 1), 1, "level: end of file again");
	close_source(&server);
}

static void
oneshot(void)
{
	struct mio_source server, client;

	pipe_ends(&server, &client, 0);
	reg(poller, &server, SERVER,
	    MIO_READABLE | MIO_WRITABLE | MIO_ONESHOT);
	is(wait_token(poller, SERVER, MIO_WRITABLE), MIO_WRITABLE,
	    "oneshot: writable");
	need(fill(&server) > 0);
	put_text(&client, "x");
	is(drain(&server), 1, "oneshot: drained");
	is(drain(&client) > 0, 1, "oneshot: the peer drains");
	is(quiet(poller), 0, "oneshot: silence");
	rereg(poller, &server, 7, MIO_READABLE | MIO_ONESHOT);
	put_text(&client, "y");
	is(wait_token(poller, 7, MIO_READABLE), MIO_READABLE,
	    "oneshot: reregistered, readable, the new token");
	close_source(&client);
	is(quiet(poller), 0, "oneshot: silent when the peer closes");
	close_source(&server);
}

/* No data is lost that the pipe has read ahead. */
static void
again(void)
{
	struct mio_source server, client;
	char byte;

	pair(&server, &client, 0);
	put_text(&client, "abc");
	ok(comes(poller, SERVER, MIO_READABLE), "readable");
	is(mio_source_read(&server, &byte, 1), 1, "one of three");
	dereg(poller, &server);
	is(quiet(poller), 0, "deregistered: silence");
	reg(poller, &server, 33, MIO_READABLE);
	is(wait_token(poller, 33, MIO_READABLE), MIO_READABLE,
	    "registered with data fetched: readable, the new token");
	rereg(poller, &server, 34, MIO_READABLE);
	is(wait_token(poller, 34, MIO_READABLE), MIO_READABLE,
	    "and reregistered, its new token");
	ok(gets_text(&server, "bc"), "nothing is lost");
	dereg(poller, &server);
	put_text(&client, "d");
	is(quiet(poller), 0, "data for one that isn't registered: silence");
	ok(gets_text(&server, "d"), "which is still there");
	close_both(&server, &client);
}

static void
blocked(void)
{
	struct mio_source server, client;

	pair(&server, &client, 0);
	put_text(&client, "x");
	ok(comes(poller, SERVER, MIO_READABLE), "readable");
	is(quiet(poller), 0, "not drained: silence");
	is(mio_source_would_block(&server, MIO_READABLE), 0, "would_block");
	ok(comes(poller, SERVER, MIO_READABLE), "is readable still");
	is(mio_source_set_nonblocking(&server, 1), 0, "is non-blocking");
	fails(mio_source_set_nonblocking(&server, 0), EOPNOTSUPP,
	    "and can't be anything else");
	close_both(&server, &client);
}

static void
messages(void)
{
	struct mio_source server, client;
	char buf[64];

	pair(&server, &client, MIO_PIPE_MESSAGE);
	put_text(&client, "one");
	ok(comes(poller, SERVER, MIO_READABLE), "a message");
	is(next_read(&server, buf, sizeof(buf)), 3, "its length");
	while (mio_source_write(&client, "x", 0) == -1)
		need(errno == EAGAIN);
	is(next_read(&server, buf, sizeof(buf)), 0, "the next, which is empty");
	fails(mio_source_read(&server, buf, sizeof(buf)), EAGAIN,
	    "and not end of file");
	while (mio_source_write(&client, "second", 6) == -1)
		need(errno == EAGAIN);
	while (mio_source_write(&client, "third", 5) == -1)
		need(errno == EAGAIN);
	is(next_read(&server, buf, 4), 4, "four bytes of six");
	is(next_read(&server, buf, sizeof(buf)), 2, "the rest, and no more");
	is(next_read(&server, buf, sizeof(buf)), 5, "then the next message");
	ok(memcmp(buf, "third", 5) == 0, "as it was");
	close_both(&server, &client);
}

/* Longer than one read ahead, which completes with ERROR_MORE_DATA. */
static void
long_message(size_t step)
{
	static char out[100000], in[sizeof(out) + 64];
	struct mio_source server, client;
	size_t got = 0;
	mio_ssize n;

	pattern(out, sizeof(out));
	pair(&server, &client, MIO_PIPE_MESSAGE);
	is(mio_source_write(&client, out, sizeof(out)), sizeof(out),
	    "a message of %lu bytes is taken whole",
	    (unsigned long)sizeof(out));
	while (got < sizeof(out) &&
	    (n = next_read(&server, in + got, step)) > 0)
		got += (size_t)n;
	is(got, sizeof(out), "and read by %lu", (unsigned long)step);
	ok(memcmp(in, out, sizeof(out)) == 0, "as it was");
	is(mio_source_take_error(&server), 0, "which is no error");
	while (mio_source_write(&client, "next", 4) == -1)
		need(errno == EAGAIN);
	is(next_read(&server, in, sizeof(in)), 4, "the next is by itself");
	close_both(&server, &client);
}

/* Messages can't be read from a stream, but messages as a stream can. */
static void
message_type(void)
{
	const char *name = new_name();
	struct mio_source server, client;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	fails(mio_named_pipe_open(&client, name, MIO_PIPE_MESSAGE), EINVAL,
	    "messages of a stream");
	fails(mio_source_close(&client), EBADF, "and the source is empty");
	close_source(&server);
	need(mio_named_pipe_new(&server, name, MIO_PIPE_MESSAGE) == 0);
	is(mio_named_pipe_open(&client, name, 0), 0, "a stream of messages");
	close_both(&server, &client);
}

/* Each end gets one event when its peer closes, and buffered data first. */
static void
vanishes(struct mio_source *peer, struct mio_source *left, mio_token token,
    const char *what)
{
	char buf[8];

	put_text(peer, "last");
	close_source(peer);
	ok(comes(poller, token, MIO_READABLE), "%s closes: an event", what);
	is(next_read(left, buf, 2), 2, "its last words come first");
	is(next_read(left, buf, 8), 2, "all of them");
	is(next_read(left, buf, 8), 0, "then end of file");
	is(mio_source_read(left, buf, 8), 0, "which it stays");
	fails(mio_source_write(left, "x", 1), EPIPE, "no more writing");
	ok(spins(poller) <= 1, "no spinning");
	fails(mio_source_write(left, "x", 1), EPIPE, "nor then");
	is(quiet(poller), 0, "and silence");
}

static void
peer_vanishes(void)
{
	struct mio_source server, client;
	uint32_t all = MIO_READABLE | MIO_WRITABLE | MIO_READ_CLOSED |
	    MIO_WRITE_CLOSED;

	pair(&server, &client, 0);
	vanishes(&client, &server, SERVER, "the client");
	close_source(&server);
	pair(&server, &client, 0);
	vanishes(&server, &client, CLIENT, "the server");
	close_source(&client);
	pair(&server, &client, 0);
	close_source(&client);
	is(wait_token(poller, SERVER, all), all,
	    "mid-read: readable, writable and closed");
	is(quiet(poller), 0, "once");
	close_source(&server);
	pipe_ends(&server, &client, 0);
	reg(poller, &client, CLIENT, MIO_WRITABLE);
	need(comes(poller, CLIENT, MIO_WRITABLE));
	close_source(&server);
	is(wait_token(poller, CLIENT, all), all,
	    "an interest in writing alone suffices");
	close_source(&client);
}

static void
peer_vanishes_mid_write(void)
{
	struct mio_source server, client;
	char byte;

	pair(&server, &client, 0);
	need(fill(&client) > 0);
	is(quiet(poller) <= 1, 1, "a write is pending");
	close_source(&server);
	ok(comes(poller, CLIENT, MIO_WRITABLE | MIO_WRITE_CLOSED),
	    "mid-write: writable, and closed");
	fails(mio_source_write(&client, "x", 1), EPIPE, "EPIPE");
	fails(mio_source_write(&client, "x", 1), EPIPE, "and again");
	is(next_read(&client, &byte, 1), 0, "and end of file");
	ok(spins(poller) <= 1, "no spinning");
	close_source(&client);
	pair(&server, &client, 0);
	need(fill(&client) > 0);
	close_source(&server);
	need(comes(poller, CLIENT, MIO_WRITE_CLOSED));
	fails(mio_source_take_error(&client), EPIPE,
	    "mio_source_take_error has it");
	is(mio_source_take_error(&client), 0, "once");
	close_source(&client);
}

static void
server_drops(void)
{
	struct mio_source server, client;
	char byte;

	pair(&server, &client, 0);
	put_text(&server, "lost");
	is(mio_named_pipe_disconnect(&server), 0, "mio_named_pipe_disconnect");
	ok(comes(poller, CLIENT, MIO_READABLE),
	    "disconnected: the client gets an event");
	while (next_read(&client, &byte, 1) > 0)
		continue;
	is(mio_source_read(&client, &byte, 1), 0, "reads end of file");
	rereg(poller, &client, CLIENT, MIO_READABLE);
	ok(comes(poller, CLIENT, MIO_READ_CLOSED), "which is reported");
	fails(mio_source_write(&client, "x", 1), EPIPE, "can't write");
	fails(mio_source_read(&server, &byte, 1), ENOTCONN,
	    "the server has no client to read from");
	is(quiet(poller), 0, "which is not reported");
	is(mio_named_pipe_disconnect(&server), 0, "again: nothing to do");
	fails(mio_named_pipe_disconnect(&client), EINVAL,
	    "a client doesn't disconnect");
	fails(mio_named_pipe_connect(&client), EINVAL, "nor connect");
	close_both(&server, &client);
}

static void
connect_new(struct mio_source *server, struct mio_source *client,
    const char *name)
{
	int now = mio_named_pipe_connect(server);

	need(now == 0 || errno == EAGAIN);
	need(mio_named_pipe_open(client, name, 0) == 0);
	ok(comes(poller, SERVER, MIO_WRITABLE), "the next client");
	is(mio_named_pipe_connect(server), 0, "is there");
}

/* Data of the last client: read ahead, being read or written, or unread. */
static void
reconnects(void)
{
	const char *name = new_name();
	struct mio_source server, client;
	char buf[8];
	int i;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	reg(poller, &server, SERVER, MIO_READABLE | MIO_WRITABLE);
	for (i = 0; i < 4; i++) {
		connect_new(&server, &client, name);
		fails(mio_source_read(&server, buf, 8), EAGAIN,
		    "no data of an earlier client");
		put_text(&client, "new");
		ok(comes(poller, SERVER, MIO_READABLE), "its data are reported");
		ok(gets_text(&server, "new"), "and read");
		need(drain(&server) == 0);
		put_text(&client, "old");
		if (i == 1)
			need(comes(poller, SERVER, MIO_READABLE));
		if (i == 2)
			need(fill(&server) > 0);
		if (i == 3)
			close_source(&client);
		is(mio_named_pipe_disconnect(&server), 0, "disconnected");
		if (i < 3)
			close_source(&client);
		is(quiet(poller), 0, "silence");
	}
	fails(mio_named_pipe_connect(&server), EAGAIN, "waits for a client");
	is(mio_named_pipe_disconnect(&server), 0, "which is cancelled");
	is(quiet(poller), 0, "and not reported");
	connect_new(&server, &client, name);
	close_both(&server, &client);
}

/* A new client re-arms the pipe, whatever has been reported before. */
static void
reconnects_at_end(unsigned int mode)
{
	const char *name = new_name();
	struct mio_source server, client;
	char byte;

	need(mio_named_pipe_new(&server, name, 0) == 0);
	need(mio_named_pipe_open(&client, name, 0) == 0);
	need(mio_named_pipe_connect(&server) == 0);
	reg(poller, &server, SERVER, MIO_READABLE | mode);
	close_source(&client);
	ok(comes(poller, SERVER, MIO_READ_CLOSED), "gone");
	is(next_read(&server, &byte, 1), 0, "end of file");
	need(mio_named_pipe_disconnect(&server) == 0);
	(void)mio_named_pipe_connect(&server);	/* or the open fails */
	need(mio_named_pipe_open(&client, name, 0) == 0);
	put_text(&client, "x");
	while (mio_named_pipe_connect(&server) == -1)
		need(errno == EAGAIN);
	if ((mode & MIO_ONESHOT) != 0)
		is(quiet(poller), 0, "a oneshot is silent of the next one");
	else
		ok(comes(poller, SERVER, MIO_READABLE),
		    "what the next one writes is reported");
	ok(gets_text(&server, "x"), "and read");
	close_both(&server, &client);
}

int
main(void)
{
	tap_start();
	poller = new_poller();
	client_comes();
	client_is_there();
	carries();
	big(20000, 1);
	big(3000000, 70000);
	one_write();
	writable_again();
	contract();
	level();
	oneshot();
	again();
	blocked();
	messages();
	long_message(1000);
	long_message(1);
	long_message(100064);
	message_type();
	peer_vanishes();
	peer_vanishes_mid_write();
	server_drops();
	reconnects();
	reconnects_at_end(0);
	reconnects_at_end(MIO_ONESHOT);
	mio_poller_free(poller);
	return tap_done();
}
