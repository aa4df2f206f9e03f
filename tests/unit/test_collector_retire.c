/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_collector_retire.c - idle series free their places, and no request is lost.
 */
#include "unit.h"

#include <errno.h>

#include "abi/series_room.h"
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

/* Where more than a quarter of the places are in use: two minutes for each request. */
static void test_early_retirement(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	uint32_t once, often, i;

	(void)state;
	once = kernel_series("/once", 200);
	often = kernel_series("/often", 200);
	kernel_request(once, MS, MS, MS);
	for (i = 0; i < 10; i++)
		kernel_request(often, MS, MS, MS);
	take_at(collector, 10);
	take_at(collector, 10 + SERIES_IDLE_EACH_S); /* there is plenty of room */
	assert_true(kernel.found[once]);
	kernel_request(kernel_series("/third", 200), MS, MS, MS);
	take_at(collector, 11 + SERIES_IDLE_EACH_S);
	assert_false(kernel.found[once]);
	take_at(collector, 12 + SERIES_IDLE_EACH_S);
	assert_true(kernel.given_back[once]);
	/* its id begins anew: what the one before has counted is not its own */
	assert_int_equal(kernel_series("/next", 200), once);
	kernel_request(once, MS, MS, MS);
	take_at(collector, 13 + SERIES_IDLE_EACH_S);
	take_at(collector, 13 + 2 * SERIES_IDLE_EACH_S);
	assert_false(kernel.found[once]);
	assert_true(kernel.found[often]);
	kernel_request(kernel_series("/fourth", 200), MS, MS, MS);
	kernel_request(kernel_series("/fifth", 200), MS, MS, MS);
	take_at(collector, 9 + 10 * SERIES_IDLE_EACH_S);
	assert_true(kernel.found[often]);
	take_at(collector, 10 + 10 * SERIES_IDLE_EACH_S);
	assert_false(kernel.found[often]);
	collector_close(collector);
}

/* As the kernel does: series_room() in bpf/count/routes.bpf.h. */
static bool may_begin(enum series_claim claim)
{
	const uint32_t places = SERIES_MAX - kernel.ledger.series;
	const uint64_t names = (kernel.allowed - kernel.ledger.made + 1) / SERIES_NAMES;

	return series_may_begin(places < names ? places : names, SERIES_MAX, claim, UINT16_MAX);
}

/* Generations of names: what a run exports is bounded, and the last ones are not for new routes. */
static void test_names_are_bounded(void **state)
{
	/* of 16 names; of 8 places, two are kept from new routes, one for `other` */
	static const struct {
		enum series_claim claim;
		size_t names;
	} rows[] = { { CLAIM_NEW_ROUTE, 12 }, { CLAIM_KNOWN_ROUTE, 13 }, { CLAIM_OTHER_LAST, 14 } };
	struct collector *collector = collector_make(DEFAULT, NULL);
	unsigned int serial = 0, round;
	const struct flush *flush = NULL;
	uint64_t counted = 0;
	double now = 0;
	size_t i;

	(void)state;
	take_at(collector, now);
	kernel.allowed = SERIES_NAMES * SERIES_MAX; /* as the loader has set it */
	for (i = 0; i < ROWS(rows); i++) {
		for (round = 0; round < 4; round++) {
			now += 2 * IDLE;
			while (may_begin(rows[i].claim)) {
				char path[16];

				snprintf(path, sizeof(path), "/%u", serial++);
				kernel_request(kernel_series(path, 404), MS, MS, MS);
			}
			take_at(collector, now);
			take_at(collector, now + IDLE);
			flush = take_at(collector, now + IDLE + 1);
		}
		assert_int_equal(flush->series_count, rows[i].names);
		/* what retired now would not come back */
		assert_int_equal(flush->series_in_use, rows[i].names - 6);
	}
	for (i = 0; i < flush->series_count; i++)
		counted += flush->series[i]->total.count;
	assert_int_equal(counted, serial);
	collector_close(collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retirement),
		cmocka_unit_test(test_slow_retirement),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_early_retirement),
		cmocka_unit_test(test_names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
