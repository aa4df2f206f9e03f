// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * measure.c - see measure.h.
 */
#include "flush/measure.h"

#include <string.h>

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
