/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * repeater.c - see repeater.h.
 */
#include "repeater.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "option_values.h"
#include "text.h"

/* At the end: given up when nothing was taken for so long, and in any case, nanoseconds. */
#define FINISH_STILL_NS 1000000000ULL
#define FINISH_NS 10000000000ULL
#define FINISH_POLL_NS 2000000L

struct branch {
	char name[STATSD_DESTINATION_MAX];
	struct statsd_encoder *encoder;
	struct sender *sender;
};

struct repeater {
	struct branch *branches;
	struct statsd_losses *losses; /* of each branch, at the flush under way */
	size_t count;
};

/* A name that no other sender has, in this run or another, on this machine or another. */
static void identify(struct sender *sender, size_t destination)
{
	char host[HOST_NAME_MAX + 1] = "", escaped[SENDER_NAME_MAX - 32], name[SENDER_NAME_MAX];

	gethostname(host, sizeof(host) - 1);
	snprintf(name, sizeof(name), "%s:%d:%zu",
		 text_escape_statsd(escaped, sizeof(escaped), host), (int)getpid(), destination);
	sender_identify(sender, name);
}

static int open_branches(struct repeater *repeater, const struct statsd_option *destinations,
			 const struct statsd_settings *settings, uint64_t now_ns)
{
	const char **names = calloc(repeater->count, sizeof(*names));
	struct statsd_settings own = *settings;
	int err = names ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !err && i < repeater->count; i++)
		names[i] = statsd_option_name(repeater->branches[i].name, &destinations[i]);
	own.destinations = names;
	own.destination_count = repeater->count;
	for (i = 0; !err && i < repeater->count; i++) {
		struct branch *branch = &repeater->branches[i];

		own.destination = i;
		branch->encoder = statsd_open(&own);
		err = branch->encoder ? sender_open(&branch->sender, &destinations[i], now_ns)
				      : -errno;
		if (!err)
			identify(branch->sender, i);
	}
	free(names);
	return err;
}

int repeater_open(struct repeater **result, const struct statsd_option *destinations, size_t count,
		  const struct statsd_settings *settings, uint64_t now_ns)
{
	struct repeater *repeater;
	int err = -ENOMEM;

	*result = NULL;
	if (count == 0)
		return 0;
	repeater = calloc(1, sizeof(*repeater));
	if (!repeater)
		return -ENOMEM;
	repeater->branches = calloc(count, sizeof(*repeater->branches));
	repeater->losses = calloc(count, sizeof(*repeater->losses));
	if (repeater->branches && repeater->losses) {
		repeater->count = count;
		err = open_branches(repeater, destinations, settings, now_ns);
	}
	if (err) {
		repeater_close(repeater);
		return err;
	}
	*result = repeater;
	return 0;
}

void repeater_close(struct repeater *repeater)
{
	size_t i;

	if (!repeater)
		return;
	for (i = 0; i < repeater->count; i++) {
		statsd_close(repeater->branches[i].encoder);
		sender_close(repeater->branches[i].sender);
	}
	free(repeater->branches);
	free(repeater->losses);
	free(repeater);
}

int repeater_flush(struct repeater *repeater, const struct flush *flush, double flush_s,
		   uint64_t now_ns)
{
	int err = 0;
	size_t i;

	if (!repeater)
		return 0;
	for (i = 0; i < repeater->count; i++) {
		const struct sender *sender = repeater->branches[i].sender;

		/* What has happened since the last time has to be known before births are. */
		sender_pump(repeater->branches[i].sender, now_ns);
		repeater->losses[i].errors = sender_errors(sender);
		repeater->losses[i].dropped = sender_dropped(sender);
	}
	for (i = 0; !err && i < repeater->count; i++) {
		const struct branch *branch = &repeater->branches[i];

		err = statsd_encode(branch->encoder, flush, repeater->losses, flush_s, sender_line,
				    branch->sender);
		sender_flush(branch->sender, now_ns);
	}
	return err;
}

uint64_t repeater_pump(struct repeater *repeater, uint64_t now_ns)
{
	uint64_t due_ns = SENDER_NEVER;
	size_t i;

	for (i = 0; repeater && i < repeater->count; i++) {
		const uint64_t one_ns = sender_pump(repeater->branches[i].sender, now_ns);

		due_ns = one_ns < due_ns ? one_ns : due_ns;
	}
	return due_ns;
}

static size_t count_waiting(const struct repeater *repeater)
{
	size_t waiting = 0, i;

	for (i = 0; i < repeater->count; i++)
		waiting += sender_waiting(repeater->branches[i].sender);
	return waiting;
}

void repeater_finish(struct repeater *repeater)
{
	const struct timespec pause = { .tv_nsec = FINISH_POLL_NS };
	uint64_t still_ns = 0, waited_ns = 0;
	size_t waiting, before, i;

	if (!repeater)
		return;
	for (waiting = count_waiting(repeater); waiting > 0; waiting = count_waiting(repeater)) {
		struct timespec now;

		if (still_ns >= FINISH_STILL_NS || waited_ns >= FINISH_NS)
			break;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		before = waiting;
		repeater_pump(repeater, now.tv_sec * 1000000000ULL + now.tv_nsec);
		still_ns = count_waiting(repeater) < before ? 0 : still_ns + FINISH_POLL_NS;
		waited_ns += FINISH_POLL_NS;
	}
	for (i = 0; i < repeater->count; i++)
		if (sender_waiting(repeater->branches[i].sender) > 0)
			log_warning("StatsD destination '%s' took too long: %zu bytes are not sent",
				    repeater->branches[i].name,
				    sender_waiting(repeater->branches[i].sender));
}
