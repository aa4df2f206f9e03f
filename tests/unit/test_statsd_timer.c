/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd_timer.c - timers, and the names of the Flask middleware: the observations
 * that a receiver reads from the lines, compared with what was measured.
 */
#include "unit.h"

#include <math.h>

#include "abi/histogram.h"
#include "encoding.h"

#define MS 1000000ULL
#define US 1000ULL

#define DURATION "http.server.request.duration.seconds"
#define BODIES "http.server.response.body.size.bytes.count"
#define TAGS "service_name:web,http_request_method:GET,http_route:/,http_response_status_code:200"

static int setup_otel(void **state)
{
	*state = encoding_open(
		(struct statsd_settings){ .metrics = METRICS_OTEL, .histogram = HISTOGRAM_TIMER });
	return 0;
}

static int setup_flask(void **state)
{
	*state = encoding_open(
		(struct statsd_settings){ .metrics = METRICS_FLASK, .histogram = HISTOGRAM_TIMER });
	return 0;
}

/* What a receiver reads from the timers of one name with these tags. */
struct observations {
	uint64_t count;
	double sum_s;
	uint64_t bins[HISTOGRAM_BINS];
	size_t lines;
};

static void observe(struct observations *observations, const struct lines *lines, const char *name,
		    const char *tags)
{
	size_t i;

	for (i = 0; i < lines->count; i++) {
		const char *line = lines->items[i], *tail;
		double value_ms, rate = 1;
		uint64_t weight;
		char *end;

		if (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
			continue;
		tail = strstr(line, "|#");
		if (!tail || strcmp(tail + 2, tags) != 0)
			continue;
		value_ms = strtod(line + strlen(name) + 1, &end);
		assert_int_equal(strncmp(end, "|ms", 3), 0);
		if (end[3] == '|' && end[4] == '@')
			rate = strtod(end + 5, &end);
		else
			end += 3;
		assert_ptr_equal(end, tail);
		/* Computed as in statsd_exporter. */
		weight = (uint64_t)(1 / rate);
		observations->count += weight;
		observations->sum_s += weight * value_ms / 1000;
		observations->bins[histogram_bin((uint64_t)llround(value_ms * 1e6))] += weight;
		observations->lines++;
	}
}

static void assert_observed(const struct observations *observations, const struct measure *total)
{
	uint32_t bin;

	assert_int_equal(observations->count, total->count);
	for (bin = 0; bin < HISTOGRAM_BINS; bin++)
		if (observations->bins[bin] != bins_get(&total->bins, bin))
			fail_msg("bin %u: %llu observations of %llu", bin,
				 (unsigned long long)observations->bins[bin],
				 (unsigned long long)bins_get(&total->bins, bin));
	/* Half a nanosecond for each observation that is not sent yet. */
	if (fabs(observations->sum_s - total->sum_ns / 1e9) > total->count * 0.5e-9 + 1e-9)
		fail_msg("sum %.9f of %.9f s", observations->sum_s, total->sum_ns / 1e9);
}

/* Encodes a flush; reads the timers of the series with TAGS. */
static void flush_observed(struct encoding *encoding, struct observations *observations)
{
	encoding_flush(encoding);
	observe(observations, &encoding->lines, DURATION, TAGS);
}

static void test_values(void **state)
{
	static const struct {
		uint64_t n, ns;
		const char *lines[2];
	} rows[] = {
		{ 1, 304370, { DURATION ":0.30437|ms|#" TAGS, BODIES ":1|c|#" TAGS } },
		{ 1, 5 * MS, { DURATION ":5|ms|#" TAGS, BODIES ":1|c|#" TAGS } },
		{ 3,
		  2000 * MS + 1,
		  { DURATION ":2000.000001|ms|@0.285714285714286|#" TAGS, BODIES ":3|c|#" TAGS } },
	};
	struct encoding *encoding = *state;
	struct series *series = made_flush_get(&encoding->made, "/", 200, 0, 1);
	struct observations observations = { 0 };
	size_t i;

	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, DURATION), 0);
	LINES_ASSERT(&encoding->lines, BODIES ":0|c|#" TAGS);
	for (i = 0; i < ROWS(rows); i++) {
		made_flush_add(&encoding->made, series, rows[i].n, rows[i].ns, 0, 10);
		flush_observed(encoding, &observations);
		lines_assert(&encoding->lines, rows[i].lines, 2);
	}
	assert_observed(&observations, &series->total);
	/* Nothing new: nothing is sent. */
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), 0);
}

/* An outage at the first observation: it is sent again; nothing twice, nothing lost. */
static void test_herald_is_recalled(void **state)
{
	struct encoding *encoding = *state;
	struct series *series = made_flush_get(&encoding->made, "/", 200, 0, 1);
	struct observations observations = { 0 };

	made_flush_add(&encoding->made, series, 5, 20 * MS, 0, 0);
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, DURATION ":20|ms|#" TAGS);
	encoding->losses[0].errors = 1;
	flush_observed(encoding, &observations);
	assert_int_equal(observations.count, 1);
	flush_observed(encoding, &observations);
	assert_observed(&observations, &series->total);
	/* A later outage: nothing is sent twice, again one observation is sent first. */
	encoding->losses[0].errors = 2;
	made_flush_add(&encoding->made, series, 3, 30 * MS, 0, 0);
	flush_observed(encoding, &observations);
	assert_int_equal(observations.count, 6);
	flush_observed(encoding, &observations);
	assert_observed(&observations, &series->total);
}

/* Counts, bins and sums over many flushes, with all magnitudes and outages. */
static void test_everything_is_observed(void **state)
{
	struct encoding *encoding = *state;
	struct series *series = made_flush_get(&encoding->made, "/", 200, 0, 1);
	struct observations observations = { 0 }, before = { 0 };
	bool announces = true, is_lost;
	unsigned int seed = 3, round, i;

	for (round = 0; round < 100; round++) {
		for (i = rand_r(&seed) % 20; i > 0; i--) {
			/* 1 ns to 550 s. */
			const uint64_t ns =
				1 + ((uint64_t)rand_r(&seed) * 256 >> rand_r(&seed) % 39);

			made_flush_add(&encoding->made, series, 1 + rand_r(&seed) % 2000, ns, 1, 2);
		}
		/* If a flush is lost, so are the observations that it sent first. */
		is_lost = rand_r(&seed) % 5 == 0;
		if (is_lost && announces)
			observations = before;
		announces = is_lost || round == 0;
		before = observations;
		encoding->losses[0].dropped += is_lost;
		encoding->made.flush.last = round == 99;
		flush_observed(encoding, &observations);
	}
	assert_true(observations.bins[0] > 0 && observations.bins[HISTOGRAM_OVERFLOW] > 0);
	assert_observed(&observations, &series->total);
}

/* All requests are at one end of their bins: the average is still exact. */
static void test_average_is_exact(void **state)
{
	static const struct {
		const char *route;
		uint64_t many_ns, few_ns;
	} rows[] = {
		{ "/0", 1001, 1001 },
		{ "/1", 100 * US, 100 * US },
		{ "/2", 100 * US + 1, 101 * US },
		{ "/3", 990 * US + 1, 10 * MS },
		{ "/4", 30 * MS, 90 * MS },
		{ "/5", 1, 2 },
		{ "/6", 99000 * MS, 100000 * MS },
		{ "/7", 100001 * MS, 250000 * MS },
	};
	struct encoding *encoding = *state;
	size_t i;

	for (i = 0; i < ROWS(rows); i++) {
		struct series *series =
			made_flush_get(&encoding->made, rows[i].route, 200, 700, rows[i].many_ns);
		struct observations observations = { 0 };
		char tags[128];

		made_flush_add(&encoding->made, series, 31, rows[i].few_ns, 0, 0);
		snprintf(tags, sizeof(tags),
			 "service_name:web,http_request_method:GET,http_route:%s,"
			 "http_response_status_code:200",
			 rows[i].route);
		encoding_flush(encoding);
		observe(&observations, &encoding->lines, DURATION, tags);
		assert_int_equal(observations.count, 1);
		encoding_flush(encoding);
		observe(&observations, &encoding->lines, DURATION, tags);
		assert_observed(&observations, &series->total);
		/* At most one line for each bin, and the one that was sent first. */
		assert_true(observations.lines <= 3);
	}
}

/* A receiver reads every weight that one line can have without error. */
static void test_weights(void **state)
{
	struct encoding *encoding = *state;
	struct series *series = made_flush_get(&encoding->made, "/", 200, 0, 1);
	struct observations many = { 0 };
	uint64_t n;

	encoding_flush(encoding);
	encoding->made.flush.interval_s = 3600;
	for (n = 1; n <= 100000; n += n < 3000 ? 1 : 97) {
		struct observations observations = { 0 };

		made_flush_add(&encoding->made, series, n, 50 * MS, 0, 0);
		flush_observed(encoding, &observations);
		if (observations.count != n || observations.lines != 1)
			fail_msg("%llu became %llu", (unsigned long long)n,
				 (unsigned long long)observations.count);
	}
	/* Larger weights need several lines. */
	made_flush_add(&encoding->made, series, 1234567, 50 * MS, 0, 0);
	flush_observed(encoding, &many);
	assert_int_equal(many.count, 1234567);
	assert_int_equal(many.lines, 13);
}

/* What is too much for the receiver waits, a fair share of each series; it is reported. */
static void test_cost_is_bounded(void **state)
{
	struct encoding *encoding = *state;
	struct series *one = made_flush_get(&encoding->made, "/", 200, 0, 1);
	struct series *two = made_flush_get(&encoding->made, "/x", 200, 0, 1);
	struct observations observations = { 0 }, newest;
	unsigned int flushes;

	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, "redtap.statsd.backlog:0|g");
	encoding->made.flush.interval_s = 1;
	made_flush_add(&encoding->made, one, 150000, 5 * MS, 0, 0);
	made_flush_add(&encoding->made, one, 50000, 80 * MS, 0, 0);
	made_flush_add(&encoding->made, two, 200000, 20 * MS, 0, 0);
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, "redtap.statsd.backlog:300000|g");
	/* Counters do not wait. */
	LINES_ASSERT(&encoding->lines, BODIES ":200000|c|#" TAGS);
	observe(&observations, &encoding->lines, DURATION, TAGS);
	assert_int_equal(observations.count, 50000);
	assert_int_equal(observations.bins[histogram_bin(5 * MS)], 37500);
	for (flushes = 1; observations.count < one->total.count && flushes < 20; flushes++) {
		newest = (struct observations){ 0 };
		flush_observed(encoding, &newest);
		assert_true(newest.count <= 100000);
		observe(&observations, &encoding->lines, DURATION, TAGS);
	}
	assert_int_equal(flushes, 4);
	assert_observed(&observations, &one->total);
	encoding_flush(encoding);
	LINES_ASSERT(&encoding->lines, "redtap.statsd.backlog:0|g");
	/* The last flush sends the rest. */
	made_flush_add(&encoding->made, one, 300000, 5 * MS, 0, 0);
	encoding->made.flush.last = true;
	flush_observed(encoding, &observations);
	assert_observed(&observations, &one->total);
}

static void test_phases(void **state)
{
	struct encoding *encoding = *state;
	struct phase_series *queue =
		made_flush_phase(&encoding->made, REQUEST_PHASE_QUEUE, "web", "/x");
	struct phase_series *accept_wait =
		made_flush_phase(&encoding->made, REQUEST_PHASE_ACCEPT, "web", NULL);
	struct observations observations = { 0 };

	made_flush_add_phase(queue, 2, 4 * MS);
	made_flush_add_phase(queue, 1000, 200 * US);
	made_flush_add_phase(accept_wait, 1, 50 * MS);
	encoding_flush(encoding);
	observe(&observations, &encoding->lines, "http.server.request.phase.seconds",
		"service_name:web,http_route:/x,phase:queue");
	LINES_ASSERT(&encoding->lines, "http.server.accept.wait.seconds:50|ms|#service_name:web");
	encoding_flush(encoding);
	observe(&observations, &encoding->lines, "http.server.request.phase.seconds",
		"service_name:web,http_route:/x,phase:queue");
	assert_observed(&observations, &queue->total);
}

static void test_flask(void **state)
{
	static const char *const born[] = {
		"flask.info:1|g|#app_name:web",
		"flask.request_status_total:0|c|#app_name:web,method:GET,endpoint:/,status:200",
		"flask.request_status_total:0|c|#app_name:web,method:GET,endpoint:/,status:500",
		/* Each series sends one first. */
		"flask.request_duration_seconds:0.3|ms|#app_name:web,method:GET,endpoint:/",
		"flask.request_duration_seconds:7.25|ms|#app_name:web,method:GET,endpoint:/",
	};
	static const char *const values[] = {
		"flask.info:1|g|#app_name:web",
		"flask.request_status_total:3|c|#app_name:web,method:GET,endpoint:/,status:200",
		"flask.request_status_total:1|c|#app_name:web,method:GET,endpoint:/,status:500",
		("flask.request_duration_seconds:0.3|ms|@0.400000000000000|#app_name:web,"
		 "method:GET,endpoint:/"),
	};
	struct encoding *encoding = *state;

	made_flush_get(&encoding->made, "/", 200, 3, 300 * US);
	made_flush_get(&encoding->made, "/", 500, 1, 7250 * US);
	encoding_flush(encoding);
	lines_assert(&encoding->lines, born, ROWS(born));
	assert_int_equal(lines_count(&encoding->lines, "flask."), ROWS(born));
	encoding_flush(encoding);
	lines_assert(&encoding->lines, values, ROWS(values));
	assert_int_equal(lines_count(&encoding->lines, "flask."), ROWS(values));
	/* Otherwise only redtap's own metrics are sent. */
	assert_int_equal(lines_count(&encoding->lines, "http.server.re"), 0);
	LINES_ASSERT(&encoding->lines, "redtap.requests.counted:4|c");
	encoding_flush(encoding);
	assert_int_equal(lines_count(&encoding->lines, "flask."), 1);
}

/* Requests that the middleware does not see, and names that need escapes. */
static void test_flask_tags(void **state)
{
	static const struct {
		const char *comment, *service, *route;
		uint16_t status;
		enum transaction_error error;
		const char *tags;
	} rows[] = {
		{ "the client gave up", "web", "/a", 0, ERROR_CLIENT_ABORT,
		  "app_name:web,method:GET,endpoint:/a,status:499" },
		{ "the server gave up", "web", "/b", 0, ERROR_NO_RESPONSE,
		  "app_name:web,method:GET,endpoint:/b,status:502" },
		{ "cut off in the middle", "web", "/c", 200, ERROR_CLIENT_ABORT,
		  "app_name:web,method:GET,endpoint:/c,status:200" },
		{ "syntax", "a,b|c", "/x|@0.1,status:1\n\xff", 404, ERROR_NONE,
		  "app_name:a%2Cb%7Cc,method:GET,endpoint:/x%7C@0.1%2Cstatus:1%0A%FF,status:404" },
	};
	struct encoding *encoding = *state;
	char line[STATSD_LINE_MAX];
	size_t i;

	for (i = 0; i < ROWS(rows); i++)
		made_flush_add(&encoding->made,
			       made_flush_series(&encoding->made, rows[i].service, "GET",
						 rows[i].route, rows[i].status, rows[i].error),
			       1 + i, MS, 0, 0);
	encoding_flush(encoding);
	encoding_flush(encoding);
	for (i = 0; i < ROWS(rows); i++) {
		snprintf(line, sizeof(line), "flask.request_status_total:%zu|c|#%s", 1 + i,
			 rows[i].tags);
		if (!lines_have(&encoding->lines, line))
			fail_msg("%s: no line '%s'", rows[i].comment, line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup_otel, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_herald_is_recalled, setup_otel,
						encoding_teardown),
		cmocka_unit_test_setup_teardown(test_everything_is_observed, setup_otel,
						encoding_teardown),
		cmocka_unit_test_setup_teardown(test_average_is_exact, setup_otel,
						encoding_teardown),
		cmocka_unit_test_setup_teardown(test_weights, setup_otel, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_cost_is_bounded, setup_otel,
						encoding_teardown),
		cmocka_unit_test_setup_teardown(test_phases, setup_otel, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_flask, setup_flask, encoding_teardown),
		cmocka_unit_test_setup_teardown(test_flask_tags, setup_flask, encoding_teardown),
	};

	return cmocka_run_group_tests_name("statsd_timer", tests, NULL, NULL);
}
