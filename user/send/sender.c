/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender.c - see sender.h: the destination, the queue, the counting and the
 * messages.
 */
#include "send/sender.h"

#include <arpa/inet.h>
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
	unsigned char numeric[sizeof(struct in6_addr)];
	const int result = resolver_now(destination, &sender->addresses);

	if (result)
		return fail_resolve(result, sender->shown);
	if (inet_pton(AF_INET, destination->host, numeric) == 1 ||
	    inet_pton(AF_INET6, destination->host, numeric) == 1)
		return 0;
	sender->resolver = resolver_open(destination);
	return sender->resolver ? 0 : -ENOMEM;
}

static int set_path(struct sender *sender, const struct destination *destination)
{
	struct resolver_address *first = &sender->addresses.list[0];
	struct sockaddr_un *address = (struct sockaddr_un *)&first->storage;

	address->sun_family = AF_UNIX;
	/* destination_parse() has checked that it fits. */
	memcpy(address->sun_path, destination->host,
	       strnlen(destination->host, sizeof(address->sun_path) - 1));
	first->length = sizeof(*address);
	sender->addresses.count = 1;
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
	sender->lookup_ns = now_ns;
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
	resolver_close(sender->resolver);
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

static bool is_in_use(const struct sender *sender)
{
	size_t i;

	for (i = 0; i < sender->addresses.count; i++)
		if (resolver_address_is_equal(&sender->address, &sender->addresses.list[i]))
			return true;
	return false;
}

/* Looks up the host again, and takes what a lookup has found. */
static void follow_host(struct sender *sender, uint64_t now_ns)
{
	const uint64_t soon_ns = faults(sender) > sender->lookup_faults ? SENDER_LOOKUP_SOON_NS
									: SENDER_LOOKUP_NS;

	if (now_ns >= sender->lookup_ns + soon_ns) {
		sender->lookup_ns = now_ns;
		sender->lookup_faults = faults(sender);
		resolver_ask(sender->resolver);
	}
	if (!resolver_take(sender->resolver, &sender->addresses))
		return;
	sender->next_address = 0;
	if (sender->transport->move && !is_in_use(sender))
		sender->transport->move(sender);
}

uint64_t sender_pump(struct sender *sender, uint64_t now_ns)
{
	const uint64_t taken = sender->taken, faults_before = faults(sender);
	uint64_t due_ns;

	if (sender->resolver)
		follow_host(sender, now_ns);
	due_ns = sender->transport->pump(sender, now_ns);
	if (sender->taken > taken && faults(sender) == faults_before)
		sender->sent_ns = now_ns;
	report_failure(sender);
	return due_ns;
}

/* Whether what failed is known to work again. */
static bool is_taken_again(struct sender *sender, uint64_t now_ns)
{
	if (faults(sender) != sender->faults_flush || sender->fd < 0 || sender->connecting) {
		sender->clean_ns = 0;
		return false;
	}
	if (sender->clean_ns == 0)
		sender->clean_ns = now_ns;
	return now_ns - sender->clean_ns >= sender->transport->late_ns;
}

void sender_flush(struct sender *sender, uint64_t now_ns)
{
	sender_pump(sender, now_ns);
	if (is_taken_again(sender, now_ns) && sender->failing) {
		log_info("StatsD lines for '%s' are taken again", sender->shown);
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

uint64_t sender_moves(const struct sender *sender)
{
	return sender->moves;
}

uint64_t sender_sent_ns(const struct sender *sender)
{
	return sender->sent_ns;
}
