/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * report.h - what redtap prints on standard output: table or JSON.
 *
 * Input: struct flush.  Output: text on a stream.  It must not know maps or
 * StatsD.
 */
#ifndef REDTAP_REPORT_H
#define REDTAP_REPORT_H

#include <stdio.h>
#include <sys/types.h>

#include "flush/flush.h"

enum output_kind {
	OUTPUT_DEFAULT = 0, /* the caller chooses one of the others */
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_NONE,
};

struct report; /* owns nothing of the stream */

/* kind: OUTPUT_TABLE, OUTPUT_JSON or OUTPUT_NONE; refresh: redraw in place (a terminal). */
struct report *report_open(enum output_kind kind, FILE *stream, bool refresh);
void report_close(struct report *report);

/*
 * Each returns 0, or -errno when the stream failed (-EPIPE: the reader went
 * away, which ends the run with status 0).
 */
int report_attached(struct report *report, double time, const char *hooks, const pid_t *pids,
		    size_t pid_count);
int report_flush(struct report *report, const struct flush *flush);
int report_total(struct report *report, const struct flush *flush);

/*
 * The q-quantile of a distribution in seconds, -1 for an empty one.  q: 0..1.
 * It is the middle of the bin that the quantile falls into, so at most half a
 * bin, which is 5 %, from the truth (interpolating inside the bin could be
 * 10 % off: nothing is known of how the requests lie in it).
 */
double measure_quantile(const struct measure *measure, double q);
/* Upper edge of the highest bin that holds something, seconds; -1: empty. */
double measure_max(const struct measure *measure);

#endif
