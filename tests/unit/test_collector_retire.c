/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_collector_retire.c - idle series free their places, and no request is lost.
 */
#include "unit.h"

#include <errno.h>

#include "played_kernel.h"

/* An hour without a request, and a second more. */
#define IDLE (SERIES_IDLE_S + 1)

/*
 * A series is idle for an hour: its key is removed first, its id is freed later.  A request
 * that is counted in between is exported, the busy neighbour stays, and the next series
 * with this id begins at the counters' present values.
 */
static void test_retirement(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	uint32_t idle, busy, next;

	(void)state;
	idle = kernel_series("/idle", 200);
	busy = kernel_series("/busy", 200);
	kernel_request(idle, MS, MS, MS);
	kernel_request(busy, MS, MS, MS);
	take_at(collector, 10);
	kernel_request(busy, MS, MS, MS);
	flush = take_at(collector, 10 + SERIES_IDLE_S - 1);
	assert_true(kernel.found[idle]);
	assert_int_equal(flush->series_in_use, 2);

	flush = take_at(collector, 10 + IDLE);
	assert_false(kernel.found[idle]);
	assert_false(kernel.given_back[idle]);
	assert_true(kernel.found[busy]);
	assert_int_equal(kernel.waits, 1);
	kernel_request(idle, MS, MS, MS); /* its program had found the series before */
	flush = take_at(collector, 15 + IDLE);
	assert_true(kernel.given_back[idle]);
	assert_int_equal(kernel.waits, 1);
	assert_int_equal(flush->series_count, 2);
	assert_int_equal(flush->series[0]->now.count, 1);
	assert_int_equal(flush->series[0]->total.count, 2);

	next = kernel_series("/next", 200);
	assert_int_equal(next, idle);
	kernel_request(next, 2 * MS, 2 * MS, 2 * MS);
	flush = take_at(collector, 20 + IDLE);
	assert_int_equal(flush->series_in_use, 2);
	assert_int_equal(flush->series_count, 3);
	assert_string_equal(flush->series[2]->route, "/next");
	assert_int_equal(flush->series[2]->total.count, 1);
	assert_int_equal(flush->series[2]->total.sum_ns, 6 * MS);
	assert_int_equal(flush->series[0]->total.count, 2);
	assert_int_equal(flush->series[0]->now.count, 0);
	assert_int_equal(phase_find(flush, "/next", REQUEST_PHASE_QUEUE)->total.sum_ns, 2 * MS);
	assert_int_equal(phase_find(flush, "/idle", REQUEST_PHASE_QUEUE)->total.sum_ns, 2 * MS);
	collector_close(collector);
}

/* Flushes continue while programs are running; what these add is read before the id is freed. */
static void test_slow_retirement(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	uint32_t first, second;

	(void)state;
	first = kernel_series("/first", 200);
	kernel_request(first, MS, MS, MS);
	take_at(collector, 10);
	second = kernel_series("/second", 200);
	kernel_request(second, MS, MS, MS);
	take_at(collector, 20);
	kernel.busy = true;
	take_at(collector, 10 + IDLE);
	assert_false(kernel.found[first]);
	kernel_request(first, MS, MS, MS);
	/* also idle, but retires later */
	flush = take_at(collector, 20 + IDLE);
	assert_int_equal(flush->series[0]->total.count, 2);
	assert_true(kernel.found[second]);
	assert_false(kernel.given_back[first]);
	kernel_request(first, MS, MS, MS);
	/* the programs end after a flush has begun: it may not have read all */
	assert_int_equal(collector_take_at(collector, 30 + IDLE, 1, false, &flush), 0);
	kernel_request(first, MS, MS, MS);
	kernel.busy = false;
	assert_int_equal(collector_retire(collector), 0);
	assert_false(kernel.given_back[first]);
	assert_true(kernel.found[second]);
	assert_int_equal(kernel.waits, 1);

	flush = take_at(collector, 40 + IDLE);
	assert_int_equal(flush->series[0]->total.count, 4);
	assert_true(kernel.given_back[first]);
	assert_false(kernel.found[second]);
	assert_int_equal(kernel.waits, 2);
	take_at(collector, 50 + IDLE);
	assert_true(kernel.given_back[second]);

	kernel.wait_err = -EPERM;
	assert_int_equal(collector_take_at(collector, 60 + IDLE, 1, false, &flush), 0);
	assert_int_equal(collector_retire(collector), -EPERM);
	collector_close(collector);
}

/* A series that comes back continues, with another id, even before the old id is free. */
static void test_return(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	uint32_t before, after;

	(void)state;
	before = kernel_series("/a", 200);
	kernel_request(before, MS, MS, MS);
	take_at(collector, 10);
	take_at(collector, 10 + IDLE);
	assert_false(kernel.found[before]);
	after = kernel_series("/a", 200);
	assert_int_not_equal(after, before);
	kernel_request(before, MS, 0, 0);
	kernel_request(after, MS, 0, 0);
	flush = take_at(collector, 15 + IDLE);
	assert_int_equal(flush->series_count, 1);
	assert_false(flush->series[0]->born);
	assert_int_equal(flush->series[0]->now.count, 2);
	assert_int_equal(flush->series[0]->total.count, 3);
	assert_true(kernel.given_back[before] && kernel.found[after]);

	take_at(collector, 20 + 2 * IDLE);
	take_at(collector, 25 + 2 * IDLE);
	assert_true(kernel.given_back[after]);
	after = kernel_series("/a", 200);
	kernel_request(after, MS, 0, 0);
	flush = take_at(collector, 30 + 2 * IDLE);
	assert_int_equal(flush->series_count, 1);
	assert_int_equal(flush->series[0]->total.count, 4);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_QUEUE)->total.count, 4);
	collector_close(collector);
}

/* Always new names: the number of exported series is limited, with status 404 to fewer. */
static void test_names_are_bounded(void **state)
{
	static const struct {
		uint16_t status;
		size_t names;
	} rows[] = { { 404, SERIES_MAX + SERIES_MAX / 2 }, { 200, 2 * SERIES_MAX } };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct collector *collector = collector_make(DEFAULT, NULL);
		const struct flush *flush = NULL;
		unsigned int serial = 0, round;
		uint64_t sent = 0, counted = 0;
		size_t j;

		for (round = 0; round < 6; round++) {
			const double now = round * 2 * IDLE;

			while (kernel.ledger.series < SERIES_MAX) {
				char path[16];

				snprintf(path, sizeof(path), "/%u", serial++);
				kernel_request(kernel_series(path, rows[i].status), MS, MS, MS);
				sent++;
			}
			take_at(collector, now);
			take_at(collector, now + IDLE);
			flush = take_at(collector, now + IDLE + 1);
		}
		assert_int_equal(flush->series_count, rows[i].names);
		for (j = 0; j < flush->series_count; j++)
			counted += flush->series[j]->total.count;
		assert_int_equal(counted, sent);
		collector_close(collector);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retirement),
		cmocka_unit_test(test_slow_retirement),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
