/*
 * curl_multi: fetches several URLs at once with libcurl.
 *
 *	curl_multi URL...
 *
 * The program prints a line for each URL, with the status, the number of bytes
 * and the URL, or with the error.
 *
 * The program shows how to drive a library that uses its caller's event loop:
 *
 * - libcurl's "multi socket" interface requests events for its sockets, which
 *   mio_source_from_fd() makes sources.
 * - libcurl expects an event for as long as a socket is ready: MIO_LEVEL.
 * - libcurl opens and closes its sockets itself, and a number may be used for
 *   another socket within one array of events.  The token is the number, and
 *   a stale event does libcurl no harm.
 * - libcurl has one timer, which determines the timeout of mio_poll().
 *
 * Copyright (c) 2026 The libmio authors
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE	200809L	/* needed with -std=c99 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <curl/curl.h>

#include <mio.h>

#define NEVENTS		64

struct fetch {
	CURL		*easy;
	const char	*url;
	size_t		 bytes;
	char		 error[CURL_ERROR_SIZE];
};

struct client {
	struct mio_poller *poller;
	CURLM		*multi;
	int64_t		 deadline;	/* ns; negative: no timer is set */
	int		 running;
};

static void
fatal(const char *what)
{
	fprintf(stderr, "curl_multi: %s: %s\n", what, mio_strerror(errno));
	exit(1);
}

static void
check(CURLMcode code)
{
	if (code == CURLM_OK)
		return;
	fprintf(stderr, "curl_multi: %s\n", curl_multi_strerror(code));
	exit(1);
}

static int64_t
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static unsigned int
interest_of(int what)
{
	switch (what) {
	case CURL_POLL_IN:	return MIO_READABLE | MIO_LEVEL;
	case CURL_POLL_OUT:	return MIO_WRITABLE | MIO_LEVEL;
	default:		return MIO_READABLE | MIO_WRITABLE | MIO_LEVEL;
	}
}

/* Registers a socket for which libcurl has not requested events before. */
static struct mio_source *
watch(struct client *client, curl_socket_t fd, unsigned int interest)
{
	struct mio_source *source = malloc(sizeof(*source));

	if (source == NULL || mio_source_from_fd(source, fd) == -1 ||
	    mio_register(client->poller, source, (mio_token)fd, interest) ==
	    -1)
		fatal("mio_register");
	check(curl_multi_assign(client->multi, fd, source));
	return source;
}

/* Releases the source.  The socket stays open, because libcurl owns it. */
static void
forget(struct mio_source *source)
{
	if (source != NULL && mio_source_release(source) == -1)
		fatal("mio_source_release");
	free(source);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct client *client = arg;
	struct mio_source *source = assigned;

	(void)easy;
	if (what == CURL_POLL_REMOVE)
		forget(source);
	else if (source == NULL)
		(void)watch(client, fd, interest_of(what));
	else if (mio_reregister(client->poller, source, (mio_token)fd,
	    interest_of(what)) == -1)
		fatal("mio_reregister");
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct client *client = arg;

	(void)multi;
	client->deadline = ms < 0 ? -1 : now() + MIO_MSEC(ms);
	return 0;
}

static size_t
on_data(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;

	(void)data;
	fetch->bytes += size * count;
	return size * count;
}

/* Prints the results of finished transfers. */
static void
report(struct client *client)
{
	struct fetch *fetch;
	CURLMsg *message;
	long status;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) !=
	    NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    &fetch);
		curl_easy_getinfo(message->easy_handle,
		    CURLINFO_RESPONSE_CODE, &status);
		if (message->data.result == CURLE_OK)
			printf("%ld %zu %s\n", status, fetch->bytes,
			    fetch->url);
		else
			printf("error %s: %s\n", fetch->url,
			    fetch->error[0] != '\0' ? fetch->error :
			    curl_easy_strerror(message->data.result));
	}
}

static void
tell(struct client *client, const struct mio_event *event)
{
	int bits = 0;

	if (mio_event_is_readable(event))
		bits |= CURL_CSELECT_IN;
	if (mio_event_is_writable(event))
		bits |= CURL_CSELECT_OUT;
	if (mio_event_is_error(event))
		bits |= CURL_CSELECT_ERR;
	check(curl_multi_socket_action(client->multi,
	    (curl_socket_t)event->token, bits, &client->running));
}

static void
run(struct client *client)
{
	struct mio_event events[NEVENTS];
	int64_t timeout;
	int i, n;

	/* This starts libcurl, which sets its timer. */
	check(curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0,
	    &client->running));
	while (client->running > 0) {
		timeout = MIO_FOREVER;
		if (client->deadline >= 0 &&
		    (timeout = client->deadline - now()) < 0)
			timeout = 0;
		n = mio_poll(client->poller, events, NEVENTS, timeout);
		if (n == -1 && errno != EINTR)
			fatal("mio_poll");
		for (i = 0; i < n; i++)
			tell(client, &events[i]);
		if (client->deadline >= 0 && client->deadline <= now()) {
			client->deadline = -1;
			check(curl_multi_socket_action(client->multi,
			    CURL_SOCKET_TIMEOUT, 0, &client->running));
		}
		report(client);
	}
}

static void
begin(struct client *client, struct fetch *fetch, const char *url)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		fatal("curl_easy_init");
	fetch->easy = easy;
	fetch->url = url;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
	check(curl_multi_add_handle(client->multi, easy));
}

int
main(int argc, char *argv[])
{
	struct client client = { NULL, NULL, -1, 0 };
	struct fetch *fetches;
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: curl_multi URL...\n");
		return 1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (client.multi = curl_multi_init()) == NULL ||
	    (fetches = calloc((size_t)argc, sizeof(*fetches))) == NULL ||
	    (client.poller = mio_poller_new()) == NULL)
		fatal("setup");
	curl_multi_setopt(client.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(client.multi, CURLMOPT_SOCKETDATA, &client);
	curl_multi_setopt(client.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(client.multi, CURLMOPT_TIMERDATA, &client);

	for (i = 1; i < argc; i++)
		begin(&client, &fetches[i], argv[i]);
	run(&client);

	for (i = 1; i < argc; i++) {
		check(curl_multi_remove_handle(client.multi,
		    fetches[i].easy));
		curl_easy_cleanup(fetches[i].easy);
	}
	check(curl_multi_cleanup(client.multi));
	curl_global_cleanup();
	mio_poller_free(client.poller);
	free(fetches);
	return 0;
}
