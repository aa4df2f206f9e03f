/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * measure.c - see measure.h.
 */
#include "measure.h"

void measure_add(struct measure *sum, const struct measure *more)
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
	for (i = 0; more->count > 0 && i < HISTOGRAM_BINS; i++)
		sum->bins[i] += more->bins[i];
}

uint64_t measure_read_bins(struct measure *now, uint32_t *last, const volatile uint32_t *bins)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM_BINS; i++) {
		const uint32_t bin = bins[i], more = bin - last[i];

		last[i] = bin;
		now->bins[i] += more;
		count += more;
	}
	now->count += count;
	return count;
}
