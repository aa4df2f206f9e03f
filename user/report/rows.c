/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * rows.c - see report/rows.h.
 */
#include "report/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flush/measure.h"
#include "flush/names.h"

/* Requests to the service first, then those it sent, by server. */
static int compare_servers(const char *left, const char *right)
{
	if (left && right)
		return strcmp(left, right);
	return (left != NULL) - (right != NULL);
}

static int compare_series(const void *a, const void *b)
{
	const struct series *left = *(const struct series *const *)a;
	const struct series *right = *(const struct series *const *)b;
	int order = strcmp(left->service, right->service);

	if (!order)
		order = compare_servers(left->server_address, right->server_address);
	if (!order)
		order = strcmp(left->method, right->method);
	return order ? order : strcmp(left->route, right->route);
}

/*
 * The busiest first, in the span shown and then in the whole run; rows with equal counts keep
 * the order of their names, so that they do not jump.
 */
static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	if (left->total_count != right->total_count)
		return left->total_count < right->total_count ? 1 : -1;
	return left->begin < right->begin ? -1 : left->begin > right->begin;
}

int report_rows_init(struct report_rows *rows, const struct flush *flush, enum report_span span)
{
	const size_t room = flush->series_count + 1;
	size_t count = 0, i;

	memset(rows, 0, sizeof(*rows));
	rows->series = calloc(room, sizeof(*rows->series));
	rows->rows = calloc(room, sizeof(*rows->rows));
	if (!rows->series || !rows->rows) {
		report_rows_release(rows);
		return -ENOMEM;
	}
	for (i = 0; i < flush->series_count; i++)
		if (flush->series[i]->total.count > 0)
			rows->series[count++] = flush->series[i];
	qsort(rows->series, count, sizeof(*rows->series), compare_series);
	for (i = 0; i < count; i++) {
		const struct series *series = rows->series[i];
		struct row *row;

		if (i == 0 || compare_series(&rows->series[i - 1], &rows->series[i]) != 0)
			rows->rows[rows->count++].begin = i;
		if (strcmp(series->service, rows->series[0]->service) != 0)
			rows->several_services = true;
		row = &rows->rows[rows->count - 1];
		row->end = i + 1;
		row->count += series_measure(series, span)->count;
		row->total_count += series->total.count;
	}
	qsort(rows->rows, rows->count, sizeof(*rows->rows), compare_rows);
	return 0;
}

void report_rows_release(struct report_rows *rows)
{
	free(rows->series);
	free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}

int report_rows_measure(const struct report_rows *rows, const struct row *row,
			enum report_span span, struct measure *sum, uint64_t *errors)
{
	char status[8];
	int err = 0;
	size_t i;

	measure_clear(sum);
	*errors = 0;
	for (i = row->begin; i < row->end && !err; i++) {
		const struct series *series = rows->series[i];
		const struct measure *measure = series_measure(series, span);

		err = measure_add(sum, measure);
		if (series_error_type(series, status))
			*errors += measure->count;
	}
	return err;
}
