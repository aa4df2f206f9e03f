/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series_table.h - the exported series, found by service, server, method, route, status and
 * error.
 *
 * Inputs: names.  Outputs: struct series, one for each name.  It must not know maps or where
 * numbers come from.
 */
#ifndef REDTAP_SERIES_TABLE_H
#define REDTAP_SERIES_TABLE_H

#include "base/hash.h"
#include "flush/flush.h"

struct series_table {
	struct series **list; /* each owned; in the order of their ids, from 0 on */
	size_t count, room;
	size_t most;             /* limit of count */
	struct hash_table names; /* of the same */
};

void series_table_init(struct series_table *table, size_t most);
void series_table_release(struct series_table *table);

/*
 * Finds or makes the series with the names of *wanted; its route is copied.  Service, method
 * and server are compared by address: there is one copy of each.  Returns NULL if out of
 * memory or beyond the limit.
 */
struct series *series_table_get(struct series_table *table, const struct series *wanted);

#endif
