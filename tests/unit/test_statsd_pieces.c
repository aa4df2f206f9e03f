/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_statsd_pieces.c - a flush that is handed out in pieces: everybody's turn
 * comes, what was announced late waits for a scrape, and nothing is lost.
 */
#include "unit.h"

#include "lines.h"
#include "made_flush.h"
#include "statsd/statsd.h"

#define MS 1000000ULL
#define SERIES 20
#define COUNT "http.server.request.duration.seconds.count"
#define PHASE_COUNT_NAME "http.server.request.phase.seconds.count"

static const double buckets[] = { 0.1 };

struct fixture {
	struct made_flush made;
	struct statsd_encoder *encoder;
	struct statsd_losses losses;
	struct lines lines;
	char routes[SERIES][8];
};

static void fixture_init(struct fixture *fixture, enum histogram_kind histogram)
{
	static const char *const destination = "udp://h:1";
	size_t i;

	memset(fixture, 0, sizeof(*fixture));
	made_flush_init(&fixture->made);
	fixture->encoder = statsd_open(&(struct statsd_settings){ .histogram = histogram,
								  .buckets = buckets,
								  .bucket_count = ROWS(buckets),
								  .version = "1",
								  .hooks = "h",
								  .kernel = "k",
								  .destinations = &destination,
								  .destination_count = 1 });
	assert_non_null(fixture->encoder);
	for (i = 0; i < SERIES; i++) {
		snprintf(fixture->routes[i], sizeof(fixture->routes[i]), "/%zu", i);
		made_flush_series(&fixture->made, "web", "GET", fixture->routes[i], 200,
				  ERROR_NONE);
	}
}

static void fixture_release(struct fixture *fixture)
{
	lines_release(&fixture->lines);
	statsd_close(fixture->encoder);
	made_flush_release(&fixture->made);
}

static void begin(struct fixture *fixture)
{
	lines_release(&fixture->lines);
	statsd_begin(fixture->encoder, &fixture->made.flush, &fixture->losses, 0, lines_take,
		     &fixture->lines);
}

/* Lines with a route's count of so many. */
static bool has_count(const struct fixture *fixture, size_t series, const char *value)
{
	char line[256];

	snprintf(line, sizeof(line),
		 COUNT ":%s|c|#service_name:web,http_request_method:GET,http_route:%s,"
		       "http_response_status_code:200",
		 value, fixture->routes[series]);
	return lines_have(&fixture->lines, line);
}

static void test_one_at_a_time(void **state)
{
	struct fixture fixture;
	size_t i;

	(void)state;
	fixture_init(&fixture, HISTOGRAM_BUCKETS);
	begin(&fixture);
	assert_true(lines_have(&fixture.lines, "redtap.series:20|g"));
	assert_int_equal(lines_count(&fixture.lines, COUNT), 0);
	for (i = 0; i < SERIES; i++) {
		assert_int_equal(statsd_go_on(fixture.encoder, 1), i + 1 < SERIES);
		assert_int_equal(lines_count(&fixture.lines, COUNT), i + 1);
		assert_true(has_count(&fixture, i, "0"));
	}
	assert_int_equal(statsd_go_on(fixture.encoder, 1), 0);
	assert_int_equal(lines_count(&fixture.lines, COUNT), SERIES);
	fixture_release(&fixture);
}

/* The first piece's values come with the next flush, those of the others one later. */
static void test_late_announcements(void **state)
{
	struct fixture fixture;
	size_t i;

	(void)state;
	fixture_init(&fixture, HISTOGRAM_BUCKETS);
	for (i = 0; i < SERIES; i++)
		made_flush_add(&fixture.made, fixture.made.series[i], 3, MS, 0, 0);
	begin(&fixture);
	assert_int_equal(statsd_go_on(fixture.encoder, 1), 1);
	assert_int_equal(statsd_go_on(fixture.encoder, SIZE_MAX), 0);
	assert_int_equal(lines_count(&fixture.lines, COUNT ":0|"), SERIES);
	begin(&fixture);
	assert_int_equal(statsd_go_on(fixture.encoder, SIZE_MAX), 0);
	assert_int_equal(lines_count(&fixture.lines, COUNT), 1);
	assert_true(has_count(&fixture, 0, "3"));
	begin(&fixture);
	assert_int_equal(statsd_go_on(fixture.encoder, SIZE_MAX), 0);
	assert_int_equal(lines_count(&fixture.lines, COUNT), SERIES - 1);
	assert_true(has_count(&fixture, 1, "3") && has_count(&fixture, SERIES - 1, "3"));
	fixture_release(&fixture);
}

/* A receiver that is never done before the next flush: all have their turns all the same. */
static void test_everybody_has_a_turn(void **state)
{
	struct fixture fixture;
	struct phase_series *phase;
	size_t turns[SERIES] = { 0 }, phases = 0, round, i;

	(void)state;
	fixture_init(&fixture, HISTOGRAM_BUCKETS);
	phase = made_flush_phase(&fixture.made, REQUEST_PHASE_QUEUE, "web", "/0");
	for (round = 0; round < 30; round++) {
		for (i = 0; i < SERIES; i++)
			made_flush_add(&fixture.made, fixture.made.series[i], 1, MS, 0, 0);
		made_flush_add_phase(phase, 1, MS);
		begin(&fixture);
		for (i = 0; i < 7; i++)
			assert_int_equal(statsd_go_on(fixture.encoder, 1), 1);
		assert_int_equal(lines_count(&fixture.lines, COUNT) +
					 lines_count(&fixture.lines, PHASE_COUNT_NAME),
				 7);
		phases += lines_count(&fixture.lines, PHASE_COUNT_NAME);
		for (i = 0; i < SERIES; i++) {
			char route[32];
			size_t j;

			snprintf(route, sizeof(route), "http_route:%s,", fixture.routes[i]);
			for (j = 0; j < fixture.lines.count; j++)
				turns[i] += strncmp(fixture.lines.items[j], COUNT, strlen(COUNT)) ==
						    0 &&
					    strstr(fixture.lines.items[j], route);
		}
	}
	/* 30 times 7 turns of 21 */
	assert_int_equal(phases, 10);
	for (i = 0; i < SERIES; i++)
		assert_int_equal(turns[i], 10);
	fixture_release(&fixture);
}

/* Whatever the pieces are, with outages and new series between: the end has all of it. */
static void check_sums(enum histogram_kind histogram, const char *name)
{
	struct fixture fixture;
	uint64_t sent = 0, got = 0;
	unsigned int seed = 11, round;
	size_t i;

	fixture_init(&fixture, histogram);
	fixture.made.flush.series_count = 3;
	for (round = 0; round < 200; round++) {
		int more = 1;

		if (round % 10 == 0 && fixture.made.flush.series_count < SERIES)
			fixture.made.flush.series_count++;
		for (i = 0; i < fixture.made.flush.series_count; i++) {
			const uint64_t n = rand_r(&seed) % 3;

			made_flush_add(&fixture.made, fixture.made.series[i], n, MS << i % 8, 0, 0);
			sent += n;
		}
		/* nothing is lost here: what went ahead of a timer would be there twice */
		fixture.losses.errors += histogram == HISTOGRAM_BUCKETS && rand_r(&seed) % 20 == 0;
		fixture.made.flush.last = round == 199;
		begin(&fixture);
		for (i = rand_r(&seed) % 9; more > 0 && (fixture.made.flush.last || i > 0); i--)
			more = statsd_go_on(fixture.encoder, rand_r(&seed) % 4000);
		assert_true(more == 0 || !fixture.made.flush.last);
		for (i = 0; i < fixture.lines.count; i++) {
			const char *line = fixture.lines.items[i];
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
	fixture.made.flush.series_count = SERIES; /* all of them are owned */
	fixture_release(&fixture);
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
