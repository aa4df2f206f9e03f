/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_dashboards.c - the form of the dashboards: what Grafana, its linter and
 * a reader expect.  The results of their queries are tested in test_panels.c.
 *
 * dashboard_is_linted checks them with the rules of Grafana's dashboard-linter
 * that make sense for StatsD, which has no job and no instance to select.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "dashboards/dashboards.h"
#include "harness/harness.h"
#include "harness/process.h"

#define QUERIES_MAX 64
#define GRID_COLUMNS 24

static const char *const names[] = { "redtap-red", "redtap-itself" };

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static long long number_of(json_t *object, const char *key)
{
	json_t *number = json_object_get(object, key);

	if (!json_is_integer(number))
		fail_msg("'%s' is not a whole number", key);
	return json_integer_value(number);
}

/* jq and its exit status; returns what it printed. */
static char *run_jq(const char *name)
{
	const char *argv[] = { "jq",          "--null-input",
			       "-L",          path_source("stack/grafana"),
			       "--from-file", path_source(text_format("stack/grafana/%s.jq", name)),
			       NULL };
	struct process *process =
		process_start(&(struct process_options){ .name = "jq", .argv = argv });

	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	return process_out(process);
}

static void json_is_made_of_source(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(names); i++) {
		char *made = run_jq(names[i]);
		json_t *source = json_loads(made, 0, NULL);
		json_t *committed = dashboard_load(names[i]);

		assert_non_null(source);
		if (!json_equal(source, committed))
			fail_msg("stack/grafana/dashboards/%s.json is not the output of %s.jq: "
				 "run 'make dashboards'",
				 names[i], names[i]);
		json_decref(committed);
		json_decref(source);
		free(made);
	}
}

static void assert_datasource(json_t *object, const char *where)
{
	json_t *datasource = json_object_get(object, "datasource");

	if (strcmp(text_of(datasource, "uid"), "${datasource}") != 0 ||
	    strcmp(text_of(datasource, "type"), "prometheus") != 0)
		fail_msg("%s: the data source is not the variable", where);
}

/* The unit, at the position for this type of panel. */
static const char *panel_unit(json_t *panel)
{
	if (strcmp(text_of(panel, "type"), "heatmap") == 0)
		return text_of(json_object_get(json_object_get(panel, "options"), "yAxis"), "unit");
	return text_of(json_object_get(json_object_get(panel, "fieldConfig"), "defaults"), "unit");
}

static void assert_panel(json_t *panel)
{
	const char *title = text_of(panel, "title");
	json_t *targets = json_object_get(panel, "targets"), *target;
	char refs[32] = "";
	size_t i;

	if (title[0] == '\0')
		fail_msg("panel %lld has no title", number_of(panel, "id"));
	if (panel_is_row(panel))
		return;
	assert_datasource(panel, title);
	if (strlen(text_of(panel, "description")) < 20)
		fail_msg("%s: no description", title);
	if (panel_unit(panel)[0] == '\0')
		fail_msg("%s: no unit", title);
	if (json_array_size(targets) == 0)
		fail_msg("%s: no query", title);
	json_array_foreach(targets, i, target)
	{
		const char *ref = text_of(target, "refId");

		assert_datasource(target, title);
		if (strlen(ref) != 1 || strchr(refs, ref[0]))
			fail_msg("%s: refId '%s' is not a unique letter", title, ref);
		strcat(refs, ref);
		if (text_of(target, "legendFormat")[0] == '\0')
			fail_msg("%s: query %s has no legend", title, ref);
	}
}

static void panels_are_described(void **state)
{
	size_t i, j;
	json_t *panel;

	(void)state;
	for (i = 0; i < ROWS(names); i++) {
		json_t *dashboard = dashboard_load(names[i]);

		json_array_foreach(json_object_get(dashboard, "panels"), j, panel)
			assert_panel(panel);
		json_decref(dashboard);
	}
}

static void assert_free(bool taken[][GRID_COLUMNS], size_t rows, json_t *panel)
{
	json_t *grid = json_object_get(panel, "gridPos");
	const long long x = number_of(grid, "x"), y = number_of(grid, "y");
	const long long w = number_of(grid, "w"), h = number_of(grid, "h");
	long long row, column;

	if (x < 0 || y < 0 || w < 1 || h < 1 || x + w > GRID_COLUMNS || y + h > (long long)rows)
		fail_msg("%s: outside the grid", text_of(panel, "title"));
	for (row = y; row < y + h; row++) {
		for (column = x; column < x + w; column++) {
			if (taken[row][column])
				fail_msg("%s: overlaps another panel", text_of(panel, "title"));
			taken[row][column] = true;
		}
	}
}

static void panels_have_their_place(void **state)
{
	size_t i, j, k;
	json_t *panel;

	(void)state;
	for (i = 0; i < ROWS(names); i++) {
		json_t *dashboard = dashboard_load(names[i]);
		json_t *panels = json_object_get(dashboard, "panels");
		bool taken[500][GRID_COLUMNS] = { 0 };

		json_array_foreach(panels, j, panel)
		{
			assert_free(taken, ROWS(taken), panel);
			for (k = 0; k < j; k++)
				if (number_of(json_array_get(panels, k), "id") ==
				    number_of(panel, "id"))
					fail_msg("%s: id %lld is used twice",
						 text_of(panel, "title"), number_of(panel, "id"));
		}
		assert_true(json_array_size(panels) > 10);
		json_decref(dashboard);
	}
}

/* ---- queries ---- */

/* The value of these label matchers must be a variable. */
static void assert_no_literal(const struct panel_query *query, const char *label,
			      const char *variable)
{
	const char *allowed = text_format("%s=~\"%s\"", label, variable);
	const char *at = query->expression;

	while ((at = strstr(at, label)) != NULL) {
		const char *after = at + strlen(label);

		if (strchr("=!", *after) && strncmp(at, allowed, strlen(allowed)) != 0)
			fail_msg("%s: %s is not selected by %s: %s", query->panel, label, variable,
				 query->expression);
		at = after;
	}
}

/* Windows depend on the step (or on the range, where one value is shown), or are 24 h. */
static void assert_windows(const struct panel_query *query)
{
	const bool over_time = strcmp(query->type, "timeseries") == 0 ||
			       strcmp(query->type, "heatmap") == 0;
	const char *const allowed[] = { over_time ? "[$__rate_interval]" : "[$__range]",
					over_time ? "[$__rate_interval]" : "[24h]" };
	const char *at = query->expression;
	size_t i;

	while ((at = strchr(at, '[')) != NULL) {
		for (i = 0; i < ROWS(allowed); i++)
			if (strncmp(at, allowed[i], strlen(allowed[i])) == 0)
				break;
		if (i == ROWS(allowed))
			fail_msg("%s: unexpected window: %s", query->panel, query->expression);
		at++;
	}
}

/* The plain value of a counter is useless: it needs a window. */
static void assert_counters_are_rated(const struct panel_query *query)
{
	static const char *const endings[] = { "_total",        "_sum{",         "_count{",
					       "_bucket{",      "requests_seen", "requests_counted",
					       "requests_lost", "statsd_errors", "statsd_dropped" };
	size_t i;

	for (i = 0; i < ROWS(endings); i++) {
		const char *at = strstr(query->expression, endings[i]);

		if (at && !strchr(at, '['))
			fail_msg("%s: a counter without a window: %s", query->panel,
				 query->expression);
	}
}

static void queries_select_by_variables(void **state)
{
	struct panel_query queries[QUERIES_MAX];
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(names); i++) {
		json_t *dashboard = dashboard_load(names[i]);
		const size_t count = dashboard_queries(dashboard, queries, ROWS(queries));

		for (j = 0; j < count; j++) {
			assert_no_literal(&queries[j], "service_name", "$service");
			assert_no_literal(&queries[j], "http_route", "$route");
			assert_no_literal(&queries[j], "http_request_method", "$method");
			assert_windows(&queries[j]);
			assert_counters_are_rated(&queries[j]);
			if (strstr(queries[j].expression, "http_server_") &&
			    !strstr(queries[j].expression, "$service"))
				fail_msg("%s: does not select the service", queries[j].panel);
		}
		json_decref(dashboard);
	}
}

/* ---- rules of Grafana's linter for the whole dashboard ---- */

static json_t *find_variable(json_t *dashboard, const char *name)
{
	json_t *list = json_object_get(json_object_get(dashboard, "templating"), "list");
	json_t *variable;
	size_t i;

	json_array_foreach(list, i, variable) if (strcmp(text_of(variable, "name"), name) ==
						  0) return variable;
	return NULL;
}

static void assert_label_variable(json_t *dashboard, const char *name, const char *label)
{
	json_t *variable = find_variable(dashboard, name);
	char ending[64];

	if (!variable)
		fail_msg("no variable '%s'", name);
	snprintf(ending, sizeof(ending), ", %s)", label);
	assert_non_null(strstr(text_of(variable, "definition"), ending));
	assert_datasource(variable, name);
	assert_true(json_is_true(json_object_get(variable, "multi")));
	assert_true(json_is_true(json_object_get(variable, "includeAll")));
	assert_string_equal(text_of(variable, "allValue"), ".*");
	/* Refreshed when the time range changes. */
	assert_int_equal(number_of(variable, "refresh"), 2);
}

/* The link opens the other dashboard and passes variables and time range. */
static void assert_link(json_t *dashboard, const char *other)
{
	json_t *link = json_array_get(json_object_get(dashboard, "links"), 0);

	assert_string_equal(text_of(link, "url"), text_format("/d/%s", other));
	assert_true(json_is_true(json_object_get(link, "includeVars")));
	assert_true(json_is_true(json_object_get(link, "keepTime")));
}

static void dashboard_is_linted(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(names); i++) {
		json_t *dashboard = dashboard_load(names[i]);
		json_t *datasource = find_variable(dashboard, "datasource");

		assert_string_equal(text_of(dashboard, "uid"), names[i]);
		assert_true(json_is_false(json_object_get(dashboard, "editable")));
		assert_non_null(datasource);
		assert_string_equal(text_of(datasource, "type"), "datasource");
		assert_string_equal(text_of(datasource, "query"), "prometheus");
		assert_string_equal(text_of(datasource, "label"), "Data source");
		assert_label_variable(dashboard, "service", "service_name");
		if (i == 0) {
			assert_label_variable(dashboard, "route", "http_route");
			assert_label_variable(dashboard, "method", "http_request_method");
		}
		assert_link(dashboard, names[1 - i]);
		json_decref(dashboard);
	}
}

static void schema_of_grafana(void **state)
{
	const char *program = path_build("tools/dashboard_schema");
	const char *argv[] = { program, path_source("stack/grafana/dashboards/redtap-red.json"),
			       path_source("stack/grafana/dashboards/redtap-itself.json"), NULL };
	struct process *process;
	char *findings;

	(void)state;
	if (access(program, X_OK) != 0) {
		print_message("%s is missing: building it needs Go 1.21 or newer, see "
			      "stack/deps.sh\n",
			      program);
		skip();
	}
	process = process_start(
		&(struct process_options){ .name = "dashboard_schema", .argv = argv });
	process_wait(process, DEADLINE_S);
	findings = process_out(process);
	if (findings[0] != '\0')
		fail_msg("%s", findings);
	free(findings);
	process_assert_exit(process, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(json_is_made_of_source),  E2E_TEST(panels_are_described),
		E2E_TEST(panels_have_their_place), E2E_TEST(queries_select_by_variables),
		E2E_TEST(dashboard_is_linted),     E2E_TEST(schema_of_grafana),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, harness_group_teardown);
}
