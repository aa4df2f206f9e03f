/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_panels.c - every query of the dashboards, taken from their JSON, is sent
 * to real Prometheus after a load with known numbers.  A query without an
 * expectation, and an expectation without a query, fail.  The expectations of
 * redtap RED are here; the others are in panels_itself.c.
 */
#include <stdio.h>

#include "stack/expectation.h"
#include "harness/harness.h"
#include "dashboards/panels.h"
#include "dashboards/panels_itself.h"

static struct scenario scenario;

/* ---- counts and rates ---- */

static uint64_t shop_count(int low, int high)
{
	return tally_count(&scenario.shop_tally, NULL, NULL, low, high);
}

static void check_total(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer, exactly((double)tally_total(&s->shop_tally)), NULL);
}

static void check_statuses(const struct scenario *s, const struct metrics *answer)
{
	static const struct {
		const char *label;
		int status;
	} statuses[] = {
		{ "200", 200 }, { "404", 404 }, { "500", 500 }, { "503", 503 }, { "none", 0 }
	};
	size_t i;

	(void)s;
	for (i = 0; i < ROWS(statuses); i++)
		require_value(answer,
			      exactly((double)shop_count(statuses[i].status, statuses[i].status)),
			      "http_response_status_code", statuses[i].label, NULL);
	require_series(answer, ROWS(statuses));
}

static struct bounds rate_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return about((double)pair->count / RATE_INTERVAL_S);
}

static struct bounds growth_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return about((double)pair->count);
}

static struct bounds share_of_2xx(const struct scenario *s, const struct request_pair *pair)
{
	return about((double)tally_count(&s->shop_tally, pair->method, pair->route, 200, 299) /
		     (double)pair->count);
}

static struct bounds share_of_5xx(const struct scenario *s, const struct request_pair *pair)
{
	return about((double)tally_count(&s->shop_tally, pair->method, pair->route, 500, 599) /
		     (double)pair->count);
}

static void check_errors(const struct scenario *s, const struct metrics *answer)
{
	const double total = (double)tally_total(&s->shop_tally);

	require_value(answer, about((double)shop_count(500, 500) / total), "error_type", "500",
		      NULL);
	require_value(answer, about((double)shop_count(503, 503) / total), "error_type", "503",
		      NULL);
	require_value(answer,
		      about((double)tally_count(&s->shop_tally, "HEAD", NULL, 0, 0) / total),
		      "error_type", "client_abort", NULL);
	require_value(answer,
		      about((double)tally_count(&s->shop_tally, NULL, "/drop", 0, 0) / total),
		      "error_type", "no_response", NULL);
	require_series(answer, 4);
}

/* ---- durations ---- */

/* Requests without a measurement by the client: it gave up, or got no response. */
static bool is_unanswered(const struct request_pair *pair)
{
	return http_tally_count(&scenario.shop_tally, pair->method, pair->route) == 0;
}

static bool is_sleep(const struct request_pair *pair)
{
	return strcmp(pair->method, "GET") == 0 && strcmp(pair->route, "/sleep/{id}") == 0;
}

static struct bounds mean_of(const struct scenario *s, const struct request_pair *pair)
{
	const double slept =
		(SHOP_SLEEPS * SHOP_SLEEP_S + SHOP_MIDDLE_SLEEPS * SHOP_MIDDLE_SLEEP_S +
		 SHOP_LONG_SLEEPS * SHOP_LONG_SLEEP_S) /
		(SHOP_SLEEPS + SHOP_MIDDLE_SLEEPS + SHOP_LONG_SLEEPS);

	if (is_unanswered(pair))
		return (struct bounds){ 0.000001, 2 };
	return (struct bounds){
		is_sleep(pair) ? slept : 0.000001,
		http_tally_mean_ns(&s->shop_tally, pair->method, pair->route) / 1e9,
	};
}

/*
 * The bucket of redtap's quantile lies between the bucket of the sleep and that
 * of the client's measurement.
 */
static struct bounds quantile_of(const struct request_pair *pair, double quantile, double slept)
{
	if (is_unanswered(pair))
		return (struct bounds){ 0, 2.5 };
	return (struct bounds){
		is_sleep(pair) ? bucket_below(slept) : 0,
		/* Series of several statuses may be weighted a little differently. */
		bucket_above((double)http_tally_quantile_ns(&scenario.shop_tally, pair->method,
							    pair->route,
							    quantile < 0.95 ? quantile + 0.05 : 1) /
			     1e9),
	};
}

static struct bounds p50_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return quantile_of(pair, 0.5, SHOP_SLEEP_S);
}

static struct bounds p90_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return quantile_of(pair, 0.9, SHOP_MIDDLE_SLEEP_S);
}

/* 2 of 30 requests slept long. */
static struct bounds p99_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return quantile_of(pair, 0.99, SHOP_LONG_SLEEP_S);
}

/* Requests that were this fast in the client's measurement. */
static uint64_t faster(const struct http_tally *tally, double seconds)
{
	uint64_t count = 0;
	size_t i, j;

	for (i = 0; i < tally->count; i++)
		for (j = 0; j < tally->rows[i].latency_count; j++)
			count += (double)tally->rows[i].latencies_ns[j] <= seconds * 1e9;
	return count;
}

static void check_heatmap(const struct scenario *s, const struct metrics *answer)
{
	const double total = (double)tally_total(&s->shop_tally);
	size_t i;

	for (i = 0; i < answer->count; i++) {
		const char *le = metric_label(&answer->items[i], "le");
		const double edge = strtod(le, NULL);
		double slower = 0;
		struct bounds bounds = { (1 - SLACK) * (double)faster(&s->shop_tally, edge), 0 };

		slower += edge < SHOP_SLEEP_S ? SHOP_SLEEPS : 0;
		slower += edge < SHOP_MIDDLE_SLEEP_S ? SHOP_MIDDLE_SLEEPS : 0;
		slower += edge < SHOP_LONG_SLEEP_S ? SHOP_LONG_SLEEPS : 0;
		bounds.high = (1 + SLACK) * (total - slower);
		require_value(answer, bounds, "le", le, NULL);
	}
	require_value(answer, about(total), "le", "+Inf", NULL);
	require_series(answer, 20);
}

/* ---- where the time goes ---- */

static double busy_mean(const char *route)
{
	return http_tally_mean_ns(&scenario.busy_tally, "GET", route) / 1e9;
}

/* Between the application's sleep and the client's measurement. */
static void check_route_phases(const struct scenario *s, const struct metrics *answer)
{
	const char *sleep = "/sleep/{id}";
	const double slept = (BUSY_SLEEPS * BUSY_SLEEP_S + BUSY_LONG_SLEEP_S) / (BUSY_SLEEPS + 1);
	const double service = answer_value(answer, "http_route", sleep, "phase", "service", NULL);
	const double queue = answer_value(answer, "http_route", sleep, "phase", "queue", NULL);
	const double send = answer_value(answer, "http_route", sleep, "phase", "send", NULL);

	(void)s;
	require_value(answer, (struct bounds){ slept, busy_mean(sleep) }, "http_route", sleep,
		      "phase", "service", NULL);
	/* Three others are before each request, except the first ones. */
	require_value(answer, (struct bounds){ 0.6 * 3 * BUSY_SLEEP_S, busy_mean(sleep) - slept },
		      "http_route", sleep, "phase", "queue", NULL);
	require_value(answer, (struct bounds){ 0, 0.01 }, "http_route", sleep, "phase", "send",
		      NULL);
	/* Acknowledgements may be delayed by up to 200 ms. */
	require_value(answer, (struct bounds){ 0, 0.25 }, "http_route", sleep, "phase", "deliver",
		      NULL);
	assert_true(queue + service + send <= busy_mean(sleep));
	/* The connection that arrived while the worker slept. */
	require_value(answer, (struct bounds){ 0.5 * BUSY_LONG_SLEEP_S, busy_mean("/") },
		      "http_route", "/", "phase", "queue", NULL);
	require_series(answer, 8);
}

static void check_phases(const struct scenario *s, const struct metrics *answer)
{
	const double slept = (BUSY_SLEEPS * BUSY_SLEEP_S + BUSY_LONG_SLEEP_S) / (BUSY_SLEEPS + 2);

	(void)s;
	require_value(answer, (struct bounds){ slept, busy_mean(NULL) }, "phase", "service", NULL);
	require_value(answer, (struct bounds){ 0.6 * 3 * BUSY_SLEEP_S, busy_mean(NULL) - slept },
		      "phase", "queue", NULL);
	require_series(answer, 4);
}

static void check_saturation(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_service(answer, (struct bounds){ 0.55, 0.85 }, BUSY);
}

static void check_accept_mean(const struct scenario *s, const struct metrics *answer)
{
	const double connections = (double)s->busy_connections;

	/* One connection had to wait, the others arrived at an idle worker. */
	require_service(answer,
			(struct bounds){ s->accept_wait_low / connections,
					 s->accept_wait_high / connections + BUSY_SLEEP_S * 3 },
			BUSY);
}

static void check_accept_p99(const struct scenario *s, const struct metrics *answer)
{
	require_service(answer,
			(struct bounds){ bucket_below(s->accept_wait_low),
					 bucket_above(s->accept_wait_high) },
			BUSY);
}

/* ---- gauges, bodies ---- */

static void check_active(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_service(answer, exactly(1), BUSY);
}

static void check_idle(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_service(answer, exactly(0), SHOP);
}

static void check_open(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_service(answer, exactly(SHOP_OPEN), SHOP);
}

static struct bounds bytes_of(const struct request_pair *pair, bool of_response)
{
	const struct http_tally *tally = &scenario.shop_tally;
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < tally->count; i++) {
		const struct http_tally_row *row = &tally->rows[i];

		if (strcmp(row->method, pair->method) == 0 && strcmp(row->route, pair->route) == 0)
			bytes += of_response ? row->response_bytes : row->request_bytes;
	}
	return about((double)bytes / RATE_INTERVAL_S);
}

static struct bounds request_bytes_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return bytes_of(pair, false);
}

static struct bounds response_bytes_of(const struct scenario *s, const struct request_pair *pair)
{
	(void)s;
	return bytes_of(pair, true);
}

static const struct expectation expectations[] = {
	{ "Total requests (24 h)", "A", SHOP, .check = check_total },
	{ "Requests per status code (24 h)", "A", SHOP, .check = check_statuses },
	{ "Requests per second", "A", SHOP, .pair = rate_of },
	{ "Requests count", "A", SHOP, .pair = growth_of },
	{ "Share of 2xx", "A", SHOP, .pair = share_of_2xx },
	{ "Share of 5xx", "A", SHOP, .pair = share_of_5xx },
	{ "Share of errors", "A", SHOP, .check = check_errors },
	{ "Average duration per route", "A", SHOP, .pair = mean_of },
	{ "Average duration", "A", SHOP, .pair = mean_of },
	{ "Duration distribution", "A", SHOP, .pair = p50_of },
	{ "Duration distribution", "B", SHOP, .pair = p90_of },
	{ "Duration distribution", "C", SHOP, .pair = p99_of },
	{ "Latency heatmap", "A", SHOP, .check = check_heatmap },
	{ "PR99 per route", "A", SHOP, .pair = p99_of },
	{ "Where the time goes, per route", "A", BUSY, .check = check_route_phases },
	{ "Where the time goes", "A", BUSY, .check = check_phases },
	{ "Saturation", "A", BUSY, .check = check_saturation },
	{ "Accept wait", "A", BUSY, .check = check_accept_mean },
	{ "Accept wait", "B", BUSY, .check = check_accept_p99 },
	{ "Active requests", "A", BUSY, .check = check_active },
	{ "Active requests", "A", SHOP, .check = check_idle },
	{ "Active requests", "B", SHOP, .check = check_open },
	{ "Request bodies", "A", SHOP, .pair = request_bytes_of },
	{ "Response bodies", "A", SHOP, .pair = response_bytes_of },
};

static int group_setup(void **state)
{
	if (harness_group_setup(state) != 0)
		return -1;
	scenario_play(&scenario, panels_itself_births);
	return 0;
}

static int group_teardown(void **state)
{
	scenario_release(&scenario);
	harness_release_kept();
	return harness_group_teardown(state);
}

static void red_tells_the_truth(void **state)
{
	(void)state;
	panels_check(&scenario, "redtap-red", expectations, ROWS(expectations));
}

static void red_selects_services(void **state)
{
	(void)state;
	panels_select_service(&scenario, "redtap-red");
}

static void itself_tells_the_truth(void **state)
{
	(void)state;
	panels_itself_check(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(red_tells_the_truth),
		E2E_TEST(red_selects_services),
		E2E_TEST(itself_tells_the_truth),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
