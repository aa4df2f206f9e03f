/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * printed.c - see printed.h.
 */
#include "unit.h"

#include "printed.h"

static void print(void *context, const char *text, size_t length, bool last)
{
	(void)last;
	fwrite(text, 1, length, context);
}

static int setup(void **state, enum output_kind kind)
{
	struct printed *printed = calloc(1, sizeof(*printed));

	assert_non_null(printed);
	made_flush_init(&printed->made);
	printed->stream = open_memstream(&printed->text, &printed->length);
	assert_non_null(printed->stream);
	printed->report = report_open(kind, -1, print, printed->stream);
	assert_non_null(printed->report);
	*state = printed;
	return 0;
}

int printed_setup_json(void **state)
{
	return setup(state, OUTPUT_JSON);
}

int printed_setup_table(void **state)
{
	return setup(state, OUTPUT_TABLE);
}

int printed_setup_none(void **state)
{
	return setup(state, OUTPUT_NONE);
}

int printed_teardown(void **state)
{
	struct printed *printed = *state;

	report_close(printed->report);
	fclose(printed->stream);
	free(printed->text);
	made_flush_release(&printed->made);
	free(printed);
	return 0;
}

/* What was printed after `before`; err: the result of printing it. */
static const char *printed_since(struct printed *printed, size_t before, int err)
{
	assert_int_equal(err, 0);
	fflush(printed->stream);
	return printed->text + before;
}

const char *printed_attached(struct printed *printed, double time, const pid_t *pids, size_t count)
{
	const size_t before = printed->length;

	return printed_since(printed, before,
			     report_attached(printed->report, time, "tracepoint", pids, count));
}

const char *printed_flush(struct printed *printed)
{
	const size_t before = printed->length;

	return printed_since(printed, before, report_flush(printed->report, &printed->made.flush));
}

const char *printed_total(struct printed *printed)
{
	const size_t before = printed->length;

	return printed_since(printed, before, report_total(printed->report, &printed->made.flush));
}
