/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * printed.h - a report that prints into memory, and a flush made by hand to
 * feed it with.
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
	size_t taken; /* how much of it was asked for */
};

/* As for a file: nothing is redrawn. */
struct printed *printed_open(enum output_kind kind);
void printed_close(struct printed *printed);

/* What was printed since last asked; the caller frees it. */
char *printed_take(struct printed *printed);

#endif
