/*
 * The echo protocol.  The answer is in the buffer of the request: conn.c reads
 * no more before all of it has been written.
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
