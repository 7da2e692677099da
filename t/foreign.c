/*
 * Checks foreign descriptors: sockets that the program made and set up follow
 * the contract, and files are refused.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap.h"
#include "lib/util.h"

static struct mio_poller *poller;

/* Options that the program set are left unchanged. */
static void
own_tcp(void)
{
	struct sockaddr_storage addr;
	struct mio_source listener, a, b;
	int size, before, one = 1, fd;
	socklen_t len = sizeof(size);
	mio_socklen addrlen;
	size_t filled;

	listen_loopback(&listener, &addr, &addrlen);
	need((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	size = 20000;
	need(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
	need(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	need(connect(fd, (struct sockaddr *)&addr, addrlen) == 0);
	/* BSD rounds the size up to whole segments when it connects. */
	need(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &before, &len) == 0);
	adopt_fd(&a, fd);
	accept_soon(&listener, &b);
	readable_contract(poller, &a, put_byte, &b, "socket(2), TCP");
	is(mio_tcp_nodelay(&a), 1, "TCP_NODELAY is unchanged");
	need(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) == 0);
	is(size, before, "SO_RCVBUF is unchanged");
	reg(poller, &b, 40, MIO_WRITABLE);
	wait_token(poller, 40, MIO_WRITABLE);
	filled = fill_up(&b);
	is(quiet(poller), 0, "its small buffer is full: silence");
	drain_bytes(&a, filled);
	ok(comes(poller, 40, MIO_WRITABLE),
	    "its small buffer is empty: writable again");
	close_source(&a);
	close_source(&b);
	close_source(&listener);
}

static void
own_udp(void)
{
	struct sockaddr_storage storage;
	struct sockaddr *addr = (struct sockaddr *)&storage;
	mio_socklen len = sizeof(storage);
	struct mio_source a, b;
	char buf[8];

	need(mio_addr_parse("127.0.0.1:0", addr, &len) == 0);
	adopt_fd(&a, socket(AF_INET, SOCK_DGRAM, 0));
	adopt_fd(&b, socket(AF_INET, SOCK_DGRAM, 0));
	need(bind(mio_source_fd(&a), addr, len) == 0);
	need(mio_source_local_addr(&a, addr, &len) == 0);
	need(connect(mio_source_fd(&b), addr, len) == 0);
	readable_contract(poller, &a, put_byte, &b, "socket(2), UDP");
	/* An empty datagram is an event like any other. */
	reg(poller, &a, 41, MIO_READABLE);
	need(send(mio_source_fd(&b), buf, 0, 0) == 0);
	ok(comes(poller, 41, MIO_READABLE), "an empty datagram: readable");
	len = sizeof(storage);
	is(mio_udp_recv_from(&a, buf, sizeof(buf), addr, &len), 0,
	    "an empty datagram: read by mio_udp_recv_from");
	fails(mio_udp_recv(&a, buf, sizeof(buf)), EAGAIN,
	    "an empty datagram: no other one");
	put_text(&b, "x");
	ok(comes(poller, 41, MIO_READABLE), "and the next one: readable");
	close_source(&a);
	close_source(&b);
}

static void
files(const char *self)
{
	refuses_file(poller, self, O_RDONLY, "a regular file");
	refuses_file(poller, ".", O_RDONLY, "a directory");
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_start();
	need(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	poller = new_poller();
	own_tcp();
	own_udp();
	files(argv[0]);
	mio_poller_free(poller);
	return tap_done();
}
