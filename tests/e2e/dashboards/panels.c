/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * panels.c - see panels.h.
 */
#include "dashboards/panels.h"

#include <stdio.h>

#include "dashboards/dashboards.h"
#include "harness/harness.h"

#define QUERIES_MAX 64

static bool is_about(const struct expectation *expectation, const struct panel_query *query)
{
	return strcmp(expectation->name, query->panel) == 0 &&
	       strcmp(expectation->ref_id, query->ref_id) == 0;
}

static void ask(const struct scenario *scenario, const struct panel_query *query,
		const char *service, struct metrics *answer)
{
	const struct dashboard_values values = { .service = service,
						 .route = ".*",
						 .method = ".*",
						 .rate_interval = RATE_INTERVAL,
						 .range = RANGE };
	char text[QUERY_MAX];

	dashboard_substitute(text, query->expression, &values);
	scenario_ask(scenario, text, scenario->end, answer);
}

static void check(const struct scenario *scenario, const struct panel_query *query,
		  const struct expectation *expectation)
{
	struct metrics answer;

	/* Failures below do not name the query, so print it first. */
	print_message("%s, query %s, of %s\n", query->panel, query->ref_id, expectation->service);
	metrics_init(&answer);
	ask(scenario, query, expectation->service, &answer);
	if (expectation->pair)
		require_pairs(scenario, &answer, expectation->pair);
	else
		expectation->check(scenario, &answer);
	metrics_release(&answer);
}

void panels_check(const struct scenario *scenario, const char *name,
		  const struct expectation *expectations, size_t count)
{
	struct panel_query queries[QUERIES_MAX];
	json_t *dashboard = dashboard_load(name);
	const size_t query_count = dashboard_queries(dashboard, queries, ROWS(queries));
	size_t i, j, found, used = 0;

	assert_true(query_count > 0);
	for (i = 0; i < query_count; i++) {
		found = 0;
		for (j = 0; j < count; j++) {
			if (!is_about(&expectations[j], &queries[i]))
				continue;
			check(scenario, &queries[i], &expectations[j]);
			found++;
		}
		if (found == 0)
			fail_msg("%s: no expectation for '%s', query %s", name, queries[i].panel,
				 queries[i].ref_id);
		used += found;
	}
	if (used != count)
		fail_msg("%s: %zu expectations, but only %zu match a query", name, count, used);
	json_decref(dashboard);
}

void panels_select_service(const struct scenario *scenario, const char *name)
{
	struct panel_query queries[QUERIES_MAX];
	json_t *dashboard = dashboard_load(name);
	const size_t count = dashboard_queries(dashboard, queries, ROWS(queries));
	struct metrics answer;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strstr(queries[i].expression, "$service"))
			continue;
		metrics_init(&answer);
		ask(scenario, &queries[i], "nobody", &answer);
		if (answer.count > 0)
			fail_msg("'%s', query %s does not select the service", queries[i].panel,
				 queries[i].ref_id);
		metrics_release(&answer);
	}
	json_decref(dashboard);
}
