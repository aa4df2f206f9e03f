/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd_timer.c - timers and the names of the Flask middleware: the
 * observations that a receiver makes of the lines, against what was measured.
 */
#include "unit.h"

#include <math.h>

#include "abi/histogram.h"
#include "lines.h"
#include "made_flush.h"
#include "statsd/statsd.h"

#define MS 1000000ULL
#define US 1000ULL

#define DURATION "http.server.request.duration.seconds"
#define TAGS "service_name:web,http_request_method:GET,http_route:/,http_response_status_code:200"

static const char *const destination[] = { "udp://h:1" };

struct fixture {
	struct made_flush made;
	struct statsd_encoder *encoder;
	struct lines lines;
	struct statsd_losses losses;
};

static struct fixture *open_fixture(enum metrics_kind metrics)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct statsd_settings settings = { .metrics = metrics,
						  .histogram = HISTOGRAM_TIMER,
						  .version = "1.2.3",
						  .hooks = "tracepoint",
						  .kernel = "6.18.0",
						  .destinations = destination,
						  .destination_count = 1 };

	assert_non_null(fixture);
	made_flush_init(&fixture->made);
	fixture->encoder = statsd_open(&settings);
	assert_non_null(fixture->encoder);
	return fixture;
}

static int setup_otel(void **state)
{
	*state = open_fixture(METRICS_OTEL);
	return 0;
}

static int setup_flask(void **state)
{
	*state = open_fixture(METRICS_FLASK);
	return 0;
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
	statsd_begin(fixture->encoder, &fixture->made.flush, &fixture->losses, 0.0125, lines_take,
		     &fixture->lines);
	assert_int_equal(statsd_go_on(fixture->encoder, SIZE_MAX), 0);
	made_flush_next(&fixture->made);
}

/* What a receiver makes of the timers of one name and these tags. */
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
		/* As statsd_exporter does it. */
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
	/* Half a nanosecond for each that is still to come. */
	if (fabs(observations->sum_s - total->sum_ns / 1e9) > total->count * 0.5e-9 + 1e-9)
		fail_msg("sum %.9f of %.9f s", observations->sum_s, total->sum_ns / 1e9);
}

static void test_values(void **state)
{
	/* One request each, then three at once: what the lines are. */
	static const char *const expected[] = {
		DURATION ":0.30437|ms|#" TAGS,
		DURATION ":5|ms|#" TAGS,
		DURATION ":2000.000001|ms|@0.285714285714286|#" TAGS,
	};
	struct fixture *fixture = *state;
	struct series *series =
		made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	struct observations observations = { 0 };

	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, DURATION), 0);
	assert_true(lines_have(&fixture->lines,
			       "http.server.response.body.size.bytes.count:0|c|#" TAGS));
	made_flush_add(&fixture->made, series, 1, 304370, 0, 10);
	encode(fixture);
	lines_assert(&fixture->lines, &expected[0], 1);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	made_flush_add(&fixture->made, series, 1, 5 * MS, 0, 10);
	encode(fixture);
	lines_assert(&fixture->lines, &expected[1], 1);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	made_flush_add(&fixture->made, series, 3, 2000 * MS + 1, 0, 10);
	encode(fixture);
	lines_assert(&fixture->lines, &expected[2], 1);
	assert_true(lines_have(&fixture->lines,
			       "http.server.response.body.size.bytes.count:3|c|#" TAGS));
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_observed(&observations, &series->total);
	/* Nothing new is nothing sent. */
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), 0);
}

/* The receiver was away when one went ahead: it goes again, nothing twice, nothing lost. */
static void test_herald_is_recalled(void **state)
{
	struct fixture *fixture = *state;
	struct series *series =
		made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	struct observations observations = { 0 };

	made_flush_add(&fixture->made, series, 5, 20 * MS, 0, 0);
	encode(fixture);
	assert_true(lines_have(&fixture->lines, DURATION ":20|ms|#" TAGS));
	fixture->losses.errors = 1;
	encode(fixture);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_int_equal(observations.count, 1);
	encode(fixture);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_observed(&observations, &series->total);
	/* Away again, long after the birth: what was sent stays sent, one more goes ahead. */
	fixture->losses.errors = 2;
	made_flush_add(&fixture->made, series, 3, 30 * MS, 0, 0);
	encode(fixture);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_int_equal(observations.count, 6);
	encode(fixture);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_observed(&observations, &series->total);
}

/* Counts, bins and sums over many flushes, with all magnitudes, and outages. */
static void test_everything_is_observed(void **state)
{
	struct fixture *fixture = *state;
	struct series *series =
		made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	struct observations observations = { 0 }, before = { 0 };
	bool announces = true, is_lost;
	unsigned int seed = 3, round, i;

	for (round = 0; round < 100; round++) {
		for (i = rand_r(&seed) % 20; i > 0; i--) {
			/* 1 ns to 550 s. */
			const uint64_t ns =
				1 + ((uint64_t)rand_r(&seed) * 256 >> rand_r(&seed) % 39);

			made_flush_add(&fixture->made, series, 1 + rand_r(&seed) % 2000, ns, 1, 2);
		}
		/* Of a flush that is lost, what went ahead in it is too. */
		is_lost = rand_r(&seed) % 5 == 0;
		if (is_lost && announces)
			observations = before;
		announces = is_lost || round == 0;
		before = observations;
		fixture->losses.dropped += is_lost;
		fixture->made.flush.last = round == 99;
		encode(fixture);
		observe(&observations, &fixture->lines, DURATION, TAGS);
	}
	assert_true(observations.bins[0] > 0 && observations.bins[HISTOGRAM_OVERFLOW] > 0);
	assert_observed(&observations, &series->total);
}

/* Requests that all lie at one end of their bins: the average is exact all the same. */
static void test_average_is_exact(void **state)
{
	static const uint64_t durations_ns[][2] = {
		{ 1001, 1001 },
		{ 100 * US, 100 * US },
		{ 100 * US + 1, 101 * US },
		{ 990 * US + 1, 10 * MS },
		{ 30 * MS, 90 * MS },
		{ 1, 2 },
		{ 99000 * MS, 100000 * MS },
		{ 100001 * MS, 250000 * MS },
	};
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < ROWS(durations_ns); i++) {
		static const char *const routes[] = {
			"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"
		};
		struct series *series =
			made_flush_series(&fixture->made, "web", "GET", routes[i], 200, ERROR_NONE);
		struct observations observations = { 0 };
		char tags[128];

		made_flush_add(&fixture->made, series, 700, durations_ns[i][0], 0, 0);
		made_flush_add(&fixture->made, series, 31, durations_ns[i][1], 0, 0);
		snprintf(tags, sizeof(tags),
			 "service_name:web,http_request_method:GET,http_route:/%zu,"
			 "http_response_status_code:200",
			 i);
		encode(fixture);
		observe(&observations, &fixture->lines, DURATION, tags);
		assert_int_equal(observations.count, 1);
		encode(fixture);
		observe(&observations, &fixture->lines, DURATION, tags);
		assert_observed(&observations, &series->total);
		/* A line a bin, no more, and the one that went ahead. */
		assert_true(observations.lines <= 3);
	}
}

/* Every weight up to what one line may have comes out as itself. */
static void test_weights(void **state)
{
	struct fixture *fixture = *state;
	struct series *series =
		made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	uint64_t n;

	encode(fixture);
	fixture->made.flush.interval_s = 3600;
	for (n = 1; n <= 100000; n += n < 3000 ? 1 : 97) {
		struct observations observations = { 0 };

		made_flush_add(&fixture->made, series, n, 50 * MS, 0, 0);
		encode(fixture);
		observe(&observations, &fixture->lines, DURATION, TAGS);
		if (observations.count != n || observations.lines != 1)
			fail_msg("%llu became %llu", (unsigned long long)n,
				 (unsigned long long)observations.count);
	}
	/* More than that are several lines. */
	made_flush_add(&fixture->made, series, 1234567, 50 * MS, 0, 0);
	encode(fixture);
	{
		struct observations observations = { 0 };

		observe(&observations, &fixture->lines, DURATION, TAGS);
		assert_int_equal(observations.count, 1234567);
		assert_int_equal(observations.lines, 13);
	}
}

/* What is too much for the receiver waits, a fair share of everything, and is told. */
static void test_cost_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct series *one = made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	struct series *two = made_flush_series(&fixture->made, "web", "GET", "/x", 200, ERROR_NONE);
	struct observations observations = { 0 }, newest;
	unsigned int flushes;

	encode(fixture);
	assert_true(lines_have(&fixture->lines, "redtap.statsd.backlog:0|g"));
	fixture->made.flush.interval_s = 1;
	made_flush_add(&fixture->made, one, 150000, 5 * MS, 0, 0);
	made_flush_add(&fixture->made, one, 50000, 80 * MS, 0, 0);
	made_flush_add(&fixture->made, two, 200000, 20 * MS, 0, 0);
	encode(fixture);
	assert_true(lines_have(&fixture->lines, "redtap.statsd.backlog:300000|g"));
	/* Counters do not wait. */
	assert_true(lines_have(&fixture->lines,
			       "http.server.response.body.size.bytes.count:200000|c|#" TAGS));
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_int_equal(observations.count, 50000);
	assert_int_equal(observations.bins[histogram_bin(5 * MS)], 37500);
	for (flushes = 1; observations.count < one->total.count && flushes < 20; flushes++) {
		newest = (struct observations){ 0 };
		encode(fixture);
		observe(&newest, &fixture->lines, DURATION, TAGS);
		assert_true(newest.count <= 100000);
		observe(&observations, &fixture->lines, DURATION, TAGS);
	}
	assert_int_equal(flushes, 4);
	assert_observed(&observations, &one->total);
	encode(fixture);
	assert_true(lines_have(&fixture->lines, "redtap.statsd.backlog:0|g"));
	/* The last flush leaves nothing. */
	made_flush_add(&fixture->made, one, 300000, 5 * MS, 0, 0);
	fixture->made.flush.last = true;
	encode(fixture);
	observe(&observations, &fixture->lines, DURATION, TAGS);
	assert_observed(&observations, &one->total);
}

static void test_phases(void **state)
{
	struct fixture *fixture = *state;
	struct phase_series *queue =
		made_flush_phase(&fixture->made, REQUEST_PHASE_QUEUE, "web", "/x");
	struct phase_series *accept_wait =
		made_flush_phase(&fixture->made, REQUEST_PHASE_ACCEPT, "web", NULL);
	struct observations observations = { 0 };

	made_flush_add_phase(queue, 2, 4 * MS);
	made_flush_add_phase(queue, 1000, 200 * US);
	made_flush_add_phase(accept_wait, 1, 50 * MS);
	encode(fixture);
	observe(&observations, &fixture->lines, "http.server.request.phase.seconds",
		"service_name:web,http_route:/x,phase:queue");
	assert_true(lines_have(&fixture->lines,
			       "http.server.accept.wait.seconds:50|ms|#service_name:web"));
	encode(fixture);
	observe(&observations, &fixture->lines, "http.server.request.phase.seconds",
		"service_name:web,http_route:/x,phase:queue");
	assert_observed(&observations, &queue->total);
}

static void test_flask(void **state)
{
	static const char *const born[] = {
		"flask.info:1|g|#app_name:web",
		"flask.request_status_total:0|c|#app_name:web,method:GET,endpoint:/,status:200",
		"flask.request_status_total:0|c|#app_name:web,method:GET,endpoint:/,status:500",
		/* One goes ahead of each. */
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
	struct fixture *fixture = *state;
	struct series *fine = made_flush_series(&fixture->made, "web", "GET", "/", 200, ERROR_NONE);
	struct series *bad = made_flush_series(&fixture->made, "web", "GET", "/", 500, ERROR_NONE);

	made_flush_add(&fixture->made, fine, 3, 300 * US, 1, 2);
	made_flush_add(&fixture->made, bad, 1, 7250 * US, 1, 2);
	encode(fixture);
	lines_assert(&fixture->lines, born, ROWS(born));
	assert_int_equal(lines_count(&fixture->lines, "flask."), ROWS(born));
	encode(fixture);
	lines_assert(&fixture->lines, values, ROWS(values));
	assert_int_equal(lines_count(&fixture->lines, "flask."), ROWS(values));
	/* redtap's own metrics come beside them, nothing else does. */
	assert_int_equal(lines_count(&fixture->lines, "http.server.re"), 0);
	assert_true(lines_have(&fixture->lines, "redtap.requests.counted:4|c"));
	encode(fixture);
	assert_int_equal(lines_count(&fixture->lines, "flask."), 1);
}

/* What the middleware could not have seen, and what has to be escaped. */
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
	struct fixture *fixture = *state;
	char line[STATSD_LINE_MAX];
	size_t i;

	for (i = 0; i < ROWS(rows); i++)
		made_flush_add(&fixture->made,
			       made_flush_series(&fixture->made, rows[i].service, "GET",
						 rows[i].route, rows[i].status, rows[i].error),
			       1 + i, MS, 0, 0);
	encode(fixture);
	encode(fixture);
	for (i = 0; i < ROWS(rows); i++) {
		snprintf(line, sizeof(line), "flask.request_status_total:%zu|c|#%s", 1 + i,
			 rows[i].tags);
		if (!lines_have(&fixture->lines, line))
			fail_msg("%s: no line '%s'", rows[i].comment, line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_herald_is_recalled, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_everything_is_observed, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_average_is_exact, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_weights, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_cost_is_bounded, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_phases, setup_otel, teardown),
		cmocka_unit_test_setup_teardown(test_flask, setup_flask, teardown),
		cmocka_unit_test_setup_teardown(test_flask_tags, setup_flask, teardown),
	};

	return cmocka_run_group_tests_name("statsd_timer", tests, NULL, NULL);
}
