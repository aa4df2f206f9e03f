/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * resolver.c - see send/resolver.h.
 */
#include "send/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

/* Shared with the lookup that is under way; the last of the two frees it. */
struct resolver {
	struct destination destination;
	pthread_mutex_t lock; /* of all that follows */
	struct resolver_addresses found;
	bool is_found;
	bool busy; /* a lookup is under way */
	bool closed;
};

bool resolver_address_is_equal(const struct resolver_address *a, const struct resolver_address *b)
{
	return a->length == b->length && memcmp(&a->storage, &b->storage, a->length) == 0;
}

int resolver_now(const struct destination *destination, struct resolver_addresses *addresses)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = destination->kind == DESTINATION_TCP ? SOCK_STREAM : SOCK_DGRAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *all, *one;
	char port[8];
	int result;

	memset(addresses, 0, sizeof(*addresses));
	snprintf(port, sizeof(port), "%u", destination->port);
	result = getaddrinfo(destination->host, port, &hints, &all);
	if (result)
		return result;
	for (one = all; one && addresses->count < RESOLVER_ADDRESSES_MAX; one = one->ai_next) {
		struct resolver_address *to = &addresses->list[addresses->count++];

		memcpy(&to->storage, one->ai_addr, one->ai_addrlen);
		to->length = one->ai_addrlen;
	}
	freeaddrinfo(all);
	return 0;
}

struct resolver *resolver_open(const struct destination *destination)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return NULL;
	resolver->destination = *destination;
	pthread_mutex_init(&resolver->lock, NULL);
	return resolver;
}

/* Gives up the lock; frees the resolver if nobody needs it any more. */
static void leave(struct resolver *resolver)
{
	const bool over = resolver->closed && !resolver->busy;

	pthread_mutex_unlock(&resolver->lock);
	if (!over)
		return;
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

void resolver_close(struct resolver *resolver)
{
	if (!resolver)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->closed = true;
	leave(resolver);
}

static void *look_up(void *context)
{
	struct resolver *resolver = context;
	struct resolver_addresses found;
	const int result = resolver_now(&resolver->destination, &found);

	pthread_mutex_lock(&resolver->lock);
	resolver->is_found = result == 0;
	if (result == 0)
		resolver->found = found;
	resolver->busy = false;
	leave(resolver);
	return NULL;
}

void resolver_ask(struct resolver *resolver)
{
	pthread_t thread;

	pthread_mutex_lock(&resolver->lock);
	if (!resolver->busy && thread_start(&thread, look_up, resolver) == 0) {
		pthread_detach(thread);
		resolver->busy = true;
	}
	leave(resolver);
}

bool resolver_take(struct resolver *resolver, struct resolver_addresses *addresses)
{
	bool is_found;

	pthread_mutex_lock(&resolver->lock);
	is_found = resolver->is_found;
	if (is_found)
		*addresses = resolver->found;
	resolver->is_found = false;
	leave(resolver);
	return is_found;
}
