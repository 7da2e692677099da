/*
 * Text in a caller's buffer.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "text.h"

void
mio_text_put(struct mio_text *text, const char *string)
{
	for (; *string != '\0'; string++, text->len++) {
		if (text->len + 1 < text->size)
			text->buf[text->len] = *string;
	}
}

void
mio_text_number(struct mio_text *text, uintptr_t number, unsigned int base)
{
	char digits[sizeof(number) * 3 + 1];
	char *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do {
		*--first = "0123456789abcdef"[number % base];
		number /= base;
	} while (number != 0);
	mio_text_put(text, first);
}

int
mio_text_end(struct mio_text *text)
{
	if (text->size > 0)
		text->buf[text->len < text->size ? text->len :
		    text->size - 1] = '\0';
	return (int)text->len;
}
