/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * json.c - see report/json.h.
 */
#include "report/json.h"

#include "base/json.h"
#include "flush/measure.h"
#include "flush/names.h"

/* What series and phases have alike. */
static void put_durations(struct json *json, const struct measure *measure)
{
	json_put_ns(json, "sum_s", measure->sum_ns);
	json_put_seconds(json, "mean_s", measure_mean(measure->sum_ns, measure->count));
	json_put_seconds(json, "p50_s", measure_quantile(measure, 0.50));
	json_put_seconds(json, "p90_s", measure_quantile(measure, 0.90));
	json_put_seconds(json, "p99_s", measure_quantile(measure, 0.99));
}

void json_write_attached(FILE *out, double time, const char *hooks, const pid_t *pids,
			 size_t pid_count)
{
	struct json json = { .out = out };
	size_t i;

	json_open(&json, NULL, '{');
	json_put_text(&json, "type", "attached");
	json_put_number(&json, "time", time);
	json_put_text(&json, "hooks", hooks);
	json_open(&json, "pids", '[');
	for (i = 0; i < pid_count; i++)
		json_put_count(&json, NULL, (uint64_t)pids[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', out);
}

static void put_identity(struct json *json, const struct series *series)
{
	char status[8];

	json_put_text(json, "kind", series->server_address ? "client" : "server");
	json_put_text(json, "service", series->service);
	if (series->server_address)
		json_put_text(json, "server_address", series->server_address);
	json_put_text(json, "method", series->method);
	json_put_text(json, "route", series->route);
	if (series->status)
		json_put_count(json, "status", series->status);
	else
		json_put_null(json, "status");
	json_put_text(json, "error", series_error_type(series, status));
}

static void put_series(struct json *json, const struct series *series, const struct flush *flush,
		       enum report_span span)
{
	const struct measure *measure = series_measure(series, span);

	json_open(json, NULL, '{');
	put_identity(json, series);
	json_put_count(json, "count", measure->count);
	json_put_number(json, "rate", span_rate(flush, span, measure->count));
	put_durations(json, measure);
	json_put_seconds(json, "max_s", measure_max(measure));
	json_put_count(json, "request_bytes", measure->request_bytes);
	json_put_count(json, "response_bytes", measure->response_bytes);
	json_close(json, '}');
}

static void put_phase(struct json *json, const struct phase_series *phase,
		      const struct measure *measure)
{
	json_open(json, NULL, '{');
	json_put_text(json, "service", phase->service);
	json_put_text(json, "route", phase->route);
	json_put_text(json, "phase", request_phase_name(phase->phase));
	json_put_count(json, "count", measure->count);
	put_durations(json, measure);
	json_close(json, '}');
}

/* Every reason of one kind, zeros too. */
static void put_reasons(struct json *json, const char *kind, const uint64_t *counts,
			unsigned int count, const char *(*name)(unsigned int reason))
{
	unsigned int i;

	json_open(json, kind, '{');
	for (i = 1; i < count; i++)
		json_put_count(json, name(i), counts[i]);
	json_close(json, '}');
}

static void put_ledger(struct json *json, const struct flush *flush, const struct tally *tally)
{
	json_put_count(json, "seen", tally->seen);
	json_put_count(json, "counted", tally->counted);
	json_put_count(json, "in_flight", flush->in_flight);
	json_put_count(json, "connections", flush->connections);
	put_reasons(json, "lost", tally->lost, LOSS_COUNT, loss_reason_name);
	put_reasons(json, "approximate", tally->approximate, APPROXIMATE_COUNT,
		    approximate_reason_name);
	put_reasons(json, "ignored", tally->ignored, IGNORE_COUNT, ignore_reason_name);
	json_put_count(json, "hooks_missed", tally->hooks_missed);
}

void json_write_flush(FILE *out, const struct flush *flush, enum report_span span)
{
	struct json json = { .out = out };
	size_t i;

	json_open(&json, NULL, '{');
	json_put_text(&json, "type", span == SPAN_RUN ? "total" : "flush");
	json_put_number(&json, "time", flush->time);
	json_put_number(&json, "interval_s", span_seconds(flush, span));
	put_ledger(&json, flush, span_tally(flush, span));
	json_open(&json, "series", '[');
	for (i = 0; i < flush->series_count; i++)
		if (series_measure(flush->series[i], span)->count > 0)
			put_series(&json, flush->series[i], flush, span);
	json_close(&json, ']');
	json_open(&json, "phases", '[');
	for (i = 0; i < flush->phase_count; i++)
		if (phase_measure(flush->phases[i], span)->count > 0)
			put_phase(&json, flush->phases[i], phase_measure(flush->phases[i], span));
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', out);
}
