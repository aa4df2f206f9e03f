/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_report.c - quantiles, the JSON report, streams that fail.
 */
#include "unit.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "abi/histogram.h"
#include "flush/measure.h"
#include "printed.h"

#define MS 1000000ULL
#define US 1000ULL

/* ---- quantiles ---- */

static void test_quantiles(void **state)
{
	/* Up to three groups of equal durations. */
	static const struct {
		const char *comment;
		struct {
			uint64_t n, ns;
		} groups[3];
		double q, expected;
	} rows[] = {
		{ "nothing", { { 0, 0 } }, 0.5, -1 },
		{ "one request: the bin's middle", { { 1, 100 * MS } }, 0.5, 0.0995 },
		{ "one request: the highest quantile", { { 1, 100 * MS } }, 1, 0.0995 },
		{ "one request: the lowest quantile", { { 1, 100 * MS } }, 0, 0.0995 },
		{ "four in one bin", { { 4, 20 * MS } }, 0.25, 0.0195 },
		{ "on the border of two bins", { { 5, 10 * MS }, { 5, 2000 * MS } }, 0.5, 0.00995 },
		{ "behind the border", { { 5, 10 * MS }, { 5, 2000 * MS } }, 0.6, 1.95 },
		{ "the tail", { { 99, 10 * MS }, { 1, 5000 * MS } }, 0.99, 0.00995 },
		{ "beyond the tail", { { 99, 10 * MS }, { 1, 5000 * MS } }, 0.995, 4.95 },
		{ "below 1 us", { { 2, 10 } }, 0.5, 0.0000005 },
		{ "above 100 s", { { 2, 200000 * MS } }, 0.5, 100 },
		{ "above 100 s, the end", { { 2, 200000 * MS } }, 1, 100 },
		{ "three", { { 1, 10 * US }, { 1, MS }, { 1, 100 * MS } }, 0.5, 0.000995 },
	};
	struct measure *measure = calloc(1, sizeof(*measure));
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		double got;

		measure_release(measure);
		for (j = 0; j < 3; j++)
			bins_add(&measure->bins, histogram_bin(rows[i].groups[j].ns),
				 rows[i].groups[j].n);
		got = measure_quantile(measure, rows[i].q);
		if (fabs(got - rows[i].expected) > 1e-9 * fabs(rows[i].expected))
			fail_msg("%s: %.9f instead of %.9f", rows[i].comment, got,
				 rows[i].expected);
	}
	measure_release(measure);
	free(measure);
}

/* Against sorted durations: never further away than the width of a bin. */
static void test_quantiles_of_random(void **state)
{
	static const double qs[] = { 0.01, 0.1, 0.5, 0.9, 0.99, 1 };
	struct measure *measure = calloc(1, sizeof(*measure));
	uint64_t values[1000];
	unsigned int seed = 3;
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(values); i++) {
		/* Ascending: 1 us, then up to 2 % more each time. */
		values[i] = i ? values[i - 1] + values[i - 1] * (rand_r(&seed) % 20) / 1000 + 1
			      : 1000;
		bins_add(&measure->bins, histogram_bin(values[i]), 1);
	}
	for (j = 0; j < ROWS(qs); j++) {
		const uint64_t exact = values[(size_t)ceil(qs[j] * ROWS(values)) - 1];
		const uint32_t bin = histogram_bin(exact);
		const double got = measure_quantile(measure, qs[j]) * 1e9;

		assert_true(got >= histogram_lower_ns(bin) - 1 &&
			    got <= histogram_upper_ns(bin) + 1);
	}
	measure_release(measure);
	free(measure);
}

static void test_max(void **state)
{
	static const struct {
		uint64_t ns;
		double expected;
	} rows[] = {
		{ 1, 0.000001 },        { 1500, 0.0000015 },  { 100 * MS, 0.1 },
		{ 100 * MS + 1, 0.11 }, { 100000 * MS, 100 }, { 100001 * MS, 100 },
	};
	struct measure *measure = calloc(1, sizeof(*measure));
	size_t i;

	(void)state;
	assert_true(measure_max(measure) == -1);
	/* Each larger than the one before. */
	for (i = 0; i < ROWS(rows); i++) {
		bins_add(&measure->bins, histogram_bin(rows[i].ns), 1);
		assert_true(fabs(measure_max(measure) - rows[i].expected) < 1e-12);
	}
	measure_release(measure);
	free(measure);
}

/* ---- reports ---- */

static void test_json_attached(void **state)
{
	static const pid_t pids[] = { 12, 4194304 };
	struct printed *printed = printed_open(OUTPUT_JSON);
	char *text;

	(void)state;
	assert_int_equal(report_attached(printed->report, 1700000000.5, "tracepoint", pids, 2), 0);
	text = printed_take(printed);
	assert_string_equal(text, "{\"type\":\"attached\",\"time\":1700000000.500000000,"
				  "\"hooks\":\"tracepoint\",\"pids\":[12,4194304]}\n");
	free(text);
	printed_close(printed);
}

#define NO_LOSS                                                                                    \
	"\"lost\":{\"series_full\":0,\"pipeline_full\":0,\"unreadable\":0,\"framing\":0,"          \
	"\"malformed\":0,\"hook_missed\":0},"                                                      \
	"\"approximate\":{\"attached_late\":0,\"no_arrival\":0,\"head_too_long\":0,"               \
	"\"chunks_too_many\":0,\"body_unreadable\":0,\"contention\":0,"                            \
	"\"order_unknown\":0,\"truncated\":0,\"route_other\":0,\"deliver_full\":0},"               \
	"\"ignored\":{\"tls\":0,\"http2\":0,\"not_http\":0,"                                       \
	"\"malformed\":0,\"connections_full\":0,\"unsolicited\":0},"                               \
	"\"hooks_missed\":0"

/* The fields and their order, to the letter. */
static void test_json_flush(void **state)
{
	struct printed *printed = printed_open(OUTPUT_JSON);
	struct flush *flush = &printed->made.flush;
	char *text;

	(void)state;
	made_flush_add(&printed->made,
		       made_flush_series(&printed->made, "web", "GET", "/a", 200, ERROR_NONE), 10,
		       100 * MS, 3, 7);
	flush->in_flight = 2;
	flush->connections = 5;
	flush->now.seen = 12;
	assert_int_equal(report_flush(printed->report, flush), 0);
	text = printed_take(printed);
	assert_string_equal(
		text,
		"{\"type\":\"flush\",\"time\":1700000000.250000000,\"interval_s\":5.000000000,"
		"\"seen\":12,\"counted\":10,\"in_flight\":2,\"connections\":5," NO_LOSS ","
		"\"series\":[{\"kind\":\"server\",\"service\":\"web\",\"method\":\"GET\","
		"\"route\":\"/a\",\"status\":200,\"error\":null,\"count\":10,"
		"\"rate\":2.000000000,\"sum_s\":1.000000000,\"mean_s\":0.100000000,\"p50_s\":0.099500000,"
		"\"p90_s\":0.099500000,\"p99_s\":0.099500000,\"max_s\":0.100000000,"
		"\"request_bytes\":30,\"response_bytes\":70}],\"phases\":[]}\n");
	free(text);
	printed_close(printed);
}

static json_t *take_json(struct printed *printed)
{
	char *text = printed_take(printed);
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s in: %s", error.text, text);
	/* One object a line. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
	return json;
}

static json_t *series_at(json_t *json, size_t i)
{
	return json_array_get(json_object_get(json, "series"), i);
}

static void test_json_changed_and_total(void **state)
{
	struct printed *printed = printed_open(OUTPUT_JSON);
	struct made_flush *made = &printed->made;
	struct series *a = made_flush_series(made, "web", "GET", "/a", 500, ERROR_NONE);
	struct series *b = made_flush_series(made, "web", "_OTHER", "/b", 0, ERROR_NO_RESPONSE);
	json_t *json;

	(void)state;
	made_flush_series(made, "web", "GET", "/never", 200, ERROR_NONE);
	made_flush_add(made, a, 3, MS, 0, 0);
	made_flush_next(made);
	made_flush_add(made, b, 1, MS, 0, 0);
	made->flush.total.lost[LOSS_FRAMING] = 4;
	assert_int_equal(report_flush(printed->report, &made->flush), 0);
	json = take_json(printed);
	assert_int_equal(json_array_size(json_object_get(json, "series")), 1);
	assert_string_equal(json_string_value(json_object_get(series_at(json, 0), "error")),
			    "no_response");
	assert_true(json_is_null(json_object_get(series_at(json, 0), "status")));
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "lost"), "framing")), 0);
	json_decref(json);
	assert_int_equal(report_total(printed->report, &made->flush), 0);
	json = take_json(printed);
	assert_string_equal(json_string_value(json_object_get(json, "type")), "total");
	assert_true(json_real_value(json_object_get(json, "interval_s")) == 10);
	assert_int_equal(json_integer_value(json_object_get(json, "counted")), 4);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "lost"), "framing")), 4);
	assert_int_equal(json_array_size(json_object_get(json, "series")), 2);
	assert_string_equal(json_string_value(json_object_get(series_at(json, 0), "error")), "500");
	assert_true(fabs(json_real_value(json_object_get(series_at(json, 0), "rate")) - 0.3) <
		    1e-9);
	json_decref(json);
	printed_close(printed);
}

static void test_json_client(void **state)
{
	struct printed *printed = printed_open(OUTPUT_JSON);
	struct series *series =
		made_flush_series(&printed->made, "web", "GET", "/a", 404, ERROR_NONE);
	char *text;

	(void)state;
	series->server_address = "192.0.2.1";
	made_flush_add(&printed->made, series, 1, MS, 0, 0);
	assert_int_equal(report_flush(printed->report, &printed->made.flush), 0);
	text = printed_take(printed);
	assert_non_null(strstr(text, "{\"kind\":\"client\",\"service\":\"web\","
				     "\"server_address\":\"192.0.2.1\",\"method\":\"GET\","
				     "\"route\":\"/a\",\"status\":404,\"error\":\"404\","));
	free(text);
	printed_close(printed);
}

/* To the last character; the sum to the nanosecond, also where a double would not do. */
static void test_json_phases(void **state)
{
	struct printed *printed = printed_open(OUTPUT_JSON);
	struct made_flush *made = &printed->made;
	struct series *series = made_flush_series(made, "web", "GET", "/a", 200, ERROR_NONE);
	struct phase_series *queue = made_flush_phase(made, REQUEST_PHASE_QUEUE, "web", "/a");
	struct phase_series *accept = made_flush_phase(made, REQUEST_PHASE_ACCEPT, "web", NULL);
	char *text;

	(void)state;
	made_flush_phase(made, REQUEST_PHASE_SEND, "web", "/a");
	made_flush_add(made, series, 2, 5 * MS, 0, 0);
	made_flush_add_phase(queue, 2, 2 * MS);
	made_flush_add_phase(accept, 1, 30 * MS);
	assert_int_equal(report_flush(printed->report, &made->flush), 0);
	text = printed_take(printed);
	assert_non_null(strstr(
		text,
		"],\"phases\":[{\"service\":\"web\",\"route\":\"/a\",\"phase\":\"queue\",\"count\":2,"
		"\"sum_s\":0.004000000,\"mean_s\":0.002000000,\"p50_s\":0.001950000,"
		"\"p90_s\":0.001950000,\"p99_s\":0.001950000},"
		"{\"service\":\"web\",\"route\":null,\"phase\":\"accept\",\"count\":1,"
		"\"sum_s\":0.030000000,\"mean_s\":0.030000000,\"p50_s\":0.029500000,"
		"\"p90_s\":0.029500000,\"p99_s\":0.029500000}]}\n"));
	free(text);
	made_flush_next(made);
	assert_int_equal(report_flush(printed->report, &made->flush), 0);
	text = printed_take(printed);
	assert_non_null(strstr(text, "\"phases\":[]}\n"));
	free(text);
	queue->total.sum_ns = 12345678901234567890ULL;
	assert_int_equal(report_total(printed->report, &made->flush), 0);
	text = printed_take(printed);
	assert_non_null(strstr(text, "\"sum_s\":12345678901.234567890,"));
	free(text);
	printed_close(printed);
}

/* No number that JSON has no name for. */
static void test_json_is_finite(void **state)
{
	struct printed *printed = printed_open(OUTPUT_JSON);
	struct made_flush *made = &printed->made;
	struct series *series = made_flush_series(made, "web", "GET", "/", 200, ERROR_NONE);
	json_t *json;

	(void)state;
	made_flush_add(made, series, 1, 200000 * MS, 0, 0);
	made->flush.interval_s = 0;
	made->flush.time = NAN;
	assert_int_equal(report_flush(printed->report, &made->flush), 0);
	json = take_json(printed);
	assert_true(json_real_value(json_object_get(series_at(json, 0), "rate")) == 0);
	assert_true(json_real_value(json_object_get(series_at(json, 0), "max_s")) == 100);
	json_decref(json);
	/* Counted, but its bins have not been seen yet: quantiles of nothing. */
	bins_clear(&series->now.bins);
	assert_int_equal(report_flush(printed->report, &made->flush), 0);
	json = take_json(printed);
	assert_true(json_is_null(json_object_get(series_at(json, 0), "p50_s")));
	assert_true(json_is_null(json_object_get(series_at(json, 0), "max_s")));
	json_decref(json);
	printed_close(printed);
}

static void test_json_hostile_text(void **state)
{
	struct printed *printed = printed_open(OUTPUT_JSON);
	struct made_flush *made = &printed->made;
	char service[4096];
	json_t *json;

	(void)state;
	memset(service, '\x01', sizeof(service) - 1);
	service[sizeof(service) - 1] = '\0';
	made_flush_add(made,
		       made_flush_series(made, service, "GET", "/\"\\\n\x1b[2J\xff\xc3", 200,
					 ERROR_NONE),
		       1, MS, 0, 0);
	assert_int_equal(report_flush(printed->report, &made->flush), 0);
	json = take_json(printed);
	assert_string_equal(json_string_value(json_object_get(series_at(json, 0), "route")),
			    "/\"\\\n\x1b[2J\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(json);
	printed_close(printed);
}

static void test_none_prints_nothing(void **state)
{
	struct printed *printed = printed_open(OUTPUT_NONE);
	char *text;

	(void)state;
	made_flush_add(&printed->made,
		       made_flush_series(&printed->made, "web", "GET", "/", 200, ERROR_NONE), 1, MS,
		       0, 0);
	assert_int_equal(report_attached(printed->report, 1, "tracepoint", NULL, 0), 0);
	assert_int_equal(report_flush(printed->report, &printed->made.flush), 0);
	assert_int_equal(report_total(printed->report, &printed->made.flush), 0);
	text = printed_take(printed);
	assert_string_equal(text, "");
	free(text);
	printed_close(printed);
}

/* ---- a stream that fails ---- */

static void test_broken_pipe(void **state)
{
	static const enum output_kind kinds[] = { OUTPUT_JSON, OUTPUT_TABLE };
	struct made_flush made;
	size_t i;

	(void)state;
	made_flush_init(&made);
	for (i = 0; i < ROWS(kinds); i++) {
		struct report *report;
		FILE *stream;
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		stream = fdopen(fds[1], "w");
		report = report_open(kinds[i], stream, false);
		assert_int_equal(report_flush(report, &made.flush), 0);
		close(fds[0]);
		assert_int_equal(report_flush(report, &made.flush), -EPIPE);
		assert_int_equal(report_total(report, &made.flush), -EPIPE);
		report_close(report);
		fclose(stream);
	}
	made_flush_release(&made);
}

static void test_full_device(void **state)
{
	struct made_flush made;
	FILE *stream = fopen("/dev/full", "w");
	struct report *report = report_open(OUTPUT_JSON, stream, false);

	(void)state;
	assert_non_null(stream);
	made_flush_init(&made);
	assert_int_equal(report_attached(report, 1, "tracepoint", NULL, 0), -ENOSPC);
	assert_int_equal(report_flush(report, &made.flush), -ENOSPC);
	report_close(report);
	fclose(stream);
	made_flush_release(&made);
}

static int setup_group(void **state)
{
	(void)state;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_quantiles_of_random),
		cmocka_unit_test(test_max),
		cmocka_unit_test(test_json_attached),
		cmocka_unit_test(test_json_flush),
		cmocka_unit_test(test_json_changed_and_total),
		cmocka_unit_test(test_json_client),
		cmocka_unit_test(test_json_phases),
		cmocka_unit_test(test_json_is_finite),
		cmocka_unit_test(test_json_hostile_text),
		cmocka_unit_test(test_none_prints_nothing),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_full_device),
	};

	return cmocka_run_group_tests_name("report", tests, setup_group, NULL);
}
