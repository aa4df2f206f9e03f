/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_stack.c - the stack's own runner: what it starts takes StatsD lines and
 * shows them in Prometheus, and it leaves nothing behind.  Needs no redtap.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "process.h"
#include "stack.h"

/* Runs stack/run.sh with a command; fails the test at another exit status. */
static void run(const char *command, int expected)
{
	const char *argv[] = { path_source("stack/run.sh"), command, "--state",
			       path_scratch("stack"), "--free-ports", "--scrape-interval", "250ms",
			       NULL };
	const char *environment[] = { text_format("BUILD=%s", path_build("")), NULL };
	struct process *process = process_start(&(struct process_options){
		.name = "run.sh", .argv = argv, .environment = environment,
		.death_signal = SIGTERM });

	process_wait(process, 2 * DEADLINE_S);
	process_assert_exit(process, expected);
}

/* Also after a failed test. */
static void stop(void *object)
{
	(void)object;
	run("stop", 0);
	/* The process that run() has started. */
	harness_release_newest();
}

/* A number of stack.env. */
static unsigned int value_of(const char *environment, const char *key)
{
	const char *line = strstr(environment, text_format("\n%s=", key));

	if (!line)
		fail_msg("no %s in: %s", key, environment);
	return strtoul(strchr(line, '=') + 1, NULL, 10);
}

static void send_line(uint16_t port, const char *line)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, line, strlen(line), 0, (const struct sockaddr *)&address,
				sizeof(address)),
			 strlen(line));
	close(fd);
}

static bool has_arrived(void *context)
{
	struct metrics metrics;
	bool arrived;

	metrics_init(&metrics);
	prometheus_metrics(context, "e2e-stack", &metrics);
	arrived = metrics_sum(&metrics, "http_server_request_duration_seconds_bucket", "le",
			      "0.25") == 3;
	metrics_release(&metrics);
	return arrived;
}

static void runner(void **state)
{
	struct prometheus prometheus = { 0 };
	pid_t exporter_pid, prometheus_pid;
	char *environment;

	(void)state;
	harness_on_teardown(stop, NULL);
	run("start", 0);
	environment = file_read(path_scratch("stack/stack.env"), NULL);
	prometheus.port = value_of(environment, "PROMETHEUS_PORT");
	prometheus_pid = value_of(environment, "PROMETHEUS_PID");
	exporter_pid = value_of(environment, "EXPORTER_PID");
	send_line(value_of(environment, "STATSD_PORT"),
		  "http.server.request.duration.seconds.bucket:3|c"
		  "|#service_name:e2e-stack,http_route:/,le:0.25");
	assert_true(wait_until(has_arrived, &prometheus, DEADLINE_S));
	run("status", 0);
	run("stop", 0);
	run("status", 1);
	assert_false(process_exists(exporter_pid));
	assert_false(process_exists(prometheus_pid));
	assert_int_equal(access(path_scratch("stack"), F_OK), -1);
	free(environment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(runner),
	};

	return cmocka_run_group_tests_name("stack", tests, harness_group_setup,
					   harness_group_teardown);
}
