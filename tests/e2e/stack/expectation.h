/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * expectation.h - what a query is to answer, as bounds that follow from the
 * client's truth.
 *
 * Inputs: a scenario, an answer of Prometheus.  Outputs: a failed test that
 * says which value of which series is wrong.
 *
 * Counts are exact.  Rates are not: rate() and increase() extrapolate to the
 * ends of their window, by less than SLACK of what they find here.  Durations
 * lie between what the application slept and what the client measured.
 */
#ifndef REDTAP_E2E_EXPECTATION_H
#define REDTAP_E2E_EXPECTATION_H

#include "stack/scenario.h"

#define SLACK 0.15

struct bounds {
	double low;
	double high;
};

/* A method and route with the requests that the client has sent. */
struct request_pair {
	const char *method;
	const char *route;
	uint64_t count; /* unanswered ones too */
};

/* One query of one panel, and what has to hold for its answer: one of the two. */
struct expectation {
	const char *name;    /* title of the panel */
	const char *ref_id;  /* of the panel's query */
	const char *service; /* what $service is */
	void (*check)(const struct scenario *scenario, const struct metrics *answer);
	/* One series for each pair of the shop and no other, each within these bounds. */
	struct bounds (*pair)(const struct scenario *scenario, const struct request_pair *pair);
};

/* All pairs of a tally, at most size; returns how many. */
size_t tally_pairs(const struct http_tally *tally, struct request_pair *pairs, size_t size);

/* Requests with a status in [low, high]; 0: unanswered.  Method and route NULL: any. */
uint64_t tally_count(const struct http_tally *tally, const char *method, const char *route, int low,
		     int high);

/* value +- slack of it. */
struct bounds about(double value);
struct bounds exactly(double value);

/* Boundaries of the default buckets: the greatest below, the least not below. */
double bucket_below(double seconds);
double bucket_above(double seconds);

/* The value of the only series with these labels (key, value, ..., NULL); else a failed test. */
double answer_value(const struct metrics *answer, ...) __attribute__((sentinel));

/* Fails the test unless the series with these labels is within bounds. */
void require_value(const struct metrics *answer, struct bounds bounds, ...)
	__attribute__((sentinel));

/* Likewise, the series of a service's route. */
void require_route(const struct metrics *answer, struct bounds bounds, const char *service,
		   const char *route);

/* Likewise, the series of a service, which is the only one. */
void require_service(const struct metrics *answer, struct bounds bounds, const char *service);

/* Fails the test unless the answer has so many series. */
void require_series(const struct metrics *answer, size_t count);

/* What struct expectation says of pairs. */
void require_pairs(const struct scenario *scenario, const struct metrics *answer,
		   struct bounds (*bounds)(const struct scenario *scenario,
					   const struct request_pair *pair));

#endif
