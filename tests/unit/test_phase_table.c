/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_phase_table.c - the table of exported phases: one entry for each service, route and
 * phase; bins that wrap around.
 */
#include "unit.h"

#include "flush/measure.h"
#include "collect/phase_table.h"

/* The collector has one copy of each service name, too. */
static const char service_a[] = "a", service_b[] = "b";

#define QUEUE (1U << REQUEST_PHASE_QUEUE)
#define SEND (1U << REQUEST_PHASE_SEND)
#define ACCEPT (1U << REQUEST_PHASE_ACCEPT)

static void test_names(void **state)
{
	static const struct {
		const char *comment, *service, *route;
		uint32_t wanted;
		size_t count; /* phases in the list afterwards */
	} rows[] = {
		{ "first", service_a, "/x", QUEUE | SEND, 2 },
		{ "the same", service_a, "/x", QUEUE | SEND, 2 },
		{ "another service", service_b, "/x", QUEUE | SEND, 4 },
		{ "another route", service_a, "/xy", QUEUE | SEND, 6 },
		{ "no route", service_a, NULL, ACCEPT, 7 },
		{ "no route differs from an empty route", service_a, "", QUEUE, 8 },
		{ "no route of another service", service_b, NULL, ACCEPT, 9 },
		{ "the first again", service_a, "/x", QUEUE | SEND, 9 },
		{ "no route again", service_a, NULL, ACCEPT, 9 },
		{ "nothing wanted", service_a, "/y", 0, 9 },
	};
	struct phase_table table = { 0 };
	unsigned int phase;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		char route[16] = "";
		struct route_phases *found;

		if (rows[i].route)
			strcpy(route, rows[i].route);
		found = phase_table_get(&table, rows[i].service, rows[i].route ? route : NULL,
					rows[i].wanted);
		memset(route, '?', sizeof(route) - 1); /* the table has a copy */
		assert_non_null(found);
		if (table.count != rows[i].count)
			fail_msg("%s: %zu phases", rows[i].comment, table.count);
		for (phase = 0; phase < REQUEST_PHASE_COUNT; phase++) {
			const struct phase_series *one = found->phases[phase];

			assert_true(!one == !(rows[i].wanted & (1U << phase)));
			if (!one)
				continue;
			assert_ptr_equal(table.list[one->id], one);
			assert_int_equal(one->phase, phase);
			assert_ptr_equal(one->service, rows[i].service);
			if (rows[i].route)
				assert_string_equal(one->route, rows[i].route);
			else
				assert_null(one->route);
		}
	}
	phase_table_release(&table);
}

/* The table grows: pointers to its entries stay valid. */
static void test_growth(void **state)
{
	struct phase_table table = { 0 };
	struct phase_series *first;
	char route[16];
	size_t i;

	(void)state;
	first = phase_table_get(&table, service_a, "/0", QUEUE)->phases[REQUEST_PHASE_QUEUE];
	for (i = 0; i < 1000; i++) {
		snprintf(route, sizeof(route), "/%zu", i);
		assert_non_null(phase_table_get(&table, service_a, route, QUEUE));
	}
	assert_int_equal(table.count, 1000);
	assert_ptr_equal(table.list[0], first);
	assert_string_equal(table.list[999]->route, "/999");
	phase_table_release(&table);
}

static void test_intervals(void **state)
{
	struct phase_table table = { 0 };
	struct phase_series *queue, *send;

	(void)state;
	queue = phase_table_get(&table, service_a, "/", QUEUE)->phases[REQUEST_PHASE_QUEUE];
	phase_table_begin(&table);
	queue->now.count = 2;
	bins_add(&queue->now.bins, 7, 2);
	queue->now.sum_ns = 30;
	assert_int_equal(phase_table_end(&table), 0);
	assert_true(queue->born);
	send = phase_table_get(&table, service_a, "/", SEND)->phases[REQUEST_PHASE_SEND];
	phase_table_begin(&table);
	assert_int_equal(queue->now.count + bins_get(&queue->now.bins, 7) + queue->now.sum_ns, 0);
	queue->now.count = 1;
	bins_add(&queue->now.bins, 7, 1);
	queue->now.sum_ns = 5;
	assert_int_equal(phase_table_end(&table), 0);
	assert_false(queue->born);
	assert_true(send->born);
	assert_int_equal(queue->total.count, 3);
	assert_int_equal(bins_get(&queue->total.bins, 7), 3);
	assert_int_equal(queue->total.sum_ns, 35);
	phase_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
