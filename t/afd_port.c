/*
 * Faults that only Windows can have: AFD-5, AFD-7, AFD-10 to AFD-12, and leaks
 * over a thousand sockets and pollers.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "internal.h"
#include "windows/afd_driver.h"
#include "windows/completion_port.h"

#include "lib/tap.h"
#include "lib/util.h"

#define BOTH	(MIO_READABLE | MIO_WRITABLE)
#define MANY	1000

static struct mio_event events[64];

static void *
open_socket(void *arg)
{
	struct sockaddr_storage addr;
	struct mio_source source;
	struct sockaddr *sa;
	mio_socklen len;

	sa = addr_of("127.0.0.1:0", &addr, &len);
	if (mio_udp_bind(&source, sa, len, 0) < 0)
		return NULL;
	close_source(&source);
	return arg;
}

/* AFD-12.  This runs before anything else uses Winsock. */
static void
starts(void)
{
	pthread_t threads[8];
	int i, failed = 0;

	for (i = 0; i < 8; i++)
		threads[i] = start_thread(open_socket, threads);
	for (i = 0; i < 8; i++)
		failed += join_thread(threads[i]) == NULL;
	is(failed, 0, "Winsock is started by whichever thread is first");
}

/* AFD-11.  The selector ignores packets that other code posts to its port. */
static void
strange_packets(struct mio_poller *poller)
{
	static OVERLAPPED strange;
	HANDLE port = mio_port(poller);
	struct mio_source a, b;

	tcp_pair(&a, &b);
	reg(poller, &a, 1, MIO_READABLE);
	need(PostQueuedCompletionStatus(port, 0, 0, NULL));
	need(PostQueuedCompletionStatus(port, 0, MIO_KEY_COMPLETION, NULL));
	need(PostQueuedCompletionStatus(port, 1, 4711, &strange));
	is(mio_poll(poller, events, 64, MIO_MSEC(20)), 0,
	    "strange packets are no events");
	put_text(&b, "x");
	ok(comes(poller, 1, MIO_READABLE), "and the poller works");
	close_source(&a);
	close_source(&b);
}

/* AFD-5.  After a connect every result would have AFD_CONNECT. */
static void
connected_once(struct mio_poller *poller)
{
	struct mio_source listener, a, b;
	struct sockaddr_storage addr;
	mio_socklen len;
	uint32_t native = 0;
	int i, n;

	listen_loopback(&listener, &addr, &len);
	need(mio_tcp_connect(&a, (struct sockaddr *)&addr, len, 0) == 0);
	reg(poller, &a, 1, BOTH);
	need(comes(poller, 1, MIO_WRITABLE));
	need(mio_tcp_accept(&listener, &b, NULL, NULL, 0) == 0);
	for (i = 0; i < 3; i++) {
		put_text(&b, "x");
		n = mio_poll(poller, events, 64, PATIENCE);
		need(n == 1);
		native |= events[0].native;
		(void)drain(&a);
	}
	is(native & AFD_CONNECT, 0, "no result has AFD_CONNECT");
	ok((native & AFD_RECEIVE) != 0, "and data are reported");
	close_source(&a);
	close_source(&b);
	close_source(&listener);
}

/* AFD-10.  Windows reuses a closed handle at once. */
static void
churn(struct mio_poller *poller)
{
	struct mio_source a, b;
	int i, n, strange = 0, missed = 0;

	for (i = 0; i < 10 * MANY / tap_slow(); i++) {
		unix_pair(&a, &b);
		reg(poller, &a, (mio_token)i, MIO_READABLE);
		/* Some have a pending poll request, and some have none. */
		if (i % 3 == 0)
			need(mio_poll(poller, events, 64, 0) == 0);
		if (i % 2 == 0)
			close_source(&b);
		n = mio_poll(poller, events, 64, i % 2 == 0 ? PATIENCE : 0);
		missed += i % 2 == 0 && n != 1;
		for (; n > 0; n--)
			strange += events[n - 1].token != (mio_token)i;
		close_source(&a);
		if (i % 2 != 0)
			close_source(&b);
	}
	is(strange, 0, "sockets come and go: no event of an earlier one");
	is(missed, 0, "sockets come and go: each end of file is reported");
}

static void
thousand(struct mio_poller *poller)
{
	static struct mio_source a[MANY / 2], b[MANY / 2];
	static char seen[MANY];
	int i, n, missing = MANY;

	for (i = 0; i < MANY / 2; i++) {
		tcp_pair(&a[i], &b[i]);
		reg(poller, &a[i], (mio_token)i, MIO_READABLE);
		reg(poller, &b[i], (mio_token)(MANY / 2 + i), MIO_READABLE);
	}
	is(mio_poll(poller, events, 64, 0), 0, "1,000 sockets: silence");
	for (i = 0; i < MANY / 2; i++) {
		put_text(&a[i], "x");
		put_text(&b[i], "x");
	}
	while (missing > 0 &&
	    (n = mio_poll(poller, events, 64, PATIENCE)) > 0) {
		while (n-- > 0) {
			i = (int)events[n].token;
			missing -= !seen[i];
			seen[i] = 1;
			/* Data that is not read keeps Wine's server busy. */
			drain(i < MANY / 2 ? &a[i] : &b[i - MANY / 2]);
		}
	}
	is(missing, 0, "1,000 sockets: each has its event");
	for (i = 0; i < MANY / 2; i++) {
		close_source(&a[i]);
		close_source(&b[i]);
	}
}

/* AFD-7.  Pending poll requests, unreported results, untaken packets. */
static void
life(void)
{
	struct mio_poller *poller = new_poller();
	struct mio_waker *waker = mio_waker_new(poller, 9);
	struct mio_source a, b;

	need(waker != NULL);
	unix_pair(&a, &b);
	reg(poller, &a, 1, BOTH);
	reg(poller, &b, 2, MIO_READABLE);
	need(mio_poll(poller, events, 1, PATIENCE) == 1);
	put_text(&a, "x");
	need(mio_waker_wake(waker) == 0);
	close_source(&b);
	mio_poller_free(poller);
	close_source(&a);
	mio_waker_free(waker);
}

/* Bytes allocated on all heaps; Wine 8 does not count private bytes. */
static size_t
heap_bytes(void)
{
	HANDLE heaps[64];
	DWORD n = GetProcessHeaps(64, heaps), i;
	PROCESS_HEAP_ENTRY entry;
	size_t bytes = 0;

	need(n > 0 && n <= 64);
	for (i = 0; i < n; i++) {
		entry.lpData = NULL;
		while (HeapWalk(heaps[i], &entry)) {
			if ((entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0)
				bytes += entry.cbData + entry.cbOverhead;
		}
	}
	return bytes;
}

static void
lives(void)
{
	size_t bytes;
	int i, handles;

	for (i = 0; i < MANY / 10; i++)
		life();
	handles = count_fds();
	bytes = heap_bytes();
	for (; i < MANY; i++)
		life();
	is(count_fds(), handles, "1,000 lives: no handle is left");
	tap_diag("%lu bytes on all heaps, then %lu", (unsigned long)bytes,
	    (unsigned long)heap_bytes());
	ok(heap_bytes() <= bytes + 65536,
	    "1,000 lives: 64 KiB at most are left");
}

/* The handle of an object that is not a file is open, but no socket. */
static void
foreign_handle(struct mio_poller *poller)
{
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
	struct mio_source source;

	need(event != NULL);
	need(mio_source_from_fd(&source, (mio_fd)event) == 0);
	fails(mio_register(poller, &source, 1, MIO_READABLE), ENOTSOCK,
	    "an event is no socket");
	need(CloseHandle(event));
	fails(mio_register(poller, &source, 1, MIO_READABLE), EBADF,
	    "a handle that is closed");
}

int
main(void)
{
	struct mio_poller *poller;

	tap_start();
	starts();
	poller = new_poller();
	strange_packets(poller);
	foreign_handle(poller);
	connected_once(poller);
	churn(poller);
	thousand(poller);
	mio_poller_free(poller);
	lives();
	return tap_done();
}
