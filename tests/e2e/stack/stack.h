/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stack.h - real statsd_exporter and real Prometheus as children of the test,
 * each on free ports, and their metrics.
 *
 * Inputs: StatsD datagrams.  Outputs: the metrics of a service.  It must not
 * know redtap.  Programs: statsd_exporter from build/tools or PATH, prometheus
 * from PATH.
 */
#ifndef REDTAP_E2E_STACK_H
#define REDTAP_E2E_STACK_H

#include <jansson.h>
#include <stdint.h>

#include "harness/metrics.h"
#include "harness/process.h"

struct exporter {
	struct process *process;
	uint16_t statsd_port; /* UDP */
	uint16_t tcp_port;    /* the same for lines over TCP */
	uint16_t web_port;
	char socket[108]; /* path of its Unix datagram socket */
};

/* Starts it on free ports and waits until it responds. */
struct exporter exporter_start(void);
/* The same on the ports of an earlier one. */
struct exporter exporter_restart(const struct exporter *before);

/* Everything on its /metrics page. */
void exporter_metrics(const struct exporter *exporter, struct metrics *metrics);

struct prometheus {
	struct process *process;
	uint16_t port;
};

/*
 * Starts one that scrapes the exporter at this interval ("250ms"), which is
 * also the scrape timeout; waits until it is ready.
 */
struct prometheus prometheus_start(const struct exporter *exporter, const char *interval);
/* The same, but it takes native histograms instead of classic ones where the exporter has them. */
struct prometheus prometheus_start_native(const struct exporter *exporter, const char *interval);

/* Everything that its API has now for a service_name. */
void prometheus_metrics(const struct prometheus *prometheus, const char *service,
			struct metrics *metrics);

/* Waits until it has scraped: some seconds after it is ready. */
void prometheus_wait(const struct prometheus *prometheus);

/* Adds the result of a query to metrics; fails the test if it is malformed. */
void prometheus_ask(const struct prometheus *prometheus, const char *query,
		    struct metrics *metrics);

/* The same at a time, seconds since 1970; 0: now. */
void prometheus_ask_at(const struct prometheus *prometheus, const char *query, double time,
		       struct metrics *metrics);

/* The rules that it has loaded; the caller owns them. */
json_t *prometheus_rules(const struct prometheus *prometheus);

/*
 * GET; returns the body (malloc'd) of a 200 response, or NULL for any other or
 * none.
 */
char *http_get(const char *url);

#endif
