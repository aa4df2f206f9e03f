/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * report.c - what redtap prints on standard output.
 *
 * Input: struct flush.  Output: text, a whole report at a time.
 * It must not know how a table or a JSON object looks.
 */
#include "report/report.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "report/json.h"
#include "report/span.h"
#include "report/table.h"

#define COLUMNS_DEFAULT 80
#define LINES_DEFAULT 24

struct report {
	enum output_kind kind;
	int terminal; /* -1: none */
	report_sink *sink;
	void *context;
	bool utf8;
	char hooks[32];
	/* The report that is being written, in memory. */
	FILE *memory;
	char *text;
	size_t length;
};

/* Asks the environment about the terminal; the process's own locale stays "C". */
static bool locale_is_utf8(void)
{
	const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

struct report *report_open(enum output_kind kind, int terminal, report_sink *sink, void *context)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->kind = kind;
	report->terminal = terminal;
	report->sink = sink;
	report->context = context;
	report->utf8 = locale_is_utf8();
	return report;
}

void report_close(struct report *report)
{
	free(report);
}

static int begin_report(struct report *report)
{
	report->memory = open_memstream(&report->text, &report->length);
	return report->memory ? 0 : -errno;
}

/* Hands over the text in one piece, so that a reader never sees half a report. */
static int end_report(struct report *report, int err, bool last)
{
	if (fclose(report->memory) != 0 && !err)
		err = -ENOMEM;
	if (!err)
		report->sink(report->context, report->text, report->length, last);
	free(report->text);
	report->text = NULL;
	return err;
}

int report_attached(struct report *report, double time, const char *hooks, const pid_t *pids,
		    size_t pid_count)
{
	int err;

	strncpy(report->hooks, hooks, sizeof(report->hooks) - 1);
	if (report->kind != OUTPUT_JSON)
		return 0;
	err = begin_report(report);
	if (err)
		return err;
	json_write_attached(report->memory, time, hooks, pids, pid_count);
	return end_report(report, 0, false);
}

/* Asked at each flush: the window may have changed its size. */
static struct table_style table_style(const struct report *report)
{
	struct table_style style = { .refresh = report->terminal >= 0,
				     .utf8 = report->utf8,
				     .hooks = report->hooks };
	struct winsize window = { 0 };

	if (!style.refresh)
		return style;
	style.columns = COLUMNS_DEFAULT;
	style.lines = LINES_DEFAULT;
	if (ioctl(report->terminal, TIOCGWINSZ, &window) != 0)
		return style;
	if (window.ws_col > 0)
		style.columns = window.ws_col;
	if (window.ws_row > 0)
		style.lines = window.ws_row;
	return style;
}

static int write_report(struct report *report, const struct flush *flush, enum report_span span)
{
	struct table_style style;
	int err;

	if (report->kind != OUTPUT_JSON && report->kind != OUTPUT_TABLE)
		return 0;
	err = begin_report(report);
	if (err)
		return err;
	if (report->kind == OUTPUT_JSON) {
		json_write_flush(report->memory, flush, span);
	} else {
		style = table_style(report);
		err = table_write(report->memory, flush, span, &style);
	}
	return end_report(report, err, flush->last);
}

int report_flush(struct report *report, const struct flush *flush)
{
	return write_report(report, flush, SPAN_INTERVAL);
}

int report_total(struct report *report, const struct flush *flush)
{
	return write_report(report, flush, SPAN_RUN);
}
