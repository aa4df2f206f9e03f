/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_rules.c - every recording and alert rule, as real Prometheus has read
 * it, over a load of which everything is known.  A rule without an expectation
 * fails.  How alerts behave over hours is in stack/rules/redtap_test.yml.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "stack/expectation.h"
#include "harness/harness.h"

#define FIVE_MINUTES_S 300.0
/* Things that go wrong, so many of them. */
#define LOST 3
#define SENT 20
#define RECEIVED 16

static struct scenario scenario;

/* ---- what is recorded ---- */

/* Of the shop's routes: requests with these statuses. */
static double on_route(const char *route, int low, int high)
{
	return (double)tally_count(&scenario.shop_tally, NULL, route, low, high);
}

static double failed_on_route(const char *route)
{
	return on_route(route, 500, 999) + on_route(route, 0, 0);
}

static const char *const shop_routes[] = { "/",           "/users/{id}", "/echo", "/status/{id}",
					   "/sleep/{id}", "/drop" };

static void check_route_rates(const struct scenario *s, const struct metrics *answer)
{
	size_t i;

	for (i = 0; i < ROWS(shop_routes); i++)
		require_value(answer, about(on_route(shop_routes[i], 0, 999) / FIVE_MINUTES_S),
			      "service_name", SHOP, "http_route", shop_routes[i], NULL);
	require_value(answer,
		      about((double)tally_count(&s->busy_tally, NULL, "/sleep/{id}", 0, 999) /
			    FIVE_MINUTES_S),
		      "service_name", BUSY, "http_route", "/sleep/{id}", NULL);
	require_series(answer, ROWS(shop_routes) + 2);
}

static void check_route_errors(const struct scenario *s, const struct metrics *answer)
{
	size_t i;

	(void)s;
	for (i = 0; i < ROWS(shop_routes); i++)
		require_value(
			answer,
			about(failed_on_route(shop_routes[i]) / on_route(shop_routes[i], 0, 999)),
			"service_name", SHOP, "http_route", shop_routes[i], NULL);
	require_value(answer, exactly(0), "service_name", BUSY, "http_route", "/sleep/{id}", NULL);
	require_series(answer, ROWS(shop_routes) + 2);
}

static void check_bucket_rates(const struct scenario *s, const struct metrics *answer)
{
	size_t i;

	(void)s;
	for (i = 0; i < ROWS(shop_routes); i++)
		require_value(answer, about(on_route(shop_routes[i], 0, 999) / FIVE_MINUTES_S),
			      "service_name", SHOP, "http_route", shop_routes[i], "le", "+Inf",
			      NULL);
	/* Nobody sleeps less than that. */
	require_value(answer, exactly(0), "service_name", BUSY, "http_route", "/sleep/{id}", "le",
		      "0.01", NULL);
	require_series(answer, (ROWS(shop_routes) + 2) * 20);
}

static double measured(const char *route, double quantile)
{
	return (double)http_tally_quantile_ns(&scenario.shop_tally, "GET", route, quantile) / 1e9;
}

static void check_route_p50(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, (struct bounds){ 1e-6, bucket_above(measured("/users/{id}", 0.55)) },
		      "service_name", SHOP, "http_route", "/users/{id}", NULL);
	require_value(answer,
		      (struct bounds){ bucket_below(SHOP_SLEEP_S),
				       bucket_above(measured("/sleep/{id}", 0.6)) },
		      "service_name", SHOP, "http_route", "/sleep/{id}", NULL);
	require_series(answer, ROWS(shop_routes) + 2);
}

static void check_route_p90(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, (struct bounds){ 1e-6, bucket_above(measured("/users/{id}", 0.95)) },
		      "service_name", SHOP, "http_route", "/users/{id}", NULL);
	require_series(answer, ROWS(shop_routes) + 2);
}

static void check_route_p99(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer,
		      (struct bounds){ bucket_below(SHOP_LONG_SLEEP_S),
				       bucket_above(measured("/sleep/{id}", 1)) },
		      "service_name", SHOP, "http_route", "/sleep/{id}", NULL);
	require_series(answer, ROWS(shop_routes) + 2);
}

static double shop_error_share(void)
{
	return failed_on_route(NULL) / (double)tally_total(&scenario.shop_tally);
}

static void check_errors(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(shop_error_share()), "service_name", SHOP, NULL);
	require_value(answer, exactly(0), "service_name", BUSY, NULL);
	require_series(answer, 2);
}

/* Three others before each: three quarters of the time, less for the first ones. */
static const struct bounds busy_share = { 0.55, 0.85 };

static void check_queue_share(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, busy_share, "service_name", BUSY, NULL);
	require_value(answer, (struct bounds){ 0, 0.5 }, "service_name", SHOP, NULL);
	require_series(answer, 2);
}

static void check_queue_mean(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer,
		      (struct bounds){ 0.6 * 3 * BUSY_SLEEP_S,
				       http_tally_mean_ns(&s->busy_tally, NULL, NULL) / 1e9 -
					       BUSY_SLEEP_S },
		      "service_name", BUSY, NULL);
	require_series(answer, 2);
}

/* ---- what alerts ---- */

static void check_quiet(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_series(answer, 0);
}

static void check_burn(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(shop_error_share()), "service_name", SHOP, NULL);
	require_series(answer, 1);
}

static void check_slow_route(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer,
		      (struct bounds){ bucket_below(SHOP_LONG_SLEEP_S),
				       bucket_above(measured("/sleep/{id}", 1)) },
		      "service_name", SHOP, "http_route", "/sleep/{id}", NULL);
	require_series(answer, 1);
}

static void check_saturated(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, busy_share, "service_name", BUSY, NULL);
	require_series(answer, 1);
}

static void check_anything(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_series(answer, 1);
}

static void check_lost(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(LOST), "reason", "e2e", NULL);
	require_series(answer, 1);
}

static void check_loss(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(1 - (double)RECEIVED / SENT), "sender", "e2e", NULL);
}

static void check_lost_packets(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(1 - (double)RECEIVED / SENT), "sender", "e2e", "where",
		      "before the exporter", NULL);
	require_series(answer, 1);
}

#define RECORDED(name, check)                                                                      \
	{                                                                                          \
		name, NULL, check, check                                                           \
	}

/* Of a rule: what its query answers after the load, and once things went wrong too. */
static const struct rule_expectation {
	const char *name;
	void (*before)(const struct scenario *s, const struct metrics *answer); /* NULL: unasked */
	void (*after)(const struct scenario *s, const struct metrics *answer);
	void (*wrong)(const struct scenario *s, const struct metrics *answer);
} expectations[] = {
	RECORDED("service_route:http_server_requests:rate5m", check_route_rates),
	RECORDED("service_route:http_server_errors:ratio_rate5m", check_route_errors),
	RECORDED("service_route_le:http_server_request_duration_seconds_bucket:rate5m",
		 check_bucket_rates),
	RECORDED("service_route:http_server_request_duration_seconds:p50_rate5m", check_route_p50),
	RECORDED("service_route:http_server_request_duration_seconds:p90_rate5m", check_route_p90),
	RECORDED("service_route:http_server_request_duration_seconds:p99_rate5m", check_route_p99),
	RECORDED("service:http_server_errors:ratio_rate5m", check_errors),
	RECORDED("service:http_server_errors:ratio_rate30m", check_errors),
	RECORDED("service:http_server_errors:ratio_rate1h", check_errors),
	RECORDED("service:http_server_errors:ratio_rate6h", check_errors),
	RECORDED("service:http_server_queue:share_rate5m", check_queue_share),
	RECORDED("service:http_server_queue_seconds:mean_rate5m", check_queue_mean),
	{ "sender:redtap_statsd_loss:ratio5m", NULL, NULL, check_loss },
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

/* ---- asking ---- */

/* When a rule is asked; also its column in the table above. */
enum moment {
	MOMENT_BEFORE = 0,
	MOMENT_AFTER,
	MOMENT_WRONG,
};

/* The rules as Prometheus has read them; the caller owns it. */
static json_t *read_rules(void)
{
	char *body =
		http_get(text_format("http://127.0.0.1:%u/api/v1/rules", scenario.prometheus.port));
	json_t *rules = body ? json_loads(body, 0, NULL) : NULL;

	assert_non_null(rules);
	free(body);
	return rules;
}

static const struct rule_expectation *find_expectation(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS(expectations); i++)
		if (strcmp(expectations[i].name, name) == 0)
			return &expectations[i];
	fail_msg("nothing is expected of the rule '%s'", name);
	return NULL;
}

static void ask_and_check(const char *query, enum moment moment,
			  const struct rule_expectation *expectation)
{
	void (*const checks[])(const struct scenario *,
			       const struct metrics *) = { expectation->before, expectation->after,
							   expectation->wrong };
	struct metrics answer;

	if (!checks[moment])
		return;
	/* A failure does not say which rule. */
	print_message("%s\n", expectation->name);
	metrics_init(&answer);
	scenario_ask(&scenario, query, scenario.end, &answer);
	checks[moment](&scenario, &answer);
	metrics_release(&answer);
}

/* All rules' queries as they are, and what was recorded by them. */
static void check_rules(enum moment moment)
{
	json_t *rules = read_rules(), *group, *rule;
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

/* Where the counters begin that things_go_wrong() makes grow. */
static void inject_births(const struct scenario *s)
{
	scenario_inject(s, "redtap.requests.lost:0|c|#reason:e2e");
	scenario_inject(s, "redtap.statsd.errors:0|c");
}

static void load_of_known_truth(void **state)
{
	(void)state;
	/* Several tries take their time. */
	alarm(600);
	scenario_play(&scenario, inject_births);
	check_rules(MOMENT_AFTER);
}

/* An alert of this name fires, or waits for its time to do so. */
static bool is_active(void *context)
{
	const char *const *names = context;
	struct metrics answer;
	bool active = true;
	size_t i;

	for (i = 0; active && names[i]; i++) {
		metrics_init(&answer);
		scenario_ask(&scenario, text_format("ALERTS{alertname=\"%s\"}", names[i]), 0,
			     &answer);
		active = answer.count > 0;
		metrics_release(&answer);
	}
	return active;
}

static void things_go_wrong(void **state)
{
	static const char *const names[] = { "RedtapLosesRequests", "ExporterDropsPackets",
					     "ExporterRejectsLines", "RedtapSendErrors", NULL };

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
	if (!wait_until(is_active, (void *)names, DEADLINE_S))
		fail_msg("not all alerts are active");
	scenario_settle(&scenario);
	check_rules(MOMENT_WRONG);
}

static bool real_loss_is_told(void *context)
{
	struct metrics answer;
	bool told;

	(void)context;
	metrics_init(&answer);
	scenario_ask(&scenario, "ALERTS{alertname='ExporterDropsPackets', sender!='e2e'}", 0,
		     &answer);
	told = answer.count > 0;
	metrics_release(&answer);
	return told;
}

/* While the exporter does not read, another sender fills its buffer: no error anywhere. */
static void receive_buffer_is_overrun(void **state)
{
	char line[1000] = "e2e.flood:1|c|#x:";
	int i;

	(void)state;
	assert_false(real_loss_is_told(NULL));
	memset(line + strlen(line), 'x', sizeof(line) - strlen(line) - 1);
	line[sizeof(line) - 1] = '\0';
	process_stop(scenario.exporter.process);
	for (i = 0; i < 1000; i++)
		scenario_inject(&scenario, line);
	/* A flush each. */
	for (i = 0; i < 4; i++) {
		scenario_touch(&scenario);
		usleep(1600000);
	}
	process_signal(scenario.exporter.process, SIGCONT);
	if (!wait_until(real_loss_is_told, NULL, DEADLINE_S))
		fail_msg("no alert says that packets are lost");
}

static bool exporter_is_missed(void *context)
{
	static const char *const names[] = { "ExporterDown", "RedtapDown", NULL };

	(void)context;
	return is_active((void *)names);
}

static void exporter_is_killed(void **state)
{
	(void)state;
	process_end(scenario.exporter.process, SIGKILL);
	if (!wait_until(exporter_is_missed, NULL, DEADLINE_S))
		fail_msg("no alert says that the exporter is gone");
}

static int group_teardown(void **state)
{
	scenario_release(&scenario);
	harness_release_kept();
	return harness_group_teardown(state);
}

int main(void)
{
	/* Each goes on where the one before it ended. */
	const struct CMUnitTest tests[] = {
		E2E_TEST(nothing_to_observe), E2E_TEST(load_of_known_truth),
		E2E_TEST(things_go_wrong),    E2E_TEST(receive_buffer_is_overrun),
		E2E_TEST(exporter_is_killed),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, group_teardown);
}
