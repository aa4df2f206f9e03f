/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series_table.h - the exported series, found by what names them: service,
 * method, route, status and error.
 *
 * Inputs: names.  Outputs: struct series, each of them once.  It must not know
 * maps or where numbers come from.
 */
#ifndef REDTAP_SERIES_TABLE_H
#define REDTAP_SERIES_TABLE_H

#include "flush/flush.h"

struct series_table {
	struct series **list; /* each owned; in the order of their ids, from 0 on */
	size_t count;
	size_t room;
	uint32_t *slots;  /* hash table: id + 1, 0: free */
	size_t slot_mask; /* number of slots, a power of two, less 1 */
};

/* room: most series that are ever added, at least 1.  Returns 0 or -ENOMEM. */
int series_table_init(struct series_table *table, size_t room);
void series_table_release(struct series_table *table);

/*
 * The series with the names of *wanted, made (and its route copied) if there is
 * none.  Service and method are compared by address: there is one copy of each.
 * Returns NULL when out of memory or room.
 */
struct series *series_table_get(struct series_table *table, const struct series *wanted);

#endif
