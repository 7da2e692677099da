/*
 * After fork(2) the child can free pollers and close sources without affecting
 * the parent; all other calls fail with EINVAL there.
 */
#define WANT_XOPEN	/* for mmap on illumos */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "lib/tap.h"
#include "lib/util.h"

/* The results of a child, in memory that it shares with the parent. */
#define MOST	64

struct report {
	int	count;
	struct {
		int		got, want;
		const char	*words;
	} lines[MOST];
};

static struct report *report;

static void
note(int got, int want, const char *words)
{
	int i = report->count++;

	report->lines[i].got = got;
	report->lines[i].want = want;
	report->lines[i].words = words;
}

/* Notes the errno of a call, or 0 if it succeeded. */
static void
note_error(int result, int want, const char *words)
{
	note(result == -1 ? errno : 0, want, words);
}

static void
run_child(void (*child)(void *), void *arg)
{
	int i, status;
	pid_t pid;

	report->count = 0;
	need((pid = fork()) >= 0);
	if (pid == 0) {
		child(arg);
		_exit(0);
	}
	need(waitpid(pid, &status, 0) == pid);
	is(status, 0, "the child exited with 0");
	for (i = 0; i < report->count; i++)
		is(report->lines[i].got, report->lines[i].want, "child: %s",
		    report->lines[i].words);
}

struct scene {
	struct mio_poller	*poller;
	struct mio_waker	*waker;
	struct mio_source	 a, b;	/* a is registered: token 1 */
	int			 fds;	/* before any of these was made */
};

static void
refusals(struct scene *scene)
{
	struct mio_poller *poller = scene->poller;
	struct mio_source another;
	struct mio_event event;

	note_error(mio_poll(poller, &event, 1, 0), EINVAL, "mio_poll: EINVAL");
	note_error(mio_poll(poller, &event, 1, MIO_FOREVER), EINVAL,
	    "mio_poll for ever: EINVAL");
	note_error(mio_reregister(poller, &scene->a, 2, MIO_READABLE), EINVAL,
	    "mio_reregister: EINVAL");
	note_error(mio_deregister(poller, &scene->a), EINVAL,
	    "mio_deregister: EINVAL");
	(void)mio_source_from_fd(&another, mio_source_fd(&scene->b));
	note_error(mio_register(poller, &another, 3, MIO_READABLE), EINVAL,
	    "mio_register: EINVAL");
	note_error(mio_waker_wake(scene->waker), EINVAL,
	    "mio_waker_wake: EINVAL");
	note_error(mio_waker_new(poller, 4) == NULL ? -1 : 0, EINVAL,
	    "mio_waker_new: EINVAL");
	note_error(mio_poller_ref(poller) == NULL ? -1 : 0, EINVAL,
	    "mio_poller_ref: EINVAL");
	note_error(mio_poller_fd(poller), EINVAL, "mio_poller_fd: EINVAL");
	note_error(mio_poller_set_spin(poller, 0), EINVAL,
	    "mio_poller_set_spin: EINVAL");
}

static void
refused(void *arg)
{
	struct scene *scene = arg;
	char buf[4];

	refusals(scene);
	note((int)mio_source_write(&scene->b, "c", 1), 1, "writing works");
	note((int)mio_source_read(&scene->a, buf, sizeof(buf)), 1,
	    "reading works");
	note_error((int)mio_source_read(&scene->a, buf, sizeof(buf)), EAGAIN,
	    "and returns EAGAIN");
}

static void
let_go(void *arg)
{
	struct scene *scene = arg;
	int file = open("/dev/null", O_RDONLY);

	note(mio_source_close(&scene->a), 0, "close works");
	note(mio_source_close(&scene->b), 0, "close of the other end too");
	mio_waker_free(scene->waker);
	mio_poller_free(scene->poller);
	note(fcntl(file, F_GETFD) >= 0, 1, "a file opened before is open");
	(void)close(file);
	note(count_fds(), scene->fds, "every descriptor is closed");
}

static void
let_go_poller_first(void *arg)
{
	struct scene *scene = arg;

	mio_poller_free(scene->poller);
	mio_waker_free(scene->waker);
	note(mio_source_close(&scene->a), 0,
	    "close after the poller is free works");
	note(mio_source_release(&scene->b) >= 0, 1, "release works");
}

/*
 * A poller that the child makes works there.  In a grandchild, calls with it
 * or with the parent's poller fail.
 */
static void
own_poller(void *arg)
{
	struct mio_poller *poller = mio_poller_new();
	struct mio_event event = { 0, 0, 0 };
	struct mio_source a, b;
	int status = -1;
	pid_t pid;

	note(poller != NULL, 1, "a new poller");
	unix_pair(&a, &b);
	note(mio_register(poller, &a, 5, MIO_WRITABLE), 0, "works: register");
	note(mio_poll(poller, &event, 1, MIO_FOREVER), 1, "works: poll");
	note((int)event.token, 5, "works: token");
	if ((pid = fork()) == 0) {
		refusals(arg);
		note_error(mio_poll(poller, &event, 1, 0), EINVAL,
		    "the grandchild: EINVAL");
		_exit(0);
	}
	note(waitpid(pid, &status, 0) == pid && status == 0, 1,
	    "the grandchild exited with 0");
	note(mio_reregister(poller, &a, 6, MIO_WRITABLE), 0,
	    "works after its own fork");
	note(mio_poll(poller, &event, 1, MIO_FOREVER), 1, "with an event");
	note(mio_source_close(&a), 0, "and is closed");
	mio_poller_free(poller);
}

/* The parent's registration still fires, with its token. */
static void
untouched(struct scene *scene, const char *words)
{
	drain(&scene->a);
	put_text(&scene->b, "p");
	ok(comes(scene->poller, 1, MIO_READABLE),
	    "%s: the parent's registration still fires", words);
	need(drain(&scene->a) == 1);
	need(mio_waker_wake(scene->waker) == 0);
	ok(comes(scene->poller, 2, MIO_READABLE),
	    "%s: the parent's waker still works", words);
	is(quiet(scene->poller), 0, "%s: nothing else", words);
}

static void *
wait_for_waker(void *arg)
{
	struct scene *scene = arg;
	struct mio_event event = { 0, 0, 0 };
	int n;

	/* SIGCHLD may interrupt a wait although it is ignored. */
	while ((n = mio_poll(scene->poller, &event, 1, MIO_FOREVER)) == -1 &&
	    errno == EINTR)
		continue;
	need(n == 1 && event.token == 2);
	return NULL;
}

/* The child's copy of the poller is in the middle of a wait. */
static void
beside_a_wait(struct scene *scene)
{
	pthread_t thread = start_thread(wait_for_waker, scene);

	sleep_msec(20);
	run_child(let_go, scene);
	run_child(let_go_poller_first, scene);
	need(mio_waker_wake(scene->waker) == 0);
	join_thread(thread);
	untouched(scene, "forked beside a wait");
}

static void
poll_refused(void *poller)
{
	struct mio_event event;

	note_error(mio_poll(poller, &event, 1, 0), EINVAL,
	    "the count of generations wraps: EINVAL");
	note(mio_generation != 0, 1, "and is never 0, which means closed");
}

/* The parent's generation is the last one, and the child's the first. */
static void
last_generation(void)
{
	unsigned int generation = mio_generation;
	struct mio_poller *poller;

	mio_generation = ~0u;
	poller = new_poller();
	run_child(poll_refused, poller);
	mio_poller_free(poller);
	mio_generation = generation;
}

int
main(void)
{
	struct scene scene;

	tap_start();
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(report != MAP_FAILED);
	scene.fds = count_fds();
	scene.poller = new_poller();
	need((scene.waker = mio_waker_new(scene.poller, 2)) != NULL);
	unix_pair(&scene.a, &scene.b);
	reg(scene.poller, &scene.a, 1, MIO_READABLE);
	run_child(refused, &scene);
	untouched(&scene, "refused calls");
	run_child(let_go, &scene);
	untouched(&scene, "freed by a child");
	run_child(let_go_poller_first, &scene);
	untouched(&scene, "freed by another");
	run_child(own_poller, &scene);
	untouched(&scene, "a child's own poller");
	beside_a_wait(&scene);
	last_generation();
	close_source(&scene.a);
	close_source(&scene.b);
	mio_waker_free(scene.waker);
	mio_poller_free(scene.poller);
	is(count_fds(), scene.fds, "and the parent closes all of its own");
	return tap_done();
}
