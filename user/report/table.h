/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * table.h - the table: a line for each service, method and route.
 *
 * Inputs: struct flush, the terminal's size.  Output: text on a stream.  It must not
 * know where the text goes.
 */
#ifndef REDTAP_REPORT_TABLE_H
#define REDTAP_REPORT_TABLE_H

#include <stdio.h>

#include "flush/flush.h"
#include "report/span.h"

struct table_style {
	bool refresh;         /* redraw in place, as much as fits */
	bool utf8;            /* block characters; else ASCII only */
	unsigned int columns; /* of the terminal; 0: lines are never cut */
	unsigned int lines;   /* of the terminal; only for refresh */
	const char *hooks;    /* raw text; "" before they are known */
};

/* Returns 0 or -ENOMEM; errors of the stream stay in it. */
int table_write(FILE *out, const struct flush *flush, enum report_span span,
		const struct table_style *style);

#endif
