/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hash.c - see hash.h.
 *
 * Open addressing: an entry stands in the first free slot behind the one of its hash.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

void *hash_find(const struct hash_table *table, uint64_t hash, hash_equal *equal,
		const void *wanted)
{
	const size_t mask = table->room - 1;
	size_t i;

	for (i = hash & mask; table->room && table->slots[i].entry; i = (i + 1) & mask)
		if (table->slots[i].hash == hash && equal(table->slots[i].entry, wanted))
			return table->slots[i].entry;
	return NULL;
}

static void put(struct hash_table *table, uint64_t hash, void *entry)
{
	const size_t mask = table->room - 1;
	size_t i = hash & mask;

	while (table->slots[i].entry)
		i = (i + 1) & mask;
	table->slots[i] = (struct hash_slot){ hash, entry };
	table->count++;
}

int hash_add(struct hash_table *table, uint64_t hash, void *entry)
{
	struct hash_table larger = { .room = table->room ? 2 * table->room : ROOM_FIRST };
	size_t i;

	if (2 * (table->count + 1) > table->room) {
		larger.slots = calloc(larger.room, sizeof(*larger.slots));
		if (!larger.slots)
			return -ENOMEM;
		for (i = 0; i < table->room; i++)
			if (table->slots[i].entry)
				put(&larger, table->slots[i].hash, table->slots[i].entry);
		free(table->slots);
		*table = larger;
	}
	put(table, hash, entry);
	return 0;
}

void hash_release(struct hash_table *table)
{
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;

	while (count-- > 0)
		hash = (hash ^ *byte++) * 1099511628211ULL;
	return hash;
}
