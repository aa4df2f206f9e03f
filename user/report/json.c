/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * json.c - the JSON report: one object a line.
 *
 * Input: struct flush.  Output: text on a stream in memory.  It must not know
 * where the text goes.
 */
#include <math.h>

#include "report/report_private.h"
#include "base/text.h"

#define NS_PER_S 1000000000ULL
/* Longer service names are cut. */
#define TEXT_MAX 1024

static void put_text(FILE *out, const char *text)
{
	char escaped[TEXT_MAX];

	fprintf(out, "\"%s\"", text_escape_json(escaped, sizeof(escaped), text));
}

/* A number that JSON can hold, whatever comes. */
static void put_number(FILE *out, const char *name, double number)
{
	fprintf(out, ",\"%s\":%.9f", name, isfinite(number) ? number : 0.0);
}

static void put_count(FILE *out, const char *name, uint64_t count)
{
	fprintf(out, ",\"%s\":%llu", name, (unsigned long long)count);
}

/* seconds: negative for "there is none". */
static void put_seconds(FILE *out, const char *name, double seconds)
{
	if (seconds < 0)
		fprintf(out, ",\"%s\":null", name);
	else
		put_number(out, name, seconds);
}

/* Exactly, to the nanosecond. */
static void put_sum(FILE *out, const char *name, uint64_t ns)
{
	fprintf(out, ",\"%s\":%llu.%09llu", name, (unsigned long long)(ns / NS_PER_S),
		(unsigned long long)(ns % NS_PER_S));
}

/* What series and phases tell alike of their durations. */
static void put_durations(FILE *out, const struct measure *measure)
{
	const double sum_s = (double)measure->sum_ns / NS_PER_S;

	put_sum(out, "sum_s", measure->sum_ns);
	put_seconds(out, "mean_s", measure->count > 0 ? sum_s / measure->count : -1);
	put_seconds(out, "p50_s", measure_quantile(measure, 0.50));
	put_seconds(out, "p90_s", measure_quantile(measure, 0.90));
	put_seconds(out, "p99_s", measure_quantile(measure, 0.99));
}

void json_write_attached(FILE *out, double time, const char *hooks, const pid_t *pids,
			 size_t pid_count)
{
	size_t i;

	fputs("{\"type\":\"attached\"", out);
	put_number(out, "time", time);
	fputs(",\"hooks\":", out);
	put_text(out, hooks);
	fputs(",\"pids\":[", out);
	for (i = 0; i < pid_count; i++)
		fprintf(out, "%s%d", i ? "," : "", (int)pids[i]);
	fputs("]}\n", out);
}

static void put_identity(FILE *out, const struct series *series)
{
	char status[8];
	const char *error = series_error_type(series, status);

	fprintf(out, "{\"kind\":\"%s\",\"service\":", series->server_address ? "client" : "server");
	put_text(out, series->service);
	if (series->server_address) {
		fputs(",\"server_address\":", out);
		put_text(out, series->server_address);
	}
	fputs(",\"method\":", out);
	put_text(out, series->method);
	fputs(",\"route\":", out);
	put_text(out, series->route);
	if (series->status)
		fprintf(out, ",\"status\":%u", series->status);
	else
		fputs(",\"status\":null", out);
	fputs(",\"error\":", out);
	if (error)
		put_text(out, error);
	else
		fputs("null", out);
}

static void put_series(FILE *out, const struct series *series, enum report_span span,
		       double seconds)
{
	const struct measure *measure = series_measure(series, span);
	const double count = (double)measure->count;

	put_identity(out, series);
	put_count(out, "count", measure->count);
	put_number(out, "rate", seconds > 0 ? count / seconds : 0);
	put_durations(out, measure);
	put_seconds(out, "max_s", measure_max(measure));
	put_count(out, "request_bytes", measure->request_bytes);
	put_count(out, "response_bytes", measure->response_bytes);
	fputc('}', out);
}

static void put_phase(FILE *out, const struct phase_series *phase, const struct measure *measure)
{
	fputs("{\"service\":", out);
	put_text(out, phase->service);
	fputs(",\"route\":", out);
	if (phase->route)
		put_text(out, phase->route);
	else
		fputs("null", out);
	fputs(",\"phase\":", out);
	put_text(out, request_phase_name(phase->phase));
	put_count(out, "count", measure->count);
	put_durations(out, measure);
	fputc('}', out);
}

/* An object with every reason of one kind, zeros too. */
static void put_reasons(FILE *out, const char *kind, const uint64_t *counts, unsigned int count,
			const char *(*name)(unsigned int reason))
{
	unsigned int i;

	fprintf(out, ",\"%s\":{", kind);
	for (i = 1; i < count; i++)
		fprintf(out, "%s\"%s\":%llu", i > 1 ? "," : "", name(i),
			(unsigned long long)counts[i]);
	fputc('}', out);
}

void json_write_flush(FILE *out, const struct flush *flush, enum report_span span)
{
	const struct tally *tally = span == SPAN_RUN ? &flush->total : &flush->now;
	const double seconds = span_seconds(flush, span);
	const char *separator = "";
	size_t i;

	fprintf(out, "{\"type\":\"%s\"", span == SPAN_RUN ? "total" : "flush");
	put_number(out, "time", flush->time);
	put_number(out, "interval_s", seconds);
	put_count(out, "seen", tally->seen);
	put_count(out, "counted", tally->counted);
	put_count(out, "in_flight", flush->in_flight);
	put_count(out, "connections", flush->connections);
	put_reasons(out, "lost", tally->lost, LOSS_COUNT, loss_reason_name);
	put_reasons(out, "approximate", tally->approximate, APPROXIMATE_COUNT,
		    approximate_reason_name);
	put_reasons(out, "ignored", tally->ignored, IGNORE_COUNT, ignore_reason_name);
	put_count(out, "hooks_missed", tally->hooks_missed);
	fputs(",\"series\":[", out);
	for (i = 0; i < flush->series_count; i++) {
		if (series_measure(flush->series[i], span)->count == 0)
			continue;
		fputs(separator, out);
		put_series(out, flush->series[i], span, seconds);
		separator = ",";
	}
	fputs("],\"phases\":[", out);
	separator = "";
	for (i = 0; i < flush->phase_count; i++) {
		const struct phase_series *phase = flush->phases[i];

		if (phase_measure(phase, span)->count == 0)
			continue;
		fputs(separator, out);
		put_phase(out, phase, phase_measure(phase, span));
		separator = ",";
	}
	fputs("]}\n", out);
}
