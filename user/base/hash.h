/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hash.h - a hash table that grows: finds an entry by what names it.
 *
 * Inputs: hashes, entries that the caller owns.  Output: the entry again.  It must not
 * know what an entry is.  Entries are never taken out.
 */
#ifndef REDTAP_HASH_H
#define REDTAP_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_slot {
	uint64_t hash;
	void *entry; /* not owned; NULL: free */
};

/* Zeroed: empty. */
struct hash_table {
	struct hash_slot *slots; /* owned */
	size_t room;             /* slots, a power of two; at most half are used */
	size_t count;
};

/* Whether an entry is the one that is wanted. */
typedef bool hash_equal(const void *entry, const void *wanted);

/* The entry, or NULL if there is none. */
void *hash_find(const struct hash_table *table, uint64_t hash, hash_equal *equal,
		const void *wanted);

/* Adds an entry that is not in the table.  Returns 0 or -ENOMEM. */
int hash_add(struct hash_table *table, uint64_t hash, void *entry);

void hash_release(struct hash_table *table);

/* FNV-1a, of bytes behind those hashed so far. */
#define HASH_START 14695981039346656037ULL
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count);

#endif
