/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * scenario.c - see scenario.h.
 */
#include "stack/scenario.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness.h"
#include "http/http_load.h"
#include "harness/redtap_run.h"

#define ECHO_BYTES 500
/*
 * Prometheus must see that series start with 0, on a busy machine too; and a
 * scrape that takes longer than its interval leaves a gap.
 */
#define SCRAPE_INTERVAL "500ms"
#define FLUSH_INTERVAL "1500ms"
/* Some scrapes and evaluations, microseconds. */
#define SETTLE_US 3000000
#define TRIES 4
#define NS_PER_S 1e9

static char echo_body[ECHO_BYTES];

static const struct http_load_kind shop_kinds[] = {
	{ { .method = "GET", .target = "/", .route = "/" }, 12 },
	{ { .method = "GET", .target = "/users/" HTTP_LOAD_RANDOM, .route = "/users/{id}" }, 8 },
	{ { .method = "POST", .target = "/echo", .body = echo_body, .body_bytes = ECHO_BYTES }, 4 },
	{ { .method = "GET", .target = "/status/404", .route = "/status/{id}" }, 2 },
	{ { .method = "GET", .target = "/status/500", .route = "/status/{id}" }, 2 },
	{ { .method = "GET", .target = "/status/503", .route = "/status/{id}" }, 1 },
	{ { .method = "GET", .target = "/sleep/30", .route = "/sleep/{id}" }, 5 },
	{ { .method = "GET", .target = "/sleep/300", .route = "/sleep/{id}" }, 2 },
};
#define SHOP_WEIGHTS 36
#define SHOP_ROUNDS 4
_Static_assert(SHOP_SLEEPS == SHOP_ROUNDS * 5 && SHOP_MIDDLE_SLEEPS == SHOP_ROUNDS * 2,
	       "as the table says");

static const struct http_request long_sleep = { .method = "GET",
						.target = "/sleep/1200",
						.route = "/sleep/{id}" };
static const struct http_request given_up = { .method = "HEAD",
					      .target = "/sleep/300",
					      .route = "/sleep/{id}" };
static const struct http_request dropped = { .method = "GET", .target = "/drop" };
static const struct http_request root = { .method = "GET", .target = "/" };
static const struct http_load_kind busy_kind = {
	{ .method = "GET", .target = "/sleep/25", .route = "/sleep/{id}" }, 1
};
static const struct http_request busy_long = { .method = "GET",
					       .target = "/sleep/300",
					       .route = "/sleep/{id}" };
static const struct http_request held = { .method = "GET",
					  .target = "/sleep/30000",
					  .route = "/sleep/{id}" };

static double unix_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

uint64_t tally_total(const struct http_tally *tally)
{
	return tally->answered + tally->unanswered;
}

/* ---- queries ---- */

void scenario_ask(const struct scenario *scenario, const char *query, double time,
		  struct metrics *answer)
{
	prometheus_ask_at(&scenario->prometheus, query, time, answer);
}

size_t scenario_count(const struct scenario *scenario, const char *query, double time)
{
	struct metrics answer;
	size_t count;

	metrics_init(&answer);
	scenario_ask(scenario, query, time, &answer);
	count = answer.count;
	metrics_release(&answer);
	return count;
}

/* The only value of a result; NAN if there is not exactly one. */
static double ask_value(const struct scenario *scenario, const char *query)
{
	struct metrics answer;
	double value;

	metrics_init(&answer);
	scenario_ask(scenario, query, 0, &answer);
	value = answer.count == 1 ? answer.items[0].value : NAN;
	metrics_release(&answer);
	return value;
}

void scenario_inject(const struct scenario *scenario, const char *line)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					     .sin_port = htons(scenario->exporter.statsd_port) };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(sendto(fd, line, strlen(line), 0, (const struct sockaddr *)&address,
			   sizeof(address)) == (ssize_t)strlen(line));
	close(fd);
}

/* ---- starting ---- */

static bool has_scraped(void *context)
{
	return ask_value(context, "up") == 1;
}

void scenario_start(struct scenario *scenario)
{
	*scenario = (struct scenario){ .exporter = exporter_start() };
	scenario->prometheus = prometheus_start(&scenario->exporter, SCRAPE_INTERVAL);
	http_tally_init(&scenario->shop_tally);
	http_tally_init(&scenario->busy_tally);
	/* Before the first scrape, the first 0 of a series would be missed. */
	if (!wait_until(has_scraped, scenario, DEADLINE_S))
		fail_msg("Prometheus does not scrape");
}

/* Starts both services and attaches redtap to them; sends no request yet. */
static void attach(struct scenario *scenario)
{
	char shop[32], busy[32];
	const char *more[] = { "--pid", shop,       "--pid",
			       busy,    "--phases", "queue,service,send,deliver,accept",
			       NULL };

	scenario->shop = server_start_webapp("thread", 2, NULL);
	scenario->busy = server_start_webapp("epoll", 1, NULL);
	snprintf(shop, sizeof(shop), "%d=%s", (int)scenario->shop.pid, SHOP);
	snprintf(busy, sizeof(busy), "%d=%s", (int)scenario->busy.pid, BUSY);
	scenario->redtap = redtap_attach(&(struct redtap_options){
		.statsd_port = scenario->exporter.statsd_port,
		.interval = FLUSH_INTERVAL,
		.more = more,
	});
}

void scenario_release(struct scenario *scenario)
{
	http_tally_release(&scenario->shop_tally);
	http_tally_release(&scenario->busy_tally);
}

/* ---- the load ---- */

static struct http_connection *open_to(const struct server *server, uint64_t *connections)
{
	struct http_connection *connection;

	assert_int_equal(http_open(&connection, NULL, server->port), 0);
	++*connections;
	return connection;
}

static void exchange(struct http_connection *connection, const struct http_request *request,
		     struct http_tally *tally)
{
	struct http_response response;

	assert_int_equal(http_exchange(connection, request, &response), 0);
	http_tally_add(tally, &response);
}

static void load(const struct http_load *load, struct http_tally *tally)
{
	assert_int_equal(http_load_run(load, tally, NULL), 0);
	assert_int_equal(tally->unanswered, 0);
}

static void send_tls(struct scenario *scenario)
{
	/* The head of a TLS record that holds a ClientHello. */
	static const char hello[] = { 0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00 };
	struct http_connection *connection = open_to(&scenario->shop, &scenario->shop_connections);

	assert_int_equal(write(http_fd(connection), hello, sizeof(hello)), sizeof(hello));
	usleep(100000);
	http_close(connection);
	scenario->tls_connections++;
}

static void run_shop(struct scenario *scenario)
{
	struct http_tally *tally = &scenario->shop_tally;
	struct http_connection *connection;
	struct http_response response;
	size_t i;

	load(&(struct http_load){ .port = scenario->shop.port,
				  .kinds = shop_kinds,
				  .kind_count = ROWS(shop_kinds),
				  .connections = 4,
				  .requests = SHOP_WEIGHTS * SHOP_ROUNDS },
	     tally);
	scenario->shop_connections += 4;
	connection = open_to(&scenario->shop, &scenario->shop_connections);
	for (i = 0; i < SHOP_LONG_SLEEPS; i++)
		exchange(connection, &long_sleep, tally);
	http_close(connection);
	for (i = 0; i < 2; i++) {
		connection = open_to(&scenario->shop, &scenario->shop_connections);
		assert_int_equal(http_send(connection, &given_up), 0);
		usleep(50000);
		http_reset(connection);
		http_tally_add_unanswered(tally, &given_up);
		connection = open_to(&scenario->shop, &scenario->shop_connections);
		assert_int_equal(http_exchange(connection, &dropped, &response), -ENODATA);
		http_close(connection);
		http_tally_add_unanswered(tally, &dropped);
		send_tls(scenario);
	}
}

void scenario_touch(const struct scenario *scenario)
{
	struct http_tally tally;

	http_tally_init(&tally);
	load(&(struct http_load){ .port = scenario->shop.port,
				  .kinds = shop_kinds,
				  .kind_count = ROWS(shop_kinds),
				  .connections = 4,
				  .requests = SHOP_WEIGHTS },
	     &tally);
	http_tally_release(&tally);
}

/* A connection that the only worker cannot accept before its sleep ends. */
static void wait_for_accept(struct scenario *scenario)
{
	struct http_connection *first = open_to(&scenario->busy, &scenario->busy_connections);
	struct http_connection *second;
	struct http_response response;
	double sent, connecting, connected;

	sent = clock_s();
	assert_int_equal(http_send(first, &busy_long), 0);
	/* The worker sleeps by then. */
	usleep(30000);
	connecting = clock_s();
	second = open_to(&scenario->busy, &scenario->busy_connections);
	connected = clock_s();
	exchange(second, &root, &scenario->busy_tally);
	scenario->accept_wait_low = sent + BUSY_LONG_SLEEP_S - connected;
	scenario->accept_wait_high = clock_s() - connecting;
	assert_int_equal(http_receive(first, &response), 0);
	http_tally_add(&scenario->busy_tally, &response);
	http_close(first);
	http_close(second);
}

static void run_busy(struct scenario *scenario)
{
	load(&(struct http_load){ .port = scenario->busy.port,
				  .kinds = &busy_kind,
				  .kind_count = 1,
				  .connections = 4,
				  .requests = BUSY_SLEEPS },
	     &scenario->busy_tally);
	scenario->busy_connections += 4;
	wait_for_accept(scenario);
}

static void keep_connections(struct scenario *scenario)
{
	size_t i;

	/* Closed when the process ends. */
	for (i = 0; i < SHOP_OPEN; i++)
		exchange(open_to(&scenario->shop, &scenario->shop_connections), &root,
			 &scenario->shop_tally);
	assert_int_equal(http_send(open_to(&scenario->busy, &scenario->busy_connections), &held),
			 0);
}

static bool is_counted(const struct scenario *scenario, const char *service,
		       const struct http_tally *tally)
{
	return ask_value(scenario, text_format("sum(http_server_request_duration_seconds_count"
					       "{service_name=\"%s\"})",
					       service)) == (double)tally_total(tally);
}

static bool is_gauge(const struct scenario *scenario, const char *name, const char *service,
		     double value)
{
	return ask_value(scenario, text_format("%s{service_name=\"%s\"}", name, service)) == value;
}

static bool is_in_prometheus(void *context)
{
	const struct scenario *scenario = context;

	return is_counted(scenario, SHOP, &scenario->shop_tally) &&
	       is_counted(scenario, BUSY, &scenario->busy_tally) &&
	       is_gauge(scenario, "http_server_active_requests", BUSY, 1) &&
	       is_gauge(scenario, "http_server_open_connections", SHOP, SHOP_OPEN);
}

static bool scrapes_succeed(void *context)
{
	return ask_value(context, "min_over_time(up[3s])") == 1;
}

void scenario_settle(struct scenario *scenario)
{
	usleep(SETTLE_US);
	/* After a failed scrape, gauges are missing until the next one. */
	wait_until(scrapes_succeed, scenario, DEADLINE_S);
	scenario->end = unix_time();
}

/* Whether no scrape has failed since the load began, and every counter was seen with 0. */
static bool is_whole(const struct scenario *scenario)
{
	static const char unseen[] =
		"min_over_time(http_server_request_duration_seconds_count[10m]) > 0 "
		"or min_over_time(http_server_request_phase_seconds_count[10m]) > 0 "
		"or min_over_time(http_server_accept_wait_seconds_count[10m]) > 0 "
		"or min_over_time(redtap_requests_seen[10m]) > 0";

	return scenario_count(scenario, unseen, scenario->end) == 0 &&
	       ask_value(scenario, text_format("min_over_time(up[%ds])",
					       (int)(unix_time() - scenario->begin) + 1)) == 1;
}

static void run(struct scenario *scenario)
{
	memset(echo_body, 'x', sizeof(echo_body));
	scenario->begin = unix_time();
	run_shop(scenario);
	run_busy(scenario);
	keep_connections(scenario);
	if (!wait_until(is_in_prometheus, scenario, DEADLINE_S))
		fail_msg("Prometheus does not have all of the %llu and %llu requests",
			 (unsigned long long)tally_total(&scenario->shop_tally),
			 (unsigned long long)tally_total(&scenario->busy_tally));
	/* Waits for the other metrics of the same flush, and for the rules that use them. */
	scenario_settle(scenario);
}

void scenario_play(struct scenario *scenario, void (*births)(const struct scenario *scenario))
{
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		scenario_start(scenario);
		attach(scenario);
		if (births)
			births(scenario);
		run(scenario);
		harness_keep();
		if (is_whole(scenario))
			return;
		print_message(
			"Prometheus missed a scrape or a first 0 (busy machine); trying again\n");
		scenario_release(scenario);
		harness_release_kept();
	}
	fail_msg("Prometheus missed a scrape or a first 0 in each of %d tries", TRIES);
}
