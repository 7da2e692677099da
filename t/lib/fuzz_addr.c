/*
 * A libFuzzer target for mio_addr_parse(): each address that it accepts must
 * be formatted as text that parses to the same address.
 *
 *	clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *	    -Iinclude -Ilib -o fuzz_addr t/lib/fuzz_addr.c lib/addr.c \
 *	    lib/text.c
 *	./fuzz_addr -max_total_time=60
 */
#include "config.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include <mio.h>

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(int truth)
{
	if (!truth)
		abort();
}

/* Formats into buffers of each size up to the full length. */
static void
check_cut(const struct sockaddr *addr, mio_socklen len, const char *text,
    size_t whole)
{
	char *cut;
	size_t size;

	for (size = 0; size <= whole; size++) {
		/*
		 * Of the exact size, so that the sanitizer reports a byte too
		 * many.
		 */
		must((cut = malloc(size + 1)) != NULL);
		must(mio_addr_format(addr, len, cut, size) == (int)whole);
		if (size > 0)
			must(strlen(cut) == size - 1 &&
			    memcmp(cut, text, size - 1) == 0);
		free(cut);
	}
}

static void
check_parsed(const struct sockaddr *addr, mio_socklen len)
{
	struct sockaddr_storage again;
	mio_socklen again_len = sizeof(again);
	char text[128];
	int n;

	n = mio_addr_format(addr, len, text, sizeof(text));
	must(n > 0 && (size_t)n < sizeof(text) && strlen(text) == (size_t)n);
	memset(&again, 0, sizeof(again));
	must(mio_addr_parse(text, (struct sockaddr *)&again, &again_len) == 0);
	must(again_len == len && memcmp(&again, addr, len) == 0);
	check_cut(addr, len, text, (size_t)n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_storage addr;
	mio_socklen len = sizeof(addr);
	char *text;

	must((text = malloc(size + 1)) != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	memset(&addr, 0, sizeof(addr));
	if (mio_addr_parse(text, (struct sockaddr *)&addr, &len) == 0)
		check_parsed((struct sockaddr *)&addr, len);
	else
		must(len == sizeof(addr));
	free(text);
	return 0;
}
