/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series_table.c - see series_table.h.
 */
#include "collect/series_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flush/measure.h"

/* A series with the memory for its route. */
struct entry {
	struct series series; /* first: a pointer to it is one to the entry */
	char route[PATH_MAX_BYTES + 1];
};

/* At least twice as many slots as series. */
static size_t slots_for(size_t room)
{
	size_t slots = 2;

	while (slots < 2 * room)
		slots *= 2;
	return slots;
}

int series_table_init(struct series_table *table, size_t room)
{
	*table = (struct series_table){ .room = room, .slot_mask = slots_for(room) - 1 };
	table->list = calloc(room, sizeof(*table->list));
	table->slots = calloc(table->slot_mask + 1, sizeof(*table->slots));
	if (table->list && table->slots)
		return 0;
	series_table_release(table);
	return -ENOMEM;
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
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

/* FNV-1a */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;

	while (count-- > 0)
		hash = (hash ^ *byte++) * 1099511628211ULL;
	return hash;
}

static uint64_t hash_series(const struct series *series)
{
	const uint16_t status = series->status, error = series->error;
	uint64_t hash = 14695981039346656037ULL;

	/* service, method and address are the only copies of their texts */
	hash = hash_bytes(hash, &series->service, sizeof(series->service));
	hash = hash_bytes(hash, &series->method, sizeof(series->method));
	hash = hash_bytes(hash, &series->server_address, sizeof(series->server_address));
	hash = hash_bytes(hash, &status, sizeof(status));
	hash = hash_bytes(hash, &error, sizeof(error));
	return hash_bytes(hash, series->route, strlen(series->route));
}

static bool series_equal(const struct series *a, const struct series *b)
{
	return a->service == b->service && a->method == b->method &&
	       a->server_address == b->server_address && a->status == b->status &&
	       a->error == b->error && strcmp(a->route, b->route) == 0;
}

struct series *series_table_get(struct series_table *table, const struct series *wanted)
{
	size_t slot = hash_series(wanted) & table->slot_mask;
	struct entry *entry;

	for (; table->slots[slot]; slot = (slot + 1) & table->slot_mask)
		if (series_equal(table->list[table->slots[slot] - 1], wanted))
			return table->list[table->slots[slot] - 1];
	if (table->count == table->room)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	snprintf(entry->route, sizeof(entry->route), "%s", wanted->route);
	entry->series.id = table->count;
	entry->series.service = wanted->service;
	entry->series.method = wanted->method;
	entry->series.server_address = wanted->server_address;
	entry->series.route = entry->route;
	entry->series.status = wanted->status;
	entry->series.error = wanted->error;
	table->list[table->count++] = &entry->series;
	table->slots[slot] = table->count;
	return &entry->series;
}
