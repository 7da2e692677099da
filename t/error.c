/*
 * Checks versions, errno values and their texts, and events: their accessors
 * and their text.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/util.h"

#include "internal.h"

static void
versions(const char *program)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%d.%d.%d", MIO_VERSION_MAJOR,
	    MIO_VERSION_MINOR, MIO_VERSION_PATCH);
	is_str(mio_version(), text, "the header's version is the library's");
	is_str(mio_version(), PACKAGE_VERSION, "and configure's");
	ok(strstr(program, mio_selector_name()) != NULL,
	    "the selector of this directory: %s", mio_selector_name());
}

static void
errors(void)
{
	is_str(mio_strerror(EAGAIN), strerror(EAGAIN), "an error as text");
	errno = EBADF;
	is(mio_errno(), EBADF, "mio_errno is errno here");
}

/* Each bit of readiness and each native bit, and all of them together. */
static void
formats(void)
{
	struct mio_event event = { 7, 0, 0 };
	char text[512], wanted[64], small[8];
	int i, n, wrong = 0;

	is(mio_event_format(&event, text, sizeof(text)),
	    (int)strlen("token=7 none native=none"), "nothing: its length");
	is_str(text, "token=7 none native=none", "nothing");
	event.readiness = MIO_READABLE | MIO_READ_CLOSED;
	need(mio_event_format(&event, text, sizeof(text)) > 0);
	is_str(text, "token=7 readable|read_closed native=none", "two bits");
	event.readiness = MIO_PRIORITY;
	event.native = mio_sel_native[1].bit;
	need(mio_event_format(&event, text, sizeof(text)) > 0);
	(void)snprintf(wanted, sizeof(wanted), "token=7 priority native=%s",
	    mio_sel_native[1].name);
	is_str(text, wanted, "a priority event");
	is(mio_event_is_readable(&event), 0, "which is not readable");
	is(mio_event_is_priority(&event), 1, "but priority");
	for (i = 0; i < 32; i++) {
		event.readiness = 1u << i;
		event.native = 1u << i;
		n = mio_event_format(&event, text, sizeof(text));
		wrong += n != (int)strlen(text) || strstr(text, "none") != NULL;
	}
	is(wrong, 0, "every bit has a text");
	event.token = UINTPTR_MAX;
	event.readiness = event.native = UINT32_MAX;
	n = mio_event_format(&event, text, sizeof(text));
	is(n, (int)strlen(text), "all bits together: %s", text);
	is(mio_event_format(&event, small, sizeof(small)), n,
	    "a truncated text: returns the full length");
	text[sizeof(small) - 1] = '\0';
	is_str(small, text, "and ends with a NUL");
	is(mio_event_format(&event, NULL, 0), n,
	    "without a buffer: returns the length");
	fails(mio_event_format(&event, NULL, 1), EINVAL, "a null buffer");
	fails(mio_event_format(NULL, text, 1), EINVAL, "a null event");
}

static void
accessors(void)
{
	struct mio_event event = { 0, 0, 0 };

	event.readiness = MIO_READABLE | MIO_ERROR | MIO_AIO |
	    MIO_WRITE_CLOSED;
	ok(mio_event_is_readable(&event) && mio_event_is_error(&event) &&
	    mio_event_is_aio(&event) && mio_event_is_write_closed(&event),
	    "four that are set");
	ok(!mio_event_is_writable(&event) && !mio_event_is_priority(&event) &&
	    !mio_event_is_lio(&event) && !mio_event_is_read_closed(&event),
	    "four that aren't");
}

int
main(int argc, char *argv[])
{
	tap_start();
	need(argc > 0);
	versions(argv[0]);
	errors();
	formats();
	accessors();
	return tap_done();
}
