#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define LIMIT	60	/* seconds */

/* Windows has no line buffering: either none, or full. */
#ifdef _WIN32
#define BUFFERING	_IONBF
#else
#define BUFFERING	_IOLBF
#endif

static int count, failed;

static int	result(int, const char *, int, const char *, va_list)
	    TAP_PRINTF(4, 0);

int
tap_slow(void)
{
	const char *slow = getenv("T_SLOW");
	int factor = slow != NULL ? atoi(slow) : 1;

	return factor > 0 ? factor : 1;
}

static void
too_long(int sig)
{
	static const char text[] = "Bail out! the test ran into its time limit\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(98);
	_exit(99);
}

void
tap_start(void)
{
	static char line[4096];

	/* In a static program, stdio's own malloc would be counted too. */
	if (setvbuf(stdout, line, BUFFERING, sizeof(line)) != 0)
		tap_bail("setvbuf failed");
#ifdef _WIN32
	if (_setmode(STDOUT_FILENO, _O_BINARY) < 0)
		tap_bail("_setmode failed");
#endif
	if (signal(SIGALRM, too_long) == SIG_ERR)
		tap_bail("signal: %s", strerror(errno));
	alarm((unsigned int)(LIMIT * tap_slow()));
}

int
tap_done(void)
{
	printf("1..%d\n", count);
	if (failed > 0)
		tap_diag("%d of %d failed", failed, count);
	return failed > 0;
}

static int
result(int held, const char *file, int line, const char *fmt, va_list ap)
{
	printf("%sok %d - ", held ? "" : "not ", ++count);
	vprintf(fmt, ap);
	putchar('\n');
	if (!held) {
		failed++;
		tap_diag("at %s:%d", file, line);
		if (getenv("T_STOP") != NULL)
			exit(1);
	}
	return held;
}

int
tap_ok(int held, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(held, file, line, fmt, ap);
	va_end(ap);
	return held;
}

int
tap_is(long long got, long long want, const char *file, int line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(got == want, file, line, fmt, ap);
	va_end(ap);
	if (got != want)
		tap_diag("got %lld (%#llx), want %lld (%#llx)", got, got, want,
		    want);
	return got == want;
}

int
tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...)
{
	int same = got != NULL && strcmp(got, want) == 0;
	va_list ap;

	va_start(ap, fmt);
	result(same, file, line, fmt, ap);
	va_end(ap);
	if (!same)
		tap_diag("got \"%s\", want \"%s\"", got != NULL ? got : "(null)",
		    want);
	return same;
}

int
tap_errno(long long got, int want, const char *file, int line,
    const char *fmt, ...)
{
	int error = errno;
	int held = got == -1 && error == want;
	va_list ap;

	va_start(ap, fmt);
	result(held, file, line, fmt, ap);
	va_end(ap);
	if (!held)
		tap_diag("got %lld and errno %d (%s), want -1 and %d (%s)", got,
		    error, strerror(error), want, strerror(want));
	return held;
}

void
tap_diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
tap_skip(int n, const char *fmt, ...)
{
	va_list ap;

	for (; n > 0; n--) {
		printf("ok %d # SKIP ", ++count);
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
}

int
tap_skip_all(const char *fmt, ...)
{
	va_list ap;

	printf("1..0 # SKIP ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return 0;
}

void
tap_bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno %d)\n", errno);
	exit(99);
}
