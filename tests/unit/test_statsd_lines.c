/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd_lines.c - names and tags of lines, and redtap's own metrics; no path or name
 * can break out of its tag.
 */
#include "unit.h"

#include <math.h>

#include "encoding.h"

#define MS 1000000ULL

#define DURATION "http.server.request.duration.seconds"

static int setup(void **state)
{
	static const double bucket = 0.1;

	*state = encoding_open((struct statsd_settings){ .buckets = &bucket, .bucket_count = 1 });
	return 0;
}

static void test_tags(void **state)
{
	static const struct {
		const char *comment, *service, *method, *route;
		uint16_t status;
		enum transaction_error error;
		const char *tags;
	} rows[] = {
		{ "a status below 500 is no error", "web", "POST", "/a", 404, ERROR_NONE,
		  "service_name:web,http_request_method:POST,http_route:/a,"
		  "http_response_status_code:404" },
		{ "500 is one", "web", "GET", "/a", 500, ERROR_NONE,
		  "service_name:web,http_request_method:GET,http_route:/a,"
		  "http_response_status_code:500,error_type:500" },
		{ "aborted in the middle", "web", "GET", "/a", 200, ERROR_CLIENT_ABORT,
		  "service_name:web,http_request_method:GET,http_route:/a,"
		  "http_response_status_code:200,error_type:client_abort" },
		{ "the transaction's error before the status's", "web", "GET", "/a", 503,
		  ERROR_CLIENT_ABORT,
		  "service_name:web,http_request_method:GET,http_route:/a,"
		  "http_response_status_code:503,error_type:client_abort" },
		{ "no answer, no status", "web", "_OTHER", "other", 0, ERROR_NO_RESPONSE,
		  "service_name:web,http_request_method:_OTHER,http_route:other,"
		  "error_type:no_response" },
		{ "syntax in the route", "web", "GET", "/x|@0.1,le:1\n\xff", 200, ERROR_NONE,
		  "service_name:web,http_request_method:GET,http_route:/x%7C@0.1%2Cle:1%0A%FF,"
		  "http_response_status_code:200" },
		{ "syntax in the service", "a,b|c", "GET", "/", 200, ERROR_NONE,
		  "service_name:a%2Cb%7Cc,http_request_method:GET,http_route:/,"
		  "http_response_status_code:200" },
		{ "an empty value would drop the tag", "", "GET", "", 200, ERROR_NONE,
		  "service_name:-,http_request_method:GET,http_route:-,"
		  "http_response_status_code:200" },
	};
	struct encoding *encoding = *state;
	char line[STATSD_LINE_MAX];
	size_t i;

	for (i = 0; i < ROWS(rows); i++) {
		struct series *series = made_flush_series(&encoding->made, rows[i].service,
							  rows[i].method, rows[i].route,
							  rows[i].status, rows[i].error);

		made_flush_add(&encoding->made, series, 1, MS, 0, 0);
	}
	encoding_flush(encoding);
	for (i = 0; i < ROWS(rows); i++) {
		snprintf(line, sizeof(line), DURATION ".bucket:0|c|#%s,le:+Inf", rows[i].tags);
		if (!lines_have(&encoding->lines, line))
			fail_msg("%s: no line '%s'", rows[i].comment, line);
	}
}

/* Requests of clients have their own names; 4xx is an error for a client. */
static void test_client(void **state)
{
	static const char *const lines[] = {
		"http.client.request.duration.seconds.count:0|c|#service_name:web,"
		"http_request_method:GET,http_route:/a,server_address:2001:db8::1,"
		"http_response_status_code:404,error_type:404",
		"http.client.response.body.size.bytes.sum:0|c|#service_name:web,"
		"http_request_method:GET,http_route:/a,server_address:2001:db8::1,"
		"http_response_status_code:404,error_type:404",
	};
	struct encoding *encoding = *state;
	size_t i;

	made_flush_get(&encoding->made, "/a", 404, 1, MS)->server_address = "2001:db8::1";
	encoding_flush(encoding);
	lines_assert(&encoding->lines, lines, ROWS(lines));
	for (i = 0; i < encoding->lines.count; i++)
		assert_null(strstr(encoding->lines.items[i], "http.server.request"));
}

static void test_gauges(void **state)
{
	static const char *const expected[] = {
		"http.server.active_requests:3|g|#service_name:web",
		"http.server.open_connections:7|g|#service_name:web",
		"http.server.active_requests:0|g|#service_name:a%2Cb",
		"http.server.open_connections:0|g|#service_name:a%2Cb",
		"redtap.info:1|g|#service_name:web,version:1.2.3,hooks:tracepoint,kernel:6.18.0-rc1",
		("redtap.info:1|g|#service_name:a%2Cb,version:1.2.3,hooks:tracepoint,"
		 "kernel:6.18.0-rc1"),
		"redtap.series:1|g",
		"redtap.connections:8|g",
		"redtap.processes:2|g",
		"redtap.flush.seconds:0.0125|g",
	};
	struct encoding *encoding = *state;
	struct flush *flush = &encoding->made.flush;
	unsigned int round;

	encoding->made.services[0] = (struct service){ "web", 3, 7 };
	encoding->made.services[1] = (struct service){ "a,b", 0, 0 };
	flush->service_count = 2;
	flush->connections = 8;
	flush->processes = 2;
	made_flush_series(&encoding->made, "web", "GET", "/", 200, ERROR_NONE);
	/* Sent at every flush, changed or not. */
	for (round = 0; round < 3; round++) {
		encoding_flush(encoding);
		lines_assert(&encoding->lines, expected, ROWS(expected));
	}
}

static void test_flush_seconds_are_finite(void **state)
{
	static const double values[] = { -1, NAN, INFINITY, -INFINITY, 1e300 };
	struct encoding *encoding = *state;
	size_t i;

	for (i = 0; i < ROWS(values); i++) {
		encoding->self.flush_s = values[i];
		encoding_begin(encoding);
		LINES_ASSERT(&encoding->lines, "redtap.flush.seconds:0|g");
	}
}

static void test_ledger(void **state)
{
	const size_t reasons = LOSS_COUNT + APPROXIMATE_COUNT + IGNORE_COUNT - 3;
	struct encoding *encoding = *state;
	struct tally *total = &encoding->made.flush.total;

	total->seen = 10;
	total->counted = 8;
	total->lost[LOSS_SERIES_FULL] = 1;
	total->approximate[APPROXIMATE_ROUTE_OTHER] = 2;
	total->ignored[IGNORE_TLS] = 5;
	total->hooks_missed = 3;
	encoding->self.dropped_out = 4;
	encoding->self.dropped_err = 1;
	encoding_flush(encoding);
	/* Sent with 0 first: every reason of every metric. */
	assert_int_equal(lines_count(&encoding->lines, "redtap.requests.lost:0|c|#reason:"),
			 LOSS_COUNT - 1);
	assert_int_equal(lines_count(&encoding->lines, "redtap.requests.approximate:0|c|#reason:"),
			 APPROXIMATE_COUNT - 1);
	assert_int_equal(lines_count(&encoding->lines, "redtap.connections.ignored:0|c|#reason:"),
			 IGNORE_COUNT - 1);
	LINES_ASSERT(&encoding->lines, "redtap.requests.seen:0|c", "redtap.requests.counted:0|c",
		     "redtap.output.dropped:0|c|#stream:stdout", "redtap.hook.missed:0|c",
		     "redtap.statsd.errors:0|c|#destination:udp://h:1",
		     "redtap.statsd.dropped:0|c|#destination:unix:///a%2Cb%7Cc");
	assert_int_equal(lines_count(&encoding->lines, "redtap.requests.") +
				 lines_count(&encoding->lines, "redtap.connections.ignored"),
			 reasons + 2);
	/* Then only what has changed. */
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, "redtap.requests.seen:10|c", "redtap.requests.counted:8|c",
		     "redtap.requests.lost:1|c|#reason:series_full",
		     "redtap.requests.approximate:2|c|#reason:route_other",
		     "redtap.connections.ignored:5|c|#reason:tls", "redtap.hook.missed:3|c",
		     "redtap.output.dropped:4|c|#stream:stdout",
		     "redtap.output.dropped:1|c|#stream:stderr");
	assert_int_equal(lines_count(&encoding->lines, "redtap.requests.") +
				 lines_count(&encoding->lines, "redtap.connections.ignored"),
			 5);
	total->ignored[IGNORE_TLS] = 6;
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, "redtap.connections.ignored:1|c|#reason:tls");
	assert_int_equal(lines_count(&encoding->lines, "redtap.requests."), 0);
}

static void test_longest_line(void **state)
{
	struct encoding *encoding = *state;
	char service[1001], route[PATH_MAX_BYTES + 1];
	size_t longest = 0, i;

	memset(service, '|', 1000);
	service[1000] = '\0';
	memset(route, '\xff', PATH_MAX_BYTES);
	route[PATH_MAX_BYTES] = '\0';
	encoding->made.services[0].name = service;
	encoding->made.flush.last = true;
	made_flush_add(&encoding->made,
		       made_flush_series(&encoding->made, service, "UPDATEREDIRECTREF", route, 599,
					 ERROR_CLIENT_ABORT),
		       1, 100000 * MS, UINT64_MAX, UINT64_MAX);
	/* lines_take() checks the length. */
	encoding_flush(encoding);
	for (i = 0; i < encoding->lines.count; i++) {
		const size_t length = strlen(encoding->lines.items[i]);
		const char *le = strstr(encoding->lines.items[i], ",le:");

		longest = length > longest ? length : longest;
		/* The line may be cut, but not its boundary. */
		if (strstr(encoding->lines.items[i], ".bucket:"))
			assert_non_null(le);
		if (strstr(encoding->lines.items[i], "service_name:"))
			assert_non_null(strstr(encoding->lines.items[i], "service_name:%7C%7C"));
	}
	assert_true(longest > 800);
}

static void test_format_le(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
		{ 0.000001, "0.000001" },
		{ 0.0000011, "0.0000011" },
		{ 0.0001, "0.0001" },
		{ 0.00025, "0.00025" },
		{ 0.005, "0.005" },
		{ 0.075, "0.075" },
		{ 0.1, "0.1" },
		{ 0.3, "0.3" },
		{ 1, "1.0" },
		{ 2.5, "2.5" },
		{ 10, "10.0" },
		{ 99, "99.0" },
		{ 100, "100.0" },
	};
	char buffer[32];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		assert_ptr_equal(statsd_format_le(buffer, rows[i].seconds), buffer);
		assert_string_equal(buffer, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tags, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_client, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_gauges, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_flush_seconds_are_finite, setup,
						encoding_teardown),
		cmocka_unit_test_setup_teardown(test_ledger, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_longest_line, setup, encoding_teardown),
		cmocka_unit_test(test_format_le),
	};

	return cmocka_run_group_tests_name("statsd lines", tests, NULL, NULL);
}
