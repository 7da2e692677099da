/*
 * Events as text.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "internal.h"

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

/* A buffer that counts characters beyond its size, as snprintf does. */
struct text {
	char	*buf;
	size_t	 size;
	size_t	 len;
};

static void
put(struct text *text, const char *string)
{
	for (; *string != '\0'; string++, text->len++) {
		if (text->len + 1 < text->size)
			text->buf[text->len] = *string;
	}
}

/* "in|out" or "none"; bits without a name are hexadecimal. */
static void
put_bits(struct text *text, uint32_t bits, const struct mio_bit_name *names)
{
	const char *separator = "";
	char hex[16];

	if (bits == 0)
		put(text, "none");
	for (; names->name != NULL; names++) {
		if ((bits & names->bit) == 0)
			continue;
		put(text, separator);
		put(text, names->name);
		separator = "|";
		bits &= ~names->bit;
	}
	if (bits != 0) {
		put(text, separator);
		(void)snprintf(hex, sizeof(hex), "0x%" PRIx32, bits);
		put(text, hex);
	}
}

int
mio_event_format(const struct mio_event *event, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };
	char token[32];

	if (event == NULL || (buf == NULL && size > 0))
		return mio_result(-EINVAL);
	(void)snprintf(token, sizeof(token), "token=%" PRIuPTR, event->token);
	put(&text, token);
	put(&text, " ");
	put_bits(&text, event->readiness, readiness_names);
	put(&text, " native=");
	put_bits(&text, event->native, mio_sel_native);
	if (size > 0)
		buf[text.len < size ? text.len : size - 1] = '\0';
	return (int)text.len;
}
