/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_attach.c - attaching to running servers: open connections, requests in
 * progress, a continuous load; and attaching twice.
 */
#include <signal.h>

#include "harness/harness.h"
#include "stack/places.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define LINES 4
/*
 * Allowed difference of a latency: the two digits of the histogram, plus delays on a busy
 * machine.
 */
#define LATENCY_SHARE 1.1
#define LATENCY_SLACK_S 0.005

static const struct request_kind nap = { .method = "GET",
					 .target = "/sleep/700",
					 .route = "/sleep/{id}" };

static void exchange_all(struct line **lines, const struct request_kind *kind, int rounds,
			 struct counts *counts)
{
	int round, i;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < LINES; i++)
			assert_int_equal(line_exchange(lines[i], kind, counts), 200);
}

static void check_open_connections(const char *model)
{
	const struct server server = server_start_webapp(model, 2, NULL);
	struct line *lines[LINES];
	struct places places;
	struct counts counts;
	int i;

	for (i = 0; i < LINES; i++)
		lines[i] = line_open(server.port);
	/* Half of the connections were used, the others only accepted. */
	for (i = 0; i < LINES / 2; i++)
		assert_int_equal(line_exchange(lines[i], &traffic_user, NULL), 200);
	places_attach(&places, server.pid, NULL);
	counts_init(&counts);
	exchange_all(lines, &traffic_user, 50, &counts);
	exchange_all(lines, &traffic_bytes, 50, &counts);
	redtap_assert_nothing_lost(places_assert(&places, &counts, true));
	counts_release(&counts);
}

static void open_connections_epoll(void **state)
{
	(void)state;
	check_open_connections("epoll");
}

static void open_connections_thread(void **state)
{
	(void)state;
	check_open_connections("thread");
}

static void check_under_load(const char *model, unsigned int pipeline)
{
	const struct server server = server_start_webapp(model, 2, NULL);
	const struct traffic load = { .port = server.port,
				      .kinds = &traffic_bytes,
				      .kind_count = 1,
				      .connections = 4,
				      .pipeline = pipeline };
	/* Most requests in progress at one time. */
	const uint64_t under_way = load.connections * (pipeline ? pipeline : 1);
	struct background *background = background_start(&load);
	struct counts after, whole;
	struct latencies latencies;
	uint64_t before, attached;
	struct places places;
	json_t *total, *series;

	counts_init(&after);
	counts_init(&whole);
	background_wait_more(background, 200);
	before = background_answered(background);
	places_attach(&places, server.pid, NULL);
	attached = background_answered(background);
	/* Started after attach on new connections, while the load continues. */
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = 2000,
				       .connections = 4 },
		    &after, NULL);
	/* on a busy machine the load may have been delayed: some were started after attach */
	background_wait_more(background, 4 * under_way);
	assert_int_equal(background_stop(background, &whole, &latencies), 0);
	redtap_wait_counted(places.redtap, counts_total(&after) + counts_total(&whole) - attached);
	total = redtap_finish(places.redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(total, "in_flight"), 0);
	series = redtap_series(total, NULL, traffic_user.method, traffic_user.route, 200);
	assert_int_equal(redtap_count(series, "count"), 2000);
	series = redtap_series(total, NULL, traffic_bytes.method, traffic_bytes.route, 200);
	assert_in_range(redtap_count(series, "count"), counts_total(&whole) - attached - under_way,
			counts_total(&whole) - before);
	assert_true(redtap_seconds(series, "max_s") <=
		    latencies.max * LATENCY_SHARE + LATENCY_SLACK_S);
	places_assert_as_total(&places, total);
	counts_release(&after);
	counts_release(&whole);
}

static void under_load_epoll(void **state)
{
	(void)state;
	check_under_load("epoll", 0);
}

static void under_load_thread(void **state)
{
	(void)state;
	check_under_load("thread", 0);
}

static void under_load_pipelined(void **state)
{
	(void)state;
	check_under_load("epoll", 8);
}

/* Sent before attach, response after it: counted at most once, and never with an absurd latency. */
static void answer_after_attach(void **state)
{
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct line *line = line_open(server.port);
	struct redtap *redtap;
	struct counts counts, actual;
	json_t *total;
	const struct count_row *row;

	(void)state;
	counts_init(&counts);
	counts_init(&actual);
	line_send(line, &nap);
	redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	assert_int_equal(line_receive(line, NULL), 200);
	while (counts_total(&counts) < 20)
		assert_int_equal(line_exchange(line, &traffic_user, &counts), 200);
	redtap_wait_counted(redtap, 20);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	row = counts_find(&actual, nap.method, nap.route, 200, NULL);
	if (row) {
		json_t *series = redtap_series(total, NULL, nap.method, nap.route, 200);

		assert_int_equal(row->count, 1);
		assert_true(redtap_seconds(series, "max_s") <= 0.7 * LATENCY_SHARE + 0.1);
		counts_add_all(&counts,
			       &(struct counts){ .rows = (struct count_row *)row, .count = 1 });
	}
	counts_assert_equal(&counts, &actual, true, "the JSON total");
	counts_release(&counts);
	counts_release(&actual);
}

/* The same connections, observed by two runs with a gap between them. */
static void detach_and_attach_again(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct line *lines[LINES];
	int round, i;

	(void)state;
	for (i = 0; i < LINES; i++)
		lines[i] = line_open(server.port);
	for (round = 0; round < 3; round++) {
		struct places places;
		struct counts counts;

		counts_init(&counts);
		places_attach(&places, server.pid, NULL);
		exchange_all(lines, &traffic_user, 10 + round, &counts);
		redtap_assert_nothing_lost(places_assert(&places, &counts, true));
		exchange_all(lines, &traffic_bytes, 7, NULL);
		counts_release(&counts);
	}
}

static void two_on_one_pid(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct places first, second;
	struct counts counts;

	(void)state;
	places_attach(&first, server.pid, NULL);
	places_attach(&second, server.pid, NULL);
	counts_init(&counts);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = 3000,
				       .connections = 4 },
		    &counts, NULL);
	redtap_assert_nothing_lost(places_assert(&first, &counts, true));
	/* The end of one run must not stop the other from counting. */
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = &traffic_bytes,
				       .kind_count = 1,
				       .requests = 500,
				       .connections = 4 },
		    &counts, NULL);
	redtap_assert_nothing_lost(places_assert(&second, &counts, true));
	counts_release(&counts);
}

/* Attach to a worker only, not to its master. */
static void one_worker_alone(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct places places;
	struct counts counts;
	pid_t worker;

	(void)state;
	assert_int_equal(process_children(server.pid, &worker, 1), 1);
	places_attach(&places, worker, NULL);
	counts_init(&counts);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = 500,
				       .connections = 2 },
		    &counts, NULL);
	redtap_assert_nothing_lost(places_assert(&places, &counts, true));
	counts_release(&counts);
}

static void no_follow(void **state)
{
	static const char *const more[] = { "--no-follow", NULL };
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct redtap *redtap;
	struct counts counts;
	json_t *total;

	(void)state;
	redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid, .more = more });
	counts_init(&counts);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = 200,
				       .connections = 2,
				       .close_each = true },
		    &counts, NULL);
	/* The master serves no requests, and its workers are not followed. */
	total = redtap_finish(redtap, SIGINT);
	assert_int_equal(redtap_count(total, "seen"), 0);
	assert_int_equal(json_array_size(json_object_get(total, "series")), 0);
	counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(open_connections_epoll),  E2E_TEST(open_connections_thread),
		E2E_TEST(under_load_epoll),        E2E_TEST(under_load_thread),
		E2E_TEST(under_load_pipelined),    E2E_TEST(answer_after_attach),
		E2E_TEST(detach_and_attach_again), E2E_TEST(two_on_one_pid),
		E2E_TEST(one_worker_alone),        E2E_TEST(no_follow),
	};

	return cmocka_run_group_tests_name("attach", tests, places_group_setup,
					   places_group_teardown);
}
