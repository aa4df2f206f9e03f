/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * histograms.bpf.h - adds durations to the histograms of series and phases.
 *
 * Inputs: durations.  Outputs: the maps that the loader reads.  It must not know
 * what was measured, nor how.
 */
#ifndef REDTAP_HISTOGRAMS_H
#define REDTAP_HISTOGRAMS_H

#include "abi/histogram.h"
#include "tables/maps.bpf.h"
#include "kernel/process.bpf.h"

/* Adds a duration to a histogram and its sum. */
static __always_inline void histogram_add(__u32 *bins, __u64 *sum_ns, __u64 duration_ns)
{
	__u64 bin = value_opaque(histogram_bin(duration_ns));

	if (bin < HISTOGRAM_BINS)
		__sync_fetch_and_add(&bins[bin], 1);
	if (duration_ns)
		__sync_fetch_and_add(sum_ns, duration_ns);
}

/* Constant when the programs are loaded: a phase that is not asked for costs nothing. */
static __always_inline bool phase_is_wanted(enum request_phase phase)
{
	return settings.phase_places[phase] != 0;
}

static __always_inline void phase_add(__u32 series, enum request_phase phase, __u64 duration_ns)
{
	__u32 place = settings.phase_places[phase];
	__u32 index = series * settings.phase_count + place - 1;
	struct phase_value *value;

	if (!place)
		return;
	value = bpf_map_lookup_elem(&phase_values, &index);
	if (value)
		histogram_add(value->bins, &value->sum_ns, duration_ns);
}

#endif
