/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_series_room.c - who gets a place while places are scarce.
 */
#include "unit.h"

#include "abi/series_room.h"

#define PLACES 2048

/* How many series fit in if nothing else asks; new routes are asked for so often. */
static uint32_t filled(uint32_t places, enum series_claim claim, uint32_t uses)
{
	uint32_t used = 0;

	while (used < places && series_may_begin(places - used, places, claim, uses))
		used++;
	return used;
}

static void test_claims(void **state)
{
	static const struct {
		enum series_claim claim;
		uint32_t uses, filled;
	} rows[] = {
		/* once: three eighths; each time twice as often: half of what is left */
		{ CLAIM_NEW_ROUTE, 1, 769 },    { CLAIM_NEW_ROUTE, 2, 1153 },
		{ CLAIM_NEW_ROUTE, 4, 1345 },   { CLAIM_NEW_ROUTE, 8, 1441 },
		{ CLAIM_NEW_ROUTE, 768, 1536 }, { CLAIM_NEW_ROUTE, 65535, 1536 },
		{ CLAIM_RARE_METHOD, 0, 1536 }, { CLAIM_KNOWN_ROUTE, 0, 1792 },
		{ CLAIM_OTHER, 0, 2016 },       { CLAIM_OTHER_LAST, 0, 2048 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		assert_int_equal(filled(PLACES, rows[i].claim, rows[i].uses), rows[i].filled);
}

/* Under `other` each method of RFC 9110 has room for 17 statuses, and so has `_OTHER`. */
static void test_other_keeps_statuses(void **state)
{
	const uint32_t known = filled(PLACES, CLAIM_KNOWN_ROUTE, 0);
	const uint32_t other = filled(PLACES, CLAIM_OTHER, 0);
	uint32_t method, usual = 0;

	(void)state;
	for (method = METHOD_GET; method < METHOD_COUNT; method++)
		usual += series_claim(method, CLAIM_OTHER) == CLAIM_OTHER;
	assert_int_equal(usual, 9);
	assert_true(other - known >= usual * 17);
	assert_true(PLACES - other >= 17);
	/* all 38 on one route, behind what a scanner gets for paths that come once */
	assert_true(filled(PLACES, CLAIM_NEW_ROUTE, 1) + 38 * 17 <=
		    filled(PLACES, CLAIM_RARE_METHOD, 0));
}

/* Down to one place: it is for `other`, and two are one for a route. */
static void test_few_places(void **state)
{
	uint32_t places;

	(void)state;
	for (places = 1; places < PLACES; places++) {
		const uint32_t known = filled(places, CLAIM_KNOWN_ROUTE, 0);

		assert_true(filled(places, CLAIM_NEW_ROUTE, 65535) <= known);
		assert_true(filled(places, CLAIM_NEW_ROUTE, 65535) > 0 || places == 1);
		assert_true(known < places);
		assert_true(filled(places, CLAIM_RARE_METHOD, 0) <= known);
		assert_true(filled(places, CLAIM_OTHER, 0) >= known);
		assert_int_equal(filled(places, CLAIM_OTHER_LAST, 0), places);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_other_keeps_statuses),
		cmocka_unit_test(test_few_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
