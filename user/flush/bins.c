// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bins.c - see bins.h.
 */
#include "flush/bins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (BINS_BLOCK * sizeof(uint64_t))

void bins_release(struct bins *bins)
{
	size_t i;

	for (i = 0; i < BINS_BLOCKS; i++) {
		free(bins->blocks[i]);
		bins->blocks[i] = NULL;
	}
}

void bins_clear(struct bins *bins)
{
	size_t i;

	for (i = 0; i < BINS_BLOCKS; i++)
		if (bins->blocks[i])
			memset(bins->blocks[i], 0, BLOCK_BYTES);
}

/* NULL: out of memory. */
static uint64_t *get_block(struct bins *bins, size_t i)
{
	if (!bins->blocks[i])
		bins->blocks[i] = calloc(1, BLOCK_BYTES);
	return bins->blocks[i];
}

int bins_add(struct bins *bins, uint32_t bin, uint64_t count)
{
	uint64_t *block = get_block(bins, bin / BINS_BLOCK);

	if (!block)
		return -ENOMEM;
	block[bin % BINS_BLOCK] += count;
	return 0;
}

int bins_add_all(struct bins *sum, const struct bins *more)
{
	size_t i, j;

	for (i = 0; i < BINS_BLOCKS; i++) {
		uint64_t *block;

		if (!more->blocks[i])
			continue;
		block = get_block(sum, i);
		if (!block)
			return -ENOMEM;
		for (j = 0; j < BINS_BLOCK; j++)
			block[j] += more->blocks[i][j];
	}
	return 0;
}

uint32_t bins_next(const struct bins *bins, uint32_t bin)
{
	while (bin < HISTOGRAM_BINS) {
		const uint64_t *block = bins->blocks[bin / BINS_BLOCK];

		if (!block)
			bin = (bin / BINS_BLOCK + 1) * BINS_BLOCK;
		else if (block[bin % BINS_BLOCK])
			return bin;
		else
			bin++;
	}
	return HISTOGRAM_BINS;
}

uint64_t bins_sum(const struct bins *bins, uint32_t begin, uint32_t end)
{
	uint64_t sum = 0;

	for (begin = bins_next(bins, begin); begin < end; begin = bins_next(bins, begin + 1))
		sum += bins_get(bins, begin);
	return sum;
}

/* One block: the bins from `begin` on, before `end`. */
static int read_block(struct bins *now, struct bins *last, const volatile uint32_t *counters,
		      uint32_t begin, uint32_t end, uint64_t *count)
{
	uint32_t bin;

	for (bin = begin; bin < end; bin++) {
		const uint32_t counter = counters[bin], before = (uint32_t)bins_get(last, bin);
		const uint32_t more = counter - before;

		if (more == 0)
			continue;
		if (!get_block(last, begin / BINS_BLOCK) || bins_add(now, bin, more))
			return -ENOMEM;
		last->blocks[begin / BINS_BLOCK][bin % BINS_BLOCK] = counter;
		*count += more;
	}
	return 0;
}

int bins_read(struct bins *now, struct bins *last, const volatile uint32_t *counters,
	      uint64_t *count)
{
	uint32_t begin;
	int err = 0;

	for (begin = 0; begin < HISTOGRAM_BINS && !err; begin += BINS_BLOCK) {
		const uint32_t end = begin + BINS_BLOCK;

		err = read_block(now, last, counters, begin,
				 end < HISTOGRAM_BINS ? end : HISTOGRAM_BINS, count);
	}
	return err;
}
