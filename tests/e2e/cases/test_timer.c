/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_timer.c - --histogram timer beside --histogram buckets: two redtaps on
 * one server, an exporter for each; equal counts, quantiles equal within one
 * bucket, and native histograms in Prometheus compared with the client.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "stack/stack.h"
#include "harness/traffic.h"

#define SERVICE "e2e-timer"
#define DURATION "http_server_request_duration_seconds"
#define PHASE "http_server_request_phase_seconds"
#define ROUTE "/sleep/{id}"
#define BOUNDARIES_MAX 32

/* Allowed error of a p99 by native histograms: their buckets and the kernel's bins. */
#define NATIVE_SHARE 0.06
#define NATIVE_SLACK_S 0.002

static const struct request_kind kinds[] = {
	{ .method = "GET", .target = "/sleep/3", .route = ROUTE },
	{ .method = "GET", .target = "/sleep/30", .route = ROUTE },
	{ .method = "GET", .target = "/sleep/60", .route = ROUTE },
};
static const struct request_kind quick[] = {
	{ .method = "GET", .target = "/users/7", .route = "/users/{id}" },
	{ .method = "GET", .target = "/status/404", .route = "/status/{id}" },
};

struct expectation {
	const struct exporter *exporter;
	double requests;
};

static bool has_all(void *context)
{
	const struct expectation *expectation = context;
	struct metrics metrics;
	bool all;

	metrics_init(&metrics);
	exporter_metrics(expectation->exporter, &metrics);
	all = metrics_sum(&metrics, DURATION "_count", "service_name", SERVICE) ==
		      expectation->requests &&
	      metrics_sum(&metrics, PHASE "_count", "service_name", SERVICE) ==
		      3 * expectation->requests;
	metrics_release(&metrics);
	return all;
}

static void read_exporter(const struct exporter *exporter, double requests, struct metrics *metrics)
{
	struct expectation expectation = { .exporter = exporter, .requests = requests };
	double found;

	wait_until(has_all, &expectation, DEADLINE_S);
	metrics_init(metrics);
	exporter_metrics(exporter, metrics);
	found = metrics_sum(metrics, DURATION "_count", "service_name", SERVICE);
	if (found != requests)
		fail_msg("%g requests in the exporter of %g", found, requests);
}

/* Cumulative counts of ROUTE, in ascending order of boundaries. */
struct boundaries {
	double le[BOUNDARIES_MAX];
	double counts[BOUNDARIES_MAX];
	size_t count;
};

static void read_boundaries(const struct metrics *metrics, struct boundaries *boundaries)
{
	size_t i, at;

	boundaries->count = 0;
	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];
		const char *route = metric_label(metric, "http_route");
		const char *le = metric_label(metric, "le");
		double value;

		if (strcmp(metric->name, DURATION "_bucket") != 0 || !le || !route ||
		    strcmp(route, ROUTE) != 0)
			continue;
		assert_true(boundaries->count < BOUNDARIES_MAX);
		value = strtod(le, NULL);
		for (at = boundaries->count++; at > 0 && boundaries->le[at - 1] > value; at--) {
			boundaries->le[at] = boundaries->le[at - 1];
			boundaries->counts[at] = boundaries->counts[at - 1];
		}
		boundaries->le[at] = value;
		boundaries->counts[at] = metric->value;
	}
}

/* The index of the first boundary above a quantile. */
static size_t find_boundary(const struct boundaries *boundaries, double quantile)
{
	const double all = boundaries->counts[boundaries->count - 1];
	size_t i = 0;

	while (boundaries->counts[i] < quantile * all)
		i++;
	return i;
}

/* Every count of the first is in the second; other metrics of timers are not compared. */
static void assert_same_counts(const struct metrics *buckets, const struct metrics *timers)
{
	static const char *const names[] = { DURATION "_count", PHASE "_count",
					     "http_server_response_body_size_bytes_count",
					     "http_server_response_body_size_bytes_sum" };
	size_t i, j, k, compared = 0;

	for (i = 0; i < buckets->count; i++) {
		const struct metric *metric = &buckets->items[i];

		for (k = 0; k < ROWS(names) && strcmp(metric->name, names[k]) != 0; k++)
			;
		if (k == ROWS(names))
			continue;
		for (j = 0; j < timers->count; j++)
			if (strcmp(timers->items[j].name, metric->name) == 0 &&
			    timers->items[j].label_count == metric->label_count &&
			    metric_same_labels(&timers->items[j], metric, NULL))
				break;
		if (j == timers->count || timers->items[j].value != metric->value)
			fail_msg("%s of %s: %g by buckets, %g by timers", metric->name,
				 metric_label(metric, "http_route"), metric->value,
				 j == timers->count ? -1 : timers->items[j].value);
		compared++;
	}
	/* Three series, three phases each. */
	assert_true(compared >= 3 * 3 + 3 * 3);
}

static void assert_near(const char *what, double found, double expected, double allowed)
{
	if (!(fabs(found - expected) <= allowed))
		fail_msg("%s: %g, expected %g, allowed difference %g", what, found, expected,
			 allowed);
}

static void assert_same_distribution(const struct metrics *buckets, const struct metrics *timers)
{
	static const double quantiles[] = { 0.5, 0.9, 0.99 };
	const double sum = metrics_sum(buckets, DURATION "_sum", "http_route", ROUTE);
	struct boundaries ours, theirs;
	size_t i;

	read_boundaries(buckets, &ours);
	read_boundaries(timers, &theirs);
	assert_int_equal(ours.count, 20);
	assert_int_equal(theirs.count, 20);
	for (i = 0; i < ROWS(quantiles); i++) {
		const size_t one = find_boundary(&ours, quantiles[i]);
		const size_t other = find_boundary(&theirs, quantiles[i]);

		if (one > other + 1 || other > one + 1)
			fail_msg("the %g quantile is below %g by buckets, below %g by timers",
				 quantiles[i], ours.le[one], theirs.le[other]);
	}
	/* The programs of two runs see each event some microseconds apart. */
	assert_near("the sum", metrics_sum(timers, DURATION "_sum", "http_route", ROUTE), sum,
		    sum * 0.002);
}

/* A number from Prometheus, or -1. */
static double ask(const struct prometheus *prometheus, const char *query)
{
	struct metrics answer;
	double number;

	metrics_init(&answer);
	prometheus_ask(prometheus, query, &answer);
	number = answer.count == 1 ? answer.items[0].value : -1;
	metrics_release(&answer);
	return number;
}

struct native {
	const struct prometheus *prometheus;
	double requests;
};

static bool native_has_all(void *context)
{
	const struct native *native = context;

	return ask(native->prometheus, "sum(histogram_count(" DURATION "{http_route=\"" ROUTE
				       "\"}))") == native->requests;
}

static void timers_and_buckets_agree(void **state)
{
	const struct server server = server_start_webapp("thread", 1, NULL);
	const struct exporter of_buckets = exporter_start(), of_timers = exporter_start();
	const struct prometheus prometheus = prometheus_start_native(&of_timers, "250ms");
	/* Over a Unix socket, where the sender waits, so that a busy machine drops no lines. */
	char unix_buckets[160], unix_timers[160];
	const char *to_buckets[] = { unix_buckets, NULL }, *to_timers[] = { unix_timers, NULL };
	const char *more[] = { "--histogram", "timer", NULL };
	const char *query = "histogram_quantile(%g, sum(" DURATION "{http_route=\"" ROUTE "\"}))";
	struct native native = { .prometheus = &prometheus, .requests = 900 };
	struct redtap *buckets, *timers;
	struct metrics by_buckets, by_timers;
	struct latencies latencies;
	struct counts counts;

	(void)state;
	counts_init(&counts);
	snprintf(unix_buckets, sizeof(unix_buckets), "unix://%s", of_buckets.socket);
	snprintf(unix_timers, sizeof(unix_timers), "unix://%s", of_timers.socket);
	prometheus_wait(&prometheus);
	buckets = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = SERVICE, .statsd = to_buckets, .interval = "500ms" });
	timers = redtap_attach(&(struct redtap_options){ .pid = server.pid,
							 .service = SERVICE,
							 .statsd = to_timers,
							 .interval = "500ms",
							 .more = more });
	realtime_set(true);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = kinds,
				       .kind_count = ROWS(kinds),
				       .requests = 900,
				       .connections = 4 },
		    &counts, &latencies);
	realtime_set(false);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = quick,
				       .kind_count = ROWS(quick),
				       .requests = 4000,
				       .connections = 4 },
		    &counts, NULL);
	redtap_wait_counted(timers, 4900);
	redtap_wait_counted(buckets, 4900);
	assert_true(wait_until(native_has_all, &native, DEADLINE_S));
	print_message("  p50 client %.3f ms, native %.3f ms; p99 client %.3f ms, native %.3f ms\n",
		      latencies.p50 * 1e3, ask(&prometheus, text_format(query, 0.5)) * 1e3,
		      latencies.p99 * 1e3, ask(&prometheus, text_format(query, 0.99)) * 1e3);
	assert_near("p99 by native histograms", ask(&prometheus, text_format(query, 0.99)),
		    latencies.p99, latencies.p99 * NATIVE_SHARE + NATIVE_SLACK_S);
	assert_near("p50 by native histograms", ask(&prometheus, text_format(query, 0.5)),
		    latencies.p50, latencies.p50 * NATIVE_SHARE + NATIVE_SLACK_S);
	redtap_assert_nothing_lost(redtap_finish(timers, SIGINT));
	redtap_assert_nothing_lost(redtap_finish(buckets, SIGINT));
	read_exporter(&of_buckets, 4900, &by_buckets);
	read_exporter(&of_timers, 4900, &by_timers);
	assert_same_counts(&by_buckets, &by_timers);
	assert_same_distribution(&by_buckets, &by_timers);
	metrics_release(&by_buckets);
	metrics_release(&by_timers);
	counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(timers_and_buckets_agree),
	};

	return cmocka_run_group_tests_name("timer", tests, harness_group_setup,
					   harness_group_teardown);
}
