/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_tally.h - a client's measurements, summed up per method, route and
 * status.
 *
 * Inputs: responses.  Outputs: counts, bytes, every single latency.  It must
 * not know sockets or redtap.  Out of memory ends the program.
 */
#ifndef REDTAP_E2E_HTTP_TALLY_H
#define REDTAP_E2E_HTTP_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "http/http_client.h"

struct http_tally_row {
	char method[40];
	char route[160];
	int status; /* 0: sent, fully or in part, but no response; then latencies and bytes are 0 */
	uint64_t count;
	uint64_t request_bytes; /* request bytes after the header section, chunk framing included */
	uint64_t response_bytes; /* the same, for the response */
	uint64_t sum_ns;         /* of the latencies */
	uint64_t *latencies_ns;  /* not sorted; `count` of them unless status is 0 */
	size_t latency_count;
	size_t latency_room;
};

/* Owned by the caller of http_tally_init(). */
struct http_tally {
	struct http_tally_row *rows; /* one per method, route and status */
	size_t count;
	size_t room;
	uint64_t answered;   /* sum of the counts with a status */
	uint64_t unanswered; /* sum of the counts without */
};

void http_tally_init(struct http_tally *tally);
void http_tally_release(struct http_tally *tally);

/* Adds one response to the row of its request's method and route. */
void http_tally_add(struct http_tally *tally, const struct http_response *response);

/* Adds one request without a complete response. */
void http_tally_add_unanswered(struct http_tally *tally, const struct http_request *request);

/* Adds all of from's rows, latencies included. */
void http_tally_merge(struct http_tally *tally, const struct http_tally *from);

/* The row, or NULL. */
const struct http_tally_row *http_tally_find(const struct http_tally *tally, const char *method,
					     const char *route, int status);

/*
 * Over all responses with this method and route (NULL: any), for all statuses.
 * Nanoseconds; 0 if there are none.  quantile: 0..1, by nearest rank: the
 * smallest latency such that at least this share is not greater; 1 gives the
 * maximum.
 */
uint64_t http_tally_count(const struct http_tally *tally, const char *method, const char *route);
double http_tally_mean_ns(const struct http_tally *tally, const char *method, const char *route);
uint64_t http_tally_quantile_ns(const struct http_tally *tally, const char *method,
				const char *route, double quantile);

#endif
