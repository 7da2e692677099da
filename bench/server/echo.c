/*
 * What came is what is answered, from the same buffer: conn.c reads no more
 * before all of it has been written.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

void
echo_take(struct conn *conn)
{
	conn->out = conn->in;
	conn->out_len = conn->in_len;
	conn->in_len = 0;
}
