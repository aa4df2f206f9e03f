/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_delivery.c - the ring of responses that wait for their acknowledgement: in order,
 * bounded, also when sequence numbers or the ring's positions wrap around.
 */
#include "unit.h"

#include "tracker/delivery.h"

/* Removes all acknowledged responses; returns their number. */
static size_t drain(struct delivery_part *part, uint32_t first_series)
{
	const struct delivery *delivery;
	size_t count = 0;

	while ((delivery = delivery_next(part))) {
		assert_int_equal(delivery->series, first_series + count);
		delivery_take(part);
		count++;
	}
	return count;
}

static void test_acknowledgements(void **state)
{
	/* The first sequence number: the numbers wrap around between the responses. */
	static const uint32_t begins[] = { 0, 1000, 0x7fffff80, 0xffffff00, 0xffffff9c, 0xffffffff };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(begins); i++) {
		const uint32_t at = begins[i];
		struct delivery_part part = { .acked = at };

		assert_null(delivery_next(&part));
		assert_true(delivery_push(&part, 5, at + 100, 7));
		assert_true(delivery_push(&part, 6, at + 200, 8));
		assert_true(delivery_push(&part, 7, at + 300, 9));
		assert_null(delivery_next(&part));
		part.acked = at + 99; /* all but the last byte */
		assert_null(delivery_next(&part));
		part.acked = at + 100;
		assert_int_equal(delivery_next(&part)->sent_ns, 5);
		assert_int_equal(drain(&part, 7), 1);
		part.acked = at + 301; /* two responses at once, and a FIN */
		assert_int_equal(drain(&part, 8), 2);
		assert_null(delivery_next(&part));
	}
}

/* Acknowledged before it is added to the ring. */
static void test_acknowledged_before(void **state)
{
	struct delivery_part part = { .acked = 500 };

	(void)state;
	assert_true(delivery_push(&part, 5, 500, 1));
	assert_int_equal(drain(&part, 1), 1);
}

static void test_full(void **state)
{
	struct delivery_part part = { .written = UINT32_MAX - 3, .taken = UINT32_MAX - 3 };
	uint32_t i;

	(void)state;
	for (i = 0; i < DELIVERIES_MAX; i++)
		assert_true(delivery_push(&part, i, (i + 1) * 10, i));
	assert_false(delivery_push(&part, i, (i + 1) * 10, i));
	part.acked = 10;
	assert_int_equal(drain(&part, 0), 1);
	assert_true(delivery_push(&part, i, (i + 1) * 10, i));
	assert_false(delivery_push(&part, i, (i + 1) * 10, i));
	part.acked = (i + 1) * 10;
	assert_int_equal(drain(&part, 1), DELIVERIES_MAX);
	assert_null(delivery_next(&part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acknowledgements),
		cmocka_unit_test(test_acknowledged_before),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
