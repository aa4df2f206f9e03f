/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * histogram.h - bin index and bin bounds of the decimal log-linear histogram.
 *
 * Inputs: a duration or a bin.  Outputs: a bin or its bounds.  Pure; compiled for BPF
 * and user space; abi.h has the layout.  Bins are (low, high], as the `le` of Prometheus
 * is inclusive: so every `le` with at most two significant digits is the upper edge of a
 * bin, and its cumulative count is exact.  It must not know maps or series.
 */
#ifndef REDTAP_HISTOGRAM_H
#define REDTAP_HISTOGRAM_H

#include "abi/abi.h"

#define HISTOGRAM_LOWEST_NS 1000ULL          /* upper edge of the underflow bin: 1 us */
#define HISTOGRAM_HIGHEST_NS 100000000000ULL /* upper edge of the last bin: 100 s */
#define HISTOGRAM_OVERFLOW (HISTOGRAM_BINS - 1)

/* Returns the bin of a duration in nanoseconds: 0 .. HISTOGRAM_BINS - 1. */
static __always_inline __u32 histogram_bin(__u64 duration_ns)
{
	__u64 unit = HISTOGRAM_LOWEST_NS / 10; /* a tenth of the decade's lower edge */
	__u32 decade = 0;

	if (duration_ns <= HISTOGRAM_LOWEST_NS)
		return 0;
	if (duration_ns > HISTOGRAM_HIGHEST_NS)
		return HISTOGRAM_OVERFLOW;
	if (duration_ns > 10000 * 1000ULL) {
		unit *= 10000;
		decade += 4;
	}
	if (duration_ns > unit * 1000) {
		unit *= 100;
		decade += 2;
	}
	if (duration_ns > unit * 100) {
		unit *= 10;
		decade += 1;
	}
	/* tenths, rounded up: 11 .. 100 */
	return 1 + decade * HISTOGRAM_BINS_PER_DECADE + (__u32)((duration_ns + unit - 1) / unit) -
	       11;
}

/* Bounds are used in user space only; inline, so they cost nothing in BPF. */

/*
 * Upper edge of a bin in nanoseconds, inclusive; UINT64_MAX for the overflow
 * bin.  bin: 0 .. HISTOGRAM_BINS - 1.
 */
static inline __u64 histogram_upper_ns(__u32 bin)
{
	__u64 unit = HISTOGRAM_LOWEST_NS / 10;
	__u32 decade;

	if (bin == 0)
		return HISTOGRAM_LOWEST_NS;
	if (bin >= HISTOGRAM_OVERFLOW)
		return UINT64_MAX;
	for (decade = (bin - 1) / HISTOGRAM_BINS_PER_DECADE; decade > 0; decade--)
		unit *= 10;
	return unit * (11 + (bin - 1) % HISTOGRAM_BINS_PER_DECADE);
}

/* Lower edge of a bin in nanoseconds, exclusive; 0 for the underflow bin. */
static inline __u64 histogram_lower_ns(__u32 bin)
{
	if (bin == 0)
		return 0;
	return histogram_upper_ns(bin - 1);
}

#endif
