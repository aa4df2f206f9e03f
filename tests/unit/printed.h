/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * printed.h - a report that prints into memory, and a hand-made flush as its input.
 */
#ifndef REDTAP_PRINTED_H
#define REDTAP_PRINTED_H

#include "made_flush.h"
#include "report/report.h"

struct printed {
	struct made_flush made;
	struct report *report;
	FILE *stream;
	char *text; /* all that was printed so far */
	size_t length;
};

/* cmocka fixtures: *state is a struct printed, which prints as to a file, not a terminal. */
int printed_setup_json(void **state);
int printed_setup_table(void **state);
int printed_setup_none(void **state);
int printed_teardown(void **state);

/* Each returns what it has printed; valid until the next call. */
const char *printed_attached(struct printed *printed, double time, const pid_t *pids, size_t count);
const char *printed_flush(struct printed *printed);
const char *printed_total(struct printed *printed);

#endif
