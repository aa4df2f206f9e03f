/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_series_table.c - the table of exported series: one entry for each name, ids in order.
 */
#include "unit.h"

#include "collect/series_table.h"

/* The collector has one copy of each service name and method, too. */
static const char service_a[] = "a", service_b[] = "b", get[] = "GET", post[] = "POST";

static void test_names(void **state)
{
	static const struct {
		const char *comment, *service, *method, *route;
		uint16_t status;
		enum transaction_error error;
		uint32_t id;
	} rows[] = {
		{ "first", service_a, get, "/x", 200, ERROR_NONE, 0 },
		{ "the same", service_a, get, "/x", 200, ERROR_NONE, 0 },
		{ "another service", service_b, get, "/x", 200, ERROR_NONE, 1 },
		{ "another method", service_a, post, "/x", 200, ERROR_NONE, 2 },
		{ "another route", service_a, get, "/xy", 200, ERROR_NONE, 3 },
		{ "another status", service_a, get, "/x", 201, ERROR_NONE, 4 },
		{ "another error", service_a, get, "/x", 200, ERROR_CLIENT_ABORT, 5 },
		{ "no answer", service_a, get, "/x", 0, ERROR_NO_RESPONSE, 6 },
		{ "the first again", service_a, get, "/x", 200, ERROR_NONE, 0 },
		{ "the last again", service_a, get, "/x", 0, ERROR_NO_RESPONSE, 6 },
	};
	struct series_table table;
	size_t i;

	(void)state;
	series_table_init(&table, ROWS(rows));
	for (i = 0; i < ROWS(rows); i++) {
		char route[16];
		struct series wanted = { .service = rows[i].service,
					 .method = rows[i].method,
					 .route = route,
					 .status = rows[i].status,
					 .error = rows[i].error };
		struct series *series;

		snprintf(route, sizeof(route), "%s", rows[i].route);
		series = series_table_get(&table, &wanted);
		memset(route, 'z', sizeof(route)); /* the table must have a copy of the route */
		assert_non_null(series);
		if (series->id != rows[i].id)
			fail_msg("%s: id %u", rows[i].comment, series->id);
		assert_ptr_equal(table.list[series->id], series);
		assert_string_equal(series->route, rows[i].route);
		assert_int_equal(series->total.count, 0);
	}
	assert_int_equal(table.count, 7);
	series_table_release(&table);
}

/* The table takes as many as it has room for and finds each again; one more is refused. */
static void check_full(size_t room)
{
	struct series_table table;
	char route[32];
	struct series wanted = { .service = service_a, .method = get, .route = route };
	size_t i, round;

	series_table_init(&table, room);
	for (round = 0; round < 2; round++)
		for (i = 0; i < room; i++) {
			struct series *series;

			snprintf(route, sizeof(route), "/%zu/x", i);
			series = series_table_get(&table, &wanted);
			assert_non_null(series);
			assert_int_equal(series->id, i);
		}
	assert_int_equal(table.count, room);
	snprintf(route, sizeof(route), "/one/more");
	assert_null(series_table_get(&table, &wanted));
	series_table_release(&table);
}

static void test_full(void **state)
{
	(void)state;
	check_full(1);
	check_full(2);
	check_full(1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("series_table", tests, NULL, NULL);
}
