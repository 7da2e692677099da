/*
 * The programs of the suite that need what Windows doesn't have, and the
 * reasons.  Each is built from this file and skips itself.
 */
#include "config.h"

#include <string.h>

#include "../lib/tap.h"

static const struct {
	const char	*program;
	const char	*reason;
} table[] = {
	{ "cancel",	"threads can't be cancelled" },
	{ "closefrom",	"a program cannot find out the handles of a poller" },
	{ "emfile",	"there is no limit on handles to run into" },
	{ "fork",	"there is no fork" },
	{ "foreign_linux", "these descriptors are Linux's" },
	{ "foreign_posix", "there are no terminals, FIFOs and fork" },
	{ "nested",	"a completion port can't be waited for" },
	{ "fd_passing","no control messages pass descriptors" },
	{ "pipe",	"a pipe without a name can't be waited for" },
	{ "sandbox",	"no such sandbox is known here" },
	{ "sigpipe",	"there is no SIGPIPE" },
};

int
main(void)
{
	size_t i = 0;

	while (strcmp(table[i].program, PROGRAM) != 0)
		i++;
	return tap_skip_all("Windows: %s", table[i].reason);
}
