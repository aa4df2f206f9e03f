/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * peers.h - the servers that targets send requests to: addresses by the kernel's numbers.
 *
 * Input: the kernel's addresses.  Output: addresses as text.  It must not know series.
 */
#ifndef REDTAP_PEERS_H
#define REDTAP_PEERS_H

#include <stdint.h>

#include "kernel/loader.h"

/* Zeroed: empty. */
struct peers {
	char *addresses[PEERS_MAX + 1]; /* by number; NULL: not read yet */
};

/*
 * The server in a series key, always the same pointer for the same server: "192.0.2.1",
 * "2001:db8::1" (RFC 5952); "other" if the kernel had no number left, or if there is no memory.
 * NULL for number 0: requests that the service received.
 */
const char *peers_address(struct peers *peers, const struct loader *loader, uint8_t number);
void peers_release(struct peers *peers);

#endif
