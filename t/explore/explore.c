/*
 * explore [-b BOUND] [-t SECONDS] [-q] [SCENARIO...]
 * explore -r SECONDS [-s SEED] [-n RUNS]
 * explore -l
 *
 * Explores each scenario, or the named ones, with bounds on preemptions from 0
 * to BOUND: the first schedule that fails has as few as possible.  Each
 * scenario is explored by a process of its own, which ends at the first
 * failure, and is one assertion.  -t limits the time for each, -q prints no
 * trace, -l lists the scenarios.  -r runs random programs instead.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore.h"
#include "lib/tap.h"

#define HANG		10	/* seconds for a few hundred schedules */
#define AT_A_TIME	256
#define RUNS_EACH	5	/* of a random program */

extern const char mio_sel_name[];

unsigned int explore_seed;

/* What a process reports to its parent. */
static struct report {
	unsigned long	schedules;	/* with the last bound */
	unsigned long	points;		/* likewise */
	double		seconds;	/* of processor time, in all */
	int		bound;		/* the last that was completed, or -1 */
} *report;

static int max_bound = -1;
static double limit;
static double random_seconds;
static unsigned int first_seed = 1;
static unsigned long random_runs;

static double
cpu_seconds(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		tap_bail("clock_gettime");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
hangs(int sig)
{
	(void)sig;
	explore_fail("a loop without a point");
}

static void
run_once(void)
{
	if (schedules % AT_A_TIME == 0)
		alarm((unsigned int)(HANG * tap_slow()));
	sched_run();
	schedules++;
	report->schedules = schedules;
	report->points += points;
}

static bool
out_of_time(void)
{
	return limit > 0 && schedules % AT_A_TIME == 0 &&
	    cpu_seconds() > limit;
}

/* All schedules with the same bound; false if there was no time for that. */
static bool
explore_bound(void)
{
	schedules = 0;
	report->points = 0;
	search_begin();
	do {
		run_once();
		if (out_of_time())
			return false;
	} while (search_next());
	return true;
}

static void
explore_bounds(void)
{
	for (bound = 0; bound <= max_bound; bound++) {
		if (!explore_bound())
			return;
		report->bound = bound;
	}
}

static void
explore_random(void)
{
	bound = 1000;
	random_mode = true;
	report->bound = bound;
	do {
		explore_seed = first_seed + (unsigned int)(schedules /
		    RUNS_EACH);
		search_seed(schedules * 7919 + first_seed * 1000003);
		run_once();
	} while (random_runs > 0 ? schedules < random_runs :
	    cpu_seconds() < random_seconds);
}

static void
explore(void)
{
	if (signal(SIGALRM, hangs) == SIG_ERR)
		explore_fail("signal");
	if (random_seconds > 0)
		explore_random();
	else
		explore_bounds();
	report->seconds = cpu_seconds();
	fflush(stdout);
	_exit(0);
}

/* In a process of its own: a failure leaves threads and descriptors behind. */
static bool
explore_apart(const struct scenario *s)
{
	int status;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	report->bound = -1;
	scenario = s;
	fflush(stdout);
	if ((pid = fork()) < 0)
		tap_bail("fork");
	if (pid == 0)
		explore();
	if (waitpid(pid, &status, 0) < 0)
		tap_bail("waitpid");
	if (WIFSIGNALED(status))
		tap_diag("%s: signal %d in schedule %lu", s->name,
		    WTERMSIG(status), report->schedules + 1);
	return status == 0;
}

static void
explore_scenario(const struct scenario *s)
{
	bool held = explore_apart(s);

	if (random_seconds > 0)
		ok(held, "random programs: %lu, %lu schedules",
		    report->schedules / RUNS_EACH, report->schedules);
	else if (held && report->bound < max_bound)
		ok(held, "%s: %lu schedules, not all of bound %d", s->name,
		    report->schedules, report->bound + 1);
	else
		ok(held, "%s: %lu schedules, bound %d", s->name,
		    report->schedules, max_bound);
	if (held)
		tap_diag("%.2f s, %.1f points a schedule", report->seconds,
		    (double)report->points / (double)report->schedules);
}

/* Whether a list of names has this one. */
static bool
has_name(const char *list, const char *name)
{
	size_t size = strlen(name), len;

	for (; *list != '\0'; list += len + (list[len] == ' ')) {
		len = strcspn(list, " ");
		if (len == size && memcmp(list, name, len) == 0)
			return true;
	}
	return false;
}

static bool
for_selector(const struct scenario *s)
{
	return s->only == NULL || has_name(s->only, mio_sel_name);
}

static bool
wanted(const struct scenario *s, char **names)
{
	if (!for_selector(s))
		return false;
	if (*names == NULL)
		return true;
	for (; *names != NULL; names++)
		if (strcmp(*names, s->name) == 0)
			return true;
	return false;
}

static void
for_each(char **names, void (*function)(const struct scenario *))
{
	static const struct scenario *const tables[] = {
		wake_scenarios, source_scenarios, wait_scenarios
	};
	const struct scenario *s;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (s = tables[i]; s->name != NULL; s++)
			if (wanted(s, names))
				function(s);
}

static void
print_name(const struct scenario *s)
{
	puts(s->name);
}

static int
usage(void)
{
	fprintf(stderr, "usage: explore [-lq] [-b bound] [-t seconds] "
	    "[scenario ...]\n"
	    "       explore -r seconds [-s seed] [-n runs]\n");
	return 99;
}

static void
make_report(void)
{
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED)
		tap_bail("mmap");
}

/* An event port's calls are slower: the fake looks at all that it watches. */
static void
set_bound(void)
{
	const char *value = getenv("EXPLORE_BOUND");

	if (max_bound < 0 && value != NULL)
		max_bound = atoi(value);
	if (max_bound < 0)
		max_bound = strcmp(mio_sel_name, "port") == 0 ? 1 : 2;
}

static void
explore_wanted(char **names)
{
	tap_start();
	alarm(0);	/* each process has a limit of its own */
	make_report();
	set_bound();
	if (random_seconds > 0)
		explore_scenario(&random_scenario);
	else
		for_each(names, explore_scenario);
}

int
main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "b:ln:qr:s:t:")) != -1) {
		switch (c) {
		case 'b':
			max_bound = atoi(optarg);
			break;
		case 'l':
			for_each(&argv[argc], print_name);
			return 0;
		case 'n':
			random_runs = strtoul(optarg, NULL, 10);
			break;
		case 'q':
			quiet = true;
			break;
		case 'r':
			random_seconds = atof(optarg);
			break;
		case 's':
			first_seed = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 't':
			limit = atof(optarg);
			break;
		default:
			return usage();
		}
	}
	explore_wanted(&argv[optind]);
	return tap_done();
}
