/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * expectation.h - the expected result of a query, as bounds calculated from the
 * client's counts and times.
 *
 * Inputs: a scenario, a query result of Prometheus.  Outputs: a failed test
 * that names the wrong value and its series.
 *
 * Counts are exact.  Rates are not: rate() and increase() extrapolate to the
 * ends of their window, here by less than SLACK. Durations lie between the
 * application's sleep and the client's measurement.
 */
#ifndef REDTAP_E2E_EXPECTATION_H
#define REDTAP_E2E_EXPECTATION_H

#include "stack/scenario.h"

#define SLACK 0.15

struct bounds {
	double low;
	double high;
};

/* A method and route with the number of requests that the client has sent. */
struct request_pair {
	const char *method;
	const char *route;
	uint64_t count; /* including those without a response */
};

/* One query of one panel, and the check of its result: one of the two members below. */
struct expectation {
	const char *name;    /* title of the panel */
	const char *ref_id;  /* of the panel's query */
	const char *service; /* value of $service */
	void (*check)(const struct scenario *scenario, const struct metrics *answer);
	/* Exactly one series for each pair of the shop, each within these bounds. */
	struct bounds (*pair)(const struct scenario *scenario, const struct request_pair *pair);
};

/* Fills in all pairs of a tally, at most size; returns how many. */
size_t tally_pairs(const struct http_tally *tally, struct request_pair *pairs, size_t size);

/* Requests with a status in [low, high]; 0: no response.  Method and route NULL: any. */
uint64_t tally_count(const struct http_tally *tally, const char *method, const char *route, int low,
		     int high);

/* value +- slack of it. */
struct bounds about(double value);
struct bounds exactly(double value);

/* Boundaries of the default buckets: the largest one below, and the smallest one not below. */
double bucket_below(double seconds);
double bucket_above(double seconds);

/*
 * The value of the only series with these labels (key, value, ..., NULL); fails the test
 * otherwise.
 */
double answer_value(const struct metrics *answer, ...) __attribute__((sentinel));

/* Fails the test unless the series with these labels is within bounds. */
void require_value(const struct metrics *answer, struct bounds bounds, ...)
	__attribute__((sentinel));

/* The same for the series of a service's route. */
void require_route(const struct metrics *answer, struct bounds bounds, const char *service,
		   const char *route);

/* The same for the only series of a service. */
void require_service(const struct metrics *answer, struct bounds bounds, const char *service);

/* Fails the test unless the result has this many series. */
void require_series(const struct metrics *answer, size_t count);

/* Checks the pairs as struct expectation describes. */
void require_pairs(const struct scenario *scenario, const struct metrics *answer,
		   struct bounds (*bounds)(const struct scenario *scenario,
					   const struct request_pair *pair));

#endif
