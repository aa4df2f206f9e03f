/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * format.c - see report/format.h.
 */
#include "report/format.h"

#include <stdio.h>

#include "flush/measure.h"

const char *format_duration(char text[16], double seconds)
{
	double value = seconds;
	const char *unit = "s";

	if (seconds < 0)
		return "-";
	if (seconds == 0)
		return "0";
	if (seconds < 999.5e-6) {
		value = seconds * 1e6;
		unit = "us";
	} else if (seconds < 999.5e-3) {
		value = seconds * 1e3;
		unit = "ms";
	}
	snprintf(text, 16, "%.*f%s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit);
	return text;
}

const char *format_rate(char text[16], double rate)
{
	snprintf(text, 16, "%.*f", rate < 99999.5 ? 1 : 0, rate);
	return text;
}

const char *format_share(char text[16], uint64_t part, uint64_t whole)
{
	const double percent = whole ? 100.0 * part / whole : 0;

	if (whole == 0)
		return "-";
	/* Never show "none" or "all" if even one request differs. */
	if (part > 0 && percent < 0.1)
		return "<0.1%";
	if (part < whole && percent > 99.9)
		return ">99.9%";
	snprintf(text, 16, "%.1f%%", percent);
	return text;
}

const char *format_max(char text[16], const struct measure *measure)
{
	if (bins_get(&measure->bins, HISTOGRAM_BINS - 1) > 0)
		return ">100s";
	return format_duration(text, measure_max(measure));
}

uint32_t phases_shown(const struct flush *flush)
{
	uint32_t phases = 0;
	size_t i;

	for (i = 0; i < flush->phase_count; i++)
		if (phase_has_column(flush->phases[i]->phase))
			phases |= 1U << flush->phases[i]->phase;
	return phases;
}

unsigned int phases_count(uint32_t phases)
{
	return __builtin_popcount(phases);
}

const char *format_phase_titles(char *text, size_t size, uint32_t phases)
{
	static const char *const titles[REQUEST_PHASE_COUNT] = {
		[REQUEST_PHASE_QUEUE] = "QUEUE",
		[REQUEST_PHASE_SERVICE] = "SERVE",
		[REQUEST_PHASE_SEND] = "SEND",
		[REQUEST_PHASE_DELIVER] = "DELIV",
	};
	unsigned int phase;
	size_t used = 0;

	text[0] = '\0';
	for (phase = 0; phase < REQUEST_PHASE_COUNT && used < size; phase++)
		if (phases & (1U << phase) && titles[phase])
			used += snprintf(text + used, size - used, " %6s", titles[phase]);
	return text;
}

const char *format_phases(char *text, size_t size, uint32_t phases, const struct measure *measure)
{
	char mean[16];
	unsigned int phase;
	size_t used = 0;

	text[0] = '\0';
	for (phase = 0; phase < REQUEST_PHASE_COUNT && used < size; phase++) {
		const struct phase_sum *sum = &measure->phases[phase];

		if (phases & (1U << phase))
			used += snprintf(text + used, size - used, " %6s",
					 format_duration(mean,
							 measure_mean(sum->sum_ns, sum->count)));
	}
	return text;
}

const char *format_accept(char *text, size_t size, const struct measure *measure)
{
	char mean[16], p50[16], p99[16], max[16];

	snprintf(text, size, "%llu accepted, after %s on average (p50 %s, p99 %s, max %s)",
		 (unsigned long long)measure->count,
		 format_duration(mean, measure_mean(measure->sum_ns, measure->count)),
		 format_duration(p50, measure_quantile(measure, 0.50)),
		 format_duration(p99, measure_quantile(measure, 0.99)), format_max(max, measure));
	return text;
}
