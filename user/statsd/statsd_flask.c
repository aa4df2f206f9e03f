/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_flask.c - names and labels of the StatsD middleware for Flask, so that
 * dashboards made for it work unchanged.
 *
 * Input: the series of a flush.  Output: flask.info, and names and tags of
 * flask.request_status_total and flask.request_duration_seconds.  It must not know what was
 * sent before.
 *
 * The middleware does not see requests without a response.  Here they have the status that a
 * proxy before the application would log: 499 if the client gave up, 502 if the server closed
 * without a response.  A response that was cut off keeps its status.
 */
#include "statsd/statsd_private.h"

#include <stdio.h>

#include "base/text.h"

#define STATUS_CLIENT_ABORT 499
#define STATUS_NO_RESPONSE 502

static const struct statsd_names flask_names = {
	.duration = "flask.request_duration_seconds",
	.requests = "flask.request_status_total",
};

static unsigned int flask_status(const struct series *series)
{
	if (series->status)
		return series->status;
	return series->error == ERROR_CLIENT_ABORT ? STATUS_CLIENT_ABORT : STATUS_NO_RESPONSE;
}

void statsd_flask_series(struct statsd_identity *identity, const struct series *series)
{
	char service[STATSD_TEXT_MAX], route[STATSD_TEXT_MAX], method[STATSD_SHORT_MAX];

	identity->names = &flask_names;
	snprintf(identity->duration_tags, STATSD_TAGS_MAX, "app_name:%s,method:%s,endpoint:%s",
		 text_escape_statsd(service, sizeof(service), series->service),
		 text_escape_statsd(method, sizeof(method), series->method),
		 text_escape_statsd(route, sizeof(route), series->route));
	snprintf(identity->counter_tags, STATSD_TAGS_MAX,
		 "app_name:%s,method:%s,endpoint:%s,status:%u", service, method, route,
		 flask_status(series));
}

void statsd_flask_info(struct statsd_encoder *encoder, const struct flush *flush)
{
	char name[STATSD_TEXT_MAX], tags[STATSD_TAGS_MAX];
	size_t i;

	for (i = 0; i < flush->service_count; i++) {
		snprintf(tags, sizeof(tags), "app_name:%s",
			 text_escape_statsd(name, sizeof(name), flush->services[i].name));
		statsd_emit_gauge(encoder, "flask.info", 1, tags);
	}
}
