/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_timer.c - a distribution as weighted timers: `NAME:MS|ms|@RATE`, a line
 * for each bin with new durations.
 *
 * Input: what was sent and the total.  Output: the observations that are new.  It must not
 * know what the durations belong to.
 *
 * A bin tells how many requests took about so long; the sum is exact.  All requests of a bin
 * get one value: its middle, moved towards the upper or the lower edge, by the same share in
 * all bins, so that the values add up to the sum.  So averages are exact and every
 * observation stays in its bin.  What rounding to whole nanoseconds leaves over goes into the
 * next flush.
 *
 * A receiver knows a timer from its first observation on, and rate() and increase() do not
 * see the values of that moment.  So one observation is sent ahead (the herald), the others
 * follow with the next flush.
 *
 * A receiver repeats an observation as often as its weight says, which costs statsd_exporter
 * 1.7 us each.  So a flush sends at most OBSERVATIONS_PER_S for each second of its interval:
 * the same share of every bin; the rest waits for the next flush (redtap.statsd.backlog).
 */
#include "statsd/statsd_private.h"

#include <math.h>
#include <stdio.h>

#include "abi/histogram.h"

/* A sixth of a CPU of statsd_exporter. */
#define OBSERVATIONS_PER_S 100000
#define OBSERVATIONS_MIN 10000
/* Weight of one line: the receiver handles that many observations at once. */
#define WEIGHT_MAX 100000

/* A bin's range in whole nanoseconds, both ends included, and its new durations. */
struct span {
	uint64_t low_ns, middle_ns, high_ns;
	uint64_t count;
};

/* How far values are moved from the middle of their bins. */
struct shift {
	double share;         /* -1: to the lower edge ... 1: to the upper edge */
	uint64_t overflow_ns; /* added to observations of the last bin, which has no upper edge */
};

static struct span get_span(const struct statsd_sent *sent, const struct measure *total,
			    uint32_t bin)
{
	struct span span = { .low_ns = histogram_lower_ns(bin) + (bin > 0),
			     .high_ns = histogram_upper_ns(bin),
			     .count = bins_get(&total->bins, bin) - sent->buckets[bin] };

	if (bin == HISTOGRAM_OVERFLOW)
		span.high_ns = span.low_ns;
	span.middle_ns = span.low_ns + (span.high_ns - span.low_ns) / 2;
	return span;
}

/* The shift with which the new observations add up to the new part of the sum. */
static struct shift find_shift(const struct statsd_sent *sent, const struct measure *total)
{
	const uint64_t overflow =
		bins_get(&total->bins, HISTOGRAM_OVERFLOW) - sent->buckets[HISTOGRAM_OVERFLOW];
	double missing_ns = (double)(int64_t)(total->sum_ns - sent->sum_ns);
	double below_ns = 0, above_ns = 0; /* how far they can be moved, in all */
	struct shift shift = { 0 };
	uint32_t bin;

	bins_for_each(bin, &total->bins) {
		const struct span span = get_span(sent, total, bin);

		missing_ns -= (double)span.count * span.middle_ns;
		below_ns += (double)span.count * (span.middle_ns - span.low_ns);
		above_ns += (double)span.count * (span.high_ns - span.middle_ns);
	}
	if (missing_ns > 0 && overflow > 0)
		shift.overflow_ns = (uint64_t)(missing_ns / overflow);
	else if (missing_ns > 0 && above_ns > 0)
		shift.share = fmin(missing_ns / above_ns, 1);
	else if (missing_ns < 0 && below_ns > 0)
		shift.share = fmax(missing_ns / below_ns, -1);
	return shift;
}

static uint64_t place_value(const struct span *span, const struct shift *shift, bool overflow)
{
	if (overflow)
		return span->middle_ns + shift->overflow_ns;
	if (shift->share < 0)
		return span->middle_ns -
		       (uint64_t)llround(-shift->share * (span->middle_ns - span->low_ns));
	return span->middle_ns +
	       (uint64_t)llround(shift->share * (span->high_ns - span->middle_ns));
}

static void emit_observations(struct statsd_encoder *encoder,
			      const struct statsd_identity *identity, uint64_t value_ns,
			      uint64_t count)
{
	char value[STATSD_VALUE_MAX], type[STATSD_VALUE_MAX];

	statsd_format_ns(value, value_ns, 6);
	while (count > 0) {
		const uint64_t weight = count < WEIGHT_MAX ? count : WEIGHT_MAX;

		/*
		 * A receiver takes the whole part of 1/RATE; with RATE = 1/weight, rounding
		 * would make many weights one too small.
		 */
		snprintf(type, sizeof(type), "ms|@%.15f", 1 / (weight + 0.5));
		statsd_emit(encoder, identity->names->duration, NULL, value,
			    weight == 1 ? "ms" : type, identity->duration_tags, NULL);
		count -= weight;
	}
}

void statsd_send_timer(struct statsd_encoder *encoder, const struct statsd_identity *identity,
		       struct statsd_sent *sent, const struct measure *total)
{
	const struct shift shift = find_shift(sent, total);
	uint32_t bin;

	bins_for_each(bin, &total->bins) {
		const struct span span = get_span(sent, total, bin);
		const uint64_t value_ns = place_value(&span, &shift, bin == HISTOGRAM_OVERFLOW);
		uint64_t count = span.count;

		if (encoder->share < 1)
			count = (uint64_t)(count * encoder->share);
		if (count == 0)
			continue;
		emit_observations(encoder, identity, value_ns, count);
		sent->buckets[bin] += count;
		sent->sum_ns += count * value_ns;
	}
}

void statsd_herald_timer(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			 struct statsd_sent *sent, const struct measure *total)
{
	const struct shift shift = find_shift(sent, total);
	uint32_t bin;

	bins_for_each(bin, &total->bins) {
		const struct span span = get_span(sent, total, bin);

		if (span.count == 0)
			continue;
		sent->heralded = true;
		sent->herald_bin = bin;
		sent->herald_ns = place_value(&span, &shift, bin == HISTOGRAM_OVERFLOW);
		emit_observations(encoder, identity, sent->herald_ns, 1);
		sent->buckets[bin]++;
		sent->sum_ns += sent->herald_ns;
		return;
	}
}

void statsd_recall_timer(struct statsd_sent *sent)
{
	if (!sent->heralded)
		return;
	sent->heralded = false;
	sent->buckets[sent->herald_bin]--;
	sent->sum_ns -= sent->herald_ns;
}

uint64_t statsd_timers_due(const struct statsd_sent *sent, const struct measure *total)
{
	uint64_t due = 0;
	uint32_t bin;

	bins_for_each(bin, &total->bins)
		due += bins_get(&total->bins, bin) - sent->buckets[bin];
	return due;
}

/* Nothing until it has been announced. */
static uint64_t count_due(const struct statsd_table *table, size_t number,
			  const struct measure *total)
{
	const struct statsd_sent *sent = number < table->count ? table->items[number] : NULL;

	return sent && sent->announced ? statsd_timers_due(sent, total) : 0;
}

void statsd_bound_timers(struct statsd_encoder *encoder, const struct flush *flush)
{
	const double limit = fmax(flush->interval_s * OBSERVATIONS_PER_S, OBSERVATIONS_MIN);
	uint64_t due = 0;
	size_t i;

	for (i = 0; i < flush->series_count; i++)
		due += count_due(&encoder->series, flush->series[i]->id, &flush->series[i]->total);
	for (i = 0; i < flush->phase_count; i++)
		due += count_due(&encoder->phases, flush->phases[i]->id, &flush->phases[i]->total);
	encoder->share = due > limit && !flush->last ? limit / due : 1;
	encoder->backlog = (uint64_t)(due * (1 - encoder->share));
}
