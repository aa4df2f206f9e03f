/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_destinations.c - several --statsd: each gets every line, over UDP, TCP
 * and Unix datagrams; one that is slow, absent or killed does not affect the
 * others.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "stack/stack.h"
#include "harness/traffic.h"

#define SERVICE "e2e-destinations"
#define COUNT "http_server_request_duration_seconds_count"

/* The expected value of an exporter, exact or a minimum. */
struct expectation {
	const struct exporter *exporter;
	const char *name, *key, *value;
	double least, most;
	double found;
};

static bool exporter_says(void *context)
{
	struct expectation *expectation = context;
	struct metrics metrics;

	metrics_init(&metrics);
	exporter_metrics(expectation->exporter, &metrics);
	expectation->found =
		metrics_sum(&metrics, expectation->name, expectation->key, expectation->value);
	metrics_release(&metrics);
	return expectation->found >= expectation->least && expectation->found <= expectation->most;
}

static void wait_for(struct expectation expectation)
{
	if (!wait_until(exporter_says, &expectation, DEADLINE_S))
		fail_msg("%s{%s=\"%s\"} is %g, not %g", expectation.name, expectation.key,
			 expectation.value, expectation.found, expectation.least);
}

static void wait_route(const struct exporter *exporter, const char *route, double count)
{
	wait_for((struct expectation){ .exporter = exporter,
				       .name = COUNT,
				       .key = "http_route",
				       .value = route,
				       .least = count,
				       .most = count });
}

static void wait_losses(const struct exporter *exporter, const char *name, const char *destination,
			double least, double most)
{
	wait_for((struct expectation){ .exporter = exporter,
				       .name = name,
				       .key = "destination",
				       .value = destination,
				       .least = least,
				       .most = most });
}

/*
 * "SCHEME://..."; copied, because the ring of path_*() and text_format() is overwritten while
 * waiting.
 */
struct destination {
	char text[160];
};

static struct destination destination_of(const char *scheme, const struct exporter *exporter)
{
	struct destination destination;

	if (strcmp(scheme, "unix") == 0)
		snprintf(destination.text, sizeof(destination.text), "unix://%s", exporter->socket);
	else
		snprintf(destination.text, sizeof(destination.text), "%s://127.0.0.1:%u", scheme,
			 strcmp(scheme, "tcp") == 0 ? exporter->tcp_port : exporter->statsd_port);
	return destination;
}

static void assert_exporter_equal(const struct exporter *exporter, const struct counts *expected,
				  const char *place)
{
	struct metrics metrics;
	struct counts actual;
	char why[1024];

	metrics_init(&metrics);
	counts_init(&actual);
	exporter_metrics(exporter, &metrics);
	counts_from_metrics(&actual, &metrics, SERVICE);
	counts_assert_equal(expected, &actual, true, place);
	if (!histograms_sound(&metrics, SERVICE, why, sizeof(why)))
		fail_msg("%s: %s", place, why);
	counts_release(&actual);
	metrics_release(&metrics);
}

static void each_gets_every_line(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	const struct exporter by_udp = exporter_start(), by_tcp = exporter_start(),
			      by_unix = exporter_start();
	const struct destination udp = destination_of("udp", &by_udp),
				 tcp = destination_of("tcp", &by_tcp),
				 unix_socket = destination_of("unix", &by_unix);
	const char *statsd[] = { udp.text, tcp.text, unix_socket.text, NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = SERVICE, .statsd = statsd });
	struct counts counts;
	size_t i;

	(void)state;
	counts_init(&counts);
	traffic_send(server.port, &traffic_user, 600, &counts);
	traffic_send(server.port, &traffic_bytes, 400, &counts);
	redtap_finish_counted(redtap, &counts);
	wait_route(&by_udp, traffic_user.route, 600);
	wait_route(&by_tcp, traffic_user.route, 600);
	wait_route(&by_unix, traffic_user.route, 600);
	wait_route(&by_udp, traffic_bytes.route, 400);
	wait_route(&by_tcp, traffic_bytes.route, 400);
	wait_route(&by_unix, traffic_bytes.route, 400);
	assert_exporter_equal(&by_udp, &counts, "the exporter on UDP");
	assert_exporter_equal(&by_tcp, &counts, "the exporter on TCP");
	assert_exporter_equal(&by_unix, &counts, "the exporter on a Unix socket");
	/* Each has the state of all destinations, without errors. */
	for (i = 0; statsd[i]; i++) {
		wait_losses(&by_tcp, "redtap_statsd_errors", statsd[i], 0, 0);
		wait_losses(&by_unix, "redtap_statsd_dropped", statsd[i], 0, 0);
	}
	counts_release(&counts);
}

/* The number of the newest n flush intervals that were longer than this many seconds. */
struct pace {
	struct redtap *redtap;
	size_t n;
	double seconds;
	size_t flushes, longer;
};

static bool measure_pace(void *context)
{
	struct pace *pace = context;
	json_t *lines = redtap_lines(pace->redtap);
	size_t i;

	pace->flushes = json_array_size(lines) - 1;
	pace->longer = 0;
	if (pace->flushes < pace->n)
		return false;
	for (i = 0; i < pace->n; i++) {
		json_t *flush = json_array_get(lines, pace->flushes - i);

		pace->longer += json_number_value(json_object_get(flush, "interval_s")) >
				pace->seconds;
	}
	return true;
}

/* One that accepts nothing, one that was ended, one that was never started. */
static void slow_and_dead_delay_nobody(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	const struct exporter healthy = exporter_start(), slow = exporter_start();
	const struct exporter nobody = { .tcp_port = port_free(SOCK_STREAM),
					 .socket = "/tmp/redtap-nobody.sock" };
	const struct destination udp = destination_of("udp", &healthy),
				 stopped = destination_of("tcp", &slow),
				 dead = destination_of("tcp", &nobody),
				 absent = destination_of("unix", &nobody);
	const char *statsd[] = { stopped.text, dead.text, absent.text, udp.text, NULL };
	struct redtap *redtap;
	struct pace pace = { .n = 20, .seconds = 1 };
	struct counts counts;

	(void)state;
	counts_init(&counts);
	process_stop(slow.process);
	redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = SERVICE, .statsd = statsd });
	traffic_send(server.port, &traffic_user, 2000, &counts);
	/* While the others are absent, this one has everything. */
	wait_route(&healthy, traffic_user.route, 2000);
	wait_losses(&healthy, "redtap_statsd_errors", dead.text, 1, 1e9);
	wait_losses(&healthy, "redtap_statsd_errors", absent.text, 1, 1e9);
	wait_losses(&healthy, "redtap_statsd_dropped", dead.text, 50, 1e9);
	wait_losses(&healthy, "redtap_statsd_errors", stopped.text, 0, 0);
	/* Flushes are 200 ms apart, except for occasional delays on a busy machine. */
	pace.redtap = redtap;
	assert_true(wait_until(measure_pace, &pace, DEADLINE_S));
	assert_true(pace.longer <= pace.n / 4);
	/* The slow one continues where it stopped. */
	process_signal(slow.process, SIGCONT);
	wait_route(&slow, traffic_user.route, 2000);
	traffic_send(server.port, &traffic_bytes, 300, &counts);
	redtap_finish_counted(redtap, &counts);
	wait_route(&slow, traffic_bytes.route, 300);
	wait_route(&healthy, traffic_bytes.route, 300);
	assert_exporter_equal(&healthy, &counts, "the healthy exporter");
	assert_exporter_equal(&slow, &counts, "the slow exporter");
	counts_release(&counts);
}

/* An exporter is killed and restarts empty, while another one keeps running. */
static void check_restart(const char *scheme)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	const struct exporter steady = exporter_start();
	struct exporter exporter = exporter_start();
	const struct destination destination = destination_of(scheme, &exporter),
				 udp = destination_of("udp", &steady);
	const char *statsd[] = { destination.text, udp.text, NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = SERVICE, .statsd = statsd });
	struct counts counts;

	counts_init(&counts);
	traffic_send(server.port, &traffic_user, 300, &counts);
	wait_route(&exporter, traffic_user.route, 300);
	process_end(exporter.process, SIGKILL);
	wait_losses(&steady, "redtap_statsd_errors", destination.text, 1, 1e9);
	traffic_send(server.port, &traffic_bytes, 200, &counts);
	wait_route(&steady, traffic_bytes.route, 200);
	exporter = exporter_restart(&exporter);
	/* Requests counted while it was absent were kept for it. */
	wait_route(&exporter, traffic_bytes.route, 200);
	traffic_send(server.port, &traffic_user, 100, &counts);
	wait_route(&exporter, traffic_user.route, 100);
	redtap_finish_counted(redtap, &counts);
	wait_route(&steady, traffic_user.route, 400);
	assert_exporter_equal(&steady, &counts, text_format("beside %s", scheme));
	counts_release(&counts);
}

static void tcp_exporter_restarted(void **state)
{
	(void)state;
	check_restart("tcp");
}

static void unix_exporter_restarted(void **state)
{
	(void)state;
	check_restart("unix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(each_gets_every_line),
		E2E_TEST(slow_and_dead_delay_nobody),
		E2E_TEST(tcp_exporter_restarted),
		E2E_TEST(unix_exporter_restarted),
	};

	return cmocka_run_group_tests_name("destinations", tests, harness_group_setup,
					   harness_group_teardown);
}
