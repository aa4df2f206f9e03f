/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * phase_table.h - the exported phases, found by service and route.
 *
 * Inputs: names, durations of the interval.  Outputs: struct phase_series, one for each name.
 * It must not know maps or where numbers come from.
 */
#ifndef REDTAP_PHASE_TABLE_H
#define REDTAP_PHASE_TABLE_H

#include "base/hash.h"
#include "flush/flush.h"

/* The phases of one service and route; owned by the table. */
struct route_phases {
	struct phase_series *phases[REQUEST_PHASE_COUNT]; /* NULL: not measured */
	const char *service;
	char *route; /* NULL: none */
};

/* Zeroed: empty. */
struct phase_table {
	struct phase_series **list; /* each owned; in the order of their ids, from 0 on */
	size_t count, room;
	size_t shown;            /* of these, in an earlier flush */
	struct hash_table names; /* of struct route_phases, which it owns */
};

void phase_table_release(struct phase_table *table);

/*
 * Finds or makes the phases of a service (compared by address: there is one copy of each) and
 * a route (copied; NULL: none).  wanted: bits 1 << enum request_phase.  Returns NULL if out
 * of memory.
 */
struct route_phases *phase_table_get(struct phase_table *table, const char *service,
				     const char *route, uint32_t wanted);

/* Begins an interval: clears every `now`. */
void phase_table_begin(struct phase_table *table);
/* Ends it: adds every `now` to its total.  Returns 0 or -ENOMEM. */
int phase_table_end(struct phase_table *table);

#endif
