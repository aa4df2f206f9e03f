/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dashboards.c - see dashboards.h.
 */
#include "dashboards/dashboards.h"

#include <stdio.h>

#include "harness/harness.h"

json_t *dashboard_load(const char *name)
{
	const char *path = path_source(text_format("stack/grafana/dashboards/%s.json", name));
	json_error_t error;
	json_t *dashboard = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (!dashboard)
		fail_msg("%s, line %d: %s", path, error.line, error.text);
	return dashboard;
}

bool panel_is_row(json_t *panel)
{
	const char *type = json_string_value(json_object_get(panel, "type"));

	return type && strcmp(type, "row") == 0;
}

size_t dashboard_queries(json_t *dashboard, struct panel_query *queries, size_t size)
{
	size_t i, j, count = 0;
	json_t *panel, *target;

	json_array_foreach(json_object_get(dashboard, "panels"), i, panel)
	{
		json_array_foreach(json_object_get(panel, "targets"), j, target)
		{
			assert_true(count < size);
			queries[count++] = (struct panel_query){
				.panel = json_string_value(json_object_get(panel, "title")),
				.type = json_string_value(json_object_get(panel, "type")),
				.ref_id = json_string_value(json_object_get(target, "refId")),
				.expression = json_string_value(json_object_get(target, "expr")),
			};
		}
	}
	return count;
}

/* Replaces each `name` in text (QUERY_MAX bytes). */
static void replace_all(char *text, const char *name, const char *value)
{
	char before[QUERY_MAX];
	const char *from = before, *at;
	size_t used = 0;

	memcpy(before, text, QUERY_MAX);
	while ((at = strstr(from, name)) != NULL) {
		used += (size_t)snprintf(text + used, QUERY_MAX - used, "%.*s%s", (int)(at - from),
					 from, value);
		assert_true(used < QUERY_MAX);
		from = at + strlen(name);
	}
	used += (size_t)snprintf(text + used, QUERY_MAX - used, "%s", from);
	assert_true(used < QUERY_MAX);
}

void dashboard_substitute(char text[QUERY_MAX], const char *expression,
			  const struct dashboard_values *values)
{
	const struct {
		const char *name;
		const char *value;
	} variables[] = {
		{ "$__rate_interval", values->rate_interval },
		{ "$__range", values->range },
		{ "$service", values->service },
		{ "$method", values->method },
		{ "$route", values->route },
	};
	size_t i;

	assert_true(strlen(expression) < QUERY_MAX);
	strcpy(text, expression);
	for (i = 0; i < ROWS(variables); i++)
		replace_all(text, variables[i].name, variables[i].value);
	if (strchr(text, '$'))
		fail_msg("a variable has no value in: %s", text);
}
