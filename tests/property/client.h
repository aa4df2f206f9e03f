/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * client.h - the other side of server.c: runs the clients' scripts, one thread for each
 * lane.
 *
 * Inputs: seed, numbers of plans, the server's addresses, the channels.
 * Outputs: true, or what went wrong.  It must not know redtap.
 */
#ifndef REDTAP_PROPERTY_CLIENT_H
#define REDTAP_PROPERTY_CLIENT_H

#include <stdbool.h>

#include "lanes.h"
#include "player.h"

struct clients {
	uint64_t seed;
	uint32_t first, count;
	const char *directory;
	char hosts[LANES][16];
	uint16_t ports[LANES];
	char why[LANES][PLAYER_WHY_MAX]; /* empty: no error */
};

/* Makes the channels of all lanes in the directory.  0 or -errno. */
int clients_prepare(const struct clients *clients);

/* Reads the addresses from the server's line.  False if it is another line. */
bool clients_find(struct clients *clients, const char *line);

/* Runs all scripts; false: the `why` of a lane has the reason. */
bool clients_play(struct clients *clients);

/*
 * Waits, at most for so long, until the FIN of every closed socket is acknowledged: a FIN
 * that reaches the server's socket while that is closing is lost, and sent again after
 * 200 ms.  Returns false if one is still not acknowledged.
 */
bool clients_wait_closed(const struct clients *clients, double seconds);

#endif
