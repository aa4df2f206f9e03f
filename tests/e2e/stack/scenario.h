/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * scenario.h - a load with known numbers, on two services under one redtap,
 * until real Prometheus has all of it: the data for the tests of dashboards and
 * rules.
 *
 * Inputs: none.  Outputs: the client's counts and times, and query results of
 * Prometheus.  It must not know dashboards or rules.
 *
 *   shop  a thread for each connection: all kinds of requests, failures
 *         among them, two given up by their client, two without a response
 *   busy  one worker, four clients at once: most of the time is waiting
 */
#ifndef REDTAP_E2E_SCENARIO_H
#define REDTAP_E2E_SCENARIO_H

#include "http/http_tally.h"
#include "harness/metrics.h"
#include "harness/servers.h"
#include "stack/stack.h"

#define SHOP "e2e-shop"
#define BUSY "e2e-busy"

/* Shortest duration of a request to /sleep/N, in seconds, as defined by the application. */
#define SHOP_SLEEP_S 0.03
#define SHOP_MIDDLE_SLEEP_S 0.3
#define SHOP_LONG_SLEEP_S 1.2
#define SHOP_SLEEPS 20
#define SHOP_MIDDLE_SLEEPS 8
#define SHOP_LONG_SLEEPS 2
#define BUSY_SLEEP_S 0.025
#define BUSY_SLEEPS 40
#define BUSY_LONG_SLEEP_S 0.3

/* Kept open until the end: connections to shop, and one to busy with a request in flight. */
#define SHOP_OPEN 2
#define BUSY_OPEN 1

struct scenario {
	struct exporter exporter;
	struct prometheus prometheus;
	struct server shop;
	struct server busy;
	struct redtap *redtap;
	struct http_tally shop_tally; /* status 0: given up (HEAD) or no response (/drop) */
	struct http_tally busy_tally;
	double accept_wait_low;  /* least seconds that one connection to busy waited ... */
	double accept_wait_high; /* ... and most seconds */
	uint64_t shop_connections;
	uint64_t busy_connections;
	uint64_t tls_connections; /* sent to shop, which does not support it */
	double begin;             /* Unix seconds before the first request */
	double end;               /* just after Prometheus had all of it */
};

/* Starts exporter and Prometheus, but no server yet. */
void scenario_start(struct scenario *scenario);

/*
 * Starts everything, calls births (may be NULL) before the load, and returns
 * when Prometheus has seen all; harness_release_kept() ends it.  If a scrape
 * failed or missed that a counter started with 0, because the machine was too
 * busy, all is done again; fails the test after some tries.
 */
void scenario_play(struct scenario *scenario, void (*births)(const struct scenario *scenario));

/*
 * Sends requests of the shop's kinds that are in no tally, so that redtap sends all their series.
 */
void scenario_touch(const struct scenario *scenario);
/* Waits for some more scrapes and evaluations, and sets the end of the scenario to that time. */
void scenario_settle(struct scenario *scenario);
void scenario_release(struct scenario *scenario);

/* Sends one StatsD line to the exporter, like another sender. */
void scenario_inject(const struct scenario *scenario, const char *line);

/* Prometheus's result of a query at a time (0: now); fails the test on an error. */
void scenario_ask(const struct scenario *scenario, const char *query, double time,
		  struct metrics *answer);
/* The number of series in such a result. */
size_t scenario_count(const struct scenario *scenario, const char *query, double time);

/* Requests of both services that have ended. */
uint64_t tally_total(const struct http_tally *tally);

#endif
