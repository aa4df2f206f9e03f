/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * histogram.h - bin index and bin bounds of the decimal log-linear histogram.
 *
 * Pure arithmetic for both worlds.  abi.h has the layout.  Bins are (low,
 * high], as the `le` of Prometheus is inclusive, so that every `le` with at
 * most two significant digits is the upper edge of a bin and its cumulative
 * count is exact.  It must not know maps or series.
 */
#ifndef REDTAP_HISTOGRAM_H
#define REDTAP_HISTOGRAM_H

#include "abi/abi.h"

#define HISTOGRAM_LOWEST_NS 1000ULL          /* upper edge of the underflow bin: 1 us */
#define HISTOGRAM_HIGHEST_NS 100000000000ULL /* upper edge of the last bin: 100 s */
#define HISTOGRAM_OVERFLOW (HISTOGRAM_BINS - 1)

/* The bin that a duration in nanoseconds falls into: 0 .. HISTOGRAM_BINS - 1. */
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

/* Bounds are only asked for in user space; inline, so unused in BPF they cost nothing. */

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
