/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_tally.h - what a client has measured, added up per method, route and
 * status.
 *
 * Inputs: responses.  Outputs: counts, bytes, every single latency.  It must
 * not know sockets or redtap.  Memory that cannot be had ends the program.
 */
#ifndef REDTAP_E2E_HTTP_TALLY_H
#define REDTAP_E2E_HTTP_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "http/http_client.h"

struct http_tally_row {
	char method[40];
	char route[160];
	int status; /* 0: sent, or begun, but not answered; then latencies and bytes are 0 */
	uint64_t count;
	uint64_t request_bytes;  /* after the header section, chunk framing included */
	uint64_t response_bytes; /* likewise */
	uint64_t sum_ns;         /* of the latencies */
	uint64_t *latencies_ns; /* one per response, in no order; `count` of them unless status is 0 */
	size_t latency_count;
	size_t latency_room;
};

/* Owned by whoever called http_tally_init(). */
struct http_tally {
	struct http_tally_row *rows; /* one per method, route and status */
	size_t count;
	size_t room;
	uint64_t answered;   /* sum of the counts with a status */
	uint64_t unanswered; /* sum of the counts without */
};

void http_tally_init(struct http_tally *tally);
void http_tally_release(struct http_tally *tally);

/* Adds one response under its request's method and route. */
void http_tally_add(struct http_tally *tally, const struct http_response *response);

/* Adds one request that got no (whole) response. */
void http_tally_add_unanswered(struct http_tally *tally, const struct http_request *request);

/* Adds all of from's rows, latencies included. */
void http_tally_merge(struct http_tally *tally, const struct http_tally *from);

/* The row, or NULL. */
const struct http_tally_row *http_tally_find(const struct http_tally *tally, const char *method,
					     const char *route, int status);

/*
 * Over all answered requests with this method and route (NULL: any), the
 * statuses together.  Nanoseconds; 0 when there are none.  quantile: 0..1, by
 * nearest rank: the smallest latency that at least that share does not exceed;
 * 1 is the greatest.
 */
uint64_t http_tally_count(const struct http_tally *tally, const char *method, const char *route);
double http_tally_mean_ns(const struct http_tally *tally, const char *method, const char *route);
uint64_t http_tally_quantile_ns(const struct http_tally *tally, const char *method,
				const char *route, double quantile);

#endif
