/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd.c - the lines of a flush and their values: new series, differences, outages.
 */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "encoding.h"

#define MS 1000000ULL

#define DURATION "http.server.request.duration.seconds"

static const double three_buckets[] = { 0.005, 0.1, 1.0 };

static const struct statsd_settings settings = {
	.buckets = three_buckets,
	.bucket_count = ROWS(three_buckets),
};

static int setup(void **state)
{
	*state = encoding_open(settings);
	return 0;
}

#define TAGS_OK                                                                                    \
	"|c|#service_name:web,http_request_method:GET,http_route:/,http_response_status_code:200"

/* A series has these lines and no others. */
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

/* Twice 5 ms (the edge of a bucket), once 5 ms and 1 ns, once 2 s. */
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
	struct encoding *encoding = *state;

	add_four(&encoding->made);
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), ROWS(zero_lines));
	lines_assert(&encoding->lines, zero_lines, ROWS(zero_lines));
	/* The next flush has the values, although there was no new request. */
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), ROWS(value_lines));
	lines_assert(&encoding->lines, value_lines, ROWS(value_lines));
	/* After that there is nothing to send. */
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), 0);
}

static void test_differences(void **state)
{
	struct encoding *encoding = *state;
	struct series *series = add_four(&encoding->made);

	encoding_flush(encoding);
	encoding_flush(encoding);
	made_flush_add(&encoding->made, series, 3, 100 * MS, 0, 7);
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, DURATION ".bucket:0" TAGS_OK ",le:0.005",
		     DURATION ".bucket:3" TAGS_OK ",le:0.1",
		     DURATION ".bucket:3" TAGS_OK ",le:+Inf", DURATION ".sum:0.3" TAGS_OK,
		     DURATION ".count:3" TAGS_OK);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), ROWS(value_lines));
}

static void test_last_flush_sends_all(void **state)
{
	struct encoding *encoding = *state;

	add_four(&encoding->made);
	encoding->made.flush.total.lost[LOSS_FRAMING] = 3;
	encoding->made.flush.last = true;
	encoding_flush(encoding);
	lines_assert(&encoding->lines, zero_lines, ROWS(zero_lines));
	lines_assert(&encoding->lines, value_lines, ROWS(value_lines));
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"),
			 ROWS(zero_lines) + ROWS(value_lines));
	LINES_ASSERT(&encoding->lines, "redtap.requests.lost:3|c|#reason:framing",
		     "redtap.requests.seen:4|c");
}

/* Requests of clients: the same lines under other names, without sizes. */
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
	struct encoding *encoding = *state;
	struct phase_series *queue =
		made_flush_phase(&encoding->made, REQUEST_PHASE_QUEUE, "a,b", "/x");
	struct phase_series *accept_wait =
		made_flush_phase(&encoding->made, REQUEST_PHASE_ACCEPT, "web", NULL);

	made_flush_add_phase(queue, 2, 4 * MS);
	made_flush_add_phase(queue, 1, 10 * MS);
	made_flush_add_phase(accept_wait, 1, 50 * MS);
	encoding_flush(encoding);
	lines_assert(&encoding->lines, born, ROWS(born));
	encoding_flush(encoding);
	lines_assert(&encoding->lines, values, ROWS(values));
	/* Both have three boundaries and +Inf, sum and count. */
	assert_int_equal(lines_count(&encoding->lines, "http.server.request.phase"), 6);
	assert_int_equal(lines_count(&encoding->lines, "http.server.accept.wait"), 6);
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.request.phase"), 0);
}

/* The receiver is away: what was not delivered is kept until it is back. */
static void test_outage(void **state)
{
	struct encoding *encoding = *state;
	struct series *series = add_four(&encoding->made);

	encoding_flush(encoding);
	encoding->losses[0].errors = 1;
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), ROWS(zero_lines));
	lines_assert(&encoding->lines, zero_lines, ROWS(zero_lines));
	LINES_ASSERT(&encoding->lines, "redtap.requests.seen:0|c");
	made_flush_add(&encoding->made, series, 1, MS, 0, 0);
	encoding->losses[0].errors = 5;
	encoding_flush(encoding);
	lines_assert(&encoding->lines, zero_lines, ROWS(zero_lines));
	/* No more errors: everything is sent. */
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), ROWS(value_lines));
	LINES_ASSERT(&encoding->lines, DURATION ".bucket:3" TAGS_OK ",le:0.005",
		     DURATION ".count:5" TAGS_OK, DURATION ".sum:2.016000001" TAGS_OK,
		     "redtap.statsd.errors:5|c|#destination:udp://h:1", "redtap.requests.seen:5|c");
	/* Another address of the host: another receiver, which knows nothing. */
	encoding->losses[0].moves = 1;
	encoding_flush(encoding);
	lines_assert(&encoding->lines, zero_lines, ROWS(zero_lines));
	/* The end does not wait for better times. */
	made_flush_add(&encoding->made, series, 1, MS, 0, 0);
	encoding->losses[0].errors = 6;
	encoding->made.flush.last = true;
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, DURATION ".count:1" TAGS_OK);
}

/* Losses of another destination are reported, but nothing is kept back. */
static void test_outage_elsewhere(void **state)
{
	struct encoding *encoding = *state;

	add_four(&encoding->made);
	encoding_flush(encoding);
	encoding->losses[1] = (struct statsd_losses){ .errors = 2, .dropped = 30 };
	encoding_flush(encoding);
	lines_assert(&encoding->lines, value_lines, ROWS(value_lines));
	LINES_ASSERT(&encoding->lines, "redtap.statsd.errors:2|c|#destination:unix:///a%2Cb%7Cc",
		     "redtap.statsd.dropped:30|c|#destination:unix:///a%2Cb%7Cc");
	/* Dropped lines without an error count as an outage, too. */
	made_flush_add(&encoding->made, encoding->made.series[0], 1, MS, 0, 0);
	encoding->losses[0].dropped = 1;
	encoding_flush(encoding);
	lines_assert(&encoding->lines, zero_lines, ROWS(zero_lines));
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, DURATION ".count:1" TAGS_OK,
		     "redtap.statsd.dropped:1|c|#destination:udp://h:1");
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

/* Over many flushes, with and without errors, the differences add up to the totals. */
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
	struct encoding *encoding = *state;
	struct series *series = made_flush_get(&encoding->made, "/", 200, 0, 1);
	double below[ROWS(boundaries)] = { 0 }, got[ROWS(boundaries)] = { 0 }, sum = 0, got_sum = 0;
	unsigned int seed = 7, round, i;

	for (round = 0; round < 200; round++) {
		const uint64_t n = (uint64_t)rand_r(&seed) % 4;
		/* All magnitudes up to 3 s. */
		const uint64_t ns =
			((uint64_t)rand_r(&seed) % (3000 * MS) >> rand_r(&seed) % 20) + 1;

		made_flush_add(&encoding->made, series, n, ns, 1, 2);
		sum += n * ns / 1e9;
		for (i = 0; i < ROWS(boundaries); i++)
			below[i] += ns <= boundaries[i].le_ns ? n : 0;
		encoding->losses[0].errors += rand_r(&seed) % 5 == 0;
		encoding->made.flush.last = round == 199;
		encoding_flush(encoding);
		for (i = 0; i < ROWS(boundaries); i++)
			got[i] +=
				lines_sum(&encoding->lines, DURATION ".bucket", boundaries[i].tags);
		got_sum += lines_sum(&encoding->lines, DURATION ".sum", TAGS_OK);
	}
	for (i = 0; i < ROWS(boundaries); i++)
		assert_true(got[i] == below[i]);
	assert_true(below[3] > below[0] && below[0] > 0);
	assert_true(fabs(got_sum - sum) < 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_born_with_zero, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_differences, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_last_flush_sends_all, setup,
						encoding_teardown),
		cmocka_unit_test_setup_teardown(test_phases, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_outage, setup, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_outage_elsewhere, setup, encoding_teardown),
		cmocka_unit_test(test_bad_buckets),
		cmocka_unit_test_setup_teardown(test_sums_are_exact, setup, encoding_teardown),
	};

	return cmocka_run_group_tests_name("statsd", tests, NULL, NULL);
}
