/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bins.h - counts per histogram bin, stored sparsely.
 *
 * Input: bin numbers (histogram.h) and counts.  Output: the counts again.  It must
 * not know what is counted.
 *
 * A full table has seven thousand distributions, each twice (the run, the interval).
 * Stored densely they would take 80 MB, and page faults would slow the flush in which the
 * table fills.  A distribution covers a decade or two, so memory is allocated in blocks of
 * 64 bins, when the first of them counts.
 */
#ifndef REDTAP_BINS_H
#define REDTAP_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

#define BINS_BLOCK 64
#define BINS_BLOCKS ((HISTOGRAM_BINS + BINS_BLOCK - 1) / BINS_BLOCK)

/* Zeroed: empty. */
struct bins {
	uint64_t *blocks[BINS_BLOCKS]; /* each owned; NULL: all zero */
};

void bins_release(struct bins *bins);

/* Sets all to zero and keeps the memory. */
void bins_clear(struct bins *bins);

/* Returns 0 or -ENOMEM. */
int bins_add(struct bins *bins, uint32_t bin, uint64_t count);
int bins_add_all(struct bins *sum, const struct bins *more);

/* The count of one bin, below HISTOGRAM_BINS. */
static inline uint64_t bins_get(const struct bins *bins, uint32_t bin)
{
	const uint64_t *block = bins->blocks[bin / BINS_BLOCK];

	return block ? block[bin % BINS_BLOCK] : 0;
}

/* The first bin from `bin` on that is not zero; HISTOGRAM_BINS if there is none. */
uint32_t bins_next(const struct bins *bins, uint32_t bin);

/* Each bin that is not zero, ascending. */
#define bins_for_each(bin, bins)                                                                   \
	for ((bin) = bins_next(bins, 0); (bin) < HISTOGRAM_BINS; (bin) = bins_next(bins, (bin) + 1))

/* The sum of the bins from `begin` on, before `end`. */
uint64_t bins_sum(const struct bins *bins, uint32_t begin, uint32_t end);

/*
 * Reads counters of the kernel, which only grow and wrap at 32 bits.  Adds to *now how much
 * each has grown since the last reading, *last, and to *count the sum of that.  Returns 0
 * or -ENOMEM; what was not added then is added by the next reading.
 */
int bins_read(struct bins *now, struct bins *last, const volatile uint32_t *counters,
	      uint64_t *count);

#endif
