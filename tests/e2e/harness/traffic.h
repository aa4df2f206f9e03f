/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * traffic.h - makes the requests of the tests and counts them in the client.
 *
 * Inputs: kinds of requests and how many.  Outputs: counts by the routes that
 * redtap must use, and latencies.  It must not know redtap.
 */
#ifndef REDTAP_E2E_TRAFFIC_H
#define REDTAP_E2E_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/counts.h"

/* One kind of request, and the route under which redtap must count it. */
struct request_kind {
	const char *method;
	const char *target;
	const char *route;
	const char *headers; /* whole lines ended by CRLF each, or NULL */
	const char *body;    /* sent with Content-Length, or NULL */
};

/* Two that get 200 from webapp: a route with many paths, and a body of 3,000 bytes. */
extern const struct request_kind traffic_user;
extern const struct request_kind traffic_bytes;

struct traffic {
	const char *host; /* NULL: 127.0.0.1 */
	uint16_t port;
	const struct request_kind *kinds;
	size_t kind_count;
	uint64_t requests; /* in total; the kinds take turns */
	unsigned int connections;
	unsigned int pipeline; /* requests sent before a response is read; 0, 1: none */
	bool close_each;       /* every request on a connection of its own */
	double per_second;     /* requests; 0: as fast as responses arrive */
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
 * Sends all and reads every response.  Adds to counts; counts and latencies may be NULL. Fails
 * the test if one request gets no response.
 */
void traffic_run(const struct traffic *traffic, struct counts *counts, struct latencies *latencies);

/* n requests of one kind on a few connections. */
void traffic_send(uint16_t port, const struct request_kind *kind, uint64_t n,
		  struct counts *counts);

/*
 * The same by a thread that runs until it is stopped or the server accepts no
 * more; `requests` is ignored.
 */
struct background; /* owned by the harness, freed at the test's teardown */
struct background *background_start(const struct traffic *traffic);

/* Responses so far. */
uint64_t background_answered(struct background *background);

/* Waits for n more responses; fails the test after a deadline. */
void background_wait_more(struct background *background, uint64_t n);

/*
 * Stops after complete responses.  Adds the requests with a response to counts
 * (may be NULL); returns the number of requests that were sent, fully or in
 * part, without a response.
 */
uint64_t background_stop(struct background *background, struct counts *counts,
			 struct latencies *latencies);

/* One connection controlled by the test. */
struct line; /* owned by the harness, closed at the test's teardown */
struct line *line_open(uint16_t port);
/* Sends one request, reads the response, returns its status, adds to counts (may be NULL). */
int line_exchange(struct line *line, const struct request_kind *kind, struct counts *counts);
/* Its two halves: send, then receive. */
void line_send(struct line *line, const struct request_kind *kind);
int line_receive(struct line *line, struct counts *counts);

#endif
