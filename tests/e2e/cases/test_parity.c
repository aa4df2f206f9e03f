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
#include "stack/expectation.h"

#define APP "e2e-flask"
#define FAST "e2e-fast"
#define S "flask_request_status_total{app_name=\"" APP "\"}"
#define D "flask_request_duration_seconds"
#define OF_APP "{app_name=\"" APP "\"}"
#define SHARE(status)                                                                              \
	"sum(flask_request_status_total{app_name=\"" APP "\",status=~\"" status                    \
	"\"}) by (endpoint, method) / sum(" S ") by (endpoint, method)"
#define QUANTILE(quantile) D "{app_name=\"" APP "\",quantile=\"" quantile "\"}"

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

	http_tally_init(tally);
	realtime_set(true);
	err = http_load_run(&load, tally, NULL);
	realtime_set(false);
	if (err || tally->unanswered || tally->answered != requests)
		fail_msg("%llu of %llu requests answered (%s)", (unsigned long long)tally->answered,
			 (unsigned long long)requests, strerror(-err));
}

static double ask_number(const struct parity *parity, const char *query)
{
	struct metrics answer;
	double number;

	metrics_init(&answer);
	prometheus_ask(&parity->prometheus, query, &answer);
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
	const char *environment[] = { text_format("IO_SECONDS=%g", sleep_s),
				      text_format("RANDOM_SECONDS=%g", RANDOM_PART * sleep_s),
				      "STATSD_HOST=127.0.0.1",
				      "STATSD_PORT=9",
				      "APP_NAME=" APP,
				      NULL };
	const char *more[] = { text_format("--pid=%d=" FAST, (int)fast.pid), "--metrics", "flask",
			       NULL };
	struct server server;

	parity->exporter = exporter_start();
	parity->prometheus = prometheus_start(&parity->exporter, "250ms");
	if (strcmp(application, "flask_statsd") == 0) {
		parity->middleware = exporter_start();
		environment[3] = text_format("STATSD_PORT=%u", parity->middleware.statsd_port);
	}
	server = server_start_flask(application, workers, environment);
	/* Once unwatched: workers have started, and what they load late is loaded. */
	if (!parity->middleware.process) {
		run_load(server.port, REQUESTS / 5, true, &parity->tally);
		http_tally_release(&parity->tally);
	}
	prometheus_wait(&parity->prometheus);
	parity->redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid,
							.service = APP,
							.statsd_port = parity->exporter.statsd_port,
							.interval = "1s",
							.more = more });
	run_load(server.port, REQUESTS, true, &parity->tally);
	run_load(fast.port, FAST_REQUESTS, false, &parity->fast);
	if (!wait_until(is_complete, parity, DEADLINE_S))
		fail_msg("Prometheus has %g requests of %d and %g durations",
			 ask_number(parity, "sum(" S ")"), REQUESTS,
			 ask_number(parity, "sum(" D "_count)"));
}

/* What a query must answer about a route; low above high: it has no series. */
typedef struct bounds route_bounds(const struct parity *parity, const char *route, double what);

/* One series for each route of the load that has one, and no other. */
static void require_routes(const struct parity *parity, const char *query, route_bounds *bounds_of,
			   double what)
{
	struct metrics answer;
	size_t i, series = 0;

	metrics_init(&answer);
	prometheus_ask(&parity->prometheus, query, &answer);
	print_message("%s\n", query);
	for (i = 0; i < ROWS(kinds); i++) {
		const char *route = kinds[i].request.target;
		const struct bounds bounds = bounds_of(parity, route, what);

		if (bounds.low > bounds.high)
			continue;
		require_value(&answer, bounds, "method", "GET", "endpoint", route, NULL);
		print_message("  %-14s %9.6f, between %9.6f and %9.6f\n", route,
			      answer_value(&answer, "endpoint", route, NULL), bounds.low,
			      bounds.high);
		series++;
	}
	require_series(&answer, series);
	metrics_release(&answer);
}

/* Requests Count; of those with this status and higher ones. */
static struct bounds count_of(const struct parity *parity, const char *route, double least)
{
	return exactly((double)tally_count(&parity->tally, NULL, route, (int)least, 599));
}

/* Requests Per Second, here a minute. */
static struct bounds rate_of(const struct parity *parity, const char *route, double share)
{
	const double count = count_of(parity, route, 100).low;
	/* One observation of each series, a status each, may be what it is born with. */
	const double born = strcmp(route, "/random_status") == 0 ? 4 : 1;

	return (struct bounds){ (count - born) * (1 - share), count * (1 + share) };
}

/* Percent of 2xx, Percent of 5xx; a route without any has no series for it. */
static struct bounds share_of(const struct parity *parity, const char *route, double first)
{
	const uint64_t count =
		tally_count(&parity->tally, NULL, route, (int)first, (int)first + 99);

	if (count == 0)
		return (struct bounds){ 1, 0 };
	return exactly((double)count / count_of(parity, route, 100).low);
}

/* Requests Average Duration, both panels; and no route of 0. */
static struct bounds average_of(const struct parity *parity, const char *route, double share)
{
	const double client_s = http_tally_mean_ns(&parity->tally, "GET", route) / 1e9;
	const double allowed_s = client_s * share + MEAN_SLACK_S;

	return (struct bounds){ fmax(client_s - allowed_s, 1e-6), client_s + allowed_s };
}

/* Request Duration Distribution; the summary's ranks are off by as much as it is configured for. */
static struct bounds quantile_of(const struct parity *parity, const char *route, double quantile)
{
	const struct http_tally *tally = &parity->tally;
	const double error = (1 - quantile) / 10 + 1.5 / count_of(parity, route, 100).low;
	const double low = fmax(quantile - error, 0), high = fmin(quantile + error, 1);
	const double low_s = http_tally_quantile_ns(tally, "GET", route, low) / 1e9;
	const double high_s = http_tally_quantile_ns(tally, "GET", route, high) / 1e9;

	return (struct bounds){ low_s * (1 - QUANTILE_SHARE) - QUANTILE_SLACK_S,
				high_s * (1 + QUANTILE_SHARE) + QUANTILE_SLACK_S };
}

/* Requests Per Status Code. */
static void check_statuses(const struct parity *parity)
{
	struct metrics answer;
	size_t series = 0;
	int status;

	metrics_init(&answer);
	prometheus_ask(&parity->prometheus, "sum(" S ") by (status)", &answer);
	for (status = 200; status <= 500; status += 100) {
		const uint64_t count = tally_count(&parity->tally, NULL, NULL, status, status);

		if (count == 0)
			continue;
		series++;
		require_value(&answer, exactly((double)count), "status", text_format("%d", status),
			      NULL);
	}
	require_series(&answer, series);
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
	/* Between the two lie the client's own way into the kernel and out of it. */
	assert_true(found_s > 1e-6 && found_s < client_s &&
		    found_s >= client_s * (1 - MEAN_SHARE) - 0.0005);
}

static void check_queries(const struct parity *parity)
{
	/* The variable app_name: label_values(flask_info, app_name). */
	assert_true(ask_number(parity, "flask_info" OF_APP) == 1);
	assert_true(ask_number(parity, "count(flask_info)") == 2);
	/* Total Requests. */
	assert_true(ask_number(parity, "sum(" S ")") == REQUESTS);
	check_statuses(parity);
	check_fast(parity);
	require_routes(parity, D "_count" OF_APP, count_of, 100);
	require_routes(parity, "60 * rate(" D "_count" OF_APP "[1m])", rate_of, RATE_SHARE);
	require_routes(parity, D "_sum" OF_APP " / " D "_count" OF_APP, average_of, MEAN_SHARE);
	require_routes(parity, SHARE("2.*"), share_of, 200);
	require_routes(parity, SHARE("5.*"), share_of, 500);
	require_routes(parity, QUANTILE("0.5"), quantile_of, 0.5);
	require_routes(parity, QUANTILE("0.9"), quantile_of, 0.9);
	require_routes(parity, QUANTILE("0.99"), quantile_of, 0.99);
}

/* The middleware's counts of every status are redtap's. */
static void assert_same_statuses(const struct metrics *ours, const struct metrics *theirs)
{
	size_t i, j, pairs = 0;

	for (i = 0; i < theirs->count; i++) {
		const struct metric *metric = &theirs->items[i];
		double value = -1;

		if (strcmp(metric->name, "flask_request_status_total") != 0)
			continue;
		for (j = 0; j < ours->count; j++)
			if (strcmp(ours->items[j].name, metric->name) == 0 &&
			    ours->items[j].label_count == metric->label_count &&
			    metric_same_labels(&ours->items[j], metric, NULL))
				value = ours->items[j].value;
		if (value != metric->value)
			fail_msg("%s %s: the middleware has %g, redtap %g",
				 metric_label(metric, "endpoint"), metric_label(metric, "status"),
				 metric->value, value);
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

		print_message("  average of %-14s middleware %8.3f ms, redtap %8.3f ms\n", route,
			      theirs_s * 1e3, ours_s * 1e3);
		assert_true(metrics_sum(&ours, D "_count", "endpoint", route) == count + fast);
		assert_true(ours_s > theirs_s);
		unseen_s += (ours_s - theirs_s) * count;
	}
	print_message("  unseen by the middleware: %.3f ms a request\n", unseen_s / REQUESTS * 1e3);
	/* With one worker, each waits for the three others of its kind or another. */
	assert_true(!is_busy || unseen_s / REQUESTS > 0.02);
	metrics_release(&ours);
	metrics_release(&theirs);
}

static void play(const char *application, int workers, double sleep_s)
{
	struct parity parity = { 0 };

	run(&parity, application, workers, sleep_s);
	check_queries(&parity);
	if (parity.middleware.process)
		check_middleware(&parity, workers == 1);
	redtap_assert_nothing_lost(redtap_finish(parity.redtap, SIGINT));
	http_tally_release(&parity.tally);
	http_tally_release(&parity.fast);
}

static void nine_queries_of_4_workers(void **state)
{
	(void)state;
	play("flask_app", 4, IO_S);
}

static void nine_queries_of_1_worker(void **state)
{
	(void)state;
	play("flask_app", 1, IO_SHORT_S);
}

static void middleware_of_4_workers(void **state)
{
	(void)state;
	play("flask_statsd", 4, IO_SHORT_S);
}

static void middleware_of_1_worker(void **state)
{
	(void)state;
	play("flask_statsd", 1, IO_SHORT_S);
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
