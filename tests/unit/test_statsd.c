/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd.c - the lines of a flush: which, with what values, and that
 * nothing from outside breaks out of its tag.
 */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "abi/histogram.h"
#include "lines.h"
#include "made_flush.h"
#include "statsd/statsd.h"

#define MS 1000000ULL

#define DURATION "http.server.request.duration.seconds"

static const double three_buckets[] = { 0.005, 0.1, 1.0 };

static const char *const two_destinations[] = { "udp://h:1", "unix:///a,b|c" };

static const struct statsd_settings settings = {
	.buckets = three_buckets,
	.bucket_count = ROWS(three_buckets),
	.version = "1.2.3",
	.hooks = "tracepoint",
	.kernel = "6.18.0-rc1",
	.destinations = two_destinations,
	.destination_count = ROWS(two_destinations),
	.destination = 0,
};

struct fixture {
	struct made_flush made;
	struct statsd_encoder *encoder;
	struct lines lines;
	struct statsd_losses losses[2];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	made_flush_init(&fixture->made);
	fixture->encoder = statsd_open(&settings);
	*state = fixture;
	return fixture->encoder ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	lines_release(&fixture->lines);
	statsd_close(fixture->encoder);
	made_flush_release(&fixture->made);
	free(fixture);
	return 0;
}

static void encode(struct fixture *fixture)
{
	lines_release(&fixture->lines);
	statsd_begin(fixture->encoder, &fixture->made.flush, fixture->losses, 0.0125, lines_take,
		     &fixture->lines);
	assert_int_equal(statsd_go_on(fixture->encoder, SIZE_MAX), 0);
	made_flush_next(&fixture->made);
}

#define TAGS_OK                                                                                    \
	"|c|#service_name:web,http_request_method:GET,http_route:/,http_response_status_code:200"

/* As many lines as these are all that a series has. */
static const char *const zero_lines[] = {
	DURATION ".bucket:0" TAGS_OK ",le:0.005",
	DURATION ".bucket:0" TAGS_OK ",le:0.1",
	DURATION ".bucket:0" TAGS_OK ",le:1.0",
	DURATION ".bucket:0" TAGS_OK ",le:+Inf",
	DURATION ".sum:0" TAGS_OK,
	DURATION ".count:0" TAGS_OK,
	"http.server.request.body.size.bytes.sum:0" TAGS_OK,
	"http.server.request.body.size.bytes.count:0" TAGS_OK,
	"http.server.response.body.size.bytes.sum:0" TAGS_OK,
	"http.server.response.body.size.bytes.count:0" TAGS_OK,
};

static const char *const value_lines[] = {
	DURATION ".bucket:2" TAGS_OK ",le:0.005",
	DURATION ".bucket:3" TAGS_OK ",le:0.1",
	DURATION ".bucket:3" TAGS_OK ",le:1.0",
	DURATION ".bucket:4" TAGS_OK ",le:+Inf",
	DURATION ".sum:2.015000001" TAGS_OK,
	DURATION ".count:4" TAGS_OK,
	"http.server.request.body.size.bytes.sum:14" TAGS_OK,
	"http.server.request.body.size.bytes.count:4" TAGS_OK,
	"http.server.response.body.size.bytes.sum:404" TAGS_OK,
	"http.server.response.body.size.bytes.count:4" TAGS_OK,
};

/* 5 ms twice (on the edge), 5 ms and 1 ns, 2 s. */
static struct series *add_four(struct made_flush *made)
{
	struct series *series = made_flush_series(made, "web", "GET", "/", 200, ERROR_NONE);

	made_flush_add(made, series, 2, 5 * MS, 5, 100);
	made_flush_add(made, series, 1, 5 * MS + 1, 0, 100);
	made_flush_add(made, series, 1, 2000 * MS, 4, 104);
	return series;
}

static void test_born_with_zero(void **state)
{
	struct fixture *fixture = *state;

	add_four(&fixture->made);
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), ROWS(zero_lines));
	lines_assert(&fixture->lines, zero_lines, ROWS(zero_lines));
	/* The values follow, though nothing has happened since. */
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), ROWS(value_lines));
	lines_assert(&fixture->lines, value_lines, ROWS(value_lines));
	/* Then there is nothing left to say. */
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), 0);
}

static void test_differences(void **state)
{
	struct fixture *fixture = *state;
	struct series *series = add_four(&fixture->made);

	encode(fixture);
	encode(fixture);
	made_flush_add(&fixture->made, series, 3, 100 * MS, 0, 7);
	encode(fixture);
	assert_true(lines_have(&fixture->lines, DURATION ".bucket:0" TAGS_OK ",le:0.005"));
	assert_true(lines_have(&fixture->lines, DURATION ".bucket:3" TAGS_OK ",le:0.1"));
	assert_true(lines_have(&fixture->lines, DURATION ".bucket:3" TAGS_OK ",le:+Inf"));
	assert_true(lines_have(&fixture->lines, DURATION ".sum:0.3" TAGS_OK));
	assert_true(lines_have(&fixture->lines, DURATION ".count:3" TAGS_OK));
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), ROWS(value_lines));
}

static void test_last_flush_sends_all(void **state)
{
	struct fixture *fixture = *state;

	add_four(&fixture->made);
	fixture->made.flush.total.lost[LOSS_FRAMING] = 3;
	fixture->made.flush.last = true;
	encode(fixture);
	lines_assert(&fixture->lines, zero_lines, ROWS(zero_lines));
	lines_assert(&fixture->lines, value_lines, ROWS(value_lines));
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"),
			 ROWS(zero_lines) + ROWS(value_lines));
	assert_true(lines_have(&fixture->lines, "redtap.requests.lost:3|c|#reason:framing"));
	assert_true(lines_have(&fixture->lines, "redtap.requests.seen:4|c"));
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
	struct fixture *fixture = *state;
	char line[STATSD_LINE_MAX];
	size_t i;

	for (i = 0; i < ROWS(rows); i++) {
		struct series *series = made_flush_series(&fixture->made, rows[i].service,
							  rows[i].method, rows[i].route,
							  rows[i].status, rows[i].error);

		made_flush_add(&fixture->made, series, 1, MS, 0, 0);
	}
	encode(fixture);
	for (i = 0; i < ROWS(rows); i++) {
		snprintf(line, sizeof(line), DURATION ".bucket:0|c|#%s,le:+Inf", rows[i].tags);
		if (!lines_have(&fixture->lines, line))
			fail_msg("%s: no line '%s'", rows[i].comment, line);
	}
}

/* Names of their own; 4xx is an error to a client. */
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
	struct fixture *fixture = *state;
	struct series *series =
		made_flush_series(&fixture->made, "web", "GET", "/a", 404, ERROR_NONE);
	size_t i;

	series->server_address = "2001:db8::1";
	made_flush_add(&fixture->made, series, 1, MS, 0, 7);
	encode(fixture);
	for (i = 0; i < ROWS(lines); i++)
		if (!lines_have(&fixture->lines, lines[i]))
			fail_msg("no line '%s'", lines[i]);
	for (i = 0; i < fixture->lines.count; i++)
		assert_null(strstr(fixture->lines.items[i], "http.server.request"));
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
	struct fixture *fixture = *state;
	struct flush *flush = &fixture->made.flush;
	unsigned int round;

	fixture->made.services[0] = (struct service){ "web", 3, 7 };
	fixture->made.services[1] = (struct service){ "a,b", 0, 0 };
	flush->service_count = 2;
	flush->connections = 8;
	flush->processes = 2;
	made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	/* At every flush, changed or not. */
	for (round = 0; round < 3; round++) {
		encode(fixture);
		lines_assert(&fixture->lines, expected, ROWS(expected));
	}
}

static void test_flush_seconds_are_finite(void **state)
{
	static const double values[] = { -1, NAN, INFINITY, -INFINITY, 1e300 };
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < ROWS(values); i++) {
		lines_release(&fixture->lines);
		statsd_begin(fixture->encoder, &fixture->made.flush, fixture->losses, values[i],
			     lines_take, &fixture->lines);
		assert_true(lines_have(&fixture->lines, "redtap.flush.seconds:0|g"));
	}
}

static void test_ledger(void **state)
{
	const size_t reasons = LOSS_COUNT + APPROXIMATE_COUNT + IGNORE_COUNT - 3;
	struct fixture *fixture = *state;
	struct tally *total = &fixture->made.flush.total;

	total->seen = 10;
	total->counted = 8;
	total->lost[LOSS_SERIES_FULL] = 1;
	total->approximate[APPROXIMATE_ROUTE_OTHER] = 2;
	total->ignored[IGNORE_TLS] = 5;
	total->hooks_missed = 3;
	encode(fixture);
	/* Born with 0, each reason of each. */
	assert_int_equal(lines_count(&fixture->lines, "redtap.requests.lost:0|c|#reason:"),
			 LOSS_COUNT - 1);
	assert_int_equal(lines_count(&fixture->lines, "redtap.requests.approximate:0|c|#reason:"),
			 APPROXIMATE_COUNT - 1);
	assert_int_equal(lines_count(&fixture->lines, "redtap.connections.ignored:0|c|#reason:"),
			 IGNORE_COUNT - 1);
	assert_true(lines_have(&fixture->lines, "redtap.requests.seen:0|c"));
	assert_true(lines_have(&fixture->lines, "redtap.requests.counted:0|c"));
	assert_true(lines_have(&fixture->lines, "redtap.hook.missed:0|c"));
	assert_true(lines_have(&fixture->lines, "redtap.statsd.errors:0|c|#destination:udp://h:1"));
	assert_true(lines_have(&fixture->lines,
			       "redtap.statsd.dropped:0|c|#destination:unix:///a%2Cb%7Cc"));
	assert_int_equal(lines_count(&fixture->lines, "redtap.requests.") +
				 lines_count(&fixture->lines, "redtap.connections.ignored"),
			 reasons + 2);
	/* Then what has changed. */
	encode(fixture);
	assert_true(lines_have(&fixture->lines, "redtap.requests.seen:10|c"));
	assert_true(lines_have(&fixture->lines, "redtap.requests.counted:8|c"));
	assert_true(lines_have(&fixture->lines, "redtap.requests.lost:1|c|#reason:series_full"));
	assert_true(
		lines_have(&fixture->lines, "redtap.requests.approximate:2|c|#reason:route_other"));
	assert_true(lines_have(&fixture->lines, "redtap.connections.ignored:5|c|#reason:tls"));
	assert_true(lines_have(&fixture->lines, "redtap.hook.missed:3|c"));
	assert_int_equal(lines_count(&fixture->lines, "redtap.requests.") +
				 lines_count(&fixture->lines, "redtap.connections.ignored"),
			 5);
	total->ignored[IGNORE_TLS] = 6;
	encode(fixture);
	assert_true(lines_have(&fixture->lines, "redtap.connections.ignored:1|c|#reason:tls"));
	assert_int_equal(lines_count(&fixture->lines, "redtap.requests."), 0);
}

/* The same births and differences under their own names, without sizes. */
static void test_phases(void **state)
{
	static const char *const born[] = {
		"http.server.request.phase.seconds.bucket:0|c|#service_name:a%2Cb,http_route:/x,"
		"phase:queue,le:0.005",
		"http.server.request.phase.seconds.count:0|c|#service_name:a%2Cb,http_route:/x,"
		"phase:queue",
		"http.server.accept.wait.seconds.bucket:0|c|#service_name:web,le:+Inf",
	};
	static const char *const values[] = {
		"http.server.request.phase.seconds.bucket:2|c|#service_name:a%2Cb,http_route:/x,"
		"phase:queue,le:0.005",
		"http.server.request.phase.seconds.bucket:3|c|#service_name:a%2Cb,http_route:/x,"
		"phase:queue,le:0.1",
		"http.server.request.phase.seconds.sum:0.018|c|#service_name:a%2Cb,http_route:/x,"
		"phase:queue",
		"http.server.request.phase.seconds.count:3|c|#service_name:a%2Cb,http_route:/x,"
		"phase:queue",
		"http.server.accept.wait.seconds.bucket:1|c|#service_name:web,le:0.1",
		"http.server.accept.wait.seconds.sum:0.05|c|#service_name:web",
		"http.server.accept.wait.seconds.count:1|c|#service_name:web",
	};
	struct fixture *fixture = *state;
	struct phase_series *queue =
		made_flush_phase(&fixture->made, REQUEST_PHASE_QUEUE, "a,b", "/x");
	struct phase_series *accept_wait =
		made_flush_phase(&fixture->made, REQUEST_PHASE_ACCEPT, "web", NULL);

	made_flush_add_phase(queue, 2, 4 * MS);
	made_flush_add_phase(queue, 1, 10 * MS);
	made_flush_add_phase(accept_wait, 1, 50 * MS);
	encode(fixture);
	lines_assert(&fixture->lines, born, ROWS(born));
	encode(fixture);
	lines_assert(&fixture->lines, values, ROWS(values));
	/* Three boundaries and +Inf, sum, count, of both. */
	assert_int_equal(lines_count(&fixture->lines, "http.server.request.phase"), 6);
	assert_int_equal(lines_count(&fixture->lines, "http.server.accept.wait"), 6);
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.request.phase"), 0);
}

/* The receiver went away: what it has not got is kept until it is back. */
static void test_outage(void **state)
{
	struct fixture *fixture = *state;
	struct series *series = add_four(&fixture->made);

	encode(fixture);
	fixture->losses[0].errors = 1;
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), ROWS(zero_lines));
	lines_assert(&fixture->lines, zero_lines, ROWS(zero_lines));
	assert_true(lines_have(&fixture->lines, "redtap.requests.seen:0|c"));
	made_flush_add(&fixture->made, series, 1, MS, 0, 0);
	fixture->losses[0].errors = 5;
	encode(fixture);
	lines_assert(&fixture->lines, zero_lines, ROWS(zero_lines));
	/* No more errors: all of it. */
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), ROWS(value_lines));
	assert_true(lines_have(&fixture->lines, DURATION ".bucket:3" TAGS_OK ",le:0.005"));
	assert_true(lines_have(&fixture->lines, DURATION ".count:5" TAGS_OK));
	assert_true(lines_have(&fixture->lines, DURATION ".sum:2.016000001" TAGS_OK));
	assert_true(lines_have(&fixture->lines, "redtap.statsd.errors:5|c|#destination:udp://h:1"));
	assert_true(lines_have(&fixture->lines, "redtap.requests.seen:5|c"));
	/* The end does not wait for better times. */
	made_flush_add(&fixture->made, series, 1, MS, 0, 0);
	fixture->losses[0].errors = 6;
	fixture->made.flush.last = true;
	encode(fixture);
	assert_true(lines_have(&fixture->lines, DURATION ".count:1" TAGS_OK));
}

/* Another destination's losses are told, and hold nothing back. */
static void test_outage_elsewhere(void **state)
{
	struct fixture *fixture = *state;

	add_four(&fixture->made);
	encode(fixture);
	fixture->losses[1] = (struct statsd_losses){ .errors = 2, .dropped = 30 };
	encode(fixture);
	lines_assert(&fixture->lines, value_lines, ROWS(value_lines));
	assert_true(lines_have(&fixture->lines,
			       "redtap.statsd.errors:2|c|#destination:unix:///a%2Cb%7Cc"));
	assert_true(lines_have(&fixture->lines,
			       "redtap.statsd.dropped:30|c|#destination:unix:///a%2Cb%7Cc"));
	/* Lines that were dropped without an error count as an outage too. */
	made_flush_add(&fixture->made, fixture->made.series[0], 1, MS, 0, 0);
	fixture->losses[0].dropped = 1;
	encode(fixture);
	lines_assert(&fixture->lines, zero_lines, ROWS(zero_lines));
	encode(fixture);
	assert_true(lines_have(&fixture->lines, DURATION ".count:1" TAGS_OK));
	assert_true(
		lines_have(&fixture->lines, "redtap.statsd.dropped:1|c|#destination:udp://h:1"));
}

static void test_longest_line(void **state)
{
	struct fixture *fixture = *state;
	char service[1001], route[PATH_MAX_BYTES + 1];
	size_t longest = 0, i;

	memset(service, '|', 1000);
	service[1000] = '\0';
	memset(route, '\xff', PATH_MAX_BYTES);
	route[PATH_MAX_BYTES] = '\0';
	fixture->made.services[0].name = service;
	fixture->made.flush.last = true;
	made_flush_add(&fixture->made,
		       made_flush_series(&fixture->made, service, "UPDATEREDIRECTREF", route, 599,
					 ERROR_CLIENT_ABORT),
		       1, 100000 * MS, UINT64_MAX, UINT64_MAX);
	/* lines_take() looks at the length. */
	encode(fixture);
	for (i = 0; i < fixture->lines.count; i++) {
		const size_t length = strlen(fixture->lines.items[i]);
		const char *le = strstr(fixture->lines.items[i], ",le:");

		longest = length > longest ? length : longest;
		/* Whatever is cut, it is not the boundary. */
		if (strstr(fixture->lines.items[i], ".bucket:"))
			assert_non_null(le);
		if (strstr(fixture->lines.items[i], "service_name:"))
			assert_non_null(strstr(fixture->lines.items[i], "service_name:%7C%7C"));
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

static void test_bad_buckets(void **state)
{
	static const double lists[][2] = { { 0.125, 1 }, { 1, 0.5 }, { 1, 1 }, { 1, 110 } };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(lists); i++) {
		struct statsd_settings bad = settings;

		bad.buckets = lists[i];
		bad.bucket_count = 2;
		errno = 0;
		assert_null(statsd_open(&bad));
		assert_int_equal(errno, EINVAL);
	}
}

/* Over many flushes with and without errors, the differences amount to the totals. */
static void test_sums_are_exact(void **state)
{
	static const struct {
		const char *tags;
		uint64_t le_ns;
	} boundaries[] = {
		{ TAGS_OK ",le:0.005", 5 * MS },
		{ TAGS_OK ",le:0.1", 100 * MS },
		{ TAGS_OK ",le:1.0", 1000 * MS },
		{ TAGS_OK ",le:+Inf", UINT64_MAX },
	};
	struct fixture *fixture = *state;
	struct series *series =
		made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	double below[ROWS(boundaries)] = { 0 }, got[ROWS(boundaries)] = { 0 }, sum = 0, got_sum = 0;
	unsigned int seed = 7, round, i;

	for (round = 0; round < 200; round++) {
		const uint64_t n = (uint64_t)rand_r(&seed) % 4;
		/* Every magnitude up to 3 s. */
		const uint64_t ns =
			((uint64_t)rand_r(&seed) % (3000 * MS) >> rand_r(&seed) % 20) + 1;

		made_flush_add(&fixture->made, series, n, ns, 1, 2);
		sum += n * ns / 1e9;
		for (i = 0; i < ROWS(boundaries); i++)
			below[i] += ns <= boundaries[i].le_ns ? n : 0;
		fixture->losses[0].errors += rand_r(&seed) % 5 == 0;
		fixture->made.flush.last = round == 199;
		encode(fixture);
		for (i = 0; i < ROWS(boundaries); i++)
			got[i] +=
				lines_sum(&fixture->lines, DURATION ".bucket", boundaries[i].tags);
		got_sum += lines_sum(&fixture->lines, DURATION ".sum", TAGS_OK);
	}
	for (i = 0; i < ROWS(boundaries); i++)
		assert_true(got[i] == below[i]);
	assert_true(below[3] > below[0] && below[0] > 0);
	assert_true(fabs(got_sum - sum) < 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_born_with_zero, setup, teardown),
		cmocka_unit_test_setup_teardown(test_differences, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_flush_sends_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gauges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush_seconds_are_finite, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ledger, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outage_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_line, setup, teardown),
		cmocka_unit_test(test_format_le),
		cmocka_unit_test(test_bad_buckets),
		cmocka_unit_test_setup_teardown(test_sums_are_exact, setup, teardown),
	};

	return cmocka_run_group_tests_name("statsd", tests, NULL, NULL);
}
