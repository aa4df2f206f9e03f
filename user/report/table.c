/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * table.c - see report/table.h.
 *
 * The request comes last in a line, since only its width is not fixed.  Lines are cut to fit
 * on a terminal, never in a file.
 */
#include "report/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "flush/measure.h"
#include "flush/names.h"
#include "report/format.h"
#include "report/picture.h"
#include "report/rows.h"

#define LINE_MAX_BYTES 4096
#define TEXT_MAX 1024
/* Width of a line without request, picture and phases; and of the picture. */
#define FIXED_COLUMNS 42
#define PICTURE_COLUMNS (PICTURE_CELLS + 2)
/* With less room for the request, the picture is left out, then the phases. */
#define REQUEST_MIN 12
#define REQUEST_MIN_PHASES 8

static const char *const home = "\033[H";
static const char *const clear_to_end_of_line = "\033[K";
static const char *const clear_to_end_of_screen = "\033[J";

struct table {
	FILE *out;
	const struct flush *flush;
	enum report_span span;
	const struct table_style *style;
	bool picture;
	uint32_t phases; /* bits 1 << enum request_phase */
};

struct width_range {
	uint32_t first, last;
};

static bool in_ranges(const struct width_range *ranges, size_t count, uint32_t codepoint)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (codepoint >= ranges[i].first && codepoint <= ranges[i].last)
			return true;
	return false;
}

/* Terminal columns of a character: common blocks only, not all of Unicode. */
static unsigned int codepoint_columns(uint32_t codepoint)
{
	static const struct width_range combining[] = {
		{ 0x300, 0x36f },   { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
		{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	};
	static const struct width_range wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0x303e },   { 0x3041, 0x4dbf },   { 0x4e00, 0xa4cf },
		{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
	};

	if (in_ranges(combining, sizeof(combining) / sizeof(combining[0]), codepoint))
		return 0;
	return 1 + in_ranges(wide, sizeof(wide) / sizeof(wide[0]), codepoint);
}

/* How many bytes of line fit into columns. */
static size_t fitting_bytes(const char *line, size_t columns)
{
	const char *at = line;
	uint32_t codepoint;
	size_t length;

	while ((length = text_decode(at, &codepoint)) > 0) {
		if (codepoint_columns(codepoint) > columns)
			break;
		columns -= codepoint_columns(codepoint);
		at += length;
	}
	return at - line;
}

/* On a terminal without UTF-8, its bytes may even be control characters. */
static void to_ascii(char *line)
{
	char *to = line;
	uint32_t codepoint;
	size_t length;

	for (; (length = text_decode(line, &codepoint)) > 0; line += length)
		*to++ = codepoint < 0x80 ? *line : '?';
	*to = '\0';
}

__attribute__((format(printf, 2, 3))) static void put_line(const struct table *table,
							   const char *format, ...)
{
	const char *mark = table->style->utf8 ? "\xe2\x80\xa6" : ">";
	const size_t columns = table->style->columns;
	char line[LINE_MAX_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (!table->style->utf8)
		to_ascii(line);
	/* The last column stays free: terminals differ in what happens behind it. */
	if (columns < 2 || line[fitting_bytes(line, columns - 1)] == '\0') {
		fputs(line, table->out);
	} else {
		fwrite(line, 1, fitting_bytes(line, columns - 2), table->out);
		fputs(mark, table->out);
	}
	if (table->style->refresh)
		fputs(clear_to_end_of_line, table->out);
	fputc('\n', table->out);
}

/* Text from outside, escaped for a line. */
static const char *shown(char *text, size_t size, const char *raw)
{
	return text_escape_terminal(text, size, raw);
}

/* scratch: the sum of the row's series; errors: how many of them. */
static void put_row(const struct table *table, const struct report_rows *rows,
		    const struct row *row, const struct measure *scratch, uint64_t errors)
{
	const struct series *series = rows->series[row->begin];
	char service[TEXT_MAX], method[64], route[TEXT_MAX], picture[PICTURE_SIZE + 1];
	char server[64], rate[16], share[16], p50[16], p90[16], p99[16], max[16];
	char phases[PHASE_COLUMNS * REQUEST_PHASE_COUNT + 16];

	server[0] = '\0';
	if (series->server_address)
		snprintf(server, sizeof(server), "-> %s ", series->server_address);
	picture[0] = '\0';
	if (table->picture) {
		picture[0] = ' ';
		format_picture(picture + 1, scratch, table->style->utf8);
	}
	put_line(table, "%7s %6s %6s %6s %6s %6s%s%s %s%s%s%s %s",
		 format_rate(rate, span_rate(table->flush, table->span, scratch->count)),
		 format_share(share, errors, scratch->count),
		 format_duration(p50, measure_quantile(scratch, 0.50)),
		 format_duration(p90, measure_quantile(scratch, 0.90)),
		 format_duration(p99, measure_quantile(scratch, 0.99)), format_max(max, scratch),
		 format_phases(phases, sizeof(phases), table->phases, scratch), picture,
		 rows->several_services ? shown(service, sizeof(service), series->service) : "",
		 rows->several_services ? " " : "", server,
		 shown(method, sizeof(method), series->method),
		 shown(route, sizeof(route), series->route));
}

/* lines: how many may be used, including the column titles. */
static int put_rows(const struct table *table, const struct report_rows *rows, size_t lines)
{
	char phases[PHASE_COLUMNS * REQUEST_PHASE_COUNT + 16];
	struct measure scratch = { 0 };
	int err = 0;
	size_t fit = rows->count, put = 0, left = 0, i;

	/* Redrawn in place, a row stays if nothing happened; in a file it would be noise. */
	for (i = 0; i < rows->count; i++)
		left += table->style->refresh || rows->rows[i].count > 0;
	if (left == 0)
		return 0;
	put_line(table, "%7s %6s %6s %6s %6s %6s%s%s REQUEST", "RATE/s", "ERRORS", "P50", "P90",
		 "P99", "MAX", format_phase_titles(phases, sizeof(phases), table->phases),
		 table->picture ? " 1us   1ms   1s   " : "");
	if (table->style->refresh && left + 1 > lines)
		fit = lines > 2 ? lines - 2 : 0;
	for (i = 0; i < rows->count && put < fit && !err; i++) {
		uint64_t errors;

		if (!table->style->refresh && rows->rows[i].count == 0)
			continue;
		err = report_rows_measure(rows, &rows->rows[i], table->span, &scratch, &errors);
		put_row(table, rows, &rows->rows[i], &scratch, errors);
		put++;
	}
	if (put < left)
		put_line(table, "... %zu more", left - put);
	measure_release(&scratch);
	return err;
}

static void put_header(const struct table *table)
{
	const struct flush *flush = table->flush;
	const uint64_t counted = span_tally(flush, table->span)->counted;
	const time_t now = (time_t)flush->time;
	char clock[16] = "", services[TEXT_MAX] = "", rate[16], hooks[TEXT_MAX];
	struct tm local;

	if (localtime_r(&now, &local))
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	if (flush->service_count == 1)
		shown(services, sizeof(services), flush->services[0].name);
	else
		snprintf(services, sizeof(services), "%zu services", flush->service_count);
	put_line(table, "redtap %s  %s  %s%.1fs  %s/s  %llu in flight  %llu lost  %s", clock,
		 services, table->span == SPAN_RUN ? "whole run " : "last ",
		 span_seconds(flush, table->span),
		 format_rate(rate, span_rate(flush, table->span, counted)),
		 (unsigned long long)flush->in_flight,
		 (unsigned long long)tally_lost(&flush->total),
		 shown(hooks, sizeof(hooks), table->style->hooks));
}

/* "title: reason n, reason n"; no line if all are 0. */
static void put_reasons(const struct table *table, const char *title, const uint64_t *counts,
			unsigned int count, const char *(*name)(unsigned int))
{
	char text[TEXT_MAX];
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < count && used < sizeof(text); i++)
		if (counts[i] > 0)
			used += snprintf(text + used, sizeof(text) - used, "%s%s %llu",
					 used ? ", " : "", name(i), (unsigned long long)counts[i]);
	if (used > 0)
		put_line(table, "%s: %s", title, text);
}

static void put_ledger(const struct table *table)
{
	const struct tally *total = &table->flush->total;
	const uint64_t lost = tally_lost(total);
	const bool equal = total->seen == total->counted + table->flush->in_flight + lost;

	if (total->seen == 0)
		put_line(table, "no requests seen in %.1fs", span_seconds(table->flush, SPAN_RUN));
	put_line(table, "seen %llu %s counted %llu + in flight %llu + lost %llu%s",
		 (unsigned long long)total->seen, equal ? "=" : "~",
		 (unsigned long long)total->counted, (unsigned long long)table->flush->in_flight,
		 (unsigned long long)lost,
		 equal ? "" : " (requests began or ended while the tables were read)");
	put_reasons(table, "lost", total->lost, LOSS_COUNT, loss_reason_name);
	put_reasons(table, "approximate", total->approximate, APPROXIMATE_COUNT,
		    approximate_reason_name);
	put_reasons(table, "ignored connections", total->ignored, IGNORE_COUNT, ignore_reason_name);
}

/* As in put_rows(): a line stays on a terminal, not in a file. */
static bool accept_is_shown(const struct table *table, const struct phase_series *phase)
{
	return phase->phase == REQUEST_PHASE_ACCEPT &&
	       (table->style->refresh || phase_measure(phase, table->span)->count > 0);
}

static size_t count_accepts(const struct table *table)
{
	size_t count = 0, i;

	for (i = 0; i < table->flush->phase_count; i++)
		count += accept_is_shown(table, table->flush->phases[i]);
	return count;
}

/* How long connections waited for accept(), one line for each service. */
static void put_accepts(const struct table *table)
{
	char text[TEXT_MAX], service[TEXT_MAX];
	size_t i;

	for (i = 0; i < table->flush->phase_count; i++) {
		const struct phase_series *phase = table->flush->phases[i];

		if (accept_is_shown(table, phase))
			put_line(table, "%s: %s", shown(service, sizeof(service), phase->service),
				 format_accept(text, sizeof(text),
					       phase_measure(phase, table->span)));
	}
}

/* Shows picture and phases if they fit. */
static void choose_columns(struct table *table)
{
	const unsigned int columns = table->style->columns;
	const unsigned int phases = FIXED_COLUMNS + PHASE_COLUMNS * phases_count(table->phases);

	table->picture = columns == 0 || columns >= phases + PICTURE_COLUMNS + REQUEST_MIN;
	if (table->picture || columns >= phases + REQUEST_MIN_PHASES)
		return;
	table->phases = 0;
	table->picture = columns >= FIXED_COLUMNS + PICTURE_COLUMNS + REQUEST_MIN;
}

int table_write(FILE *out, const struct flush *flush, enum report_span span,
		const struct table_style *style)
{
	/* Beside the rows: header and cursor; at the end of the run up to five for the ledger. */
	size_t reserved = span == SPAN_RUN ? 7 : 2;
	struct table table = {
		.out = out,
		.flush = flush,
		.span = span,
		.style = style,
		.phases = phases_shown(flush),
	};
	struct report_rows rows;
	int err = report_rows_init(&rows, flush, span);

	if (err)
		return err;
	choose_columns(&table);
	reserved += count_accepts(&table);
	if (style->refresh)
		fputs(home, out);
	put_header(&table);
	err = put_rows(&table, &rows, style->lines > reserved ? style->lines - reserved : 0);
	put_accepts(&table);
	if (span == SPAN_RUN)
		put_ledger(&table);
	else if (flush->total.seen == 0)
		put_line(&table, "no requests seen yet");
	if (style->refresh)
		fputs(clear_to_end_of_screen, out);
	report_rows_release(&rows);
	return err;
}
