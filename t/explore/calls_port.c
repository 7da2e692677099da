/*
 * Event ports, over the fake.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <port.h>

#include "port_fake.h"
#include "sanitizer.h"

#define PORTS	8

static int ports[PORTS];

void	ports_look(void);

/* Called after reads, writes and closes: see look_again(). */
void
ports_look(void)
{
	int i;

	for (i = 0; i < PORTS; i++)
		if (ports[i] > 0)
			port_fake_look(ports[i]);
}

/* Each number is kept: what is no longer a port has nothing to look at. */
int
hook_port_create(void)
{
	int i, port = (int)lib_result(fd_made(port_create()));

	for (i = 0; i < PORTS && ports[i] != port; i++) {
		if (ports[i] != 0)
			continue;
		ports[i] = port;
		break;
	}
	return port;
}

int
hook_port_associate(int port, int source, uintptr_t object, int events,
    void *user, const char *function)
{
	int result;

	hook_point("port_associate", NULL, function);
	fd_check(port, function);
	sanitizer_ignore();
	result = port_associate(port, source, object, events, user);
	sanitizer_watch();
	return traced_result(result);
}

int
hook_port_dissociate(int port, int source, uintptr_t object,
    const char *function)
{
	int result;

	hook_point("port_dissociate", NULL, function);
	fd_check(port, function);
	sanitizer_ignore();
	result = port_dissociate(port, source, object);
	sanitizer_watch();
	return traced_result(result);
}

int
hook_port_send(int port, int events, void *user, const char *function)
{
	int result;

	hook_point("port_send", NULL, function);
	fd_check(port, function);
	if (refused(port)) {
		errno = EAGAIN;
		return traced_result(-1);
	}
	sanitizer_ignore();
	result = port_send(port, events, user);
	sanitizer_watch();
	return traced_result(result);
}

static bool
has_event(int port)
{
	struct pollfd pfd = { port, POLLIN, 0 };
	bool ready;

	sanitizer_ignore();
	ready = poll(&pfd, 1, 0) > 0;
	sanitizer_watch();
	return ready;
}

/*
 * The call, when it need not wait any more.  Its timeout, if it has one, has
 * been over for some time by the real clock.
 */
static int
take_events(int port, void *list, unsigned int room, unsigned int *got,
    const struct timespec *ts, const char *function)
{
	struct timespec zero = { 0, 0 }, past = { 0, 1 };
	int result;

	fd_check(port, function);
	sanitizer_ignore();
	result = port_getn(port, list, room, got, ts == NULL ? NULL :
	    nanoseconds(ts) == 0 ? &zero : &past);
	sanitizer_watch();
	hook_result((uintptr_t)(intptr_t)(result < 0 ? -errno : (int)*got));
	kernel_changes++;
	return result;
}

/* It is no cancellation point: a cancelled thread gets EINTR. */
static int
port_turn(const struct timespec *ts, const char *function)
{
	int turn = wait_turn("port_getn", function, nanoseconds(ts));

	if (turn >= 0 && current->cancel && !current->cancel_off) {
		errno = EINTR;
		return -1;
	}
	return turn;
}

int
hook_port_getn(int port, void *list, unsigned int room, unsigned int *got,
    struct timespec *ts, const char *function)
{
	int result, turn;

	fd_check(port, function);
	if (current == NULL)
		return (int)lib_result(take_events(port, list, room, got, ts,
		    function));
	wait_for_fd(port);
	do {
		turn = result = port_turn(ts, function);
	} while (turn > 0 && !has_event(port));
	if (turn >= 0)
		result = take_events(port, list, room, got, ts, function);
	current->wait.fd = -1;
	return (int)lib_result(result);
}
