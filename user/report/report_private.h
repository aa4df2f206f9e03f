/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * report_private.h - what report.c shares with its two formats.
 *
 * The formats write into a stream in memory; report.c alone writes to the real
 * one, and knows about its errors.
 */
#ifndef REDTAP_REPORT_PRIVATE_H
#define REDTAP_REPORT_PRIVATE_H

#include "report/report.h"

/* What of a flush is shown. */
enum report_span {
	SPAN_INTERVAL, /* since the last flush */
	SPAN_RUN,      /* since attach */
};

/* How the table may look. */
struct table_style {
	bool refresh;         /* redraw in place, as much as fits */
	bool utf8;            /* block characters; else ASCII only */
	unsigned int columns; /* of the terminal; 0: lines are never cut */
	unsigned int lines;   /* of the terminal; only for refresh */
	const char *hooks;    /* raw text; "" before they are known */
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

/* Seconds that a span covers: 0 or more, finite. */
double span_seconds(const struct flush *flush, enum report_span span);

/* One object and a newline each; errors are those of the stream. */
void json_write_attached(FILE *out, double time, const char *hooks, const pid_t *pids,
			 size_t pid_count);
void json_write_flush(FILE *out, const struct flush *flush, enum report_span span);

/* Returns 0 or -ENOMEM; errors of the stream stay in it. */
int table_write(FILE *out, const struct flush *flush, enum report_span span,
		const struct table_style *style);

#endif
