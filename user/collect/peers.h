/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * peers.h - the servers that targets talk to: what the kernel's numbers stand for.
 *
 * Input: the kernel's addresses.  Output: addresses as text.  It must not know series.
 */
#ifndef REDTAP_PEERS_H
#define REDTAP_PEERS_H

#include <stdint.h>

#include "kernel/loader.h"

/* All zero: none known yet. */
struct peers {
	char *addresses[PEERS_MAX + 1]; /* by number; NULL: not read yet */
};

/*
 * The server of a series key, always the same pointer for the same one: "192.0.2.1",
 * "2001:db8::1" (RFC 5952), "other" where the kernel had no number left.  NULL for 0:
 * the series is of requests that the service answered.  "other" as well while there is no
 * memory.
 */
const char *peers_address(struct peers *peers, const struct loader *loader, uint8_t number);
void peers_release(struct peers *peers);

#endif
