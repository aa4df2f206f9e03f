/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_load.h - many requests over many connections, all counted in a tally.
 *
 * Inputs: a mix of requests, how many or how long.  Outputs: a tally.  It must
 * not know redtap, cmocka or any server.
 */
#ifndef REDTAP_E2E_HTTP_LOAD_H
#define REDTAP_E2E_HTTP_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_client.h"
#include "http/http_tally.h"

/* In a load's target this text becomes a random number, 1..999999, for each request. */
#define HTTP_LOAD_RANDOM "{random}"

struct http_load_kind {
	struct http_request request;
	unsigned int weight; /* its share of all requests; 0 counts as 1 */
};

struct http_load {
	const char *host; /* numeric; NULL: 127.0.0.1 */
	uint16_t port;
	const struct http_load_kind *kinds; /* evenly interleaved, always in the same order */
	size_t kind_count;
	unsigned int connections; /* 0 counts as 1 */
	unsigned int threads;     /* each polls its share of the connections; 0: one thread */
	unsigned int pipeline;    /* requests sent in one write before reading; 0 and 1: none */
	bool connection_each; /* a connection of its own for each request (or pipelined batch) */
	uint64_t requests;    /* total number of requests, exactly; 0: no limit */
	double seconds;       /* start no request after this time; 0: no limit */
	double requests_per_second; /* all connections together; 0: as fast as responses arrive */
};

/* For a load that runs in another thread; zero it first. */
struct http_load_control {
	atomic_bool stop;                /* set by the caller: start no more requests */
	atomic_uint_fast64_t answered;   /* set by the load */
	atomic_uint_fast64_t unanswered; /* likewise */
};

/*
 * Runs the load to its end: `requests`, `seconds` or control's stop, whichever
 * is first (at least one is required). Adds to tally.  When a connection fails,
 * its outstanding requests are tallied as unanswered and it is opened again;
 * after the first failed connect(), the load ends as soon as the other
 * outstanding responses have been read.  control may be NULL.
 *
 * Returns 0, the connect's -errno, or -EINVAL for a load without end or kinds.
 */
int http_load_run(const struct http_load *load, struct http_tally *tally,
		  struct http_load_control *control);

#endif
