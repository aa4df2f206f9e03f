/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_latency.c - redtap's duration is the time that the client waited, also
 * when the request waited in the socket because the server was busy.
 */
#include <math.h>
#include <signal.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/*
 * Allowed difference: the two digits of the histogram, and delays of the client on a busy
 * machine.
 */
#define QUANTILE_SHARE 0.05
#define QUANTILE_SLACK_S 0.002
#define MEAN_SHARE 0.02
/*
 * A busy host may delay the client now and then, so there are several tries; a wrong duration of
 * redtap would be wrong in each.
 */
#define ATTEMPTS 5

#define ROUTE "/sleep/{id}"

static bool is_near(const char *what, double client_s, double redtap_s, double allowed_s)
{
	if (fabs(client_s - redtap_s) <= allowed_s)
		return true;
	print_message("%s: client %.3f ms, redtap %.3f ms, allowed difference %.3f ms\n", what,
		      client_s * 1e3, redtap_s * 1e3, allowed_s * 1e3);
	return false;
}

/* The count must be equal in any case. */
static bool are_near(const char *what, json_t *series, const struct latencies *client)
{
	const double max_s = redtap_seconds(series, "max_s");
	bool near = true;

	assert_int_equal(redtap_count(series, "count"), client->count);
	assert_true(max_s >= redtap_seconds(series, "p99_s"));
	assert_true(redtap_seconds(series, "p90_s") >= redtap_seconds(series, "p50_s"));
	if (max_s > client->max)
		/* The upper edge of a bin is less than a tenth above its values. */
		near = is_near(text_format("%s, max", what), client->max, max_s,
			       client->max * 0.1 + QUANTILE_SLACK_S);
	return near &&
	       is_near(text_format("%s, mean", what), client->mean,
		       redtap_seconds(series, "mean_s"), client->mean * MEAN_SHARE) &&
	       is_near(text_format("%s, p50", what), client->p50, redtap_seconds(series, "p50_s"),
		       client->p50 * QUANTILE_SHARE + QUANTILE_SLACK_S) &&
	       is_near(text_format("%s, p99", what), client->p99, redtap_seconds(series, "p99_s"),
		       client->p99 * QUANTILE_SHARE + QUANTILE_SLACK_S);
}

/* Three servers with one redtap, each with its own name, because all of /sleep/N is one route. */
static bool try_sleep(const char *model, int workers, unsigned int connections)
{
	static const struct {
		const char *target;
		const char *service;
		uint64_t requests;
	} rows[] = {
		{ "/sleep/5", "sleep-5", 200 },
		{ "/sleep/20", "sleep-20", 120 },
		{ "/sleep/100", "sleep-100", 40 },
	};
	struct latencies latencies[ROWS(rows)];
	struct server servers[ROWS(rows)];
	const char *more[2 * ROWS(rows) + 1] = { NULL };
	struct redtap *redtap;
	struct counts counts;
	bool near = true;
	json_t *total;
	size_t i;

	counts_init(&counts);
	/* Left by a failed test before this one. */
	realtime_set(false);
	for (i = 0; i < ROWS(rows); i++) {
		servers[i] = server_start_webapp(model, workers, NULL);
		more[2 * i] = "--pid";
		more[2 * i + 1] = text_format("%d=%s", (int)servers[i].pid, rows[i].service);
	}
	redtap = redtap_attach(&(struct redtap_options){ .more = more });
	realtime_set(true);
	for (i = 0; i < ROWS(rows); i++) {
		const struct request_kind kind = { .method = "GET",
						   .target = rows[i].target,
						   .route = ROUTE };

		traffic_run(&(struct traffic){ .port = servers[i].port,
					       .kinds = &kind,
					       .kind_count = 1,
					       .requests = rows[i].requests,
					       .connections = connections },
			    &counts, &latencies[i]);
	}
	realtime_set(false);
	redtap_wait_counted(redtap, counts_total(&counts));
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	for (i = 0; i < ROWS(rows); i++)
		near = are_near(text_format("%s %s", model, rows[i].target),
				redtap_series(total, rows[i].service, "GET", ROUTE, 200),
				&latencies[i]) &&
		       near;
	counts_release(&counts);
	return near;
}

static void check_sleep(const char *model, int workers, unsigned int connections)
{
	int attempt;

	for (attempt = 0; attempt < ATTEMPTS; attempt++)
		if (try_sleep(model, workers, connections))
			return;
	fail_msg("too far from the client's measurement in %d of %d tries", ATTEMPTS, ATTEMPTS);
}

static void sleep_thread(void **state)
{
	(void)state;
	check_sleep("thread", 1, 4);
}

static void sleep_epoll(void **state)
{
	(void)state;
	check_sleep("epoll", 1, 1);
}

/* Four clients of one blocking worker: three of four requests wait in their sockets. */
static void queue_is_counted(void **state)
{
	(void)state;
	check_sleep("epoll", 1, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(sleep_thread),
		E2E_TEST(sleep_epoll),
		E2E_TEST(queue_is_counted),
	};

	return cmocka_run_group_tests_name("latency", tests, harness_group_setup,
					   harness_group_teardown);
}
