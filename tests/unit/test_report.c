/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_report.c - the JSON report.
 */
#include "unit.h"

#include <jansson.h>
#include <math.h>

#include "printed.h"

#define MS 1000000ULL

static void test_json_attached(void **state)
{
	static const pid_t pids[] = { 12, 4194304 };
	struct printed *printed = *state;

	assert_string_equal(printed_attached(printed, 1700000000.5, pids, 2),
			    "{\"type\":\"attached\",\"time\":1700000000.500000000,"
			    "\"hooks\":\"tracepoint\",\"pids\":[12,4194304]}\n");
}

#define NO_LOSS                                                                                    \
	"\"lost\":{\"series_full\":0,\"pipeline_full\":0,\"unreadable\":0,\"framing\":0,"          \
	"\"malformed\":0,\"hook_missed\":0},"                                                      \
	"\"approximate\":{\"attached_late\":0,\"no_arrival\":0,\"head_too_long\":0,"               \
	"\"chunks_too_many\":0,\"body_unreadable\":0,\"contention\":0,"                            \
	"\"order_unknown\":0,\"truncated\":0,\"route_other\":0,\"deliver_full\":0},"               \
	"\"ignored\":{\"tls\":0,\"http2\":0,\"not_http\":0,"                                       \
	"\"malformed\":0,\"connections_full\":0,\"unsolicited\":0,"                                \
	"\"request_timeout\":0},"                                                                  \
	"\"hooks_missed\":0"

/* All fields, in their order. */
static void test_json_flush(void **state)
{
	struct printed *printed = *state;
	struct flush *flush = &printed->made.flush;

	made_flush_add(&printed->made,
		       made_flush_series(&printed->made, "web", "GET", "/a", 200, ERROR_NONE), 10,
		       100 * MS, 3, 7);
	flush->in_flight = 2;
	flush->connections = 5;
	flush->now.seen = 12;
	assert_string_equal(
		printed_flush(printed),
		"{\"type\":\"flush\",\"time\":1700000000.250000000,\"interval_s\":5.000000000,"
		"\"seen\":12,\"counted\":10,\"in_flight\":2,\"connections\":5," NO_LOSS ","
		"\"series\":[{\"kind\":\"server\",\"service\":\"web\",\"method\":\"GET\","
		"\"route\":\"/a\",\"status\":200,\"error\":null,\"count\":10,"
		"\"rate\":2.000000000,\"sum_s\":1.000000000,\"mean_s\":0.100000000,\"p50_s\":0.099500000,"
		"\"p90_s\":0.099500000,\"p99_s\":0.099500000,\"max_s\":0.100000000,"
		"\"request_bytes\":30,\"response_bytes\":70}],\"phases\":[]}\n");
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s in: %s", error.text, text);
	/* One object for each line. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	return json;
}

/* A member of the first series. */
static json_t *first_get(const json_t *json, const char *name)
{
	return json_object_get(json_array_get(json_object_get(json, "series"), 0), name);
}

static json_int_t lost_framing(const json_t *json)
{
	return json_integer_value(json_object_get(json_object_get(json, "lost"), "framing"));
}

static void test_json_changed_and_total(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct series *b;
	json_t *json;

	made_flush_get(made, "/a", 500, 3, MS);
	b = made_flush_series(made, "web", "_OTHER", "/b", 0, ERROR_NO_RESPONSE);
	made_flush_get(made, "/never", 200, 0, MS);
	made_flush_next(made);
	made_flush_add(made, b, 1, MS, 0, 0);
	made->flush.total.lost[LOSS_FRAMING] = 4;
	json = parse(printed_flush(printed));
	assert_int_equal(json_array_size(json_object_get(json, "series")), 1);
	assert_string_equal(json_string_value(first_get(json, "error")), "no_response");
	assert_true(json_is_null(first_get(json, "status")));
	assert_int_equal(lost_framing(json), 0);
	json_decref(json);
	json = parse(printed_total(printed));
	assert_string_equal(json_string_value(json_object_get(json, "type")), "total");
	assert_true(json_real_value(json_object_get(json, "interval_s")) == 10);
	assert_int_equal(json_integer_value(json_object_get(json, "counted")), 4);
	assert_int_equal(lost_framing(json), 4);
	assert_int_equal(json_array_size(json_object_get(json, "series")), 2);
	assert_string_equal(json_string_value(first_get(json, "error")), "500");
	assert_true(fabs(json_real_value(first_get(json, "rate")) - 0.3) < 1e-9);
	json_decref(json);
}

static void test_json_client(void **state)
{
	struct printed *printed = *state;

	made_flush_get(&printed->made, "/a", 404, 1, MS)->server_address = "192.0.2.1";
	assert_non_null(strstr(printed_flush(printed),
			       "{\"kind\":\"client\",\"service\":\"web\","
			       "\"server_address\":\"192.0.2.1\",\"method\":\"GET\","
			       "\"route\":\"/a\",\"status\":404,\"error\":\"404\","));
}

/* Every character; the sum is exact to the nanosecond, also where a double is not. */
static void test_json_phases(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct phase_series *queue = made_flush_phase(made, REQUEST_PHASE_QUEUE, "web", "/a");
	struct phase_series *accept = made_flush_phase(made, REQUEST_PHASE_ACCEPT, "web", NULL);

	made_flush_phase(made, REQUEST_PHASE_SEND, "web", "/a");
	made_flush_get(made, "/a", 200, 2, 5 * MS);
	made_flush_add_phase(queue, 2, 2 * MS);
	made_flush_add_phase(accept, 1, 30 * MS);
	assert_non_null(strstr(
		printed_flush(printed),
		"],\"phases\":[{\"service\":\"web\",\"route\":\"/a\",\"phase\":\"queue\",\"count\":2,"
		"\"sum_s\":0.004000000,\"mean_s\":0.002000000,\"p50_s\":0.001950000,"
		"\"p90_s\":0.001950000,\"p99_s\":0.001950000},"
		"{\"service\":\"web\",\"route\":null,\"phase\":\"accept\",\"count\":1,"
		"\"sum_s\":0.030000000,\"mean_s\":0.030000000,\"p50_s\":0.029500000,"
		"\"p90_s\":0.029500000,\"p99_s\":0.029500000}]}\n"));
	made_flush_next(made);
	assert_non_null(strstr(printed_flush(printed), "\"phases\":[]}\n"));
	queue->total.sum_ns = 12345678901234567890ULL;
	assert_non_null(strstr(printed_total(printed), "\"sum_s\":12345678901.234567890,"));
}

/* JSON has no NaN and no infinity: null instead. */
static void test_json_is_finite(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct series *series = made_flush_get(made, "/", 200, 1, 200000 * MS);
	json_t *json;

	made->flush.interval_s = 0;
	made->flush.time = NAN;
	json = parse(printed_flush(printed));
	assert_true(json_real_value(first_get(json, "rate")) == 0);
	assert_true(json_real_value(first_get(json, "max_s")) == 100);
	json_decref(json);
	/* It is counted, but its bins are not read yet: no quantiles. */
	bins_clear(&series->now.bins);
	json = parse(printed_flush(printed));
	assert_true(json_is_null(first_get(json, "p50_s")));
	assert_true(json_is_null(first_get(json, "max_s")));
	json_decref(json);
}

static void test_json_hostile_text(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	char service[4096];
	json_t *json;

	memset(service, '\x01', sizeof(service) - 1);
	service[sizeof(service) - 1] = '\0';
	made_flush_add(made,
		       made_flush_series(made, service, "GET", "/\"\\\n\x1b[2J\xff\xc3", 200,
					 ERROR_NONE),
		       1, MS, 0, 0);
	json = parse(printed_flush(printed));
	assert_string_equal(json_string_value(first_get(json, "route")),
			    "/\"\\\n\x1b[2J\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(json);
}

static void test_none_prints_nothing(void **state)
{
	struct printed *printed = *state;

	made_flush_get(&printed->made, "/", 200, 1, MS);
	assert_string_equal(printed_attached(printed, 1, NULL, 0), "");
	assert_string_equal(printed_flush(printed), "");
	assert_string_equal(printed_total(printed), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_json_attached, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_json_flush, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_json_changed_and_total, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_json_client, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_json_phases, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_json_is_finite, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_json_hostile_text, printed_setup_json,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_none_prints_nothing, printed_setup_none,
						printed_teardown),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
