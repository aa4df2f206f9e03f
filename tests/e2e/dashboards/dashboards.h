/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dashboards.h - the dashboards of stack/grafana as data: their panels, and
 * their queries as Grafana would send them.
 *
 * Inputs: stack/grafana/dashboards/.  Outputs: PromQL.  It must not know what
 * the queries mean.
 */
#ifndef REDTAP_E2E_DASHBOARDS_H
#define REDTAP_E2E_DASHBOARDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Longest query after substitution. */
#define QUERY_MAX 4096

/* A query; the dashboard owns all pointers. */
struct panel_query {
	const char *panel; /* title */
	const char *type;
	const char *ref_id;
	const char *expression; /* as written, with variables */
};

/* Reads stack/grafana/dashboards/NAME.json; the caller owns it.  Fails the test on error. */
json_t *dashboard_load(const char *name);

/* All panels except rows (headings). */
bool panel_is_row(json_t *panel);

/* Fills queries with those of all panels, at most size; returns how many. */
size_t dashboard_queries(json_t *dashboard, struct panel_query *queries, size_t size);

/* Values that Grafana inserts for the variables. */
struct dashboard_values {
	const char *service; /* regular expressions */
	const char *route;
	const char *method;
	const char *rate_interval; /* durations */
	const char *range;
};

/* The query with all variables replaced.  Fails the test if a `$` is left. */
void dashboard_substitute(char text[QUERY_MAX], const char *expression,
			  const struct dashboard_values *values);

#endif
