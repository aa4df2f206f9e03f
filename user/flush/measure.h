/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * measure.h - arithmetic of distributions.
 *
 * Inputs: distributions, counters of the kernel that wrap.  Outputs: sums, quantiles.  It
 * must not know where they come from or who shows them.
 */
#ifndef REDTAP_MEASURE_H
#define REDTAP_MEASURE_H

#include "flush/flush.h"

/* Frees its memory and empties it. */
void measure_release(struct measure *measure);

/* Empties it and keeps its memory for the next interval. */
void measure_clear(struct measure *measure);

/* Adds all of more to sum.  Returns 0 or -ENOMEM. */
int measure_add(struct measure *sum, const struct measure *more);

/*
 * bins_read() into a distribution; *count: how many durations are new.  Returns 0 or
 * -ENOMEM.
 */
int measure_read_bins(struct measure *now, struct bins *last, const volatile uint32_t *bins,
		      uint64_t *count);

/* Seconds on average; -1: of nothing. */
double measure_mean(uint64_t sum_ns, uint64_t count);

/*
 * The q-quantile of a distribution in seconds, -1: empty.  q: 0..1.
 * It is the middle of the bin that holds the quantile: off by half a bin at most, 5 %.
 * (Interpolating within the bin could be 10 % off: where in it the values lie is not known.)
 */
double measure_quantile(const struct measure *measure, double q);
/* Upper edge of the highest bin in use, seconds; -1: empty. */
double measure_max(const struct measure *measure);

#endif
