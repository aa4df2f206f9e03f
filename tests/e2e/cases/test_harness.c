/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_harness.c - tests of the test harness: checks that cannot fail prove
 * nothing.  Needs no redtap.
 */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/capture.h"
#include "harness/counts.h"
#include "harness/harness.h"
#include "harness/metrics.h"
#include "harness/servers.h"
#include "stack/stack.h"

static void test_statsd_lines(void **state)
{
	static const struct {
		const char *comment;
		const char *line;
		bool good;
	} rows[] = {
		{ "counter", "a.b:3|c", true },
		{ "counter with tags", "a:3|c|#k:v,l:w", true },
		{ "gauge", "a:0.25|g|#k:v", true },
		{ "colon in a value", "a:1|c|#k:v:w", true },
		{ "timer", "a:3|ms", false },
		{ "no value", "a:|c", false },
		{ "no name", ":1|c", false },
		{ "no type", "a:1", false },
		{ "empty type", "a:1|", false },
		{ "not a number", "a:x|c", false },
		{ "number with trailing text", "a:1x|c", false },
		{ "not finite", "a:NaN|c", false },
		{ "infinite", "a:Inf|c", false },
		{ "packed values", "a:1:2|c", false },
		{ "sample rate", "a:1|c|@0.1", false },
		{ "empty tag value", "a:1|c|#k:", false },
		{ "tag without a value", "a:1|c|#k", false },
		{ "the same tag twice", "a:1|c|#k:v,k:w", false },
		{ "comma at the end", "a:1|c|#k:v,", false },
		{ "second section", "a:1|c|#k:v|@0.1", false },
		{ "empty", "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct metrics metrics;

		metrics_init(&metrics);
		if (metrics_add_statsd(&metrics, rows[i].line, strlen(rows[i].line)) !=
			    rows[i].good ||
		    metrics.count != rows[i].good)
			fail_msg("%s: '%s'", rows[i].comment, rows[i].line);
		metrics_release(&metrics);
	}
}

static void add_lines(struct metrics *metrics, const char *const *lines, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		assert_true(metrics_add_statsd(metrics, lines[i], strlen(lines[i])));
}

static void test_lines_add_up(void **state)
{
	static const char *const lines[] = {
		"a.b:0|c|#k:v,l:w", "a.b:2|c|#l:w,k:v", "a.b:3|c|#k:other,l:w", "g:5|g", "g:1|g",
	};
	struct metrics metrics;

	(void)state;
	metrics_init(&metrics);
	add_lines(&metrics, lines, ROWS(lines));
	assert_int_equal(metrics.count, 3);
	assert_true(metrics_sum(&metrics, "a_b", "k", "v") == 2);
	assert_true(metrics_sum(&metrics, "a_b", NULL, NULL) == 5);
	assert_true(metrics_sum(&metrics, "g", NULL, NULL) == 1);
	assert_true(metrics.items[0].first == 0);
	assert_int_equal(metrics.items[0].lines, 2);
	metrics_release(&metrics);
}

/* More series than the first table has room for. */
static void test_many_series(void **state)
{
	struct metrics metrics;
	int round, i;

	(void)state;
	metrics_init(&metrics);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 3000; i++) {
			const char *line = text_format("n:1|c|#k:%d", i);

			assert_true(metrics_add_statsd(&metrics, line, strlen(line)));
		}
	}
	assert_int_equal(metrics.count, 3000);
	for (i = 0; i < 3000; i++)
		assert_int_equal(metrics.items[i].lines, 2);
	metrics_release(&metrics);
}

static void test_same_in_every_form(void **state)
{
	static const char page[] = "# HELP x y\n"
				   "# TYPE x counter\n"
				   "x{k=\"a\\\"b\",l=\"/users/{id}\"} 7\n"
				   "y 1.5e+03\n"
				   "z{quantile=\"0.5\"} NaN\n";
	static const char answer[] =
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
		"{\"metric\":{\"__name__\":\"x\",\"instance\":\"i\",\"job\":\"j\","
		"\"k\":\"a\\\"b\",\"l\":\"/users/{id}\"},\"value\":[1.5,\"7\"]}]}}";
	struct metrics of_page, of_answer;

	(void)state;
	metrics_init(&of_page);
	metrics_init(&of_answer);
	assert_true(metrics_add_exposition(&of_page, page));
	assert_int_equal(of_page.count, 3);
	assert_true(metrics_sum(&of_page, "y", NULL, NULL) == 1500);
	assert_true(metrics_add_query(&of_answer, answer));
	assert_int_equal(of_answer.count, 1);
	assert_string_equal(of_page.items[0].name, of_answer.items[0].name);
	assert_true(metric_same_labels(&of_page.items[0], &of_answer.items[0], NULL));
	assert_int_equal(of_page.items[0].label_count, of_answer.items[0].label_count);
	assert_true(of_page.items[0].value == 7 && of_answer.items[0].value == 7);
	assert_false(metrics_add_exposition(&of_page, "x{k=\"a} 1\n"));
	assert_false(metrics_add_query(&of_answer, "{\"status\":\"error\"}"));
	metrics_release(&of_page);
	metrics_release(&of_answer);
}

static void test_counts_compare(void **state)
{
	struct counts expected, actual;
	char why[1024];

	(void)state;
	counts_init(&expected);
	counts_init(&actual);
	counts_add(&expected, "GET", "/", 200, NULL, 2, 0, 20);
	counts_add(&expected, "GET", "/", 200, NULL, 1, 0, 10);
	counts_add(&expected, "GET", "/status/{id}", 503, NULL, 1, 0, 5);
	counts_add(&actual, "GET", "/", 200, "", 3, 0, 30);
	assert_false(counts_equal(&expected, &actual, true, why, sizeof(why)));
	assert_non_null(strstr(why, "/status/{id} 503 503: 1 expected, 0 found"));
	counts_add(&actual, "GET", "/status/{id}", 503, "503", 1, 0, 4);
	assert_true(counts_equal(&expected, &actual, false, why, sizeof(why)));
	assert_false(counts_equal(&expected, &actual, true, why, sizeof(why)));
	counts_add(&actual, "GET", "/status/{id}", 503, "503", 0, 0, 1);
	assert_true(counts_equal(&expected, &actual, true, why, sizeof(why)));
	counts_add(&actual, "GET", "/drop", 0, "no_response", 1, 0, 0);
	assert_false(counts_equal(&expected, &actual, true, why, sizeof(why)));
	assert_non_null(strstr(why, "none expected, 1 found"));
	counts_release(&expected);
	counts_release(&actual);
}

static void test_histograms(void **state)
{
	static const char *const good[] = {
		"http.server.request.duration.seconds.count:5|c|#service_name:s,http_route:/",
		"http.server.request.duration.seconds.bucket:5|c|#service_name:s,http_route:/,le:+Inf",
		"http.server.request.duration.seconds.bucket:4|c|#service_name:s,http_route:/,le:10.0",
		"http.server.request.duration.seconds.bucket:2|c|#service_name:s,http_route:/,le:0.5",
	};
	static const char *const falling[] = {
		"http.server.request.duration.seconds.bucket:3|c|#service_name:s,http_route:/,le:0.5",
	};
	struct metrics metrics;
	char why[256];

	(void)state;
	metrics_init(&metrics);
	add_lines(&metrics, good, ROWS(good));
	assert_true(histograms_sound(&metrics, "s", why, sizeof(why)));
	add_lines(&metrics, falling, ROWS(falling));
	assert_false(histograms_sound(&metrics, "s", why, sizeof(why)));
	metrics_release(&metrics);
	metrics_init(&metrics);
	add_lines(&metrics, good, 1);
	assert_false(histograms_sound(&metrics, "s", why, sizeof(why)));
	metrics_release(&metrics);
}

static void send_datagrams(uint16_t port, int count)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	static const char datagram[] = "a:1|c|#service_name:e2e\nb:2|c";
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	while (count-- > 0)
		assert_int_equal(sendto(fd, datagram, sizeof(datagram) - 1, 0,
					(const struct sockaddr *)&address, sizeof(address)),
				 sizeof(datagram) - 1);
	close(fd);
}

static void test_capture_forwards(void **state)
{
	struct capture *last = capture_open(0);
	struct capture *first = capture_open(capture_port(last));
	struct metrics metrics;

	(void)state;
	send_datagrams(capture_port(first), 2000);
	capture_finish(first);
	capture_finish(last);
	assert_int_equal(capture_datagrams(first), 2000);
	assert_int_equal(capture_datagrams(last), 2000);
	assert_int_equal(capture_longest(last), 29);
	metrics_init(&metrics);
	capture_metrics(last, &metrics);
	assert_true(metrics_sum(&metrics, "a", "service_name", "e2e") == 2000);
	assert_true(metrics_sum(&metrics, "b", NULL, NULL) == 4000);
	metrics_release(&metrics);
}

/* The receiver is gone: the capture continues. */
static void test_capture_without_receiver(void **state)
{
	struct capture *capture = capture_open(port_free(SOCK_DGRAM));

	(void)state;
	send_datagrams(capture_port(capture), 500);
	capture_finish(capture);
	assert_int_equal(capture_datagrams(capture), 500);
}

/* A server's whole response to one request. */
static void assert_answer(const struct server *server, const char *target, const char *expected)
{
	char *body = http_get(text_format("http://127.0.0.1:%u%s", server->port, target));

	if (!body)
		fail_msg("%s does not respond to %s; standard error: %s", server->process->name,
			 target, process_err(server->process));
	assert_string_equal(body, expected);
	free(body);
}

static void test_servers_answer(void **state)
{
	const struct server nginx = server_start_nginx();
	const struct server gunicorn = server_start_gunicorn();
	const struct server python = server_start_python();
	char *file = file_read(path_scratch("www/file.bin"), NULL);
	pid_t workers[4];

	(void)state;
	assert_answer(&nginx, "/hello", "hello\n");
	assert_answer(&nginx, "/file.bin", file);
	assert_int_equal(process_children(nginx.pid, workers, ROWS(workers)), 2);
	assert_answer(&gunicorn, "/", "hello from flask\n");
	assert_answer(&gunicorn, "/users/5", "{\"id\":5}\n");
	assert_answer(&python, "/file.bin", file);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(test_statsd_lines),     E2E_TEST(test_lines_add_up),
		E2E_TEST(test_many_series),      E2E_TEST(test_same_in_every_form),
		E2E_TEST(test_counts_compare),   E2E_TEST(test_histograms),
		E2E_TEST(test_capture_forwards), E2E_TEST(test_capture_without_receiver),
		E2E_TEST(test_servers_answer),
	};

	return cmocka_run_group_tests_name("harness", tests, harness_group_setup,
					   harness_group_teardown);
}
