/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_health.c - which facts are healthy.
 */
#include "unit.h"

#include "base/clock.h"
#include "health/health.h"

#define S NS_PER_S
#define NOW (1000 * S)

static struct health_destination destination(const void *context, size_t i)
{
	assert_int_equal(i, 0);
	return *(const struct health_destination *)context;
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *comment;
		uint64_t attached_s, flush_s, interval_s, sent_s; /* ago; sent_s 0: never */
		const char *first;                                /* line */
		const char *line;                                 /* and another one */
	} rows[] = {
		{ "all in time", 100, 3, 5, 3, "healthy\n",
		  "last flush 3.0 s ago, interval 5.0 s\n" },
		{ "just attached", 1, 1, 5, 0, "healthy\n", "nothing sent yet" },
		{ "three intervals late, and a little more", 100, 21, 5, 3, "healthy\n",
		  "a:1: last sent 3.0 s" },
		{ "later", 100, 23, 5, 3, "unhealthy: no flush for 23.0 s\n",
		  "attached for 100.0 s" },
		{ "a receiver away for a moment", 100, 1, 5, 49, "healthy\n",
		  "last sent 49.0 s ago" },
		{ "and longer", 100, 1, 5, 51, "unhealthy: 'udp://a:1' takes nothing\n",
		  "7 errors, 8 lines" },
		{ "never there", 51, 1, 5, 0, "unhealthy: 'udp://a:1' takes nothing\n",
		  "3 seen, 2 counted, 1 lost" },
		{ "an hour", 3000, 3000, 3600, 3000, "healthy\n", "output: 4 reports" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const struct health_destination one = {
			.name = "udp://a:1",
			.sent_ns = rows[i].sent_s ? 10 * NOW - rows[i].sent_s * S : 0,
			.errors = 7,
			.dropped = 8,
		};
		const struct health_facts facts = {
			.now_ns = 10 * NOW,
			.attached_ns = 10 * NOW - rows[i].attached_s * S,
			.flush_ns = 10 * NOW - rows[i].flush_s * S,
			.interval_ns = rows[i].interval_s * S,
			.seen = 3,
			.counted = 2,
			.lost = 1,
			.output_dropped = 4,
			.destination_count = 1,
			.destination = destination,
			.context = &one,
		};
		char text[HEALTH_TEXT_MAX];

		health_describe(text, &facts);
		if (strncmp(text, rows[i].first, strlen(rows[i].first)) != 0)
			fail_msg("%s: %s", rows[i].comment, text);
		assert_contains(rows[i].comment, text, rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
