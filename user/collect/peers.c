/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * peers.c - see peers.h.
 */
#include "collect/peers.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* IPv4-mapped: RFC 4291, section 2.5.5.2 */
static char *format_address(const struct peer_key *key)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *bytes = (const uint8_t *)key->address;
	char text[INET6_ADDRSTRLEN];

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, bytes + sizeof(mapped), text, sizeof(text));
	else
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return strdup(text);
}

const char *peers_address(struct peers *peers, const struct loader *loader, uint8_t number)
{
	if (number == 0)
		return NULL;
	if (number > PEERS_MAX)
		return "other";
	/* the kernel stores an address before the first request with its number */
	if (!peers->addresses[number])
		peers->addresses[number] = format_address(loader_peer(loader, number));
	return peers->addresses[number] ? peers->addresses[number] : "other";
}

void peers_release(struct peers *peers)
{
	size_t i;

	for (i = 0; i <= PEERS_MAX; i++)
		free(peers->addresses[i]);
	memset(peers, 0, sizeof(*peers));
}
