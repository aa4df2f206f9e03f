/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_collector.c - the collector: differences between two readings, sums over routes and
 * phases.
 */
#include "unit.h"

#include "abi/histogram.h"
#include "played_kernel.h"

/* Series of one route share its phases; what was read before is not counted again. */
static void test_differences(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct phase_series *queue, *service, *send;
	const struct flush *flush;
	uint32_t ok, bad;

	(void)state;
	ok = kernel_series("/a", 200);
	bad = kernel_series("/a", 500);
	kernel_request(ok, 2 * MS, 10 * MS, 1);
	kernel_request(ok, 4 * MS, 30 * MS, 0);
	kernel_request(bad, 6 * MS, 1 * MS, 5);
	flush = take(collector);
	assert_int_equal(flush->series_count, 2);
	assert_int_equal(flush->phase_count, 3);
	queue = phase_find(flush, "/a", REQUEST_PHASE_QUEUE);
	service = phase_find(flush, "/a", REQUEST_PHASE_SERVICE);
	send = phase_find(flush, "/a", REQUEST_PHASE_SEND);
	assert_true(queue->born && service->born && send->born);
	assert_int_equal(queue->now.count, 3);
	assert_int_equal(queue->now.sum_ns, 12 * MS);
	assert_int_equal(bins_get(&queue->now.bins, histogram_bin(4 * MS)), 1);
	assert_int_equal(service->now.sum_ns, 41 * MS);
	assert_int_equal(send->now.sum_ns, 6);
	assert_int_equal(flush->series[0]->now.phases[REQUEST_PHASE_QUEUE].count, 2);
	assert_int_equal(flush->series[0]->now.phases[REQUEST_PHASE_QUEUE].sum_ns, 6 * MS);
	assert_int_equal(flush->series[1]->now.phases[REQUEST_PHASE_SEND].sum_ns, 5);

	kernel_request(bad, 1 * MS, 1 * MS, 1 * MS);
	take(collector);
	assert_false(queue->born);
	assert_int_equal(queue->now.count, 1);
	assert_int_equal(queue->now.sum_ns, 1 * MS);
	assert_int_equal(queue->total.count, 4);
	assert_int_equal(queue->total.sum_ns + service->total.sum_ns + send->total.sum_ns,
			 flush->series[0]->total.sum_ns + flush->series[1]->total.sum_ns);
	take(collector);
	assert_int_equal(queue->now.count + service->now.count + send->now.count, 0);
	assert_int_equal(flush->series[1]->now.phases[REQUEST_PHASE_QUEUE].count, 0);
	assert_int_equal(flush->series[1]->total.phases[REQUEST_PHASE_QUEUE].count, 2);
	collector_close(collector);
}

/* The times before the hooks are live are in no interval. */
static void test_times(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;

	(void)state;
	collector_begin(collector, 1000);
	flush = take_at(collector, 1002);
	assert_true(flush->interval_s == 2 && flush->run_s == 2);
	flush = take_at(collector, 1005);
	assert_true(flush->interval_s == 3 && flush->run_s == 5);
	collector_close(collector);
}

/* Bins (32 bits) and sums (64 bits) wrap around. */
static void test_wrapping(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct phase_series *queue;
	uint32_t id;

	(void)state;
	id = kernel_series("/a", 200);
	kernel_request(id, 2 * MS, 0, 0);
	take(collector);
	/* as after many requests */
	kernel.phases[id][REQUEST_PHASE_QUEUE].bins[histogram_bin(2 * MS)] = UINT32_MAX;
	kernel.phases[id][REQUEST_PHASE_QUEUE].sum_ns = UINT64_MAX - 1;
	kernel_request(id, MS, 0, 0);
	take(collector);
	kernel_request(id, 2 * MS, 0, 0);
	queue = phase_find(take(collector), "/a", REQUEST_PHASE_QUEUE);
	assert_int_equal(kernel.phases[id][REQUEST_PHASE_QUEUE].bins[histogram_bin(2 * MS)], 0);
	assert_int_equal(queue->now.count, 1);
	assert_int_equal(bins_get(&queue->now.bins, histogram_bin(2 * MS)), 1);
	assert_int_equal(queue->now.sum_ns, 2 * MS);
	collector_close(collector);
}

static void test_some_phases(void **state)
{
	static const uint32_t rows[] = { 0, 1U << REQUEST_PHASE_QUEUE, 1U << REQUEST_PHASE_SEND,
					 DEFAULT };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct collector *collector = collector_make(rows[i], NULL);
		const struct flush *flush;
		size_t j;

		kernel_request(kernel_series("/a", 200), MS, 2 * MS, 3 * MS);
		flush = take(collector);
		assert_int_equal(flush->phase_count, __builtin_popcount(rows[i]));
		for (j = 0; j < flush->phase_count; j++)
			assert_true(rows[i] & (1U << flush->phases[j]->phase));
		assert_int_equal(flush->series[0]->now.sum_ns, 6 * MS);
		collector_close(collector);
	}
}

static void test_no_answer(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;

	(void)state;
	kernel_request(kernel_series("/a", 0), 3 * MS, 50 * MS, 0);
	flush = take(collector);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_QUEUE)->now.sum_ns, 3 * MS);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_SERVICE)->now.count, 0);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_SEND)->now.count, 0);
	collector_close(collector);
}

/* A user's pattern joins several kernel routes, and their phases. */
static void test_routes_join(void **state)
{
	struct routes *routes = routes_open();
	struct collector *collector;
	const struct flush *flush;

	(void)state;
	assert_non_null(routes);
	assert_null(routes_add(routes, "/shop/{item}"));
	collector = collector_make(DEFAULT, routes);
	kernel_request(kernel_series("/shop/tea", 200), MS, 2 * MS, 3 * MS);
	kernel_request(kernel_series("/shop/milk", 200), MS, 4 * MS, 5 * MS);
	kernel_request(kernel_series("/", 200), 7 * MS, 0, 0);
	flush = take(collector);
	assert_int_equal(flush->series_count, 2);
	assert_int_equal(flush->phase_count, 6);
	assert_int_equal(phase_find(flush, "/shop/{item}", REQUEST_PHASE_QUEUE)->now.count, 2);
	assert_int_equal(phase_find(flush, "/shop/{item}", REQUEST_PHASE_SERVICE)->now.sum_ns,
			 6 * MS);
	assert_int_equal(phase_find(flush, "/", REQUEST_PHASE_QUEUE)->now.sum_ns, 7 * MS);
	collector_close(collector);
	routes_close(routes);
}

/* Skipped programs: in total, and since the last flush. */
static void test_hooks_missed(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;

	(void)state;
	kernel.missed = 4;
	assert_int_equal(take(collector)->now.hooks_missed, 4);
	kernel.missed = 9;
	flush = take(collector);
	assert_int_equal(flush->now.hooks_missed, 5);
	assert_int_equal(flush->total.hooks_missed, 9);
	collector_close(collector);
}

/* One path as a server and as a client, of two servers and of one without a place. */
static void test_peers(void **state)
{
	static const struct peer_key addresses[] = {
		{ { 0, 0, 0xffff0000, 0x0100007f } }, /* little endian: 127.0.0.1 */
		{ { 0xb80d0120, 0, 0, 0x01000000 } }, /* 2001:db8::1 */
	};
	static const uint8_t peers[] = { 0, 2, 1, 1, PEER_OTHER };
	static const char *const expected[] = { NULL, "2001:db8::1", "127.0.0.1", "127.0.0.1",
						"other" };
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	size_t i;

	(void)state;
	memcpy(kernel.peers, addresses, sizeof(addresses));
	kernel.peer_count = ROWS(addresses);
	for (i = 0; i < ROWS(peers); i++) {
		/* the third and fourth differ only in their status */
		kernel.keys[kernel_series("/a", 200 + (i == 3))].peer = peers[i];
		kernel.series[i].count = kernel.series[i].bins[100] = 1;
	}
	flush = take(collector);
	assert_int_equal(flush->series_count, ROWS(peers));
	for (i = 0; i < flush->series_count; i++) {
		const char *address = flush->series[i]->server_address;

		assert_true(!address == !expected[i]);
		if (address)
			assert_string_equal(address, expected[i]);
	}
	assert_ptr_equal(flush->series[2]->server_address, flush->series[3]->server_address);
	/* requests of a client have a duration, but no phases */
	assert_int_equal(flush->phase_count, 3);
	collector_close(collector);
}

/* An acknowledgement arrives although no other count changes. */
static void test_deliver(void **state)
{
	struct collector *collector = collector_make(DEFAULT | 1U << REQUEST_PHASE_DELIVER, NULL);
	const struct phase_series *deliver;
	const struct flush *flush;
	uint32_t id;

	(void)state;
	id = kernel_series("/a", 200);
	kernel_request(id, MS, MS, MS);
	flush = take(collector);
	assert_int_equal(flush->phase_count, 4);
	deliver = phase_find(flush, "/a", REQUEST_PHASE_DELIVER);
	assert_int_equal(deliver->now.count, 0);
	kernel_phase(id, REQUEST_PHASE_DELIVER, 40 * MS);
	flush = take(collector);
	assert_int_equal(deliver->now.count, 1);
	assert_int_equal(deliver->now.sum_ns, 40 * MS);
	assert_int_equal(flush->series[0]->now.count, 0);
	assert_int_equal(flush->series[0]->now.phases[REQUEST_PHASE_DELIVER].sum_ns, 40 * MS);
	assert_int_equal(flush->series[0]->total.phases[REQUEST_PHASE_DELIVER].count, 1);
	take(collector);
	assert_int_equal(deliver->now.count, 0);
	assert_int_equal(deliver->total.count, 1);
	collector_close(collector);
}

/* *accept* has a series from the start for each known service; a new service adds one. */
static void test_accept(void **state)
{
	struct collector *collector = collector_make(1U << REQUEST_PHASE_ACCEPT, NULL);
	const struct flush *flush;

	(void)state;
	flush = take(collector);
	assert_int_equal(flush->phase_count, 1);
	assert_null(flush->phases[0]->route);
	assert_string_equal(flush->phases[0]->service, "web");
	assert_int_equal(flush->phases[0]->phase, REQUEST_PHASE_ACCEPT);
	assert_int_equal(flush->phases[0]->now.count, 0);
	assert_int_equal(collector_service(collector, "shop"), 1);
	kernel.accepts[1].bins[histogram_bin(200 * MS)] = 2;
	kernel.accepts[1].sum_ns = 400 * MS;
	flush = take(collector);
	assert_int_equal(flush->phase_count, 2);
	assert_false(flush->phases[0]->born);
	assert_true(flush->phases[1]->born);
	assert_string_equal(flush->phases[1]->service, "shop");
	assert_int_equal(flush->phases[1]->now.count, 2);
	assert_int_equal(flush->phases[1]->now.sum_ns, 400 * MS);
	take(collector);
	assert_int_equal(flush->phases[1]->now.count, 0);
	assert_int_equal(flush->phases[1]->total.count, 2);
	collector_close(collector);
}

/* Ids of so many names, the first one "web". */
static void fill_services(struct collector *collector, int count)
{
	char name[16];
	int i;

	for (i = 1; i < count; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(collector_service(collector, name), i);
	}
}

/*
 * All names in use: the rest share one.  Those of which nothing is left are free again, if that
 * was so at two calls with a reading in between.
 */
static void test_services(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	bool watched[SERVICES_MAX] = { [2] = true };
	const struct flush *flush;
	int shared;

	(void)state;
	fill_services(collector, SERVICES_MAX / 2);
	assert_false(collector_services_are_scarce(collector));
	fill_services(collector, SERVICES_MAX - 1);
	assert_true(collector_services_are_scarce(collector));
	shared = collector_service(collector, "late");
	assert_int_equal(shared, SERVICES_MAX - 1);
	assert_string_equal(collector_service_name(collector, shared), SERVICE_SHARED);
	assert_int_equal(collector_service(collector, "later"), shared);
	assert_int_equal(collector_service(collector, "s7"), 7);
	kernel_request(kernel_series("/", 200), MS, MS, MS); /* of web */
	kernel.ledger.services[3].open_connections = 1;
	kernel.ledger.services[4].active_requests = 1;
	kernel.ledger.services[5].client_requests = 1;
	flush = take(collector);
	assert_int_equal(flush->service_count, SERVICES_MAX);

	watched[6] = true;
	collector_give_back_services(collector, watched);
	collector_give_back_services(collector, watched); /* nothing was read meanwhile */
	assert_int_equal(take(collector)->service_count, SERVICES_MAX);
	watched[6] = false;
	watched[7] = true; /* a child that the first look has missed */
	collector_give_back_services(collector, watched);
	flush = take(collector);
	assert_int_equal(flush->service_count, 7);
	assert_string_equal(flush->services[0].name, "web");
	assert_string_equal(flush->services[5].name, "s6");
	assert_string_equal(flush->services[6].name, "s7");
	assert_int_equal(collector_service(collector, "late"), 1);
	assert_int_equal(collector_service(collector, SERVICE_SHARED), 8);
	collector_close(collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences), cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_some_phases), cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_routes_join), cmocka_unit_test(test_hooks_missed),
		cmocka_unit_test(test_peers),       cmocka_unit_test(test_deliver),
		cmocka_unit_test(test_accept),      cmocka_unit_test(test_services),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
