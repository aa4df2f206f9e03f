/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bins.h - counts by histogram bin, of which most are never used.
 *
 * Input: bin numbers (histogram.h) and counts.  Output: the counts again.  It must
 * not know what is counted.
 *
 * A full table is seven thousand distributions, each twice (the run, the interval);
 * dense, they would be 80 MB, and the flush in which the table fills would spend its
 * time in page faults.  A distribution lies within a decade or two, so there is
 * memory for 64 bins at a time, from the first of them that counts on.
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
	uint64_t *blocks[BINS_BLOCKS]; /* each owned; NULL: zeros */
};

void bins_release(struct bins *bins);

/* All become zero; the memory is kept. */
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

/* The first one from `bin` on that is not zero; HISTOGRAM_BINS: there is none. */
uint32_t bins_next(const struct bins *bins, uint32_t bin);

/* All that are not zero, ascending. */
#define bins_for_each(bin, bins)                                                                   \
	for ((bin) = bins_next(bins, 0); (bin) < HISTOGRAM_BINS; (bin) = bins_next(bins, (bin) + 1))

/* The sum of those from `begin` on, before `end`. */
uint64_t bins_sum(const struct bins *bins, uint32_t begin, uint32_t end);

/*
 * Counters of the kernel, which only grow, and wrap at 32 bits: adds to *now what
 * there is more of than when they were last read, which is *last, and to *count how
 * much that is in all.  Returns 0 or -ENOMEM; what it did not add then comes with the
 * next reading.
 */
int bins_read(struct bins *now, struct bins *last, const volatile uint32_t *counters,
	      uint64_t *count);

#endif
