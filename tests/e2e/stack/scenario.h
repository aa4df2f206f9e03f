/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * scenario.h - a load of which everything is known, on two services under one
 * redtap, until real Prometheus has all of it: what dashboards and rules are
 * asked about.
 *
 * Inputs: none.  Outputs: the client's truth, and answers of Prometheus.  It
 * must not know dashboards or rules.
 *
 *   shop  a thread for each connection: all kinds of requests, failures
 *         among them, two given up by their client, two closed without answer
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

/* What a request to /sleep/N takes at least, in seconds, by the application's own word. */
#define SHOP_SLEEP_S 0.03
#define SHOP_MIDDLE_SLEEP_S 0.3
#define SHOP_LONG_SLEEP_S 1.2
#define SHOP_SLEEPS 20
#define SHOP_MIDDLE_SLEEPS 8
#define SHOP_LONG_SLEEPS 2
#define BUSY_SLEEP_S 0.025
#define BUSY_SLEEPS 40
#define BUSY_LONG_SLEEP_S 0.3

/* Kept open at the end: connections to shop, and one to busy with a request in flight. */
#define SHOP_OPEN 2
#define BUSY_OPEN 1

struct scenario {
	struct exporter exporter;
	struct prometheus prometheus;
	struct server shop;
	struct server busy;
	struct redtap *redtap;
	struct http_tally shop_tally; /* status 0: given up (HEAD) or closed without answer (/drop) */
	struct http_tally busy_tally;
	double accept_wait_low;  /* seconds that one connection to busy waited at least ... */
	double accept_wait_high; /* ... and at most */
	uint64_t shop_connections;
	uint64_t busy_connections;
	uint64_t tls_connections; /* to shop, which does not speak it */
	double begin;             /* Unix seconds before the first request */
	double end;               /* a moment after Prometheus had all of it */
};

/* Exporter and Prometheus, and nothing that could be observed yet. */
void scenario_start(struct scenario *scenario);

/*
 * All of it: starts everything, calls births (may be NULL) before the load, and
 * returns when Prometheus has seen all; harness_release_kept() ends it.  Where
 * the machine was too busy, so that a scrape failed or did not see that a
 * counter began with 0, all is done again; fails the test after some tries.
 */
void scenario_play(struct scenario *scenario, void (*births)(const struct scenario *scenario));

/* Requests of the shop's kinds that are in no tally: redtap has to send all their series. */
void scenario_touch(const struct scenario *scenario);
/* Waits for some more scrapes and evaluations, and takes that time for the end. */
void scenario_settle(struct scenario *scenario);
void scenario_release(struct scenario *scenario);

/* Sends one StatsD line to the exporter, as somebody else would. */
void scenario_inject(const struct scenario *scenario, const char *line);

/* What Prometheus answers to a query at a time (0: now); fails the test on an error. */
void scenario_ask(const struct scenario *scenario, const char *query, double time,
		  struct metrics *answer);
/* Likewise; how many series that are. */
size_t scenario_count(const struct scenario *scenario, const char *query, double time);

/* Requests of both services that have ended. */
uint64_t tally_total(const struct http_tally *tally);

#endif
