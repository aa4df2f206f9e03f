/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * expectation.c - see expectation.h.
 */
#include "stack/expectation.h"

#include <math.h>
#include <stdio.h>

#include "harness/harness.h"

#define PAIRS_MAX 32

/* Sums of decimal fractions differ in the last bits. */
#define ROUNDING 1e-9

static const double boundaries[] = { 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
				     0.025,  0.05,    0.075,  0.1,   0.25,   0.5,   0.75,
				     1.0,    2.5,     5.0,    7.5,   10.0 };

double bucket_below(double seconds)
{
	double below = 0;
	size_t i;

	for (i = 0; i < ROWS(boundaries) && boundaries[i] < seconds; i++)
		below = boundaries[i];
	return below;
}

double bucket_above(double seconds)
{
	size_t i;

	for (i = 0; i < ROWS(boundaries); i++)
		if (boundaries[i] >= seconds)
			return boundaries[i];
	/* histogram_quantile() returns the last boundary for all greater values. */
	return boundaries[ROWS(boundaries) - 1];
}

struct bounds about(double value)
{
	return (struct bounds){ value * (1 - SLACK), value * (1 + SLACK) };
}

struct bounds exactly(double value)
{
	return (struct bounds){ value, value };
}

uint64_t tally_count(const struct http_tally *tally, const char *method, const char *route, int low,
		     int high)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < tally->count; i++) {
		const struct http_tally_row *row = &tally->rows[i];

		if ((!method || strcmp(row->method, method) == 0) &&
		    (!route || strcmp(row->route, route) == 0) && row->status >= low &&
		    row->status <= high)
			count += row->count;
	}
	return count;
}

size_t tally_pairs(const struct http_tally *tally, struct request_pair *pairs, size_t size)
{
	size_t i, j, count = 0;

	for (i = 0; i < tally->count; i++) {
		const struct http_tally_row *row = &tally->rows[i];

		for (j = 0; j < count; j++)
			if (strcmp(pairs[j].method, row->method) == 0 &&
			    strcmp(pairs[j].route, row->route) == 0)
				break;
		if (j < count)
			continue;
		assert_true(count < size);
		pairs[count++] = (struct request_pair){
			.method = row->method,
			.route = row->route,
			.count = tally_count(tally, row->method, row->route, 0, 999),
		};
	}
	return count;
}

/* ---- results ---- */

static bool has_labels(const struct metric *metric, va_list labels)
{
	const char *key, *value, *found;

	while ((key = va_arg(labels, const char *)) != NULL) {
		value = va_arg(labels, const char *);
		found = metric_label(metric, key);
		if (!found || strcmp(found, value) != 0)
			return false;
	}
	return true;
}

/* The whole result as text, for a message. */
static const char *answer_text(const struct metrics *answer)
{
	static char text[8192];
	size_t used = 0, i, j;

	text[0] = '\0';
	for (i = 0; i < answer->count && used < sizeof(text) - 1024; i++) {
		const struct metric *metric = &answer->items[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "\n  {");
		for (j = 0; j < metric->label_count && used < sizeof(text) - 512; j++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%s",
						 j ? ", " : "", metric->labels[j].key,
						 metric->labels[j].value);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "} %.9g", metric->value);
	}
	return answer->count ? text : "nothing";
}

static double find_value(const struct metrics *answer, va_list labels)
{
	double value = NAN;
	size_t i, found = 0;

	for (i = 0; i < answer->count; i++) {
		va_list copy;

		va_copy(copy, labels);
		if (has_labels(&answer->items[i], copy)) {
			value = answer->items[i].value;
			found++;
		}
		va_end(copy);
	}
	if (found != 1) {
		const char *key = va_arg(labels, const char *);

		fail_msg("%zu series with %s=%s ..., expected 1, in: %s", found, key ? key : "",
			 key ? va_arg(labels, const char *) : "", answer_text(answer));
	}
	return value;
}

double answer_value(const struct metrics *answer, ...)
{
	va_list labels;
	double value;

	va_start(labels, answer);
	value = find_value(answer, labels);
	va_end(labels);
	return value;
}

static void require_within(const struct metrics *answer, double value, struct bounds bounds,
			   const char *what)
{
	const double rounding = ROUNDING * (1 + fabs(bounds.high));

	/* Written so that NaN is not within. */
	if (value >= bounds.low - rounding && value <= bounds.high + rounding)
		return;
	fail_msg("%s: %.9g is not within %.9g and %.9g, in: %s", what, value, bounds.low,
		 bounds.high, answer_text(answer));
}

void require_value(const struct metrics *answer, struct bounds bounds, ...)
{
	va_list labels, copy;
	const char *key, *value = "the only series";

	va_start(labels, bounds);
	va_copy(copy, labels);
	while ((key = va_arg(copy, const char *)) != NULL)
		value = va_arg(copy, const char *);
	va_end(copy);
	require_within(answer, find_value(answer, labels), bounds, value);
	va_end(labels);
}

void require_route(const struct metrics *answer, struct bounds bounds, const char *service,
		   const char *route)
{
	require_value(answer, bounds, "service_name", service, "http_route", route, NULL);
}

void require_service(const struct metrics *answer, struct bounds bounds, const char *service)
{
	require_value(answer, bounds, "service_name", service, NULL);
	require_series(answer, 1);
}

void require_series(const struct metrics *answer, size_t count)
{
	if (answer->count != count)
		fail_msg("%zu series, expected %zu: %s", answer->count, count, answer_text(answer));
}

void require_pairs(const struct scenario *scenario, const struct metrics *answer,
		   struct bounds (*bounds)(const struct scenario *scenario,
					   const struct request_pair *pair))
{
	struct request_pair pairs[PAIRS_MAX];
	const size_t count = tally_pairs(&scenario->shop_tally, pairs, ROWS(pairs));
	size_t i;

	for (i = 0; i < count; i++) {
		const double value = answer_value(answer, "http_request_method", pairs[i].method,
						  "http_route", pairs[i].route, NULL);

		require_within(answer, value, bounds(scenario, &pairs[i]),
			       text_format("%s %s", pairs[i].method, pairs[i].route));
	}
	require_series(answer, count);
}
