/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * traffic.h - requests in the numbers that the tests need, counted by the
 * client itself.
 *
 * Inputs: kinds of requests and how many.  Outputs: counts under the routes
 * that redtap has to use, latencies.  It must not know redtap.
 */
#ifndef REDTAP_E2E_TRAFFIC_H
#define REDTAP_E2E_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/counts.h"

/* One kind of request, and the route under which redtap has to count it. */
struct request_kind {
	const char *method;
	const char *target;
	const char *route;
	const char *headers; /* whole lines ended by CRLF each, or NULL */
	const char *body;    /* sent with Content-Length, or NULL */
};

/* Two that webapp answers with 200: a route of many paths, and a body of 3,000 bytes. */
extern const struct request_kind traffic_user;
extern const struct request_kind traffic_bytes;

struct traffic {
	const char *host; /* NULL: 127.0.0.1 */
	uint16_t port;
	const struct request_kind *kinds;
	size_t kind_count;
	uint64_t requests; /* in all; of each kind its share, by turns */
	unsigned int connections;
	unsigned int pipeline; /* requests sent before the first answer is read; 0 and 1: none */
	bool close_each;       /* every request on a connection of its own */
	double per_second;     /* requests; 0: as fast as answers come */
};

/* What the client measured, seconds. */
struct latencies {
	uint64_t count;
	double mean;
	double p50;
	double p99;
	double max;
};

/*
 * Sends all and reads every answer.  Adds to counts; they and latencies may be NULL.
 * Fails the test if one request is not answered.
 */
void traffic_run(const struct traffic *traffic, struct counts *counts, struct latencies *latencies);

/* n requests of one kind on a few connections. */
void traffic_send(uint16_t port, const struct request_kind *kind, uint64_t n,
		  struct counts *counts);

/*
 * The same by a thread that goes on until it is stopped, or the server accepts
 * no more; `requests` has no meaning.
 */
struct background; /* owned by the harness, freed at the test's teardown */
struct background *background_start(const struct traffic *traffic);

/* Requests answered so far. */
uint64_t background_answered(struct background *background);

/* Waits until n more requests have been answered; fails the test after a deadline. */
void background_wait_more(struct background *background, uint64_t n);

/*
 * Stops after whole answers.  Adds what was answered to counts (may be NULL);
 * returns the number of requests that were sent, or begun, without an answer.
 */
uint64_t background_stop(struct background *background, struct counts *counts,
			 struct latencies *latencies);

/* One connection under a test's own hand. */
struct line; /* owned by the harness, closed at the test's teardown */
struct line *line_open(uint16_t port);
/* Sends one request, reads its answer, returns its status, adds to counts (may be NULL). */
int line_exchange(struct line *line, const struct request_kind *kind, struct counts *counts);
/* The two halves of it. */
void line_send(struct line *line, const struct request_kind *kind);
int line_receive(struct line *line, struct counts *counts);

#endif
