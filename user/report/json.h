/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * json.h - the JSON report: one object a line.
 *
 * Input: struct flush.  Output: text on a stream, whose errors stay in it.  It must not
 * know where the text goes.
 */
#ifndef REDTAP_REPORT_JSON_H
#define REDTAP_REPORT_JSON_H

#include <stdio.h>
#include <sys/types.h>

#include "flush/flush.h"
#include "report/span.h"

void json_write_attached(FILE *out, double time, const char *hooks, const pid_t *pids,
			 size_t pid_count);
void json_write_flush(FILE *out, const struct flush *flush, enum report_span span);

#endif
