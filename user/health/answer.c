/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * answer.c - see health/health.h: the socket of a redtap that runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "health/health.h"
#include "health/health_private.h"
#include "watch/target.h"

/* Those who have not been answered yet. */
#define BACKLOG 8

/* Returns a descriptor or -errno. */
static int open_listener(void)
{
	struct sockaddr_un address;
	uint64_t number = 0;
	int fd, err;

	/* a number that nobody can take before */
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, health_address(&address, number)) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void health_open(struct health *health)
{
	health->listener = open_listener();
	if (health->listener < 0)
		log_warning("cannot answer 'redtap health': %s", strerror(-health->listener));
}

void health_close(struct health *health)
{
	if (health->listener >= 0)
		close(health->listener);
	health->listener = -1;
}

static struct health_destination describe_destination(const void *context, size_t i)
{
	struct health_destination destination;

	repeater_describe(context, i, &destination.name, &destination.sent_ns, &destination.errors,
			  &destination.dropped);
	return destination;
}

static void describe(const struct health *health, char text[HEALTH_TEXT_MAX])
{
	const struct health_facts facts = {
		.now_ns = clock_monotonic_ns(),
		.attached_ns = health->attached_ns,
		.flush_ns = health->flush_ns,
		.interval_ns = health->interval_ns,
		.processes = target_count(health->loader),
		.seen = health->total.seen,
		.counted = health->total.counted,
		.lost = tally_lost(&health->total),
		.output_dropped = output_dropped(health->output) + log_dropped(),
		.destination_count = repeater_count(health->repeater),
		.destination = describe_destination,
		.context = health->repeater,
	};

	health_describe(text, &facts);
}

void health_answer(const struct health *health)
{
	char text[HEALTH_TEXT_MAX];
	int i;

	describe(health, text);
	/* not for ever: whoever asks without end must not keep redtap from its work */
	for (i = 0; i < BACKLOG; i++) {
		const int fd = accept4(health->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		/* it fits into an empty socket buffer */
		send(fd, text, strlen(text), MSG_NOSIGNAL);
		close(fd);
	}
}
