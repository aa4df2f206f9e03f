/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * measure.h - arithmetic of distributions.
 *
 * Inputs: distributions, counters of the kernel that wrap.  Outputs: sums.  It
 * must not know where either comes from.
 */
#ifndef REDTAP_MEASURE_H
#define REDTAP_MEASURE_H

#include "flush/flush.h"

/* Frees what it has in memory; it is empty then. */
void measure_release(struct measure *measure);

/* It becomes empty, and keeps its memory for the next interval. */
void measure_clear(struct measure *measure);

/* Adds all of more to sum.  Returns 0 or -ENOMEM. */
int measure_add(struct measure *sum, const struct measure *more);

/*
 * Adds to *now what bins of the kernel, which wrap, hold more than when they were last
 * read: *last.  *count: how many durations these are.  Returns 0 or -ENOMEM.
 */
int measure_read_bins(struct measure *now, struct bins *last, const volatile uint32_t *bins,
		      uint64_t *count);

#endif
