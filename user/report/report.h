/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * report.h - what redtap prints on standard output: table or JSON.
 *
 * Input: struct flush.  Output: texts of whole lines, passed one by one to a sink.  It
 * must not know maps, StatsD or descriptors.
 */
#ifndef REDTAP_REPORT_H
#define REDTAP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "flush/flush.h"

enum output_kind {
	OUTPUT_DEFAULT = 0, /* the caller chooses one of the others */
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_NONE,
};

/* Takes a whole report; last: one of the final flush. */
typedef void report_sink(void *context, const char *text, size_t length, bool last);

struct report;

/*
 * kind: OUTPUT_TABLE, OUTPUT_JSON or OUTPUT_NONE; terminal: a descriptor, whose width the
 * table gets, redrawn in place; -1: none.
 */
struct report *report_open(enum output_kind kind, int terminal, report_sink *sink, void *context);
void report_close(struct report *report);

/* Each returns 0 or -ENOMEM. */
int report_attached(struct report *report, double time, const char *hooks, const pid_t *pids,
		    size_t pid_count);
int report_flush(struct report *report, const struct flush *flush);
int report_total(struct report *report, const struct flush *flush);

#endif
