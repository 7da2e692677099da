/*
 * Makes every call of the library in a sandbox, after the set-up: OpenBSD's
 * pledge(2), FreeBSD's capability mode, or on Linux a filter of system calls
 * that allows what mio(7) lists.  A call that the sandbox forbids ends the
 * program.  t/sandbox.sh compares this program, t/lib/sandbox and the page.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __FreeBSD__
#include <sys/capsicum.h>
#endif
#if defined(HAVE_LINUX_FILTER_H) && defined(HAVE_LINUX_SECCOMP_H)
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#define SECCOMP
#endif

#include "lib/tap.h"
#include "lib/util.h"

#ifndef __has_feature
#define __has_feature(feature)	0
#endif

/* A call that must not fail.  All of them are one assertion. */
#define DOES(call)	does((call) != -1, #call)
/* A call that may fail, as a network allows, and that is no violation. */
#define ENDS(call)	((void)(call))

static int failures;

static void
does(bool works, const char *call)
{
	if (works)
		return;
	failures++;
	tap_diag("%s: %s", call, strerror(errno));
}

/* In capability mode a program cannot name an address. */
static bool names = true;

#ifdef SECCOMP
/*
 * The system calls that mio(7) lists, those of 32-bit systems, and those of
 * this program.  t/sandbox.sh reads the first list.
 */
static const struct call {
	int	number;
	bool	optional;	/* another call replaces it */
} calls[] = {
#define CALL(name)	{ SYS_##name, false },
#define OPTIONAL(name)	{ SYS_##name, true },
	/* begin */
#ifdef SYS_accept
	CALL(accept)
#endif
	OPTIONAL(accept4)
	CALL(bind)
	CALL(clock_gettime)
	CALL(close)
	CALL(connect)
	CALL(epoll_create1)
	CALL(epoll_ctl)
	CALL(epoll_pwait)
	OPTIONAL(epoll_pwait2)
#ifdef SYS_epoll_wait
	CALL(epoll_wait)
#endif
	CALL(eventfd2)
	CALL(fcntl)
	CALL(fstat)
	CALL(futex)
	CALL(getpeername)
	CALL(getsockname)
	CALL(getsockopt)
	CALL(ioctl)
	CALL(listen)
#ifdef SYS_newfstatat
	CALL(newfstatat)
#endif
	CALL(pipe2)
#ifdef SYS_poll
	CALL(poll)
#endif
	CALL(ppoll)
	CALL(read)
	CALL(readv)
	CALL(recvfrom)
	CALL(sendmsg)
	CALL(sendto)
	CALL(setsockopt)
	CALL(shutdown)
	CALL(socket)
	CALL(socketpair)
	CALL(write)
	CALL(writev)
	/* end */
	/* Memory. */
	CALL(brk)
	CALL(madvise)
#ifdef SYS_mmap
	CALL(mmap)
#endif
	CALL(mremap)
	CALL(munmap)
	/* 32-bit systems. */
#ifdef SYS_clock_gettime64
	CALL(clock_gettime64)
#endif
#ifdef SYS_fcntl64
	CALL(fcntl64)
#endif
#ifdef SYS_fstat64
	CALL(fstat64)
#endif
#ifdef SYS_fstatat64
	CALL(fstatat64)
#endif
#ifdef SYS_futex_time64
	CALL(futex_time64)
#endif
#ifdef SYS_mmap2
	CALL(mmap2)
#endif
#ifdef SYS_ppoll_time64
	CALL(ppoll_time64)
#endif
#ifdef SYS_recv
	CALL(recv)
#endif
#ifdef SYS_send
	CALL(send)
#endif
#ifdef SYS_socketcall
	CALL(socketcall)
#endif
#ifdef SYS_statx
	CALL(statx)
#endif
	/* This program's own. */
	CALL(exit)
	CALL(exit_group)
	CALL(prctl)
	CALL(rt_sigaction)
	CALL(rt_sigreturn)
#ifdef SYS_unlink
	CALL(unlink)
#endif
	CALL(unlinkat)
#undef CALL
#undef OPTIONAL
};

#define CALLS	(sizeof(calls) / sizeof(calls[0]))

static void
violation(int sig, siginfo_t *info, void *context)
{
	char text[64];
	int n;

	(void)sig;
	(void)context;
	n = snprintf(text, sizeof(text),
	    "Bail out! the sandbox forbids system call %d\n",
	    info->si_syscall);
	(void)!write(STDOUT_FILENO, text, (size_t)n);
	_exit(1);
}

static unsigned int
verdict(const struct call *call, bool refuse)
{
	return refuse && call->optional ? SECCOMP_RET_ERRNO | EPERM :
	    SECCOMP_RET_ALLOW;
}

/*
 * Installs the filter, or a second one that refuses the optional calls with
 * EPERM: of two filters, the stricter verdict holds.
 */
static bool
filter(bool refuse)
{
	struct sock_filter code[2 * CALLS + 2];
	struct sock_fprog program = { 0, code };
	struct sigaction action;
	size_t i, n = 0;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = violation;
	action.sa_flags = SA_SIGINFO;
	need(sigaction(SIGSYS, &action, NULL) == 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    0);		/* the call's number comes first */
	for (i = 0; i < CALLS; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)calls[i].number,
		    0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    verdict(&calls[i], refuse));
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_TRAP);
	program.len = (unsigned short)n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* What makes system calls of its own in this process, or NULL. */
static const char *
not_alone(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	if (on_selector("kqueue") || on_selector("port"))
		return "a fake kernel makes other system calls";
	if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)
		return "valgrind makes other system calls";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return "a sanitizer makes other system calls";
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return "a sanitizer makes other system calls";
#elif defined(_exit)	/* t/lib/coverage.h */
	return "coverage is written at the end";
#else
	return NULL;
#endif
}
#endif

/* Returns whether the sandbox is a filter, which can be tightened. */
static bool
enter_sandbox(void)
{
#if defined(__OpenBSD__)
	ok(pledge("stdio inet unix mcast", NULL) == 0, "pledge");
	return false;
#elif defined(__FreeBSD__)
	names = false;
	ok(cap_enter() == 0, "cap_enter");
	return false;
#elif defined(SECCOMP)
	const char *reason = not_alone();

	if (reason == NULL && !filter(false))
		reason = "this kernel has no seccomp";
	if (reason != NULL)
		tap_skip(1, "%s", reason);
	else
		ok(1, "a filter of system calls");
	return reason == NULL;
#else
	tap_skip(1, "no sandbox, or no header for it");
	return false;
#endif
}

/* What is made before the sandbox. */
static struct mio_poller *poller;
static struct mio_source listener, client, unix_listener, unix_client;
static struct mio_source left, right, bound, foreign, foreign_end, six;
static struct sockaddr_storage tcp_addr, udp_addr;
static mio_socklen tcp_len, udp_len;
static bool has_six;

static void
set_up(void)
{
	struct sockaddr_storage addr;
	mio_socklen len;
	struct sockaddr *sa;

	poller = new_poller();
	listen_loopback(&listener, &tcp_addr, &tcp_len);
	need(mio_tcp_connect(&client, (struct sockaddr *)&tcp_addr, tcp_len,
	    0) == 0);
	sa = addr_of("127.0.0.1:0", &addr, &len);
	need(mio_udp_bind(&left, sa, len, 0) == 0);
	need(mio_udp_bind(&right, sa, len, 0) == 0);
	sa = local_addr(&right, &udp_addr, &udp_len);
	need(mio_udp_connect(&left, sa, udp_len) == 0);
	sa = local_addr(&left, &addr, &len);
	need(mio_udp_connect(&right, sa, len) == 0);
	need(mio_unix_listen(&unix_listener, "l", 1, 0) == 0);
	need(mio_unix_connect(&unix_client, "l", 0) == 0);
	need(mio_unix_dgram_bind(&bound, "d", 0) == 0);
	pipe_pair(&foreign, &foreign_end);
	sa = addr_of("[::1]:0", &addr, &len);
	has_six = mio_udp_bind(&six, sa, len, 0) == 0;
}

static void
waiting(void)
{
	struct mio_waker *waker;
	struct mio_event event;
	char text[256];
	int fd;

	ok((waker = mio_waker_new(poller, 1)) != NULL, "mio_waker_new");
	DOES(mio_waker_wake(waker));
	DOES(mio_poller_set_spin(poller, 1000));
	is(mio_poll(poller, &event, 1, MIO_FOREVER), 1, "mio_poll: a wake");
	is(mio_poll(poller, &event, 1, 0), 0, "mio_poll: no wait");
	is(mio_poll(poller, &event, 1, 1000), 0, "mio_poll: a microsecond");
	is(mio_poll(poller, &event, 1, MIO_MSEC(1)), 0,
	    "mio_poll: a millisecond");
	DOES(mio_event_format(&event, text, sizeof(text)));
	mio_waker_free(waker);
	fd = mio_poller_fd(poller);
	ok(fd >= 0 || errno == ENOTSUP, "mio_poller_fd");
	is_str(mio_poller_ref(poller) == poller ? "same" : "other", "same",
	    "mio_poller_ref");
	mio_poller_free(poller);
}

static void
making(void)
{
	struct mio_poller *other;
	struct mio_source a, b;

	ok((other = mio_poller_new()) != NULL, "mio_poller_new");
	if (!is(mio_pipe_new(&a, &b, 0), 0, "mio_pipe_new"))
		return;
	DOES(mio_register(other, &a, 1, MIO_READABLE));
	DOES(mio_register(other, &b, 2, MIO_WRITABLE));
	DOES(mio_reregister(other, &b, 2, MIO_WRITABLE | MIO_LEVEL));
	DOES(mio_reregister(other, &b, 2, MIO_WRITABLE | MIO_ONESHOT));
	ok(comes(other, 2, MIO_WRITABLE), "mio_pipe_new: writable");
	DOES(mio_source_close(&a));
	/* A pipe without a reader. */
	DOES(mio_reregister(other, &b, 2, MIO_WRITABLE));
	ok(comes(other, 2, MIO_WRITABLE), "a broken pipe: writable");
	DOES(mio_deregister(other, &b));
	DOES(mio_source_close(&b));
	mio_poller_free(other);
}

/* A foreign pipe, of which kqueue must find out that it is no FIFO. */
static void
foreigners(void)
{
	struct mio_source again;
	char buf[8];

	DOES(mio_source_set_nonblocking(&foreign, 1));
	DOES(mio_register(poller, &foreign, 3, MIO_READABLE));
	DOES(mio_register(poller, &foreign_end, 4, MIO_WRITABLE));
	is(mio_source_write(&foreign_end, "x", 1), 1, "mio_source_write");
	ok(comes(poller, 3, MIO_READABLE), "a foreign pipe: readable");
	is(mio_source_read(&foreign, buf, sizeof(buf)), 1, "mio_source_read");
	fails(mio_source_read(&foreign, buf, sizeof(buf)), EAGAIN,
	    "mio_source_read: EAGAIN");
	DOES(mio_source_would_block(&foreign, MIO_READABLE));
	DOES(mio_source_fd(&foreign));
	DOES(mio_source_from_fd(&again, mio_source_release(&foreign)));
	DOES(mio_source_close(&again));
	DOES(mio_source_close(&foreign_end));
}

static void
options(const struct mio_source *stream)
{
	DOES(mio_tcp_set_nodelay(stream, 1));
	DOES(mio_tcp_nodelay(stream));
	DOES(mio_tcp_set_ttl(stream, 9));
	DOES(mio_tcp_ttl(stream));
}

static void
streams(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	struct mio_source server;
	char buf[8];
	struct iovec iov = { buf, 1 };

	DOES(mio_register(poller, &listener, 5, MIO_READABLE));
	need(comes(poller, 5, MIO_READABLE));
	DOES(mio_tcp_accept(&listener, &server, sa, &len, 0));
	DOES(mio_source_local_addr(&server, sa, &len));
	DOES(mio_source_peer_addr(&server, sa, &len));
	DOES(mio_source_take_error(&client));
	options(&server);
	DOES(mio_register(poller, &client, 6, MIO_READABLE | MIO_WRITABLE));
	DOES(mio_register(poller, &server, 7, MIO_READABLE));
	is(mio_source_write(&client, "x", 1), 1, "mio_source_write: TCP");
	buf[0] = 'y';
	is(mio_source_writev(&client, &iov, 1), 1, "mio_source_writev");
	need(comes(poller, 7, MIO_READABLE));
	is(mio_tcp_peek(&server, buf, 1), 1, "mio_tcp_peek");
	is(mio_source_readv(&server, &iov, 1), 1, "mio_source_readv");
	is(mio_source_read(&server, buf, 1), 1, "mio_source_read: TCP");
	DOES(mio_tcp_shutdown(&server, MIO_SHUT_WR));
	DOES(mio_source_close(&server));
	DOES(mio_source_close(&client));
	DOES(mio_source_close(&listener));
}

static void
datagrams(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	char buf[8];
	int i;

	DOES(mio_register(poller, &right, 8, MIO_READABLE));
	for (i = 0; i < 2; i++)
		is(mio_udp_send(&left, "x", 1), 1, "mio_udp_send");
	need(comes(poller, 8, MIO_READABLE));
	is(mio_udp_peek(&right, buf, 8), 1, "mio_udp_peek");
	is(mio_udp_peek_from(&right, buf, 8, sa, &len), 1,
	    "mio_udp_peek_from");
	is(mio_udp_recv(&right, buf, 8), 1, "mio_udp_recv");
	len = sizeof(addr);
	ENDS(mio_udp_recv_from(&right, buf, 8, sa, &len));
	DOES(mio_udp_set_broadcast(&left, 1));
	DOES(mio_udp_broadcast(&left));
	DOES(mio_udp_set_ttl(&left, 9));
	DOES(mio_udp_ttl(&left));
}

static void
multicast(void)
{
	struct in_addr group;
	struct in6_addr group6 = IN6ADDR_LOOPBACK_INIT;

	group.s_addr = htonl(0xeffffe01);	/* 239.255.254.1 */
	DOES(mio_udp_set_multicast_loop_v4(&left, 1));
	DOES(mio_udp_multicast_loop_v4(&left));
	DOES(mio_udp_set_multicast_ttl_v4(&left, 1));
	DOES(mio_udp_multicast_ttl_v4(&left));
	ENDS(mio_udp_join_multicast_v4(&left, &group, NULL));
	ENDS(mio_udp_leave_multicast_v4(&left, &group, NULL));
	if (!has_six) {
		tap_skip(1, "no IPv6 on this system");
		return;
	}
	group6.s6_addr[0] = 0xff;
	group6.s6_addr[1] = 2;
	DOES(mio_udp_only_v6(&six));
	DOES(mio_udp_set_multicast_loop_v6(&six, 1));
	DOES(mio_udp_multicast_loop_v6(&six));
	ENDS(mio_udp_join_multicast_v6(&six, &group6, 0));
	ENDS(mio_udp_leave_multicast_v6(&six, &group6, 0));
	DOES(mio_udp_set_ttl(&six, 9));
	DOES(mio_source_close(&six));
}

static void
unix_streams(void)
{
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);
	struct mio_source server, a, b;

	DOES(mio_unix_accept(&unix_listener, &server,
	    (struct sockaddr *)&addr, &len, 0));
	DOES(mio_unix_shutdown(&server, MIO_SHUT_RDWR));
	DOES(mio_source_close(&server));
	DOES(mio_source_close(&unix_client));
	DOES(mio_source_close(&unix_listener));
	DOES(mio_unix_pair(&a, &b, 0));
	DOES(mio_source_close(&a));
	DOES(mio_source_close(&b));
}

static void
unix_datagrams(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	struct mio_source a, b;
	char buf[8];

	DOES(mio_unix_dgram_unbound(&a, 0));
	DOES(mio_source_close(&a));
	DOES(mio_unix_dgram_pair(&a, &b, 0));
	is(mio_unix_dgram_send(&a, "x", 1), 1, "mio_unix_dgram_send");
	is(mio_unix_dgram_recv(&b, buf, 8), 1, "mio_unix_dgram_recv");
	need(mio_unix_dgram_send(&a, "x", 1) == 1);
	is(mio_unix_dgram_recv_from(&b, buf, 8, sa, &len), 1,
	    "mio_unix_dgram_recv_from");
	DOES(mio_source_close(&a));
	DOES(mio_source_close(&b));
}

static void
texts(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	char text[128];

	DOES(mio_addr_parse("[::1%1]:80", sa, &len));
	DOES(mio_addr_format(sa, len, text, sizeof(text)));
	len = sizeof(addr);
	DOES(mio_unix_addr("s", sa, &len));
	len = sizeof(addr);
	ENDS(mio_unix_addr_abstract("s", 1, sa, &len));
	ok(mio_selector_name() != NULL, "mio_selector_name");
	ok(mio_version() != NULL, "mio_version");
	ok(mio_strerror(EINVAL) != NULL, "mio_strerror");
	ok(mio_errno() >= 0, "mio_errno");
}

static void
naming_tcp(void)
{
	struct sockaddr_storage addr;
	mio_socklen len;
	struct sockaddr *sa = addr_of("127.0.0.1:0", &addr, &len);
	struct mio_source a, b;

	DOES(mio_tcp_listen(&a, sa, len, 0, 0));
	sa = local_addr(&a, &addr, &len);
	DOES(mio_tcp_connect(&b, sa, len, 0));
	DOES(mio_source_close(&b));
	DOES(mio_source_close(&a));
	/* By a name of an interface, which the system looks up. */
	len = sizeof(addr);
	ENDS(mio_addr_parse("[fe80::1%lo]:80", sa, &len));
}

static void
naming_udp(void)
{
	struct sockaddr_storage addr;
	mio_socklen len;
	struct sockaddr *sa = addr_of("127.0.0.1:0", &addr, &len);
	struct mio_source a;

	DOES(mio_udp_bind(&a, sa, len, 0));
	is(mio_udp_send_to(&a, "x", 1, (struct sockaddr *)&udp_addr, udp_len),
	    1, "mio_udp_send_to");
	DOES(mio_udp_connect(&a, (struct sockaddr *)&udp_addr, udp_len));
	DOES(mio_source_close(&a));
}

static void
naming_unix(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	struct mio_source a, b;

	DOES(mio_unix_listen(&a, "l2", 8, 0));
	DOES(mio_unix_connect(&b, "l2", 0));
	DOES(mio_source_close(&b));
	need(mio_unix_addr("l2", sa, &len) == 0);
	DOES(mio_unix_connect_addr(&b, sa, len, 0));
	DOES(mio_source_close(&b));
	DOES(mio_source_close(&a));
	len = sizeof(addr);
	need(mio_unix_addr("l3", sa, &len) == 0);
	DOES(mio_unix_listen_addr(&a, sa, len, 1, 0));
	DOES(mio_source_close(&a));
}

static void
naming_unix_dgram(void)
{
	struct sockaddr_storage addr;
	struct sockaddr *sa = (struct sockaddr *)&addr;
	mio_socklen len = sizeof(addr);
	struct mio_source a;

	need(mio_unix_addr("d2", sa, &len) == 0);
	DOES(mio_unix_dgram_bind_addr(&a, sa, len, 0));
	is(mio_unix_dgram_send_to(&a, "x", 1, "d"), 1,
	    "mio_unix_dgram_send_to");
	len = sizeof(addr);
	need(mio_unix_addr("d", sa, &len) == 0);
	is(mio_unix_dgram_send_to_addr(&a, "x", 1, sa, len), 1,
	    "mio_unix_dgram_send_to_addr");
	DOES(mio_unix_dgram_connect(&a, "d"));
	DOES(mio_unix_dgram_connect_addr(&a, sa, len));
	DOES(mio_source_close(&a));
	DOES(mio_unix_dgram_bind(&a, "d3", 0));
	DOES(mio_source_close(&a));
}

static void
every_call(void)
{
	waiting();
	making();
	foreigners();
	streams();
	datagrams();
	multicast();
	unix_streams();
	unix_datagrams();
	texts();
	if (names) {
		naming_tcp();
		naming_udp();
		naming_unix();
		naming_unix_dgram();
	} else {
		tap_skip(3, "capability mode: no call names an address");
	}
	DOES(mio_source_close(&left));
	DOES(mio_source_close(&right));
	DOES(mio_source_close(&bound));
	mio_poller_free(poller);
	is(failures, 0, "the other calls");
}

static void
remove_files(void)
{
	static const char *const files[] = {
		"l", "d", "l2", "l3", "d2", "d3"
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		need(unlink(files[i]) == 0 || errno == ENOENT);
}

static int
sandboxed(void)
{
	int failed;

	tap_start();
	set_up();
	if (enter_sandbox()) {
		every_call();
#ifdef SECCOMP
		remove_files();
		set_up();
		ok(filter(true), "a filter that refuses optional calls");
#endif
	}
	every_call();
	failed = tap_done();
	need(fflush(stdout) == 0);
	return failed;
}

/* The sandbox is a child, because it cannot remove the files on all systems. */
int
main(void)
{
	int status;
	pid_t child;

	enter_tmpdir();
	need((child = fork()) >= 0);
	if (child == 0)
		_exit(sandboxed());
	need(waitpid(child, &status, 0) == child);
	remove_files();
	leave_tmpdir();
	if (WIFSIGNALED(status))
		tap_diag("the sandbox ended with signal %d", WTERMSIG(status));
	return status != 0;
}
