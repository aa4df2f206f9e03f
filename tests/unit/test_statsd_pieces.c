/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd_pieces.c - a flush that is sent in pieces: each series gets its turn, values
 * follow the announcement with 0 one scrape later, and nothing is lost.
 */
#include "unit.h"

#include "encoding.h"

#define MS 1000000ULL
#define SERIES 20
#define COUNT "http.server.request.duration.seconds.count"
#define PHASE_COUNT_NAME "http.server.request.phase.seconds.count"

static const double buckets[] = { 0.1 };

static char routes[SERIES][8];

static struct encoding *open_series(enum histogram_kind histogram)
{
	struct encoding *encoding = encoding_open((struct statsd_settings){
		.histogram = histogram, .buckets = buckets, .bucket_count = ROWS(buckets) });
	size_t i;

	for (i = 0; i < SERIES; i++) {
		snprintf(routes[i], sizeof(routes[i]), "/%zu", i);
		made_flush_get(&encoding->made, routes[i], 200, 0, 1);
	}
	return encoding;
}

/* Whether there is a line with this count of a route. */
static bool has_count(const struct encoding *encoding, size_t series, const char *value)
{
	char line[256];

	snprintf(line, sizeof(line),
		 COUNT ":%s|c|#service_name:web,http_request_method:GET,http_route:%s,"
		       "http_response_status_code:200",
		 value, routes[series]);
	return lines_have(&encoding->lines, line);
}

static void test_one_at_a_time(void **state)
{
	struct encoding *encoding = open_series(HISTOGRAM_BUCKETS);
	size_t i;

	(void)state;
	encoding_begin(encoding);
	LINES_ASSERT(&encoding->lines, "redtap.series:20|g");
	assert_int_equal(lines_count(&encoding->lines, COUNT), 0);
	for (i = 0; i < SERIES; i++) {
		assert_int_equal(statsd_go_on(encoding->encoder, 1), i + 1 < SERIES);
		assert_int_equal(lines_count(&encoding->lines, COUNT), i + 1);
		assert_true(has_count(encoding, i, "0"));
	}
	assert_int_equal(statsd_go_on(encoding->encoder, 1), 0);
	assert_int_equal(lines_count(&encoding->lines, COUNT), SERIES);
	encoding_teardown((void **)&encoding);
}

/* Values of the first piece come with the next flush, those of other pieces one flush later. */
static void test_late_announcements(void **state)
{
	struct encoding *encoding = open_series(HISTOGRAM_BUCKETS);
	size_t i;

	(void)state;
	for (i = 0; i < SERIES; i++)
		made_flush_add(&encoding->made, encoding->made.series[i], 3, MS, 0, 0);
	encoding_begin(encoding);
	assert_int_equal(statsd_go_on(encoding->encoder, 1), 1);
	assert_int_equal(statsd_go_on(encoding->encoder, SIZE_MAX), 0);
	assert_int_equal(lines_count(&encoding->lines, COUNT ":0|"), SERIES);
	encoding_begin(encoding);
	assert_int_equal(statsd_go_on(encoding->encoder, SIZE_MAX), 0);
	assert_int_equal(lines_count(&encoding->lines, COUNT), 1);
	assert_true(has_count(encoding, 0, "3"));
	encoding_begin(encoding);
	assert_int_equal(statsd_go_on(encoding->encoder, SIZE_MAX), 0);
	assert_int_equal(lines_count(&encoding->lines, COUNT), SERIES - 1);
	assert_true(has_count(encoding, 1, "3") && has_count(encoding, SERIES - 1, "3"));
	encoding_teardown((void **)&encoding);
}

/* Each flush is interrupted by the next one: each series still gets its turn. */
static void test_everybody_has_a_turn(void **state)
{
	struct encoding *encoding = open_series(HISTOGRAM_BUCKETS);
	struct phase_series *phase;
	size_t turns[SERIES] = { 0 }, phases = 0, round, i;

	(void)state;
	phase = made_flush_phase(&encoding->made, REQUEST_PHASE_QUEUE, "web", "/0");
	for (round = 0; round < 30; round++) {
		for (i = 0; i < SERIES; i++)
			made_flush_add(&encoding->made, encoding->made.series[i], 1, MS, 0, 0);
		made_flush_add_phase(phase, 1, MS);
		encoding_begin(encoding);
		for (i = 0; i < 7; i++)
			assert_int_equal(statsd_go_on(encoding->encoder, 1), 1);
		assert_int_equal(lines_count(&encoding->lines, COUNT) +
					 lines_count(&encoding->lines, PHASE_COUNT_NAME),
				 7);
		phases += lines_count(&encoding->lines, PHASE_COUNT_NAME);
		for (i = 0; i < SERIES; i++) {
			char route[32];
			size_t j;

			snprintf(route, sizeof(route), "http_route:%s,", routes[i]);
			for (j = 0; j < encoding->lines.count; j++)
				turns[i] += strncmp(encoding->lines.items[j], COUNT,
						    strlen(COUNT)) == 0 &&
					    strstr(encoding->lines.items[j], route);
		}
	}
	/* 30 times 7 turns of 21 */
	assert_int_equal(phases, 10);
	for (i = 0; i < SERIES; i++)
		assert_int_equal(turns[i], 10);
	encoding_teardown((void **)&encoding);
}

/* Pieces of any size, with outages and new series in between: at the end all is sent. */
static void check_sums(enum histogram_kind histogram, const char *name)
{
	struct encoding *encoding = open_series(histogram);
	uint64_t sent = 0, got = 0;
	unsigned int seed = 11, round;
	size_t i;

	encoding->made.flush.series_count = 3;
	for (round = 0; round < 200; round++) {
		int more = 1;

		if (round % 10 == 0 && encoding->made.flush.series_count < SERIES)
			encoding->made.flush.series_count++;
		for (i = 0; i < encoding->made.flush.series_count; i++) {
			const uint64_t n = rand_r(&seed) % 3;

			made_flush_add(&encoding->made, encoding->made.series[i], n, MS << i % 8, 0,
				       0);
			sent += n;
		}
		/* no outages with timers: the observation that is sent first would count twice */
		encoding->losses[0].errors += histogram == HISTOGRAM_BUCKETS &&
					      rand_r(&seed) % 20 == 0;
		encoding->made.flush.last = round == 199;
		encoding_begin(encoding);
		for (i = rand_r(&seed) % 9; more > 0 && (encoding->made.flush.last || i > 0); i--)
			more = statsd_go_on(encoding->encoder, rand_r(&seed) % 4000);
		assert_true(more == 0 || !encoding->made.flush.last);
		for (i = 0; i < encoding->lines.count; i++) {
			const char *line = encoding->lines.items[i];
			const char *rate = strstr(line, "|ms|@");

			if (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
				continue;
			if (histogram == HISTOGRAM_BUCKETS)
				got += strtoull(line + strlen(name) + 1, NULL, 10);
			else
				got += rate ? (uint64_t)(1 / strtod(rate + 5, NULL)) : 1;
		}
	}
	assert_true(sent > 1000);
	assert_int_equal(got, sent);
	encoding->made.flush.series_count = SERIES; /* so that all are freed */
	encoding_teardown((void **)&encoding);
}

static void test_sums_are_exact(void **state)
{
	(void)state;
	check_sums(HISTOGRAM_BUCKETS, COUNT);
	check_sums(HISTOGRAM_TIMER, "http.server.request.duration.seconds");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_late_announcements),
		cmocka_unit_test(test_everybody_has_a_turn),
		cmocka_unit_test(test_sums_are_exact),
	};

	return cmocka_run_group_tests_name("statsd pieces", tests, NULL, NULL);
}
