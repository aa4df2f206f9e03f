// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * measure.c - see measure.h.
 */
#include "flush/measure.h"

#include <string.h>

#include "abi/histogram.h"

void measure_release(struct measure *measure)
{
	bins_release(&measure->bins);
	memset(measure, 0, sizeof(*measure));
}

void measure_clear(struct measure *measure)
{
	const struct bins bins = measure->bins;

	if (measure->count > 0)
		bins_clear(&measure->bins);
	memset(measure, 0, sizeof(*measure));
	measure->bins = bins;
}

int measure_add(struct measure *sum, const struct measure *more)
{
	size_t i;

	sum->count += more->count;
	sum->sum_ns += more->sum_ns;
	sum->request_bytes += more->request_bytes;
	sum->response_bytes += more->response_bytes;
	for (i = 0; i < REQUEST_PHASE_COUNT; i++) {
		sum->phases[i].count += more->phases[i].count;
		sum->phases[i].sum_ns += more->phases[i].sum_ns;
	}
	return more->count > 0 ? bins_add_all(&sum->bins, &more->bins) : 0;
}

int measure_read_bins(struct measure *now, struct bins *last, const volatile uint32_t *bins,
		      uint64_t *count)
{
	int err;

	*count = 0;
	err = bins_read(&now->bins, last, bins, count);
	now->count += *count;
	return err;
}

double measure_mean(uint64_t sum_ns, uint64_t count)
{
	return count > 0 ? sum_ns / 1e9 / count : -1;
}

/* Upper edge in seconds; the overflow bin has none and counts as its lower one. */
static double bin_upper_s(uint32_t bin)
{
	return histogram_upper_ns(bin < HISTOGRAM_OVERFLOW ? bin : HISTOGRAM_OVERFLOW - 1) / 1e9;
}

double measure_quantile(const struct measure *measure, double q)
{
	const struct bins *bins = &measure->bins;
	/* The bins' own sum: a rank beyond it would find no bin. */
	const uint64_t count = bins_sum(bins, 0, HISTOGRAM_BINS);
	uint64_t below = 0;
	uint32_t bin;

	bins_for_each(bin, bins) {
		below += bins_get(bins, bin);
		if (below >= q * count || below == count)
			return (histogram_lower_ns(bin) / 1e9 + bin_upper_s(bin)) / 2;
	}
	return -1;
}

double measure_max(const struct measure *measure)
{
	double max = -1;
	uint32_t bin;

	bins_for_each(bin, &measure->bins)
		max = bin_upper_s(bin);
	return max;
}
