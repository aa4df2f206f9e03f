/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * span.h - which part of a flush a report shows: the last interval, or the whole run.
 *
 * Input: struct flush.  Output: the numbers of that span.  It must not know formats.
 */
#ifndef REDTAP_REPORT_SPAN_H
#define REDTAP_REPORT_SPAN_H

#include <math.h>

#include "flush/flush.h"

enum report_span {
	SPAN_INTERVAL, /* since the last flush */
	SPAN_RUN,      /* since attach */
};

static inline const struct measure *series_measure(const struct series *series,
						   enum report_span span)
{
	return span == SPAN_RUN ? &series->total : &series->now;
}

static inline const struct measure *phase_measure(const struct phase_series *phase,
						  enum report_span span)
{
	return span == SPAN_RUN ? &phase->total : &phase->now;
}

static inline const struct tally *span_tally(const struct flush *flush, enum report_span span)
{
	return span == SPAN_RUN ? &flush->total : &flush->now;
}

/* How long the span is: 0 or more, finite. */
static inline double span_seconds(const struct flush *flush, enum report_span span)
{
	const double seconds = span == SPAN_RUN ? flush->run_s : flush->interval_s;

	return isfinite(seconds) && seconds > 0 ? seconds : 0;
}

/* So many in the span, a second. */
static inline double span_rate(const struct flush *flush, enum report_span span, uint64_t count)
{
	const double seconds = span_seconds(flush, span);

	return seconds > 0 ? count / seconds : 0;
}

#endif
