/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_parity.c - redtap in place of a StatsD middleware: a Flask application
 * under gunicorn, the load and the nine queries that a dashboard for the
 * middleware asks of Prometheus, and the middleware itself beside redtap.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "harness/harness.h"
#include "http/http_load.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "stack/stack.h"

#define APP "e2e-flask"
#define FAST "e2e-fast"
#define S "flask_request_status_total{app_name=\"" APP "\"}"
#define D "flask_request_duration_seconds"
#define OF_APP "{app_name=\"" APP "\"}"

#define REQUESTS 165 /* five rounds of 33 */
/* /io_task sleeps 2 s, /random_sleep up to 5 s; shortened in proportion but once, for
 * the one worker would take a minute and a half for it. */
#define IO_S 2.0
#define IO_SHORT_S 0.1
#define RANDOM_PART 2.5
#define FAST_REQUESTS 2000

/* What is allowed: of an average, and what a busy machine adds on the client's side. */
#define MEAN_SHARE 0.02
#define MEAN_SLACK_S 0.002
/* A bin is at most a tenth wide. */
#define QUANTILE_SHARE 0.06
#define QUANTILE_SLACK_S 0.003
/* What rate() adds by extrapolating to the ends of its window. */
#define RATE_SHARE 0.15

/* A round of the load: so many of each. */
static const struct http_load_kind kinds[] = {
	{ .request = { .method = "GET", .target = "/" }, .weight = 10 },
	{ .request = { .method = "GET", .target = "/io_task" }, .weight = 5 },
	{ .request = { .method = "GET", .target = "/cpu_task" }, .weight = 5 },
	{ .request = { .method = "GET", .target = "/random_sleep" }, .weight = 3 },
	{ .request = { .method = "GET", .target = "/random_status" }, .weight = 10 },
};

struct parity {
	struct exporter exporter;
	struct exporter middleware; /* what the application sends itself; only if it does */
	struct prometheus prometheus;
	struct redtap *redtap;
	struct http_tally tally;
	struct http_tally fast;
};

static void run_load(uint16_t port, uint64_t requests, bool close_each, struct http_tally *tally)
{
	const struct http_load load = { .port = port,
					.kinds = kinds,
					.kind_count = close_each ? ROWS(kinds) : 1,
					.connections = close_each ? 4 : 1,
					.threads = close_each ? 4 : 1,
					.connection_each = close_each,
					.requests = requests };
	int err;

	realtime_set(true);
	err = http_load_run(&load, tally, NULL);
	realtime_set(false);
	if (err || tally->unanswered || tally->answered != requests)
		fail_msg("%llu of %llu requests answered, %llu not (%s)",
			 (unsigned long long)tally->answered, (unsigned long long)requests,
			 (unsigned long long)tally->unanswered, strerror(-err));
}

/* The answer to a query. */
static void ask(const struct parity *parity, const char *query, struct metrics *answer)
{
	metrics_init(answer);
	prometheus_ask(&parity->prometheus, query, answer);
}

/* The value of the series whose label has that value; all labels of `with` if not NULL. */
static const struct metric *find(const struct metrics *answer, const char *key, const char *value)
{
	const struct metric *found = NULL;
	size_t i;

	for (i = 0; i < answer->count; i++) {
		const char *label = metric_label(&answer->items[i], key);

		if (!label || strcmp(label, value) != 0)
			continue;
		if (found)
			fail_msg("%s=\"%s\" is there twice", key, value);
		found = &answer->items[i];
	}
	if (!found)
		fail_msg("%s=\"%s\" is not there", key, value);
	return found;
}

static double ask_number(const struct parity *parity, const char *query)
{
	struct metrics answer;
	double number;

	ask(parity, query, &answer);
	number = answer.count == 1 ? answer.items[0].value : -1;
	metrics_release(&answer);
	return number;
}

static bool is_complete(void *context)
{
	const struct parity *parity = context;

	return ask_number(parity, "sum(" S ")") == REQUESTS &&
	       ask_number(parity, "sum(" D "_count" OF_APP ")") == REQUESTS &&
	       ask_number(parity, "sum(" D "_count{app_name=\"" FAST "\"})") == FAST_REQUESTS;
}

/* application: the plain one or that with the middleware. */
static void run(struct parity *parity, const char *application, int workers, double sleep_s)
{
	const struct server fast = server_start_webapp("epoll", 1, NULL);
	const char *environment[] = {
		text_format("IO_SECONDS=%g", sleep_s),
		text_format("RANDOM_SECONDS=%g", RANDOM_PART * sleep_s),
		"STATSD_HOST=127.0.0.1",
		"STATSD_PORT=9",
		"APP_NAME=" APP,
		NULL,
	};
	const char *more[] = { "--pid", NULL, "--metrics", "flask", NULL };
	struct server server;

	http_tally_init(&parity->tally);
	http_tally_init(&parity->fast);
	parity->exporter = exporter_start();
	parity->prometheus = prometheus_start(&parity->exporter, "250ms");
	if (strcmp(application, "flask_statsd") == 0) {
		parity->middleware = exporter_start();
		environment[3] = text_format("STATSD_PORT=%u", parity->middleware.statsd_port);
	}
	server = server_start_flask(application, workers, environment);
	more[1] = text_format("%d=" FAST, (int)fast.pid);
	/* Once unwatched: workers have started, and what they load late is loaded. */
	if (!parity->middleware.process) {
		run_load(server.port, REQUESTS / 5, true, &parity->tally);
		http_tally_release(&parity->tally);
		http_tally_init(&parity->tally);
	}
	prometheus_wait(&parity->prometheus);
	parity->redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid,
		.service = APP,
		.statsd_port = parity->exporter.statsd_port,
		.interval = "1s",
		.more = more,
	});
	run_load(server.port, REQUESTS, true, &parity->tally);
	run_load(fast.port, FAST_REQUESTS, false, &parity->fast);
	if (!wait_until(is_complete, parity, DEADLINE_S))
		fail_msg("Prometheus has %g requests and %g durations of %d; of the fast one %g",
			 ask_number(parity, "sum(" S ")"),
			 ask_number(parity, "sum(" D "_count" OF_APP ")"), REQUESTS,
			 ask_number(parity, "sum(" D "_count{app_name=\"" FAST "\"})"));
}

static void finish(struct parity *parity)
{
	redtap_assert_nothing_lost(redtap_finish(parity->redtap, SIGINT));
	http_tally_release(&parity->tally);
	http_tally_release(&parity->fast);
}

/* ---- the nine queries ------------------------------------------------- */

/* Requests of a route (NULL: any) with a status from low to high. */
static uint64_t count_of(const struct http_tally *tally, const char *route, int low, int high)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < tally->count; i++)
		if ((!route || strcmp(tally->rows[i].route, route) == 0) &&
		    tally->rows[i].status >= low && tally->rows[i].status <= high)
			count += tally->rows[i].count;
	return count;
}

static void assert_near(const char *what, double found, double expected, double allowed)
{
	if (!(fabs(found - expected) <= allowed))
		fail_msg("%s: %g, the client's is %g, allowed difference %g", what, found, expected,
			 allowed);
}

/* Requests Per Status Code. */
static void check_statuses(const struct parity *parity)
{
	static const int statuses[] = { 200, 300, 400, 500 };
	struct metrics answer;
	size_t i, series = 0;

	ask(parity, "sum(" S ") by (status)", &answer);
	for (i = 0; i < ROWS(statuses); i++) {
		const uint64_t count = count_of(&parity->tally, NULL, statuses[i], statuses[i]);

		if (count == 0)
			continue;
		series++;
		assert_true(find(&answer, "status", text_format("%d", statuses[i]))->value ==
			    count);
	}
	assert_int_equal(answer.count, series);
	metrics_release(&answer);
}

/* Percent of 2xx, Percent of 5xx; a route without any has no series for it. */
static void check_percent(const struct parity *parity, const char *pattern, int low, int high)
{
	const char *query = text_format("sum(flask_request_status_total{app_name=\"" APP
					"\",status=~\"%s\"}) by (endpoint, method) / "
					"sum(" S ") by (endpoint, method)",
					pattern);
	struct metrics answer;
	size_t i, series = 0;

	ask(parity, query, &answer);
	for (i = 0; i < ROWS(kinds); i++) {
		const char *route = kinds[i].request.target;
		const uint64_t count = count_of(&parity->tally, route, low, high);

		if (count == 0)
			continue;
		series++;
		assert_near(query, find(&answer, "endpoint", route)->value,
			    (double)count / count_of(&parity->tally, route, 100, 599), 1e-9);
	}
	assert_int_equal(answer.count, series);
	metrics_release(&answer);
}

/* Requests Average Duration, both panels; and no route of 0. */
static void check_averages(const struct parity *parity)
{
	struct metrics answer;
	size_t i;

	ask(parity, D "_sum" OF_APP " / " D "_count" OF_APP, &answer);
	assert_int_equal(answer.count, ROWS(kinds));
	for (i = 0; i < ROWS(kinds); i++) {
		const char *route = kinds[i].request.target;
		const double client_s = http_tally_mean_ns(&parity->tally, "GET", route) / 1e9;
		const double found_s = find(&answer, "endpoint", route)->value;

		assert_string_equal(metric_label(find(&answer, "endpoint", route), "method"),
				    "GET");
		print_message("  average of %-14s client %8.3f ms, redtap %8.3f ms\n", route,
			      client_s * 1e3, found_s * 1e3);
		assert_near(route, found_s, client_s, client_s * MEAN_SHARE + MEAN_SLACK_S);
		assert_true(found_s > 0);
	}
	metrics_release(&answer);
}

/* A route that takes less than a millisecond, which the middleware would round away. */
static void check_fast(const struct parity *parity)
{
	const double client_s = http_tally_mean_ns(&parity->fast, "GET", "/") / 1e9;
	const double found_s = ask_number(parity, D "_sum{app_name=\"" FAST "\"} / " D
						    "_count{app_name=\"" FAST "\"}");

	print_message("  average of a fast route client %8.3f ms, redtap %8.3f ms\n",
		      client_s * 1e3, found_s * 1e3);
	assert_true(found_s > 1e-6 && found_s < client_s);
	/* Between the two lie the client's own way into the kernel and out of it. */
	assert_near("the fast route", found_s, client_s, client_s * MEAN_SHARE + 0.0005);
}

/* Requests Count; Requests Per Second. */
static void check_counts_and_rates(const struct parity *parity)
{
	struct metrics counts, rates;
	size_t i;

	ask(parity, D "_count" OF_APP, &counts);
	ask(parity, "rate(" D "_count" OF_APP "[1m])", &rates);
	assert_int_equal(counts.count, ROWS(kinds));
	assert_int_equal(rates.count, ROWS(kinds));
	for (i = 0; i < ROWS(kinds); i++) {
		const char *route = kinds[i].request.target;
		const double count = count_of(&parity->tally, route, 100, 599);
		const double per_minute = find(&rates, "endpoint", route)->value * 60;
		/* One observation of each series, a status each, may be what it is born with. */
		const double born = strcmp(route, "/random_status") == 0 ? 4 : 1;

		assert_true(find(&counts, "endpoint", route)->value == count);
		if (per_minute < (count - born) * (1 - RATE_SHARE) ||
		    per_minute > count * (1 + RATE_SHARE))
			fail_msg("%s: %g a minute by rate(), %g sent", route, per_minute, count);
	}
	metrics_release(&counts);
	metrics_release(&rates);
}

/* Request Duration Distribution; the summary's ranks are off by as much as it is configured for. */
static void check_quantiles(const struct parity *parity)
{
	static const struct {
		const char *name;
		double quantile, error;
	} rows[] = { { "0.5", 0.5, 0.05 }, { "0.9", 0.9, 0.01 }, { "0.99", 0.99, 0.001 } };
	size_t i, j;

	for (i = 0; i < ROWS(rows); i++) {
		struct metrics answer;

		ask(parity, text_format(D "{app_name=\"" APP "\",quantile=\"%s\"}", rows[i].name),
		    &answer);
		assert_int_equal(answer.count, ROWS(kinds));
		for (j = 0; j < ROWS(kinds); j++) {
			const char *route = kinds[j].request.target;
			const double count = count_of(&parity->tally, route, 100, 599);
			const double error = rows[i].error + 1.5 / count;
			const double low_s =
				http_tally_quantile_ns(&parity->tally, "GET", route,
						       fmax(rows[i].quantile - error, 0)) /
				1e9;
			const double high_s =
				http_tally_quantile_ns(&parity->tally, "GET", route,
						       fmin(rows[i].quantile + error, 1)) /
				1e9;
			const double found_s = find(&answer, "endpoint", route)->value;

			if (found_s < low_s * (1 - QUANTILE_SHARE) - QUANTILE_SLACK_S ||
			    found_s > high_s * (1 + QUANTILE_SHARE) + QUANTILE_SLACK_S)
				fail_msg("%s, PR%s: %g ms, the client has %g to %g ms", route,
					 rows[i].name, found_s * 1e3, low_s * 1e3, high_s * 1e3);
		}
		metrics_release(&answer);
	}
}

static void check_queries(const struct parity *parity)
{
	struct metrics answer;

	assert_int_equal(parity->tally.answered, REQUESTS);
	/* The variable app_name: label_values(flask_info, app_name). */
	ask(parity, "flask_info", &answer);
	assert_true(find(&answer, "app_name", APP)->value == 1);
	assert_int_equal(answer.count, 2);
	metrics_release(&answer);
	/* Total Requests. */
	assert_true(ask_number(parity, "sum(" S ")") == REQUESTS);
	check_counts_and_rates(parity);
	check_statuses(parity);
	check_averages(parity);
	check_fast(parity);
	check_percent(parity, "2.*", 200, 299);
	check_percent(parity, "5.*", 500, 599);
	check_quantiles(parity);
}

static void nine_queries_of_4_workers(void **state)
{
	struct parity parity = { 0 };

	(void)state;
	run(&parity, "flask_app", 4, IO_S);
	check_queries(&parity);
	finish(&parity);
}

static void nine_queries_of_1_worker(void **state)
{
	struct parity parity = { 0 };

	(void)state;
	run(&parity, "flask_app", 1, IO_SHORT_S);
	check_queries(&parity);
	finish(&parity);
}

/* ---- beside the middleware -------------------------------------------- */

/* The middleware's counts of every status are redtap's. */
static void assert_same_statuses(const struct metrics *ours, const struct metrics *theirs)
{
	size_t i, j, pairs = 0;

	for (i = 0; i < theirs->count; i++) {
		const struct metric *metric = &theirs->items[i];

		if (strcmp(metric->name, "flask_request_status_total") != 0)
			continue;
		for (j = 0; j < ours->count; j++)
			if (strcmp(ours->items[j].name, metric->name) == 0 &&
			    ours->items[j].label_count == metric->label_count &&
			    metric_same_labels(&ours->items[j], metric, NULL))
				break;
		if (j == ours->count || ours->items[j].value != metric->value)
			fail_msg("%s %s: the middleware has %g, redtap %g",
				 metric_label(metric, "endpoint"), metric_label(metric, "status"),
				 metric->value, j == ours->count ? -1 : ours->items[j].value);
		pairs++;
	}
	assert_true(pairs >= ROWS(kinds));
	assert_true(metrics_sum(theirs, "flask_request_status_total", "app_name", APP) == REQUESTS);
}

static bool middleware_is_complete(void *context)
{
	const struct exporter *exporter = context;
	struct metrics metrics;
	bool complete;

	metrics_init(&metrics);
	exporter_metrics(exporter, &metrics);
	complete = metrics_sum(&metrics, D "_count", "app_name", APP) == REQUESTS;
	metrics_release(&metrics);
	return complete;
}

/* is_busy: more clients than workers, so that requests wait where the middleware sees nothing. */
static void check_middleware(struct parity *parity, bool is_busy)
{
	struct metrics ours, theirs;
	double unseen_s = 0;
	size_t i;

	assert_true(wait_until(middleware_is_complete, &parity->middleware, DEADLINE_S));
	metrics_init(&ours);
	metrics_init(&theirs);
	exporter_metrics(&parity->exporter, &ours);
	exporter_metrics(&parity->middleware, &theirs);
	assert_same_statuses(&ours, &theirs);
	for (i = 0; i < ROWS(kinds); i++) {
		const char *route = kinds[i].request.target;
		const double count = metrics_sum(&theirs, D "_count", "endpoint", route);
		const double theirs_s = metrics_sum(&theirs, D "_sum", "endpoint", route) / count;
		const double fast = strcmp(route, "/") == 0 ? parity->fast.answered : 0;
		/* The fast service has "/" as well. */
		const double fast_s = fast > 0 ? metrics_sum(&ours, D "_sum", "app_name", FAST) : 0;
		const double ours_s =
			(metrics_sum(&ours, D "_sum", "endpoint", route) - fast_s) / count;

		print_message("  average of %-14s middleware %8.3f ms, redtap %8.3f ms: %8.3f ms "
			      "unseen\n",
			      route, theirs_s * 1e3, ours_s * 1e3, (ours_s - theirs_s) * 1e3);
		assert_true(metrics_sum(&ours, D "_count", "endpoint", route) == count + fast);
		assert_true(ours_s > theirs_s);
		unseen_s += (ours_s - theirs_s) * count;
	}
	print_message("  unseen by the middleware: %.3f ms a request\n", unseen_s / REQUESTS * 1e3);
	/* With one worker, each waits for the three others of its kind or another. */
	if (is_busy)
		assert_true(unseen_s / REQUESTS > 0.02);
	metrics_release(&ours);
	metrics_release(&theirs);
}

static void middleware_of_4_workers(void **state)
{
	struct parity parity = { 0 };

	(void)state;
	run(&parity, "flask_statsd", 4, IO_SHORT_S);
	check_queries(&parity);
	check_middleware(&parity, false);
	finish(&parity);
}

static void middleware_of_1_worker(void **state)
{
	struct parity parity = { 0 };

	(void)state;
	run(&parity, "flask_statsd", 1, IO_SHORT_S);
	check_queries(&parity);
	check_middleware(&parity, true);
	finish(&parity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(nine_queries_of_4_workers),
		E2E_TEST(nine_queries_of_1_worker),
		E2E_TEST(middleware_of_4_workers),
		E2E_TEST(middleware_of_1_worker),
	};

	return cmocka_run_group_tests_name("parity", tests, harness_group_setup,
					   harness_group_teardown);
}
