/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * resolver.h - the addresses of a destination's host, now and later.
 *
 * Input: a host and a port.  Output: addresses.  It must not know what is sent there.
 *
 * Later lookups run in threads of their own, and nobody waits for them: a name server that
 * does not respond can hold one for minutes.
 */
#ifndef REDTAP_RESOLVER_H
#define REDTAP_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "send/destination.h"

/* More of them are left out. */
#define RESOLVER_ADDRESSES_MAX 8

struct resolver_address {
	struct sockaddr_storage storage;
	socklen_t length;
};

struct resolver_addresses {
	struct resolver_address list[RESOLVER_ADDRESSES_MAX];
	size_t count;
};

bool resolver_address_is_equal(const struct resolver_address *a, const struct resolver_address *b);

/* Waits.  Returns 0 or a result of getaddrinfo(). */
int resolver_now(const struct destination *destination, struct resolver_addresses *addresses);

struct resolver;

/* NULL and errno on failure.  destination: UDP or TCP. */
struct resolver *resolver_open(const struct destination *destination);
/* Leaves a lookup under way to itself.  NULL: nothing. */
void resolver_close(struct resolver *resolver);

/* Begins a lookup, unless one is under way. */
void resolver_ask(struct resolver *resolver);

/* Takes the result of the last lookup; false: none is there, or it failed. */
bool resolver_take(struct resolver *resolver, struct resolver_addresses *addresses);

#endif
