/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_series_key.c - keys of series: equal for equal paths, whatever follows these in
 * memory; different if any byte differs; spread evenly over the places.
 */
#include "unit.h"

#include <stdlib.h>

#include "abi/series_key.h"

#define SEED 0x0123456789abcdefULL

/* A key; the memory after the last word of its path is filled with `rest`. */
static struct series_key key_of(const char *path, uint8_t rest)
{
	const size_t length = strlen(path);
	struct series_key key = { .service = 3, .status = 200, .method = METHOD_GET };

	key.path_length = length;
	memset(key.path, rest, sizeof(key.path));
	memset(key.path, 0, (length + 7) / 8 * 8);
	memcpy(key.path, path, length);
	return key;
}

/* A path of this length. */
static const char *path_of(size_t length)
{
	static char path[PATH_MAX_BYTES + 1];

	memset(path, 'a', length);
	path[0] = '/';
	path[length] = '\0';
	return path;
}

static void test_rest(void **state)
{
	size_t length;

	(void)state;
	for (length = 1; length <= PATH_MAX_BYTES; length++) {
		const struct series_key one = key_of(path_of(length), 0);
		const struct series_key other = key_of(path_of(length), 0xa5);
		struct series_key copy;

		assert_true(series_key_same(&one, &other));
		assert_true(series_key_same(&other, &one));
		assert_int_equal(series_key_hash(&one, SEED), series_key_hash(&other, SEED));
		memset(&copy, 0x5a, sizeof(copy));
		series_key_copy(&copy, &other);
		assert_memory_equal(&copy, &one, sizeof(copy));
	}
}

static void test_every_byte(void **state)
{
	size_t length, at, bit;

	(void)state;
	for (length = 1; length <= PATH_MAX_BYTES; length++) {
		const struct series_key one = key_of(path_of(length), 0);

		for (at = 0; at < SERIES_KEY_HEAD + length; at++) {
			for (bit = 0; bit < 8; bit++) {
				struct series_key other = one;

				((uint8_t *)&other)[at] ^= 1U << bit;
				/* another length means other words */
				if (other.path_length > PATH_MAX_BYTES)
					continue;
				assert_false(series_key_same(&one, &other));
				assert_false(series_key_same(&other, &one));
				assert_int_not_equal(series_key_hash(&one, SEED),
						     series_key_hash(&other, SEED));
			}
		}
	}
}

/* A path differs from its own beginning. */
static void test_beginnings(void **state)
{
	size_t length;

	(void)state;
	for (length = 1; length < PATH_MAX_BYTES; length++) {
		const struct series_key one = key_of(path_of(length), 0);
		const struct series_key other = key_of(path_of(length + 1), 0);

		assert_false(series_key_same(&one, &other));
		assert_int_not_equal(series_key_hash(&one, SEED), series_key_hash(&other, SEED));
	}
}

static int compare_hashes(const void *one, const void *other)
{
	const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

#define SPREAD 200000

/* Different paths have different hashes, also in the lower half of the bits. */
static void test_spread(void **state)
{
	uint64_t *hashes = calloc(SPREAD, sizeof(*hashes));
	size_t i, same = 0, same_low = 0;
	char path[32];

	(void)state;
	assert_non_null(hashes);
	for (i = 0; i < SPREAD; i++) {
		struct series_key key;

		snprintf(path, sizeof(path), "/item/%zx/%zu", i * 2654435761U % 4294967291U, i);
		key = key_of(path, 0);
		hashes[i] = series_key_hash(&key, SEED);
	}
	qsort(hashes, SPREAD, sizeof(*hashes), compare_hashes);
	for (i = 1; i < SPREAD; i++)
		same += hashes[i] == hashes[i - 1];
	for (i = 0; i < SPREAD; i++)
		hashes[i] = (uint32_t)hashes[i];
	qsort(hashes, SPREAD, sizeof(*hashes), compare_hashes);
	for (i = 1; i < SPREAD; i++)
		same_low += hashes[i] == hashes[i - 1];
	free(hashes);
	assert_int_equal(same, 0);
	/* expected by chance: 200,000^2 / 2 / 2^32 = 4.7 */
	assert_in_range(same_low, 0, 30);
}

/* Which keys collide depends on the seed. */
static void test_seed(void **state)
{
	const struct series_key key = key_of("/", 0);
	uint64_t seed, last = series_key_hash(&key, 0);

	(void)state;
	for (seed = 1; seed < 1000; seed++) {
		const uint64_t hash = series_key_hash(&key, seed);

		assert_int_not_equal(hash, last);
		last = hash;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest),       cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_beginnings), cmocka_unit_test(test_spread),
		cmocka_unit_test(test_seed),
	};

	return cmocka_run_group_tests_name("series_key", tests, NULL, NULL);
}
