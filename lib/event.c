/*
 * Events as text.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "internal.h"
#include "text.h"

static const struct mio_bit_name readiness_names[] = {
	{ MIO_READABLE,		"readable" },
	{ MIO_WRITABLE,		"writable" },
	{ MIO_PRIORITY,		"priority" },
	{ MIO_AIO,		"aio" },
	{ MIO_LIO,		"lio" },
	{ MIO_ERROR,		"error" },
	{ MIO_READ_CLOSED,	"read_closed" },
	{ MIO_WRITE_CLOSED,	"write_closed" },
	{ 0,			NULL }
};

/* "in|out" or "none"; bits without a name are hexadecimal. */
static void
put_bits(struct mio_text *text, uint32_t bits,
    const struct mio_bit_name *names)
{
	const char *separator = "";

	if (bits == 0)
		mio_text_put(text, "none");
	for (; names->name != NULL; names++) {
		if ((bits & names->bit) == 0)
			continue;
		mio_text_put(text, separator);
		mio_text_put(text, names->name);
		separator = "|";
		bits &= ~names->bit;
	}
	if (bits != 0) {
		mio_text_put(text, separator);
		mio_text_put(text, "0x");
		mio_text_number(text, bits, 16);
	}
}

int
mio_event_format(const struct mio_event *event, char *buf, size_t size)
{
	struct mio_text text = { buf, size, 0 };

	if (event == NULL || (buf == NULL && size > 0))
		return mio_result(-EINVAL);
	mio_text_put(&text, "token=");
	mio_text_number(&text, event->token, 10);
	mio_text_put(&text, " ");
	put_bits(&text, event->readiness, readiness_names);
	mio_text_put(&text, " native=");
	put_bits(&text, event->native, mio_sel_native);
	return mio_text_end(&text);
}
