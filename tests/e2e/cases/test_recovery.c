/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_recovery.c - Prometheus's values after data was lost on the way: an
 * exporter that is killed, one whose receive buffer another sender has filled;
 * and a first burst of errors on a new series.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "stack/stack.h"
#include "harness/traffic.h"

#define SERVICE "e2e-recovery"
#define COUNT "http_server_request_duration_seconds_count"
/* Error of increase(), which extrapolates to the ends of its window. */
#define SLACK 0.15
/* More than a receive buffer holds. */
#define FLOOD_DATAGRAMS 2000

static const struct request_kind broken = { .method = "GET",
					    .target = "/status/500",
					    .route = "/status/{id}" };

struct recovery {
	struct server server;
	struct exporter exporter;
	struct prometheus prometheus;
	struct redtap *redtap;
	struct counts counts;
};

static void begin(struct recovery *recovery)
{
	counts_init(&recovery->counts);
	recovery->server = server_start_webapp("epoll", 2, NULL);
	recovery->exporter = exporter_start();
	recovery->prometheus = prometheus_start(&recovery->exporter, "250ms");
	prometheus_wait(&recovery->prometheus);
	recovery->redtap = redtap_attach(
		&(struct redtap_options){ .pid = recovery->server.pid,
					  .service = SERVICE,
					  .statsd_port = recovery->exporter.statsd_port,
					  .interval = "1s" });
}

/* The JSON total is the client's count, whatever happens to the lines. */
static void finish(struct recovery *recovery)
{
	redtap_finish_counted(recovery->redtap, &recovery->counts);
	counts_release(&recovery->counts);
}

/* A query that is repeated until its only value is within bounds. */
struct question {
	const struct prometheus *prometheus;
	const char *query; /* a literal, because text_format()'s buffers are reused meanwhile */
	double low, high;
	double found;
};

static bool is_answered(void *context)
{
	struct question *question = context;
	struct metrics answer;

	metrics_init(&answer);
	prometheus_ask(question->prometheus, question->query, &answer);
	question->found = answer.count == 1 ? answer.items[0].value : -1;
	metrics_release(&answer);
	return question->found >= question->low && question->found <= question->high;
}

static void wait_answer(const struct recovery *recovery, const char *query, double low, double high)
{
	struct question question = {
		.prometheus = &recovery->prometheus, .query = query, .low = low, .high = high
	};

	if (!wait_until(is_answered, &question, DEADLINE_S))
		fail_msg("%s is %g, not %g to %g", query, question.found, low, high);
}

#define OF_ROUTE(route) "{service_name=\"" SERVICE "\",http_route=\"" route "\"}"

/* The whole burst must be visible, although its series had no earlier values. */
static void first_burst_is_seen(void **state)
{
	struct recovery recovery;

	(void)state;
	begin(&recovery);
	traffic_send(recovery.server.port, &broken, 40, &recovery.counts);
	wait_answer(&recovery, "sum(" COUNT OF_ROUTE("/status/{id}") ")", 40, 40);
	wait_answer(&recovery, "sum(increase(" COUNT "{error_type=\"500\"}[1m]))", 40,
		    40 * (1 + SLACK));
	finish(&recovery);
}

static void exporter_killed(void **state)
{
	struct recovery recovery;

	(void)state;
	begin(&recovery);
	traffic_send(recovery.server.port, &traffic_user, 300, &recovery.counts);
	wait_answer(&recovery, "sum(" COUNT OF_ROUTE("/users/{id}") ")", 300, 300);
	process_end(recovery.exporter.process, SIGKILL);
	/* The first flush without new values detects the loss; then there are new values. */
	process_wait_err(redtap_process(recovery.redtap), "are lost", DEADLINE_S);
	traffic_send(recovery.server.port, &traffic_user, 200, &recovery.counts);
	redtap_wait_counted(recovery.redtap, 500);
	recovery.exporter = exporter_restart(&recovery.exporter);
	/* The series start again with 0, then all values that were kept. */
	wait_answer(&recovery, "sum(" COUNT OF_ROUTE("/users/{id}") ")", 200, 200);
	wait_answer(&recovery, "sum(increase(" COUNT OF_ROUTE("/users/{id}") "[2m]))", 500,
		    500 * (1 + SLACK));
	wait_answer(&recovery, "sum(redtap_statsd_errors)", 1, 1e6);
	wait_answer(&recovery, "sum(redtap_statsd_dropped)", 1, 1e6);
	/* And the new requests. */
	traffic_send(recovery.server.port, &traffic_bytes, 100, &recovery.counts);
	wait_answer(&recovery, "sum(increase(" COUNT OF_ROUTE("/bytes/{id}") "[1m]))", 100,
		    100 * (1 + SLACK));
	finish(&recovery);
}

/* A limited number, and only to the exporter that this test has stopped. */
static void flood(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int i;

	assert_true(fd >= 0);
	for (i = 0; i < FLOOD_DATAGRAMS; i++)
		sendto(fd, "somebody.else:1|c", 17, MSG_DONTWAIT, (const struct sockaddr *)&address,
		       sizeof(address));
	close(fd);
}

static void receive_buffer_overrun(void **state)
{
	struct recovery recovery;
	size_t flushes;
	double end;

	(void)state;
	begin(&recovery);
	traffic_send(recovery.server.port, &traffic_user, 300, &recovery.counts);
	wait_answer(&recovery, "sum(" COUNT OF_ROUTE("/users/{id}") ")", 300, 300);
	process_stop(recovery.exporter.process);
	flood(recovery.exporter.statsd_port);
	traffic_send(recovery.server.port, &traffic_user, 200, &recovery.counts);
	redtap_wait_counted(recovery.redtap, 500);
	/* The flush with these requests, and one more, went to a full buffer. */
	flushes = json_array_size(redtap_lines(recovery.redtap));
	end = clock_s() + DEADLINE_S;
	while (json_array_size(redtap_lines(recovery.redtap)) < flushes + 2 && clock_s() < end)
		pause_briefly();
	process_signal(recovery.exporter.process, SIGCONT);
	/* UDP reports no error for this; the two packet counts show it. */
	wait_answer(&recovery, "sum(redtap_statsd_sent) - sum(redtap_statsd_received)", 1, 1e6);
	wait_answer(&recovery, "sum(redtap_statsd_errors)", 0, 0);
	/* The rule behind the alert ExporterDropsPackets. */
	wait_answer(&recovery, "max(sender:redtap_statsd_loss:ratio5m)", 0.05, 1);
	/* These values are lost for the receiver; new ones are correct at once. */
	traffic_send(recovery.server.port, &traffic_bytes, 100, &recovery.counts);
	wait_answer(&recovery, "sum(" COUNT OF_ROUTE("/bytes/{id}") ")", 100, 100);
	wait_answer(&recovery, "sum(increase(" COUNT OF_ROUTE("/bytes/{id}") "[1m]))", 100,
		    100 * (1 + SLACK));
	finish(&recovery);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(first_burst_is_seen),
		E2E_TEST(exporter_killed),
		E2E_TEST(receive_buffer_overrun),
	};

	return cmocka_run_group_tests_name("recovery", tests, harness_group_setup,
					   harness_group_teardown);
}
