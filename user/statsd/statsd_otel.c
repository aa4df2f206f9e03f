/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_otel.c - names and labels of the OpenTelemetry HTTP conventions.
 *
 * Input: a series or a phase.  Output: its names and tags.  It must not know what was sent
 * before.
 */
#include "statsd/statsd_private.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "flush/names.h"

static const struct statsd_names request_names = {
	.duration = "http.server.request.duration.seconds",
	.request_body = "http.server.request.body.size.bytes",
	.response_body = "http.server.response.body.size.bytes",
};

static const struct statsd_names client_names = {
	.duration = "http.client.request.duration.seconds",
	.request_body = "http.client.request.body.size.bytes",
	.response_body = "http.client.response.body.size.bytes",
};

static const struct statsd_names phase_names = {
	.duration = "http.server.request.phase.seconds",
};

static const struct statsd_names accept_names = {
	.duration = "http.server.accept.wait.seconds",
};

static void format_series_tags(char tags[STATSD_TAGS_MAX], const struct series *series)
{
	char service[STATSD_TEXT_MAX], route[STATSD_TEXT_MAX], method[STATSD_SHORT_MAX], status[8];
	const char *error = series_error_type(series, status);
	int used;

	used = snprintf(tags, STATSD_TAGS_MAX,
			"service_name:%s,http_request_method:%s,http_route:%s",
			text_escape_statsd(service, sizeof(service), series->service),
			text_escape_statsd(method, sizeof(method), series->method),
			text_escape_statsd(route, sizeof(route), series->route));
	/* an address, or "other": nothing to escape */
	if (series->server_address)
		used += snprintf(tags + used, STATSD_TAGS_MAX - used, ",server_address:%s",
				 series->server_address);
	if (series->status)
		used += snprintf(tags + used, STATSD_TAGS_MAX - used,
				 ",http_response_status_code:%u", series->status);
	if (error)
		snprintf(tags + used, STATSD_TAGS_MAX - used, ",error_type:%s", error);
}

static void format_phase_tags(char tags[STATSD_TAGS_MAX], const struct phase_series *phase)
{
	char service[STATSD_TEXT_MAX], route[STATSD_TEXT_MAX];
	int used = snprintf(tags, STATSD_TAGS_MAX, "service_name:%s",
			    text_escape_statsd(service, sizeof(service), phase->service));

	if (phase->route)
		snprintf(tags + used, STATSD_TAGS_MAX - used, ",http_route:%s,phase:%s",
			 text_escape_statsd(route, sizeof(route), phase->route),
			 request_phase_name(phase->phase));
}

void statsd_otel_series(struct statsd_identity *identity, const struct series *series)
{
	identity->names = series->server_address ? &client_names : &request_names;
	format_series_tags(identity->duration_tags, series);
	memcpy(identity->counter_tags, identity->duration_tags, STATSD_TAGS_MAX);
}

void statsd_otel_phase(struct statsd_identity *identity, const struct phase_series *phase)
{
	identity->names = phase->route ? &phase_names : &accept_names;
	format_phase_tags(identity->duration_tags, phase);
}
