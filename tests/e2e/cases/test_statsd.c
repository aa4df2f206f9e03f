/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd.c - the StatsD lines: first values of 0, boundaries, gauges, phases; and an
 * exporter that is absent, ends and returns.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "harness/capture.h"
#include "harness/harness.h"
#include "harness/phases.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "stack/stack.h"
#include "harness/traffic.h"

#define SERVICE "e2e-statsd"

/* The number of flush lines to wait for. */
struct flushes {
	struct redtap *redtap;
	size_t count;
};

static bool has_flushed(void *context)
{
	const struct flushes *flushes = context;

	return json_array_size(redtap_lines(flushes->redtap)) >= flushes->count;
}

/* Waits until redtap has flushed n times more. */
static void wait_flushes(struct redtap *redtap, size_t n)
{
	struct flushes flushes = { .redtap = redtap,
				   .count = json_array_size(redtap_lines(redtap)) + n };

	assert_true(wait_until(has_flushed, &flushes, DEADLINE_S));
}

/*
 * Runs some requests of one kind under redtap with further arguments and
 * returns the metrics that were captured, every series in its second flush or
 * later.
 */
static void run_captured(const struct request_kind *kind, uint64_t requests,
			 const char *const *more, struct metrics *metrics)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid,
		.service = SERVICE,
		.statsd_port = capture_port(capture),
		.more = more,
	});
	struct counts counts;

	counts_init(&counts);
	traffic_send(server.port, kind, requests, &counts);
	redtap_wait_counted(redtap, requests);
	wait_flushes(redtap, 3);
	redtap_finish_counted(redtap, &counts);
	capture_finish(capture);
	capture_metrics(capture, metrics);
	counts_release(&counts);
}

/* Prometheus ignores the first value of a counter, so it must be 0. */
static void counters_are_born_with_0(void **state)
{
	struct metrics metrics;
	size_t counters = 0, i;

	(void)state;
	metrics_init(&metrics);
	run_captured(&traffic_user, 100, NULL, &metrics);
	for (i = 0; i < metrics.count; i++) {
		const struct metric *metric = &metrics.items[i];

		/* A counter of 1 for each datagram. */
		if (metric->type != 'c' || strcmp(metric->name, "redtap_statsd_received") == 0)
			continue;
		counters++;
		if (metric->first != 0)
			fail_msg("%s starts with %g, not 0", metric->name, metric->first);
	}
	/* Boundaries, sum, count, sizes; seen and counted. */
	assert_true(counters >= 20 + 2 + 4 + 2);
	assert_true(metrics_sum(&metrics, "http_server_request_duration_seconds_count",
				"service_name", SERVICE) == 100);
	assert_true(metrics_sum(&metrics, "redtap_requests_seen", NULL, NULL) == 100);
	assert_true(metrics_sum(&metrics, "redtap_requests_counted", NULL, NULL) == 100);
	assert_true(metrics_sum(&metrics, "redtap_requests_lost", NULL, NULL) == 0);
	metrics_release(&metrics);
}

/* Fails unless name is a gauge with that value that came at least three times. */
static void assert_gauge(const struct metrics *metrics, const char *name, double value,
			 const char *const *labels, size_t label_count)
{
	size_t i, j;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];

		if (strcmp(metric->name, name) != 0)
			continue;
		assert_int_equal(metric->type, 'g');
		assert_true(metric->value == value);
		assert_true(metric->lines >= 3);
		for (j = 0; j < label_count; j++)
			if (!metric_label(metric, labels[j]))
				fail_msg("%s has no label %s", name, labels[j]);
		return;
	}
	fail_msg("no metric %s", name);
}

static void gauges_come_at_each_flush(void **state)
{
	static const char *const of_info[] = { "version", "hooks", "kernel", "service_name" };
	static const char *const of_service[] = { "service_name" };
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	run_captured(&traffic_user, 100, NULL, &metrics);
	assert_gauge(&metrics, "redtap_info", 1, of_info, ROWS(of_info));
	assert_gauge(&metrics, "http_server_active_requests", 0, of_service, ROWS(of_service));
	assert_gauge(&metrics, "http_server_open_connections", 0, of_service, ROWS(of_service));
	assert_gauge(&metrics, "redtap_series", 1, NULL, 0);
	assert_gauge(&metrics, "redtap_connections", 0, NULL, 0);
	metrics_release(&metrics);
}

/* Fails unless the buckets of the only series have exactly these boundaries, as texts. */
static void assert_boundaries(const struct metrics *metrics, const char *const *boundaries,
			      size_t count)
{
	size_t found = 0, i, j;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];
		const char *le = metric_label(metric, "le");

		if (strcmp(metric->name, "http_server_request_duration_seconds_bucket") != 0)
			continue;
		assert_non_null(le);
		for (j = 0; j < count && strcmp(le, boundaries[j]) != 0; j++)
			;
		if (j == count)
			fail_msg("unexpected boundary '%s'", le);
		found++;
	}
	assert_int_equal(found, count);
}

static void default_boundaries(void **state)
{
	static const char *const boundaries[] = {
		"0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01",
		"0.025",  "0.05",    "0.075",  "0.1",   "0.25",   "0.5",   "0.75",
		"1.0",    "2.5",     "5.0",    "7.5",   "10.0",   "+Inf",
	};
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	run_captured(&traffic_user, 50, NULL, &metrics);
	assert_boundaries(&metrics, boundaries, ROWS(boundaries));
	metrics_release(&metrics);
}

static void chosen_boundaries(void **state)
{
	static const struct request_kind nap = { .method = "GET",
						 .target = "/sleep/20",
						 .route = "/sleep/{id}" };
	static const char *const more[] = { "--buckets", "0.001,0.019,3,10", NULL };
	static const char *const boundaries[] = { "0.001", "0.019", "3.0", "10.0", "+Inf" };
	static const double values[] = { 0, 0, 10, 10, 10 };
	struct metrics metrics;
	double sum;
	size_t i;

	(void)state;
	metrics_init(&metrics);
	run_captured(&nap, 10, more, &metrics);
	assert_boundaries(&metrics, boundaries, ROWS(boundaries));
	/* A request that sleeps 20 ms takes at least as long: the bucket below stays empty. */
	for (i = 0; i < ROWS(values); i++)
		assert_true(metrics_sum(&metrics, "http_server_request_duration_seconds_bucket",
					"le", boundaries[i]) == values[i]);
	sum = metrics_sum(&metrics, "http_server_request_duration_seconds_sum", NULL, NULL);
	assert_true(sum >= 10 * 0.020 && sum < 10 * 3.0);
	metrics_release(&metrics);
}

/* The lines of one phase are equal to the JSON, to the nanosecond, and start with 0. */
static void assert_lines(const struct metrics *metrics, json_t *phase)
{
	const char *route = json_string_value(json_object_get(phase, "route"));
	const char *name = json_string_value(json_object_get(phase, "phase"));
	const char *stem = route ? "http_server_request_phase_seconds"
				 : "http_server_accept_wait_seconds";
	double count = 0, sum_s = 0, all = 0;
	size_t i;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];
		const char *its_phase = metric_label(metric, "phase");
		const char *its_route = metric_label(metric, "http_route");
		const char *le = metric_label(metric, "le");

		if (strncmp(metric->name, stem, strlen(stem)) != 0 ||
		    (route && (!its_phase || strcmp(its_phase, name) != 0 || !its_route ||
			       strcmp(its_route, route) != 0)))
			continue;
		assert_non_null(metric_label(metric, "service_name"));
		assert_true(metric->type == 'c' && metric->first == 0);
		if (strcmp(metric->name + strlen(stem), "_count") == 0)
			count += metric->value;
		else if (strcmp(metric->name + strlen(stem), "_sum") == 0)
			sum_s += metric->value;
		else if (le && strcmp(le, "+Inf") == 0)
			all += metric->value;
	}
	if (count != redtap_count(phase, "count") || all != count ||
	    sum_s - redtap_seconds(phase, "sum_s") > 1e-9 ||
	    redtap_seconds(phase, "sum_s") - sum_s > 1e-9)
		fail_msg("%s %s: lines say %g, %g, %.9f s; JSON %s", route ? route : "", name,
			 count, all, sum_s, json_dumps(phase, 0));
}

static void phases_as_in_json(void **state)
{
	static const struct request_kind kinds[] = {
		{ .method = "GET", .target = "/sleep/2", .route = "/sleep/{id}" },
		{ .method = "GET", .target = "/bytes/300000", .route = "/bytes/{id}" },
	};
	static const char *const more[] = { "--phases", "queue,service,send,deliver,accept", NULL };
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct capture *capture = capture_open(0);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .statsd_port = capture_port(capture), .more = more });
	const uint64_t count = 100;
	struct metrics metrics;
	json_t *total, *phase;
	size_t i;

	(void)state;
	metrics_init(&metrics);
	/* one connection after the other: several at once would open unused ones */
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = kinds,
				       .kind_count = ROWS(kinds),
				       .requests = count,
				       .connections = 1,
				       .close_each = true },
		    NULL, NULL);
	redtap_wait_counted(redtap, count);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	capture_finish(capture);
	capture_metrics(capture, &metrics);
	/* four phases of two routes, and one of connections */
	assert_int_equal(json_array_size(json_object_get(total, "phases")), 2 * 4 + 1);
	phase_sum(total, NULL, "accept", count);
	phase_sum(total, "/bytes/{id}", "deliver", count / 2);
	json_array_foreach(json_object_get(total, "phases"), i, phase)
		assert_lines(&metrics, phase);
	metrics_release(&metrics);
}

static void exporter_absent(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = SERVICE, .statsd_port = port_free(SOCK_DGRAM) });
	struct counts counts;

	(void)state;
	counts_init(&counts);
	traffic_send(server.port, &traffic_user, 500, &counts);
	redtap_wait_counted(redtap, 500);
	wait_flushes(redtap, 3);
	traffic_send(server.port, &traffic_bytes, 500, &counts);
	redtap_finish_counted(redtap, &counts);
	counts_release(&counts);
}

/* The expected value of one route in an exporter. */
struct expectation {
	const struct exporter *exporter;
	const char *route;
	double count;
};

static bool exporter_says(void *context)
{
	const struct expectation *expectation = context;
	struct metrics metrics;
	double count;

	metrics_init(&metrics);
	exporter_metrics(expectation->exporter, &metrics);
	count = metrics_sum(&metrics, "http_server_request_duration_seconds_count", "http_route",
			    expectation->route);
	metrics_release(&metrics);
	return count == expectation->count;
}

static void wait_exporter(const struct exporter *exporter, const char *route, double count)
{
	struct expectation expectation = { .exporter = exporter, .route = route, .count = count };

	if (!wait_until(exporter_says, &expectation, DEADLINE_S))
		fail_msg("statsd_exporter does not reach %g of %s", count, route);
}

static void exporter_restarted(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct exporter exporter = exporter_start();
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = SERVICE, .statsd_port = exporter.statsd_port });
	struct metrics metrics;
	struct counts counts;

	(void)state;
	counts_init(&counts);
	metrics_init(&metrics);
	traffic_send(server.port, &traffic_user, 300, &counts);
	wait_exporter(&exporter, traffic_user.route, 300);
	process_end(exporter.process, SIGTERM);
	traffic_send(server.port, &traffic_user, 200, &counts);
	redtap_wait_counted(redtap, 500);
	/* So that the requests counted meanwhile have been sent and lost. */
	wait_flushes(redtap, 4);
	exporter = exporter_restart(&exporter);
	traffic_send(server.port, &traffic_bytes, 400, &counts);
	wait_exporter(&exporter, traffic_bytes.route, 400);
	/* A failure is reported by the next flush. */
	wait_flushes(redtap, 2);
	redtap_finish_counted(redtap, &counts);
	wait_exporter(&exporter, traffic_bytes.route, 400);
	exporter_metrics(&exporter, &metrics);
	assert_true(metrics_sum(&metrics, "redtap_statsd_errors", NULL, NULL) > 0);
	assert_true(metrics_sum(&metrics, "redtap_info", NULL, NULL) == 1);
	metrics_release(&metrics);
	counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(counters_are_born_with_0), E2E_TEST(gauges_come_at_each_flush),
		E2E_TEST(default_boundaries),       E2E_TEST(chosen_boundaries),
		E2E_TEST(phases_as_in_json),        E2E_TEST(exporter_absent),
		E2E_TEST(exporter_restarted),
	};

	return cmocka_run_group_tests_name("statsd", tests, harness_group_setup,
					   harness_group_teardown);
}
