/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * rows.h - the rows of the table: one for each service, method, route and server asked,
 * whatever the status.
 *
 * Input: struct flush.  Output: rows and numbers.  It must not know how they
 * are printed.
 */
#ifndef REDTAP_REPORT_ROWS_H
#define REDTAP_REPORT_ROWS_H

#include "flush/flush.h"
#include "report/span.h"

struct row {
	size_t begin, end;    /* in report_rows.series */
	uint64_t count;       /* in the span shown */
	uint64_t total_count; /* in the whole run */
};

struct report_rows {
	const struct series **series; /* owned; sorted by service, method, route */
	struct row *rows;             /* owned; the busiest first, idle ones last */
	size_t count;                 /* only rows with requests in the run */
	bool several_services;
};

/* All series of the flush; valid as long as they are.  Returns 0 or -ENOMEM. */
int report_rows_init(struct report_rows *rows, const struct flush *flush, enum report_span span);
void report_rows_release(struct report_rows *rows);

/*
 * Adds up the series of a row.  sum: of an earlier row, or zeroed.  errors: requests with an
 * error_type.  Returns 0 or -ENOMEM.
 */
int report_rows_measure(const struct report_rows *rows, const struct row *row,
			enum report_span span, struct measure *sum, uint64_t *errors);

#endif
