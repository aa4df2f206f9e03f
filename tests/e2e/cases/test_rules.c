/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_rules.c - every recording and alert rule, as real Prometheus loads it, after a known load.
 * A rule without an expectation fails; stack/rules/redtap_test.yml has alerts over hours.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "stack/expectation.h"
#include "harness/harness.h"

#define FIVE_MINUTES_S 300.0
/* Number of each simulated problem. */
enum { LOST = 3, SENT = 20, RECEIVED = 16 };

static struct scenario scenario;

/* Requests of a route of the shop with these statuses. */
static double on_route(const char *route, int low, int high)
{
	return (double)tally_count(&scenario.shop_tally, NULL, route, low, high);
}

static struct bounds rate_on(const char *route)
{
	return about(on_route(route, 0, 999) / FIVE_MINUTES_S);
}

/* The share of a route's requests that failed. */
static struct bounds errors_on(const char *route)
{
	return about((on_route(route, 500, 999) + on_route(route, 0, 0)) / on_route(route, 0, 999));
}

static const char *const shop_routes[] = { "/",           "/users/{id}", "/echo", "/status/{id}",
					   "/sleep/{id}", "/drop" };

/* The series of the shop, and two of the busy service. */
#define ROUTES (ROWS(shop_routes) + 2)

static void check_route_rates(const struct metrics *answer)
{
	const uint64_t busy = tally_count(&scenario.busy_tally, NULL, "/sleep/{id}", 0, 999);
	size_t i;

	for (i = 0; i < ROWS(shop_routes); i++)
		require_route(answer, rate_on(shop_routes[i]), SHOP, shop_routes[i]);
	require_route(answer, about((double)busy / FIVE_MINUTES_S), BUSY, "/sleep/{id}");
	require_series(answer, ROUTES);
}

static void check_route_errors(const struct metrics *answer)
{
	size_t i;

	for (i = 0; i < ROWS(shop_routes); i++)
		require_route(answer, errors_on(shop_routes[i]), SHOP, shop_routes[i]);
	require_route(answer, exactly(0), BUSY, "/sleep/{id}");
	require_series(answer, ROUTES);
}

static void check_bucket_rates(const struct metrics *answer)
{
	size_t i;

	for (i = 0; i < ROWS(shop_routes); i++)
		require_value(answer, rate_on(shop_routes[i]), "service_name", SHOP, "http_route",
			      shop_routes[i], "le", "+Inf", NULL);
	/* No request sleeps less than that. */
	require_value(answer, exactly(0), "service_name", BUSY, "http_route", "/sleep/{id}", "le",
		      "0.01", NULL);
	require_series(answer, ROUTES * 20);
}

static double measured(const char *route, double quantile)
{
	return (double)http_tally_quantile_ns(&scenario.shop_tally, "GET", route, quantile) / 1e9;
}

static void check_users(const struct metrics *answer, double quantile)
{
	require_route(answer,
		      (struct bounds){ 1e-6, bucket_above(measured("/users/{id}", quantile)) },
		      SHOP, "/users/{id}");
	require_series(answer, ROUTES);
}

static void check_sleeps(const struct metrics *answer, double least_s, double quantile,
			 size_t series)
{
	require_route(answer,
		      (struct bounds){ bucket_below(least_s),
				       bucket_above(measured("/sleep/{id}", quantile)) },
		      SHOP, "/sleep/{id}");
	require_series(answer, series);
}

static void check_route_p50(const struct metrics *answer)
{
	check_users(answer, 0.55);
	check_sleeps(answer, SHOP_SLEEP_S, 0.6, ROUTES);
}

static void check_route_p90(const struct metrics *answer)
{
	check_users(answer, 0.95);
}

static void check_route_p99(const struct metrics *answer)
{
	check_sleeps(answer, SHOP_LONG_SLEEP_S, 1, ROUTES);
}

static void check_errors(const struct metrics *answer)
{
	require_value(answer, errors_on(NULL), "service_name", SHOP, NULL);
	require_value(answer, exactly(0), "service_name", BUSY, NULL);
	require_series(answer, 2);
}

/* Three other requests are before each: three quarters of the time, less for the first ones. */
static const struct bounds busy_share = { 0.55, 0.85 };

static void check_queue_share(const struct metrics *answer)
{
	require_value(answer, busy_share, "service_name", BUSY, NULL);
	require_value(answer, (struct bounds){ 0, 0.5 }, "service_name", SHOP, NULL);
	require_series(answer, 2);
}

static void check_queue_mean(const struct metrics *answer)
{
	const double mean_s = http_tally_mean_ns(&scenario.busy_tally, NULL, NULL) / 1e9;

	require_value(answer, (struct bounds){ 0.6 * 3 * BUSY_SLEEP_S, mean_s - BUSY_SLEEP_S },
		      "service_name", BUSY, NULL);
	require_series(answer, 2);
}

static void check_quiet(const struct metrics *answer)
{
	require_series(answer, 0);
}

static void check_burn(const struct metrics *answer)
{
	require_service(answer, errors_on(NULL), SHOP);
}

static void check_slow_route(const struct metrics *answer)
{
	check_sleeps(answer, SHOP_LONG_SLEEP_S, 1, 1);
}

static void check_saturated(const struct metrics *answer)
{
	require_service(answer, busy_share, BUSY);
}

static void check_anything(const struct metrics *answer)
{
	require_series(answer, 1);
}

static void check_lost(const struct metrics *answer)
{
	require_value(answer, about(LOST), "reason", "e2e", NULL);
	require_series(answer, 1);
}

static void check_loss(const struct metrics *answer)
{
	require_value(answer, about(1 - (double)RECEIVED / SENT), "sender", "e2e", NULL);
}

static void check_lost_packets(const struct metrics *answer)
{
	require_value(answer, about(1 - (double)RECEIVED / SENT), "sender", "e2e", "where",
		      "before the exporter", NULL);
	require_series(answer, 1);
}

/*
 * The expected results of a rule's query: before the load, after it, and after the simulated
 * problems.  NULL: not checked before; not changed by the problems.
 */
static const struct rule_expectation {
	const char *name;
	void (*before)(const struct metrics *answer);
	void (*after)(const struct metrics *answer);
	void (*wrong)(const struct metrics *answer);
} expectations[] = {
	{ "service_route:http_server_requests:rate5m", .after = check_route_rates },
	{ "service_route:http_server_errors:ratio_rate5m", .after = check_route_errors },
	{ "service_route_le:http_server_request_duration_seconds_bucket:rate5m",
	  .after = check_bucket_rates },
	{ "service_route:http_server_request_duration_seconds:p50_rate5m",
	  .after = check_route_p50 },
	{ "service_route:http_server_request_duration_seconds:p90_rate5m",
	  .after = check_route_p90 },
	{ "service_route:http_server_request_duration_seconds:p99_rate5m",
	  .after = check_route_p99 },
	{ "service:http_server_errors:ratio_rate5m", .after = check_errors },
	{ "service:http_server_errors:ratio_rate30m", .after = check_errors },
	{ "service:http_server_errors:ratio_rate1h", .after = check_errors },
	{ "service:http_server_errors:ratio_rate6h", .after = check_errors },
	{ "service:http_server_queue:share_rate5m", .after = check_queue_share },
	{ "service:http_server_queue_seconds:mean_rate5m", .after = check_queue_mean },
	{ "sender:redtap_statsd_loss:ratio5m", .wrong = check_loss },
	{ "HttpErrorBudgetBurnsFast", check_quiet, check_burn, check_burn },
	{ "HttpErrorBudgetBurnsSlowly", check_quiet, check_burn, check_burn },
	{ "HttpLatencyP99AboveTarget", check_quiet, check_slow_route, check_slow_route },
	{ "HttpWorkersSaturated", check_quiet, check_saturated, check_saturated },
	{ "RedtapDown", check_anything, check_quiet, check_quiet },
	{ "RedtapLosesRequests", check_quiet, check_quiet, check_lost },
	{ "ExporterDropsPackets", check_quiet, check_quiet, check_lost_packets },
	{ "ExporterRejectsLines", check_quiet, check_quiet, check_anything },
	{ "RedtapSendErrors", check_quiet, check_quiet, check_anything },
	{ "ExporterDown", check_quiet, check_quiet, check_quiet },
};

enum moment {
	MOMENT_BEFORE = 0,
	MOMENT_AFTER,
	MOMENT_WRONG,
};

static const struct rule_expectation *find_expectation(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS(expectations); i++)
		if (strcmp(expectations[i].name, name) == 0)
			return &expectations[i];
	fail_msg("no expectation for the rule '%s'", name);
	return NULL;
}

static void ask_and_check(const char *query, enum moment moment,
			  const struct rule_expectation *expectation)
{
	const bool wrong = moment == MOMENT_WRONG && expectation->wrong;
	void (*check)(const struct metrics *) = moment == MOMENT_BEFORE ? expectation->before
						: wrong                 ? expectation->wrong
									: expectation->after;
	struct metrics answer;

	if (!check)
		return;
	/* Failures below do not name the rule, so print it first. */
	print_message("%s\n", expectation->name);
	metrics_init(&answer);
	scenario_ask(&scenario, query, scenario.end, &answer);
	check(&answer);
	metrics_release(&answer);
}

/* Checks the queries of all rules, and the recorded series. */
static void check_rules(enum moment moment)
{
	json_t *rules = prometheus_rules(&scenario.prometheus), *group, *rule;
	size_t i, j, count = 0;

	json_array_foreach(json_object_get(json_object_get(rules, "data"), "groups"), i, group)
	{
		json_array_foreach(json_object_get(group, "rules"), j, rule)
		{
			const char *name = json_string_value(json_object_get(rule, "name"));
			const char *type = json_string_value(json_object_get(rule, "type"));
			const struct rule_expectation *expectation = find_expectation(name);

			ask_and_check(json_string_value(json_object_get(rule, "query")), moment,
				      expectation);
			if (strcmp(type, "recording") == 0)
				ask_and_check(name, moment, expectation);
			count++;
		}
	}
	assert_int_equal(count, ROWS(expectations));
	json_decref(rules);
}

static void nothing_to_observe(void **state)
{
	(void)state;
	scenario_start(&scenario);
	check_rules(MOMENT_BEFORE);
	scenario_release(&scenario);
}

/* First values of the counters that things_go_wrong() increases. */
static void inject_births(const struct scenario *s)
{
	scenario_inject(s, "redtap.requests.lost:0|c|#reason:e2e");
	scenario_inject(s, "redtap.statsd.errors:0|c");
}

static void load_of_known_truth(void **state)
{
	(void)state;
	/* Time for several tries. */
	alarm(600);
	scenario_play(&scenario, inject_births);
	check_rules(MOMENT_AFTER);
}

/* Alerts with each of these labels are firing or pending. */
static bool are_active(void *context)
{
	const char *const *labels = context;

	while (*labels && scenario_count(&scenario, text_format("ALERTS{%s}", *labels), 0) > 0)
		labels++;
	return !*labels;
}

static void wait_active(const char *const *labels)
{
	if (!wait_until(are_active, (void *)labels, DEADLINE_S))
		fail_msg("not all alerts are active: %s ...", labels[0]);
}

static void things_go_wrong(void **state)
{
	static const char *const alerts[] = { "alertname='RedtapLosesRequests'",
					      "alertname='ExporterDropsPackets'",
					      "alertname='ExporterRejectsLines'",
					      "alertname='RedtapSendErrors'", NULL };

	(void)state;
	scenario_inject(&scenario, "redtap.statsd.sent:100|g|#sender:e2e");
	scenario_inject(&scenario, "redtap.statsd.received:100|c|#sender:e2e");
	usleep(1500000); /* three scrapes */
	scenario_inject(&scenario, text_format("redtap.requests.lost:%d|c|#reason:e2e", LOST));
	scenario_inject(&scenario, "redtap.statsd.errors:1|c");
	scenario_inject(&scenario, "e2e.no.tag:1|c|#tag");
	scenario_inject(&scenario, text_format("redtap.statsd.sent:%d|g|#sender:e2e", 100 + SENT));
	scenario_inject(&scenario,
			text_format("redtap.statsd.received:%d|c|#sender:e2e", RECEIVED));
	wait_active(alerts);
	scenario_settle(&scenario);
	check_rules(MOMENT_WRONG);
}

/*
 * While the exporter does not read, another sender fills its buffer: this causes no error
 * anywhere.
 */
static void receive_buffer_is_overrun(void **state)
{
	static const char *const alerts[] = { "alertname='ExporterDropsPackets',sender!='e2e'",
					      NULL };
	char line[1000] = "e2e.flood:1|c|#x:";
	int i;

	(void)state;
	assert_false(are_active((void *)alerts));
	memset(line + strlen(line), 'x', sizeof(line) - strlen(line) - 1);
	process_stop(scenario.exporter.process);
	for (i = 0; i < 1000; i++)
		scenario_inject(&scenario, line);
	/* A flush each. */
	for (i = 0; i < 4; i++) {
		scenario_touch(&scenario);
		usleep(1600000);
	}
	process_signal(scenario.exporter.process, SIGCONT);
	wait_active(alerts);
}

static void exporter_is_killed(void **state)
{
	static const char *const alerts[] = { "alertname='ExporterDown'", "alertname='RedtapDown'",
					      NULL };

	(void)state;
	process_end(scenario.exporter.process, SIGKILL);
	wait_active(alerts);
}

static int group_teardown(void **state)
{
	scenario_release(&scenario);
	harness_release_kept();
	return harness_group_teardown(state);
}

/* Each test continues from the state of the one before. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(nothing_to_observe), E2E_TEST(load_of_known_truth),
		E2E_TEST(things_go_wrong),    E2E_TEST(receive_buffer_is_overrun),
		E2E_TEST(exporter_is_killed),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, group_teardown);
}
