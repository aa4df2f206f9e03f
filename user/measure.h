/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * measure.h - arithmetic of distributions.
 *
 * Inputs: distributions, counters of the kernel that wrap.  Outputs: sums.  It
 * must not know where either comes from.
 */
#ifndef REDTAP_MEASURE_H
#define REDTAP_MEASURE_H

#include "flush.h"

/* Adds all of more to sum. */
void measure_add(struct measure *sum, const struct measure *more);

/*
 * Adds to *now what bins of the kernel, which wrap, hold more than when they
 * were last read: *last.  Returns the number of durations.
 */
uint64_t measure_read_bins(struct measure *now, uint32_t *last, const volatile uint32_t *bins);

#endif
