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
#include "report/width.h"

#define LINE_MAX_BYTES 4096
#define TEXT_MAX 1024
#define PHASES_SIZE (PHASE_COLUMNS * REQUEST_PHASE_COUNT + 16)
/* Width of the numbers that are always there, of the longest duration, and of the picture. */
#define FIXED_COLUMNS 35
#define MAX_COLUMNS 7
#define PICTURE_COLUMNS (PICTURE_CELLS + 2)
/* So much of a route is shown before any number that can be left out. */
#define ROUTE_COLUMNS 30
/* With less room than this, a route is cut at its end like the whole line. */
#define ROUTE_SHORTEST 8

static const char *const home = "\033[H";
static const char *const clear_to_end_of_line = "\033[K";
static const char *const clear_to_end_of_screen = "\033[J";

struct table {
	FILE *out;
	const struct flush *flush;
	enum report_span span;
	const struct table_style *style;
	bool picture, max;
	uint32_t phases; /* bits 1 << enum request_phase */
};

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
		width_to_ascii(line);
	/* The last column stays free: terminals differ in what happens behind it. */
	if (columns < 2 || line[width_fitting_bytes(line, columns - 1)] == '\0') {
		fputs(line, table->out);
	} else {
		fwrite(line, 1, width_fitting_bytes(line, columns - 2), table->out);
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

/* What comes before the route: "web -> 192.0.2.1 GET ". */
static const char *request_head(char text[TEXT_MAX], const struct report_rows *rows,
				const struct row *row)
{
	const struct series *series = rows->series[row->begin];
	char service[TEXT_MAX / 2] = "", method[64];

	if (rows->several_services)
		shown(service, sizeof(service), series->service);
	snprintf(text, TEXT_MAX, "%s%s%s%s%s%s ", service, *service ? " " : "",
		 series->server_address ? "-> " : "",
		 series->server_address ? series->server_address : "",
		 series->server_address ? " " : "", shown(method, sizeof(method), series->method));
	return text;
}

/* Columns for the request; the last one of the line stays free. */
static size_t request_columns(const struct table *table)
{
	const size_t used = FIXED_COLUMNS + (table->max ? MAX_COLUMNS : 0) +
			    PHASE_COLUMNS * phases_count(table->phases) +
			    (table->picture ? PICTURE_COLUMNS : 0) + 2;

	return table->style->columns > used ? table->style->columns - used : 0;
}

/* The request with its route, whose middle is cut if there is no room for it. */
static void format_request(char text[2 * TEXT_MAX], const struct table *table,
			   const struct report_rows *rows, const struct row *row)
{
	char route[TEXT_MAX];
	const size_t used = width_columns(request_head(text, rows, row));
	const size_t room = request_columns(table);

	shown(route, sizeof(route), rows->series[row->begin]->route);
	if (table->style->columns > 0 && room >= used + ROUTE_SHORTEST)
		width_cut_middle(text + strlen(text), TEXT_MAX, route, room - used,
				 table->style->utf8 ? "\xe2\x80\xa6" : "...");
	else
		strcat(text, route);
}

/* scratch: the sum of the row's series; errors: how many of them. */
static void put_row(const struct table *table, const struct report_rows *rows,
		    const struct row *row, const struct measure *scratch, uint64_t errors)
{
	char request[2 * TEXT_MAX], picture[PICTURE_SIZE + 1] = "", phases[PHASES_SIZE];
	char rate[16], share[16], p50[16], p90[16], p99[16], max[16];

	if (table->picture) {
		picture[0] = ' ';
		format_picture(picture + 1, scratch, table->style->utf8);
	}
	format_request(request, table, rows, row);
	put_line(table, "%7s %6s %6s %6s %6s%*s%s%s %s",
		 format_rate(rate, span_rate(table->flush, table->span, scratch->count)),
		 format_share(share, errors, scratch->count),
		 format_duration(p50, measure_quantile(scratch, 0.50)),
		 format_duration(p90, measure_quantile(scratch, 0.90)),
		 format_duration(p99, measure_quantile(scratch, 0.99)),
		 table->max ? MAX_COLUMNS : 0, table->max ? format_max(max, scratch) : "",
		 format_phases(phases, sizeof(phases), table->phases, scratch), picture, request);
}

/* lines: how many may be used, including the column titles. */
static int put_rows(const struct table *table, const struct report_rows *rows, size_t lines)
{
	char phases[PHASES_SIZE];
	struct measure scratch = { 0 };
	int err = 0;
	size_t fit = rows->count, put = 0, left = 0, i;

	/* Redrawn in place, a row stays if nothing happened; in a file it would be noise. */
	for (i = 0; i < rows->count; i++)
		left += table->style->refresh || rows->rows[i].count > 0;
	if (left == 0)
		return 0;
	put_line(table, "%7s %6s %6s %6s %6s%*s%s%s REQUEST", "RATE/s", "ERRORS", "P50", "P90",
		 "P99", table->max ? MAX_COLUMNS : 0, table->max ? "MAX" : "",
		 format_phase_titles(phases, sizeof(phases), table->phases),
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

/* Columns that the widest request wants: of a longer route, the first ROUTE_COLUMNS count. */
static size_t wanted_columns(const struct report_rows *rows)
{
	size_t most = strlen("REQUEST"), i;

	for (i = 0; i < rows->count; i++) {
		char head[TEXT_MAX], route[TEXT_MAX];
		size_t columns = width_columns(
			shown(route, sizeof(route), rows->series[rows->rows[i].begin]->route));

		columns = columns < ROUTE_COLUMNS ? columns : ROUTE_COLUMNS;
		columns += width_columns(request_head(head, rows, &rows->rows[i]));
		most = columns > most ? columns : most;
	}
	return most;
}

/* Leaves out what does not fit beside the requests; what was asked for by name stays longest. */
static void choose_columns(struct table *table, const struct report_rows *rows)
{
	static const enum request_phase dropped[] = { REQUEST_PHASE_SEND, REQUEST_PHASE_SERVICE,
						      REQUEST_PHASE_QUEUE, REQUEST_PHASE_DELIVER };
	const size_t wanted = wanted_columns(rows);
	size_t i;

	table->picture = table->max = true;
	if (table->style->columns == 0)
		return;
	table->picture = request_columns(table) >= wanted;
	for (i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		if (request_columns(table) < wanted)
			table->phases &= ~(1U << dropped[i]);
	table->max = request_columns(table) >= wanted;
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
	choose_columns(&table, &rows);
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
