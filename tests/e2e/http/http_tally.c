/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_tally.c - see http_tally.h.
 */
#include "http/http_tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *array, size_t *room, size_t needed, size_t element_bytes)
{
	size_t bigger = *room > 0 ? *room : 16;

	if (needed <= *room)
		return array;
	while (bigger < needed)
		bigger *= 2;
	array = realloc(array, bigger * element_bytes);
	if (!array) {
		fprintf(stderr, "http_tally: out of memory\n");
		abort();
	}
	*room = bigger;
	return array;
}

void http_tally_init(struct http_tally *tally)
{
	*tally = (struct http_tally){ 0 };
}

void http_tally_release(struct http_tally *tally)
{
	size_t i;

	for (i = 0; i < tally->count; i++)
		free(tally->rows[i].latencies_ns);
	free(tally->rows);
	http_tally_init(tally);
}

static bool row_matches(const struct http_tally_row *row, const char *method, const char *route)
{
	return (!method || strcmp(row->method, method) == 0) &&
	       (!route || strcmp(row->route, route) == 0);
}

const struct http_tally_row *http_tally_find(const struct http_tally *tally, const char *method,
					     const char *route, int status)
{
	size_t i;

	for (i = 0; i < tally->count; i++)
		if (tally->rows[i].status == status && row_matches(&tally->rows[i], method, route))
			return &tally->rows[i];
	return NULL;
}

/* Returns the row; adds it if it is missing. */
static struct http_tally_row *find_or_add(struct http_tally *tally, const char *method,
					  const char *route, int status)
{
	const struct http_tally_row *found = http_tally_find(tally, method, route, status);
	struct http_tally_row *row;

	if (found)
		return &tally->rows[found - tally->rows];
	tally->rows = grow(tally->rows, &tally->room, tally->count + 1, sizeof(*tally->rows));
	row = &tally->rows[tally->count++];
	*row = (struct http_tally_row){ .status = status };
	/* A truncated name could silently merge two rows. */
	if (snprintf(row->method, sizeof(row->method), "%s", method) >= (int)sizeof(row->method) ||
	    snprintf(row->route, sizeof(row->route), "%s", route) >= (int)sizeof(row->route)) {
		fprintf(stderr, "http_tally: method or route too long: '%s' '%s'\n", method, route);
		abort();
	}
	return row;
}

static void add_latencies(struct http_tally_row *row, const uint64_t *latencies_ns, size_t count)
{
	if (count == 0)
		return;
	row->latencies_ns = grow(row->latencies_ns, &row->latency_room, row->latency_count + count,
				 sizeof(*row->latencies_ns));
	memcpy(row->latencies_ns + row->latency_count, latencies_ns, count * sizeof(*latencies_ns));
	row->latency_count += count;
}

static const char *request_route(const struct http_request *request)
{
	return request->route ? request->route : request->target;
}

void http_tally_add(struct http_tally *tally, const struct http_response *response)
{
	struct http_tally_row *row = find_or_add(tally, response->request->method,
						 request_route(response->request),
						 response->status);

	row->count++;
	row->request_bytes += response->request_bytes;
	row->response_bytes += response->response_bytes;
	row->sum_ns += response->latency_ns;
	add_latencies(row, &response->latency_ns, 1);
	tally->answered++;
}

void http_tally_add_unanswered(struct http_tally *tally, const struct http_request *request)
{
	find_or_add(tally, request->method, request_route(request), 0)->count++;
	tally->unanswered++;
}

void http_tally_merge(struct http_tally *tally, const struct http_tally *from)
{
	const struct http_tally_row *source;
	struct http_tally_row *row;

	for (source = from->rows; source < from->rows + from->count; source++) {
		row = find_or_add(tally, source->method, source->route, source->status);
		row->count += source->count;
		row->request_bytes += source->request_bytes;
		row->response_bytes += source->response_bytes;
		row->sum_ns += source->sum_ns;
		add_latencies(row, source->latencies_ns, source->latency_count);
	}
	tally->answered += from->answered;
	tally->unanswered += from->unanswered;
}

uint64_t http_tally_count(const struct http_tally *tally, const char *method, const char *route)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < tally->count; i++)
		if (tally->rows[i].status != 0 && row_matches(&tally->rows[i], method, route))
			count += tally->rows[i].count;
	return count;
}

double http_tally_mean_ns(const struct http_tally *tally, const char *method, const char *route)
{
	const uint64_t count = http_tally_count(tally, method, route);
	double sum_ns = 0;
	size_t i;

	for (i = 0; i < tally->count; i++)
		if (row_matches(&tally->rows[i], method, route))
			sum_ns += (double)tally->rows[i].sum_ns;
	return count > 0 ? sum_ns / (double)count : 0;
}

static int compare_ns(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

uint64_t http_tally_quantile_ns(const struct http_tally *tally, const char *method,
				const char *route, double quantile)
{
	struct http_tally_row all = { 0 };
	uint64_t value = 0;
	size_t i, rank;

	for (i = 0; i < tally->count; i++)
		if (row_matches(&tally->rows[i], method, route))
			add_latencies(&all, tally->rows[i].latencies_ns,
				      tally->rows[i].latency_count);
	if (all.latency_count > 0) {
		qsort(all.latencies_ns, all.latency_count, sizeof(*all.latencies_ns), compare_ns);
		/* The small number removes a rounding error above a whole rank. */
		rank = (size_t)ceil(quantile * (double)all.latency_count - 1e-6);
		rank = rank < 1 ? 1 : rank;
		rank = rank > all.latency_count ? all.latency_count : rank;
		value = all.latencies_ns[rank - 1];
	}
	free(all.latencies_ns);
	return value;
}
