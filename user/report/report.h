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

struct report; /* does not own its stream */

/* kind: OUTPUT_TABLE, OUTPUT_JSON or OUTPUT_NONE; refresh: redraw in place (a terminal). */
struct report *report_open(enum output_kind kind, FILE *stream, bool refresh);
void report_close(struct report *report);

/*
 * Each returns 0, or -errno if the stream failed (-EPIPE: the reader is gone, which ends the
 * run with status 0).
 */
int report_attached(struct report *report, double time, const char *hooks, const pid_t *pids,
		    size_t pid_count);
int report_flush(struct report *report, const struct flush *flush);
int report_total(struct report *report, const struct flush *flush);

#endif
