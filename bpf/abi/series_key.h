/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series_key.h - keys of series: their places in a hash table, and comparison.
 *
 * Inputs: keys whose path is padded with zeros to a whole word; later bytes are not read.
 * Outputs: places in the table.  Pure; compiled for BPF and the unit tests.  It must not
 * know the table.
 *
 * A kernel hash map hashes and compares the whole key, with room for the longest path:
 * slow for short paths.  So the map's key is a hash of the used bytes, and the value has
 * the full key.  If two series have the same hash, the full keys differ and the second
 * series uses the next place.
 */
#ifndef REDTAP_SERIES_KEY_H
#define REDTAP_SERIES_KEY_H

#include "abi/abi.h"

/* Places where a key may be stored. */
#define SERIES_PLACES 4

/* Number of used words of the path. */
static __always_inline __u32 series_key_words(const struct series_key *key)
{
	return (*(const volatile __u8 *)&key->path_length + 7) / 8;
}

/* All fields before the path are one word. */
#define SERIES_KEY_HEAD 8
REDTAP_STATIC_ASSERT(__builtin_offsetof(struct series_key, path) == SERIES_KEY_HEAD,
		     "the key's head is one word");

static __always_inline __u64 series_hash_word(__u64 hash, __u64 word)
{
	word *= 0x9e3779b97f4a7c15ULL;
	hash = (hash ^ word ^ word >> 32) * 0xd6e8feb86659fd93ULL;
	return hash ^ hash >> 32;
}

/* head: what of the rest of the key belongs to it. */
static __always_inline __u64 series_path_hash(const struct series_key *key, __u64 head, __u64 seed)
{
	__u64 hash = series_hash_word(seed, head);
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++) {
		if (i >= series_key_words(key))
			break;
		hash = series_hash_word(hash, word_load(key->path + i * 8));
	}
	return hash;
}

/* The first place of a key.  seed: a secret, or paths could be made that meet. */
static __always_inline __u64 series_key_hash(const struct series_key *key, __u64 seed)
{
	__u64 hash;

#ifdef REDTAP_SERIES_MEET /* for tests: the same series meet in each run */
	seed = 0;
#endif
	hash = series_path_hash(key, word_load(key), seed);
#ifdef REDTAP_SERIES_MEET /* so many first places, with no place in common behind them */
	hash = hash % REDTAP_SERIES_MEET * SERIES_PLACES;
#endif
	return hash;
}

/* The same for all methods and statuses of a route. */
static __always_inline __u64 series_route_hash(const struct series_key *key, __u64 seed)
{
	const __u64 head = (__u64)key->service << 16 | key->peer << 8 | key->path_length;

	return series_path_hash(key, head, ~seed);
}

/* The place behind this one. */
static __always_inline __u64 series_place_next(__u64 place)
{
	return place + 1;
}

static __always_inline bool series_key_same(const struct series_key *one,
					    const struct series_key *other)
{
	__u32 i;

	if (word_load(one) != word_load(other))
		return false;
	for (i = 0; i < PATH_MAX_BYTES / 8; i++) {
		if (i >= series_key_words(other)) /* both have this length */
			break;
		if (word_load(one->path + i * 8) != word_load(other->path + i * 8))
			return false;
	}
	return true;
}

/* Copies a key; the bytes after its path become zero. */
static __always_inline void series_key_copy(struct series_key *to, const struct series_key *from)
{
	__u32 i;

	word_store(to, word_load(from));
	for (i = 0; i < PATH_MAX_BYTES / 8; i++)
		word_store(to->path + i * 8,
			   i < series_key_words(from) ? word_load(from->path + i * 8) : 0);
}

#endif
