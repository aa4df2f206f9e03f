/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender.c - see sender.h: the destination, the queue, the counting and the
 * messages.
 */
#include "send/sender.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "send/sender_private.h"
#include "base/text.h"

static const struct sender_transport *find_transport(enum destination_kind kind)
{
	switch (kind) {
	case DESTINATION_UDP:
		return &sender_transport_udp;
	case DESTINATION_TCP:
		return &sender_transport_tcp;
	case DESTINATION_UNIX:
		return &sender_transport_unix;
	case DESTINATION_NONE:
		break;
	}
	return NULL;
}

/* ---- opening ---------------------------------------------------------- */

static int fail_resolve(int result, const char *shown)
{
	/* errno is valid only with EAI_SYSTEM. */
	const int err = result == EAI_SYSTEM ? errno : 0;

	log_error("cannot resolve the StatsD host of '%s': %s; check --statsd or STATSD_HOST, or "
		  "give an address",
		  shown, err ? strerror(err) : gai_strerror(result));
	if (result == EAI_MEMORY)
		return -ENOMEM;
	return err ? -err : -EHOSTUNREACH;
}

static int resolve(struct sender *sender, const struct destination *destination)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = destination->kind == DESTINATION_TCP ? SOCK_STREAM : SOCK_DGRAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *addresses, *address;
	char port[8];
	int err;

	snprintf(port, sizeof(port), "%u", destination->port);
	err = getaddrinfo(destination->host, port, &hints, &addresses);
	if (err)
		return fail_resolve(err, sender->shown);
	for (address = addresses; address && sender->address_count < SENDER_ADDRESSES_MAX;
	     address = address->ai_next) {
		struct sender_address *to = &sender->addresses[sender->address_count++];

		memcpy(&to->storage, address->ai_addr, address->ai_addrlen);
		to->length = address->ai_addrlen;
	}
	freeaddrinfo(addresses);
	return 0;
}

static int set_path(struct sender *sender, const struct destination *destination)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&sender->addresses[0].storage;

	address->sun_family = AF_UNIX;
	/* destination_parse() has checked that it fits. */
	memcpy(address->sun_path, destination->host,
	       strnlen(destination->host, sizeof(address->sun_path) - 1));
	sender->addresses[0].length = sizeof(*address);
	sender->address_count = 1;
	return 0;
}

static char *make_shown(const struct destination *destination)
{
	char name[DESTINATION_NAME_MAX], shown[TEXT_ESCAPED_SIZE(DESTINATION_NAME_MAX)];

	destination_name(name, destination);
	return strdup(text_escape_terminal(shown, sizeof(shown), name));
}

int sender_open(struct sender **result, const struct destination *destination, uint64_t now_ns)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int err = -ENOMEM;

	*result = NULL;
	if (!sender)
		return err;
	sender->fd = -1;
	sender->backoff_ns = SENDER_BACKOFF_MIN_NS;
	sender->transport = find_transport(destination->kind);
	sender->shown = make_shown(destination);
	if (sender->shown)
		err = destination->kind == DESTINATION_UNIX ? set_path(sender, destination)
							    : resolve(sender, destination);
	if (err) {
		sender_close(sender);
		return err;
	}
	err = sender->transport->open(sender, now_ns);
	if (err) {
		log_error("cannot send to the StatsD destination '%s': %s; check --statsd and "
			  "the network",
			  sender->shown, strerror(-err));
		sender_close(sender);
		return err;
	}
	*result = sender;
	return 0;
}

void sender_identify(struct sender *sender, const char *name)
{
	snprintf(sender->name, sizeof(sender->name), "%s", name);
}

void sender_close(struct sender *sender)
{
	if (!sender)
		return;
	if (sender->fd >= 0)
		close(sender->fd);
	sender_queue_release(&sender->queue);
	free(sender->shown);
	free(sender);
}

/* ---- counting --------------------------------------------------------- */

void sender_fail(struct sender *sender, int err, size_t lines)
{
	sender->errors++;
	sender->dropped += lines;
	sender->last_error = err;
}

void sender_disconnect(struct sender *sender, int err, uint64_t now_ns)
{
	const size_t waiting = sender_queue_length(&sender->queue);

	if (sender->fd >= 0)
		close(sender->fd);
	sender->fd = -1;
	sender->connecting = false;
	sender_fail(sender, err, sender_queue_count(&sender->queue, waiting));
	sender_queue_take(&sender->queue, waiting);
	sender->retry_ns = now_ns + sender->backoff_ns;
	sender->backoff_ns *= 2;
	if (sender->backoff_ns > SENDER_BACKOFF_MAX_NS)
		sender->backoff_ns = SENDER_BACKOFF_MAX_NS;
}

static uint64_t faults(const struct sender *sender)
{
	return sender->errors + sender->dropped;
}

/* Warns the user when sending begins to fail. */
static void report_failure(struct sender *sender)
{
	if (faults(sender) > sender->faults_pump && !sender->failing) {
		log_warning("StatsD lines for '%s' are lost: %s; redtap continues; check that "
			    "statsd_exporter listens there",
			    sender->shown, strerror(sender->last_error));
		sender->failing = true;
	}
	sender->faults_pump = faults(sender);
}

/* ---- lines ------------------------------------------------------------ */

void sender_line(void *context, const char *line, size_t length)
{
	struct sender *sender = context;

	if (length > sender->transport->line_max) {
		sender_fail(sender, EMSGSIZE, 1);
		return;
	}
	if (sender->fd < 0) {
		sender->dropped++; /* the failed connection is counted as an error already */
		return;
	}
	if (!sender_queue_put(&sender->queue, line, length, SENDER_QUEUE_MAX)) {
		sender->dropped++;
		sender->last_error = ENOBUFS;
	}
}

uint64_t sender_pump(struct sender *sender, uint64_t now_ns)
{
	const uint64_t due_ns = sender->transport->pump(sender, now_ns);

	report_failure(sender);
	return due_ns;
}

void sender_flush(struct sender *sender, uint64_t now_ns)
{
	sender_pump(sender, now_ns);
	if (sender->failing && sender->fd >= 0 && !sender->connecting &&
	    faults(sender) == sender->faults_flush) {
		log_info("StatsD lines for '%s' are sent again", sender->shown);
		sender->failing = false;
	}
	sender->faults_flush = faults(sender);
}

size_t sender_room(const struct sender *sender)
{
	const size_t waiting = sender_queue_length(&sender->queue);

	return sender->fd >= 0 && waiting < SENDER_AHEAD ? SENDER_AHEAD - waiting : 0;
}

size_t sender_waiting(const struct sender *sender)
{
	return sender_queue_length(&sender->queue);
}

bool sender_is_open(const struct sender *sender)
{
	return sender->fd >= 0;
}

uint64_t sender_taken(const struct sender *sender)
{
	return sender->taken;
}

uint64_t sender_errors(const struct sender *sender)
{
	return sender->errors;
}

uint64_t sender_dropped(const struct sender *sender)
{
	return sender->dropped;
}
