/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * printed.c - see printed.h.
 */
#include "unit.h"

#include "printed.h"

struct printed *printed_open(enum output_kind kind)
{
	struct printed *printed = calloc(1, sizeof(*printed));

	assert_non_null(printed);
	made_flush_init(&printed->made);
	printed->stream = open_memstream(&printed->text, &printed->length);
	assert_non_null(printed->stream);
	printed->report = report_open(kind, printed->stream, false);
	assert_non_null(printed->report);
	return printed;
}

void printed_close(struct printed *printed)
{
	report_close(printed->report);
	fclose(printed->stream);
	free(printed->text);
	made_flush_release(&printed->made);
	free(printed);
}

char *printed_take(struct printed *printed)
{
	char *text;

	fflush(printed->stream);
	text = strdup(printed->text + printed->taken);
	assert_non_null(text);
	printed->taken = printed->length;
	return text;
}
