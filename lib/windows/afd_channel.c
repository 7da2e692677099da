/*
 * The waker channel of the AFD selector: packets posted to the completion
 * port that the selector waits for.
 *
 * The kernel allocates each packet, so a post may fail for lack of memory.  The
 * port, channel_fd[0], belongs to the channel, because wakes may come after the
 * poller has been closed.
 *
 * The port must not hold a packet back.  Windows does so while as many threads
 * as NumberOfConcurrentThreads are running: a thread that has called
 * GetQueuedCompletionStatusEx() for the port counts as running until it blocks,
 * ends or turns to another port, whatever it does meanwhile.  Threads that
 * register a source, use a named pipe or have polled before take packets from
 * our port, and one of them that computes must not keep the waiting thread
 * asleep.  0 stands for the number of processors, which is too small, because one
 * of these threads may be running on each.  So the number is greater than that
 * of all threads that a process can have.  Wine does not observe it.
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include "compat/socket.h"
#include <windows.h>

#include "internal.h"
#include "win_error.h"
#include "completion_port.h"

#define CONCURRENT_THREADS	0xffffffff

const bool mio_channel_edges = true;

int
mio_channel_open(struct mio_poller *poller)
{
	HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0,
	    CONCURRENT_THREADS);

	if (port == NULL)
		return mio_win_error(GetLastError());
	poller->channel_fd[0] = (mio_fd)port;
	return 0;
}

int
mio_channel_signal(struct mio_poller *poller)
{
	if (PostQueuedCompletionStatus(mio_port(poller), 0, MIO_KEY_WAKE,
	    NULL))
		return 0;
	return mio_win_error(GetLastError());
}

/* Nothing to do: taking the packet has removed it. */
int
mio_channel_drain(struct mio_poller *poller)
{
	(void)poller;
	return 0;
}

void
mio_channel_close(struct mio_poller *poller)
{
	(void)CloseHandle(mio_port(poller));	/* ours: can't fail */
}
