/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_bad_day.c - standard output and standard error that are stuck, full or closed, and a
 * StatsD host that moves: the counts arrive, and the user is told.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/capture.h"
#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define SERVICE "e2e-bad-day"
#define COUNT "http_server_request_duration_seconds_count"
/* From SIGTERM to the end, seconds. */
#define END_S (2 * harness_patience())

static bool has_dropped(void *context)
{
	const pid_t *pid = context;
	unsigned int dropped = 0;
	int status;
	char *text = redtap_health(*pid, &status);
	const char *at = strstr(text, "output: ");

	if (at)
		assert_int_equal(sscanf(at, "output: %u", &dropped), 1);
	free(text);
	return dropped > 0;
}

/* Ends it within the time, and expects all of that in what was sent. */
static void finish_captured(struct process *process, struct capture *capture, double requests,
			    double least_dropped, const char *stream)
{
	const double begin = clock_s();
	struct metrics metrics;
	double dropped;

	process_end(process, SIGTERM);
	assert_true(clock_s() - begin < END_S);
	process_assert_exit(process, 0);
	capture_finish(capture);
	metrics_init(&metrics);
	capture_metrics(capture, &metrics);
	assert_true(metrics_sum(&metrics, COUNT, "service_name", SERVICE) == requests);
	dropped = metrics_sum(&metrics, "redtap_output_dropped", "stream", stream);
	if (dropped < least_dropped)
		fail_msg("%g dropped, at least %g expected", dropped, least_dropped);
	metrics_release(&metrics);
}

/* How often a text is in what went to standard error. */
static unsigned int count_told(const struct process *process, const char *text)
{
	char *err = process_err(process), *at;
	unsigned int count = 0;

	for (at = err; (at = strstr(at, text)); at++)
		count++;
	free(err);
	return count;
}

/* Whatever a pipe still holds: whole JSON lines, and nothing else. */
static void assert_whole_lines(int fd)
{
	char text[1 << 17];
	size_t used = 0, lines = 0;
	ssize_t length;
	char *line, *rest = NULL;

	while ((length = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = '\0';
	assert_true(used > 0 && text[used - 1] == '\n');
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_error_t error;
		json_t *json = json_loads(line, 0, &error);

		if (!json)
			fail_msg("no JSON: %s", line);
		json_decref(json);
		lines++;
	}
	assert_true(lines > 0);
}

static struct redtap *attach_to(const struct server *server, struct capture *capture, int out)
{
	return redtap_attach(&(struct redtap_options){ .pid = server->pid,
						       .service = SERVICE,
						       .statsd_port = capture_port(capture),
						       .interval = "100ms",
						       .out_fd = out });
}

static void standard_output_stuck(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	struct process *process;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	process = redtap_process(attach_to(&server, capture, ends[1]));
	close(ends[1]);
	traffic_send(server.port, &traffic_user, 200, NULL);
	assert_true(wait_until(has_dropped, &process->pid, DEADLINE_S));
	traffic_send(server.port, &traffic_user, 100, NULL);
	process_wait_err(process, "standard output takes nothing", DEADLINE_S);
	assert_int_equal(count_told(process, "standard output takes nothing"), 1);
	finish_captured(process, capture, 300, 1, "stdout");
	assert_whole_lines(ends[0]);
	close(ends[0]);
}

/* A disk, and a descriptor that was never there. */
static void standard_output_refuses(void **state)
{
	static const struct {
		const char *redirection, *why;
	} rows[] = {
		{ ">/dev/full", "No space left" },
		{ ">&-", "Bad file descriptor" },
	};
	const struct server server = server_start_webapp("epoll", 1, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct capture *capture = capture_open(0);
		const char *argv[] = {
			"sh", "-c",
			text_format("exec %s attach -p %d --service %s --output json --interval "
				    "100ms --statsd udp://127.0.0.1:%u %s",
				    path_build("redtap"), (int)server.pid, SERVICE,
				    capture_port(capture), rows[i].redirection),
			NULL
		};
		struct process *process =
			process_start(&(struct process_options){ .name = "redtap", .argv = argv });

		process_wait_err(process, "redtap: attached", DEADLINE_S);
		process_wait_err(process, rows[i].why, DEADLINE_S);
		traffic_send(server.port, &traffic_user, 100, NULL);
		assert_true(wait_until(has_dropped, &process->pid, DEADLINE_S));
		assert_int_equal(count_told(process, "cannot write to standard output"), 1);
		finish_captured(process, capture, 100, 1, "stdout");
	}
}

/* Unlike without StatsD (test_lifecycle.c), the run goes on. */
static void standard_output_closed(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	struct process *process;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	process = redtap_process(attach_to(&server, capture, ends[1]));
	close(ends[1]);
	close(ends[0]);
	process_wait_err(process, "Broken pipe", DEADLINE_S);
	traffic_send(server.port, &traffic_user, 100, NULL);
	finish_captured(process, capture, 100, 1, "stdout");
}

/* -v says something at each flush, into a pipe that is full from the beginning. */
static void standard_error_stuck(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	const char *fifo = path_scratch("stderr");
	const char *argv[] = { "sh", "-c",
			       text_format("exec %s attach -p %d --service %s --output json -v "
					   "--interval 100ms --statsd udp://127.0.0.1:%u 2>%s",
					   path_build("redtap"), (int)server.pid, SERVICE,
					   capture_port(capture), fifo),
			       NULL };
	struct process *process;
	char filler[4096];
	int fd;

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_true(fd >= 0);
	memset(filler, 'x', sizeof(filler));
	while (write(fd, filler, sizeof(filler)) > 0)
		;
	process = process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	process_wait_out(process, "{\"type\":\"attached\"", DEADLINE_S);
	traffic_send(server.port, &traffic_user, 100, NULL);
	process_wait_out(process, "\"counted\":100", DEADLINE_S);
	finish_captured(process, capture, 100, 0, "stderr");
	process_wait_out(process, "{\"type\":\"total\"", DEADLINE_S);
	close(fd);
	unlink(fifo);
}

/* ---- the StatsD host ---------------------------------------------------- */

static void write_hosts(const char *path, const char *address)
{
	const char *line = text_format("%s redtap-moving\n", address);

	file_write(path, line, strlen(line));
}

static bool has_moved(void *context)
{
	return count_told(context, "has another address") > 0;
}

/* The name of a receiver that was started anew elsewhere: it gets every series, from 0. */
static void host_moves(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	const char *hosts = path_scratch("hosts");
	const char *argv[] = {
		"unshare",
		"-m",
		"sh",
		"-c",
		text_format("mount --bind %s /etc/hosts && exec %s attach -p %d --service "
			    "%s --output json --interval 200ms --statsd "
			    "udp://redtap-moving:%u",
			    hosts, path_build("redtap"), (int)server.pid, SERVICE,
			    capture_port(capture)),
		NULL
	};
	struct process *process;
	size_t i;

	(void)state;
	write_hosts(hosts, "127.0.0.2");
	process = process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	process_wait_out(process, "{\"type\":\"attached\"", DEADLINE_S);
	process_wait_err(process, "are lost: Connection refused", DEADLINE_S);
	traffic_send(server.port, &traffic_user, 100, NULL);
	process_wait_out(process, "\"counted\":100", DEADLINE_S);
	assert_int_equal(capture_datagrams(capture), 0);
	write_hosts(hosts, "127.0.0.1");
	assert_true(wait_until(has_moved, process, DEADLINE_S));
	traffic_send(server.port, &traffic_bytes, 50, NULL);
	for (i = capture_datagrams(capture); capture_datagrams(capture) < i + 3;)
		pause_briefly();
	/* all that was held back while nobody was there, and what came since */
	finish_captured(process, capture, 150, 0, "stdout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(standard_output_stuck),
		E2E_TEST(standard_output_refuses),
		E2E_TEST(standard_output_closed),
		E2E_TEST(standard_error_stuck),
		E2E_TEST(host_moves),
	};

	return cmocka_run_group_tests_name("bad_day", tests, harness_group_setup,
					   harness_group_teardown);
}
