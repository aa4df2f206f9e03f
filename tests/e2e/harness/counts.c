/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * counts.c - see counts.h.
 */
#include "harness/counts.h"

#include <math.h>
#include <stdio.h>

#include "harness/harness.h"

/* Enough for the differences of 25 rows. */
#define WHY_MAX 4096
/* `le` boundaries of one histogram. */
#define BUCKETS_MAX 128

void counts_init(struct counts *counts)
{
	memset(counts, 0, sizeof(*counts));
}

void counts_release(struct counts *counts)
{
	free(counts->rows);
	counts_init(counts);
}

static void error_of(char error[24], int status, const char *given)
{
	if (given)
		snprintf(error, 24, "%s", given);
	else if (status >= 500)
		snprintf(error, 24, "%d", status);
	else
		error[0] = '\0';
}

static bool same_row(const struct count_row *a, const struct count_row *b)
{
	return a->status == b->status && strcmp(a->route, b->route) == 0 &&
	       strcmp(a->method, b->method) == 0 && strcmp(a->error, b->error) == 0;
}

/* Searches from the newest: the metrics of one series are adjacent. */
static struct count_row *find(const struct counts *counts, const struct count_row *like)
{
	size_t i;

	for (i = counts->count; i > 0; i--)
		if (same_row(&counts->rows[i - 1], like))
			return &counts->rows[i - 1];
	return NULL;
}

static struct count_row make_row(const char *method, const char *route, int status,
				 const char *error)
{
	struct count_row row = { .status = status };

	assert_true(strlen(method) < sizeof(row.method) && strlen(route) < sizeof(row.route));
	strcpy(row.method, method);
	strcpy(row.route, route);
	error_of(row.error, status, error);
	return row;
}

void counts_add(struct counts *counts, const char *method, const char *route, int status,
		const char *error, uint64_t n, uint64_t request_bytes, uint64_t response_bytes)
{
	const struct count_row like = make_row(method, route, status, error);
	struct count_row *row = find(counts, &like);

	if (!row) {
		if (counts->count == counts->room) {
			counts->room = counts->room ? counts->room * 2 : 64;
			counts->rows =
				realloc(counts->rows, counts->room * sizeof(counts->rows[0]));
			assert_non_null(counts->rows);
		}
		row = &counts->rows[counts->count++];
		*row = like;
	}
	row->count += n;
	row->request_bytes += request_bytes;
	row->response_bytes += response_bytes;
}

void counts_add_all(struct counts *counts, const struct counts *from)
{
	size_t i;

	for (i = 0; i < from->count; i++) {
		const struct count_row *row = &from->rows[i];

		counts_add(counts, row->method, row->route, row->status, row->error, row->count,
			   row->request_bytes, row->response_bytes);
	}
}

const struct count_row *counts_find(const struct counts *counts, const char *method,
				    const char *route, int status, const char *error)
{
	const struct count_row like = make_row(method, route, status, error);

	return find(counts, &like);
}

uint64_t counts_total(const struct counts *counts)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < counts->count; i++)
		total += counts->rows[i].count;
	return total;
}

static const char *json_text(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("a series has no text '%s'", key);
	return text;
}

static uint64_t json_count(json_t *object, const char *key)
{
	json_t *number = json_object_get(object, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		fail_msg("a series has no count '%s'", key);
	return json_integer_value(number);
}

static bool json_is_client(json_t *series)
{
	const bool client = strcmp(json_text(series, "kind"), "client") == 0;

	if (!client)
		assert_string_equal(json_text(series, "kind"), "server");
	return client;
}

static void add_json(struct counts *counts, json_t *series)
{
	json_t *status = json_object_get(series, "status");
	json_t *error = json_object_get(series, "error");

	assert_true(json_is_null(status) || json_is_integer(status));
	assert_true(json_is_null(error) || json_is_string(error));
	counts_add(counts, json_text(series, "method"), json_text(series, "route"),
		   json_integer_value(status), json_is_null(error) ? "" : json_string_value(error),
		   json_count(series, "count"), json_count(series, "request_bytes"),
		   json_count(series, "response_bytes"));
}

void counts_from_json(struct counts *counts, json_t *series, const char *service)
{
	json_t *one;
	size_t i;

	assert_true(json_is_array(series));
	json_array_foreach(series, i, one)
	{
		if (!service || strcmp(json_text(one, "service"), service) == 0)
			add_json(counts, one);
	}
}

void counts_from_json_client(struct counts *counts, json_t *series, const char *server)
{
	json_t *one;
	size_t i;

	assert_true(json_is_array(series));
	json_array_foreach(series, i, one)
	{
		if (json_is_client(one) && strcmp(json_text(one, "server_address"), server) == 0)
			add_json(counts, one);
	}
}

static bool of_service(const struct metric *metric, const char *service)
{
	const char *name = metric_label(metric, "service_name");

	return name && strcmp(name, service) == 0;
}

void counts_from_metrics(struct counts *counts, const struct metrics *metrics, const char *service)
{
	size_t i;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];
		const char *method = metric_label(metric, "http_request_method");
		const char *route = metric_label(metric, "http_route");
		const char *status = metric_label(metric, "http_response_status_code");
		const char *error = metric_label(metric, "error_type");
		const uint64_t value = llround(metric->value);
		uint64_t n = 0, request_bytes = 0, response_bytes = 0;

		if (strcmp(metric->name, "http_server_request_duration_seconds_count") == 0)
			n = value;
		else if (strcmp(metric->name, "http_server_request_body_size_bytes_sum") == 0)
			request_bytes = value;
		else if (strcmp(metric->name, "http_server_response_body_size_bytes_sum") == 0)
			response_bytes = value;
		if (value == 0 || n + request_bytes + response_bytes == 0 ||
		    !of_service(metric, service))
			continue;
		assert_non_null(method);
		assert_non_null(route);
		counts_add(counts, method, route, status ? atoi(status) : 0, error ? error : "", n,
			   request_bytes, response_bytes);
	}
}

static size_t describe(char *why, size_t size, size_t used, const struct count_row *row,
		       const struct count_row *other)
{
	const struct count_row none = { 0 };

	other = other ? other : &none;
	if (used >= size)
		return used;
	return used + snprintf(why + used, size - used,
			       "\n  %s %s %d %s: %llu expected, %llu found"
			       " (request bytes %llu, %llu; response bytes %llu, %llu)",
			       row->method, row->route, row->status, row->error,
			       (unsigned long long)row->count, (unsigned long long)other->count,
			       (unsigned long long)row->request_bytes,
			       (unsigned long long)other->request_bytes,
			       (unsigned long long)row->response_bytes,
			       (unsigned long long)other->response_bytes);
}

bool counts_equal(const struct counts *expected, const struct counts *actual, bool bytes, char *why,
		  size_t size)
{
	size_t used = 0, i;

	why[0] = '\0';
	for (i = 0; i < expected->count; i++) {
		const struct count_row *row = &expected->rows[i];
		const struct count_row *other = find(actual, row);

		if (!other || other->count != row->count ||
		    (bytes && (other->request_bytes != row->request_bytes ||
			       other->response_bytes != row->response_bytes)))
			used = describe(why, size, used, row, other);
	}
	for (i = 0; i < actual->count; i++) {
		const struct count_row *row = &actual->rows[i];

		if (row->count == 0 || find(expected, row) || used >= size)
			continue;
		used += snprintf(why + used, size - used,
				 "\n  %s %s %d %s: none expected, %llu found", row->method,
				 row->route, row->status, row->error,
				 (unsigned long long)row->count);
	}
	return used == 0;
}

void counts_assert_equal(const struct counts *expected, const struct counts *actual, bool bytes,
			 const char *place)
{
	char why[WHY_MAX];

	if (counts_equal(expected, actual, bytes, why, sizeof(why)))
		return;
	/* Printed directly: cmocka would truncate it. */
	fprintf(stderr, "%s differs from the client's count:%s\n", place, why);
	fail_msg("%s differs from the client's count", place);
}

static int compare_le(const void *a, const void *b)
{
	const struct metric *const *left = a, *const *right = b;
	const double difference =
		strtod(metric_label(*left, "le"), NULL) - strtod(metric_label(*right, "le"), NULL);

	return (difference > 0) - (difference < 0);
}

static bool histogram_sound(const struct metrics *metrics, const struct metric *count)
{
	const struct metric *buckets[BUCKETS_MAX];
	size_t found = 0, i;

	for (i = 0; i < metrics->count && found < BUCKETS_MAX; i++) {
		const struct metric *metric = &metrics->items[i];

		if (strcmp(metric->name, "http_server_request_duration_seconds_bucket") == 0 &&
		    metric->label_count == count->label_count + 1 && metric_label(metric, "le") &&
		    metric_same_labels(count, metric, "le"))
			buckets[found++] = metric;
	}
	if (found == 0)
		return false;
	qsort(buckets, found, sizeof(buckets[0]), compare_le);
	for (i = 1; i < found; i++)
		if (buckets[i]->value < buckets[i - 1]->value)
			return false;
	return strcmp(metric_label(buckets[found - 1], "le"), "+Inf") == 0 &&
	       buckets[found - 1]->value == count->value;
}

bool histograms_sound(const struct metrics *metrics, const char *service, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];

		if (strcmp(metric->name, "http_server_request_duration_seconds_count") != 0 ||
		    !of_service(metric, service) || histogram_sound(metrics, metric))
			continue;
		snprintf(why, size, "the buckets of %s %s do not fit its count %.0f",
			 metric_label(metric, "http_request_method"),
			 metric_label(metric, "http_route"), metric->value);
		return false;
	}
	return true;
}
