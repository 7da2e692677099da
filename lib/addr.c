/*
 * Numeric addresses as text, and back.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <string.h>

#include "compat/socket.h"
#include "internal.h"
#include "text.h"

/* All of text, len characters long, is decimal digits and at most max. */
static int
parse_number(const char *text, size_t len, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;
	size_t i;

	if (len == 0 || len > 10)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned char)(text[i] - '0');
	}
	if (value > max)
		return -EINVAL;
	*number = (uint32_t)value;
	return 0;
}

static int
parse_port(const char *text, in_port_t *port)
{
	uint32_t number;
	size_t len = strlen(text);

	if (len > 5 || parse_number(text, len, 65535, &number) < 0)
		return -EINVAL;
	*port = htons((uint16_t)number);
	return 0;
}

/*
 * A scope is an interface's index or name.  The characters and the length of a
 * name are checked here: Linux looks up only what precedes a colon, and some
 * systems cut a long name.
 */
static int
parse_scope(const char *text, const char *end, uint32_t *scope)
{
	size_t i, len = (size_t)(end - text);
	char name[IF_NAMESIZE];
	int saved = errno;

	if (parse_number(text, len, UINT32_MAX, scope) == 0)
		return 0;
	if (len == 0 || len >= sizeof(name))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == ':' ||
		    text[i] == '/' || text[i] == '\177')
			return -EINVAL;
		name[i] = text[i];
	}
	name[len] = '\0';
	*scope = if_nametoindex(name);
	errno = saved;
	return *scope == 0 ? -EINVAL : 0;
}

/*
 * The text of an address is parsed here, because the inet_pton() of some
 * systems accepts more: a blank after the address on NetBSD.
 */

/* Four decimal numbers without leading zeros. */
static int
parse_quad(const char *text, const char *end, unsigned char *bytes)
{
	uint32_t number;
	int i;

	for (i = 0; i < 4; i++) {
		const char *stop = end;
		size_t len;

		if (i < 3)
			stop = memchr(text, '.', (size_t)(end - text));
		if (stop == NULL)
			return -EINVAL;
		len = (size_t)(stop - text);
		if ((len > 1 && text[0] == '0') ||
		    parse_number(text, len, 255, &number) < 0)
			return -EINVAL;
		bytes[i] = (unsigned char)number;
		text = stop + 1;
	}
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One to four hexadecimal digits. */
static int
parse_group(const char *text, size_t len, unsigned char *bytes)
{
	unsigned int value = 0;
	size_t i;

	if (len == 0 || len > 4)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -EINVAL;
		value = value << 4 | (unsigned int)digit;
	}
	bytes[0] = (unsigned char)(value >> 8);
	bytes[1] = (unsigned char)value;
	return 0;
}

/*
 * Groups with a colon between two, or no group.  The last one may be an IPv4
 * address if it ends the address.  Returns the number of bytes, at most 16.
 */
static int
parse_groups(const char *text, const char *end, bool ends,
    unsigned char *bytes)
{
	const char *colon;
	int n = 0;

	if (text == end)
		return 0;
	while ((colon = memchr(text, ':', (size_t)(end - text))) != NULL) {
		if (n == 16 || parse_group(text, (size_t)(colon - text),
		    bytes + n) < 0)
			return -EINVAL;
		n += 2;
		text = colon + 1;
	}
	if (ends && n <= 12 && parse_quad(text, end, bytes + n) == 0)
		return n + 4;
	if (n == 16 || parse_group(text, (size_t)(end - text), bytes + n) < 0)
		return -EINVAL;
	return n + 2;
}

/* The first two colons in a row, or NULL. */
static const char *
find_gap(const char *text, const char *end)
{
	for (; end - text >= 2; text++) {
		if (text[0] == ':' && text[1] == ':')
			return text;
	}
	return NULL;
}

/* Two colons in a row are one or more groups of zeros. */
static int
parse_v6_addr(const char *text, const char *end, struct in6_addr *addr)
{
	const char *gap = find_gap(text, end);
	unsigned char head[16], tail[16];
	int before, after;

	memset(addr, 0, sizeof(*addr));
	before = parse_groups(text, gap != NULL ? gap : end, gap == NULL, head);
	if (before < 0)
		return -EINVAL;
	memcpy(addr->s6_addr, head, (size_t)before);
	if (gap == NULL)
		return before == 16 ? 0 : -EINVAL;
	after = parse_groups(gap + 2, end, true, tail);
	if (after < 0 || before + after > 14)
		return -EINVAL;
	memcpy(addr->s6_addr + 16 - after, tail, (size_t)after);
	return 0;
}

static int
parse_v4(const char *text, struct sockaddr_in *sin)
{
	const char *colon = strchr(text, ':');
	unsigned char bytes[4];

	if (colon == NULL || parse_quad(text, colon, bytes) < 0)
		return -EINVAL;
	memcpy(&sin->sin_addr, bytes, sizeof(bytes));
	sin->sin_family = AF_INET;
	return parse_port(colon + 1, &sin->sin_port);
}

static int
parse_v6(const char *text, struct sockaddr_in6 *sin6)
{
	const char *end = strchr(text, ']');
	const char *percent;
	uint32_t scope;

	if (end == NULL || end[1] != ':')
		return -EINVAL;
	percent = memchr(text, '%', (size_t)(end - text));
	if (percent != NULL) {
		if (parse_scope(percent + 1, end, &scope) < 0)
			return -EINVAL;
		sin6->sin6_scope_id = scope;
	}
	if (parse_v6_addr(text + 1, percent != NULL ? percent : end,
	    &sin6->sin6_addr) < 0)
		return -EINVAL;
	sin6->sin6_family = AF_INET6;
	return parse_port(end + 2, &sin6->sin6_port);
}

/* The addresses of 4.4BSD contain their length. */
static void
set_length(struct sockaddr *addr, mio_socklen len)
{
#ifdef HAVE_STRUCT_SOCKADDR_SA_LEN
	addr->sa_len = (unsigned char)len;
#else
	(void)addr;
	(void)len;
#endif
}

int
mio_addr_parse(const char *text, struct sockaddr *addr, mio_socklen *addrlen)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} parsed;
	mio_socklen len;
	int error;

	if (text == NULL || addr == NULL || addrlen == NULL)
		return mio_result(-EINVAL);
	memset(&parsed, 0, sizeof(parsed));
	if (text[0] == '[') {
		len = sizeof(parsed.in6);
		error = parse_v6(text, &parsed.in6);
	} else {
		len = sizeof(parsed.in);
		error = parse_v4(text, &parsed.in);
	}
	if (error < 0)
		return mio_result(error);
	if (socklen_size(*addrlen) < socklen_size(len))
		return mio_result(-ENOSPC);
	set_length(&parsed.sa, len);
	memcpy(addr, &parsed, socklen_size(len));
	*addrlen = len;
	return 0;
}

static int
format_v4(const struct sockaddr *addr, struct mio_text *text)
{
	struct sockaddr_in sin;
	char host[INET_ADDRSTRLEN];

	memcpy(&sin, addr, sizeof(sin));
	if (inet_ntop(AF_INET, &sin.sin_addr, host, sizeof(host)) == NULL)
		return -errno;
	mio_text_put(text, host);
	mio_text_put(text, ":");
	mio_text_number(text, ntohs(sin.sin_port), 10);
	return mio_text_end(text);
}

static int
format_v6(const struct sockaddr *addr, struct mio_text *text)
{
	struct sockaddr_in6 sin6;
	char host[INET6_ADDRSTRLEN];

	memcpy(&sin6, addr, sizeof(sin6));
	if (inet_ntop(AF_INET6, &sin6.sin6_addr, host, sizeof(host)) == NULL)
		return -errno;
	mio_text_put(text, "[");
	mio_text_put(text, host);
	/* As a number, because the interface may have lost its name later. */
	if (sin6.sin6_scope_id != 0) {
		mio_text_put(text, "%");
		mio_text_number(text, sin6.sin6_scope_id, 10);
	}
	mio_text_put(text, "]:");
	mio_text_number(text, ntohs(sin6.sin6_port), 10);
	return mio_text_end(text);
}

/* One character of a name, or "\\xHH" if a terminal might interpret it. */
static void
format_char(struct mio_text *text, char c)
{
	unsigned char byte = (unsigned char)c;
	char one[2] = { c, '\0' };

	if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
		mio_text_put(text, one);
		return;
	}
	mio_text_put(text, byte < 0x10 ? "\\x0" : "\\x");
	mio_text_number(text, byte, 16);
}

/*
 * The length of the name in sun_path, with the leading NUL of an abstract name.
 * An address may be shorter than its family, a path may end with a NUL or not,
 * and Darwin pads the path with NULs.  Systems that store a length in the
 * address have no abstract names, and there a NUL always ends the path.
 */
static size_t
unix_name_length(const char *path, mio_socklen addrlen)
{
	const size_t offset = offsetof(struct sockaddr_un, sun_path);
	size_t len = socklen_size(addrlen);

	len = len > offset ? len - offset : 0;
	/* Linux counts a terminating NUL that did not fit. */
	if (len > sizeof(struct sockaddr_un) - offset)
		len = sizeof(struct sockaddr_un) - offset;
#ifndef HAVE_STRUCT_SOCKADDR_SA_LEN
	if (len > 0 && path[0] == '\0')
		return len;
#endif
	return strnlen(path, len);
}

/* A path, "@" and an abstract name, or "(unnamed)". */
static int
format_unix(const struct sockaddr *addr, mio_socklen addrlen,
    struct mio_text *text)
{
	const char *path = (const char *)addr +
	    offsetof(struct sockaddr_un, sun_path);
	size_t i, len = unix_name_length(path, addrlen);

	if (len == 0)
		mio_text_put(text, "(unnamed)");
	for (i = 0; i < len; i++)
		format_char(text, i == 0 && path[0] == '\0' ? '@' : path[i]);
	return mio_text_end(text);
}

int
mio_addr_format(const struct sockaddr *addr, mio_socklen addrlen, char *buf,
    size_t size)
{
	struct mio_text text = { buf, size, 0 };

	if (addr == NULL || (buf == NULL && size > 0) ||
	    socklen_size(addrlen) < offsetof(struct sockaddr, sa_data))
		return mio_result(-EINVAL);
	switch (addr->sa_family) {
	case AF_INET:
		if (socklen_size(addrlen) < sizeof(struct sockaddr_in))
			return mio_result(-EINVAL);
		return mio_result(format_v4(addr, &text));
	case AF_INET6:
		if (socklen_size(addrlen) < sizeof(struct sockaddr_in6))
			return mio_result(-EINVAL);
		return mio_result(format_v6(addr, &text));
	case AF_UNIX:
		return mio_result(format_unix(addr, addrlen, &text));
	default:
		return mio_result(-EAFNOSUPPORT);
	}
}
