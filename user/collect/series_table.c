/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series_table.c - see series_table.h.
 */
#include "collect/series_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "flush/measure.h"

/* A series with the memory for its route. */
struct entry {
	struct series series; /* first: a pointer to it is one to the entry */
	char route[PATH_MAX_BYTES + 1];
};

void series_table_init(struct series_table *table, size_t most)
{
	*table = (struct series_table){ .most = most };
}

void series_table_release(struct series_table *table)
{
	while (table->count > 0) {
		struct series *series = table->list[--table->count];

		measure_release(&series->now);
		measure_release(&series->total);
		free(series);
	}
	free(table->list);
	hash_release(&table->names);
	memset(table, 0, sizeof(*table));
}

static uint64_t hash_series(const struct series *series)
{
	const uint16_t status = series->status, error = series->error;
	uint64_t hash = HASH_START;

	/* of service, method and address there is one copy of each text */
	hash = hash_bytes(hash, &series->service, sizeof(series->service));
	hash = hash_bytes(hash, &series->method, sizeof(series->method));
	hash = hash_bytes(hash, &series->server_address, sizeof(series->server_address));
	hash = hash_bytes(hash, &status, sizeof(status));
	hash = hash_bytes(hash, &error, sizeof(error));
	return hash_bytes(hash, series->route, strlen(series->route));
}

/* A hash_equal. */
static bool series_equal(const void *entry, const void *wanted)
{
	const struct series *a = entry, *b = wanted;

	return a->service == b->service && a->method == b->method &&
	       a->server_address == b->server_address && a->status == b->status &&
	       a->error == b->error && strcmp(a->route, b->route) == 0;
}

struct series *series_table_get(struct series_table *table, const struct series *wanted)
{
	const uint64_t hash = hash_series(wanted);
	struct series *found = hash_find(&table->names, hash, series_equal, wanted);
	struct entry *entry;

	if (found || table->count == table->most)
		return found;
	entry = calloc(1, sizeof(*entry));
	if (!entry || GROW(table->list, table->room, table->count + 1) ||
	    hash_add(&table->names, hash, entry)) {
		free(entry);
		return NULL;
	}
	snprintf(entry->route, sizeof(entry->route), "%s", wanted->route);
	entry->series.id = table->count;
	entry->series.service = wanted->service;
	entry->series.method = wanted->method;
	entry->series.server_address = wanted->server_address;
	entry->series.route = entry->route;
	entry->series.status = wanted->status;
	entry->series.error = wanted->error;
	table->list[table->count++] = &entry->series;
	return &entry->series;
}
