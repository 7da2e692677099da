/*
 * The library's version and selector, and its errors.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "internal.h"
#include "sock.h"

const char *
mio_selector_name(void)
{
	return mio_sel_name;
}

const char *
mio_version(void)
{
	return PACKAGE_VERSION;
}

const char *
mio_strerror(int error)
{
	return mio_sock_strerror(error);
}

int
mio_refuse(int error)
{
	return mio_result(error);
}

int
mio_errno(void)
{
	return errno;
}
