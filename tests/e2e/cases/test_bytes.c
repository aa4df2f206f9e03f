/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_bytes.c - every byte value in paths and in the service name, from the
 * socket to a real statsd_exporter: no unexpected series, no malformed line of
 * JSON, only text on a terminal.
 */
#include <signal.h>
#include <stdio.h>

#include "harness/capture.h"
#include "harness/harness.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "stack/stack.h"

/* A newline, a tag, a section, an escape sequence, half a UTF-8 character. */
static const char hostile[] = "a,http_route:/evil|@0.1\nforged:1|c|#x:y\x1b]0;t\x07\"\\{}=\xc3";

/* Every byte between two letters, and texts with a special meaning in one of the formats. */
static void send_all(uint16_t port)
{
	static const char *const texts[] = {
		"/s|c|@0.1",      "/t,le:0.5",  "/u\",x=\"1\"} 9", "/v\x1b[2J",
		"/w\xed\xa0\x80", "/x\xff\xfe", "/y\r:1|c",
	};
	unsigned int byte;
	size_t i;

	for (byte = 1; byte <= 255; byte++) {
		const char head[] = { 'G', 'E', 'T', ' ', '/', 'a', (char)byte, 'b', '\0' };
		const int fd = raw_connect(port);

		raw_say(fd, head);
		raw_say(fd, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
		raw_finish(fd);
	}
	for (i = 0; i < ROWS(texts); i++) {
		const int fd = raw_connect(port);

		raw_say(fd, text_format("GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
					texts[i]));
		raw_finish(fd);
	}
}

/* Only lines of printable ASCII. */
static void assert_printable(const char *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (bytes[i] != '\n' && (bytes[i] < ' ' || bytes[i] > '~'))
			fail_msg("byte %#x at %zu", (unsigned char)bytes[i], i);
}

/* No control byte except the newline, and no UTF-8 control character. */
static void assert_text(const char *text)
{
	const size_t length = strlen(text);
	json_t *valid = json_stringn(text, length);
	size_t i;

	if (!valid)
		fail_msg("not UTF-8: %s", text);
	json_decref(valid);
	for (i = 0; i < length; i++) {
		const unsigned char byte = text[i], next = text[i + 1];

		if ((byte < ' ' && byte != '\n') || byte == 0x7f || (byte == 0xc2 && next < 0xa0))
			fail_msg("byte %#x at %zu", byte, i);
	}
}

/* Every metric is redtap's, and its service, if any, is ours: that of the first metric. */
static void assert_ours(const struct metrics *metrics)
{
	const char *service = NULL;
	size_t i;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];
		const char *name = metric_label(metric, "service_name");

		if (!name) {
			assert_null(metric_label(metric, "http_route"));
			continue;
		}
		assert_true(strncmp(metric->name, "http_server_", 12) == 0 ||
			    strcmp(metric->name, "redtap_info") == 0);
		service = service ? service : name;
		assert_string_equal(name, service);
	}
	assert_non_null(service);
}

static size_t count_series(const struct metrics *metrics)
{
	size_t count = 0, i;

	for (i = 0; i < metrics->count; i++)
		count += strcmp(metrics->items[i].name,
				"http_server_request_duration_seconds_count") == 0;
	return count;
}

struct page {
	const struct exporter *exporter;
	size_t series;
	double requests;
};

static bool has_all(void *context)
{
	const struct page *page = context;
	struct metrics metrics;
	bool right;

	metrics_init(&metrics);
	exporter_metrics(page->exporter, &metrics);
	assert_ours(&metrics);
	right = count_series(&metrics) == page->series &&
		metrics_sum(&metrics, "http_server_request_duration_seconds_count", NULL, NULL) ==
			page->requests &&
		metrics_sum(&metrics, "statsd_exporter_sample_errors_total", NULL, NULL) == 0 &&
		metrics_sum(&metrics, "statsd_exporter_tag_errors_total", NULL, NULL) == 0;
	metrics_release(&metrics);
	return right;
}

static void every_byte_to_the_exporter(void **state)
{
	const struct exporter exporter = exporter_start();
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	struct page page = { .exporter = &exporter };
	struct metrics metrics;
	struct redtap *redtap;
	const char *bytes;
	size_t length;
	json_t *lines, *total;

	(void)state;
	capture_forward(capture, exporter.socket);
	redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = hostile, .statsd_port = capture_port(capture) });
	send_all(server.port);
	redtap_wait_at_least(redtap, 200);
	/*
	 * Without redtap_finish(): in JSON invalid UTF-8 becomes U+FFFD, so several routes get
	 * the same name and its comparison by name would fail.
	 */
	process_end(redtap_process(redtap), SIGINT);
	process_assert_exit(redtap_process(redtap), 0);
	lines = redtap_lines(redtap);
	total = json_array_get(lines, json_array_size(lines) - 1);
	assert_string_equal(json_string_value(json_object_get(total, "type")), "total");
	redtap_assert_nothing_lost(total);
	page.series = json_array_size(json_object_get(total, "series"));
	page.requests = (double)redtap_count(total, "counted");
	assert_true(page.series > 200);
	capture_finish(capture);
	bytes = capture_bytes(capture, &length);
	assert_printable(bytes, length);
	metrics_init(&metrics);
	capture_metrics(capture, &metrics);
	assert_ours(&metrics);
	assert_int_equal(count_series(&metrics), page.series);
	metrics_release(&metrics);
	if (!wait_until(has_all, &page, DEADLINE_S))
		fail_msg("the exporter does not have exactly these %zu series", page.series);
}

static void every_byte_in_table_and_log(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	static const char *const more[] = { "--verbose", NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .service = hostile, .output = "table", .more = more });
	struct process *process = redtap_process(redtap);
	char *out, *err;

	(void)state;
	send_all(server.port);
	process_end(process, SIGINT);
	process_assert_exit(process, 0);
	out = process_out(process);
	err = process_err(process);
	assert_non_null(strstr(out, "seen "));
	assert_text(out);
	assert_text(err);
	free(out);
	free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(every_byte_to_the_exporter),
		E2E_TEST(every_byte_in_table_and_log),
	};

	return cmocka_run_group_tests_name("bytes", tests, harness_group_setup,
					   harness_group_teardown);
}
